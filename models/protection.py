"""Levels for millions of series at once. Here: demand over the protection interval by its moments, the level that costs least, what it leaves to
chance. Not here: decisions by sampled futures (policy.py), which this one is held against in the tests.

Demand over the interval is taken as negative binomial with the mean and the variance that the forecast, its error of level and the spread of
the lead time give it; with no more variance than its mean it is Poisson.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
MOST_SHAPE = 1e6  # beyond it a negative binomial is Poisson
STEPS = 60


def interval_moments(
    mean_units: Array, independent_variance: Array, shared_std: Array, daily_units: Array, days_std: Array
) -> tuple[Array, Array]:
    """Mean and variance of demand over a random interval.

    independent_variance: Σσ² of its days, for the part in which days err apart from each other; shared_std: Σσ for the part of level,
    in which they err together; daily_units · days_std is what the lead time adds. Silver, Pyke & Thomas (2017), 6.7.
    Example: 14 days of 10 ± 5, apart, lead time ± 4 days: 140 and 14·25 + 40² = 1950.
    """
    return mean_units, independent_variance + shared_std**2 + (daily_units * days_std) ** 2


def critical_ratio(holding_amount: Array, shortage_amount: Array, review_demand_units: Array, review: Array) -> Array:
    """Shortage ÷ (shortage + holding until a unit too many is gone); holding_amount per unit and period, `review` in periods.

    A unit too many is gone when an order brings one less, and an order goes out only if anything was sold: with Poisson demand d̄ per
    review that takes 1 ÷ (1 − e^(−d̄)) reviews. Example: holding 0.2, shortage 1, fast demand: 0.83; at 0.3 a review: 0.56.
    """
    turns = 1 / -np.expm1(-np.maximum(review_demand_units, 1e-6))
    return shortage_amount / (shortage_amount + holding_amount * review * turns)


def chance_at_most(units: Array, mean: Array, variance: Array) -> Array:
    """P(D ≤ units)."""
    shape, success = _parameters(mean, variance)
    inside = special.betainc(shape, np.maximum(np.floor(units), 0.0) + 1, success)
    return np.where(units < 0, 0.0, np.where(mean > 0, inside, 1.0))


def quantile(ratio: Array, mean: Array, variance: Array) -> Array:
    """Least whole units with P(D ≤ units) ≥ ratio. Example: Poisson 14, 0.95: 20."""
    std = np.sqrt(np.maximum(variance, mean))
    scale = np.maximum(std**2 / np.maximum(mean, 1e-9), 1e-9)
    found = np.ceil(np.maximum(special.gammaincinv(np.maximum(mean, 1e-9) / scale, ratio) * scale - 0.5, 0.0))
    found = np.where(mean > 0, found, 0.0)
    rows = np.arange(len(found))
    for _ in range(STEPS):
        low = chance_at_most(found[rows] - 1, mean[rows], variance[rows]) >= ratio[rows]
        high = chance_at_most(found[rows], mean[rows], variance[rows]) < ratio[rows]
        step = np.where(high, 1.0, np.where(low & (found[rows] > 0), -1.0, 0.0))
        found[rows] += step
        rows = rows[step != 0]
        if not len(rows):
            break
    return found


def expected_missing(units: Array, mean: Array, variance: Array) -> Array:
    """E(D − units)⁺. Example: Poisson 2, 2 units: 0.5413."""
    shape, success = _parameters(mean, variance)
    stock = np.maximum(np.floor(units), 0.0)
    beyond = 1 - special.betainc(shape, stock + 1, success)
    demanded = np.where(stock > 0, 1 - special.betainc(shape + 1, np.maximum(stock, 1.0), success), 1.0)
    return np.where(mean > 0, np.maximum(mean * demanded - stock * beyond, 0.0), 0.0) + np.maximum(
        -np.minimum(units, 0.0), 0.0
    ) * (mean > 0)


def expected_amount(units: Array, mean: Array, variance: Array, holding_amount: Array, shortage_amount: Array) -> Array:
    """What is missing and what is left of `units`, in money; holding_amount for the whole time that a unit left over stays."""
    missing = expected_missing(units, mean, variance)
    return shortage_amount * missing + holding_amount * (units - mean + missing)


def _parameters(mean: Array, variance: Array) -> tuple[Array, Array]:
    """Shape and success probability of the negative binomial."""
    positive = np.maximum(mean, 1e-12)
    shape = np.minimum(positive**2 / np.maximum(variance - positive, positive**2 / MOST_SHAPE), MOST_SHAPE)
    return shape, shape / (shape + positive)
