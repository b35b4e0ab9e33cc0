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
