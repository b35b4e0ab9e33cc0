"""How much of each model, and how wide. Here: weights and spreads learnt from forecasts of known periods. Not here: the models.

Few numbers, each for frequent and for sparse demand, so that they are learnt from many series and hold on others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.accuracy import pinball

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
WEIGHTS = np.linspace(0.0, 1.0, 11)
SPREADS = np.linspace(0.7, 1.6, 19)
POWER = 1.5
SPARSE_FROM = 0.25  # share of periods without demand


@dataclass(frozen=True)
class Blend:
    """Per class (frequent, sparse): the boosted model's share in the mean and in the quantiles, the factor that takes the mean's
    bias away, and per level how much wider than forecast the distance from the median has to be."""

    mean_weight: tuple[float, ...]
    quantile_weight: tuple[float, ...]
    factor: tuple[float, ...]
    spread: tuple[tuple[float, ...], ...]

    def mean(self, boosted: Array, own: Array, kind: Ints) -> Array:
        """(rows,) blended mean."""
        weight = np.array(self.mean_weight)[kind]
        return (weight * boosted + (1 - weight) * own) * np.array(self.factor)[kind]

    def quantiles(self, boosted: Array, own: Array, kind: Ints, levels: Array) -> Array:
        """(rows, levels) blended quantiles, in order and not below 0."""
        weight = np.array(self.quantile_weight)[kind][:, None]
        both = weight * boosted + (1 - weight) * own
        return widened(both, np.array(self.spread)[kind], levels)


def plain(levels: Array, weight: float) -> Blend:
    """Nothing learnt: one weight, no correction."""
    return Blend((weight, weight), (weight, weight), (1.0, 1.0), (tuple(np.ones(len(levels))),) * 2)


def kind_of(zero_share: Array) -> Ints:
    """0 for frequent demand, 1 for sparse; unknown counts as sparse."""
    return np.where(np.nan_to_num(zero_share, nan=1.0) < SPARSE_FROM, 0, 1)


def widened(quantiles: Array, spread: Array, levels: Array) -> Array:
    """Quantiles whose distance from the median is multiplied by `spread`."""
    middle = quantiles[:, [int(np.argmin(np.abs(levels - 0.5)))]]
    return np.sort(np.maximum(middle + spread * (quantiles - middle), 0.0), axis=1)


def learn(
    actual: Array, scale: Array, kind: Ints, means: tuple[Array, Array], quantiles: tuple[Array, Array], levels: Array
) -> Blend:
    """The blend that would have forecast `actual` (rows,) best; means and quantiles are (boosted, own)."""
    fits = [_of_kind(kind == k, actual, scale, means, quantiles, levels) for k in (0, 1)]
    return Blend(*(tuple(part) for part in zip(*fits, strict=True)))


def _of_kind(
    rows: NDArray[np.bool_],
    actual: Array,
    scale: Array,
    means: tuple[Array, Array],
    quantiles: tuple[Array, Array],
    levels: Array,
) -> tuple[float, float, float, tuple[float, ...]]:
    if rows.sum() < 100:
        return 0.5, 0.5, 1.0, tuple(np.ones(len(levels)))
    y, s = actual[rows], scale[rows]
    first, second = (m[rows] for m in means)
    losses = [_deviance(y / s, (w * first + (1 - w) * second) / s) for w in WEIGHTS]
    weight = float(WEIGHTS[int(np.argmin(losses))])
    mean = weight * first + (1 - weight) * second
    factor = float(np.clip((y.sum() + mean.sum()) / (2 * mean.sum()), 0.8, 1.25))
    q1, q2 = (q[rows] for q in quantiles)
    shares = [_scaled_pinball(y, w * q1 + (1 - w) * q2, levels, s).mean() for w in WEIGHTS]
    share = float(WEIGHTS[int(np.argmin(shares))])
    both = share * q1 + (1 - share) * q2
    wider = np.stack([_scaled_pinball(y, widened(both, np.full(len(levels), c), levels), levels, s) for c in SPREADS])
    return weight, share, factor, tuple(float(c) for c in SPREADS[np.argmin(wider, axis=0)])


def _deviance(actual: Array, mean: Array) -> float:
    """Mean Tweedie deviance of power 1.5, up to a constant (Jørgensen 1987): least at the true mean."""
    at = np.maximum(mean, 1e-6)
    return float(np.mean(at ** (2 - POWER) / (2 - POWER) - actual * at ** (1 - POWER) / (1 - POWER)))


def _scaled_pinball(actual: Array, quantiles: Array, levels: Array, scale: Array) -> Array:
    return np.asarray((pinball(quantiles[:, None, :], actual[:, None], levels)[:, 0] / scale[:, None]).mean(axis=0))
