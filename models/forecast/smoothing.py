"""Exponential smoothing of every series at once, unknown periods left out. Here: levels at any period. Not here: blending.

Simple exponential smoothing (Brown 1959; Hyndman et al. 2008) at a few rates; a series takes, at each period, the rate that has
forecast it best one step ahead until then.
"""

import numpy as np
from numpy.typing import NDArray

from models.forecast.past import Past

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
RATES = (0.05, 0.1, 0.2, 0.4)


class Smoothing:
    """Smoothed levels (rates, n, T) and which rate was best by each period (n, T)."""

    def __init__(self, past: Past) -> None:
        y = past.panel.y
        known = np.isfinite(y)
        n, periods = y.shape
        self.levels = np.zeros((len(RATES), n, periods))
        error = np.zeros((len(RATES), n))
        self.best = np.zeros((n, periods), dtype=np.int8)
        begun = np.zeros(n, dtype=bool)
        level = np.zeros((len(RATES), n))
        seen = np.zeros(n)
        for t in range(periods):
            now, is_known = y[:, t], known[:, t]
            step = np.where(is_known & begun, now - level, 0.0)
            error += step**2
            seen += is_known
            for k, rate in enumerate(RATES):
                level[k] += np.maximum(rate, 1 / np.maximum(seen, 1.0)) * step[k]
            level = np.where(is_known & ~begun, now, level)
            begun |= is_known
            self.levels[:, :, t] = level
            self.best[:, t] = np.argmin(error, axis=0)

    def level(self, i: Ints, t: Ints) -> Array:
        """(rows,) smoothed demand at t by the rate that was best by then."""
        return self.levels[self.best[i, t], i, t]
