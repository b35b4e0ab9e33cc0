"""Widths of forecasts for decisions: found again where forecasts are too wide or too narrow, and bounded where nothing is known."""

import numpy as np
import pytest
from scipy import stats

from models.forecast.boosting import QUANTILES
from models.width import CLASSES, WIDTHS, Past, learn_widths, volume_class, widened

LEVELS = np.array(QUANTILES)
N, ORIGINS = 40, 12


def past(mean: float, factor: float, seen: float = 1.0) -> Past:
    """Demand is normal with a spread of a quarter of its mean; forecasts say `factor` times that."""
    rng = np.random.default_rng(0)
    quantiles = np.maximum(mean + factor * mean / 4 * stats.norm.ppf(LEVELS), 0)
    actual = np.maximum(rng.normal(mean, mean / 4, (N, ORIGINS)), 0)
    actual[rng.random(actual.shape) > seen] = np.nan
    one = np.ones(N)
    return Past(np.tile(quantiles, (ORIGINS, N, 4, 1)), LEVELS, 0.0, actual, one > 2, 0.2 * one, one, 2)


@pytest.mark.parametrize(("factor", "low", "high"), [(2.0, 0.4, 0.7), (1.0, 0.7, 1.2), (0.6, 1.0, 1.45)])
@pytest.mark.parametrize("seen", [1.0, 0.8])
def test_the_width_that_forecasts_lack_is_found(factor: float, low: float, high: float, seen: float):
    assert low <= learn_widths(past(40.0, factor, seen))[2] <= high


def test_classes_without_series_or_without_a_seen_week_stay_as_they_are():
    assert learn_widths(past(40.0, 2.0))[:2].tolist() == [1.0, 1.0]
    assert learn_widths(past(40.0, 2.0, seen=0.0)).tolist() == [1.0, 1.0, 1.0]


def test_widening_keeps_the_median_and_never_goes_below_zero():
    quantiles = np.tile(10 + 4 * stats.norm.ppf(LEVELS), (1, 2, 1))
    paths = np.array([[[2.0, 10.0, 14.0]]])
    assert widened(paths, quantiles, LEVELS, np.array([0.5]))[0, 0].tolist() == pytest.approx([6, 10, 12])
    assert widened(paths, quantiles, LEVELS, np.array([2.0]))[0, 0].tolist() == pytest.approx([0, 10, 18])


def test_classes_part_by_volume():
    medians = np.array([0.1, CLASSES[0] / 3 + 0.1, CLASSES[1] / 3 + 0.1])
    quantiles = np.tile(medians[:, None, None], (1, 3, len(LEVELS)))
    assert volume_class(quantiles, LEVELS, 3).tolist() == [0, 1, 2]
    assert WIDTHS[0] < 1 < WIDTHS[-1]
