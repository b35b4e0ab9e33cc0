"""Landing and ledger as assets. A body is load → call → save."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg

from pipelines import progress
from pipelines.contracts.base import all_tables
from pipelines.defs.resources import Run, retry_policy, without_retry
from pipelines.defs.tables import check_specs, freshness, results, specs
from pipelines.intake.poll import poll
from pipelines.intake.reconcile import reconcile
from pipelines.intake.retention import drop_confirmed
from pipelines.ledger import load as ledger
from pipelines.ledger.calendar import retail_calendar
from pipelines.ledger.currency import dense_rates
from pipelines.ledger.working_days import ship_by_windows

DATED = ("fx_rates", "retail_calendar", "ship_by_windows")
LEDGER = specs("ledger", ["landing", "reconciliation"], leave_out=DATED)
DAYS = specs("ledger", ["orders"], leave_out=tuple(t.name for t in all_tables("ledger") if t.name not in DATED))


YEARS_BEFORE, DAYS_AHEAD = 800, 800  # days beyond the record that its first weeks are held against, and that plans reach

ANSWER = "every_channel_answers"


@dg.asset(group_name="landing", kinds={"file"}, retry_policy=retry_policy(), freshness_policy=freshness("ledger"),
          check_specs=[dg.AssetCheckSpec(ANSWER, asset="landing")])  # fmt: skip
def landing(run: Run) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Every file of the merchant and every record that changed on a channel, exactly as received."""
    with without_retry():
        sealed = run.landing.seal_all()
        landed = ledger.land(run.config, run.settings.input_folder, run.landing, run.started_at, progress.reporter("landing"))
    polled = poll(run.config, run.landing, run.started_at)
    metadata: dict[str, Any] = {"new_files": landed.new_files, "known_files": landed.known_files, "feeds_without_files": landed.missing,
                "new_records": polled.landed, "newly_encrypted": sealed}  # fmt: skip
    return dg.MaterializeResult(metadata=metadata, check_results=[_answered("landing", polled.failures)])


@dg.asset(group_name="landing", deps=[landing], retry_policy=retry_policy(), freshness_policy=freshness("forecast"),
          check_specs=[dg.AssetCheckSpec(ANSWER, asset="reconciliation")])  # fmt: skip
def reconciliation(run: Run) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Every channel's own account of the days that may still change; what polls missed is landed."""
    found = reconcile(run.config, run.landing, run.started_at)
    dropped = drop_confirmed(run.config, run.landing, run.started_at)
    metadata: dict[str, Any] = {"missed_records": found.missed, "stale_records": found.stale, "dropped_deliveries": dropped}
    return dg.MaterializeResult(metadata=metadata, check_results=[_answered("reconciliation", found.failures)])


def _answered(asset: str, failures: list[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=ANSWER,
        passed=not failures,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"failures": failures},
    )


@dg.multi_asset(specs=LEDGER, check_specs=[*check_specs(LEDGER), dg.AssetCheckSpec("balances", asset="loads", blocking=True),
                                           dg.AssetCheckSpec("no_file_is_refused", asset="loads")], retry_policy=retry_policy())  # fmt: skip
def ledger_tables(run: Run) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Merges new payloads; an order's newest version replaces all its lines."""
    key = ledger.pseudonym_key(run.settings.home_folder, run.settings.pseudonym_key)
    loaded = ledger.load(run.config, run.landing, run.warehouse, key, run.started_at, progress.reporter("ledger"))
    yield from results(run, LEDGER, ledger_rebuilt=loaded.is_rebuilt, **loaded.totals())
    lost = ledger.unaccounted_rows(run.warehouse)
    yield dg.AssetCheckResult(check_name="balances", asset_key="loads", passed=not lost, metadata={"unaccounted": lost})
    yield dg.AssetCheckResult(
        check_name="no_file_is_refused", asset_key="loads", passed=not loaded.refused, severity=dg.AssetCheckSeverity.WARN,
        metadata={"refused": loaded.refused},
    )  # fmt: skip


@dg.multi_asset(specs=DAYS, check_specs=check_specs(DAYS), retry_policy=retry_policy())
def days_of_the_record(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """Dense rates from the ECB's fixings over the days of the record, and the calendar of its weeks."""
    used = run.warehouse.query(
        "SELECT DISTINCT currency_code FROM orders UNION SELECT currency_code FROM product_costs UNION SELECT currency_code FROM supplier_terms "
        "UNION SELECT currency_code FROM payments UNION SELECT currency_code FROM returns UNION SELECT label_currency_code FROM shipments"
    )["currency_code"].drop_nulls()
    first, last = run.warehouse.query("SELECT min(business_date), max(business_date) FROM orders").row(0)
    first, last = min(first or run.cutoff, run.cutoff), max(last or run.cutoff, run.as_of_date) + timedelta(days=1)
    merchant = run.config.merchant
    calendar = retail_calendar(
        merchant.calendar, first - timedelta(days=YEARS_BEFORE), last + timedelta(days=DAYS_AHEAD), merchant.country
    )
    rates = dense_rates(used.to_list(), merchant.reporting_currency, first, last)
    windows = ship_by_windows(run.config.locations, first, last)
    run.warehouse.save({"fx_rates": rates, "retail_calendar": calendar, "ship_by_windows": windows})
    yield from results(run, DAYS)
