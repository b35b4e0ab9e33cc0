"""What a series says about itself. Here: a mean and quantiles without any other series' help. Not here: the boosted model.

The mean is the smoothed level times the pooled season and, of days, the series' own week. The quantiles are those of its last
demands, moved to that mean and drawn to a gamma distribution around it while they are few.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.forecast.features import Features

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
PRIOR_PERIODS = 8.0
PRIOR_DISPERSION = 0.5
WEEKS = 8


def own_mean(features: Features, i: Ints, t: Ints, h: Ints) -> Array:
    """(rows,) expected demand."""
    past, freq = features.past, features.panel.freq
    level = features.smoothing.level(i, t)
    mean = level * features.season(i, t, h)
    if freq.year > freq.season > 1:
        same = [past.at(i, t + h - freq.season * (-(-h // freq.season) + k)) for k in range(WEEKS)]
        known = np.isfinite(np.stack(same))
        usual = past.mean(i, t, freq.season * WEEKS)
        index = (np.nansum(np.stack(same), axis=0) + PRIOR_PERIODS * usual) / (known.sum(axis=0) + PRIOR_PERIODS)
        mean *= np.divide(index, usual, out=np.ones_like(mean), where=usual > 0)
    return mean


def own_quantiles(features: Features, i: Ints, t: Ints, mean: Array, levels: Array) -> Array:
    """(rows, levels) quantiles around `mean`; of whole or broken numbers alike."""
    span = 4 * features.panel.freq.level
    ordered = np.sort(features.past.lags(i, t, span), axis=1)  # unknown ones last
    known = np.isfinite(ordered).sum(axis=1)
    usual = np.divide(np.nansum(ordered, axis=1), known, out=np.zeros(len(i)), where=known > 0)
    at = np.clip(np.ceil(levels * known[:, None]).astype(np.int64) - 1, 0, span - 1)
    seen = np.nan_to_num(np.take_along_axis(ordered, at, axis=1))
    moved = seen * np.divide(mean, usual, out=np.ones(len(i)), where=usual > 0)[:, None]
    shape = mean / (1 + PRIOR_DISPERSION * mean)
    drawn = special.gammaincinv(np.maximum(shape, 1e-6)[:, None], levels) * (mean / np.maximum(shape, 1e-6))[:, None]
    weight = (known / (known + PRIOR_PERIODS))[:, None]
    return weight * moved + (1 - weight) * np.where(mean[:, None] > 0, drawn, 0.0)
