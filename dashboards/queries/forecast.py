"""What the page Forecast asks of a snapshot. An older snapshot lacks some tables: then their part is empty."""

import duckdb
import polars as pl

from pipelines.contracts import table
from pipelines.warehouse.duckdb import read_table

Connection = duckdb.DuckDBPyConnection
PAST_WEEKS = 52
ORDERS = {
    "Worst first": "expected_error_amount DESC NULLS LAST, expected_error_units DESC",
    "Most valuable first": "weekly_amount DESC NULLS LAST, weekly_units DESC",
    "Changed by people": "changed_weeks DESC NULLS LAST, weekly_amount DESC NULLS LAST",
}


def has(connection: Connection, name: str) -> bool:
    """Whether the snapshot holds a table."""
    return bool(connection.sql("SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", params=[name]).fetchall()[0][0])


def series(connection: Connection, order: str) -> pl.DataFrame:
    """Every forecast series with its model, weekly demand and value ahead, and what its usual error comes to in money: its own one week ahead,
    or where none is known that of its class."""
    own = "SELECT sku, location_id, wape, error_units, value_added_to_naive FROM series_accuracy"
    if not has(connection, "series_accuracy"):
        own = "SELECT '' AS sku, '' AS location_id, NULL::DOUBLE AS wape, NULL::DOUBLE AS error_units, NULL::DOUBLE AS value_added_to_naive"
    changed = "SELECT sku, location_id, count(*) AS changed_weeks FROM forecast_adjustments GROUP BY ALL"
    if not has(connection, "forecast_adjustments"):
        changed = "SELECT '' AS sku, '' AS location_id, 0 AS changed_weeks"
    return connection.sql(f"""
        WITH ahead AS (
            SELECT sku, location_id, any_value(model) AS model, any_value(backtest_wape) AS backtest_wape, avg(mean_units) AS weekly_units
            FROM forecast_means GROUP BY ALL
        ), costs AS (SELECT sku, any_value(unit_cost_amount)::DOUBLE AS cost FROM unit_costs GROUP BY sku)
        SELECT a.sku, p.description, a.location_id, p.category, s.demand_class, a.model, a.weekly_units, a.weekly_units * c.cost AS weekly_amount,
               o.wape, o.value_added_to_naive, a.backtest_wape, coalesce(o.error_units, a.backtest_wape * a.weekly_units) AS expected_error_units,
               coalesce(o.error_units, a.backtest_wape * a.weekly_units) * c.cost AS expected_error_amount, coalesce(k.changed_weeks, 0) AS changed_weeks
        FROM ahead a JOIN demand_series s USING (sku, location_id) LEFT JOIN ({own}) o USING (sku, location_id)
        LEFT JOIN sku_attributes p USING (sku) LEFT JOIN costs c USING (sku)
        LEFT JOIN ({changed}) k USING (sku, location_id) ORDER BY {ORDERS[order]}, a.sku, a.location_id
    """).pl()  # fmt: skip


def fan(connection: Connection, sku: str, location_id: str) -> pl.DataFrame:
    """Weekly demand of the last 26 weeks and the coming weeks' mean with its 80 % range; week_end is the week's last day.

    `seen_days` is how many days of a past week could be seen; `statistical` the mean before people changed it, blank where nobody did; `then`
    what was forecast of a past week, a week ahead; `last_year` what was wanted 52 weeks before, blank before the series began.
    """
    rows = connection.sql("""
        WITH cutoff AS (SELECT max(cutoff_date) AS day FROM forecast_means),
        days AS (
            SELECT demand_date, sum(demand_units)::DOUBLE AS units, min(seen_rate) AS seen_rate
            FROM demand, cutoff WHERE sku = ? AND location_id = ? AND demand_date > day - 182 - 364 GROUP BY ALL
        ), past AS (
            SELECT day - 7 * ((day - demand_date) // 7)::INTEGER AS week_end, sum(units) AS units, 7 - sum(1 - seen_rate) AS seen_days
            FROM days, cutoff GROUP BY ALL
        ), weeks AS (SELECT (day - 7 * n::INTEGER)::DATE AS week_end FROM cutoff, range(26) r(n)),
        ahead AS (
            SELECT cutoff_date + 7 * horizon::INTEGER AS week_end, max(forecast_units) FILTER (quantile = 0.1) AS low,
                   max(forecast_units) FILTER (quantile = 0.9) AS high
            FROM forecasts WHERE sku = ? AND location_id = ? GROUP BY ALL
        ), means AS (SELECT cutoff_date + 7 * horizon::INTEGER AS week_end, mean_units FROM forecast_means WHERE sku = ? AND location_id = ?),
        shown AS (
            SELECT week_end, coalesce(units, 0) AS actual, coalesce(seen_days, 7) AS seen_days,
                   NULL::DOUBLE AS mean, NULL::DOUBLE AS low, NULL::DOUBLE AS high
            FROM weeks LEFT JOIN past USING (week_end)
            UNION ALL SELECT week_end, NULL, NULL, mean_units, low, high FROM means JOIN ahead USING (week_end)
        ), began AS (SELECT min(first_date) AS day FROM demand_series WHERE sku = ? AND location_id = ?)
        SELECT shown.*, CASE WHEN shown.week_end - 370 >= began.day THEN coalesce(before.units, 0) END AS last_year
        FROM shown CROSS JOIN began LEFT JOIN past AS before ON before.week_end = shown.week_end - 364 ORDER BY shown.week_end
    """, params=[sku, location_id] * 4).pl()  # fmt: skip
    before = adjustments(connection, sku, location_id).select("week_end", statistical="statistical_mean_units")
    rows = rows.join(before, on="week_end", how="left", maintain_order="left")
    then = _forecast_then(connection, sku, location_id).filter(pl.col("week_end") > rows["week_end"].min())
    return pl.concat([rows.with_columns(then=pl.lit(None, pl.Float64)), then], how="diagonal").sort(
        "week_end", maintain_order=True
    )


def _forecast_then(connection: Connection, sku: str, location_id: str) -> pl.DataFrame:
    """week_end and `then`: past forecasts one week ahead, as far as their weeks are over."""
    if not has(connection, "forecast_history"):
        return pl.DataFrame(schema={"week_end": pl.Date, "then": pl.Float64})
    return connection.sql("""
        SELECT week_end_date AS week_end, mean_units AS "then" FROM forecast_history
        WHERE sku = ? AND location_id = ? AND horizon = 1 AND week_end_date <= (SELECT max(cutoff_date) FROM forecast_means)
    """, params=[sku, location_id]).pl()  # fmt: skip


def adjustments(connection: Connection, sku: str, location_id: str) -> pl.DataFrame:
    """Weeks that people changed: week_end, statistical and changed mean, and the entries that did."""
    if not has(connection, "forecast_adjustments"):
        kept = table("forecast_adjustments").empty()
        return kept.select(pl.col("cutoff_date").alias("week_end"), "statistical_mean_units", "mean_units", "entry_ids")
    return connection.sql("""
        SELECT cutoff_date + 7 * horizon::INTEGER AS week_end, statistical_mean_units, mean_units, entry_ids
        FROM forecast_adjustments WHERE sku = ? AND location_id = ? ORDER BY week_end
    """, params=[sku, location_id]).pl()  # fmt: skip


def facts(connection: Connection, sku: str, location_id: str) -> pl.DataFrame:
    """What the forecast of a series rests on: its class, span, model and that model's backtest."""
    return connection.sql("""
        SELECT s.demand_class, s.first_date, s.last_demand_date, s.total_units, s.seen_days, s.censored_days, s.has_stock_figures, m.model, m.backtest_wape,
               m.week_correlation
        FROM demand_series s JOIN forecast_means m USING (sku, location_id) WHERE s.sku = ? AND s.location_id = ? AND m.horizon = 1
    """, params=[sku, location_id]).pl()  # fmt: skip


def known_then(connection: Connection) -> pl.DataFrame:
    """What people knew when the snapshot was made."""
    return read_table(connection, "knowledge") if has(connection, "knowledge") else table("knowledge").empty()
