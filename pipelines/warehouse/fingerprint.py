"""Whether a step's inputs are what they were when it last ran. Here: content hashes. Not here: deciding what to skip."""

import hashlib
from typing import Any

from pipelines.contracts import table
from pipelines.warehouse.duckdb import Warehouse

FILE = "{step}.fingerprint"


def is_unchanged(warehouse: Warehouse, step: str, tables: tuple[str, ...], *facts: Any) -> bool:
    """True when `remember` was last called with the same content of `tables` and the same facts."""
    file = warehouse.path.parent / FILE.format(step=step)
    return file.exists() and file.read_text() == _fingerprint(warehouse, tables, facts)


def remember(warehouse: Warehouse, step: str, tables: tuple[str, ...], *facts: Any) -> None:
    """Notes that the step's results belong to this content."""
    (warehouse.path.parent / FILE.format(step=step)).write_text(_fingerprint(warehouse, tables, facts))


def _fingerprint(warehouse: Warehouse, tables: tuple[str, ...], facts: tuple[Any, ...]) -> str:
    parts = [str(fact) for fact in facts]
    with warehouse.open() as connection:
        for name in tables:
            columns = ", ".join(table(name).columns)
            parts.append(str(connection.sql(f"SELECT count(*), bit_xor(hash({columns})), sum(hash({columns})::HUGEINT) FROM {name}").fetchall()))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
