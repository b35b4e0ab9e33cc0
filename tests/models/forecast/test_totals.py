"""Totals add up over every level and period, and their quantiles are those of series that move together."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from models.forecast.paths import at
from models.forecast.together import Draws, Shared, learn, scores
from models.forecast.totals import COLUMNS, QUANTILES, Periods, totals, weekday_rates

CUTOFF = date(2026, 1, 20)  # a Tuesday
LEVELS = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99])
WEEKS = 6


def forecast(units: dict[tuple[str, str], float]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Poisson forecasts of these means, the same in all weeks."""
    rows = [(sku, place, CUTOFF, h, mean, 0.2) for (sku, place), mean in units.items() for h in range(1, WEEKS + 1)]
    means = pl.DataFrame(
        rows, schema=["sku", "location_id", "cutoff_date", "horizon", "mean_units", "week_correlation"], orient="row"
    )
    long = [(*row[:4], q, float(stats.poisson.ppf(q, row[4]))) for row in rows for q in LEVELS]
    return means, pl.DataFrame(
        long, schema=["sku", "location_id", "cutoff_date", "horizon", "quantile", "forecast_units"], orient="row"
    )


@pytest.fixture(scope="module")
def made() -> pl.DataFrame:
    units = {("A", "X"): 3.0, ("A", "Y"): 5.0, ("B", "X"): 40.0, ("C", "X"): 0.0}
    means, quantiles = forecast(units)
    categories = pl.DataFrame({"sku": ["A", "B"], "category": ["Toys", "Bath"]})
    history = pl.DataFrame({
        "sku": ["A", "A", "B"], "location_id": ["X", "Y", "X"], "demand_date": [CUTOFF, CUTOFF - timedelta(days=1), CUTOFF],
        "demand_units": [100.0, 10.0, 5.0],
    })  # fmt: skip
    return totals(means, quantiles, categories, weekday_rates(history, means.select("sku", "location_id")))


def of(made: pl.DataFrame, level: str, kind: str) -> pl.DataFrame:
    return made.filter(pl.col("level") == level, pl.col("period_kind") == kind).sort("name", "period_start_date")


def test_every_level_and_period_adds_up(made: pl.DataFrame) -> None:
    for kind in ("week", "month"):
        sums = [of(made, level, kind)["mean_units"].sum() for level in ("sku", "category", "location", "total")]
        assert sums == pytest.approx([48.0 * WEEKS] * 4)
    weeks, days, months = (of(made, "total", kind) for kind in ("week", "day", "month"))
    assert weeks["mean_units"].to_list() == pytest.approx([48.0] * WEEKS)
    assert days["mean_units"].to_numpy().reshape(WEEKS, 7).sum(axis=1) == pytest.approx(48.0)
    by_month = days.group_by(pl.col("period_start_date").dt.truncate("1mo"), maintain_order=True).agg(pl.col("mean_units").sum())
    assert months["mean_units"].to_list() == pytest.approx(by_month["mean_units"].to_list())
    assert months.select("period_start_date", "days").rows() == [
        (date(2026, 1, 21), 11),
        (date(2026, 2, 1), 28),
        (date(2026, 3, 1), 3),
    ]
    assert of(made, "category", "week")["name"].unique().sort().to_list() == ["Bath", "Toys", "no category"]


def test_quantiles_are_ordered_whole_and_not_negative(made: pl.DataFrame) -> None:
    found = made.filter(pl.col("period_kind") != "day").select(COLUMNS).to_numpy()
    assert (np.diff(found, axis=1) >= 0).all() and (found >= 0).all() and (found == np.rint(found)).all()
    assert made.filter(pl.col("name") == "C").select(pl.col(COLUMNS).max()).row(0) == (0.0,) * len(COLUMNS)


def test_a_total_of_independent_series_is_narrower_than_one_of_series_that_move_together() -> None:
    units = {(f"S{k:02}", "X"): 20.0 for k in range(40)}
    means, quantiles = forecast(units)
    categories = pl.DataFrame({"sku": [s for s, _ in units], "category": "Toys"})
    even = weekday_rates(
        pl.DataFrame(schema={"sku": pl.String, "location_id": pl.String, "demand_date": pl.Date, "demand_units": pl.Float64}),
        means,
    )
    spread = {}
    for name, shared in (("apart", Shared(0, 0, 0)), ("together", Shared(0.1, 0.1, 0.0))):
        row = of(totals(means, quantiles, categories, even, shared), "total", "week").row(0, named=True)
        spread[name] = row["q90_units"] - row["q10_units"]
    apart = 2 * 1.2816 * np.sqrt(40 * 20)
    assert spread["apart"] == pytest.approx(apart, rel=0.15)
    assert spread["together"] == pytest.approx(apart * np.sqrt(1 + 39 * 0.1), rel=0.15)


def test_weekday_rates_by_hand() -> None:
    monday = date(2026, 1, 19)
    rows = [("A", "X", monday, 30.0), ("A", "X", monday + timedelta(days=1), 70.0), ("B", "X", monday + timedelta(days=2), 100.0)]
    history = pl.DataFrame(rows, schema=["sku", "location_id", "demand_date", "demand_units"], orient="row")
    found = weekday_rates(history, pl.DataFrame({"sku": ["A", "B", "C", "D"], "location_id": ["X", "X", "X", "Z"]}))
    sums = found.group_by("sku").agg(pl.col("weekday_rate").sum())["weekday_rate"]
    assert sums.to_list() == pytest.approx([1.0] * 4)
    a = found.filter(sku="A")["weekday_rate"].to_list()
    assert a[0] == pytest.approx((30 + 50 * 0.15) / 150)
    assert found.filter(sku="D")["weekday_rate"].to_list() == pytest.approx([1 / 7] * 7)


def test_scores_and_their_learning_by_hand() -> None:
    quantiles = np.array([[0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]])
    assert scores(np.array([6.5]), quantiles, LEVELS)[0] == pytest.approx(stats.norm.ppf((0.975 + 0.99) / 2))
    assert scores(np.array([0.0]), quantiles, LEVELS)[0] == pytest.approx(stats.norm.ppf((0 + 0 + 0.1 + 0.25) / 4))


def test_what_draws_share_is_learnt_again() -> None:
    shared = Shared(0.1, 0.25, 0.6)
    n, origins, weeks = 60, 150, 6
    draws = Draws(shared, 3, origins, weeks, seed=4)
    category = np.arange(n) % 3
    z = stats.norm.ppf(draws.chances(category, np.full(n, 0.4)))
    i, o, h = (a.reshape(-1) for a in np.meshgrid(np.arange(n), np.arange(origins), np.arange(weeks), indexing="ij"))
    found = learn(z.reshape(-1), i, category[i], o, h)
    assert (found.everything, found.category, found.lasting) == pytest.approx((0.1 + 0.15 / 3, 0.25, 0.6), abs=0.06)
    within = np.mean(z[:, :, 0] * z[:, :, 1])
    assert within == pytest.approx(0.4, abs=0.05)
    assert learn(z.reshape(-1)[:5], i[:5], i[:5], o[:5], h[:5]) == Shared()


def test_months_of_a_short_horizon() -> None:
    periods = Periods.after(date(2026, 1, 31), 1)
    assert (periods.kind, periods.starts, periods.days) == (["week", "month"], [date(2026, 2, 1)] * 2, [7, 7])


def test_paths_have_the_quantiles_they_are_drawn_from() -> None:
    means, quantiles = forecast({("A", "X"): 30.0})
    row = of(totals(means, quantiles, pl.DataFrame({"sku": ["A"], "category": ["T"]}), weekday_rates(
        pl.DataFrame(schema={"sku": pl.String, "location_id": pl.String, "demand_date": pl.Date, "demand_units": pl.Float64}), means)),
        "sku", "week").row(0, named=True)  # fmt: skip
    expected = at(np.array([stats.poisson.ppf(LEVELS, 30.0)]), LEVELS, np.array([QUANTILES]))[0]
    assert [row[name] for name in COLUMNS] == pytest.approx(expected, abs=2.0)
