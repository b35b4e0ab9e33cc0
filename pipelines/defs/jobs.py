"""What runs together, and when. Refreshing orders leaves the forecast as it is; the nightly run makes it anew."""

import dagster as dg

EVERYTHING = dg.AssetSelection.all()
RECONCILIATION = dg.AssetSelection.assets("reconciliation")
CHOICE = dg.AssetSelection.groups("selection")  # takes minutes, once a week
FORECAST = dg.AssetSelection.groups("forecast", "spreads", "accuracy")
NIGHTLY = dg.AssetSelection.assets(
    "sold_together", "sell_through", "customer_values", "customer_cohorts", "channel_notes"
)  # they end yesterday and look at everything
INSIGHTS = dg.AssetSelection.groups("insights")
REPORT = dg.AssetSelection.assets("report")
PUBLISHING = dg.AssetSelection.groups("snapshot", "exports") - REPORT

refresh_all = dg.define_asset_job("refresh_all", EVERYTHING - CHOICE, description="From files to decisions, the whole path")
refresh_orders = dg.define_asset_job(
    "refresh_orders",
    EVERYTHING - CHOICE - FORECAST - RECONCILIATION - REPORT - NIGHTLY,
    description="New orders into ledger, marts and decisions; forecasts stay",
)
refresh_forecasts = dg.define_asset_job(
    "refresh_forecasts",
    dg.AssetSelection.groups("demand", "selection", "forecast", "spreads", "accuracy", "alerts", "decisions")
    | NIGHTLY
    | INSIGHTS
    | PUBLISHING,
    description="Demand, forecasts and decisions anew; once a week their models are chosen again",
)

reconcile_channels = dg.define_asset_job(
    "reconcile_channels",
    EVERYTHING - CHOICE - FORECAST - REPORT,
    description="Every channel's days held against the record, then as refresh_orders",
)

weekly_report = dg.define_asset_job(
    "weekly_report", REPORT, description="Best sellers and fulfilment of the last seven days, as files"
)

JOBS = [refresh_all, refresh_orders, refresh_forecasts, reconcile_channels, weekly_report]
SCHEDULES = [
    dg.ScheduleDefinition(
        name="orders_every_15_minutes", job=refresh_orders, cron_schedule="*/15 * * * *", execution_timezone="UTC"
    ),
    dg.ScheduleDefinition(
        name="channels_reconciled_nightly", job=reconcile_channels, cron_schedule="30 1 * * *", execution_timezone="UTC"
    ),
    dg.ScheduleDefinition(name="report_on_mondays", job=weekly_report, cron_schedule="0 6 * * 1", execution_timezone="UTC"),
    dg.ScheduleDefinition(name="forecasts_nightly", job=refresh_forecasts, cron_schedule="30 2 * * *", execution_timezone="UTC"),
]
