"""Contracts as Dagster sees them. Here: asset specs, column metadata, contract checks from pipelines.contracts. Not here: assets."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg
import polars as pl

from pipelines.contracts import table
from pipelines.contracts.base import Table, all_tables
from pipelines.defs.resources import Run

STALE_AFTER = {"ledger": timedelta(hours=1), "marts": timedelta(hours=1)}
STALE_AFTER_DEFAULT = timedelta(hours=36)
CHECK = "keeps_its_contract"


def freshness(step: str) -> dg.FreshnessPolicy:
    """How old a step's tables may grow before Dagster says so."""
    return dg.FreshnessPolicy.time_window(fail_window=STALE_AFTER.get(step, STALE_AFTER_DEFAULT))


def spec(name: str, deps: list[str], **options: Any) -> dg.AssetSpec:
    """The asset of a table: group, description and columns from its contract."""
    contract = table(name)
    return dg.AssetSpec(
        name, deps=deps, group_name=contract.step, description=contract.meaning, kinds={"duckdb"}, freshness_policy=freshness(contract.step),
        metadata={"dagster/column_schema": _columns(contract)}, **options,
    )  # fmt: skip


def specs(step: str, deps: list[str], leave_out: tuple[str, ...] = ()) -> list[dg.AssetSpec]:
    """Assets of all tables of a step that are written together."""
    return [spec(contract.name, deps) for contract in all_tables(step) if contract.name not in leave_out]


def check_specs(assets: list[dg.AssetSpec]) -> list[dg.AssetCheckSpec]:
    """A blocking contract check per asset."""
    return [
        dg.AssetCheckSpec(
            CHECK, asset=asset.key, blocking=True, description="Types, keys and rules of the contract hold in every row"
        )
        for asset in assets
    ]


def results(run: Run, assets: list[dg.AssetSpec], **metadata: Any) -> Iterator[dg.MaterializeResult[None]]:
    """Materialisations of saved tables: their row counts, and their contracts checked on what is stored."""
    names = [asset.key.path[-1] for asset in assets]
    for name, frame in run.warehouse.read(*names).items():
        _, failure = table(name).schema.filter(frame)
        broken = {rule: int(rows) for rule, rows in failure.counts().items()}
        check = dg.AssetCheckResult(
            asset_key=name, check_name=CHECK, passed=not broken, metadata={"rows": frame.height, "broken_rules": broken}
        )
        figures = {"dagster/row_count": frame.height, **_figures(frame), **metadata}
        yield dg.MaterializeResult(asset_key=name, metadata=figures, check_results=[check])


def _columns(contract: Table) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name, str(column.dtype), description=column.description,
                constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=contract.key == (name,)),
            )
            for name, column in contract.columns.items()
        ]
    )  # fmt: skip


def _figures(frame: pl.DataFrame) -> dict[str, Any]:
    """Sums of money, so that a jump shows in the asset's history."""
    money = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Decimal) and name.endswith("_amount")]
    return {f"total_{name}": float(frame[name].sum()) for name in money[:4] if frame[name].null_count() < frame.height}
