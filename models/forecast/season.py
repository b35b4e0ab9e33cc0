"""The year's shape, shared by a category. Here: one factor per week. Not here: holidays, promotions."""

import numpy as np
from numpy.typing import NDArray

WEEKS_A_YEAR = 52
SMOOTHING_WEEKS = 3
# Units at which a week's own factor weighs as much as no season: noise of about 3 ÷ units against seasons that spread by about 0.3².
PRIOR_UNITS = 3 / 0.3**2
MIN_WEEKS = 60  # a shape seen for little more than once can't be told from trend, less can't at all

Array = NDArray[np.float64]


def seasonal_factors(weekly_totals: Array) -> Array:
    """Factor of each of the 52 positions in the year, mean 1, from a category's weekly totals (oldest first, last = position 0).

    Ratio of each week to the centred mean of the year around it, averaged per position, smoothed over three weeks and drawn
    towards 1 where few units were sold. Less than 60 weeks say nothing about the year: all factors are 1.
    """
    weeks = len(weekly_totals)
    if weeks < MIN_WEEKS or weekly_totals.sum() <= 0:
        return np.ones(WEEKS_A_YEAR)
    level = _centred_year(weekly_totals)
    ratio = np.where(level > 0, weekly_totals / np.maximum(level, 1e-9), 1.0)
    position = (np.arange(weeks) - (weeks - 1)) % WEEKS_A_YEAR
    factors, sold = np.ones(WEEKS_A_YEAR), np.zeros(WEEKS_A_YEAR)
    for p in range(WEEKS_A_YEAR):
        of_week = position == p
        factors[p], sold[p] = ratio[of_week].mean(), level[of_week].sum()
    ring = np.concatenate([factors[-1:], factors, factors[:1]])
    smoothed = np.convolve(ring, np.ones(SMOOTHING_WEEKS) / SMOOTHING_WEEKS, mode="valid")
    weight = sold / (sold + PRIOR_UNITS)
    shrunk = weight * smoothed + (1 - weight)
    return np.asarray(shrunk / shrunk.mean())


def _centred_year(totals: Array) -> Array:
    """Mean over the 52 weeks around each week; near the ends, the nearest whole year's, moved along the growth from year to year.

    Without that growth a trend would pass for a season. Growth over less than a year counts in part; it moves a mean by half at most.
    """
    weeks = len(totals)
    means = np.convolve(totals, np.ones(WEEKS_A_YEAR) / WEEKS_A_YEAR, mode="valid")
    start = np.clip(np.arange(weeks) - WEEKS_A_YEAR // 2, 0, len(means) - 1)
    growth = (means[-1] - means[0]) / max(len(means) - 1, WEEKS_A_YEAR)
    off_centre = np.arange(weeks) - (start + (WEEKS_A_YEAR - 1) / 2)
    return np.asarray(means[start] + np.clip(growth * off_centre, -means[start] / 2, means[start] / 2))
