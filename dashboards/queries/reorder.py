"""What the reorder page asks of a snapshot."""

import duckdb
import polars as pl

from models import worklist
from models.quantity import paid_amount
from models.worklist import WhatIf
from pipelines import planning
from pipelines.decisions import before_moves, of_moved
from pipelines.warehouse.duckdb import read_table

Connection = duckdb.DuckDBPyConnection


def suggestions(connection: Connection) -> pl.DataFrame:
    """Suggested orders, soonest stock-out and greatest value first, then series whose stock is unknown; with prices."""
    return planning.suggested(connection)


def limits(connection: Connection) -> pl.DataFrame:
    """What each supplier asks of an order, reporting currency."""
    return planning.limits(connection)


def joint_baskets(connection: Connection) -> pl.DataFrame:
    """Baskets whose lines were decided together, beside what each line would order alone; the largest first."""
    return connection.sql("""
        SELECT supplier_id, location_id, lines, amount, alone_lines, alone_amount, volume_m3, containers, binding, value_amount, bound_amount, gap_rate
        FROM supplier_baskets WHERE is_joint ORDER BY amount DESC, supplier_id, location_id
    """).pl()  # fmt: skip


def changed_by_baskets(connection: Connection) -> pl.DataFrame:
    """Lines of which a basket takes more or less than they need alone, the largest change of money first."""
    return connection.sql("""
        SELECT supplier_id, sku, description, location_id, sku_quantity_units, order_quantity_units, order_amount, basket_effect
        FROM reorder_suggestions WHERE basket_effect <> ''
        ORDER BY abs(order_quantity_units - sku_quantity_units) * coalesce(unit_cost_amount, 0) DESC, sku, location_id
    """).pl()  # fmt: skip


def what_if(connection: Connection, asked: WhatIf) -> pl.DataFrame:
    """Every series decided anew, alone, with other settings; beside what the run would have ordered it alone (planned_quantity_units)."""
    rows, schedule = planning.every(connection), read_table(connection, "position_schedule").rename({"due_days": "days"})
    means, quantiles = (read_table(connection, name) for name in ("forecast_means", "forecasts"))
    decided = worklist.what_if(rows, means, quantiles, before_moves(schedule), of_moved(schedule), asked)
    return decided.with_columns(
        planned_quantity_units="sku_quantity_units",
        amount=paid_amount("quantity_units"),
        planned_amount=paid_amount("sku_quantity_units"),
    )


def schedule(connection: Connection, sku: str, location_id: str) -> pl.DataFrame:
    """The parts of a position by the day on which they are there; none where stock is unknown."""
    return connection.sql(
        "SELECT part, due_days, units FROM position_schedule WHERE sku = ? AND location_id = ? ORDER BY due_days, part", params=[sku, location_id]
    ).pl()  # fmt: skip


def transfers(connection: Connection) -> pl.DataFrame:
    """Suggested moves between locations."""
    return connection.sql(
        "SELECT kind, sku, from_location_id, location_id, transfer_units, surplus_units, arrival_date, reason FROM transfer_suggestions "
        "ORDER BY transfer_units DESC, sku, location_id, from_location_id"
    ).pl()


def backorders(connection: Connection) -> pl.DataFrame:
    """Open order lines that no stock covers."""
    return connection.sql(
        "SELECT channel, order_id, sku, ordered_at, is_expedited, open_units, reason FROM allocations WHERE location_id = 'backorder' ORDER BY ordered_at"
    ).pl()


def exceptions(connection: Connection) -> pl.DataFrame:
    """What has to be mended before orders can be right, the most money first."""
    return connection.sql("""
        SELECT kind, sku, location_id, about, reason, treatment, order_quantity_units, order_amount FROM order_exceptions
        ORDER BY order_amount DESC NULLS LAST, kind, sku, location_id, about
    """).pl()  # fmt: skip


def placements(connection: Connection) -> pl.DataFrame:
    """Where networks of locations hold safety stock best, the most saved first."""
    return connection.sql("""
        SELECT sku, location_id, source_location_id, promised_days, safety_stock_units, alone_safety_stock_units, holding_amount, alone_holding_amount
        FROM stock_placements
        ORDER BY sum(alone_holding_amount - holding_amount) OVER (PARTITION BY sku) DESC, sku, location_id <> source_location_id, location_id
    """).pl()  # fmt: skip
