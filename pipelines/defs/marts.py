"""Marts as assets: each one file of pipelines.marts, run inside the warehouse. A body is load → call → save."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import dagster as dg

from pipelines import progress
from pipelines.defs.resources import Run, retry_policy
from pipelines.defs.tables import BY_DAY, DAYS, check_specs, results, spec
from pipelines.ledger.suggestions import suggest_skus
from pipelines.marts import (
    best_sellers,
    channel_availability,
    channel_prices,
    channel_records,
    channel_summary,
    component_sales,
    cost_spans,
    customer_cohorts,
    customer_orders,
    customer_values,
    daily_fulfilment,
    daily_sales,
    fulfilment_lines,
    inventory_health,
    inventory_position,
    missed_records,
    order_costs,
    order_lives,
    order_timeline,
    payment_balance,
    payout_balance,
    purchase_lines,
    return_lines,
    sales_entries,
    sell_through,
    sku_attributes,
    sku_days,
    sku_weeks,
    sold_together,
    unit_costs,
    unmapped_listings,
)
from pipelines.warehouse.facts import Fact, refresh
from pipelines.warehouse.sums import Summed, refresh_sums

UNMAPPED_BOUND = 0.01  # of net sales


@dataclass(frozen=True)
class Mart:
    """A transform, its sources, what it needs of the run, and the instants of sources that count only once they have passed."""

    transform: Callable[..., Any]
    sources: tuple[str, ...]
    arguments: Callable[[Run], dict[str, Any]] = lambda run: {}
    clock: tuple[tuple[str, str], ...] = ()
    by: str | None = None
    checks: tuple[Callable[[Run], dg.AssetCheckResult], ...] = ()


def nothing_is_missing(run: Run) -> dg.AssetCheckResult:
    """Whether the ledger holds every record that the channels have of the days that were reconciled."""
    days = run.warehouse.query(
        "SELECT channel, stream, channel_date, missing_records FROM missed_records WHERE missing_records > 0"
    )
    missed = run.warehouse.query(
        "SELECT coalesce(sum(missed_records), 0)::BIGINT, coalesce(sum(stale_records), 0)::BIGINT FROM missed_records"
    ).row(0)
    metadata = {"missing_records": int(days["missing_records"].sum()), "days": [f"{row}" for row in days.head(20).rows()],
                "found_by_reconciliation": missed[0], "changes_found_by_reconciliation": missed[1]}  # fmt: skip
    return dg.AssetCheckResult(
        asset_key="missed_records",
        check_name="nothing_is_missing",
        passed=days.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def unmapped_revenue_rate(run: Run) -> dg.AssetCheckResult:
    """The share of goods' net sales whose SKU nobody knows, per channel."""
    rates = run.warehouse.query("""
        SELECT l.channel, coalesce(any_value(u.net_amount), 0)::DOUBLE / nullif(sum(l.net_amount), 0)::DOUBLE AS rate
        FROM order_lines l LEFT JOIN (SELECT channel, sum(net_amount) AS net_amount FROM unmapped_listings GROUP BY channel) u USING (channel)
        WHERE l.is_goods AND NOT l.is_gift_card AND l.ordered_units > 0 GROUP BY l.channel ORDER BY l.channel
    """)
    worst = max((rate for rate in rates["rate"] if rate is not None), default=0.0)
    metadata = {"worst": worst, **{channel: rate or 0.0 for channel, rate in rates.rows()}}
    return dg.AssetCheckResult(
        asset_key="unmapped_listings",
        check_name="unmapped_revenue_rate",
        passed=worst <= UNMAPPED_BOUND,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


MARTS = {
    "channel_records": Mart(channel_records.channel_records, channel_records.SOURCES),
    "sku_attributes": Mart(sku_attributes.sku_attributes, sku_attributes.SOURCES),
    "cost_spans": Mart(cost_spans.cost_spans, cost_spans.SOURCES),
    "unit_costs": Mart(unit_costs.unit_costs, unit_costs.SOURCES, lambda run: {"as_of_date": run.as_of_date}),
    "sales_entries": Mart(sales_entries.sales_entries, sales_entries.SOURCES),
    "fulfilment_lines": Mart(
        fulfilment_lines.fulfilment_lines,
        fulfilment_lines.SOURCES,
        lambda run: {"as_of": run.as_of, "default_location": run.config.merchant.default_location},
        clock=(("shipments", "shipped_at"), ("shipments", "delivered_at")),
    ),
    "order_timeline": Mart(order_timeline.order_timeline, order_timeline.SOURCES),
    "order_lives": Mart(order_lives.order_lives, order_lives.SOURCES),
    "return_lines": Mart(return_lines.return_lines, return_lines.SOURCES),
    "component_sales": Mart(component_sales.component_sales, component_sales.SOURCES),
    "payment_balance": Mart(payment_balance.payment_balance, payment_balance.SOURCES),
    "order_costs": Mart(order_costs.order_costs, order_costs.SOURCES),
    "payout_balance": Mart(payout_balance.payout_balance, payout_balance.SOURCES),
    "customer_orders": Mart(customer_orders.customer_orders, customer_orders.SOURCES, by="customer_key"),
    "inventory_position": Mart(
        inventory_position.inventory_position, inventory_position.SOURCES, lambda run: {"as_of": run.as_of}
    ),
    "purchase_lines": Mart(purchase_lines.purchase_lines, purchase_lines.SOURCES),
    "missed_records": Mart(missed_records.missed_records, missed_records.SOURCES, checks=(nothing_is_missing,)),
    "unmapped_listings": Mart(unmapped_listings.unmapped_listings, unmapped_listings.SOURCES, checks=(unmapped_revenue_rate,)),
    "daily_sales": Mart(daily_sales.daily_sales, daily_sales.SOURCES),
    "sku_days": Mart(sku_days.sku_days, sku_days.SOURCES),
    "daily_fulfilment": Mart(daily_fulfilment.daily_fulfilment, daily_fulfilment.SOURCES, lambda run: {"as_of": run.as_of}),
    "best_sellers": Mart(best_sellers.best_sellers, best_sellers.SOURCES, lambda run: {"as_of_date": run.as_of_date}),
    "sku_weeks": Mart(sku_weeks.sku_weeks, sku_weeks.SOURCES, lambda run: {"as_of_date": run.as_of_date}),
    "sold_together": Mart(sold_together.sold_together, sold_together.SOURCES, lambda run: {"as_of_date": run.as_of_date}),
    "sell_through": Mart(sell_through.sell_through, sell_through.SOURCES, lambda run: {"as_of_date": run.as_of_date}),
    "customer_values": Mart(customer_values.customer_values, customer_values.SOURCES, lambda run: {"as_of_date": run.as_of_date}),
    "customer_cohorts": Mart(
        customer_cohorts.customer_cohorts, customer_cohorts.SOURCES, lambda run: {"as_of_date": run.as_of_date}
    ),
    "channel_prices": Mart(channel_prices.channel_prices, channel_prices.SOURCES, lambda run: {"as_of_date": run.as_of_date}),
    "channel_summary": Mart(channel_summary.channel_summary, channel_summary.SOURCES, lambda run: {"as_of_date": run.as_of_date}),
    "channel_availability": Mart(
        channel_availability.channel_availability, channel_availability.SOURCES, lambda run: {"as_of_date": run.as_of_date}
    ),
    "inventory_health": Mart(
        inventory_health.inventory_health, inventory_health.SOURCES, lambda run: {"as_of_date": run.as_of_date}
    ),
}  # in the order of making
# Steps: what is written together is one. Facts bear an order and are made again for touched orders, sums of them for touched days,
# the others whole; nightly is what ends yesterday and looks at everything.
GROUPS = {
    "references": ("channel_records", "sku_attributes", "cost_spans", "unit_costs"),
    "facts": ("sales_entries", "fulfilment_lines", "order_timeline", "order_lives", "return_lines", "component_sales", "payment_balance", "customer_orders",
              "order_costs"),
    "daily_sales": ("daily_sales", "sku_days"),
    "daily_fulfilment": ("daily_fulfilment",),
    "figures": ("payout_balance", "inventory_position", "purchase_lines", "missed_records", "unmapped_listings", "best_sellers", "sku_weeks",
                "channel_prices", "channel_summary"),
    "nightly": ("sold_together", "sell_through", "customer_values", "customer_cohorts"),
    "inventory_health": ("inventory_health", "channel_availability"),
}  # fmt: skip
SUMS = {"daily_sales": Summed("sales_entries"), "daily_fulfilment": Summed("fulfilment_lines", clock="ship_by_at")}


def mart_asset(step: str, names: tuple[str, ...]) -> dg.AssetsDefinition:
    """The assets of one step; a daily mart can be made anew for a range of days in a single run."""
    day = BY_DAY.get(names[0])
    assets = [spec(name, list(MARTS[name].sources), **({"partitions_def": DAYS} if day else {})) for name in names]
    further = [dg.AssetCheckSpec(check.__name__, asset=name) for name in names for check in MARTS[name].checks]

    @dg.multi_asset(
        name=step, specs=assets, check_specs=[*check_specs(assets), *further], retry_policy=retry_policy(),
        backfill_policy=dg.BackfillPolicy.single_run() if day else None,
    )  # fmt: skip
    def make(context: dg.AssetExecutionContext, run: Run) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        make_step(run, step, _days(context, day), _advance)
        yield from results(run, assets)
        yield from (check(run) for name in names for check in MARTS[name].checks)

    return make


def make_step(run: Run, step: str, days: str | None = None, say: Callable[[str], None] = lambda name: None) -> None:
    """Makes the marts of a step: facts for touched orders, sums of them for touched days or for `days`, others whole."""
    if step == "facts":
        refresh(run.warehouse, step, facts(run), run.as_of, say)
    elif step in SUMS and not days:
        sums = {name: partial(MARTS[name].transform, **MARTS[name].arguments(run)) for name in GROUPS[step]}
        refresh_sums(run.warehouse, SUMS[step], sums, run.as_of, say)
    else:
        derived = {name: (MARTS[name].transform, MARTS[name].sources, MARTS[name].arguments(run)) for name in GROUPS[step]}
        run.warehouse.derive(derived, days, say)


def facts(run: Run) -> list[Fact]:
    """The facts per order, as the engine makes them."""
    found = ((name, MARTS[name]) for name in GROUPS["facts"])
    return [Fact(name, mart.transform, mart.sources, mart.arguments(run), mart.clock, mart.by) for name, mart in found]


def _advance(name: str) -> None:
    progress.advance("marts", list(MARTS).index(name) + 1, len(MARTS))


def _days(context: dg.AssetExecutionContext, day: str | None) -> str | None:
    """The condition on days when the run is for a range of them."""
    if not day or not (context.has_partition_key or context.has_partition_key_range):
        return None
    days = context.partition_key_range
    return f"{day} BETWEEN DATE '{days.start}' AND DATE '{days.end}'"


SUGGESTIONS = spec("listing_suggestions", ["unmapped_listings", "products"])


@dg.multi_asset(
    name="listing_suggestions", specs=[SUGGESTIONS], check_specs=check_specs([SUGGESTIONS]), retry_policy=retry_policy()
)
def listing_suggestions(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """SKUs that unmapped listings may be."""
    t = run.warehouse.read("unmapped_listings", "products")
    run.warehouse.save({"listing_suggestions": suggest_skus(t["unmapped_listings"], t["products"])})
    yield from results(run, [SUGGESTIONS])


ASSETS = [mart_asset(step, names) for step, names in GROUPS.items()]
