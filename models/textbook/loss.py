"""Loss functions: expected units short of a level. Here: normal, Poisson and counted demand. Not here: what shortage costs (newsvendor)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]


def standard_loss(z: ArrayLike) -> Array:
    """E[(Z − z)⁺] of a standard normal Z: φ(z) − z(1 − Φ(z)). Example: 0 gives 0.3989."""
    at = np.asarray(z, dtype=np.float64)
    return _density(at) - at * special.ndtr(-at)


def normal_loss(level: ArrayLike, mean: ArrayLike, std: ArrayLike) -> Array:
    """E[(D − level)⁺] in units, of normal demand. Example: mean 50, std 8, level 56.6: 0.95."""
    return np.asarray(std) * standard_loss((np.asarray(level) - np.asarray(mean)) / np.asarray(std))


def normal_second_loss(level: ArrayLike, mean: ArrayLike, std: ArrayLike) -> Array:
    """E[((D − level)⁺)²]/2 in units², of normal demand. Zipkin (2000) section C.2.5. Example: level at the mean: std²/4."""
    z = (np.asarray(level, dtype=np.float64) - np.asarray(mean)) / np.asarray(std)
    return np.asarray(std) ** 2 / 2 * ((z**2 + 1) * special.ndtr(-z) - z * _density(z))


def poisson_loss(level: ArrayLike, mean: ArrayLike) -> Array:
    """E[(D − level)⁺] in units, of Poisson demand at whole levels; below 0 everything is short. Example: mean 6, level 8: 0.3140."""
    at, rate = np.asarray(level, dtype=np.float64), np.asarray(mean, dtype=np.float64)
    from_0 = np.maximum(at, 0.0)
    exactly = np.where(at < 0, 0.0, np.exp(special.xlogy(from_0, rate) - special.gammaln(from_0 + 1) - rate))
    return (rate - at) * np.where(at < 0, 1.0, special.pdtrc(from_0, rate)) + rate * exactly


def counted_loss(level: ArrayLike, chances: ArrayLike) -> Array:
    """E[(D − level)⁺] in units where demand k has the chance chances[k]. Example: 0 or 2 with equal chance, level 1: 0.5."""
    pmf = np.asarray(chances, dtype=np.float64)
    short = np.maximum(np.arange(len(pmf)) - np.asarray(level, dtype=np.float64)[..., None], 0)
    return short @ pmf


def _density(z: Array) -> Array:
    return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
