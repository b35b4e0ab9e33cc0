"""How far series move together. Here: the correlation of different series' errors, and draws that have it. Not here: totals (totals.py)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
LEAST_PAIRS = 2_000


@dataclass(frozen=True)
class Shared:
    """Correlations of normal scores: of two series in one week (everything), of two of one category, and what of it lasts from week to week.

    Defaults are what the demo merchant's own past tells (docs/benchmarks.md), for merchants without any.
    """

    everything: float = 0.020
    category: float = 0.036
    lasting: float = 0.59


UNTOLD = Shared()


def scores(actual: Array, quantiles: Array, levels: Array) -> Array:
    """(rows,) normal scores of what came within its forecast quantiles (rows, levels): of the middle of what is known of P(Y < y) and
    P(Y ≤ y). Example: 6 is the 97.5 % quantile, 7 the 99 %, 6.5 came: Φ⁻¹(0.9825) = 2.11.
    """
    knots = np.concatenate([np.zeros((len(actual), 1)), quantiles], axis=1)
    places = np.concatenate([[0.0], levels, [1.0]])
    below, upto = ((knots < actual[:, None]).sum(axis=1), (knots <= actual[:, None]).sum(axis=1))
    middle = sum(places[k] for k in (np.maximum(below - 1, 0), below, np.maximum(upto - 1, 0), upto)) / 4
    return np.asarray(special.ndtri(np.clip(middle, 0.005, 0.995)))


def learn(score: Array, series: Ints, category: Ints, origin: Ints, week: Ints) -> Shared:
    """How far series went together in forecasts of the past; Shared's defaults where they are too few to tell.

    score: (rows,) of `scores`; the other columns say whose week of which forecast a row is. Pairs are of different series, and a score
    counts from 0, not from its mean, since a level that all miss alike is what moves a total. A mean product of pairs needs no pair:
    (Σ² − Σ squares) ÷ (n² − n).
    Example: two series with scores 1 and 1, then −1 and −1: 1.
    """
    unit = np.sqrt(np.mean(score**2)) if len(score) else 0.0
    if not unit:
        return UNTOLD
    z = score / unit
    everything, pairs = _products(z, _codes(origin, week))
    within, category_pairs = _products(z, _codes(origin, week, category))
    if min(pairs, category_pairs) < LEAST_PAIRS:
        return UNTOLD
    same_week, own, whole = (_sums(z, _codes(*key)) for key in ((origin, week), (origin, series), (origin,)))
    squares, rows = (z**2).sum(), float(len(z))
    other = (whole[0] - same_week[0] - own[0] + squares, whole[1] - same_week[1] - own[1] + rows)
    everything, within = (float(np.clip(value, 0.0, 0.95)) for value in (everything, within))
    lasting = other[0] / other[1] / everything if other[1] > 0 and everything > 0 else 0.0
    return Shared(everything, max(within, everything), float(np.clip(lasting, 0.0, 1.0)))


def _codes(*columns: Ints) -> Ints:
    return np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _sums(z: Array, codes: Ints) -> tuple[float, float]:
    """Sum over groups of squared sums, and of squared counts."""
    return float((np.bincount(codes, weights=z) ** 2).sum()), float((np.bincount(codes).astype(np.float64) ** 2).sum())


def _products(z: Array, codes: Ints) -> tuple[float, float]:
    """Mean product of two rows of a group, and the number of such pairs."""
    product, pairs = _sums(z, codes)
    pairs -= len(z)
    return (product - float((z**2).sum())) / max(pairs, 1.0), pairs


class Draws:
    """Chances (series, paths, weeks) for parts of all series, one after the other, that move together as `shared` and their own weeks say.

    A Gaussian factor model: what everything shares, what a category shares, what a series keeps from week to week, and the rest, their
    variances adding up to 1 (Embrechts, McNeil & Straumann 2002).
    """

    def __init__(self, shared: Shared, categories: int, paths: int, weeks: int, seed: int) -> None:
        self._shared, self._rng = shared, np.random.default_rng(seed)
        self._size = (paths, weeks)
        own = max(shared.category - shared.everything, 0.0)
        self._everything = np.sqrt(shared.everything) * self._factor(1)
        self._category = np.sqrt(own) * self._factor(categories)

    def chances(self, category: Ints, together: Array) -> Array:
        """category: (series,) codes; together: (series,) correlation of a series' own weeks."""
        n, shared = len(category), self._shared
        common = max(shared.category, shared.everything)
        kept = np.clip(together - shared.lasting * common, 0.0, 1.0 - common)[:, None, None]
        lasting = np.sqrt(kept) * self._rng.standard_normal((n, self._size[0], 1))
        rest = np.sqrt(1.0 - common - kept) * self._rng.standard_normal((n, *self._size))
        return np.asarray(special.ndtr(self._everything + self._category[category] + lasting + rest))

    def _factor(self, groups: int) -> Array:
        """(groups, paths, weeks) of variance 1, of which `lasting` is one draw for all weeks."""
        lasting = self._shared.lasting
        one = self._rng.standard_normal((groups, self._size[0], 1))
        return np.asarray(np.sqrt(lasting) * one + np.sqrt(1 - lasting) * self._rng.standard_normal((groups, *self._size)))
