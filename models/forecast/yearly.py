"""What became of similar series a year ago. Here: pooled ratios of demand to the level before it. Not here: one series' own season."""

import numpy as np
from numpy.typing import NDArray

from models.forecast.past import Past

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
HIGHEST_RATIO = 10.0
MIN_SERIES = 20  # demand of fewer series is noise, not a season


class Yearly:
    """Ratio ahead[g, t, h − 1] of group g's demand h periods after t to its level at t, over series alive at t.

    Demand of more than ten times its level is cut there, so that a single bulk order is no season. Asked for the season h periods
    after t, only origins one, two, three years before t are looked at, whose outcomes lie at or before t.
    """

    def __init__(self, past: Past, groups: Ints, horizon: int) -> None:
        y, level, freq = past.panel.y, past.level, past.panel.freq
        self._year, self._groups = freq.year, groups
        self._smooth = smooth = freq.smooth
        alive = np.isfinite(y) & (level > 0)
        members = by_group(alive.astype(np.float64), groups)
        parts = np.zeros((2, *members.shape, horizon + 2 * smooth))
        for k in range(parts.shape[-1]):
            low, high, shift = *_overlap(y.shape[1], k + 1 - smooth), k + 1 - smooth
            target = y[:, low + shift : high + shift]
            base = np.where(np.isfinite(target) & alive[:, low:high], level[:, low:high], 0.0)
            parts[0, :, low:high, k] = by_group(np.minimum(np.nan_to_num(target), HIGHEST_RATIO * base), groups)
            parts[1, :, low:high, k] = by_group(base, groups)
        sums = np.stack([parts[..., h : h + 2 * smooth + 1].sum(axis=-1) for h in range(horizon)], axis=-1)
        enough = (members >= MIN_SERIES)[:, :, None] & (sums[1] > 0)
        self._ahead = np.divide(sums[0], sums[1], out=np.full(sums[0].shape, np.nan), where=enough)

    def ratio(self, i: Ints, t: Ints, h: Ints) -> tuple[Array, Array]:
        """Mean ratio over up to three years before, 1 where there is none, and the number of years."""
        total, years = np.zeros(len(i)), np.zeros(len(i))
        first = -(-(h + self._smooth) // self._year)
        for back in range(3):
            then = t - (first + back) * self._year
            value = np.where(then >= 0, self._ahead[self._groups[i], np.maximum(then, 0), h - 1], np.nan)
            seen = np.isfinite(value)
            total += np.where(seen, value, 0.0)
            years += seen
        return np.divide(total, years, out=np.ones(len(i)), where=years > 0), years

    def season(self, i: Ints, t: Ints, h: Ints) -> Array:
        """Ratio of demand h periods after t to the level at t, drawn to 1 as if one year more had shown 1: k years weigh k ÷ (k + 1)."""
        ratio, years = self.ratio(i, t, h)
        return np.asarray(np.clip(ratio, 0.1, 10.0) ** (years / (years + 1)))


def _overlap(periods: int, shift: int) -> tuple[int, int]:
    """First and one past the last period whose shifted one is on the calendar."""
    low = min(max(0, -shift), periods)
    return low, max(periods - max(shift, 0), low)


def by_group(values: Array, groups: Ints) -> Array:
    """(groups, T) sums of (n, T) over the series of each group; codes run from 0 without gaps or with empty groups."""
    count = int(groups.max(initial=0)) + 1
    if count == 1:
        return values.sum(axis=0, keepdims=True)
    out = np.zeros((count, values.shape[1]))
    order = np.argsort(groups, kind="stable")
    present, starts = np.unique(groups[order], return_index=True)
    out[present] = np.add.reduceat(values[order], starts, axis=0)
    return out
