"""Running a job of the Dagster definitions in this process. Here: the instance, the outcome in words. Not here: what the job does."""

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import InputError
from pipelines.settings import Settings

INSTANCE = """\
storage:
  custom:
    module: pipelines.defs.records
    class: Records
    config:
      base_dir:
        env: DAGSTER_HOME
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
"""


@dataclass
class Outcome:
    """How a run went: what stopped it, files that were refused, channels that didn't answer, feeds without files, seconds per step."""

    failures: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def prepare_instance(settings: Settings) -> Path:
    """Makes the folder of Dagster's own records, with telemetry off, and points this process to it."""
    folder = settings.home_folder / "dagster"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "dagster.yaml").write_text(INSTANCE)
    except OSError as problem:
        raise InputError(
            f"{settings.home_folder} can't be written to ({problem.strerror}); give --home another folder."
        ) from problem
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def execute(job_name: str, settings: Settings) -> Outcome:
    """Runs the job in process, with the same definitions that Dagster's own page shows."""
    prepare_instance(settings)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    import dagster as dg

    from pipelines.definitions import defs

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.get() as instance:
        job = defs.resolve_job_def(job_name)
        result = job.execute_in_process(instance=instance, run_config=quiet, raise_on_error=False)
    outcome = Outcome()
    for event in result.all_events:
        if event.is_step_failure:
            outcome.failures.append(_sentence(event.step_key or "", event.step_failure_data))
        if event.is_step_materialization and event.asset_key and event.asset_key.path[-1] == "landing":
            outcome.missing.extend(event.materialization.metadata["feeds_without_files"].value or [])  # type: ignore[arg-type]
        if event.is_step_success:
            outcome.seconds[event.step_key or ""] = event.step_success_data.duration_ms / 1000
    for evaluation in result.get_asset_check_evaluations():
        if evaluation.check_name == "every_channel_answers":
            outcome.unanswered.extend(evaluation.metadata["failures"].value or [])  # type: ignore[arg-type]
        if evaluation.check_name == "no_file_is_refused":
            outcome.refused.extend(evaluation.metadata["refused"].value or [])  # type: ignore[arg-type]
    return outcome


def _sentence(step: str, failure: object) -> str:
    """The innermost message of a failed step."""
    data = getattr(failure, "user_failure_data", None)
    if data is not None and data.description:
        return str(data.description)
    error = getattr(failure, "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    return f"Step {step} failed: {error.message.strip() if error else 'no reason given'}"
