"""Sums of a fact per day, made again for the days that were touched, or whole. Here: replacing. Not here: any sum."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import narwhals as nw

from pipelines.contracts import table
from pipelines.warehouse import touched_days
from pipelines.warehouse.duckdb import Warehouse, replace_rows

Transform = Callable[[nw.LazyFrame[Any]], nw.LazyFrame[Any]]


@dataclass(frozen=True)
class Summed:
    """A fact whose rows are summed per day. `clock` names the instant before which a row does not count yet."""

    fact: str
    clock: str | None = None


def refresh_sums(
    warehouse: Warehouse, summed: Summed, sums: Mapping[str, Transform], as_of: datetime, say: Callable[[str], None]
) -> None:
    """Makes the sums so that they equal a full rebuild at `as_of`, and forgets what was touched.

    Each is a mart over the fact with its day, or more of what is told of touched rows, in its key. Days with rows that do not
    count yet stay touched: the clock will change their sums.
    """
    with warehouse.open() as connection:  # one opening, so that nothing that another run touches is forgotten unmade
        for name, transform in sums.items():
            is_part = not touched_days.is_every_day(connection, summed.fact)
            where = _collect(connection, summed.fact, table(name).key) if is_part else None
            rows = nw.from_native(connection.table("part_summed" if is_part else summed.fact))
            replace_rows(connection, table(name), transform(rows).to_native(), where, is_part=is_part)
            say(name)
        touched_days.forget(connection, summed.fact)
        if summed.clock:
            ahead = f"SELECT * FROM {summed.fact} WHERE {summed.clock} > TIMESTAMPTZ '{as_of.isoformat()}'"
            touched_days.tell(connection, summed.fact, ahead)


def _collect(connection: duckdb.DuckDBPyConnection, fact: str, key: tuple[str, ...]) -> str:
    """Makes the temporary view `part_summed` of the fact's rows whose days were touched; returns the condition on them."""
    named = ", ".join(name for name in touched_days.keys(fact) if name in key)
    touched_keys = f"SELECT DISTINCT {named} FROM {touched_days.NOTES[fact]}"
    rows = f"SELECT * FROM {fact} SEMI JOIN ({touched_keys}) USING ({named})"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW part_summed AS {rows}").fetchall()
    return f"({named}) IN ({touched_keys})"
