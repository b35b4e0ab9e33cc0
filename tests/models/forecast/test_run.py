"""The forecast as a whole: honest on simulated demand, the same for the same history, quiet on odd ones."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from models.forecast import Forecast, forecast
from models.forecast.distribution import interval_totals
from models.forecast.run import QUANTILES, fill_unknown
from tests.models.builders import CUTOFF, WEEKLY, day, facts_of, frame, products_of, weekly_of

SERIES, WEEKS, HORIZON = 200, 45, 8


def run(
    weekly: pl.DataFrame, demand_class: str = "smooth", horizon: int = HORIZON, discontinued: dict[str, date] | None = None
) -> Forecast:
    return forecast(weekly, facts_of(weekly, demand_class), products_of(weekly, discontinued), CUTOFF, horizon)


def by_week(found: Forecast) -> np.ndarray:
    means = found.means.sort("sku", "horizon")
    return means["mean_units"].to_numpy().reshape(means["sku"].n_unique(), -1)


def covered(found: Forecast, actual: np.ndarray) -> float:
    """Share of series whose total over the weeks of `actual` lies within the 80 % interval."""
    mean, first = by_week(found), found.means.filter(horizon=1).sort("sku")
    zeros = np.zeros(len(mean))
    totals = interval_totals(
        mean,
        first["dispersion"].to_numpy(),
        first["level_cv"].to_numpy(),
        zeros + 7 * actual.shape[1],
        zeros,
        zeros,
        np.random.default_rng(0),
    )
    low, high = np.quantile(totals, [0.1, 0.9], axis=1, method="inverted_cdf")
    return float(((actual.sum(axis=1) >= low) & (actual.sum(axis=1) <= high)).mean())


def simulate(weeks: int, alpha: float, shape: np.ndarray | float = 1.0, scale: float = 2.5) -> tuple[np.ndarray, np.ndarray]:
    """Demand and its true mean of many series: levels around 4 × scale, negative binomial weeks."""
    rng = np.random.default_rng(5)
    mean = rng.gamma(4, scale, SERIES)[:, None] * np.broadcast_to(shape, (weeks + HORIZON,))
    return rng.poisson(mean * rng.gamma(1 / alpha, alpha, mean.shape)), mean


@pytest.fixture(scope="module")
def flat() -> tuple[np.ndarray, np.ndarray, Forecast]:
    units, mean = simulate(WEEKS, 0.2)
    return units, mean, run(weekly_of(units[:, :WEEKS]))


def test_the_mean_lies_near_the_true_mean(flat: tuple):
    _, mean, found = flat
    assert by_week(found).sum() == pytest.approx(mean[:, WEEKS:].sum(), rel=0.04)
    assert np.abs(by_week(found)[:, 0] / mean[:, 0] - 1).mean() < 0.2


def test_the_interval_is_honest(flat: tuple):
    units, _, found = flat
    assert 0.72 <= covered(found, units[:, WEEKS : WEEKS + 4]) <= 0.93
    assert 0.72 <= covered(found, units[:, WEEKS:]) <= 0.95
    assert found.means["dispersion"].mean() == pytest.approx(0.2, abs=0.05)


def test_weekly_quantiles_are_honest_whole_and_rise(flat: tuple):
    units, _, found = flat
    quantiles = found.quantiles.sort("sku", "horizon", "quantile")
    grid = quantiles["forecast_units"].to_numpy().reshape(SERIES, HORIZON, len(QUANTILES))
    assert (grid >= 0).all()
    assert (grid == np.rint(grid)).all()
    assert (np.diff(grid, axis=2) >= 0).all()
    for q, level in enumerate(QUANTILES):
        assert (units[:, WEEKS:] <= grid[:, :, q]).mean() == pytest.approx(level, abs=0.09)


def test_columns_and_identity(flat: tuple):
    *_, found = flat
    assert found.means.select("sku", "location_id", "cutoff_date", "horizon").is_unique().all()
    assert found.quantiles.select("sku", "location_id", "cutoff_date", "horizon", "quantile").is_unique().all()
    assert found.means.null_count().sum_horizontal().item() == 0
    assert set(found.means["cutoff_date"]) == {CUTOFF}
    assert found.means["backtest_wape"].is_between(0.2, 0.8).all()


@pytest.mark.parametrize(("growth", "low", "high"), [(0.0, 0.9, 1.1), (0.5, 0.85, 1.12)])
def test_season_and_growth_are_carried_on(growth: float, low: float, high: float):
    weeks = 110
    t = np.arange(weeks + HORIZON)
    units, mean = simulate(weeks, 0.1, (1 + 0.5 * np.sin(2 * np.pi * t / 52)) * (1 + growth * t / 52), scale=1.0)
    found = run(weekly_of(units[:, :weeks]))
    assert low < by_week(found).sum() / mean[:, weeks:].sum() < high
    assert 0.7 <= covered(found, units[:, weeks : weeks + 4]) <= 0.95


def test_the_same_for_any_row_order():
    units, _ = simulate(30, 0.2)
    weekly = weekly_of(units[:12])
    facts, products = facts_of(weekly), products_of(weekly)
    one = forecast(weekly, facts, products, CUTOFF, 4)
    shuffled = [f.sample(fraction=1, shuffle=True, seed=3) for f in (weekly, facts, products)]
    two = forecast(*shuffled, CUTOFF, 4)
    assert one.means.equals(two.means)
    assert one.quantiles.equals(two.quantiles)


def test_weeks_not_seen_do_not_pull_the_forecast_down():
    units, mean = simulate(WEEKS, 0.2)
    seen = np.full((SERIES, WEEKS), 7)
    seen[:, 30:42] = np.random.default_rng(0).choice([0, 2, 4, 7], (SERIES, 12))
    sold = units[:, :WEEKS] * seen // 7
    known, raw = run(weekly_of(sold, seen.tolist())), run(weekly_of(sold))
    truth = mean[:, WEEKS:].sum()
    assert by_week(known).sum() == pytest.approx(truth, rel=0.06)
    assert by_week(raw).sum() < 0.85 * truth


def test_a_stock_out_is_not_taken_for_a_season():
    """Every series is out of stock in the same weeks of last year; those weeks come next."""
    units = np.full((5, 80), 100)
    seen = np.full((5, 80), 7)
    seen[:, 29:37], units[:, 29:37] = 0, 0
    assert by_week(run(weekly_of(units, seen.tolist()))) == pytest.approx(100, rel=0.05)


def test_a_discontinued_product_ends():
    weekly = weekly_of([[7] * 30, [7] * 30, [7] * 30])
    found = by_week(run(weekly, horizon=3, discontinued={"S000": CUTOFF, "S001": day(-10)}))
    assert found[0] == pytest.approx(0)
    assert found[1] == pytest.approx([7, 3, 0], rel=0.07)
    assert found[2] == pytest.approx(7, rel=0.07)


def test_a_new_product_sells_as_it_did():
    found = run(weekly_of([[4, 6, 8]]), "new", 4)
    assert by_week(found) == pytest.approx(6)
    assert found.means["level_cv"][0] == 0.6
    assert found.means["backtest_wape"].null_count() == 4


@pytest.mark.parametrize(
    ("weeks", "seen"),
    [
        ([0] * 40, None), ([5], None), ([0], None), ([0] * 13, None), ([3] * 13, None), ([9] + [0] * 39, None), ([0] * 39 + [9], None),
        ([0] * 30, [0] * 30), ([4] * 10 + [0] * 20, [7] * 10 + [0] * 20), ([0], [1]), ([0] * 120, None), ([1, 0, 0] * 40, None),
    ],
)  # fmt: skip
def test_odd_histories_work(weeks: list[int], seen: list[int] | None):
    found = run(weekly_of([weeks], seen and [seen]), "lumpy" if len(weeks) >= 13 else "new", 4)
    assert found.means.height == 4
    assert np.isfinite(by_week(found)).all()
    assert (by_week(found) >= 0).all()
    assert (by_week(found) <= max(weeks) * 1.1).all()
    assert found.quantiles["forecast_units"].is_finite().all()


def test_no_series_give_the_same_columns():
    empty, full = run(frame(WEEKLY)), run(weekly_of([[1, 2]]), "new", 1)
    assert empty.means.schema == full.means.schema
    assert empty.quantiles.schema == full.quantiles.schema
    assert empty.means.is_empty()
    assert empty.quantiles.is_empty()


def test_unknown_weeks_are_filled_from_their_neighbours():
    assert fill_unknown(np.array([4, np.nan, 6])).tolist() == [4, 5, 6]
    assert fill_unknown(np.array([np.nan, np.nan])).tolist() == [0, 0]
    assert fill_unknown(np.array([np.nan, 3.0])).tolist() == [3, 3]
    assert fill_unknown(np.array([*range(9), np.nan])).tolist()[-1] == 4.5
    assert fill_unknown(np.array([])).tolist() == []
