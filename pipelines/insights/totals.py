"""Forecasts of totals from those of series. Here: the snapshot's tables to the models' frames. Not here: sums of paths (models/forecast/totals.py)."""

import numpy as np
import polars as pl

from models.forecast.together import UNTOLD, Shared, learn, scores
from models.forecast.totals import totals, weekday_rates
from models.layers import layered
from pipelines.contracts import table

Frames = dict[str, pl.DataFrame]
TABLES = ("forecasts", "forecast_means", "products", "demand", "demand_layers", "forecast_history")
LEVELS = {"q05_units": 0.05, "q10_units": 0.1, "q25_units": 0.25, "q50_units": 0.5, "q75_units": 0.75, "q90_units": 0.9, "q95_units": 0.95,
          "q975_units": 0.975, "q99_units": 0.99}  # fmt: skip
MOST_ROWS = 1_000_000  # of past forecasts from which is learnt how far series go together


def forecast_totals(t: Frames) -> Frames:
    """The tables forecast_totals and forecast_weekdays from `TABLES`."""
    means = t["forecast_means"]
    weekdays = weekday_rates(layered(t["demand"], t["demand_layers"]), means.select("sku", "location_id").unique())
    shared = together(t["forecast_history"], t["products"])
    found = totals(means, t["forecasts"], t["products"].select("sku", "category"), weekdays, shared)
    made = {"forecast_totals": found, "forecast_weekdays": weekdays}
    return {name: table(name).conform(frame) for name, frame in made.items()}


def together(history: pl.DataFrame, products: pl.DataFrame) -> Shared:
    """How far series went together in forecasts of weeks that are over and were fully seen."""
    known = history.filter(pl.col("actual_units").is_not_null() & (pl.col("mean_units") > 0))
    if known.is_empty():
        return UNTOLD
    rows = known.sort("cutoff_date", "sku", "location_id", "horizon").tail(MOST_ROWS)
    rows = rows.join(products.select("sku", "category").unique("sku"), on="sku", how="left")
    score = scores(rows["actual_units"].to_numpy(), rows.select(*LEVELS).to_numpy(), np.array(list(LEVELS.values())))
    codes = rows.select(
        pl.struct("sku", "location_id").rank("dense"), pl.col("category").fill_null("").rank("dense"), pl.col("cutoff_date").rank("dense"),
        pl.col("horizon"),
    )  # fmt: skip
    return learn(score, *(codes.to_series(k).to_numpy().astype(np.int64) for k in range(4)))
