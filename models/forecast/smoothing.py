"""Exponential smoothing of every series at once, unknown periods left out. Here: levels at any period. Not here: seasons, blending.

Simple exponential smoothing (Brown 1959; Hyndman et al. 2008) of demand ÷ seasonal index, at a few rates and with two indices, the
pooled and the series' own. What forecast one step ahead well until then weighs most, as likelihoods do: error^(−periods ÷ 2), in the series
itself and, as a prior, in all of them. A rare seller that has just sold tells nothing of its rates: without a prior the fast ones,
which expect every week what has sold in one, would count like the others.
"""

import numpy as np
from numpy.typing import NDArray

from models.forecast.index import Index
from models.forecast.past import Past

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
RATES = (0.03, 0.06, 0.12, 0.25, 0.5)
MEMORY = 0.98  # of an error, per known period
PERIODS = 24  # that likelihoods count at most, and that all series' errors count: rates are never told apart for sure
EVEN_SERIES = 10.0  # that err alike at every rate, beside those that are there


class Smoothing:
    """levels (rates, n, T): smoothed demand ÷ own index; shares (2, n, T): of pooled and own index, level times its weight."""

    def __init__(self, past: Past, index: Index) -> None:
        y = past.panel.y
        n, periods = y.shape
        self._indices = (index.pooled, index.own)
        self.levels = np.zeros((len(RATES), n, periods), dtype=np.float32)
        self.shares = np.zeros((2, n, periods), dtype=np.float32)
        level, error, weight = np.zeros((2, len(RATES), n)), np.zeros((2, len(RATES), n)), np.zeros((2, len(RATES), n))
        seen, counted = np.zeros(n), np.zeros(n)
        rates = np.array(RATES)[:, None]
        for t in range(periods):
            index_now = np.stack([i[:, t] for i in self._indices]).astype(np.float64)
            is_known = np.isfinite(y[:, t])
            now = (np.where(is_known, y[:, t], 0.0) / index_now)[:, None]
            goes_on, begins = is_known & (seen > 0), is_known & (seen == 0)
            step = np.where(goes_on, now - level, 0.0)
            error = np.where(goes_on, MEMORY * error + (step * index_now[:, None]) ** 2, error)
            counted = np.where(goes_on, MEMORY * counted + 1, counted)
            seen += is_known
            level = np.where(begins, now, level + np.maximum(rates, 1 / np.maximum(seen, 1)) * step)
            weight = _likelihood(error / np.maximum(counted, 1), counted)
            self.levels[:, :, t] = level[1]
            self.shares[:, :, t] = (weight * level).sum(axis=1)

    def mean(self, i: Ints, t: Ints, h: Ints) -> Array:
        """(rows,) demand h periods after t: level times index."""
        pooled, own = (self.shares[k, i, t] * self._indices[k][i, t + h] for k in (0, 1))
        return (pooled + own).astype(np.float64)


def _likelihood(error: Array, periods: Array) -> Array:
    """Weights of (indices, rates, n) mean squared errors that sum to 1 per series."""
    logs = np.log(error + 1e-12) * np.minimum(periods, PERIODS) + np.log(_pooled(error))[:, :, None] * PERIODS
    weight = np.exp((logs.min(axis=(0, 1)) - logs) / 2)
    return np.asarray(weight / weight.sum(axis=(0, 1)))


def _pooled(error: Array) -> Array:
    """(indices, rates) how much larger errors are than the same series' at any rate, in the mean over series that have erred."""
    usual = error.mean(axis=(0, 1))
    erred = usual > 0
    relative = (error[:, :, erred] / usual[erred]).sum(axis=2)
    return np.asarray((relative + EVEN_SERIES) / (erred.sum() + EVEN_SERIES))
