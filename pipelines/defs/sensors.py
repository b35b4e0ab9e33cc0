"""What makes a refresh start beside the clock: deliveries of platforms that landed. Here: looking. Not here: what a refresh does."""

from pathlib import Path

import dagster as dg

from pipelines.defs.jobs import refresh_orders
from pipelines.defs.resources import Run
from pipelines.intake.notices import WEBHOOKS

EVERY_SECONDS = 20
WAITING = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING)


@dg.sensor(job=refresh_orders, minimum_interval_seconds=EVERY_SECONDS)
def webhooks_landed(context: dg.SensorEvaluationContext, run: Run) -> dg.SensorResult | dg.SkipReason:
    """Refreshes orders when deliveries have landed since the last time; those that come while a refresh waits go with it."""
    newest = newest_delivery(run.settings.home_folder / "landing")
    if newest <= float(context.cursor or 0):
        return dg.SkipReason("No delivery has landed since the last refresh.")
    waiting = dg.RunsFilter(job_name=refresh_orders.name, statuses=list(WAITING))
    if context.instance.get_runs_count(waiting):
        return dg.SkipReason("A refresh is waiting to start and takes the new deliveries with it.")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=f"webhooks {newest}")], cursor=f"{newest}")


def newest_delivery(landing: Path) -> float:
    """When the newest delivery landed (seconds since 1970); 0 where none has."""
    return max((folder.stat().st_mtime for folder in landing.glob(f"*.{WEBHOOKS}")), default=0.0)


SENSORS = [webhooks_landed]
