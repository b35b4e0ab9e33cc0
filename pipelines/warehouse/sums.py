"""Sums of sales entries, made again for the days and SKUs that were touched, or whole. Here: replacing. Not here: any sum."""

from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import narwhals as nw

from pipelines.contracts import table
from pipelines.warehouse import touched
from pipelines.warehouse.duckdb import Warehouse, replace_rows

TOUCHED = ("business_date", "sku")


def refresh_sums(
    warehouse: Warehouse, sums: Mapping[str, Callable[[nw.LazyFrame[Any]], nw.LazyFrame[Any]]], say: Callable[[str], None]
) -> None:
    """Makes the sums so that they equal a full rebuild, and forgets what was touched.

    Each is a mart over sales_entries with a business date, or a business date and a SKU, in its key.
    """
    with warehouse.open() as connection:  # one opening, so that nothing that another run touches is forgotten unmade
        for name, transform in sums.items():
            is_part = not touched.is_every_day(connection)
            where = _collect(connection, tuple(k for k in TOUCHED if k in table(name).key)) if is_part else None
            entries = nw.from_native(connection.table("part_entries" if is_part else "sales_entries"))
            replace_rows(connection, table(name), transform(entries).to_native(), where, is_part=is_part)
            say(name)
        touched.forget_days(connection)


def _collect(connection: duckdb.DuckDBPyConnection, keys: tuple[str, ...]) -> str:
    """Makes the temporary view `part_entries` of the entries whose keys were touched; returns the condition on them."""
    named = ", ".join(keys)
    touched_keys = f"SELECT DISTINCT {named} FROM touched_days"
    rows = f"SELECT * FROM sales_entries SEMI JOIN ({touched_keys}) USING ({named})"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW part_entries AS {rows}").fetchall()
    return f"({named}) IN ({touched_keys})"
