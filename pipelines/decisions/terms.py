"""Each series with its supplier's terms. Here: the first supplier, defaults, their names in `assumptions`. Not here: learnt lead times (models)."""

import polars as pl

from models.demand import SERIES
from models.wording import counted
from pipelines.channels.merchant import Planning
from pipelines.contracts import table

ABOVE_ZERO = ("lead_time_days", "review_period_days", "moq_units", "case_pack_units", "pallet_units", "price_break_units")
NEEDED = ("supplier_id", "lead_time_days", "lead_time_std_days", "review_period_days", "moq_units", "case_pack_units")
ASKED = ("pallet_units", "price_break_units", "price_break_cost_amount", "unit_volume_m3", "unit_weight_kg", "shelf_life_days",
         "storage_limit_units", "order_by_at", "order_by", "order_wait_days")  # fmt: skip
LONGEST_DAYS = 365.0  # nobody waits longer for an order, or until the next one: beyond it hours or a date were meant
_BY_CALENDAR: dict[str, pl.DataType] = {
    "order_by_at": pl.Datetime("us", "UTC"),
    "order_by": pl.String(),
    "order_wait_days": pl.Float64(),
}


def with_terms(series: pl.DataFrame, supplier_terms: pl.DataFrame, unit_costs: pl.DataFrame, planning: Planning) -> pl.DataFrame:
    """Each series with its first supplier's terms; what the merchant didn't give is assumed and named in `assumptions`.

    Figures that can't be meant (a lead time of zero, a negative MOQ) are as if they weren't given, see `usable`. price_break_cost_amount comes
    in the reporting currency: what the break saves, off the cost that is known there.
    """
    first = first_terms(supplier_terms)
    rows = (
        series.select(*SERIES, "has_stock_figures")
        .join(first, on="sku", how="left")
        .join(unit_costs.select("sku", "unit_cost_amount"), on="sku", how="left")
        .with_columns(pl.when(pl.col("unit_cost_amount") > 0).then("unit_cost_amount"))
    )
    cheaper = pl.col("unit_cost_amount").cast(pl.Float64) * pl.col("price_break_rate")
    rows = rows.with_columns(price_break_cost_amount=cheaper.round(4).cast(pl.Decimal(18, 4))).drop("price_break_rate")
    defaults: list[tuple[str, float, str]] = [
        ("lead_time_days", planning.lead_time_days, f"lead time {_days(planning.lead_time_days)}"),
        ("lead_time_std_days", planning.lead_time_std_days, f"lead time spread {_days(planning.lead_time_std_days)}"),
        ("review_period_days", planning.review_period_days, f"review period {_days(planning.review_period_days)}"),
        ("moq_units", 1, "MOQ 1"),
        ("case_pack_units", 1, "case pack 1"),
    ]
    named = [pl.when(pl.col(name).is_null()).then(pl.lit(words)) for name, _, words in defaults]
    named.insert(
        0, pl.when(pl.col("is_lead_time_assumed")).then(pl.format("lead time {}", counted(pl.col("lead_time_days"), "day", 1)))
    )
    named.append(pl.when(pl.col("unit_cost_amount").is_null()).then(pl.lit("cost unknown or zero, value blank")))
    named.append(pl.when(pl.col("is_tied")).then(pl.lit("the first of several suppliers of the same priority")))
    assumptions = pl.concat_str(named, separator=", ", ignore_nulls=True)
    filled = [pl.col(name).fill_null(value) for name, value, _ in defaults] + [pl.col("order_wait_days").fill_null(0.0)]
    return rows.with_columns(assumptions=assumptions).with_columns(filled).drop("is_lead_time_assumed")


def _days(value: float) -> str:
    return f"{value:g} day{'' if value == 1 else 's'}"


def first_terms(supplier_terms: pl.DataFrame) -> pl.DataFrame:
    """One row per SKU: the usable terms of the supplier tried first, whether it shares its priority, and price_break_rate: cheaper ÷ usual cost."""
    known = pl.concat(
        [pl.DataFrame(schema=table("supplier_terms").dtypes | _BY_CALENDAR), supplier_terms], how="diagonal_relaxed"
    )
    terms = usable(known).with_columns(is_tied=pl.len().over("sku", "priority") > 1)
    first = terms.sort("sku", "priority", "supplier_id").unique("sku", keep="first", maintain_order=True)
    usual = pl.col("unit_cost_amount").cast(pl.Float64)
    cheaper = pl.col("price_break_cost_amount").cast(pl.Float64)
    rate = pl.when(usual > 0, cheaper > 0).then(cheaper / usual)
    return first.select("sku", "is_tied", "is_lead_time_assumed", *NEEDED, *ASKED, price_break_rate=rate)


def usable(supplier_terms: pl.DataFrame) -> pl.DataFrame:
    """Terms without figures that can't be meant: those are blank, as if they weren't given.

    A lead time that isn't given or can't be meant is the usual one of the supplier's other goods (their median); one beyond LONGEST_DAYS is the
    longest of theirs, LONGEST_DAYS where there are none. Adds is_lead_time_assumed, true for these.

    Example: ACME states 20, 30 and 40 days, 0 for CUP and 4000 for POT: CUP takes 30 and POT 40.
    """
    sensible = [pl.when(pl.col(name) > 0).then(name) for name in ABOVE_ZERO]
    spread, review = pl.col("lead_time_std_days"), pl.col("review_period_days")
    known = supplier_terms.with_columns(sensible).with_columns(
        pl.when(spread.is_between(0, LONGEST_DAYS)).then(spread), pl.when(review <= LONGEST_DAYS).then(review)
    )
    days = pl.col("lead_time_days")
    stated = pl.when(days <= LONGEST_DAYS).then(days)
    longest = pl.when(days > LONGEST_DAYS).then(stated.max().over("supplier_id").fill_null(LONGEST_DAYS))
    taken = pl.coalesce(stated, longest, stated.median().over("supplier_id"))
    before = pl.col("is_lead_time_assumed") if "is_lead_time_assumed" in supplier_terms.columns else pl.lit(False)
    return known.with_columns(lead_time_days=taken, is_lead_time_assumed=before | (stated.is_null() & taken.is_not_null()))
