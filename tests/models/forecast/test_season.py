"""The year's shape, recovered from known ones."""

import numpy as np
import pytest

from models.forecast.season import PRIOR_UNITS, WEEKS_A_YEAR, seasonal_factors

SHAPE = 1 + 0.5 * np.sin(2 * np.pi * np.arange(WEEKS_A_YEAR) / WEEKS_A_YEAR)


def weeks_of(years: float, level: float = 100_000.0, growth: float = 0.0) -> np.ndarray:
    """Totals whose last week is position 0; `growth` is the share of the first level added in a year."""
    back = np.arange(-int(years * WEEKS_A_YEAR) + 1, 1)
    return level * SHAPE[back % WEEKS_A_YEAR] * (1 + growth * (back - back[0]) / WEEKS_A_YEAR)


@pytest.mark.parametrize("years", [1.25, 2, 3.4])
def test_a_known_shape_is_recovered(years: float):
    assert seasonal_factors(weeks_of(years)) == pytest.approx(SHAPE, abs=0.1)


def test_noise_is_smoothed():
    noisy = np.random.default_rng(0).poisson(weeks_of(3, level=5000)).astype(float)
    assert np.abs(seasonal_factors(noisy) - SHAPE).mean() < 0.06


@pytest.mark.parametrize("growth", [0.5, -0.25])
def test_a_trend_is_not_a_season(growth: float):
    trend = 1000 * (1 + growth * np.arange(130) / WEEKS_A_YEAR)
    assert seasonal_factors(trend) == pytest.approx(1, abs=0.06)
    assert np.abs(seasonal_factors(weeks_of(3, growth=growth)) - SHAPE).mean() < 0.06


def test_a_late_start_and_an_end_leave_sane_factors():
    for totals in (np.r_[np.zeros(50), np.full(20, 90.0)], np.r_[np.full(100, 90.0), np.zeros(60)], np.r_[np.zeros(103), 900.0]):
        factors = seasonal_factors(totals)
        assert np.isfinite(factors).all()
        assert (factors > 0).all()
        assert factors.mean() == pytest.approx(1)


def test_little_or_nothing_says_nothing_of_the_year():
    assert (seasonal_factors(weeks_of(1)) == 1).all()
    assert (seasonal_factors(np.zeros(120)) == 1).all()
    assert (seasonal_factors(np.zeros(0)) == 1).all()
    assert seasonal_factors(weeks_of(2, level=0.5)) == pytest.approx(1, abs=0.02)


def test_few_units_are_drawn_half_way_to_no_season():
    """Half of PRIOR_UNITS a week for two years: each position's units weigh as much as no season."""
    assert seasonal_factors(weeks_of(2, level=PRIOR_UNITS / 2)) == pytest.approx((SHAPE + 1) / 2, abs=0.06)
