"""How far each series' past forecasts erred. Here: the tables that it is learnt from. Not here: the arithmetic (models/spreads.py)."""

from datetime import date, timedelta

import polars as pl

from models.demand import SERIES, told_units
from models.spreads import ORIGINS, dispersions_of, learned_dispersions, squared_errors
from pipelines import nightly
from pipelines.channels.merchant import Planning
from pipelines.contracts import table

TABLES = ("forecast_means", *nightly.TABLES)


def judged(forecast_history: pl.DataFrame) -> pl.DataFrame:
    """Forecasts of one week ahead beside what came, where it has come."""
    return forecast_history.filter((pl.col("horizon") == 1) & pl.col("actual_units").is_not_null())


def made(past: pl.DataFrame, t: dict[str, pl.DataFrame], planning: Planning, cutoff: date) -> pl.DataFrame:
    """forecast_spreads of every forecast series, from forecasts as they were made and what came (`judged`); where none is old enough, from what own
    histories would have forecast. A series of which nothing is known strays as the others do in the mean; a new one stays blank, as wide as its
    look-alikes make it. t: TABLES.
    """
    series = t["forecast_means"].select(*SERIES).unique().sort(*SERIES)
    dates = past["cutoff_date"].unique().sort(descending=True).head(ORIGINS)
    known = past.join(dates.to_frame(), on="cutoff_date", how="semi")
    ids = known.select(pl.struct(*SERIES)).to_series()
    errors = squared_errors(ids, known["mean_units"].to_numpy(), known["actual_units"].cast(pl.Float64).to_numpy())
    learnt = dispersions_of(errors).unnest("unique_id") if known.height else _looked_back(series, t, planning, cutoff)
    rows = series.join(learnt, on=SERIES, how="left").join(
        t["demand_series"].select(*SERIES, "demand_class"), on=SERIES, how="left"
    )
    is_settled = pl.col("demand_class") != "new"
    usual = pl.col("dispersion_rate").mean()
    filled = pl.when(is_settled).then(pl.col("dispersion_rate").fill_null(usual)).otherwise("dispersion_rate")
    return table("forecast_spreads").conform(rows.with_columns(dispersion_rate=filled))


def _looked_back(series: pl.DataFrame, t: dict[str, pl.DataFrame], planning: Planning, cutoff: date) -> pl.DataFrame:
    if series.is_empty():
        return table("forecast_spreads").empty()
    ids = series.with_row_index("unique_id")
    weekly = nightly.told(t, cutoff, planning.horizon_weeks).weekly.join(ids, on=SERIES)
    first_day = pl.lit(cutoff - timedelta(days=6)) + pl.duration(days=7 * pl.col("week"))
    learnt = learned_dispersions(weekly.select("unique_id", ds=first_day, y=told_units()), "1w")
    return ids.join(learnt, on="unique_id").select(*SERIES, "dispersion_rate")
