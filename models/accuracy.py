"""How good a forecast was. Here: one function per figure, on arrays. Not here: which forecasts are compared, and when.

One sign everywhere: error = forecast − actual, so that positive is over-forecast (textbooks often use the opposite). An actual
that is not a number is unknown and never counts. Shapes: forecast and actual (series, periods), quantiles (series, periods, levels).
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ONE_IN_A_HUNDRED = 2.576  # standard deviations that a normal value lies beyond so often


def wape(forecast: Array, actual: Array) -> float:
    """Weighted absolute percentage error Σ|f − a| ÷ Σ|a|, 0 and more (Kolassa & Schütz 2007: MAD/mean); not a number without demand.

    Example: forecasts 3, 5 of actuals 4, 4 err by 1 and 1 on 8: 0.25.
    """
    return _ratio(np.nansum(np.abs(forecast - actual)), np.nansum(np.abs(actual)))


def bias(forecast: Array, actual: Array) -> float:
    """Share by which the total was over-forecast, Σ(f − a) ÷ Σ|a|; −0.1 is a tenth too little.

    Example: forecasts 3, 6 of actuals 4, 4 sum to 9 on 8: 0.125.
    """
    return _ratio(np.nansum(forecast - actual), np.nansum(np.abs(actual)))


def naive_scale(history: Array, power: int = 1) -> Array:
    """Mean |y_t − y_(t−1)|^power of each series from its first demand on, (series,); not a number where that is 0 or unknown.

    The denominators of MASE (power 1; Hyndman & Koehler 2006) and of RMSSE (power 2; M5, Makridakis et al. 2022). Steps next to
    an unknown period don't count. Example: 0, 2, 6, 3 has steps 4 and −3 from its first demand: 3.5, or 12.5 squared.
    """
    begun = np.cumsum(np.nan_to_num(history), axis=1) > 0
    known = np.where(begun, history, np.nan)
    steps = np.abs(np.diff(known, axis=1)) ** power
    counts = np.isfinite(steps).sum(axis=1)
    mean = np.divide(np.nansum(steps, axis=1), counts, out=np.full(len(history), np.nan), where=counts > 0)
    return np.where(mean > 0, mean, np.nan)


def rmsse(forecast: Array, actual: Array, history: Array) -> Array:
    """Root mean squared scaled error of each series, √(mean (f − a)² ÷ mean (y_t − y_(t−1))²), (series,) (M5, Makridakis et al. 2022).

    Example: history 0, 2, 6, 3 has squared scale 12.5; errors 5 and 0 have mean square 12.5: 1.0.
    """
    return np.sqrt(_mean((forecast - actual) ** 2) / naive_scale(history, 2))


def pinball(quantiles: Array, actual: Array, levels: Array) -> Array:
    """Pinball loss max(τ (a − q), (τ − 1)(a − q)), (series, periods, levels) (Koenker & Bassett 1978).

    Example: q = 10 at level 0.9 costs 0.9 for an actual of 11, and 0.1 for one of 9.
    """
    short = actual[:, :, None] - quantiles
    return np.maximum(levels * short, (levels - 1) * short)


def scaled_pinball(quantiles: Array, actual: Array, levels: Array, history: Array) -> Array:
    """Mean pinball loss over periods and levels ÷ mean |y_t − y_(t−1)| of the history, (series,) (M5 Uncertainty, SPL).

    Example: loss 0.9 on a history 0, 2, 6, 3 with scale 3.5 is 0.257.
    """
    return _mean(pinball(quantiles, actual, levels).mean(axis=2)) / naive_scale(history)


def coverage(lower: Array, upper: Array, actual: Array) -> float:
    """Share of known actuals in [lower, upper], both ends included. Example: 3 and 9 in [2, 8]: 0.5."""
    known = np.isfinite(actual)
    return _ratio(((actual >= lower) & (actual <= upper) & known).sum(), known.sum())


def tracking_signal(forecast: Array, actual: Array) -> Array:
    """Sum of errors ÷ their mean absolute value, (series,) (Brown 1959; Trigg 1964); see tracking_bound for what is too much.

    With this page's sign positive is over-forecast. 0 where there was no error. Example: errors 2, 2, −1 sum to 3 and have
    mean absolute value 5/3: 1.8.
    """
    error = forecast - actual
    spread = _mean(np.abs(error))
    return np.divide(np.nansum(error, axis=1), spread, out=np.zeros(len(error)), where=spread > 0)


def tracking_bound(periods: Array, z: float = ONE_IN_A_HUNDRED) -> Array:
    """What the tracking signal of so many unbiased forecasts exceeds by chance in one of a hundred series, (series,): z·√(π/2)·√n.

    The sum of n independent errors has standard deviation σ√n, and σ is √(π/2) of the mean absolute error where errors are normal. A fixed
    bound of ±4, as textbooks have it, belongs to smoothed signals and is broken by chance ever more often as n grows. The signal itself can't
    exceed n, which is the bound from then on when all errors have one sign; from n = 11 on the formula lies below it.
    Example: 13 weeks: 2.576 × 1.2533 × 3.6056 = 11.6.
    """
    return np.asarray(np.minimum(z * np.sqrt(np.pi / 2 * periods), periods - 1e-9))


def forecast_value_added(error: float, reference_error: float) -> float:
    """Share of the reference's error that a step took away, 1 − error ÷ reference (Gilliland 2010, as a share); negative did harm.

    Example: WAPE 0.40 where repeating the last value has 0.50: 0.2.
    """
    return 1 - _ratio(error, reference_error)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def _mean(values: Array) -> Array:
    """Mean of each row's known values; not a number without any."""
    known = np.isfinite(values).sum(axis=1)
    return np.divide(np.nansum(values, axis=1), known, out=np.full(len(values), np.nan), where=known > 0)
