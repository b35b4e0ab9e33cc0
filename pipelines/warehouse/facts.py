"""Facts per order, made again for the orders that were touched, whole where that is not enough. Here: deciding and replacing. Not here: any fact."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw

from pipelines.contracts import table
from pipelines.warehouse import touched, touched_days
from pipelines.warehouse.duckdb import Warehouse, replace_rows
from pipelines.warehouse.fingerprint import digest
from pipelines.warehouse.touched import ORDER

THESE = "(channel, order_id) IN (SELECT channel, order_id FROM touched)"


@dataclass(frozen=True)
class Fact:
    """A mart with a channel and an order in each row, whose rows of an order follow from the sources' rows of that order alone,
    and from reference tables, which bear no order. `clock` names instants of sources that count only once they have passed; `by`
    another column, such as the customer, all of whose rows are made again when one of its orders is touched: those of the other
    orders out of the fact's own rows, which therefore keep every column of its one source that the transform reads."""

    name: str
    transform: Callable[..., nw.LazyFrame[Any]]
    sources: tuple[str, ...]
    arguments: dict[str, Any] = field(default_factory=dict)
    clock: tuple[tuple[str, str], ...] = ()
    by: str | None = None


def refresh(
    warehouse: Warehouse, step: str, facts: Sequence[Fact], as_of: datetime, say: Callable[[str], None] = lambda name: None
) -> int | None:
    """Makes the facts so that they equal a full rebuild at `as_of`; returns how many orders were made again, None for all.

    Everything is made anew when reference tables, code or settings have changed, when `as_of` goes back, or when a fifth of the
    orders was touched.
    """
    with warehouse.open() as connection:
        change, fingerprint = touched.last_change(connection), _fingerprint(connection, facts)
        orders = _touched(connection, step, facts, fingerprint, as_of)
        for fact in facts:
            _make(connection, fact, is_part=orders is not None)
            say(fact.name)
        connection.execute("DELETE FROM fact_states WHERE step = ?", [step]).fetchall()
        connection.execute("INSERT INTO fact_states VALUES (?, ?, ?, ?)", [step, change, fingerprint, as_of]).fetchall()
        touched.forget(connection)
    return orders


def _touched(
    connection: duckdb.DuckDBPyConnection, step: str, facts: Sequence[Fact], fingerprint: str, as_of: datetime
) -> int | None:
    found = connection.execute("SELECT change, fingerprint, as_of FROM fact_states WHERE step = ?", [step]).fetchall()
    if not found or found[0][1] != fingerprint or found[0][2] > as_of:
        return None
    since, _, before = found[0]
    passed = [
        f"SELECT channel, order_id FROM {source} WHERE {column} > TIMESTAMPTZ '{before.isoformat()}' AND {column} <= TIMESTAMPTZ '{as_of.isoformat()}'"
        for source, column in dict.fromkeys(pair for fact in facts for pair in fact.clock)
    ]
    return touched.collect(connection, since, passed)


def _make(connection: duckdb.DuckDBPyConnection, fact: Fact, *, is_part: bool) -> None:
    frames = [nw.from_native(connection.table(name)) for name in (_parts(connection, fact) if is_part else fact.sources)]
    relation = fact.transform(*frames, **fact.arguments).to_native()
    is_summed = fact.name in touched_days.NOTES
    if is_summed:
        touched_days.tell(connection, fact.name, f"SELECT * FROM {fact.name} WHERE {THESE}" if is_part else None)
    these = f"rowid IN (SELECT stored_row FROM stored_{fact.name})" if fact.by else THESE
    replace_rows(connection, table(fact.name), relation, these if is_part else None, is_part=is_part)
    if is_part and not fact.by:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE part_{fact.name} AS FROM derived").fetchall()
    if is_part and is_summed:
        touched_days.tell(connection, fact.name, f"FROM part_{fact.name}")


def _parts(connection: duckdb.DuckDBPyConnection, fact: Fact) -> list[str]:
    """The names of what a fact's part is made of: its sources, those that bear an order by their touched rows."""
    parts = [_part(connection, source) if _is_keyed(source) else source for source in fact.sources]
    return [_with_stored(connection, fact, parts[0])] if fact.by else parts


def _part(connection: duckdb.DuckDBPyConnection, source: str) -> str:
    """The touched rows of a source, looked for once; those of a fact are known since it was made."""
    rows = f"SELECT rowid FROM {source} SEMI JOIN touched USING (channel, order_id)"  # which first: few columns are read for it
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS part_{source} AS FROM {source} WHERE rowid IN ({rows})").fetchall()
    return f"part_{source}"


def _with_stored(connection: duckdb.DuckDBPyConnection, fact: Fact, part: str) -> str:
    """The touched rows of the fact's source and, of the same customers, what the fact itself has stored of the other orders.

    Customers of whose touched orders nothing has changed that the fact keeps, as when a parcel was sent, are left as they are.
    """
    _collect_changed(connection, fact, part)
    stored = f"SELECT rowid AS stored_row, * FROM {fact.name} SEMI JOIN changed_{fact.name} USING ({fact.by})"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE stored_{fact.name} AS {stored}").fetchall()
    others = f"SELECT * EXCLUDE (stored_row) FROM stored_{fact.name} ANTI JOIN touched USING (channel, order_id)"
    theirs = f"SELECT * FROM {part} SEMI JOIN changed_{fact.name} USING ({fact.by})"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW with_{part} AS {theirs} UNION ALL BY NAME {others}").fetchall()
    return f"with_{part}"


def _collect_changed(connection: duckdb.DuckDBPyConnection, fact: Fact, part: str) -> None:
    """Makes the temporary table of those of whose touched orders the fact has stored otherwise than it would tell them now."""
    kept = ", ".join(name for name in table(fact.name).columns if name in table(fact.sources[0]).columns)
    had = f"SELECT {kept} FROM {fact.name} WHERE rowid IN (SELECT rowid FROM {fact.name} SEMI JOIN touched USING (channel, order_id))"
    now = fact.transform(nw.from_native(connection.table(part)), **fact.arguments).to_native().sql_query()
    have = f"SELECT {kept} FROM ({now})"
    changed = f"(({had}) EXCEPT ({have})) UNION (({have}) EXCEPT ({had}))"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE changed_{fact.name} AS SELECT DISTINCT {fact.by} FROM ({changed})"
    ).fetchall()


def _is_keyed(source: str) -> bool:
    return set(ORDER) <= set(table(source).columns)


def _fingerprint(connection: duckdb.DuckDBPyConnection, facts: Sequence[Fact]) -> str:
    """Of the reference tables' content, of the code beside the facts and of their settings other than the clock."""
    references = sorted({source for fact in facts for source in fact.sources if not _is_keyed(source)})
    folders = sorted({str(Path(inspect.getfile(fact.transform)).parent) for fact in facts})
    settings = [f"{name}={value}" for fact in facts for name, value in fact.arguments.items() if not name.startswith("as_of")]
    return digest(connection, references, folders, *settings)
