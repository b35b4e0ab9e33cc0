"""What share of a usual period each place in the year sells. Here: indices of all series, of groups, of one. Not here: levels, forecasts.

Ratios to a centred yearly mean (classical decomposition; Hyndman & Athanasopoulos 2021, 3.4). A period is told by the same place of
earlier years whose centred year had ended at any origin that asks, so that nothing later is looked at.
"""

import numpy as np
from numpy.typing import NDArray

from models.forecast.past import Past
from models.forecast.yearly import HIGHEST_RATIO, MIN_SERIES, by_group

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
YEARS = 4
PRIOR_YEARS = 0.25  # that say nothing of a season, beside those that tell of it
LOWEST, HIGHEST = 0.05, 5.0
SHORTEST_YEAR = 4
KNOWN_SHARE = 0.6  # of a centred year
OWN_VARIANCE = 0.05  # of true indices around the group's
DISPERSION = 0.15  # of one period's demand ÷ its mean, beside what counts have (1 ÷ mean)


class Index:
    """pooled, own: (n, T + horizon), 1 where nothing is known; years: (T + horizon,) earlier years that tell of a period."""

    def __init__(self, past: Past, groups: list[Ints], horizon: int) -> None:
        n, periods = past.panel.y.shape
        year, smooth = past.panel.freq.year, past.panel.freq.smooth
        self.years = np.zeros(periods + horizon)
        self.pooled = np.ones((n, periods + horizon), dtype=np.float32)
        self.own = self.pooled
        if year < SHORTEST_YEAR:
            return
        units, usual = _ratios(past, year)
        shape = _shape(units, usual, groups, smooth)
        near = 2 * smooth
        expected = around(usual * np.nan_to_num(shape, nan=1.0), near)
        first = -(-(horizon + year // 2 + near) // year)
        lags = [k * year for k in range(first, first + YEARS) if k * year < periods + horizon]
        logs = _earlier(np.log(np.maximum(np.nan_to_num(shape, nan=1.0), LOWEST)), lags, horizon)
        self.years = _earlier(np.isfinite(shape[:1]).astype(np.float64), lags, horizon)[0]
        self.pooled = np.exp(logs / (self.years + PRIOR_YEARS)).astype(np.float32)
        self.own = self.pooled * _deviation(
            _earlier(around(units, near), lags, horizon),
            _earlier(expected, lags, horizon),
            _earlier((expected > 0).astype(np.float64), lags, horizon),
            2 * near + 1,
        )


def _ratios(past: Past, year: int) -> tuple[Array, Array]:
    """(n, T) demand, and the mean of the year around it: numerators and denominators of indices, both 0 where one is unknown."""
    panel, half = past.panel, year // 2
    total = (past.between(past.sums, -half, half - 1) + past.between(past.sums, 1 - half, half)) / 2
    count = (past.between(past.counts, -half, half - 1) + past.between(past.counts, 1 - half, half)) / 2
    at = np.arange(panel.y.shape[1])
    is_whole = (at + half < panel.y.shape[1]) & (at - half >= panel.first[:, None]) & (count >= KNOWN_SHARE * year)
    is_known = is_whole & np.isfinite(panel.y) & (total > 0)
    usual = np.divide(total, count, out=np.zeros_like(total), where=is_known)
    return np.minimum(np.where(is_known, np.nan_to_num(panel.y), 0.0), HIGHEST_RATIO * usual), usual


def _shape(units: Array, usual: Array, groups: list[Ints], smooth: int) -> Array:
    """(n, T) mean of the index of all series and those of the groups that a series is in; not a number where too few are known."""
    total, count = np.zeros(units.shape), np.zeros(units.shape)
    for codes in (np.zeros(len(units), dtype=np.int64), *groups):
        members = by_group((usual > 0).astype(np.float64), codes)
        over, under = around(by_group(units, codes), smooth), around(by_group(usual, codes), smooth)
        index = np.divide(over, under, out=np.full(over.shape, np.nan), where=(members >= MIN_SERIES) & (under > 0))[codes]
        total += np.nan_to_num(index)
        count += np.isfinite(index)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _deviation(units: Array, expected: Array, years: Array, periods: int) -> Floats:
    """A series' own index ÷ the pooled one, drawn to 1 as far as its demand is noise.

    Example: 20 a period told by one year deviate by 1.5: noise 1/20 + 0.15 = 0.2 against 0.05, so 1 + 0.5 × 0.05 ÷ 0.25 = 1.1.
    """
    ratio = np.divide(units, expected, out=np.ones_like(units), where=expected > 0)
    usual = expected / (np.maximum(years, 1) * periods)
    noise = (1 / np.maximum(usual, 1e-3) + DISPERSION) / (np.maximum(years, 1) * np.sqrt(periods))
    weight = np.where(years > 0, OWN_VARIANCE / (OWN_VARIANCE + noise), 0.0)
    return np.clip(1 + weight * (ratio - 1), 1 / HIGHEST, HIGHEST).astype(np.float32)


def _earlier(values: Array, lags: list[int], horizon: int) -> Array:
    """(rows, T + horizon) sums of (rows, T) values at each of the lags before a period."""
    periods = values.shape[1]
    out = np.zeros((len(values), periods + horizon))
    for lag in lags:
        end = min(periods + horizon, periods + lag)
        out[:, lag:end] += values[:, : end - lag]
    return out


def around(values: Array, width: int) -> Array:
    """(rows, T) sums over a period and `width` neighbours on each side."""
    if not width:
        return values
    sums = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    at = np.arange(values.shape[1])
    high, low = np.minimum(at + width + 1, values.shape[1]), np.maximum(at - width, 0)
    return np.asarray(sums[:, high] - sums[:, low])
