"""What a person has to mend before orders can be right. Here: figures that can't be meant, and what was done instead. Not here: quarantine, the list.

Every exception is one row of order_exceptions; the suggestion goes on with a default and carries the reasons in `data_exception`.
"""

from datetime import datetime

import polars as pl

from models.demand import SERIES
from models.quantity import LEAST_YEARLY, YEARS_OF_DEMAND
from models.wording import are, counted, short
from pipelines.contracts import table
from pipelines.decisions.inputs import Inputs
from pipelines.decisions.network import Network
from pipelines.decisions.terms import LONGEST_DAYS

MISMATCH, NEAR = 5.0, 0.2  # a cost so many times another is of another unit; so near to the pack it is that of a pack


def order_exceptions(rows: pl.DataFrame, inputs: Inputs, network: Network, after_days: float) -> pl.DataFrame:
    """Rows of order_exceptions, without the snapshot's version.

    rows: suggestions with sku, location_id, supplier_id, supplied_by_location_id, mean_demand_units, yearly_demand_units, moq_units, order_exception,
    unit_cost_amount, lead_time_days, review_period_days and order_amount. after_days: how long a decision may be on no purchase order.
    Series that nobody wants any more are left out, unless something is under way.
    """
    wanted = rows.filter(pl.col("mean_demand_units") > 0)
    terms = _of_terms(wanted, inputs)
    found = [
        _no_terms(wanted), *_of_days(terms), _kept_back(wanted), _no_cost(wanted, inputs), _stated_cost(terms), _below_zero(inputs.position),
        _other_unit(terms), _tied(terms), _unmatched(inputs.supply, inputs.as_of, after_days), _unused(wanted, network),
    ]  # fmt: skip
    listed = pl.concat([frame.select("sku", "location_id", "kind", "about", "reason", "treatment") for frame in found])
    return listed.join(rows.select(*SERIES, "supplier_id", "order_quantity_units", "order_amount"), on=SERIES, how="left")


def with_data_exceptions(rows: pl.DataFrame, exceptions: pl.DataFrame) -> pl.DataFrame:
    """Suggestions with data_exception: the reasons of each series in one text, empty where there is none."""
    reasons = exceptions.sort("kind", "about").group_by(*SERIES).agg(data_exception=pl.col("reason").str.join("; "))
    known = rows.join(reasons, on=SERIES, how="left", maintain_order="left")
    return known.with_columns(pl.col("data_exception").fill_null(""))


def _listed(rows: pl.DataFrame, kind: str, reason: pl.Expr, treatment: pl.Expr, about: pl.Expr | None = None) -> pl.DataFrame:
    named = pl.lit("") if about is None else about
    return rows.select(*SERIES, kind=pl.lit(kind), about=named.fill_null(""), reason=reason, treatment=treatment)


def _of_terms(rows: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """Suggestions with the terms that they rest on, as the merchant stated them, how many share their priority, and the cost in reporting currency."""
    stated = pl.concat([table("supplier_terms").empty(), inputs.supplier_terms], how="diagonal_relaxed")
    sharing = stated.with_columns(sharing=pl.len().over("sku", "priority"))
    sharing = sharing.select("sku", "supplier_id", "sharing", "currency_code", terms_days="lead_time_days",
                             terms_spread_days="lead_time_std_days", terms_review_days="review_period_days", stated_pack="case_pack_units",
                             stated_cost=pl.col("unit_cost_amount").cast(pl.Float64))  # fmt: skip
    rates = inputs.fx_rates.sort("rate_date").group_by("currency_code").agg(rate=pl.col("reporting_rate").last().cast(pl.Float64))
    return rows.join(sharing, on=["sku", "supplier_id"], how="inner").join(rates, on="currency_code", how="left")


def _no_terms(rows: pl.DataFrame) -> pl.DataFrame:
    bare = rows.filter(pl.col("supplier_id").is_null() & pl.col("supplied_by_location_id").is_null())
    assumed = pl.format(
        "lead time {} and review period {} are assumed",
        counted(pl.col("lead_time_days"), "day", 1),
        counted(pl.col("review_period_days"), "day", 1),
    )
    return _listed(bare, "no supplier terms", pl.lit("no supplier says how to order it"), assumed)


def _of_days(terms: pl.DataFrame) -> list[pl.DataFrame]:
    """Times of zero or below (a spread: below zero), and such that nobody waits for."""
    found = []
    for kind, stated, used, is_least in (
        ("lead time", pl.col("terms_days"), "lead_time_days", pl.col("terms_days") > 0),
        ("lead time spread", pl.col("terms_spread_days"), "lead_time_std_days", pl.col("terms_spread_days") >= 0),
        ("review period", pl.col("terms_review_days"), "review_period_days", pl.col("terms_review_days") > 0),
    ):
        wrong = terms.filter(~is_least | (stated > LONGEST_DAYS))
        tail = pl.when(stated > LONGEST_DAYS).then(pl.lit(f", more than {LONGEST_DAYS:.0f}")).otherwise(pl.lit(""))
        reason = pl.format("{} states a {} of {}{}", "supplier_id", pl.lit(kind), counted(stated, "day"), tail)
        found.append(_listed(wrong, kind, reason, pl.format("{} used", are(pl.col(used), "day", 1)), pl.col("supplier_id")))
    return found


def _kept_back(rows: pl.DataFrame) -> pl.DataFrame:
    """Needs that a rule keeps from being ordered, and MOQs that will."""
    large = (pl.col("moq_units") > YEARS_OF_DEMAND * pl.col("yearly_demand_units")) & (
        pl.col("yearly_demand_units") >= LEAST_YEARLY
    )
    is_kept = pl.col("order_exception") != ""
    reason = pl.when(is_kept).then("order_exception").otherwise(
        pl.format("the MOQ of {} is more than two years' demand ({})", "moq_units", short(YEARS_OF_DEMAND * pl.col("yearly_demand_units"), 1))
    )  # fmt: skip
    treatment = pl.when(is_kept).then(pl.lit("nothing is ordered")).otherwise(pl.lit("nothing will be ordered when it is needed"))
    return _listed(rows.filter(is_kept | large), "quantity", reason, treatment, pl.col("supplier_id"))


def _no_cost(rows: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    said = inputs.unit_costs.select("sku", said="unit_cost_amount")
    blank = rows.filter(pl.col("unit_cost_amount").is_null()).join(said, on="sku", how="left")
    reason = pl.when(pl.col("said").is_null()).then(pl.lit("its cost is unknown")).otherwise(pl.format("its cost is {}", "said"))
    return _listed(blank, "cost", reason, pl.lit("ordered by units; its value is blank and counts as 0 in totals"))


def _stated_cost(terms: pl.DataFrame) -> pl.DataFrame:
    """A supplier's cost of zero or below beside a product's own."""
    wrong = terms.filter((pl.col("stated_cost") <= 0) & pl.col("unit_cost_amount").is_not_null())
    reason = pl.format("{} states a cost of {}", "supplier_id", "stated_cost")
    return _listed(wrong, "cost", reason, pl.lit("the product's own cost is used"), pl.col("supplier_id"))


def _below_zero(position: pl.DataFrame) -> pl.DataFrame:
    negative = position.filter(pl.col("on_hand_units") < 0)
    return _listed(negative, "stock below zero", pl.format("stock of {} is reported", "on_hand_units"), pl.lit("counted as 0"))


def _other_unit(terms: pl.DataFrame) -> pl.DataFrame:
    """The supplier's cost is a multiple of the product's: one of them is of a case."""
    ratio = pl.col("stated_cost") * pl.col("rate") / pl.col("unit_cost_amount").cast(pl.Float64)
    odd = terms.with_columns(ratio=ratio).filter(
        (pl.col("ratio") >= MISMATCH) | ((pl.col("ratio") <= 1 / MISMATCH) & (pl.col("ratio") > 0))
    )
    is_pack = (pl.col("ratio") / pl.col("stated_pack") - 1).abs() < NEAR
    tail = (
        pl.when(is_pack.fill_null(False)).then(pl.format(": as if it were for a case of {}", "stated_pack")).otherwise(pl.lit(""))
    )
    reason = pl.format("{} asks {} times what the product costs{}", "supplier_id", short(pl.col("ratio")), tail)
    return _listed(
        odd,
        "unit mismatch",
        reason,
        pl.lit("the product's own cost is used; quantities are taken as single units"),
        pl.col("supplier_id"),
    )


def _tied(terms: pl.DataFrame) -> pl.DataFrame:
    shared = terms.filter(pl.col("sharing") > 1)
    reason = pl.format("{} suppliers have the same priority", "sharing")
    return _listed(
        shared, "same priority", reason, pl.format("{} is used, the first by name", "supplier_id"), pl.col("supplier_id")
    )


def _unused(rows: pl.DataFrame, network: Network) -> pl.DataFrame:
    """Locations that are said to be supplied by one and supply others, or themselves: there are two echelons."""
    placed = rows.join(network.unused.rename({"supplied_by_location_id": "above"}), on="location_id")
    reason = pl.format("{} is said to be supplied by {}, and supplies others itself", "location_id", "above")
    return _listed(placed, "supplied by", reason, pl.lit("suppliers deliver to it"), pl.col("above"))


def _unmatched(supply: pl.DataFrame, as_of: datetime, after_days: float) -> pl.DataFrame:
    """Decisions that count as supply and that no purchase order has shown for too long."""
    days = (pl.lit(as_of) - pl.col("changed_at")).dt.total_seconds() / 86400
    old = supply.with_columns(days=days).filter(pl.col("days") > after_days)
    how = pl.when(pl.col("state") == "approved").then(pl.lit("and not sent")).otherwise(pl.lit("and is on no purchase order"))
    reason = pl.format("{} was {} {} ago {}", "decision_id", "state", counted(pl.col("days").floor(), "day"), how)
    return _listed(
        old,
        "unmatched decision",
        reason,
        pl.when(pl.col("quantity_units") == 1)
        .then(pl.lit("its 1 unit still counts as on its way"))
        .otherwise(pl.format("its {} units still count as on their way", "quantity_units")),
        pl.col("decision_id"),
    )
