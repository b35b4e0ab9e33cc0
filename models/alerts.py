"""Forecasts that orders contradict. Here: demand outside the forecast's 99 % range, forecasts that lean to one side. Not here: measures, re-forecasting.

Each alert says which series, since when, how many units came, how many were expected and within which range.
"""

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.demand import SERIES
from models.forecast.boosting import QUANTILES
from models.forecast.paths import totals
from models.past_forecasts import LEVELS

Array = NDArray[np.float64]
KINDS = ("orders above range", "orders below range", "forecasts too much", "forecasts too little")
ABOVE, BELOW, TOO_MUCH, TOO_LITTLE = KINDS
RANGE = (0.005, 0.995)
DRAWS = 2_000
WEEKDAYS = 7
LOOK_BACK_DAYS = 56  # that the shares of weekdays are taken from
FIGURES = ("observed_units", "expected_units", "low_units", "high_units")


def since_forecast(forecasts: pl.DataFrame, demand: pl.DataFrame, until: date) -> pl.DataFrame:
    """Series whose demand since the forecast, up to and with `until`, lies above its 99 % range; days that aren't over count as far as they are.

    forecasts: models.past_forecasts.remembered, of one cutoff. demand: models.demand.daily_demand, with days after the cutoff. A day is expected to
    take its weekday's share of a week; the range is that of the total over those days, of whole units drawn one by one.
    """
    first = forecasts.filter(pl.col("horizon") == 1)
    if first.is_empty():
        return _none()
    cutoff: date = first["cutoff_date"][0]
    came = demand.filter(pl.col("demand_date").is_between(cutoff, until, closed="right") & (pl.col("demand_units") > 0))
    seen = first.join(came.group_by(SERIES).agg(observed_units=pl.col("demand_units").sum()), on=SERIES).sort(SERIES)
    if seen.is_empty():
        return _none()
    weeks = _weeks(demand, cutoff, until)
    expected, low, high = _range(forecasts, seen, weeks)
    found = seen.select(
        *SERIES, "cutoff_date", pl.col("observed_units").cast(pl.Float64), kind=pl.lit(ABOVE), last_date=pl.lit(until),
        expected_units=expected, low_units=low, high_units=high,
    )  # fmt: skip
    return found.filter(pl.col("observed_units") > pl.col("high_units")).select(_none().columns)


def _weeks(demand: pl.DataFrame, cutoff: date, until: date) -> float:
    """How many usual weeks' demand the days after `cutoff` up to `until` take: by the weekdays' shares in the eight weeks before.

    Example: Saturday and Sunday together take a fifth of a week's demand: 0.2.
    """
    recent = demand.filter((pl.lit(cutoff) - pl.col("demand_date")).dt.total_days().is_between(0, LOOK_BACK_DAYS - 1))
    sums = dict(recent.group_by(pl.col("demand_date").dt.weekday()).agg(pl.col("demand_units").sum()).iter_rows())
    total = sum(sums.values())
    days = pl.date_range(cutoff, until, "1d", closed="right", eager=True).dt.weekday()
    return sum(sums.get(day, 0) / total if total else 1 / WEEKDAYS for day in days)


def _range(forecasts: pl.DataFrame, seen: pl.DataFrame, weeks: float) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Expected demand of `weeks` weeks of each series, and the ends of its 99 % range."""
    horizon = max(int(np.ceil(weeks)), 1)
    ahead = seen.select(SERIES).join(forecasts.filter(pl.col("horizon") <= horizon), on=SERIES).sort(*SERIES, "horizon")
    quantiles = ahead.select(LEVELS).to_numpy().reshape(seen.height, horizon, len(LEVELS))
    means = ahead["mean_units"].to_numpy().reshape(seen.height, horizon)
    share = np.clip(weeks - np.arange(horizon), 0.0, 1.0)
    periods = np.full((seen.height, DRAWS), weeks)
    drawn = totals(quantiles, np.array(QUANTILES), 0.0, periods, np.ones(seen.height, dtype=bool), np.random.default_rng(0))
    low, high = np.quantile(drawn, RANGE, axis=1, method="inverted_cdf")
    return pl.Series((means * share).sum(axis=1)), pl.Series(low), pl.Series(high)


def of_last_week(history: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Series whose demand of a fully seen week that ended in the last seven days lies outside the 99 % range of its forecast a week ahead;
    of two such weeks, as first runs and missed Mondays make them, the later one.

    history: models.past_forecasts.with_actuals. The range's lower end is drawn on from the lowest two quantiles, not below 0.
    """
    recent = pl.col("week_end_date") > pl.lit(cutoff) - pl.duration(days=WEEKDAYS)
    weeks = history.filter((pl.col("horizon") == 1) & recent).drop_nulls("actual_units").filter(~pl.col("is_backtest"))
    weeks = weeks.sort(*SERIES, "week_end_date").unique(SERIES, keep="last", maintain_order=True)
    if weeks.is_empty():
        return _none()
    expected, low, high = _range(weeks, weeks, 1.0)
    found = weeks.select(
        *SERIES, "cutoff_date", observed_units="actual_units", last_date="week_end_date",
        expected_units=expected, low_units=low, high_units=high,
    )  # fmt: skip
    kind = (
        pl.when(pl.col("observed_units") > pl.col("high_units"))
        .then(pl.lit(ABOVE))
        .when(pl.col("observed_units") < pl.col("low_units"))
        .then(pl.lit(BELOW))
    )
    return found.with_columns(kind=kind).drop_nulls("kind").select(_none().columns)


def leaning(accuracy: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Series whose forecasts one week ahead are biased (models.scoring.of_series): units a week, expected and wanted."""
    side = pl.when(pl.col("bias_units") > 0).then(pl.lit(TOO_MUCH)).otherwise(pl.lit(TOO_LITTLE))
    biased = accuracy.filter("is_biased").with_columns(kind=side, cutoff_date=pl.lit(cutoff), last_date=pl.lit(cutoff))
    blank = [pl.lit(None, pl.Float64).alias(name) for name in FIGURES]
    return biased.select(
        *SERIES, "cutoff_date", "last_date", "kind", *blank, "bias_units", "tracking_signal", "tracking_bound", "weeks"
    )


def _none() -> pl.DataFrame:
    schema = {**dict.fromkeys(SERIES, pl.String), "cutoff_date": pl.Date, "last_date": pl.Date, "kind": pl.String}
    return pl.DataFrame(schema=schema | dict.fromkeys(FIGURES, pl.Float64))
