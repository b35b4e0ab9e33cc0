"""Paths: totals with the moments of their periods, more spread where periods go together, correlation found again."""

import numpy as np
import pytest
from scipy import stats

from models.forecast.boosting import QUANTILES
from models.forecast.paths import at, correlation, totals, whole_paths

LEVELS = np.array(QUANTILES)
NORMAL = 100 + 20 * stats.norm.ppf(LEVELS)[None, None, :]
BROKEN, WHOLE = np.array([False]), np.array([True])


def drawn(quantiles: np.ndarray, together: float, periods: float, is_whole: np.ndarray = BROKEN) -> np.ndarray:
    return totals(quantiles, LEVELS, together, np.full((1, 20_000), periods), is_whole, np.random.default_rng(0))[0]


def test_the_docstrings_example_and_the_ends():
    levels = np.array([0.5, 0.9, 0.99])
    values = at(np.array([[4.0, 10, 20]]), levels, np.array([[0.5, 0.7, 0.999, 0.0]]))
    assert values[0] == pytest.approx([4, 7, 30, 0])


@pytest.mark.parametrize(("together", "std"), [(0.0, 40.0), (0.5, 63.2), (1.0, 80.0)])
def test_totals_spread_as_far_as_periods_go_together(together: float, std: float):
    found = drawn(NORMAL, together, 4)
    assert found.mean() == pytest.approx(400, rel=0.01)
    assert found.std() == pytest.approx(std, rel=0.06)


def test_part_of_a_period_and_what_lies_beyond_the_horizon():
    assert drawn(NORMAL, 0.3, 2.5).mean() == pytest.approx(250, rel=0.01)
    assert drawn(NORMAL, 0.3, 0.0).max() == 0
    counts = stats.poisson.ppf(LEVELS, 3)[None, None, :]
    some = drawn(counts, 0.0, 1.5, WHOLE)
    assert (some == np.rint(some)).all() and some.mean() == pytest.approx(4.5, rel=0.05)


def test_a_random_number_of_periods_adds_its_own_spread():
    rng = np.random.default_rng(1)
    periods = rng.gamma(16, 0.25, (1, 20_000))
    found = totals(NORMAL, LEVELS, 0.0, periods, BROKEN, rng)[0]
    assert found.mean() == pytest.approx(400, rel=0.01)
    assert found.std() == pytest.approx(np.sqrt(4 * 20**2 + (100 * 1.0) ** 2), rel=0.06)


@pytest.mark.parametrize("true", [0.0, 0.4, 0.8])
def test_the_correlation_is_found_again(true: float):
    rng = np.random.default_rng(2)
    score = np.sqrt(true) * rng.standard_normal((3000, 1)) + np.sqrt(1 - true) * rng.standard_normal((3000, 4))
    actual = 100 + 20 * score.ravel()
    quantiles = np.repeat(NORMAL[0], len(actual), axis=0)
    assert correlation(actual, quantiles, LEVELS, np.repeat(np.arange(3000), 4)) == pytest.approx(true, abs=0.04)
    assert correlation(actual[:1], quantiles[:1], LEVELS, np.zeros(1, dtype=np.int64)) == 0


@pytest.mark.parametrize("together", [0.0, 0.6])
def test_whole_paths_add_up_to_the_totals_and_go_together(together: float):
    rng = np.random.default_rng(4)
    paths = whole_paths(NORMAL, LEVELS, together, 20_000, 4, BROKEN, rng)[0]
    assert paths.shape == (20_000, 4)
    assert paths.sum(axis=1).std() == pytest.approx(drawn(NORMAL, together, 4).std(), rel=0.03)
    assert np.corrcoef(paths[:, 0], paths[:, 3])[0, 1] == pytest.approx(together, abs=0.03)


def test_whole_paths_are_whole_where_demand_is_and_repeat_the_last_period():
    counts = np.stack([stats.poisson.ppf(LEVELS, mean) for mean in (3, 8)])[None]
    paths = whole_paths(np.repeat(counts, 2, axis=0), LEVELS, 0.0, 4000, 4, np.array([True, False]), np.random.default_rng(5))
    assert (paths[0] == np.rint(paths[0])).all() and not (paths[1] == np.rint(paths[1])).all()
    assert paths[0].mean(axis=0) == pytest.approx([3, 8, 8, 8], rel=0.06)
