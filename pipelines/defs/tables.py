"""Contracts as Dagster sees them. Here: asset specs, column metadata, contract checks from pipelines.contracts. Not here: assets."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from pipelines.contracts import table
from pipelines.contracts.base import Table, all_tables
from pipelines.defs.resources import Run
from pipelines.warehouse.rules import broken_rules

STALE_AFTER = {"ledger": timedelta(hours=1), "marts": timedelta(hours=1)}
STALE_AFTER_DEFAULT = timedelta(hours=36)
CHECK = "keeps_its_contract"
DAYS = dg.DailyPartitionsDefinition(start_date="2000-01-01", end_offset=1)
BY_DAY = {
    "daily_sales": "business_date",
    "sku_days": "business_date",
    "daily_fulfilment": "ship_by_date",
}  # of which a range of days can be made anew, by this column


def freshness(step: str) -> dg.FreshnessPolicy:
    """How old a step's tables may grow before Dagster says so."""
    return dg.FreshnessPolicy.time_window(fail_window=STALE_AFTER.get(step, STALE_AFTER_DEFAULT))


def upstream(names: Sequence[str]) -> list[str | dg.AssetDep]:
    """What a step reads. Of tables by day it looks up the last day's record alone, where Dagster would list ten thousand days each time."""
    return [dg.AssetDep(name, partition_mapping=dg.LastPartitionMapping()) if name in BY_DAY else name for name in names]


def spec(name: str, deps: Sequence[str], **options: Any) -> dg.AssetSpec:
    """The asset of a table: group, description and columns from its contract."""
    contract = table(name)
    return dg.AssetSpec(
        name, deps=upstream(deps), group_name=contract.step, description=contract.meaning, kinds={"duckdb"}, freshness_policy=freshness(contract.step),
        metadata={"dagster/column_schema": _columns(contract)}, **options,
    )  # fmt: skip


def specs(step: str, deps: Sequence[str], leave_out: tuple[str, ...] = ()) -> list[dg.AssetSpec]:
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
    for name, (rows, broken, figures) in _stored(run, [asset.key.path[-1] for asset in assets]).items():
        check = dg.AssetCheckResult(
            asset_key=name, check_name=CHECK, passed=not broken, metadata={"rows": rows, "broken_rules": broken}
        )
        yield dg.MaterializeResult(
            asset_key=name, metadata={"dagster/row_count": rows, **figures, **metadata}, check_results=[check]
        )


def _stored(run: Run, names: list[str]) -> dict[str, tuple[int, dict[str, int], dict[str, float]]]:
    """Per table its rows, the rules that some of them break, and sums of money, so that a jump shows in the asset's history."""
    with run.warehouse.open() as connection:
        return {name: (*broken_rules(connection, table(name)), _sums(connection, table(name))) for name in names}


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


def _sums(connection: duckdb.DuckDBPyConnection, contract: Table) -> dict[str, float]:
    money = [name for name, dtype in contract.dtypes.items() if isinstance(dtype, pl.Decimal) and name.endswith("_amount")][:4]
    if not money:
        return {}
    sums = connection.sql(f"SELECT {', '.join(f'sum({name})' for name in money)} FROM {contract.name}").fetchall()[0]
    return {f"total_{name}": float(total) for name, total in zip(money, sums, strict=True) if total is not None}
