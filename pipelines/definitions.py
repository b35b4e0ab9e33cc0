"""What Dagster loads. Autoloads defs/, nothing else."""

import dagster as dg

from pipelines.defs import accuracy, alerts, insights, ledger, marts, planning, publish
from pipelines.defs.jobs import JOBS, SCHEDULES
from pipelines.defs.resources import RESOURCES
from pipelines.defs.sensors import SENSORS

defs = dg.Definitions(
    assets=[*dg.load_assets_from_modules([accuracy, alerts, insights, ledger, marts, planning, publish])],
    jobs=JOBS,
    schedules=SCHEDULES,
    sensors=SENSORS,
    resources=RESOURCES,
    executor=dg.in_process_executor,
)
