"""What the reorder page asks of a snapshot."""

import duckdb
import polars as pl

from models import worklist
from pipelines import planning
from pipelines.warehouse.duckdb import read_table

Connection = duckdb.DuckDBPyConnection


def suggestions(connection: Connection) -> pl.DataFrame:
    """Suggested orders, soonest stock-out and greatest value first, then series whose stock is unknown; with prices."""
    return planning.suggested(connection)


def minima(connection: Connection) -> pl.DataFrame:
    """What each supplier asks for at least, reporting currency."""
    return planning.minima(connection)


def what_if(
    connection: Connection, cycle_service_level: float | None, lead_time_rate: float, budget_amount: float | None
) -> pl.DataFrame:
    """Every series decided anew with other settings."""
    rows, means, quantiles = (
        planning.every(connection),
        read_table(connection, "forecast_means"),
        read_table(connection, "forecasts"),
    )
    return worklist.what_if(rows, means, quantiles, cycle_service_level, lead_time_rate, budget_amount)


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
