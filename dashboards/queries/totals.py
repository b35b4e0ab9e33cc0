"""What totals of forecasts the page Forecast shows of a snapshot. An older snapshot lacks them: then they are empty."""

import duckdb
import polars as pl

from dashboards.queries.forecast import has
from pipelines.contracts import table

Connection = duckdb.DuckDBPyConnection
PAST = {"day": 42, "week": 26, "month": 12}  # periods before the cutoff
A_YEAR = {"day": "364d", "week": "364d", "month": "1y"}  # later, on the same weekday
_MEMBER = {"sku": "d.sku", "category": "coalesce(p.category, 'no category')", "location": "d.location_id", "total": "'total'"}
_START = {
    "day": "d.demand_date",
    "week": "(i.cutoff + 1 - 7 * ((i.cutoff - d.demand_date) // 7 + 1)::INTEGER)",
    "month": "date_trunc('month', d.demand_date)::DATE",
}


def names(connection: Connection, level: str) -> pl.DataFrame:
    """name and units_ahead, its expected demand of all weeks, of a level's members, the largest first."""
    if not has(connection, "forecast_totals"):
        return pl.DataFrame(schema={"name": pl.String, "units_ahead": pl.Float64})
    return connection.sql(
        "SELECT name, sum(mean_units) AS units_ahead FROM forecast_totals WHERE level = ? AND period_kind = 'week' GROUP BY ALL ORDER BY 2 DESC, 1",
        params=[level],
    ).pl()


def fan(connection: Connection, level: str, name: str, period: str) -> pl.DataFrame:
    """period_start_date, days, actual_units of past periods as imported, mean_units and quantiles of those to come, of both last_year_units,
    what was wanted of the same period 52 weeks or 12 months before.

    The month that the cutoff lies in stands twice, what was wanted of it so far and what is expected of its rest.
    """
    past = connection.sql(f"""
        WITH i AS (SELECT max(cutoff_date) AS cutoff FROM forecast_totals)
        SELECT {_START[period]} AS period_start_date, sum(d.demand_units)::DOUBLE AS actual_units
        FROM demand d CROSS JOIN i LEFT JOIN (SELECT sku, any_value(category) AS category FROM products GROUP BY sku) p USING (sku)
        WHERE {_MEMBER[level]} = ? AND d.demand_date <= i.cutoff GROUP BY ALL ORDER BY 1
    """, params=[name]).pl()  # fmt: skip
    ahead = connection.sql(
        "SELECT * FROM forecast_totals WHERE level = ? AND name = ? AND period_kind = ? ORDER BY period_start_date",
        params=[level, name, period],
    ).pl()
    shown = table("forecast_totals").conform(ahead).drop("level", "name", "period_kind", "cutoff_date")
    both = pl.concat([past.tail(PAST[period]), shown], how="diagonal")
    whole = past.slice(1)  # the first may have begun before the history did
    before = whole.select(pl.col("period_start_date").dt.offset_by(A_YEAR[period]), last_year_units="actual_units")
    return both.join(before, on="period_start_date", how="left", maintain_order="left")
