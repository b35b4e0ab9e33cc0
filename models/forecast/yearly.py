"""What became of similar series a year ago. Here: pooled ratios of demand to the level before it. Not here: one series' own season."""

import numpy as np
from numpy.typing import NDArray

from models.forecast.groups import by_group
from models.forecast.past import Past

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
MIN_SERIES = 20  # demand of fewer series is noise, not a season


class Yearly:
    """Ratio ahead[g, t, h − 1] of group g's demand h periods after t to its level at t, over series alive at t.

    A series counts with the square root of its level, between each alike and each unit alike. Asked for the season h periods
    after t, only origins one, two, three years before t are looked at, whose outcomes lie at or before t.
    """

    def __init__(self, past: Past, groups: Ints, horizon: int) -> None:
        y, level, freq = past.panel.y, past.level, past.panel.freq
        self._year, self._groups = freq.year, groups
        self._smooth = smooth = freq.smooth
        count, periods = int(groups.max(initial=0)) + 1, y.shape[1]
        weight = np.divide(1.0, np.sqrt(level), out=np.zeros_like(level), where=level > 0)
        alive = np.isfinite(y) & (level > 0)
        self._ahead = np.full((count, periods, horizon), np.nan)
        sums = np.zeros((2, count, periods, horizon))
        for h in range(1, horizon + 1):
            for shift in range(h - smooth, h + smooth + 1):
                low, high = max(0, -shift), periods - max(shift, 0)
                if low >= high:
                    continue
                target = y[:, low + shift : high + shift]
                seen = np.isfinite(target) & alive[:, low:high]
                of, base = weight[:, low:high], level[:, low:high]
                sums[0, :, low:high, h - 1] += by_group(np.where(seen, of * target, 0.0), groups)
                sums[1, :, low:high, h - 1] += by_group(np.where(seen, of * base, 0.0), groups)
        members = by_group(alive.astype(np.float64), groups)
        enough = (members >= MIN_SERIES)[:, :, None] & (sums[1] > 0)
        np.divide(sums[0], sums[1], out=self._ahead, where=enough)

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
