"""Demand along whole paths. Here: draws over any number of periods from quantiles per period. Not here: the quantiles.

Periods go together as a Gaussian copula with one correlation for all pairs of periods (Embrechts, McNeil & Straumann 2002), so that a
level that is wrong in one period is wrong in the next, and the spread of a total grows faster than by the root of its periods.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.chance import Source

Array = NDArray[np.float64]


def whole_paths(
    quantiles: Array,
    levels: Array,
    together: float,
    paths: int,
    length: int,
    is_whole: NDArray[np.bool_],
    rng: Source,
) -> Array:
    """(series, paths, length) of demand per period, whole where demand is. See `totals` for quantiles, levels and together.

    Example: a median of 3 and together = 1: a path that lies above the median in its first period lies above it in all.
    """
    series, horizon, _ = quantiles.shape
    common = rng.standard_normal((series, paths))
    drawn = np.empty((series, paths, length))
    for h in range(length):
        chance = _chances(common, together, rng)
        drawn[:, :, h] = at(quantiles[:, min(h, horizon - 1)], levels, chance)
    drawn[is_whole] = np.rint(drawn[is_whole])
    return drawn


def totals(
    quantiles: Array, levels: Array, together: float, periods: Array, is_whole: NDArray[np.bool_], rng: np.random.Generator
) -> Array:
    """(series, paths) of total demand over `periods` (series, paths), a broken number of periods from now, drawn beforehand.

    quantiles: (series, horizon, levels); beyond the horizon the last period repeats. together: correlation of periods, 0 to 1.
    Of a period that is reached in part each unit counts by chance where demand is whole, and its share where it isn't.
    """
    horizon = quantiles.shape[1]
    length = int(np.ceil(periods.max(initial=0.0)))
    common = rng.standard_normal(periods.shape)
    total = np.zeros(periods.shape)
    for h in range(length):
        share = np.clip(periods - h, 0.0, 1.0)
        drawn = at(quantiles[:, min(h, horizon - 1)], levels, _chances(common, together, rng))
        whole = np.rint(drawn)
        some = np.where(share < 1, rng.binomial(whole.astype(np.int64), share), whole)
        total += np.where(is_whole[:, None], some, share * drawn)
    return total


def _chances(common: Array, together: float, rng: Source) -> Array:
    """Where within its distribution each path lies in one period; `common` is what all periods of a path share."""
    score = np.sqrt(together) * common + np.sqrt(1 - together) * rng.standard_normal(common.shape)
    return np.asarray(special.ndtr(score))


def at(quantiles: Array, levels: Array, chance: Array) -> Array:
    """(rows, draws) value at `chance` (rows, draws) of distributions given by their quantiles (rows, levels).

    Between levels a straight line; below the lowest one as steep as between the lowest two, not below 0; above the highest one an
    exponential tail that fits the highest two. Example: 10 at 0.9 and 20 at 0.99 give 30 at 0.999.
    """
    first = np.maximum(quantiles[:, :1] - (quantiles[:, 1:2] - quantiles[:, :1]) * levels[0] / (levels[1] - levels[0]), 0.0)
    knots, places = np.concatenate([first, quantiles], axis=1), np.concatenate([[0.0], levels])
    right = np.clip(np.searchsorted(places, chance), 1, len(levels))
    low, high = (np.take_along_axis(knots, k, axis=1) for k in (right - 1, right))
    inside = low + (high - low) * np.minimum((chance - places[right - 1]) / (places[right] - places[right - 1]), 1.0)
    slope = (quantiles[:, -1:] - quantiles[:, -2:-1]) / np.log((1 - levels[-2]) / (1 - levels[-1]))
    beyond = np.log((1 - levels[-1]) / np.maximum(1 - chance, 1e-9))
    return inside + slope * np.maximum(beyond, 0.0)


def correlation(actual: Array, quantiles: Array, levels: Array, path: NDArray[np.int64]) -> float:
    """Correlation of periods of one path: of normal scores of `actual` (rows,) within its quantiles (rows, levels), 0 to 1.

    path: (rows,) which rows were forecast together. Mean product of two different rows of a path ÷ mean square. A value that
    several levels share takes the middle of them.
    """
    knots = np.concatenate([np.zeros((len(actual), 1)), quantiles], axis=1)
    places = np.concatenate([[0.0], levels, [1.0]])
    below, upto = ((knots < actual[:, None]).sum(axis=1), (knots <= actual[:, None]).sum(axis=1))
    score = special.ndtri(np.clip((places[below] + places[upto]) / 2, 0.005, 0.995))
    score -= score.mean()
    groups = np.unique(path, return_inverse=True)[1]
    sums, squares, counts = (np.bincount(groups, weights=w) for w in (score, score**2, np.ones(len(score))))
    pairs = (counts * (counts - 1)).sum()
    if not pairs or not squares.sum():
        return 0.0
    product = (sums**2 - squares).sum() / pairs
    return float(np.clip(product / np.mean(score**2), 0.0, 0.95))
