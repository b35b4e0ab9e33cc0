"""The published snapshot and the planner's files as assets."""

import dagster as dg

from pipelines import planning, progress
from pipelines.contracts.base import all_tables
from pipelines.defs.resources import Run, retry_policy
from pipelines.defs.tables import freshness, upstream
from pipelines.exports import write_exports
from pipelines.report import write_report
from pipelines.warehouse import snapshots

PUBLISHED = upstream([t.name for t in all_tables() if t.step not in ("ledger", "loads")] + ["loads", "quarantine"])


@dg.asset(
    group_name="snapshot", deps=PUBLISHED, kinds={"duckdb"}, retry_policy=retry_policy(), freshness_policy=freshness("marts")
)
def snapshot(run: Run) -> dg.MaterializeResult[None]:
    """An immutable, read-only copy of the warehouse: every figure that a person reads comes from one of these."""
    published = snapshots.publish(run.warehouse, run.settings.home_folder / "snapshots", run.version)
    progress.advance("snapshot", 1, 1)
    return dg.MaterializeResult(metadata={"version": published.version, "bytes": published.path.stat().st_size})


@dg.asset(group_name="exports", deps=[snapshot], kinds={"excel", "csv"}, retry_policy=retry_policy())
def exports(run: Run) -> dg.MaterializeResult[None]:
    """Reorder suggestions and best sellers as XLSX and CSV, and the plan as a workbook that may come back, from the published snapshot."""
    home = run.settings.home_folder
    published = snapshots.current(home / "snapshots")
    files = [*write_exports(published, home / "exports"), planning.export(run.settings, published, home / "exports")]
    progress.advance("exports", 1, 1)
    return dg.MaterializeResult(metadata={"files": [str(file.name) for file in files]})


@dg.asset(group_name="exports", deps=[snapshot], kinds={"excel", "html"}, retry_policy=retry_policy())
def report(run: Run) -> dg.MaterializeResult[None]:
    """Best sellers and fulfilment of the last seven days, as a workbook and a page, from the published snapshot."""
    home = run.settings.home_folder
    files = write_report(snapshots.current(home / "snapshots"), home / "exports")
    return dg.MaterializeResult(metadata={"files": [str(file.name) for file in files]})
