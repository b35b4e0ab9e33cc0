"""Past forecasts and how good they were as assets: a body is load → call → save."""

from collections.abc import Iterator

import dagster as dg

from models import knowledge, past_forecasts, scoring
from models.demand import weekly_history
from pipelines import nightly
from pipelines.contracts import table
from pipelines.defs.resources import Run, retry_policy
from pipelines.defs.tables import check_specs, results, specs

READ = ("demand", "knowledge", "products")
ACCURACY = specs("accuracy", ["forecast_means", "forecasts", *READ])


@dg.multi_asset(specs=ACCURACY, check_specs=check_specs(ACCURACY), retry_policy=retry_policy())
def accuracy_tables(run: Run) -> Iterator[dg.MaterializeResult[None]]:
    """What was forecast when, beside what came, and how good it was."""
    t = run.warehouse.read(*READ)
    history = knowledge.with_inherited(t["demand"], nightly.in_force(t["knowledge"]))
    past = past_forecasts.with_actuals(run.archive.weekly().drop("actual_units"), history, run.cutoff)
    categories = t["products"].select("sku", "category").unique("sku", keep="first", maintain_order=True)
    frames = {
        "forecast_history": past,
        "forecast_accuracy": scoring.scores(past, weekly_history(history, run.cutoff), categories),
        "series_accuracy": scoring.of_series(past),
        "knowledge_scores": scoring.of_entries(past, t["knowledge"]),
    }
    run.warehouse.save({name: table(name).conform(frame) for name, frame in frames.items()})
    yield from results(run, ACCURACY)
