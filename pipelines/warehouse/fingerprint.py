"""Whether a step's inputs are what its tables were last made of. Here: content hashes. Not here: deciding what to skip."""

import hashlib
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from pipelines.contracts import table
from pipelines.warehouse.duckdb import Warehouse


def fingerprint(warehouse: Warehouse, step: str, tables: tuple[str, ...], code: ModuleType, *facts: Any) -> pl.DataFrame:
    """The row of `step_inputs` for the content of `tables`, the sources of the package `code` and other facts; saved with the step's results."""
    parts = [str(fact) for fact in facts]
    parts += [source.read_text(encoding="utf-8") for folder in code.__path__ for source in sorted(Path(folder).rglob("*.py"))]
    with warehouse.open() as connection:
        for name in tables:
            columns = ", ".join(table(name).columns)
            parts.append(
                str(
                    connection.sql(
                        f"SELECT count(*), bit_xor(hash({columns})), sum(hash({columns})::HUGEINT) FROM {name}"
                    ).fetchall()
                )
            )
    digest = hashlib.sha256("|".join(parts).encode()).hexdigest()
    return table("step_inputs").conform(pl.DataFrame({"step": [step], "fingerprint": [digest]}))


def is_made_of(warehouse: Warehouse, inputs: pl.DataFrame) -> bool:
    """True when the step's tables in the warehouse were made of exactly these inputs."""
    return warehouse.read("step_inputs")["step_inputs"].join(inputs, on=["step", "fingerprint"]).height > 0
