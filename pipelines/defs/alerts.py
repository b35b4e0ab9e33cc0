"""Orders held against the forecast as an asset, whenever orders are refreshed: a body is load → call → save."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import polars as pl

from models import demand as demand_model
from models import knowledge
from pipelines import nightly, planning, watch
from pipelines.contracts import table
from pipelines.defs.resources import Run, retry_policy
from pipelines.defs.tables import check_specs, results, specs
from pipelines.warehouse.duckdb import read_table

ALERTS = specs(
    "alerts",
    ["forecast_means", "forecasts", "demand", "order_lines", "orders", "sku_days", "forecast_history", "series_accuracy"],
)


@dg.multi_asset(specs=ALERTS, check_specs=check_specs(ALERTS), retry_policy=retry_policy())
def forecast_alerts(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """What orders say against the forecasts that stand; series out of range since the last night are forecast anew at once."""
    seen, last = _seen(run), run.warehouse.read("forecast_alerts")["forecast_alerts"]
    found = watch.raised(seen, last, run.cutoff, run.as_of_date)
    waiting = found.filter(~pl.col("is_reforecast") & pl.col("observed_units").is_not_null())
    if not waiting.is_empty():
        t = run.warehouse.read(*nightly.TABLES, "forecast_selection", *watch.REMADE)
        frames = watch.reforecast(t, seen.demand, waiting, run.config.planning.horizon_weeks)
        found = found.with_columns(is_reforecast=pl.col("is_reforecast") | pl.col("observed_units").is_not_null())
        run.warehouse.save(frames | {"forecast_alerts": found})
    else:
        run.warehouse.save({"forecast_alerts": found})
    yield from results(run, ALERTS, forecast_anew=waiting.height)


def _seen(run: Run) -> watch.Seen:
    """Tables of the warehouse and past nights' forecasts, of the last weeks alone."""
    since = run.cutoff - timedelta(days=watch.LOOK_BACK_DAYS)
    with run.warehouse.open() as connection:
        made = connection.sql("SELECT max(cutoff_date) FROM forecast_means").fetchall()[0][0]
        days = table("demand").conform(connection.sql(f"SELECT * FROM demand WHERE demand_date > DATE '{since}'").pl())
        orders = connection.sql(f"SELECT * FROM orders WHERE business_date > DATE '{run.cutoff}'").pl()
        lines = connection.sql(
            f"SELECT * FROM order_lines SEMI JOIN (SELECT channel, order_id FROM orders WHERE business_date > DATE '{run.cutoff}') "
            "USING (channel, order_id)"
        ).pl()
        bundles, known, accuracy = (read_table(connection, name) for name in ("bundles", "knowledge", "series_accuracy"))
        one_ahead = table("forecast_history").conform(connection.sql("SELECT * FROM forecast_history WHERE horizon = 1").pl())
        prices = planning.prices(connection, run.as_of_date)
    wanted = demand_model.wanted_lines(lines, orders, bundles, run.config.merchant.default_location)
    nowhere = demand_model.selling_since(wanted.clear(), table("stock_levels").empty(), table("products").empty())
    today = demand_model.daily_demand(wanted, nowhere, _nothing_hidden(), table("promotions").empty(), run.as_of_date)
    both = pl.concat([days, table("demand").conform(today)])
    history = knowledge.with_inherited(both, nightly.in_force(known))
    earlier = [day for day in run.archive.recorded() if made and day < made]
    standing, before = run.archive.made_at([made] if made else []), run.archive.made_at(earlier[-1:])
    return watch.Seen(history, standing, before, one_ahead, accuracy, prices)


def _nothing_hidden() -> pl.DataFrame:
    return pl.DataFrame(schema={**table("demand").empty().select(demand_model.DAYS).schema, "hidden_rate": pl.Float64})
