"""How far each series' past forecasts erred. Here: the tables that it is learnt from. Not here: the arithmetic (models/spreads.py)."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from models.demand import SERIES, full_week_units
from models.spreads import MOST_WEEKS, ORIGINS, dispersions_of, learned_dispersions, squared_errors, whole_weeks
from pipelines import nightly
from pipelines.channels.merchant import Planning
from pipelines.contracts import table

TABLES = ("forecast_history", "forecast_means", *nightly.TABLES)


def made(t: dict[str, pl.DataFrame], planning: Planning, cutoff: date) -> pl.DataFrame:
    """forecast_spreads of every forecast series, from forecasts as they were made and what came; where none is old enough, from what own
    histories would have forecast, and blank where those are too short."""
    series = t["forecast_means"].select(*SERIES).unique().sort(*SERIES)
    past = t["forecast_history"].filter(pl.col("horizon") <= MOST_WEEKS)
    dates = (
        past.filter((pl.col("horizon") == 1) & pl.col("actual_units").is_not_null())["cutoff_date"].unique().sort(descending=True)
    )
    errors = []
    for past_cutoff in dates[:ORIGINS]:
        rows = past.filter(pl.col("cutoff_date") == past_cutoff).sort(*SERIES, "horizon")
        rows = rows.filter(pl.len().over(*SERIES) == MOST_WEEKS)
        ids = rows.select(*SERIES).unique(maintain_order=True)
        means, came = (
            rows[name].fill_null(float("nan")).to_numpy().reshape(ids.height, MOST_WEEKS)
            for name in ("mean_units", "actual_units")
        )
        found = squared_errors(means, came, whole_weeks(_intervals(ids, t["supplier_terms"], planning)))
        errors.append(found.with_columns(unique_id=ids.select(pl.struct(*SERIES)).to_series()))
    learnt = dispersions_of(pl.concat(errors)).unnest("unique_id") if errors else _looked_back(series, t, planning, cutoff)
    return table("forecast_spreads").conform(series.join(learnt, on=SERIES, how="left"))


def _looked_back(series: pl.DataFrame, t: dict[str, pl.DataFrame], planning: Planning, cutoff: date) -> pl.DataFrame:
    if series.is_empty():
        return table("forecast_spreads").empty()
    ids = series.with_row_index("unique_id")
    weekly = nightly.told(t, cutoff, planning.horizon_weeks).weekly.join(ids, on=SERIES)
    first_day = pl.lit(cutoff - timedelta(days=6)) + pl.duration(days=7 * pl.col("week"))
    interval = ids.select("unique_id").with_columns(days=_intervals(ids, t["supplier_terms"], planning))
    learnt = learned_dispersions(weekly.select("unique_id", ds=first_day, y=full_week_units()), "1w", interval)
    return ids.join(learnt, on="unique_id").select(*SERIES, "dispersion_rate")


def _intervals(ids: pl.DataFrame, supplier_terms: pl.DataFrame, planning: Planning) -> np.ndarray:
    """Days of lead time and review as the supplier tried first states them, or as they are assumed."""
    first = supplier_terms.sort("sku", "priority", "supplier_id").unique("sku", keep="first", maintain_order=True)
    rows = ids.join(first.select("sku", "lead_time_days", "review_period_days"), on="sku", how="left", maintain_order="left")
    lead, review = (pl.col(name).fill_null(getattr(planning, name)) for name in ("lead_time_days", "review_period_days"))
    return rows.select((lead + review).cast(pl.Float64)).to_series().to_numpy()
