"""Orders against forecasts: which spans are out of range, how far into a week, and how seldom by chance."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from models import alerts
from models.forecast.boosting import QUANTILES
from models.past_forecasts import LEVELS
from tests.models.builders import CUTOFF, DEMAND, day, frame


def forecasts(mean: float, skus: int = 1, horizon: int = 2, cutoff: date = CUTOFF) -> pl.DataFrame:
    """Poisson's quantiles around one mean, of series S0, S1 …"""
    levels = dict(zip(LEVELS, stats.poisson.ppf(QUANTILES, mean).tolist(), strict=True))
    rows = [
        {"sku": f"S{n}", "location_id": "L", "cutoff_date": cutoff, "horizon": h, "week_end_date": cutoff + timedelta(days=7 * h),
         "mean_units": mean, "is_backtest": False} | levels
        for n in range(skus) for h in range(1, horizon + 1)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def sold(units: dict[int, int], sku: str = "S0") -> pl.DataFrame:
    """Units by days after the cutoff."""
    return frame(DEMAND, [(sku, "L", "web", day(-after), count, 1.0, False) for after, count in units.items()])


def since(mean: float, units: dict[int, int], until: int = 1) -> pl.DataFrame:
    return alerts.since_forecast(forecasts(mean), sold(units), day(-until))


def test_a_days_orders_are_held_against_a_days_share():
    found = since(7.0, {1: 9}).row(0, named=True)
    assert found["expected_units"] == pytest.approx(1.0)
    assert (found["kind"], found["observed_units"], found["last_date"]) == (alerts.ABOVE, 9.0, day(-1))
    assert stats.poisson.ppf(0.995, 1.0) - 1 <= found["high_units"] <= stats.poisson.ppf(0.995, 1.0) + 1
    assert since(7.0, {1: 2}).is_empty()
    assert since(7.0, {1: 5, 2: 4}, until=7).is_empty(), "the same units in a whole week are usual"
    assert since(7.0, {2: 9}, until=1).is_empty(), "what comes after the last day does not count"


def test_a_forecast_of_nothing_is_contradicted_by_a_single_order():
    assert since(0.0, {1: 1}).height == 1
    assert alerts.since_forecast(forecasts(1.0).clear(), sold({1: 1}), day(-1)).is_empty()


def test_a_weekday_is_expected_to_sell_its_share():
    """All demand of the eight weeks before came on the weekday of tomorrow: a whole week's demand is expected then, and none the day after."""
    usual = frame(DEMAND, [("S1", "L", "web", CUTOFF - timedelta(days=7 * k - 1), 10, 1.0, False) for k in range(1, 9)])
    demand = pl.concat([usual, sold({1: 9})])
    assert alerts.since_forecast(forecasts(7.0), demand, day(-1)).is_empty()
    assert alerts.since_forecast(forecasts(7.0), pl.concat([usual, sold({1: 30})]), day(-1))["expected_units"].to_list() == [
        pytest.approx(7.0)
    ]


def test_few_usual_days_raise_an_alert():
    rng = np.random.default_rng(1)
    rows = [(f"S{n}", "L", "web", day(-1), int(units), 1.0, False) for n, units in enumerate(rng.poisson(2.0, 600)) if units]
    found = alerts.since_forecast(forecasts(14.0, 600, horizon=1), frame(DEMAND, rows), day(-1))
    assert found.height <= 0.01 * 600


@pytest.mark.parametrize(("units", "kind"), [(60.0, alerts.ABOVE), (2.0, alerts.BELOW), (25.0, None), (None, None)])
def test_a_whole_week_may_also_lie_below(units: float | None, kind: str | None):
    week = forecasts(25.0, horizon=1, cutoff=day(7)).with_columns(actual_units=pl.lit(units, pl.Float64))
    assert alerts.of_last_week(week, CUTOFF)["kind"].to_list() == ([kind] if kind else [])
    older = week.with_columns(week_end_date=pl.lit(day(7)))
    assert alerts.of_last_week(older, CUTOFF).is_empty(), "told a week ago"


def test_of_two_weeks_that_ended_within_seven_days_the_later_one_is_told():
    """A first run on a Tuesday, and one on the Monday after."""
    tuesday = forecasts(25.0, horizon=1, cutoff=day(13)).with_columns(actual_units=pl.lit(60.0))
    monday = forecasts(25.0, horizon=1, cutoff=day(7)).with_columns(actual_units=pl.lit(70.0))
    found = alerts.of_last_week(pl.concat([tuesday, monday]), day(0))
    assert found["observed_units"].to_list() == [70.0]


def test_forecasts_that_lean_say_to_which_side():
    accuracy = pl.DataFrame({
        "sku": ["A", "B", "C"], "location_id": "L", "is_biased": [True, True, False], "bias_units": [2.0, -1.0, 9.0], "tracking_signal": [12.0, -12.0, 1.0],
        "tracking_bound": 11.6, "weeks": 13,
    })  # fmt: skip
    assert alerts.leaning(accuracy, CUTOFF).select("sku", "kind").rows() == [("A", alerts.TOO_MUCH), ("B", alerts.TOO_LITTLE)]
