"""Demand over lead time and review from sampled futures. Here: drawing them, and what `levels` asks of them. Not here: the forecasts, the levels."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.forecast.paths import whole_paths
from models.spreads import applied

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
WEEK = 7.0


@dataclass(frozen=True)
class Futures:
    """n series with P equally likely futures each: lead_units and interval_units (n, P) over the lead time, and over lead time and review."""

    lead_units: Floats
    interval_units: Floats
    review_units: Array
    idle_rate: Array

    def chances(self, level: Array, lot: Array) -> tuple[Array, Array]:
        """See levels.Interval."""
        return self._chance(self.lead_units, level, lot), self._chance(self.interval_units, level, lot)

    def missing(self, level: Array, lot: Array) -> tuple[Array, Array]:
        """See levels.Interval."""
        return self._missing(self.lead_units, level, lot), self._missing(self.interval_units, level, lot)

    def means(self) -> tuple[Array, Array]:
        """See levels.Interval."""
        lead, whole = (units.mean(axis=1, dtype=np.float64) for units in (self.lead_units, self.interval_units))
        return lead, whole

    def served(self, rate: Array) -> "Futures":
        """See levels.Interval."""
        lead = self.lead_units * rate[:, None].astype(np.float32)
        return Futures(lead, self.interval_units - (self.lead_units - lead), self.review_units, self.idle_rate)

    def spread(self, rate: Array) -> "Futures":
        """Totals whose distance from their median is multiplied by `rate` (n,)."""
        return replace(self, lead_units=applied(self.lead_units, rate), interval_units=applied(self.interval_units, rate))

    def quantile(self, rate: Array) -> Array:
        """See levels.Interval."""
        many = self.interval_units.shape[1]
        place = np.clip(np.ceil(rate * many).astype(np.int64) - 1, 0, many - 1)
        return np.ceil(np.take_along_axis(np.sort(self.interval_units, axis=1), place[:, None], axis=1)[:, 0].astype(np.float64))

    def part(self, rows: NDArray[np.int64]) -> "Futures":
        """See levels.Interval."""
        return Futures(**{name: value[rows] for name, value in self.__dict__.items()})

    @staticmethod
    def _chance(units: Floats, level: Array, lot: Array) -> Array:
        room = (level + lot)[:, None].astype(np.float32) - units
        return np.clip(room / lot[:, None].astype(np.float32), 0.0, 1.0).mean(axis=1, dtype=np.float64)

    @staticmethod
    def _missing(units: Floats, level: Array, lot: Array) -> Array:
        """Of a = (D − level)⁺ and m = min(a, lot) the mean over level … level + lot − 1 is (m·a − m(m − 1)/2) ÷ lot."""
        over = np.maximum(units - level[:, None].astype(np.float32), 0.0)
        steps = np.minimum(np.ceil(over), lot[:, None].astype(np.float32))
        return ((steps * over - steps * (steps - 1) / 2).mean(axis=1, dtype=np.float64)) / lot


def draw(
    quantiles: Array, levels: Array, together: float, lead_days: Array, review_days: Array, is_whole: NDArray[np.bool_], rng: np.random.Generator
) -> Futures:  # fmt: skip
    """quantiles: (n, weeks, levels), beyond the last week as in it; together: correlation of weeks; lead_days: (n, P) drawn; review_days: (n,).

    Of a week that is reached in part each unit counts by chance where demand is whole, and its share where it isn't.
    Example: a week of 7 for certain, lead time 7 days, review 3.5: over both 7 and about half of 7.
    """
    paths = lead_days.shape[1]
    ends = np.stack([lead_days, lead_days + review_days[:, None], np.broadcast_to(review_days[:, None], lead_days.shape)]) / WEEK
    length = max(1, int(np.ceil(ends.max(initial=0.0))))
    weeks = whole_paths(quantiles, levels, together, paths, length, is_whole, rng)
    total = np.concatenate([np.zeros((*weeks.shape[:2], 1)), np.cumsum(weeks, axis=2)], axis=2)
    lead, whole, review = (_upto(weeks, total, end, is_whole, rng) for end in ends)
    return Futures(lead, np.maximum(whole, lead), review.mean(axis=1, dtype=np.float64), (review <= 0).mean(axis=1))


def _upto(weeks: Array, total: Array, end: Array, is_whole: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """(n, P) demand of the first `end` (n, P) weeks."""
    full = np.floor(end).astype(np.int64)
    share = end - full
    last = np.take_along_axis(weeks, np.minimum(full, weeks.shape[2] - 1)[:, :, None], axis=2)[:, :, 0]
    some = np.where(is_whole[:, None], rng.binomial(np.rint(last).astype(np.int64), share), share * last)
    return (np.take_along_axis(total, full[:, :, None], axis=2)[:, :, 0] + some).astype(np.float32)
