"""Demand over lead time and review by its moments, for millions of series at once. Here: the moments, quantiles, what is missing, and what `levels`
asks of them. Not here: sampled futures (futures.py), which these are held against in the tests; levels.

Demand over the interval is taken as negative binomial with the mean and the variance that the forecast, its error of level and the spread of
the lead time give it; with no more variance than its mean it is Poisson.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.forecast.paths import at

Array = NDArray[np.float64]
MOST_SHAPE = 1e6  # beyond it a negative binomial is Poisson
STEPS = 60
GRID = (np.arange(40) + 0.5) / 40  # equally likely places within a forecast
LOT_POINTS = 4  # positions that stand for all those a lot leads to
ALL_BUT = 1e-6  # what is left to chance at most


@dataclass(frozen=True)
class Moments:
    """n series with mean and variance over the lead time, over lead time and review, and over the review alone."""

    lead_units: Array
    lead_variance: Array
    interval_units: Array
    interval_variance: Array
    review_units: Array
    review_variance: Array

    @property
    def idle_rate(self) -> Array:
        """See levels.Interval."""
        return chance_at_most(np.zeros_like(self.review_units), self.review_units, self.review_variance)

    @property
    def std_units(self) -> Array:
        """See levels.Interval."""
        return np.sqrt(self.interval_variance)

    @property
    def lost_units(self) -> Array:
        """See levels.Interval: moments follow no stock."""
        return np.zeros_like(self.lead_units)

    def chances(self, level: Array, lot: Array) -> tuple[Array, Array]:
        """See levels.Interval."""
        lead = _over_lots(level, lot, lambda units: chance_at_most(units, self.lead_units, self.lead_variance))
        return lead, _over_lots(level, lot, lambda units: chance_at_most(units, self.interval_units, self.interval_variance))

    def missing(self, level: Array, lot: Array) -> tuple[Array, Array]:
        """See levels.Interval."""
        lead = _over_lots(level, lot, lambda units: expected_missing(units, self.lead_units, self.lead_variance))
        return lead, _over_lots(level, lot, lambda units: expected_missing(units, self.interval_units, self.interval_variance))

    def means(self) -> tuple[Array, Array]:
        """See levels.Interval."""
        return self.lead_units, self.interval_units

    def served(self, rate: Array) -> "Moments":
        """See levels.Interval; what is lost takes its variance along."""
        return replace(
            self, lead_units=self.lead_units * rate, lead_variance=self.lead_variance * rate**2,
            interval_units=self.interval_units - (1 - rate) * self.lead_units,
            interval_variance=self.interval_variance - (1 - rate**2) * self.lead_variance,
        )  # fmt: skip

    def quantile(self, rate: Array) -> Array:
        """See levels.Interval."""
        return quantile(np.minimum(rate, 1 - ALL_BUT), self.interval_units, self.interval_variance)

    def part(self, rows: NDArray[np.int64]) -> "Moments":
        """See levels.Interval."""
        return Moments(**{name: value[rows] for name, value in self.__dict__.items()})


def moments_of(
    mean: Array, quantiles: Array, levels: Array, together: float, terms: tuple[Array, Array, Array], dispersion: Array
) -> Moments:
    """From weekly forecasts (n, weeks) and their quantiles (n, weeks, levels); beyond the last week as in it.

    together: correlation of weeks: that share of each week's variance is an error of level, which all weeks of an interval share. terms: lead
    time, its standard deviation and review, days (n,); dispersion: variance ÷ mean of demand (n,), of spreads.py, not a number where the
    forecast's own width counts.
    """
    lead_days, lead_std_days, review_days = terms
    variance = week_variances(quantiles, levels)
    deviation, is_learnt = np.sqrt(variance), np.isfinite(dispersion)
    parts: list[Array] = []
    for days, std in ((lead_days, lead_std_days), (lead_days + review_days, lead_std_days), (review_days, 0 * lead_days)):
        units = within(mean, days)
        apart = np.where(is_learnt, dispersion * units, (1 - together) * within(variance, days))
        shared = np.where(is_learnt, 0.0, np.sqrt(together) * within(deviation, days))
        parts += interval_moments(units, apart, shared, units / np.maximum(days, 1.0), std)
    return Moments(*parts)


def week_variances(quantiles: Array, levels: Array) -> Array:
    """(n, weeks) variance of each week's forecast, from its quantiles (n, weeks, levels)."""
    n, weeks, count = quantiles.shape
    rows = quantiles.reshape(-1, count)
    values = at(rows, levels, np.broadcast_to(GRID, (len(rows), len(GRID))))
    return values.var(axis=1).reshape(n, weeks)


def within(weekly: Array, days: Array) -> Array:
    """(n,) what the next `days` (broken weeks in part) bring of `weekly` (n, weeks); beyond the last week as in it.

    Example: weeks of 7 and 14, 10 days: 13.
    """
    weeks = weekly.shape[1]
    starts = 7.0 * np.arange(weeks)
    covered = np.clip((days[:, None] - starts) / 7, 0.0, 1.0)
    covered[:, -1] = np.maximum(days - starts[-1], 0.0) / 7
    return np.asarray((weekly * covered).sum(axis=1))


def interval_moments(
    mean_units: Array, independent_variance: Array, shared_std: Array, daily_units: Array, days_std: Array
) -> tuple[Array, Array]:
    """Mean and variance of demand over a random interval.

    independent_variance: Σσ² of its days, for the part in which days err apart from each other; shared_std: Σσ for the part of level,
    in which they err together; daily_units · days_std is what the lead time adds. Silver, Pyke & Thomas (2017), 6.7.
    Example: 14 days of 10 ± 5, apart, lead time ± 4 days: 140 and 14·25 + 40² = 1950.
    """
    return mean_units, independent_variance + shared_std**2 + (daily_units * days_std) ** 2


def chance_at_most(units: Array, mean: Array, variance: Array) -> Array:
    """P(D ≤ units)."""
    shape, success = _parameters(mean, variance)
    inside = special.betainc(shape, np.maximum(np.floor(units), 0.0) + 1, success)
    return np.where(units < 0, 0.0, np.where(mean > 0, inside, 1.0))


def quantile(ratio: Array, mean: Array, variance: Array) -> Array:
    """Least whole units with P(D ≤ units) ≥ ratio. Example: Poisson 14, 0.95: 20."""
    std = np.sqrt(np.maximum(variance, mean))
    scale = np.maximum(std**2 / np.maximum(mean, 1e-9), 1e-9)
    found = np.ceil(np.maximum(special.gammaincinv(np.maximum(mean, 1e-9) / scale, ratio) * scale - 0.5, 0.0))
    found = np.where(mean > 0, found, 0.0)
    rows = np.arange(len(found))
    for _ in range(STEPS):
        low = chance_at_most(found[rows] - 1, mean[rows], variance[rows]) >= ratio[rows]
        high = chance_at_most(found[rows], mean[rows], variance[rows]) < ratio[rows]
        step = np.where(high, 1.0, np.where(low & (found[rows] > 0), -1.0, 0.0))
        found[rows] += step
        rows = rows[step != 0]
        if not len(rows):
            break
    return found


def expected_missing(units: Array, mean: Array, variance: Array) -> Array:
    """E(D − units)⁺. Example: Poisson 2, 2 units: 0.5413."""
    shape, success = _parameters(mean, variance)
    stock = np.maximum(np.floor(units), 0.0)
    beyond = 1 - special.betainc(shape, stock + 1, success)
    demanded = np.where(stock > 0, 1 - special.betainc(shape + 1, np.maximum(stock, 1.0), success), 1.0)
    return np.where(mean > 0, np.maximum(mean * demanded - stock * beyond, 0.0), 0.0) + np.maximum(
        -np.minimum(units, 0.0), 0.0
    ) * (mean > 0)


def _over_lots(level: Array, lot: Array, figure: Callable[[Array], Array]) -> Array:
    """Mean of `figure` over level … level + lot − 1."""
    if (lot <= 1).all():
        return figure(level)
    places = (np.arange(LOT_POINTS) + 0.5) / LOT_POINTS
    return np.asarray(np.mean([figure(np.floor(level + place * lot)) for place in places], axis=0))


def _parameters(mean: Array, variance: Array) -> tuple[Array, Array]:
    """Shape and success probability of the negative binomial."""
    positive = np.maximum(mean, 1e-12)
    shape = np.minimum(positive**2 / np.maximum(variance - positive, positive**2 / MOST_SHAPE), MOST_SHAPE)
    return shape, shape / (shape + positive)
