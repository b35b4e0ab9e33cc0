"""Facts per order, made again for the orders that were touched, whole where that is not enough. Here: deciding and replacing. Not here: any fact."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw

from pipelines.contracts import table
from pipelines.warehouse import touched
from pipelines.warehouse.duckdb import Warehouse, replace_rows
from pipelines.warehouse.touched import ORDER

THESE = "(channel, order_id) IN (SELECT channel, order_id FROM touched)"


@dataclass(frozen=True)
class Fact:
    """A mart with a channel and an order in each row, whose rows of an order follow from the sources' rows of that order alone,
    and from reference tables, which bear no order. `clock` names instants of sources that count only once they have passed."""

    name: str
    transform: Callable[..., nw.LazyFrame[Any]]
    sources: tuple[str, ...]
    arguments: dict[str, Any] = field(default_factory=dict)
    clock: tuple[tuple[str, str], ...] = ()


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
        for name in _keyed_sources(facts):
            connection.execute(f"DROP TABLE IF EXISTS part_{name}").fetchall()
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
    frames = []
    for source in fact.sources:
        if is_part and _is_keyed(source):
            connection.execute(
                f"CREATE TEMP TABLE IF NOT EXISTS part_{source} AS SELECT * FROM {source} SEMI JOIN touched USING (channel, order_id)"
            ).fetchall()
            frames.append(nw.from_native(connection.table(f"part_{source}")))
        else:
            frames.append(nw.from_native(connection.table(source)))
    relation = fact.transform(*frames, **fact.arguments).to_native()
    replace_rows(connection, table(fact.name), relation, THESE if is_part else None, is_part=is_part)
    connection.execute(f"DROP TABLE IF EXISTS part_{fact.name}").fetchall()


def _is_keyed(source: str) -> bool:
    return set(ORDER) <= set(table(source).columns)


def _keyed_sources(facts: Sequence[Fact]) -> list[str]:
    return sorted({source for fact in facts for source in fact.sources if _is_keyed(source)})


def _fingerprint(connection: duckdb.DuckDBPyConnection, facts: Sequence[Fact]) -> str:
    """Of the reference tables' content, of the code of the facts and of their settings other than the clock."""
    parts = []
    for name in sorted({source for fact in facts for source in fact.sources if not _is_keyed(source)}):
        columns = ", ".join(table(name).columns)
        parts.append(
            str(
                connection.sql(f"SELECT count(*), bit_xor(hash({columns})), sum(hash({columns})::HUGEINT) FROM {name}").fetchall()
            )
        )
    for fact in facts:
        parts.append(Path(fact.transform.__code__.co_filename).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
        parts += [f"{name}={value}" for name, value in fact.arguments.items() if not name.startswith("as_of")]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
