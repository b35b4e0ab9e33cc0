"""Models of single series: shapes, odd histories, no look into the future."""

import numpy as np
import pytest

from models.forecast.statistical import BACKTEST_WEEKS, BACKTEST_WINDOWS, FALLBACK, backtest, forecast_all, scaled_error

RNG = np.random.default_rng(0)
HISTORY = [RNG.poisson(8, n).astype(float) for n in (0, 1, 5, 12, 13, 20, 21, 37, 60)] + [
    np.zeros(40), np.full(40, 3.0), np.r_[np.zeros(39), 9.0], np.r_[9.0, np.zeros(39)], np.tile([0.0, 0, 0, 6], 10),
]  # fmt: skip


@pytest.fixture(scope="module")
def forecasts() -> dict[str, np.ndarray]:
    return forecast_all(HISTORY, 6)


def test_every_model_forecasts_every_history(forecasts: dict[str, np.ndarray]):
    assert FALLBACK in forecasts
    for mean in forecasts.values():
        assert mean.shape == (len(HISTORY), 6)
        assert np.isfinite(mean).all()
        assert (mean >= 0).all()


def test_what_is_certain_is_forecast(forecasts: dict[str, np.ndarray]):
    for name, mean in forecasts.items():
        assert mean[0] == pytest.approx(0)
        assert mean[9] == pytest.approx(0)
        assert mean[10] == pytest.approx(3, rel=0.06 if name == "CrostonSBA" else 1e-6)
        for short in (1, 2, 3):
            assert mean[short] == pytest.approx(HISTORY[short].mean())
    assert forecasts[FALLBACK][8] == pytest.approx(HISTORY[8][-13:].mean())


def test_no_history_at_all():
    assert all(mean.shape == (0, 6) for mean in forecast_all([], 6).values())


def test_the_backtest_sees_only_the_weeks_before_each_origin():
    history = [np.random.default_rng(i).poisson(8, 60).astype(float) for i in range(4)]
    factors = [np.ones(60)] * 4
    before, actual = backtest(history, factors)
    for window in range(BACKTEST_WINDOWS):
        cut, rows = BACKTEST_WEEKS * (window + 1), slice(4 * window, 4 * window + 4)
        noisy = [np.r_[y[:-cut], np.random.default_rng(9).poisson(500, cut)] for y in history]
        after, _ = backtest(noisy, factors)
        assert all(np.allclose(after[name][rows], mean[rows]) for name, mean in before.items())
        own = forecast_all([y[:-cut] for y in history], BACKTEST_WEEKS)
        assert all(np.allclose(own[name], mean[rows]) for name, mean in before.items())
        assert (actual[rows] == [y[60 - cut : 60 - cut + BACKTEST_WEEKS] for y in history]).all()


def test_the_backtest_compares_as_sold_and_skips_what_is_too_short():
    factor = np.r_[np.ones(40), np.full(8, 2.0)]
    forecasts, actual = backtest([np.full(48, 5.0), np.full(20, 5.0)], [factor, np.ones(20)])
    assert actual[0] == pytest.approx(10)
    assert forecasts[FALLBACK][0] == pytest.approx(10)
    assert np.isnan(actual[1::2]).all()


def test_scaled_error_by_hand():
    """Two series of level 10: 20 too many of 80 and 4 too few of 40 weeks' units … mean |e| plus half the bias."""
    actual = np.array([[10.0] * 4, [10.0] * 4, [np.nan] * 4])
    forecast = np.array([[15.0] * 4, [9.0] * 4, [99.0] * 4])
    assert scaled_error(forecast, actual, np.array([10.0, 10.0, 10.0])) == pytest.approx((0.5 + 0.1) / 2 + 0.5 * (0.5 - 0.1) / 2)
    assert scaled_error(forecast, actual, np.zeros(3)) == float("inf")
