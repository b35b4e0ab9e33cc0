"""Marts as assets: each one file of pipelines.marts, run inside the warehouse. A body is load → call → save."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

from pipelines import progress
from pipelines.defs.resources import Run, retry_policy
from pipelines.defs.tables import check_specs, results, spec
from pipelines.marts import (
    best_sellers,
    channel_summary,
    daily_fulfilment,
    daily_sales,
    fulfilment_lines,
    inventory_position,
    payment_balance,
    sales_entries,
    unit_costs,
)

FIRST_DAY = "2000-01-01"
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1)


@dataclass(frozen=True)
class Mart:
    """A transform, its sources, what it needs of the run, and the date column by which a range of days can be made anew."""

    transform: Callable[..., Any]
    sources: tuple[str, ...]
    arguments: Callable[[Run], dict[str, Any]] = lambda run: {}
    day: str | None = None


MARTS = {
    "sales_entries": Mart(sales_entries.sales_entries, sales_entries.SOURCES),
    "daily_sales": Mart(daily_sales.daily_sales, daily_sales.SOURCES, day="business_date"),
    "fulfilment_lines": Mart(
        fulfilment_lines.fulfilment_lines,
        fulfilment_lines.SOURCES,
        lambda run: {"as_of": run.as_of, "default_location": run.config.merchant.default_location},
    ),
    "daily_fulfilment": Mart(
        daily_fulfilment.daily_fulfilment, daily_fulfilment.SOURCES, lambda run: {"as_of": run.as_of}, day="ship_by_date"
    ),
    "best_sellers": Mart(best_sellers.best_sellers, best_sellers.SOURCES, lambda run: {"as_of_date": run.as_of_date}),
    "payment_balance": Mart(payment_balance.payment_balance, payment_balance.SOURCES),
    "inventory_position": Mart(
        inventory_position.inventory_position, inventory_position.SOURCES, lambda run: {"as_of": run.as_of}
    ),
    "unit_costs": Mart(unit_costs.unit_costs, unit_costs.SOURCES, lambda run: {"as_of_date": run.as_of_date}),
    "channel_summary": Mart(channel_summary.channel_summary, channel_summary.SOURCES, lambda run: {"as_of_date": run.as_of_date}),
}


def mart_asset(name: str, mart: Mart) -> dg.AssetsDefinition:
    """The asset of one mart; a daily one can be made anew for a range of days in a single run."""
    partitioned = {"partitions_def": DAYS} if mart.day else {}
    asset = spec(name, list(mart.sources), **partitioned)

    @dg.multi_asset(
        name=name, specs=[asset], check_specs=check_specs([asset]), retry_policy=retry_policy(),
        backfill_policy=dg.BackfillPolicy.single_run() if mart.day else None,
    )  # fmt: skip
    def make(context: dg.AssetExecutionContext, run: Run) -> Iterator[dg.MaterializeResult[None]]:
        run.warehouse.derive(name, mart.transform, mart.sources, where=_days(context, mart), **mart.arguments(run))
        progress.advance("marts", list(MARTS).index(name) + 1, len(MARTS))
        yield from results(run, [asset])

    return make


def _days(context: dg.AssetExecutionContext, mart: Mart) -> str | None:
    """The condition on days when the run is for a range of them."""
    if not mart.day or not (context.has_partition_key or context.has_partition_key_range):
        return None
    days = context.partition_key_range
    return f"{mart.day} BETWEEN DATE '{days.start}' AND DATE '{days.end}'"


ASSETS = [mart_asset(name, mart) for name, mart in MARTS.items()]
