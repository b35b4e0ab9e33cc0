"""How far demand may lie from its mean. Here: a distribution for any series and any interval. Not here: the mean.

Weekly demand is negative binomial around its mean times a level that all coming weeks share:
    D_t | G ~ NB(mean = G m_t, variance = G m_t + α (G m_t)²),  G ~ Gamma(mean 1, cv c)
so that errors of weeks go together, as a wrong level does, and the spread of a total grows faster than by √weeks.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
WEEKLY_PATHS = 400
INTERVAL_PATHS = 2000  # levels are bought by, and lie far out in the tail
MIN_LEVEL_CV, MAX_LEVEL_CV = 0.05, 1.0
NEW_LEVEL_CV = 0.6  # a product of a few weeks: its level is known to a factor of two
MAX_DISPERSION = 10.0
PRIOR_WEEKS = 13


def dispersion(history: list[Array]) -> Array:
    """α of each series by moments of week-to-week differences: (½ mean (y_t − y_{t−1})² − mean) / mean², not below 0.

    Differences rather than deviations, so that trend doesn't count as noise. Drawn towards the pooled α with the weight of 13
    weeks (0.5 where none has more). Example: 2, 6, 2, 6 has mean 4, half mean squared difference 8: α = (8 − 4) / 16 = 0.25.
    """
    own, weeks = np.zeros(len(history)), np.zeros(len(history))
    for i, y in enumerate(history):
        if len(y) > 2 and y.mean() > 0:
            own[i] = max(0.0, (0.5 * np.mean(np.diff(y) ** 2) - y.mean()) / y.mean() ** 2)
            weeks[i] = len(y)
    own = np.minimum(own, MAX_DISPERSION)
    known = weeks > PRIOR_WEEKS
    prior = float(np.median(own[known])) if known.any() else 0.5
    return np.asarray((weeks * own + PRIOR_WEEKS * prior) / (weeks + PRIOR_WEEKS))


def level_cv(forecast: Array, actual: Array, alpha: Array) -> float:
    """The shared level's coefficient of variation that explains the backtest's errors of totals beyond weekly noise.

    By moments: E(T − F)² = F + α Σ m² + c² F², weighted by 1/(1 + F) so that neither a large series
    nor one of next to none rules. forecast, actual: (rows, weeks).
    """
    valid = np.isfinite(actual).all(axis=1) & (forecast.sum(axis=1) > 0)
    if not valid.any():
        return NEW_LEVEL_CV
    mean, total = forecast[valid].sum(axis=1), actual[valid].sum(axis=1)
    noise = mean + alpha[valid] * (forecast[valid] ** 2).sum(axis=1)
    weight = 1 / (1 + mean)
    squared = np.sum(weight * ((total - mean) ** 2 - noise)) / np.sum(weight * mean**2)
    return float(np.clip(np.sqrt(max(squared, 0.0)), MIN_LEVEL_CV, MAX_LEVEL_CV))


def weekly_quantiles(mean: Array, alpha: Array, cv: Array, quantiles: Array, rng: np.random.Generator) -> Array:
    """(series, weeks, quantiles) of weekly demand; whole units, never negative. mean: (series, weeks)."""
    level = _levels(cv, WEEKLY_PATHS, rng)
    draws = _negative_binomial(level[:, None, :] * mean[:, :, None], alpha[:, None, None], rng)
    return np.moveaxis(np.quantile(draws, quantiles, axis=2, method="inverted_cdf"), 0, 2)


def interval_totals(
    mean: Array, alpha: Array, cv: Array, fixed_days: Array, random_days: Array, random_days_std: Array, rng: np.random.Generator
) -> Array:
    """(series, paths) of total demand over an interval of `fixed_days` plus a gamma-distributed number of days.

    mean: (series, weeks) expected demand per week from now; beyond the last week it stays as it is. Weeks are taken in part
    where the interval ends within one.
    """
    days = fixed_days[:, None] + _gamma(random_days, random_days_std, rng)
    total, squares = _cumulated(mean, days / 7)
    level = _levels(cv, INTERVAL_PATHS, rng)
    share = np.divide(squares, total**2, out=np.zeros_like(total), where=total**2 > 0)
    return _negative_binomial(level * total, alpha[:, None] * share, rng)


def _cumulated(mean: Array, weeks: Array) -> tuple[Array, Array]:
    """Σ m_t and Σ m_t² over a broken number of weeks, per series and path."""
    whole = np.floor(weeks).astype(int)
    part = weeks - whole
    last = mean.shape[1] - 1
    sums, squares = (np.concatenate([np.zeros((len(mean), 1)), np.cumsum(m, axis=1)], axis=1) for m in (mean, mean**2))
    inside = np.minimum(whole, last + 1)
    beyond = np.maximum(whole - (last + 1), 0)
    next_week = np.take_along_axis(mean, np.minimum(whole, last), axis=1)
    final = mean[:, -1:]
    total = np.take_along_axis(sums, inside, axis=1) + beyond * final + part * next_week
    return total, np.take_along_axis(squares, inside, axis=1) + beyond * final**2 + (part * next_week) ** 2


def _levels(cv: Array, paths: int, rng: np.random.Generator) -> Array:
    shape = 1 / np.maximum(cv, 1e-6) ** 2
    return rng.gamma(shape[:, None], 1 / shape[:, None], (len(cv), paths))


def _gamma(mean: Array, std: Array, rng: np.random.Generator) -> Array:
    """Positive draws with the given mean and standard deviation; exactly the mean where that is 0."""
    spread = np.maximum(std, 1e-6 * np.maximum(mean, 1.0))
    shape = (np.maximum(mean, 1e-9) / spread) ** 2
    return rng.gamma(shape[:, None], (np.maximum(mean, 1e-9) / shape)[:, None], (len(mean), INTERVAL_PATHS))


def _negative_binomial(mean: Array, alpha: Array, rng: np.random.Generator) -> Array:
    shape = 1 / np.maximum(alpha, 1e-6)
    return rng.poisson(rng.gamma(np.broadcast_to(shape, mean.shape), mean / shape)).astype(np.float64)
