"""What the reorder page asks of a snapshot."""

import duckdb
import polars as pl

from pipelines.exports import reorder_list

Connection = duckdb.DuckDBPyConnection


def suggestions(connection: Connection) -> pl.DataFrame:
    """Suggested orders, soonest stock-out and greatest value first, then series whose stock is unknown."""
    return reorder_list(connection)


def transfers(connection: Connection) -> pl.DataFrame:
    """Suggested moves between locations."""
    return connection.sql(
        "SELECT sku, from_location_id, location_id, transfer_units, reason FROM transfer_suggestions ORDER BY transfer_units DESC, sku"
    ).pl()


def backorders(connection: Connection) -> pl.DataFrame:
    """Open order lines that no stock covers."""
    return connection.sql(
        "SELECT channel, order_id, sku, ordered_at, is_expedited, open_units, reason FROM allocations WHERE location_id = 'backorder' ORDER BY ordered_at"
    ).pl()


def forecast_of(connection: Connection, sku: str, location_id: str) -> pl.DataFrame:
    """Weekly demand of the last 26 weeks and the coming weeks' mean with its 80 % range; week_end is the week's last day."""
    return _frame(connection, """
        WITH cutoff AS (SELECT max(cutoff_date) AS day FROM forecast_means),
        past AS (
            SELECT day - 7 * ((day - demand_date) // 7)::INTEGER AS week_end, sum(demand_units)::DOUBLE AS units, bool_or(is_censored) AS is_censored
            FROM demand, cutoff WHERE sku = ? AND location_id = ? AND demand_date > day - 182 GROUP BY ALL
        ), weeks AS (SELECT (day - 7 * n::INTEGER)::DATE AS week_end FROM cutoff, range(26) r(n)),
        ahead AS (
            SELECT cutoff_date + 7 * horizon::INTEGER AS week_end, max(forecast_units) FILTER (quantile = 0.1) AS low,
                   max(forecast_units) FILTER (quantile = 0.9) AS high
            FROM forecasts WHERE sku = ? AND location_id = ? GROUP BY ALL
        ), means AS (SELECT cutoff_date + 7 * horizon::INTEGER AS week_end, mean_units FROM forecast_means WHERE sku = ? AND location_id = ?)
        SELECT week_end, coalesce(units, 0) AS actual, coalesce(is_censored, false) AS is_censored,
               NULL::DOUBLE AS mean, NULL::DOUBLE AS low, NULL::DOUBLE AS high
        FROM weeks LEFT JOIN past USING (week_end)
        UNION ALL SELECT week_end, NULL, false, mean_units, low, high FROM means JOIN ahead USING (week_end) ORDER BY week_end
    """, [sku, location_id] * 3)  # fmt: skip


def _frame(connection: Connection, sql: str, parameters: list[object]) -> pl.DataFrame:
    return connection.sql(sql, params=parameters).pl()
