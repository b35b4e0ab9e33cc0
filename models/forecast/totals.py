"""Forecasts of totals that add up: SKU × location → SKU → category, location, everything; day → week → month. Here: sums of joint paths.

Means are sums of means, so that every level and period adds up; quantiles of a total are those of sums of paths that move together
(together.py), never sums of quantiles. Nothing is negative. Not here: the forecasts that are summed.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from models.demand import SERIES
from models.forecast.paths import at
from models.forecast.together import UNTOLD, Draws, Shared

Array = NDArray[np.float64]
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
COLUMNS = tuple(f"q{round(100 * q):02}_units" for q in QUANTILES)
LEVELS = ("sku", "category", "location", "total")
UNKNOWN = "no category"
PATHS, LEAST_PATHS, DRAWN = (
    500,
    100,
    5_000_000,
)  # paths of a series; fewer where there are so many that more would be drawn in all
CHUNK = 1_000  # series drawn at a time, so that memory is bounded
PRIOR_UNITS = 50.0  # at which a series' own week weighs as much as its location's


@dataclass(frozen=True)
class Periods:
    """Days ahead as weeks and months. starts, days: of each period; part_of: (days, periods) whether a day is in it."""

    kind: list[str]
    starts: list[date]
    days: list[int]
    part_of: Array

    @staticmethod
    def after(cutoff: date, weeks: int) -> "Periods":
        """The weeks after the cutoff and the calendar months that they touch; a month that isn't whole says so by its days."""
        ahead = [cutoff + timedelta(days=k) for k in range(1, 7 * weeks + 1)]
        months = sorted({day.replace(day=1) for day in ahead})
        members = [[k // 7 == week for k in range(len(ahead))] for week in range(weeks)]
        members += [[day.replace(day=1) == month for day in ahead] for month in months]
        part_of = np.array(members, dtype=np.float64).T
        starts = ahead[::7] + [max(month, ahead[0]) for month in months]
        return Periods(["week"] * weeks + ["month"] * len(months), starts, [int(n) for n in part_of.sum(axis=0)], part_of)


def weekday_rates(history: pl.DataFrame, series: pl.DataFrame) -> pl.DataFrame:
    """sku, location_id, weekday (1 Monday … 7 Sunday), weekday_rate: the share of a week that each day has; the seven of a series sum to 1.

    history: models.layers.layered; series: sku, location_id. Own days are drawn to those of the location as if 50 units had sold at its
    shares. Example: 100 units, 30 of them on Mondays, at a location where Mondays have 0.15: (30 + 7.5) ÷ 150 = 0.25.
    """
    days = history.with_columns(weekday=pl.col("demand_date").dt.weekday().cast(pl.Int64))
    place = days.group_by("location_id", "weekday").agg(units=pl.col("demand_units").sum())
    even = pl.col("units").sum().over("location_id")
    place = place.select("location_id", "weekday", usual=pl.when(even > 0).then(pl.col("units") / even))
    own = days.group_by(*SERIES, "weekday").agg(units=pl.col("demand_units").sum())
    grid = series.select(*SERIES).unique().with_columns(weekday=pl.int_ranges(1, 8)).explode("weekday")
    rows = grid.join(own, on=[*SERIES, "weekday"], how="left").join(place, on=["location_id", "weekday"], how="left")
    is_known = pl.col("usual").is_not_null().any().over(SERIES)
    usual = pl.when(is_known).then(pl.col("usual").fill_null(0.0)).otherwise(1 / 7)
    units = pl.col("units").fill_null(0.0)
    rate = (units + PRIOR_UNITS * usual) / (units.sum().over(SERIES) + PRIOR_UNITS)
    return rows.select(*SERIES, "weekday", weekday_rate=rate).sort(*SERIES, "weekday")


def totals(
    means: pl.DataFrame, quantiles: pl.DataFrame, categories: pl.DataFrame, weekdays: pl.DataFrame, shared: Shared = UNTOLD, seed: int = 0
) -> pl.DataFrame:  # fmt: skip
    """Totals per level (LEVELS), name, period_kind (day, week, month) and period_start_date: days, mean_units and COLUMNS.

    means, quantiles: models.forecast.run.Forecast, of one cutoff; categories: sku, category; weekdays: weekday_rates. Days have a mean only,
    and only above SKUs: how a week's total falls on its days no path tells. A month's first and last may have fewer days than the calendar.
    Example: two SKUs of means 3 and 4 in a week: the total has 7; the week's seven days sum to it.
    """
    if means.is_empty():
        return _frame([], None)
    cutoff: date = means["cutoff_date"][0]
    ordered = means.sort(*SERIES, "horizon")
    names = ordered.select(*SERIES, "week_correlation").unique([*SERIES], maintain_order=True)
    names = names.join(categories.unique("sku"), on="sku", how="left", maintain_order="left").with_columns(
        pl.col("category").fill_null(UNKNOWN)
    )
    n = names.height
    mean = ordered["mean_units"].to_numpy().reshape(n, -1)
    drawn = quantiles.sort(*SERIES, "horizon", "quantile")
    levels = drawn["quantile"].unique().sort().to_numpy()
    q = drawn["forecast_units"].to_numpy().reshape(n, mean.shape[1], -1)
    periods = Periods.after(cutoff, mean.shape[1])
    share = _day_shares(weekdays, cutoff)
    by_day = np.repeat(mean, 7, axis=1) * np.tile(share, mean.shape[1])
    return _frame([*_days(names, by_day, cutoff), *_sums(names, q, levels, by_day, share, periods, shared, seed)], cutoff)


def _day_shares(weekdays: pl.DataFrame, cutoff: date) -> Array:
    """(series, 7) share of a week that each of its days has, from the day after the cutoff on."""
    rates = weekdays.sort(*SERIES, "weekday")["weekday_rate"].to_numpy().reshape(-1, 7)
    return np.asarray(np.roll(rates, -cutoff.isoweekday(), axis=1))


def _codes(names: pl.DataFrame, level: str) -> tuple[list[str], NDArray[np.int64]]:
    column = {"sku": pl.col("sku"), "category": pl.col("category"), "location": pl.col("location_id"), "total": pl.lit("total")}[
        level
    ]
    values = names.select(pl.repeat("", pl.len()) + column.alias("name")).to_series()
    found = values.unique().sort()
    return found.to_list(), np.searchsorted(found.to_numpy(), values.to_numpy()).astype(np.int64)


def _adder(codes: NDArray[np.int64], groups: int) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(groups, len(codes)))


def _days(names: pl.DataFrame, by_day: Array, cutoff: date) -> list[pl.DataFrame]:
    ahead = [cutoff + timedelta(days=k + 1) for k in range(by_day.shape[1])]
    parts = []
    for level in LEVELS[1:]:
        groups, codes = _codes(names, level)
        sums = _adder(codes, len(groups)) @ by_day
        parts.append(_rows(level, groups, ["day"] * len(ahead), ahead, [1] * len(ahead), sums, None))
    return parts


def _sums(
    names: pl.DataFrame, q: Array, levels: Array, by_day: Array, share: Array, periods: Periods, shared: Shared, seed: int
) -> list[pl.DataFrame]:  # fmt: skip
    """Weeks and months of every level; SKUs are finished chunk by chunk, what lies above them is added up over all."""
    categories, category = _codes(names, "category")
    count = int(np.clip(DRAWN // len(q), LEAST_PATHS, PATHS))
    draws = Draws(shared, len(categories), count, q.shape[1], seed)
    together = names["week_correlation"].to_numpy()
    mean = by_day @ periods.part_of
    above = {level: _codes(names, level) for level in LEVELS[1:]}
    sums = {level: np.zeros((len(groups), count * len(periods.starts))) for level, (groups, _) in above.items()}
    parts = []
    for rows in _chunks(names["sku"].to_numpy()):
        paths = _paths(q[rows], levels, draws.chances(category[rows], together[rows]), share[rows], periods)
        flat = paths.reshape(len(paths), -1)
        for level, (groups, codes) in above.items():
            sums[level] += _adder(codes[rows], len(groups)) @ flat
        skus, codes = _codes(names[rows], "sku")
        adder = _adder(codes, len(skus))
        parts.append(_quantiled("sku", skus, adder @ mean[rows], adder @ flat, periods))
    for level, (groups, codes) in above.items():
        parts.append(_quantiled(level, groups, _adder(codes, len(groups)) @ mean, sums[level], periods))
    return parts


def _chunks(skus: NDArray[np.object_]) -> list[slice]:
    """Spans of about CHUNK series that end with a SKU's last location."""
    ends = np.append(np.flatnonzero(skus[1:] != skus[:-1]) + 1, len(skus))
    cuts, start = [], 0
    while start < len(skus):
        stop = int(ends[max(np.searchsorted(ends, start + CHUNK, side="right") - 1, np.searchsorted(ends, start, side="right"))])
        cuts.append(slice(start, stop))
        start = stop
    return cuts


def _paths(q: Array, levels: Array, chance: Array, share: Array, periods: Periods) -> Array:
    """(series, paths, periods) of demand; a week counts in a month by its days."""
    n, _, weeks = chance.shape
    drawn = np.stack([at(q[:, h], levels, chance[:, :, h]) for h in range(weeks)], axis=2)
    drawn = np.rint(drawn)
    of_week = np.tile(share, weeks)[:, :, None] * periods.part_of
    weight = of_week.reshape(n, weeks, 7, -1).sum(axis=2)
    return np.asarray(np.matmul(drawn, weight))


def _quantiled(level: str, names: list[str], mean: Array, sums: Array, periods: Periods) -> pl.DataFrame:
    """Quantiles of the sums, moved in proportion so that their mean is the forecast one; in whole units."""
    paths = sums.reshape(len(names), -1, len(periods.starts))
    drawn = paths.mean(axis=1)
    ratio = np.divide(mean, drawn, out=np.ones_like(mean), where=drawn > 0)
    found = np.rint(np.quantile(paths, QUANTILES, axis=1) * ratio)
    return _rows(level, names, periods.kind, periods.starts, periods.days, mean, np.moveaxis(found, 0, -1))


def _rows(
    level: str, names: list[str], kind: list[str], starts: list[date], days: list[int], mean: Array, quantiles: Array | None
) -> pl.DataFrame:  # fmt: skip
    n, periods = mean.shape
    frame = pl.DataFrame({
        "level": [level] * (n * periods), "name": np.repeat(names, periods), "period_kind": kind * n, "period_start_date": starts * n,
        "days": days * n, "mean_units": mean.reshape(-1).round(6),
    })  # fmt: skip
    if quantiles is None:
        return frame.with_columns(pl.lit(None, pl.Float64).alias(name) for name in COLUMNS)
    flat = quantiles.reshape(n * periods, len(COLUMNS))
    return frame.with_columns(pl.Series(name, flat[:, k]) for k, name in enumerate(COLUMNS))


def _frame(parts: list[pl.DataFrame], cutoff: date | None) -> pl.DataFrame:
    empty = _rows("total", [], [], [], [], np.zeros((0, 0)), np.zeros((0, 0, len(QUANTILES)))).cast(
        {"name": pl.String, "level": pl.String, "period_kind": pl.String, "period_start_date": pl.Date, "days": pl.Int64}
    )
    rows = pl.concat([empty, *(part.cast(empty.schema) for part in parts)])
    return rows.with_columns(cutoff_date=pl.lit(cutoff, pl.Date))
