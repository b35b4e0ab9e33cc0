"""Orders under way: what of them is needed where, what goes elsewhere, what to tell suppliers. Here: which lines with whose terms, the sentences. Not
here: the arithmetic (models), new orders (orders).
"""

from datetime import date

import polars as pl

from models import open_orders
from models.demand import SERIES
from models.wording import are, counted
from pipelines.channels.merchant import Planning
from pipelines.decisions.inputs import Inputs
from pipelines.decisions.network import Network
from pipelines.decisions.terms import usable

TERMS = ["moq_units", "case_pack_units", "review_period_days"]


def lines_under_way(suggestions: pl.DataFrame, inputs: Inputs, planning: Planning) -> pl.DataFrame:
    """Open lines with what of them is needed where they go (rows of models.open_orders.needs). suggestions: each series alone, without redirects.

    Before them serves what stands, behind a source the stock of its whole echelon, less what is owed, and what transfers bring and take away.
    """
    decided = suggestions.select(
        *SERIES, "safety_stock_units", "order_up_to_level_units",
        more=pl.col("downstream_units") + pl.col("transfer_units") - pl.col("leaving_units"),
    )  # fmt: skip
    stock = inputs.position.join(decided, on=SERIES, how="left").select(
        *SERIES, "safety_stock_units", "order_up_to_level_units",
        stock_units=pl.col("available_units") - pl.col("backordered_units").fill_null(0) + pl.col("more").fill_null(0),
    )  # fmt: skip
    return open_orders.needs(_with_terms(inputs.open_lines, inputs, planning), stock, inputs.means)


def redirects(
    lines: pl.DataFrame, redirected: pl.DataFrame, suggestions: pl.DataFrame, network: Network, today: date
) -> pl.DataFrame:
    """What of `lines`, beyond what is `redirected` already, serves orders of `suggestions` elsewhere (rows of models.open_orders.redirects). What goes
    to a place that a source supplies counts for the source already, and stays.
    """
    gone = redirected.group_by("purchase_order_id", "sku", location_id="from_location_id").agg(
        gone=pl.col("redirect_units").sum()
    )
    left = lines.join(network.behind, on=SERIES, how="anti").join(gone, on=open_orders.LINE, how="left")
    left = left.with_columns(kept_units=pl.col("kept_units") + pl.col("gone").fill_null(0))
    days = (pl.col("arrival_date") - pl.lit(today)).dt.total_days()
    return open_orders.redirects(left, suggestions.with_columns(arrival_in_days=days))


def both(redirected: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Redirects together, one row per line and place that it comes to."""
    return (
        pl.concat([redirected, more])
        .group_by(pl.exclude("redirect_units"), maintain_order=True)
        .agg(pl.col("redirect_units").sum())
    )


def open_order_messages(
    lines: pl.DataFrame, redirected: pl.DataFrame, suggestions: pl.DataFrame, planning: Planning, currency_code: str
) -> pl.DataFrame:
    """One row of open_order_messages per open line."""
    ordered = suggestions.filter(pl.col("order_quantity_units") > 0)
    told = open_orders.messages(lines, redirected, ordered, planning.holding_rate)
    amount = pl.col("cash_effect_amount").cast(pl.Decimal(18, 4))
    return told.with_columns(reason=_sentences(), cash_effect_amount=amount, currency_code=pl.lit(currency_code))


def _with_terms(lines: pl.DataFrame, inputs: Inputs, planning: Planning) -> pl.DataFrame:
    """The supplier's limits, the usual ones where it has none; MOQ counts the whole order, of which a part may have come."""
    known = lines.join(usable(inputs.supplier_terms).select("supplier_id", "sku", *TERMS), on=["supplier_id", "sku"], how="left")
    known = known.join(inputs.unit_costs.select("sku", "unit_cost_amount"), on="sku", how="left")
    received = pl.col("received_units").fill_null(0)
    return known.with_columns(
        moq_units=(pl.col("moq_units").fill_null(1) - received).clip(1),
        case_pack_units=pl.col("case_pack_units").fill_null(1),
        review_period_days=pl.col("review_period_days").fill_null(planning.review_period_days),
    )


def _sentences() -> pl.Expr:
    out, due = pl.col("runs_out_in_days"), pl.col("due_in_days")
    runs_out = pl.when(out > 0).then(pl.format("Stock runs out in {}", counted(out, "day"))).otherwise(pl.lit("Nothing is left"))
    expedited = pl.format("{}, {} before it is due.", runs_out, counted(due - out, "day"))
    said = {
        "cancel": pl.format(
            "Stock and earlier orders last beyond the horizon; {} not needed.", are(pl.col("open_units"), "unit")
        ),
        "reduce": pl.format(
            "Of {} the horizon takes {}; {} after MOQ and case pack.",
            counted(pl.col("open_units"), "unit"),
            "needed_units",
            "message_units",
        ),
        "redirect": _redirected(),
        "expedite": expedited,
        "chase": pl.format("Overdue by {}.", counted(-due, "day")),
        "postpone": pl.format("Due in {}, needed in {}.", counted(due, "day"), "needed_in_days"),
        "ask": pl.lit("Nobody said when it comes; ask for a date."),
    }
    is_late_to_change = pl.col("is_near") & (pl.col("needed_units") < pl.col("open_units"))
    too_late = pl.format(
        "Of {} the horizon takes {}, but it is too near to change: due within the review period.",
        counted(pl.col("open_units"), "unit"),
        "needed_units",
    )
    nothing = (
        pl.when(pl.col("is_shipped")).then(pl.lit("On its way."))
        .when(is_late_to_change).then(too_late).otherwise(pl.lit("As planned."))
    )  # fmt: skip
    sentence = pl.when(pl.col("runs_out_in_days").is_null() & pl.col("needed_units").is_null()).then(
        pl.lit("Stock is unknown, so nobody knows whether it is needed.")
    ).otherwise(nothing)  # fmt: skip
    for action, words in said.items():
        sentence = pl.when(pl.col("action") == action).then(words).otherwise(sentence)
    return sentence


def _redirected() -> pl.Expr:
    said = pl.format(
        "Of {} the horizon takes {} here. This run needs more elsewhere: have these sent there ({}); it orders so many less of {}.",
        counted(pl.col("open_units"), "unit"), "needed_units", "redirect_to", "supplier_id",
    )  # fmt: skip
    cut = pl.col("open_units") - pl.col("message_units")
    more = pl.when(cut == 1).then(pl.lit(" 1 more is not needed.")).when(cut > 0).then(pl.format(" {} more are not needed.", cut))
    return pl.concat_str(said, more, ignore_nulls=True)
