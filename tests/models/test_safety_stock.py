"""Levels against textbook numbers: Poisson, normal, gamma and lead-time spread."""

from itertools import accumulate
from math import exp, lgamma, log, sqrt
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models import safety_stock
from models.futures import draw
from models.protection import within
from models.safety_stock import LEVELS, stock_levels, wanted
from tests.models.builders import QUICK, frame

SERIES = dict.fromkeys(("sku", "location_id"), pl.String) | dict.fromkeys(
    ("lead_time_days", "lead_time_std_days", "review_period_days", "target_rate"), pl.Float64
)  # fmt: skip
NAMES = dict.fromkeys(("sku", "location_id"), pl.String)
MEANS = NAMES | {"horizon": pl.Int64, "mean_units": pl.Float64, "week_correlation": pl.Float64}
QUANTILES = NAMES | {"horizon": pl.Int64, "quantile": pl.Float64, "forecast_units": pl.Float64}
DENSE = (*(k / 200 for k in range(1, 200)), 0.999, 0.9999)  # levels of whole distributions


def quantiles_of(mean: float, alpha: float) -> np.ndarray:
    """Of a negative binomial with variance mean + alpha mean²; Poisson where alpha is 0."""
    if alpha == 0 or mean == 0:
        return stats.poisson.ppf(DENSE, mean)
    return stats.nbinom.ppf(DENSE, 1 / alpha, 1 / (1 + alpha * mean))


def forecast_of(weeks: dict[str, list[float]], alpha: float, together: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = [(name, "L", week, mean) for name, means in weeks.items() for week, mean in enumerate(means, 1)]
    quantiles = [(*row[:3], *pair) for row in rows for pair in zip(DENSE, quantiles_of(row[3], alpha), strict=True)]
    return frame(MEANS, [(*row, together) for row in rows]), frame(QUANTILES, quantiles)


def levels(weeks: list[float], lead: float, lead_std: float, review: float, service: float, spread: tuple[float, float] = (0, 0),
           copies: int = 1) -> pl.DataFrame:  # fmt: skip
    """`copies` of one series; `spread` is the α of its weeks and how far they go together."""
    names = [f"S{i:03}" for i in range(copies)]
    series = frame(SERIES, [(name, "L", lead, lead_std, review, service) for name in names])
    return stock_levels(wanted(series, *forecast_of(dict.fromkeys(names, weeks), *spread)))


def up_to(*args: object, **options: object) -> float:
    """Mean over sixty copies: what sampling alone adds is averaged out."""
    return float(levels(*args, **options, copies=60)["order_up_to_level_units"].mean())


def poisson_quantile(mean: float, q: float) -> int:
    pmf = (exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(10_000))
    return next(k for k, total in enumerate(accumulate(pmf)) if total >= q)


def test_the_docstrings_example():
    row = levels([7.0] * 4, 7, 0, 7, 0.95).row(0, named=True)
    assert row["mean_demand_units"] == 14 and row["order_up_to_level_units"] in {20, 21}
    assert row["safety_stock_units"] == row["order_up_to_level_units"] - 14 == row["reorder_point_units"] - 13
    assert poisson_quantile(14, 0.95) == 20


@pytest.mark.parametrize(("mean", "q"), [(14, 0.5), (14, 0.8), (14, 0.95), (60, 0.975)])
def test_with_poisson_demand_the_level_is_its_quantile(mean: float, q: float):
    assert up_to([mean / 2] * 4, 7, 0, 7, q) == pytest.approx(poisson_quantile(mean, q), abs=0.6 + 0.01 * mean)


def test_a_service_of_999_lies_in_the_far_tail():
    assert up_to([7.0] * 4, 7, 0, 7, 0.999) == pytest.approx(poisson_quantile(14, 0.999), abs=1.5)


@pytest.mark.parametrize("q", [0.5, 0.9, 0.98])
def test_large_demand_needs_z_sigma(q: float):
    """z·σ, and (z² − 1)·σ·γ/6 for the skewness γ of a sum of four negative binomials (Cornish & Fisher 1938)."""
    mean, alpha = 4000.0, 0.04
    sigma, z, skewness = sqrt(4 * mean + 4 * alpha * mean**2), NormalDist().inv_cdf(q), sqrt(alpha)
    safety = levels([mean] * 4, 21, 0, 7, q, (alpha, 0), copies=60)["safety_stock_units"].mean()
    assert safety == pytest.approx((z + (z**2 - 1) * skewness / 6) * sigma, abs=0.06 * sigma)


def test_the_spread_of_the_lead_time_counts():
    """σ² = L σ_D² + D² σ_L² (Silver, Pyke & Thomas): 14 ± 4 days at 100 a day, and weekly noise."""
    sigma = sqrt(14 * 100 + 100**2 * 4**2)
    safety = levels([700.0] * 6, 14, 4, 0, 0.9, copies=60)["safety_stock_units"].mean()
    assert safety == pytest.approx(1.2816 * sigma, rel=0.08)


def test_the_newsvendors_exponential_fractile():
    """A geometric week of a large mean is all but exponential: the quantile at q is −ln(1 − q) means."""
    assert up_to([5000.0] * 2, 0.001, 0, 6.999, 0.8, (1.0, 0)) == pytest.approx(-log(0.2) * 5000, rel=0.05)


def test_weeks_that_go_together_add_their_spread_and_not_its_root():
    one = levels([4000.0] * 4, 0.001, 0, 6.999, 0.9, (0.04, 0), copies=60)["safety_stock_units"].mean()
    four = levels([4000.0] * 4, 21, 0, 7, 0.9, (0.04, 1.0), copies=60)["safety_stock_units"].mean()
    assert four == pytest.approx(4 * one, rel=0.06)


def test_no_demand_needs_no_stock_and_next_to_none_buys_none():
    assert levels([0.0] * 4, 7, 3, 7, 0.999, (0.5, 0.6)).select(list(LEVELS)[:4]).row(0) == (0, 0, 0, 0)
    assert levels([0.001] * 4, 7, 0, 7, 0.95)["order_up_to_level_units"].item() == 0


@pytest.mark.parametrize(("lead", "lead_std"), [(0, 0), (0, 2), (1, 30), (300, 0), (300, 100)])
def test_odd_lead_times(lead: float, lead_std: float):
    row = levels([7.0] * 4, lead, lead_std, 7, 0.95).row(0, named=True)
    assert row["mean_demand_units"] == pytest.approx(lead + 7)
    assert 7 <= row["order_up_to_level_units"] < 800


def test_a_lead_time_that_is_not_a_number_is_refused():
    with pytest.raises((ValueError, RuntimeWarning)):
        levels([7.0] * 4, float("nan"), 0, 7, 0.95)


def test_more_service_more_spread_and_more_time_need_more_stock():
    usual = ([20.0] * 8, 14, 2, 7)
    points = [up_to(*usual, q, (0.2, 0.2)) for q in (0.5, 0.8, 0.95, 0.99)]
    assert points == sorted(points)
    base = points[2]
    assert up_to(*usual, 0.95, (0.8, 0.2)) > base
    assert up_to(*usual, 0.95, (0.2, 0.6)) > base
    assert up_to([20.0] * 8, 14, 7, 7, 0.95, (0.2, 0.2)) > base
    assert up_to([20.0] * 8, 28, 2, 7, 0.95, (0.2, 0.2)) > base


def test_levels_do_not_depend_on_the_row_order():
    rng = np.random.default_rng(0)
    names = [f"S{i:03}" for i in range(300)]
    series = frame(SERIES, [(name, "L", rng.uniform(1, 30), rng.uniform(0, 5), 7, 0.95) for name in names])
    means = frame(MEANS, [(name, "L", week, rng.uniform(0, 9), 0.3) for name in names for week in range(1, 5)])
    share = pl.DataFrame({"quantile": [0.1, 0.5, 0.9], "share": [0.3, 1.0, 1.8]})
    quantiles = means.join(share, how="cross").with_columns(forecast_units=pl.col("mean_units") * pl.col("share"))
    found = stock_levels(wanted(series, means, quantiles))
    assert set(found.columns) >= {*SERIES, *LEVELS}
    means, quantiles = (rows.sample(fraction=1, shuffle=True, seed=1) for rows in (means, quantiles))
    assert stock_levels(wanted(series[::-1], means, quantiles)).equals(found)


def test_no_series_give_the_same_columns():
    found = stock_levels(wanted(frame(SERIES), frame(MEANS), frame(QUANTILES)))
    assert found.schema == levels([1.0], 7, 0, 7, 0.9).clear().schema


@QUICK
@given(st.lists(st.floats(0, 50), min_size=1, max_size=5), st.integers(0, 60))
def test_demand_within_some_days_equals_a_sum_over_days(weeks: list[float], days: int):
    total = sum(weeks[min(d // 7, len(weeks) - 1)] / 7 for d in range(days))
    assert within(np.array([weeks]), np.array([float(days)]))[0] == pytest.approx(total)


def test_a_long_lead_time_widens_no_other_series_and_none_is_drawn_beyond_two_years(monkeypatch: pytest.MonkeyPatch):
    drawn: list[np.ndarray] = []
    monkeypatch.setattr(safety_stock, "draw", lambda *args, **more: drawn.append(args[3]) or draw(*args, **more))
    names, days = [f"S{i:02}" for i in range(61)], [14.0] * 60 + [360.0]
    series = frame(SERIES, [(name, "L", lead, 350.0 * (lead > 14), 7.0, 0.95) for name, lead in zip(names, days, strict=True)])
    stock_levels(wanted(series, *forecast_of({name: [1.0] for name in names}, 0, 0)))
    short, long = sorted(drawn, key=len, reverse=True)
    assert (len(short), len(long)) == (60, 1), "a year is drawn apart from the fortnights"
    assert short.max() == 14 and long.max() == safety_stock.MOST_DAYS


def test_futures_are_the_same_on_any_number_of_cores(monkeypatch: pytest.MonkeyPatch):
    names = [f"S{i:03}" for i in range(250)]
    series = frame(SERIES, [(name, "L", 7.0 + i % 9, 2.0, 7.0, 0.95) for i, name in enumerate(names)])
    forecast = forecast_of({name: [0.5, 3.0] for name in names}, 0, 0)
    monkeypatch.setattr(safety_stock, "PATHS", 100)
    found = []
    for cores in (1, 3):
        monkeypatch.setattr(safety_stock, "DRAWN_AT_ONCE", cores)
        found.append(stock_levels(wanted(series, *forecast)))
    assert found[0].equals(found[1])
