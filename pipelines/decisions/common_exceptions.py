"""What a person has to mend that is no single product's. Here: a budget that is not kept as asked. Not here: exceptions of a SKU."""

import polars as pl

from pipelines.channels.mapping import Config

EVERYTHING = "all"  # where an exception is about no one SKU or location
LISTED = ("sku", "location_id", "kind", "about", "reason", "treatment")
Row = tuple[str, str, str, str, str, str]


def common_exceptions(levels: pl.DataFrame, config: Config) -> pl.DataFrame:
    """Rows of order_exceptions about no one SKU. levels: of models.safety_stock."""
    found = [*_budget(levels, config)]
    return pl.DataFrame(found, schema=dict.fromkeys(LISTED, pl.String), orient="row")


def _row(kind: str, about: str, reason: str, treatment: str, location_id: str = EVERYTHING) -> Row:
    return EVERYTHING, location_id, kind, about, reason, treatment


def _budget(levels: pl.DataFrame, config: Config) -> list[Row]:
    """A budget that the levels as asked for don't keep."""
    budget, currency = config.planning.budget_amount, config.merchant.reporting_currency
    if budget is None or levels.is_empty() or (rate := float(levels["capital_dearer_rate"][0])) == 1:
        return []
    cost = pl.col("unit_cost_amount").cast(pl.Float64)
    names = ("asked_stock_units", "mean_stock_units", "least_stock_units")
    asked, bound, least = (levels.select((pl.col(name) * cost).sum()).item() for name in names)
    reason = f"the levels asked for bind {asked:,.0f} {currency} on average, the budget is {budget:,.0f}"
    treatment = (
        f"capital counts {rate:,.1f} times as dear for all alike, with less service than asked for: {bound:,.0f} are bound"
    )
    if bound > budget:
        treatment = (
            f"the budget is not kept: the least that levels can bind is {least:,.0f}, as none goes below its median demand"
        )
    return [_row("budget", "budget_amount", reason, treatment)]
