"""Dispersions: what forecasts of the past erred is found again, few errors are drawn to the class, nothing known changes nothing."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.spreads import dispersions_of, learned_dispersions, spread_to, squared_errors, widened

N = 300


def errors(std: float | np.ndarray, origins: int = 24, n: int = N) -> pl.DataFrame:
    """Demand of 50 ± std a week, forecast as 50."""
    rng = np.random.default_rng(0)
    ids, means = pl.int_range(n, eager=True), np.full(n, 50.0)
    return pl.concat([squared_errors(ids, means, rng.normal(50, std, n)) for _ in range(origins)])


@pytest.mark.parametrize("std", [9.0, 20.0])
def test_the_dispersion_that_demand_had_is_found(std: float):
    found = dispersions_of(errors(std))["dispersion_rate"]
    assert found.mean() == pytest.approx(std**2 / 50, rel=0.06)


def test_few_errors_are_drawn_to_the_class_and_nothing_is_below_poisson():
    """Half of the series stray twice as far as the others: four errors tell little of that, fifty nearly all."""
    std = np.where(np.arange(N) % 2, 10.0, 20.0)
    apart = []
    for origins in (4, 50):
        found = dispersions_of(errors(std, origins))["dispersion_rate"].to_numpy()
        calm, wild = found[1::2].mean(), found[::2].mean()
        own = errors(std, origins).group_by("unique_id").agg(pl.col("square").sum() / pl.col("expected").sum())["square"]
        assert found.std() < own.std(), "nobody is further from the others than own errors say"
        apart.append((wild - calm) / (8 - 2))
    assert 0.3 < apart[0] < 0.95 * apart[1] < 1
    assert dispersions_of(errors(2.0))["dispersion_rate"].unique().to_list() == [1.0]


def test_alike_series_count_as_one_and_a_single_error_tells_nothing_of_its_series():
    own = errors(20.0).group_by("unique_id").agg(rate=pl.col("square").sum() / pl.col("expected").sum())["rate"]
    assert dispersions_of(errors(20.0))["dispersion_rate"].std() < 0.3 * own.std()
    one = errors(20.0, 1)
    assert dispersions_of(one)["dispersion_rate"].to_numpy() == pytest.approx(one["square"].mean() / 50, rel=0.05)


def test_unknown_weeks_are_left_out():
    one = errors(9.0, 2, 20)
    gone = one.with_columns(square=pl.when(pl.col("unique_id") == 3).then(float("nan")).otherwise("square"))
    assert 3 not in dispersions_of(gone)["unique_id"]


def test_the_examples():
    units = np.array([[4, 10, 20]], dtype=np.float32)
    assert widened(units, np.array([0.5])).tolist() == [[7, 10, 15]]
    assert widened(units, np.array([1.0])).tolist() == units.tolist()


def test_deviations_come_to_what_is_known_and_stay_where_it_is_not():
    otherwise = np.array([1.0, 0.7, 1.0])
    assert spread_to(np.array([2.0, np.nan, 5.0]), np.array([4.0, 4.0, 0.0]), otherwise).tolist() == [0.5, 0.7, 1.0]


def test_a_past_too_short_tells_nothing():
    history = pl.DataFrame(
        {"unique_id": [0] * 14, "ds": [date(2026, 1, 5) + timedelta(weeks=k) for k in range(14)], "y": [3.0] * 14}
    )
    found = learned_dispersions(history, "1w")
    assert found.rows() == [(0, None)]


def test_own_histories_tell_a_series_dispersion():
    """Forty Poisson weeks, of which the forecast knows the mean but for little."""
    y = np.random.default_rng(0).poisson(20, (30, 40)).astype(float)
    days = [date(2026, 1, 5) + timedelta(weeks=k) for k in range(40)]
    history = pl.DataFrame({"unique_id": np.repeat(np.arange(30), 40), "ds": days * 30, "y": y.ravel()})
    found = learned_dispersions(history, "W-MON")["dispersion_rate"]
    assert 1.0 <= found.mean() <= 2.0


def test_the_same_errors_give_the_same_dispersions_to_the_last_digit() -> None:
    rng, names, weeks = np.random.default_rng(1), [f"s{n}" for n in range(800)], 52
    errors = pl.concat([squared_errors(pl.Series(names), rng.gamma(1, 2, 800), rng.gamma(1, 3, 800)) for _ in range(weeks)])
    first = dispersions_of(errors)
    assert all(dispersions_of(errors).equals(first) for _ in range(5)), "a run with nothing new changes nothing"
