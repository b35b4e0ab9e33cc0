"""Marts that models make: a body is load → call → save."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

import models
from pipelines.defs.resources import Run, retry_policy
from pipelines.defs.tables import check_specs, results, spec
from pipelines.insights.products import product_classes
from pipelines.insights.returns import WINDOW_DAYS, return_outlook
from pipelines.insights.scorecards import HISTORY_DAYS, all_rules, channel_scorecards
from pipelines.insights.shipping import HISTORY_DAYS as SHIPPED_DAYS
from pipelines.insights.shipping import ship_risk
from pipelines.insights.totals import TABLES, forecast_totals
from pipelines.intake.state import States
from pipelines.intake.watch import changed_shops
from pipelines.ledger.flags import all_notes
from pipelines.warehouse.fingerprint import fingerprint, is_made_of

OUTLOOK = spec("return_outlook", ["return_lines", "sku_attributes"])
CLASSES = spec("product_classes", ["sku_weeks", "sku_attributes", "inventory_health"])
TOTALS = [spec(name, list(TABLES)) for name in ("forecast_totals", "forecast_weekdays")]
RISK = spec("ship_risk", ["fulfilment_lines", "order_lives", "sales_entries"])
NOTES = spec("channel_notes", ["orders", "order_lines", "products", "shipments", "tracked_parcels", "shipping_labels"])
SCORECARDS = spec("channel_scorecards", ["fulfilment_lines", "order_lives", "shipments", "account_health"])


@dg.multi_asset(name="product_classes", specs=[CLASSES], check_specs=check_specs([CLASSES]), retry_policy=retry_policy())
def classes_of_products(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """ABC, XYZ, risers and fallers, new and dying products, broken runs of sizes."""
    t = run.warehouse.read("sku_weeks", "sku_attributes", "inventory_health")
    classes = product_classes(t["sku_weeks"], t["sku_attributes"], t["inventory_health"], run.config.classes, run.as_of_date)
    run.warehouse.save({"product_classes": classes})
    yield from results(run, [CLASSES])


@dg.multi_asset(name="return_outlook", specs=[OUTLOOK], check_specs=check_specs([OUTLOOK]), retry_policy=retry_policy())
def outlook_of_returns(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """Return rates corrected for young orders, and what comes back too often."""
    sold = run.warehouse.query(f"""
        SELECT channel, sku, strftime(business_date, '%Y-%m') AS month, (DATE '{run.as_of_date}' - business_date)::BIGINT AS age_days,
               floor(days_to_return)::BIGINT AS delay_days, sum(sold_units)::BIGINT AS sold_units, sum(returned_units)::BIGINT AS returned_units
        FROM return_lines WHERE business_date >= DATE '{run.as_of_date - timedelta(days=WINDOW_DAYS)}' AND business_date < DATE '{run.as_of_date}'
        GROUP BY ALL ORDER BY ALL
    """)
    attributes = run.warehouse.read("sku_attributes")["sku_attributes"]
    run.warehouse.save({"return_outlook": return_outlook(sold, attributes)})
    yield from results(run, [OUTLOOK])


@dg.multi_asset(name="ship_risk", specs=[RISK], check_specs=check_specs([RISK]), retry_policy=retry_policy())
def open_lines_at_risk(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """Open lines that are late, will likely be, or are on track."""
    since = run.as_of - timedelta(days=SHIPPED_DAYS)
    lines = run.warehouse.query(
        f"SELECT * FROM fulfilment_lines WHERE open_units > 0 OR ordered_at >= TIMESTAMPTZ '{since.isoformat()}'"
    )
    open_orders = "(SELECT channel, order_id FROM fulfilment_lines WHERE open_units > 0)"
    lives = run.warehouse.query(f"SELECT * FROM order_lives SEMI JOIN {open_orders} USING (channel, order_id)")
    worth = run.warehouse.query(f"""
        SELECT channel, order_id, sku, sum(reporting_net_sales_amount)::DECIMAL(18, 4) AS at_risk_amount FROM sales_entries
        SEMI JOIN {open_orders} USING (channel, order_id) WHERE source = 'order_lines' AND sku IS NOT NULL GROUP BY ALL
    """)
    run.warehouse.save({"ship_risk": ship_risk(lines, lives, worth, run.as_of)})
    yield from results(run, [RISK])


@dg.multi_asset(name="channel_scorecards", specs=[SCORECARDS], check_specs=check_specs([SCORECARDS]), retry_policy=retry_policy())
def scorecards(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """What marketplaces would say of the seller today."""
    platforms = {c.name: c.scorecard or c.kind or "" for c in run.config.channels if c.scorecard or c.kind}
    fba = {c.name: c.locations["AMAZON"] for c in run.config.channels if "AMAZON" in c.locations}
    since = f"TIMESTAMPTZ '{(run.as_of - timedelta(days=HISTORY_DAYS)).isoformat()}'"
    judged = ", ".join(f"'{name}'" for name in platforms) or "NULL"
    lines, lives, shipments = (
        run.warehouse.query(f"SELECT * FROM {name} WHERE channel IN ({judged}) AND {column} >= {since}")
        for name, column in (("fulfilment_lines", "ordered_at"), ("order_lives", "placed_at"), ("shipments", "shipped_at"))
    )
    reported = run.warehouse.read("account_health")["account_health"]
    rules = all_rules(run.config.scorecards)
    cards = channel_scorecards(rules, platforms, fba, lines, lives, shipments, reported, run.as_of)
    run.warehouse.save({"channel_scorecards": cards})
    yield from results(run, [SCORECARDS])


@dg.multi_asset(name="channel_notes", specs=[NOTES], check_specs=check_specs([NOTES]), retry_policy=retry_policy())
def notes_on_channels(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """What channels do that a person must look at."""
    shops = changed_shops(run.config, States(run.landing.folder))
    with run.warehouse.open() as connection:
        notes = all_notes(connection, run.config, shops)
    run.warehouse.save({"channel_notes": notes})
    yield from results(run, [NOTES])


@dg.multi_asset(name="forecast_totals", specs=TOTALS, check_specs=check_specs(TOTALS), retry_policy=retry_policy())
def totals_of_forecasts(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """Totals of SKUs, categories, locations and everything; where the forecasts stayed, they stay."""
    inputs = fingerprint(run.warehouse, "totals", ("forecasts", "forecast_means", "products"), models)
    if not is_made_of(run.warehouse, inputs):
        run.warehouse.save(forecast_totals(run.warehouse.read(*TABLES)) | {"step_inputs": inputs})
    yield from results(run, TOTALS)
