"""Spread: moments recovered from simulated demand, draws with the moments that were asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.forecast.distribution import (
    MAX_DISPERSION,
    MAX_LEVEL_CV,
    MIN_LEVEL_CV,
    NEW_LEVEL_CV,
    dispersion,
    interval_totals,
    level_cv,
    weekly_quantiles,
)
from tests.models.builders import QUICK

ZERO = np.zeros(1)


def simulated(mean: float, alpha: float, cv: float, rows: int, weeks: int, seed: int = 0) -> np.ndarray:
    """Weekly demand of the model itself: gamma level per row, gamma weeks, Poisson units."""
    rng = np.random.default_rng(seed)
    level = rng.gamma(1 / cv**2, cv**2, rows)[:, None] if cv else np.ones((rows, 1))
    week = rng.gamma(1 / alpha, alpha, (rows, weeks)) if alpha else 1.0
    return rng.poisson(mean * level * week * np.ones((rows, weeks))).astype(float)


def test_the_docstrings_example_before_it_is_drawn_towards_the_others():
    pulled = dispersion([np.array([2.0, 6, 2, 6])])[0]
    assert pulled == pytest.approx((4 * 0.25 + 13 * 0.5) / 17)


@pytest.mark.parametrize("alpha", [0.0, 0.2, 0.8, 2.0])
def test_dispersion_recovers_a_known_one(alpha: float):
    found = dispersion(list(simulated(20, alpha, 0, 200, 100)))
    assert found.mean() == pytest.approx(alpha, abs=0.03 + 0.1 * alpha)


def test_a_trend_is_not_dispersion():
    trend = np.random.default_rng(0).poisson(np.linspace(10, 60, 100), (50, 100)).astype(float)
    assert dispersion(list(trend)).mean() < 0.03


def test_dispersion_of_little_and_of_nothing():
    assert dispersion([]).tolist() == []
    assert dispersion([np.zeros(0), np.zeros(30), np.array([4.0])]).tolist() == [0.5, 0.5, 0.5]
    spike = np.zeros(60)
    spike[30] = 500.0
    assert 0 < dispersion([spike])[0] <= MAX_DISPERSION


@pytest.mark.parametrize("cv", [0.1, 0.3, 0.6])
def test_level_cv_recovers_a_known_one(cv: float):
    actual = simulated(30, 0.3, cv, 2000, 8)
    assert level_cv(np.full(actual.shape, 30.0), actual, np.full(2000, 0.3)) == pytest.approx(cv, rel=0.15)


def test_level_cv_stays_within_its_bounds():
    actual = simulated(30, 0, 0, 50, 8)
    assert level_cv(actual, actual, np.zeros(50)) == MIN_LEVEL_CV
    assert level_cv(actual / 50, actual, np.zeros(50)) == MAX_LEVEL_CV
    assert level_cv(actual, np.full(actual.shape, np.nan), np.zeros(50)) == NEW_LEVEL_CV
    assert level_cv(np.zeros((0, 8)), np.zeros((0, 8)), np.zeros(0)) == NEW_LEVEL_CV


def test_interval_totals_have_the_moments_asked_for():
    weeks, alpha, cv = np.array([[10.0, 20, 30]]), np.array([0.4]), np.array([0.3])
    draws = np.concatenate([
        interval_totals(weeks, alpha, cv, np.array([24.5]), ZERO, ZERO, np.random.default_rng(seed))[0] for seed in range(20)
    ])  # fmt: skip
    means = np.array([10.0, 20, 30, 15])
    total, squares = means.sum(), (means**2).sum()
    variance = total + 0.4 * squares * (1 + 0.3**2) + (0.3 * total) ** 2
    assert draws.mean() == pytest.approx(total, rel=0.01)
    assert draws.var() == pytest.approx(variance, rel=0.05)


def test_a_random_interval_ends_where_it_should():
    """Demand only in the first week: what the interval adds beyond it is nothing."""
    weeks = np.array([[70.0, 0.0]])
    totals = interval_totals(weeks, ZERO, ZERO, np.array([7.0]), np.array([30.0]), np.array([10.0]), np.random.default_rng(0))[0]
    assert totals.mean() == pytest.approx(70, rel=0.02)
    assert totals.std() == pytest.approx(np.sqrt(70), rel=0.1)
    none = interval_totals(weeks, ZERO, ZERO, ZERO, ZERO, ZERO, np.random.default_rng(0))
    assert (none == 0).all()


@QUICK
@given(st.lists(st.floats(0, 500), min_size=1, max_size=4), st.floats(0, 10), st.floats(0, 1))
def test_quantiles_are_whole_never_negative_and_rise(weeks: list[float], alpha: float, cv: float):
    levels = np.array([0.05, 0.5, 0.9, 0.99])
    found = weekly_quantiles(np.array([weeks]), np.array([alpha]), np.array([cv]), levels, np.random.default_rng(0))
    assert found.shape == (1, len(weeks), 4)
    assert (found >= 0).all()
    assert (found == np.rint(found)).all()
    assert (np.diff(found, axis=2) >= 0).all()
    assert (found[0, np.array(weeks) == 0] == 0).all()
