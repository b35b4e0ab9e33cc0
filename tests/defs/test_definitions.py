"""What Dagster shows and runs: the graph, its checks and schedules, a backfill of a range of days, a step that fails."""

import shutil
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from pipelines.contracts.base import all_tables
from pipelines.definitions import defs
from pipelines.defs.marts import GROUPS, MARTS
from pipelines.defs.tables import CHECK
from pipelines.running import execute
from pipelines.settings import Settings
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.snapshots import current, open_snapshot
from tests.conftest import environment

TABLES = [t for t in all_tables() if t.step != "loads"]


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(demo_home, copy, ignore=shutil.ignore_patterns("landing", "snapshots"))
    return copy


def test_every_table_is_an_asset_in_the_group_of_its_step_with_the_contracts_columns() -> None:
    specs = {spec.key.path[-1]: spec for spec in defs.resolve_all_asset_specs()}
    for table in TABLES:
        spec = specs[table.name]
        assert spec.group_name == table.step
        assert spec.description == table.meaning
        assert spec.freshness_policy is not None
        schema = spec.metadata["dagster/column_schema"]
        assert [column.name for column in schema.columns] == list(table.columns)
        assert all(column.description for column in schema.columns)


def test_every_table_has_a_blocking_contract_check() -> None:
    checks = {(key.asset_key.path[-1], key.name) for key in defs.resolve_asset_graph().asset_check_keys}
    assert {(table.name, CHECK) for table in TABLES} <= checks
    assert ("loads", "balances") in checks
    graph = defs.resolve_asset_graph()
    assert all(graph.get_check_spec(key).blocking for key in graph.asset_check_keys if key.name in (CHECK, "balances"))


def test_the_graph_flows_from_landing_to_exports_and_never_back() -> None:
    order = [
        "landing",
        "ledger",
        "marts",
        "demand",
        "selection",
        "forecast",
        "accuracy",
        "alerts",
        "insights",
        "spreads",
        "decisions",
        "snapshot",
        "exports",
    ]
    specs = {spec.key.path[-1]: spec for spec in defs.resolve_all_asset_specs()}
    for spec in specs.values():
        for dep in spec.deps:
            assert order.index(specs[dep.asset_key.path[-1]].group_name) <= order.index(spec.group_name), (spec.key, dep)


def test_jobs_schedules_and_retries() -> None:
    schedules = {s.job_name: s.cron_schedule for s in defs.schedules}
    assert schedules == {
        "refresh_orders": "*/15 * * * *",
        "reconcile_channels": "30 1 * * *",
        "refresh_forecasts": "30 2 * * *",
        "weekly_report": "0 6 * * 1",
    }
    assert {job.name for job in defs.resolve_all_job_defs()} >= {
        "refresh_all",
        "refresh_orders",
        "refresh_forecasts",
        "reconcile_channels",
    }
    for node in defs.resolve_job_def("refresh_all").all_node_defs:
        assert node.retry_policy is not None, node.name


def test_a_range_of_days_is_made_anew_in_one_run(home: Path, demo_files: Path) -> None:
    with environment(home, demo_files / "inbox"):
        warehouse = Warehouse(home / "warehouse.duckdb")
        right = warehouse.read("daily_sales")["daily_sales"]
        damaged = right.with_columns(orders=pl.col("orders") + 1000)
        warehouse.save({"daily_sales": damaged})
        tags = {"dagster/asset_partition_range_start": "2025-12-01", "dagster/asset_partition_range_end": "2025-12-31"}
        asset = next(a for a in defs.assets if isinstance(a, dg.AssetsDefinition) and dg.AssetKey("daily_sales") in a.keys)
        with dg.DagsterInstance.ephemeral() as instance:
            assert dg.materialize([asset], resources=defs.resources, instance=instance, tags=tags).success
        after = warehouse.read("daily_sales")["daily_sales"].sort("business_date", "channel", "currency_code")
    december = pl.col("business_date").is_between(pl.date(2025, 12, 1), pl.date(2025, 12, 31))
    keys = ["business_date", "channel", "currency_code"]
    assert after.filter(december).equals(right.sort(keys).filter(december))
    assert after.filter(~december).equals(damaged.sort(keys).filter(~december))
    assert after.filter(december).height > 50


def test_every_mart_is_in_one_group() -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(MARTS)


def test_orders_are_refreshed_before_anything_was_forecast(home: Path, demo_files: Path) -> None:
    """A home on which no night has passed yet: no series has levels, everything else goes on."""
    with Warehouse(home / "warehouse.duckdb").open() as connection:
        connection.execute("DELETE FROM forecast_means").fetchall()
    with environment(home, demo_files / "inbox"):
        assert not execute("refresh_orders", Settings()).failures
    with open_snapshot(current(home / "snapshots")) as connection:
        assert connection.sql("SELECT count(*) FROM reorder_suggestions").fetchall()[0][0] == 0
        assert connection.sql("SELECT count(*) FROM sales_entries").fetchall()[0][0] > 0


def test_a_folder_that_is_not_there_ends_with_a_sentence_and_nothing_is_published(tmp_path: Path) -> None:
    with environment(tmp_path / "home", tmp_path / "nowhere"):
        outcome = execute("refresh_all", Settings())
    assert len(outcome.failures) == 1
    assert "nowhere" in outcome.failures[0] and "does not exist; put the files there or give --input." in outcome.failures[0]
    assert not (tmp_path / "home" / "snapshots").exists()
