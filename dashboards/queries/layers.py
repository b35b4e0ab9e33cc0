"""What the layers of the history on the page Forecast show of a snapshot. An older snapshot lacks them: then they are empty."""

import duckdb
import polars as pl

from dashboards.queries.forecast import PAST_WEEKS, has
from models.demand import full_week_units, weekly_history
from models.layers import layered
from pipelines.contracts import table

Connection = duckdb.DuckDBPyConnection
WEEKS = {
    "week_end": pl.Date, "imported_units": pl.Int64, "outlier_units": pl.Float64, "promotion_units": pl.Float64, "returned_units": pl.Float64,
    "lost_units": pl.Float64, "layered_units": pl.Float64, "seen_days": pl.Float64,
}  # fmt: skip


def weeks(connection: Connection, sku: str, location_id: str) -> pl.DataFrame:
    """A year of weeks: units as imported, what each layer that is applied adds or takes away, and what the forecast is made from.

    layered_units is blank where too little of the week was seen for it to count. Columns as WEEKS.
    """
    days = _rows(connection, "demand", sku, location_id)
    cutoff = connection.sql("SELECT max(cutoff_date) FROM forecast_means").fetchall()[0][0]
    if days.is_empty() or cutoff is None:
        return pl.DataFrame(schema=WEEKS)
    above = _rows(connection, "demand_layers", sku, location_id)
    week = -((pl.lit(cutoff) - pl.col("demand_date")).dt.total_days() // 7)
    imported = days.group_by(week=week).agg(imported_units=pl.col("demand_units").sum())
    parts = [
        (f"{layer}_units", pl.col("units").filter(pl.col("layer") == layer).sum())
        for layer in ("outlier", "promotion", "returned", "lost")
    ]
    moved = above.filter("is_applied").group_by(week=week).agg(**dict(parts))
    history = weekly_history(layered(days, above), cutoff).filter(pl.col("week") > -PAST_WEEKS)
    rows = history.join(imported, on="week", how="left").join(moved, on="week", how="left").sort("week")
    return rows.select(
        pl.col("imported_units").fill_null(0), *(pl.col(name).fill_null(0.0) for name, _ in parts), "seen_days",
        week_end=pl.lit(cutoff) + pl.duration(days=7 * pl.col("week")), layered_units=full_week_units(),
    ).select(pl.col(name).cast(dtype) for name, dtype in WEEKS.items())  # fmt: skip


def entries(connection: Connection, sku: str, location_id: str) -> pl.DataFrame:
    """Every day of a layer that changes something, applied or not, the newest first."""
    rows = _rows(connection, "demand_layers", sku, location_id).filter(pl.col("units") != 0)
    return rows.select("demand_date", "channel", "layer", "units", "is_applied", "reason").sort("demand_date", descending=True)


def _rows(connection: Connection, name: str, sku: str, location_id: str) -> pl.DataFrame:
    if not has(connection, name):
        return table(name).empty()
    return table(name).conform(
        connection.sql(f"SELECT * FROM {name} WHERE sku = ? AND location_id = ?", params=[sku, location_id]).pl()
    )
