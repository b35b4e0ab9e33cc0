"""Dagster's records as we keep them, read back by Dagster's own storage."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

from pipelines.defs import records
from pipelines.running import prepare_instance
from pipelines.settings import Settings


@dg.asset
def counted() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"dagster/row_count": 3})


def test_runs_leave_the_records_that_dagsters_own_storage_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "set anew")  # and back after the test
    monkeypatch.setattr(records, "FILES_OPEN", 2)
    folder = prepare_instance(Settings(home=tmp_path))
    with dg.DagsterInstance.get() as instance:
        runs = [dg.materialize([counted], instance=instance).run_id for _ in range(2)]
        told = {run: instance.all_logs(run) for run in runs}
    assert list(folder.rglob("*.db-wal")) == [], "every file is closed"
    own = DagsterSqliteStorage(str(folder))
    for run in runs:
        (found,) = own.run_storage.get_runs(dg.RunsFilter(run_ids=[run]))
        assert found.is_success
        assert own.event_log_storage.get_logs_for_run(run) == told[run]
        assert len(told[run]) > 5
    (asset,) = own.event_log_storage.get_asset_records([counted.key])
    assert asset.asset_entry.last_run_id == runs[-1]
    own.dispose()
