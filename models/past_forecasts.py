"""What was forecast when, beside what came. Here: a forecast as it is remembered, naive ones beside it, demand of its weeks. Not here: scores.

One row per series, cutoff and week ahead. Pure: frames in, frames out.
"""

from collections.abc import Iterable
from datetime import date, timedelta

import polars as pl

from models.demand import SERIES, full_week_units, weekly_history
from models.forecast.boosting import QUANTILES

LAYERS = ("naive", "seasonal naive", "own history", "statistical", "with what people know")
POINTS = ("naive_units", "seasonal_naive_units", "own_units", "statistical_units", "mean_units")  # of the layers, in their order
LEVELS = tuple(f"q{str(q)[2:].ljust(2, '0')}_units" for q in QUANTILES)  # q05_units … q99_units
KEPT_HORIZON = 13  # weeks ahead that are remembered
WEEKS_A_YEAR = 52
_DIGITS = 3
_UNSEEN = 1e-4  # days


def remembered(
    weekly: pl.DataFrame, means: pl.DataFrame, own: pl.DataFrame, quantiles: pl.DataFrame, adjustments: pl.DataFrame, classes: pl.DataFrame,
) -> pl.DataFrame:  # fmt: skip
    """A forecast as it is remembered: naive ones, own history's, statistical and final means, quantiles side by side, who changed it.

    weekly: models.demand.weekly_history at the cutoff. means, quantiles: final ones (models.knowledge.adjusted), with its adjustments.
    own: sku, location_id, horizon, own_units. classes: sku, location_id, demand_class.
    """
    key = [*SERIES, "cutoff_date", "horizon"]
    levels = [
        pl.col("forecast_units").filter((pl.col("quantile") - q).abs() < 1e-9).first().alias(name)
        for q, name in zip(QUANTILES, LEVELS, strict=True)
    ]
    wide = quantiles.filter(pl.col("horizon") <= KEPT_HORIZON).group_by(key).agg(levels)
    before = adjustments.select(*key, "statistical_mean_units", "entry_ids")
    rows = means.filter(pl.col("horizon") <= KEPT_HORIZON).join(wide, on=key).join(before, on=key, how="left")
    rows = rows.join(own, on=[*SERIES, "horizon"], how="left").join(
        classes.select(*SERIES, "demand_class"), on=SERIES, how="left"
    )
    rows = rows.join(naive(weekly, KEPT_HORIZON), on=[*SERIES, "horizon"], how="left")
    statistical = pl.coalesce("statistical_mean_units", "mean_units")
    week_end = pl.col("cutoff_date") + pl.duration(days=7 * pl.col("horizon"))
    rows = rows.with_columns(
        week_end_date=week_end, statistical_units=statistical, own_units=pl.coalesce("own_units", statistical),
        naive_units=pl.col("naive_units").fill_null(0.0), seasonal_naive_units=pl.col("seasonal_naive_units").fill_null(0.0),
    )  # fmt: skip
    return rows.select(
        *key, "week_end_date", "model", "demand_class", *(pl.col(n).round(_DIGITS) for n in (*POINTS, *LEVELS)), "entry_ids"
    ).sort(key)


def naive(weekly: pl.DataFrame, horizon: int) -> pl.DataFrame:
    """The forecasts that cost nothing, per series and week ahead: naive_units, the last known week; seasonal_naive_units, the week a
    year (52 weeks) before the one forecast, or the last known one where that is unknown.

    Example: weeks 3, 5 and then one that was hidden: 5 for every week to come.
    """
    known = weekly.with_columns(units=full_week_units()).drop_nulls("units").select(*SERIES, "week", "units")
    last = known.sort(*SERIES, "week").group_by(SERIES, maintain_order=True).agg(naive_units=pl.col("units").last())
    ahead = weekly.select(SERIES).unique().with_columns(horizon=pl.int_ranges(1, horizon + 1, dtype=pl.Int64)).explode("horizon")
    a_year_ago = known.select(*SERIES, horizon=pl.col("week") + WEEKS_A_YEAR, seasonal_naive_units="units")
    rows = ahead.join(last, on=SERIES, how="left").join(a_year_ago, on=[*SERIES, "horizon"], how="left")
    return rows.with_columns(
        pl.coalesce("seasonal_naive_units", "naive_units").cast(pl.Float64), pl.col("naive_units").cast(pl.Float64)
    )


def with_actuals(remembered: pl.DataFrame, demand: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """`remembered` with actual_units: demand of weeks that are over by `cutoff` and were seen on all seven days, blank for others.

    demand: models.demand.daily_demand. Cutoffs may fall on any weekday: each one's weeks are summed as they were forecast.
    """
    ends = {_last_end(day, cutoff) for day in remembered["cutoff_date"].unique()}
    weeks = [_weeks_to(demand, end) for end in ends] or [_weeks_to(demand.clear(), cutoff)]
    return remembered.join(pl.concat(weeks), on=[*SERIES, "week_end_date"], how="left")


def _last_end(cutoff: date, until: date) -> date:
    """The last day by `until` on which a week of the grid of `cutoff` ends."""
    return until - timedelta(days=(until - cutoff).days % 7)


def _weeks_to(demand: pl.DataFrame, end: date) -> pl.DataFrame:
    weeks = weekly_history(demand, end).filter(pl.col("seen_days") > 7 - _UNSEEN)
    week_end = pl.lit(end) + pl.duration(days=7 * pl.col("week"))
    return weeks.select(*SERIES, week_end_date=week_end.cast(pl.Date), actual_units=pl.col("units").cast(pl.Float64))


def of_each_week(cutoffs: Iterable[date]) -> list[date]:
    """The first cutoff of each calendar week, Monday to Sunday, in order."""
    first: dict[date, date] = {}
    for day in sorted(cutoffs):
        first.setdefault(day - timedelta(days=day.weekday()), day)
    return sorted(first.values())
