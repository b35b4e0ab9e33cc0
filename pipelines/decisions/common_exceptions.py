"""What a person has to mend that is no single product's. Here: suppliers, ways between locations, settings. Not here: exceptions of a SKU."""

from difflib import get_close_matches

import polars as pl

from pipelines.channels.mapping import Config
from pipelines.decisions.baskets import AMOUNTS, is_meant
from pipelines.decisions.calendars import CALENDAR, zone_of
from pipelines.decisions.inputs import Inputs
from pipelines.decisions.network import WAY
from pipelines.decisions.terms import LONGEST_DAYS

EVERYTHING = "all"  # where an exception is about no one SKU or location
LISTED = ("sku", "location_id", "kind", "about", "reason", "treatment")
Row = tuple[str, str, str, str, str, str]


def common_exceptions(levels: pl.DataFrame, inputs: Inputs, config: Config) -> pl.DataFrame:
    """Rows of order_exceptions about no one SKU. levels: of models.safety_stock."""
    found = [
        *_budget(levels, config), *_bounded(levels), *_amounts(inputs.suppliers), *_clocks(inputs.suppliers), *_ways(inputs.locations),
        *_categories(inputs.products, config),
    ]  # fmt: skip
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


def _bounded(levels: pl.DataFrame) -> list[Row]:
    """Levels of very slow sellers that a service would have above two years' demand."""
    held = levels.filter(
        "is_level_bounded", pl.col("most_level_units") > 0, pl.col("moq_units") <= pl.col("most_level_units")
    ).height
    if not held:
        return []
    reason = f"{held:,} {'level' if held == 1 else 'levels'} would have to be above two years' demand for the service asked for"
    return [_row("level", "two years' demand", reason, "held there, with less service; each suggestion says how much")]


def _amounts(suppliers: pl.DataFrame) -> list[Row]:
    """What a supplier asks of an order and can't be meant."""
    found = []
    for name in AMOUNTS:
        called = name.removesuffix("_amount").replace("_", " ")
        for supplier, amount in suppliers.filter(~is_meant(name)).select("supplier_id", name).iter_rows():
            reason = f"{supplier} states {called} {amount.normalize():f}"
            found.append(_row("supplier limit", f"{supplier} {name}", reason, "as if none were given"))
    return found


def _clocks(suppliers: pl.DataFrame) -> list[Row]:
    """Time zones of suppliers with order days that no clock knows."""
    kept = suppliers.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in CALENDAR), pl.col("time_zone").is_not_null())
    named = kept.select("supplier_id", "time_zone").iter_rows()
    treatment = "its cut-off is read as UTC; write a name such as Europe/Lisbon"
    return [
        _row("supplier clock", supplier, f"{supplier}'s time zone {name} is not known", treatment)
        for supplier, name in named
        if not zone_of(name)
    ]


def _ways(locations: pl.DataFrame) -> list[Row]:
    """Times of the way from a source that nobody waits for."""
    found = []
    for name in (column for column in WAY if column.endswith("_days")):
        called = name.removesuffix("_days").replace("_", " ").replace("std", "spread")
        for place, days in locations.filter(pl.col(name) > LONGEST_DAYS).select("location_id", name).iter_rows():
            reason = f"{place} states a {called} of {days:g} days, more than {LONGEST_DAYS:.0f}"
            found.append(_row("supplied by", name, reason, "the default is used", place))
    return found


def _categories(products: pl.DataFrame, config: Config) -> list[Row]:
    """Costs by category that bear on no product."""
    known = products["category"].drop_nulls().unique().sort().to_list()
    found = []
    for one in config.planning.category:
        if one.name not in known:
            near = get_close_matches(one.name, known, 1)
            treatment = "its costs bear on nothing" + (f"; perhaps {near[0]} is meant" if near else "")
            found.append(
                _row("category", one.name, f"no product is of the category {one.name} of [[planning.category]]", treatment)
            )
    return found
