"""Demand, forecast and decisions as assets. A body is load → call → save."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

import models
from models.lead_times import observed_lead_times
from pipelines import decisions as deciding
from pipelines import histories, nightly, progress, rehearsal, spreads
from pipelines.contracts import table
from pipelines.defs.resources import Run, retry_policy
from pipelines.defs.tables import check_specs, results, specs
from pipelines.ledger.reference import countries
from pipelines.operations import Knowledge, reconcile
from pipelines.warehouse.fingerprint import fingerprint, is_made_of

DEMAND = specs("demand", list(histories.TABLES))
SELECTION = specs("selection", list(nightly.TABLES))
FORECAST = specs("forecast", [*nightly.TABLES, "forecast_selection"])
KEPT = ("reorder_suggestions", "forecast_spreads", "decision_widths")  # of runs before, and what was learnt
INPUTS = ("forecast_means", "forecasts", "inventory_position", "supplier_terms", "unit_costs", "products", "locations", "fulfilment_lines", "orders",
          "order_lines", "bundles", "demand", "demand_series", "purchase_orders", "receipts", "suppliers", "fx_rates", "sku_days",
          "product_classes")  # fmt: skip
SPREADS = specs("spreads", sorted({"forecast_history", *spreads.TABLES, *INPUTS}))
DECISIONS = specs("decisions", [*INPUTS, "forecast_alerts", "forecast_spreads", "decision_widths"])


@dg.multi_asset(specs=DEMAND, check_specs=check_specs(DEMAND), retry_policy=retry_policy())
def demand_tables(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """What was wanted, day by day, which days were not fully seen, and what is known better than that."""
    t = run.warehouse.read(*histories.TABLES)
    with Knowledge(run.settings.outbox) as people:
        known = people.entries(run.as_of_date)
    made = histories.made(t, known, run.config, run.cutoff)
    run.warehouse.save({name: table(name).conform(frame) for name, frame in (made | {"knowledge": known}).items()})
    progress.advance("demand", 1, 1)
    yield from results(run, DEMAND)


@dg.multi_asset(specs=SELECTION, check_specs=check_specs(SELECTION), retry_policy=retry_policy())
def forecast_selection(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """The models of the coming week's forecasts; what was chosen less than a week ago stays. Past weeks that nobody forecast are rehearsed."""
    t, weeks = run.warehouse.read(*nightly.TABLES, "forecast_selection"), run.config.planning.horizon_weeks
    if nightly.is_due(t["forecast_selection"], run.cutoff, weeks):
        chosen = nightly.chosen(nightly.told(t, run.cutoff, weeks), t["forecast_selection"], run.started_at)
        run.warehouse.save({"forecast_selection": chosen})
        if lacking := run.archive.lacks(rehearsal.origins(run.cutoff)):
            for past in rehearsal.rehearsed(run.warehouse.read(*rehearsal.TABLES), lacking, run.config):
                run.archive.keep(past, is_backtest=True)
    yield from results(run, SELECTION)


@dg.multi_asset(specs=FORECAST, check_specs=check_specs(FORECAST), retry_policy=retry_policy())
def forecast_tables(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """Quantiles and means of the coming weeks; what was forecast from the same history today stays as it is."""
    names, weeks = (*nightly.TABLES, "forecast_selection"), run.config.planning.horizon_weeks
    inputs = fingerprint(run.warehouse, "forecast", names, models, run.cutoff, weeks)
    notes = ""
    if not is_made_of(run.warehouse, inputs):
        made = nightly.made(run.warehouse.read(*names, "forecast_explanations"), run.cutoff, weeks)
        notes = made.notes
        run.archive.keep(made.remembered)
        run.warehouse.save(made.frames | {"step_inputs": inputs})
    progress.advance("forecast", 1, 1)
    yield from results(run, FORECAST, notes=notes)


@dg.multi_asset(specs=SPREADS, check_specs=check_specs(SPREADS), retry_policy=retry_policy())
def spread_tables(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """How far past forecasts erred against what they said, anew where anything of that changed; once a week how wide they are best taken to decide by
    costs.
    """
    past = spreads.judged(run.warehouse.read("forecast_history")["forecast_history"])
    facts = (run.cutoff, run.config.planning.horizon_weeks, past.hash_rows().sum())
    made_of = fingerprint(run.warehouse, "spreads", spreads.TABLES, models, *facts)
    if not is_made_of(run.warehouse, made_of):
        found = spreads.made(past, run.warehouse.read(*spreads.TABLES), run.config.planning, run.cutoff)
        run.warehouse.save({"forecast_spreads": found, "step_inputs": made_of})
    if deciding.widths_are_due(run.warehouse.read("decision_widths")["decision_widths"], run.config.planning, run.cutoff):
        t = run.warehouse.read(*INPUTS, *KEPT, "forecast_history")
        with run.open_outbox() as outbox:
            inputs = _inputs(run, t, outbox.supply())
        run.warehouse.save({"decision_widths": deciding.widths(inputs, t["forecast_history"], run.config, run.cutoff)})
    yield from results(run, SPREADS)


@dg.multi_asset(specs=DECISIONS, check_specs=check_specs(DECISIONS), retry_policy=retry_policy())
def decision_tables(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """Safety stock, reorders, transfers, allocations and offers; suggestions go to the outbox, where each run supersedes the last."""
    t = run.warehouse.read(*INPUTS, *KEPT)
    with run.open_outbox() as outbox:
        reconcile(outbox, t["purchase_orders"], t["receipts"], run.started_at)
        supply = outbox.supply()
        inputs, counted = _inputs(run, t, supply), set(supply["decision_id"])
        frames = deciding.decide(inputs, run.config, run.version, run.cutoff)
        run.warehouse.save(frames | {"run_info": _run_info(run, t["orders"].height)})
        orders, moves = deciding.to_suggestions(frames)
        outbox.suggest("reorder", orders, run.version, run.started_at, counted)
        outbox.suggest("transfer", moves, run.version, run.started_at, counted)
    progress.advance("decisions", 1, 1)
    yield from results(run, DECISIONS)


def _inputs(run: Run, t: dict[str, pl.DataFrame], supply: pl.DataFrame) -> deciding.Inputs:
    """What decisions rest on, of the tables INPUTS and KEPT."""
    return deciding.Inputs(
        series=t["demand_series"], means=t["forecast_means"], quantiles=t["forecasts"], position=t["inventory_position"],
        supplier_terms=t["supplier_terms"], unit_costs=t["unit_costs"], products=deciding.described(t["products"], t["order_lines"]),
        locations=t["locations"], fulfilment_lines=t["fulfilment_lines"], orders=t["orders"], bundles=t["bundles"], demand=t["demand"], supply=supply,
        countries=countries(), observed_lead_times=observed_lead_times(t["purchase_orders"], t["receipts"], run.as_of),
        open_lines=deciding.open_lines(t["purchase_orders"], t["receipts"], run.as_of_date), suppliers=t["suppliers"], fx_rates=t["fx_rates"],
        as_of=run.as_of, prices=deciding.recent_prices(t["sku_days"], run.as_of_date), product_classes=t["product_classes"],
        previous=t["reorder_suggestions"], spreads=t["forecast_spreads"], widths=t["decision_widths"],
    )  # fmt: skip


def _run_info(run: Run, orders: int) -> pl.DataFrame:
    row = {
        "snapshot_version": run.version, "merchant": run.config.merchant.name, "reporting_currency": run.config.merchant.reporting_currency,
        "as_of": run.as_of, "made_at": run.started_at, "ledger_orders": orders,
    }  # fmt: skip
    return table("run_info").conform(pl.DataFrame([row]))
