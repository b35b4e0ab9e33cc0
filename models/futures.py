"""Demand over lead time and review from sampled futures. Here: drawing them, what is lost on the way, and what `levels` asks of them. Not here: the
forecasts, the levels.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.chance import Source
from models.forecast.paths import whole_paths
from models.spreads import spread_to, widened

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
WEEK = 7.0


@dataclass(frozen=True)
class Futures:
    """n series with P equally likely futures each: lead_units and interval_units (n, P) over the lead time, and over lead time and review, both
    without what is lost before this order arrives, on average lost_units (n,).
    """

    lead_units: Floats
    interval_units: Floats
    review_units: Array
    idle_rate: Array
    lost_units: Array

    @property
    def std_units(self) -> Array:
        """See levels.Interval."""
        return self.interval_units.std(axis=1, dtype=np.float64)

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
        return replace(self, lead_units=lead, interval_units=self.interval_units - (self.lead_units - lead))

    def spread(self, rate: Array) -> "Futures":
        """Totals whose distance from their median is multiplied by `rate` (n,), whole."""
        lead, whole = (np.rint(widened(units, rate)) for units in (self.lead_units, self.interval_units))
        return replace(self, lead_units=lead, interval_units=whole)

    def without(self, lost: Array) -> "Futures":
        """The same without what is lost (n, P) before this order arrives: nobody waits for it, so it takes no stock."""
        units = np.minimum(np.rint(lost).astype(np.float32), self.lead_units)
        return replace(
            self, lead_units=self.lead_units - units, interval_units=self.interval_units - units, lost_units=units.mean(axis=1, dtype=np.float64)
        )  # fmt: skip

    def quantile(self, rate: Array) -> Array:
        """See levels.Interval."""
        many = self.interval_units.shape[1]
        place = np.clip(np.ceil(rate * many).astype(np.int64) - 1, 0, many - 1)
        return np.ceil(np.take_along_axis(np.sort(self.interval_units, axis=1), place[:, None], axis=1)[:, 0].astype(np.float64))

    def part(self, rows: NDArray[np.int64]) -> "Futures":
        """See levels.Interval."""
        return Futures(**{name: value[rows] for name, value in self.__dict__.items()})

    def renewed(self, rows: NDArray[np.int64], newer: "Futures") -> "Futures":
        """The same with the series at `rows` drawn anew."""
        return Futures(**{name: put(value, rows, getattr(newer, name)) for name, value in self.__dict__.items()})

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


@dataclass(frozen=True)
class Shelf:
    """on_hand: (n,) less what is owed, not a number where it is unknown or where what is missing is owed; due: (n, k) units that arrive at the start
    of spans 0 … k − 1, each `days` long: weeks, or parts of them.
    """

    on_hand: Array
    due: Array
    days: float = WEEK

    def part(self, rows: NDArray[np.int64]) -> "Shelf":
        """Some of the series."""
        return Shelf(self.on_hand[rows], self.due[rows], self.days)


def put(values: NDArray[Any], rows: NDArray[np.int64], newer: NDArray[Any]) -> NDArray[Any]:
    """A copy of `values` with `newer` ones at `rows`."""
    copy = values.copy()
    copy[rows] = newer
    return copy


def draw(
    quantiles: Array, levels: Array, together: float, lead_days: Array, review_days: Array, is_whole: NDArray[np.bool_], rng: Source,
    std: Array | None = None, width: Array | None = None, shelf: Shelf | None = None,
) -> Futures:  # fmt: skip
    """quantiles: (n, weeks, levels), beyond the last week as in it; together: correlation of weeks; lead_days: (n, P) drawn; review_days: (n,).

    Of a week that is reached in part each unit counts by chance where demand is whole, and its share where it isn't. std: (n,) that
    demand over lead time and review comes to; where it is not a number, deviations are multiplied by `width` (n,), 1 unless given. With a shelf its
    stock is followed along each future, and what it can't serve before this order arrives is lost.
    Example: a week of 7 for certain, lead time 7 days, review 3.5: over both 7 and about half of 7; with 5 on hand 2 of these are lost.
    """
    n, paths = lead_days.shape
    ends = np.stack([lead_days, lead_days + review_days[:, None], np.broadcast_to(review_days[:, None], lead_days.shape)]) / WEEK
    length = max(1, int(np.ceil(ends.max(initial=0.0))))
    weeks = whole_paths(quantiles, levels, together, paths, length, is_whole, rng)
    total = np.concatenate([np.zeros((n, paths, 1)), np.cumsum(weeks, axis=2)], axis=2)
    lead, whole, review = (_upto(weeks, total, end, is_whole, rng) for end in ends)
    drawn = Futures(lead, np.maximum(whole, lead), review.mean(axis=1, dtype=np.float64), (review <= 0).mean(axis=1), np.zeros(n))
    told = np.full(n, np.nan) if std is None else std
    rate = spread_to(told, drawn.std_units, np.ones(n) if width is None else width)
    drawn = drawn.spread(rate)
    if shelf is None or not np.isfinite(shelf.on_hand).any():
        return drawn
    return drawn.without(_lost(widened(weeks, rate), shelf, ends[0]))


def _lost(weeks: Array, shelf: Shelf, end: Array) -> Array:
    """(n, P) what a shelf can't serve of `weeks` (n, P, T) until `end` (n, P), in weeks; nothing where stock is unknown. Spans share their week evenly;
    what is owed takes from what arrives.
    """
    stock = np.repeat(np.where(np.isfinite(shelf.on_hand), shelf.on_hand, np.inf)[:, None], weeks.shape[1], axis=1)
    lost, span = np.zeros_like(stock), shelf.days / WEEK
    for k in range(int(np.ceil(end.max(initial=0.0) / span))):
        if k < shelf.due.shape[1]:
            stock += shelf.due[:, k, None]
        wanted = np.clip(end - k * span, 0.0, span) * weeks[:, :, int(k * shelf.days // WEEK)]
        served = np.minimum(np.maximum(stock, 0.0), wanted)
        stock, lost = stock - served, lost + (wanted - served)
    return lost


def _upto(weeks: Array, total: Array, end: Array, is_whole: NDArray[np.bool_], rng: Source) -> Floats:
    """(n, P) demand of the first `end` (n, P) weeks."""
    full = np.floor(end).astype(np.int64)
    share = end - full
    last = np.take_along_axis(weeks, np.minimum(full, weeks.shape[2] - 1)[:, :, None], axis=2)[:, :, 0]
    some = np.where(is_whole[:, None], rng.binomial(np.rint(last).astype(np.int64), share), share * last)
    return (np.take_along_axis(total, full[:, :, None], axis=2)[:, :, 0] + some).astype(np.float32)
