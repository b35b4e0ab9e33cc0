"""What the parts of the page Forecast about accuracy ask of a snapshot. An older snapshot lacks the tables: then their part is empty."""

import duckdb
import polars as pl

from dashboards.queries.forecast import has
from models.changes import CHANGES, drivers_shown
from pipelines.contracts import table
from pipelines.warehouse.duckdb import read_table

Connection = duckdb.DuckDBPyConnection
HORIZONS = {"1 week ahead": 1, "4 weeks ahead": 4, "8 weeks ahead": 8, "12 weeks ahead": 12}
WORDS = {
    "imported_units": "wanted lately", "layers_units": "bulk orders, promotions", "stock_out_units": "days not seen", "trend_units": "trend",
    "season_units": "season", "others_units": "all series together", "holidays_units": "holidays", "promotion_units": "price and promotion",
    "correction_units": "bias corrected",
    "look_alikes_units": "look-alikes", "life_units": "launch and end", "people_units": "what people know",
}  # fmt: skip


def kept(connection: Connection, name: str) -> pl.DataFrame:
    """A table of the snapshot, empty where an older one lacks it."""
    return read_table(connection, name) if has(connection, name) else table(name).empty()


def past(connection: Connection, sku: str, location_id: str, horizon: int) -> pl.DataFrame:
    """Past forecasts so many weeks ahead of a series beside what came: week_end_date, cutoff_date, mean, 80 % range, actual, is_backtest."""
    if not has(connection, "forecast_history"):
        return table("forecast_history").empty().select("week_end_date")
    return connection.sql("""
        SELECT week_end_date, cutoff_date, mean_units, q10_units AS low_units, q90_units AS high_units, statistical_units, naive_units, actual_units,
               is_backtest, model
        FROM forecast_history WHERE sku = ? AND location_id = ? AND horizon = ? ORDER BY week_end_date
    """, params=[sku, location_id, horizon]).pl()  # fmt: skip


def explanation(connection: Connection, sku: str, location_id: str) -> pl.DataFrame:
    """The row of forecast_explanations of a series; none where the snapshot is older or the series is new."""
    if not has(connection, "forecast_explanations"):
        return table("forecast_explanations").empty()
    return connection.sql("SELECT * FROM forecast_explanations WHERE sku = ? AND location_id = ?", params=[sku, location_id]).pl()


def steps(explained: pl.DataFrame) -> pl.DataFrame:
    """Drivers of one series as steps to its forecast: driver, units, and from where to where each goes; those of nothing left out."""
    return _steps(explained, {name: WORDS[name] for name in drivers_shown()})


def changes(explained: pl.DataFrame) -> pl.DataFrame:
    """What changed since the last run as steps; none for a first forecast."""
    known = explained.drop_nulls("previous_units")
    return _steps(known, {"previous_units": "last run"} | CHANGES) if not known.is_empty() else known.select(driver="reason")


def _steps(explained: pl.DataFrame, words: dict[str, str]) -> pl.DataFrame:
    long = explained.select(*words).unpivot(variable_name="name", value_name="units")
    ends = long.with_columns(driver=pl.col("name").replace_strict(words), to_units=pl.col("units").cum_sum())
    ends = ends.with_columns(from_units=pl.col("to_units") - pl.col("units")).filter(pl.col("units").abs() >= 0.005)
    total = pl.DataFrame(
        {"driver": "forecast", "units": explained["mean_units"], "from_units": 0.0, "to_units": explained["mean_units"]}
    )
    return pl.concat([ends.select(total.columns), total])


def accuracy(connection: Connection, grouping: str) -> pl.DataFrame:
    """forecast_accuracy of a grouping over all horizons, the groups that sell most first, layers in their order."""
    rows = kept(connection, "forecast_accuracy").filter((pl.col("grouping") == grouping) & (pl.col("horizon") == 0))
    return rows.sort("actual_units", "member", descending=[True, False], maintain_order=True).drop("grouping", "horizon")


def by_horizon(connection: Connection) -> pl.DataFrame:
    """Error of each layer by weeks ahead, over all series."""
    rows = kept(connection, "forecast_accuracy").filter((pl.col("grouping") == "total") & (pl.col("horizon") > 0))
    return rows.select("horizon", "layer", "wape", "bias", "weeks", "coverage_80").sort("horizon", maintain_order=True)


def alerts(connection: Connection) -> pl.DataFrame:
    """Forecasts that orders contradict, the most money first."""
    rows = kept(connection, "forecast_alerts").sort("at_risk_amount", "sku", descending=[True, False], nulls_last=True)
    return rows.select(
        "sku",
        "location_id",
        "kind",
        "at_risk_amount",
        "reason",
        "is_reforecast",
        "observed_units",
        "expected_units",
        "low_units",
        "high_units",
    )


def entries(connection: Connection) -> pl.DataFrame:
    """What each entry of people did to the forecast's error, those that did most harm first."""
    rows = kept(connection, "knowledge_scores")
    return rows.sort("value_added_units", "entry_id", nulls_last=True)
