"""Dispersions: what forecasts of the past erred is found again, few errors are drawn to the class, nothing known changes nothing."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.spreads import MOST_WEEKS, applied, dispersions_of, learned_dispersions, spread_to, squared_errors, whole_weeks

N = 300


def errors(std: float, origins: int = 24, n: int = N) -> pl.DataFrame:
    """Demand of 50 ± std a week, forecast as 50; totals of three weeks."""
    rng = np.random.default_rng(0)
    weeks, means = np.full(n, 3, dtype=np.int64), np.full((n, MOST_WEEKS), 50.0)
    made = [squared_errors(means, rng.normal(50, std, (n, MOST_WEEKS)), weeks) for _ in range(origins)]
    return pl.concat([one.with_columns(unique_id=pl.int_range(pl.len())) for one in made])


@pytest.mark.parametrize("std", [9.0, 20.0])
def test_the_dispersion_that_demand_had_is_found(std: float):
    found = dispersions_of(errors(std))["dispersion_rate"]
    assert found.mean() == pytest.approx(std**2 / 50, rel=0.06)


def test_few_errors_are_drawn_to_the_class_and_nothing_is_below_poisson():
    few, many = (dispersions_of(errors(20.0, origins))["dispersion_rate"] for origins in (1, 24))
    own = errors(20.0, 1).select(pl.col("square") / pl.col("expected")).to_series()
    assert few.std() < 0.3 * own.std()
    assert many.std() < few.std()
    assert dispersions_of(errors(2.0))["dispersion_rate"].unique().to_list() == [1.0]


def test_unknown_weeks_are_left_out():
    one = errors(9.0, 2, 20)
    gone = one.with_columns(square=pl.when(pl.col("unique_id") == 3).then(float("nan")).otherwise("square"))
    assert 3 not in dispersions_of(gone)["unique_id"]


def test_the_examples():
    units = np.array([[4, 10, 20]], dtype=np.float32)
    assert applied(units, np.array([0.5])).tolist() == [[7, 10, 15]]
    assert applied(units, np.array([1.0])).tolist() == units.tolist()
    assert whole_weeks(np.array([20.0, 80.0, float("nan")])).tolist() == [3, 4, 2]


def test_deviations_come_to_what_is_known_and_stay_where_it_is_not():
    assert spread_to(np.array([2.0, np.nan, 5.0]), np.array([4.0, 4.0, 0.0])).tolist() == [0.5, 1.0, 1.0]


def test_a_past_too_short_tells_nothing():
    history = pl.DataFrame(
        {"unique_id": [0] * 20, "ds": [date(2026, 1, 5) + timedelta(weeks=k) for k in range(20)], "y": [3.0] * 20}
    )
    found = learned_dispersions(history, "1w", pl.DataFrame({"unique_id": [0], "days": [14.0]}))
    assert found.rows() == [(0, None)]


def test_own_histories_tell_a_series_dispersion():
    """A year of Poisson weeks, of which the forecast knows the mean but for little."""
    y = np.random.default_rng(0).poisson(20, (30, 60)).astype(float)
    days = [date(2026, 1, 5) + timedelta(weeks=k) for k in range(60)]
    history = pl.DataFrame({"unique_id": np.repeat(np.arange(30), 60), "ds": days * 30, "y": y.ravel()})
    found = learned_dispersions(history, "W-MON", pl.DataFrame({"unique_id": range(30), "days": [14.0] * 30}))["dispersion_rate"]
    assert 1.0 <= found.mean() <= 2.0
