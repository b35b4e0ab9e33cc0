"""Whether a step's inputs are what its tables were last made of. Here: content hashes. Not here: deciding what to skip."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import table
from pipelines.warehouse.duckdb import Warehouse


def fingerprint(warehouse: Warehouse, step: str, tables: tuple[str, ...], code: ModuleType, *facts: Any) -> pl.DataFrame:
    """`step_inputs` with the step's row for the content of `tables`, the sources of the package `code` and other facts; saved with the step's
    results. Other steps' rows stay."""
    with warehouse.open() as connection:
        found = digest(connection, tables, code.__path__, *facts)
        others = connection.sql("SELECT * FROM step_inputs WHERE step <> ?", params=[step]).pl()
    own = table("step_inputs").conform(pl.DataFrame({"step": [step], "fingerprint": [found]}))
    return pl.concat([table("step_inputs").conform(others), own])


def digest(connection: duckdb.DuckDBPyConnection, tables: Iterable[str], folders: Iterable[str], *facts: Any) -> str:
    """Hash of the content of `tables`, of every source file in `folders` and of other facts."""
    parts = [str(fact) for fact in facts]
    parts += [source.read_text(encoding="utf-8") for folder in folders for source in sorted(Path(folder).rglob("*.py"))]
    for name in tables:
        columns = ", ".join(table(name).columns)
        sums = f"SELECT count(*), bit_xor(hash({columns})), sum(hash({columns})::HUGEINT) FROM {name}"
        parts.append(str(connection.sql(sums).fetchall()))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def is_made_of(warehouse: Warehouse, inputs: pl.DataFrame) -> bool:
    """True when the step's tables in the warehouse were made of exactly these inputs (of `fingerprint`)."""
    return warehouse.read("step_inputs")["step_inputs"].join(inputs, on=["step", "fingerprint"]).height == inputs.height
