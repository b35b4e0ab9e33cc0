"""What is known of a series at each of its periods. Here: levels and sums over recent periods. Not here: features, models."""

import numpy as np
from numpy.typing import NDArray

from models.forecast.panel import Panel

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


class Past:
    """Running sums over a panel: each question about (series, period) looks at that period and before, never after.

    sums, counts: (n, T + 1) demand and known periods before each period.
    """

    def __init__(self, panel: Panel) -> None:
        y = panel.y
        known = np.isfinite(y)
        filled = np.where(known, y, 0.0)
        self.panel = panel
        self.sums, self._squares = _cumulated(filled), _cumulated(filled**2)
        self.counts, self._zeros = _cumulated(known), _cumulated(known & (y == 0))
        at = np.arange(y.shape[1])
        sold = np.maximum.accumulate(np.where(filled > 0, at, -1), axis=1)
        self._idle = at - sold
        self.level = self._levels()

    def _levels(self) -> Array:
        """(n, T) what a period sells: mean of the last `level` known periods, drawn to the mean of all so far by a quarter's weight."""
        prior = self.panel.freq.level / 4
        every = np.arange(self.panel.y.shape[1])
        low = np.maximum(every + 1 - self.panel.freq.level, 0)
        recent, recent_count = (c[:, every + 1] - c[:, low] for c in (self.sums, self.counts))
        total, count = self.sums[:, 1:], self.counts[:, 1:]
        overall = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
        return (recent + prior * overall) / (recent_count + prior)

    def mean(self, i: Ints, t: Ints, periods: int) -> Array:
        """Mean of the last known of `periods` up to t; not a number where none is known."""
        return _over(self._window(self.sums, i, t, periods), self._window(self.counts, i, t, periods))

    def std(self, i: Ints, t: Ints, periods: int) -> Array:
        """Standard deviation of the same."""
        square = _over(self._window(self._squares, i, t, periods), self._window(self.counts, i, t, periods))
        return np.sqrt(np.maximum(square - self.mean(i, t, periods) ** 2, 0.0))

    def zero_share(self, i: Ints, t: Ints, periods: int) -> Array:
        """Share of zeros among them."""
        return _over(self._window(self._zeros, i, t, periods), self._window(self.counts, i, t, periods))

    def known_share(self, i: Ints, t: Ints, periods: int) -> Array:
        """Share of periods that are known."""
        return self._window(self.counts, i, t, periods) / periods

    def idle(self, i: Ints, t: Ints) -> Array:
        """Periods since the last sale."""
        return self._idle[i, t].astype(np.float64)

    def lags(self, i: Ints, t: Ints, periods: int) -> Array:
        """(rows, periods) demand at t, t − 1 …; not a number where unknown."""
        back = t[:, None] - np.arange(periods)
        return np.where(back >= 0, self.panel.y[i[:, None], np.maximum(back, 0)], np.nan)

    def at(self, i: Ints, t: Ints) -> Array:
        """Demand at any period of the calendar, not a number outside it."""
        inside = (t >= 0) & (t < self.panel.y.shape[1])
        return np.where(inside, self.panel.y[i, np.clip(t, 0, self.panel.y.shape[1] - 1)], np.nan)

    @staticmethod
    def between(cumulated: Array, first: int, last: int) -> Array:
        """(n, T) sums of `sums` or `counts` from `first` to `last` periods after each one, as far as they are on the calendar."""
        periods = cumulated.shape[1] - 1
        at = np.arange(periods)
        return np.asarray(cumulated[:, np.clip(at + last + 1, 0, periods)] - cumulated[:, np.clip(at + first, 0, periods)])

    @staticmethod
    def _window(cumulated: Array, i: Ints, t: Ints, periods: int) -> Array:
        return cumulated[i, t + 1] - cumulated[i, np.maximum(t + 1 - periods, 0)]


def known_mean(values: list[Array]) -> Array:
    """Mean of the known values at each place; not a number where there is none."""
    stacked = np.stack(values)
    return _over(np.nansum(stacked, axis=0), np.isfinite(stacked).sum(axis=0))


def _cumulated(values: NDArray[np.generic]) -> Array:
    out = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=out[:, 1:])
    return out


def _over(part: Array, count: Array) -> Array:
    return np.divide(part, count, out=np.full(part.shape, np.nan), where=count > 0)
