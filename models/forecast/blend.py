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
SPREADS = np.array(sorted(np.linspace(0.7, 1.6, 19), key=lambda c: abs(c - 1)))  # of equal ones the nearest to none is taken
FACTORS = 0.8, 1.25
USUAL = 0.75  # weight of the boosted mean
TRUST = 0.25  # in what the held-back weeks say of means: what was best around Christmas isn't best in spring
MIN_ROWS = 100
POWER = 1.5
SPARSE_FROM = 0.25  # share of periods without demand


@dataclass(frozen=True)
class Blend:
    """Per class (frequent, sparse): the boosted model's share in the mean and in the quantile of each level, the factor that takes
    a quarter of the mean's bias away, and per level how much wider than forecast the distance from the median has to be."""

    mean_weight: tuple[float, ...]
    quantile_weight: tuple[tuple[float, ...], ...]
    factor: tuple[float, ...]
    spread: tuple[tuple[float, ...], ...]

    def share(self, kind: Ints, told: NDArray[np.bool_]) -> Array:
        """(rows,) of the boosted mean; all of it where it was `told` of what the series' own past knows nothing of."""
        return np.where(told, 1.0, np.array(self.mean_weight)[kind])

    def mean(self, boosted: Array, own: Array, kind: Ints, told: NDArray[np.bool_]) -> Array:
        """(rows,) blended mean."""
        weight = self.share(kind, told)
        return (weight * boosted + (1 - weight) * own) * np.array(self.factor)[kind]

    def quantiles(self, boosted: Array, own: Array, kind: Ints, is_whole: NDArray[np.bool_], levels: Array) -> Array:
        """(rows, levels) blended quantiles, in order, not below 0, and whole where demand is."""
        weight = np.array(self.quantile_weight)[kind]
        both = weight * boosted + (1 - weight) * own
        return whole(widened(both, np.array(self.spread)[kind], levels), is_whole)


def plain(levels: Array, weight: float) -> Blend:
    """Nothing learnt: one weight, no correction."""
    every = (weight,) * len(levels)
    return Blend((weight, weight), (every, every), (1.0, 1.0), ((1.0,) * len(levels),) * 2)


def kind_of(zero_share: Array) -> Ints:
    """0 for frequent demand, 1 for sparse; unknown counts as sparse."""
    return np.where(np.nan_to_num(zero_share, nan=1.0) < SPARSE_FROM, 0, 1)


def widened(quantiles: Array, spread: Array, levels: Array) -> Array:
    """Quantiles whose distance from the median is multiplied by `spread`."""
    middle = quantiles[:, [int(np.argmin(np.abs(levels - 0.5)))]]
    return np.sort(np.maximum(middle + spread * (quantiles - middle), 0.0), axis=1)


def whole(quantiles: Array, is_whole: NDArray[np.bool_]) -> Array:
    """Quantiles (rows, levels), rounded in the rows of whole demand."""
    return np.where(is_whole[:, None], np.rint(quantiles), quantiles)


@dataclass(frozen=True)
class Trial:
    """Known demand (rows,) and what was forecast of it: means (rows,) and quantiles (rows, levels), each (boosted, own)."""

    actual: Array
    scale: Array
    kind: Ints
    is_whole: NDArray[np.bool_]
    means: tuple[Array, Array]
    quantiles: tuple[Array, Array]

    def of(self, kind: int) -> "Trial":
        """Its rows of one class."""
        rows = self.kind == kind
        means, quantiles = ((a[rows], b[rows]) for a, b in (self.means, self.quantiles))
        return Trial(self.actual[rows], self.scale[rows], self.kind[rows], self.is_whole[rows], means, quantiles)


def learn(trial: Trial, levels: Array) -> Blend:
    """The blend that would have forecast best."""
    fits = [_of_kind(trial.of(kind), levels) for kind in (0, 1)]
    return Blend(*(tuple(part) for part in zip(*fits, strict=True)))


def _of_kind(trial: Trial, levels: Array) -> tuple[float, tuple[float, ...], float, tuple[float, ...]]:
    if len(trial.actual) < MIN_ROWS:
        return 0.5, (0.5,) * len(levels), 1.0, (1.0,) * len(levels)
    weight, factor = _of_mean(trial)
    boosted, own = trial.quantiles
    shares = np.stack([_loss(w * boosted + (1 - w) * own, trial, levels) for w in WEIGHTS])
    share = WEIGHTS[np.argmin(_with_neighbours(shares / shares.min(axis=0).clip(1e-12)), axis=0)]
    both = share * boosted + (1 - share) * own
    wider = np.stack([_loss(widened(both, np.full(len(levels), c), levels), trial, levels) for c in SPREADS])
    return weight, tuple(share.tolist()), factor, tuple(((SPREADS[np.argmin(wider, axis=0)] + 1) / 2).tolist())


def _of_mean(trial: Trial) -> tuple[float, float]:
    y, scale, (boosted, own) = trial.actual, trial.scale, trial.means
    losses = [_deviance(y / scale, (w * boosted + (1 - w) * own) / scale) for w in WEIGHTS]
    weight = (1 - TRUST) * USUAL + TRUST * float(WEIGHTS[int(np.argmin(losses))])
    mean = weight * boosted + (1 - weight) * own
    return weight, float(np.clip(1 + TRUST * (y.sum() / mean.sum() - 1), *FACTORS))


def _loss(quantiles: Array, trial: Trial, levels: Array) -> Array:
    """(levels,) mean pinball loss ÷ the root of the scale: large series count, and small ones are not forgotten."""
    costs = pinball(whole(quantiles, trial.is_whole)[:, None], trial.actual[:, None], levels)[:, 0]
    return np.asarray((costs / np.sqrt(trial.scale)[:, None]).mean(axis=0))


def _with_neighbours(losses: Array) -> Array:
    """(weights, levels) losses, each averaged with those of the levels next to it, so that weights change little between levels."""
    padded = np.pad(losses, ((0, 0), (1, 1)), mode="edge")
    return np.asarray((padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3)


def _deviance(actual: Array, mean: Array) -> float:
    """Mean Tweedie deviance of power 1.5, up to a constant (Jørgensen 1987): least at the true mean."""
    at = np.maximum(mean, 1e-6)
    return float(np.mean(at ** (2 - POWER) / (2 - POWER) - actual * at ** (1 - POWER) / (1 - POWER)))
