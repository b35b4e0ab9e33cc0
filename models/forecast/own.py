"""What a series says about itself. Here: a mean and quantiles without any other series' help but the season. Not here: the boosted model.

The mean is the smoothed level times the season and, of days, the series' own week. The quantiles are those of its last demands,
moved to that mean and drawn to a gamma distribution around it while they are few.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.forecast.index import Index
from models.forecast.past import Past
from models.forecast.smoothing import Smoothing
from models.forecast.yearly import Yearly

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
PRIOR_PERIODS = 8.0
PRIOR_DISPERSION = 0.5
WEEKS = 8


class Own:
    """The season is the index of the place in the year; before a whole year was around any, what became of all series a year ago."""

    def __init__(self, past: Past, index: Index, yearly: Yearly) -> None:
        self._past, self._index, self._yearly = past, index, yearly
        self.smoothing = Smoothing(past, index)

    def mean(self, i: Ints, t: Ints, h: Ints) -> Array:
        """(rows,) expected demand."""
        past, freq = self._past, self._past.panel.freq
        mean = self.smoothing.mean(i, t, h)
        mean *= np.where(self._index.years[t + h] > 0, 1.0, self._yearly.season(i, t, h))
        if freq.year > freq.season > 1:
            same = [past.at(i, t + h - freq.season * (-(-h // freq.season) + k)) for k in range(WEEKS)]
            known = np.isfinite(np.stack(same))
            usual = past.mean(i, t, freq.season * WEEKS)
            index = (np.nansum(np.stack(same), axis=0) + PRIOR_PERIODS * usual) / (known.sum(axis=0) + PRIOR_PERIODS)
            mean *= np.divide(index, usual, out=np.ones_like(mean), where=usual > 0)
        return mean

    def quantiles(self, i: Ints, t: Ints, mean: Array, levels: Array) -> Array:
        """(rows, levels) quantiles around `mean`; of whole or broken numbers alike."""
        span = 4 * self._past.panel.freq.level
        ordered = np.sort(self._past.lags(i, t, span), axis=1)  # unknown ones last
        known = np.isfinite(ordered).sum(axis=1)
        usual = np.divide(np.nansum(ordered, axis=1), known, out=np.zeros(len(i)), where=known > 0)
        at = np.clip(np.ceil(levels * known[:, None]).astype(np.int64) - 1, 0, span - 1)
        seen = np.nan_to_num(np.take_along_axis(ordered, at, axis=1))
        moved = seen * np.divide(mean, usual, out=np.ones(len(i)), where=usual > 0)[:, None]
        shape = mean / (1 + PRIOR_DISPERSION * mean)
        drawn = special.gammaincinv(np.maximum(shape, 1e-6)[:, None], levels) * (mean / np.maximum(shape, 1e-6))[:, None]
        weight = (known / (known + PRIOR_PERIODS))[:, None]
        return weight * moved + (1 - weight) * np.where(mean[:, None] > 0, drawn, 0.0)
