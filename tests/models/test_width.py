"""Widths of forecasts for decisions: found again where forecasts are too wide or too narrow, and bounded where nothing is known."""

import numpy as np
import pytest
from scipy import stats

from models.forecast.boosting import QUANTILES
from models.levels import COST, Aim
from models.safety_stock import Terms
from models.width import CLASSES, WIDTHS, Past, learn_widths, volume_class

LEVELS = np.array(QUANTILES)
N, ORIGINS = 40, 12


def past(mean: float, factor: float, seen: float = 1.0) -> Past:
    """Demand is normal with a spread of a quarter of its mean; forecasts say `factor` times that."""
    rng = np.random.default_rng(0)
    quantiles = np.maximum(mean + factor * mean / 4 * stats.norm.ppf(LEVELS), 0)
    actual = np.maximum(rng.normal(mean, mean / 4, (N, ORIGINS)), 0)
    actual[rng.random(actual.shape) > seen] = np.nan
    one = np.ones(N)
    aim = Aim(np.full(N, COST), one, 0 * one, one, 0.2 * one, 7 * one, one, one > 0, np.inf * one)
    means = np.full((ORIGINS, N, 4), mean)
    return Past(means, np.tile(quantiles, (ORIGINS, N, 4, 1)), LEVELS, 0.0, actual, terms(N), aim)


def terms(n: int) -> Terms:
    one = np.ones(n)
    return Terms(14 * one, 0 * one, 7 * one, np.nan * one, one)


@pytest.mark.parametrize(("factor", "low", "high"), [(2.0, 0.4, 0.7), (1.0, 0.7, 1.2), (0.6, 1.0, 1.45)])
@pytest.mark.parametrize("seen", [1.0, 0.8])
def test_the_width_that_forecasts_lack_is_found(factor: float, low: float, high: float, seen: float):
    assert low <= learn_widths(past(40.0, factor, seen))[2] <= high


def test_classes_without_series_or_without_a_seen_week_stay_as_they_are():
    assert learn_widths(past(40.0, 2.0))[:2].tolist() == [1.0, 1.0]
    assert learn_widths(past(40.0, 2.0, seen=0.0)).tolist() == [1.0, 1.0, 1.0]


def test_classes_part_by_volume():
    means = np.array([0.1, CLASSES[0] / 3 + 0.1, CLASSES[1] / 3 + 0.1])
    assert volume_class(np.tile(means[:, None], (1, 3)), terms(3)).tolist() == [0, 1, 2]
    assert WIDTHS[0] < 1 < WIDTHS[-1]
