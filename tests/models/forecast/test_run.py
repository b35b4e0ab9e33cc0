"""The forecast as a whole: honest on simulated demand, the same for the same history, quiet on odd ones."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.forecast import Forecast, boosting, choose, forecast
from models.forecast.boosting import MIN_ROWS, QUANTILES
from models.forecast.lookalikes import drawn_to_lookalikes
from models.forecast.paths import totals
from tests.models.builders import CUTOFF, WEEKLY, day, frame, series_of, weekly_of

SERIES, WEEKS, HORIZON = 200, 45, 8


def run(
    weekly: pl.DataFrame, demand_class: str = "smooth", horizon: int = HORIZON, discontinued: dict[str, date] | None = None
) -> Forecast:
    return forecast(weekly, series_of(weekly, demand_class, discontinued), CUTOFF, horizon)


def by_week(found: Forecast) -> np.ndarray:
    means = found.means.sort("sku", "horizon")
    return means["mean_units"].to_numpy().reshape(means["sku"].n_unique(), -1)


def by_level(found: Forecast) -> np.ndarray:
    quantiles = found.quantiles.sort("sku", "horizon", "quantile")
    return quantiles["forecast_units"].to_numpy().reshape(quantiles["sku"].n_unique(), -1, len(QUANTILES))


def covered(found: Forecast, actual: np.ndarray) -> float:
    """Share of series whose total over the weeks of `actual` lies within the 80 % interval."""
    grid = by_level(found)
    weeks = np.full((len(grid), 1000), float(actual.shape[1]))
    together, is_whole = found.means["week_correlation"][0], np.ones(len(grid), dtype=bool)
    drawn = totals(grid, np.array(QUANTILES), together, weeks, is_whole, np.random.default_rng(0))
    low, high = np.quantile(drawn, [0.1, 0.9], axis=1, method="inverted_cdf")
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


def test_weekly_quantiles_are_honest_whole_and_rise(flat: tuple):
    units, _, found = flat
    grid = by_level(found)
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
    assert set(found.means["model"]) == {"own"}


def test_the_backtest_equals_a_plain_loop(flat: tuple):
    units, _, found = flat
    before = by_week(forecast(weekly_of(units[:, : WEEKS - HORIZON]), series_of(weekly_of(units[:, :1])), CUTOFF, HORIZON))
    came = units[:, WEEKS - HORIZON : WEEKS]
    missed = sum(abs(f - y) for row, actual in zip(before, came, strict=True) for f, y in zip(row, actual, strict=True))
    assert found.means["backtest_wape"].unique().to_list() == [pytest.approx(missed / came.sum(), abs=1e-5)]
    assert found.means["week_correlation"][0] < 0.1, "weeks were drawn apart from each other"


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
    series = series_of(weekly)
    one = forecast(weekly, series, CUTOFF, 4)
    two = forecast(*(f.sample(fraction=1, shuffle=True, seed=3) for f in (weekly, series)), CUTOFF, 4)
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


def test_what_was_chosen_is_refreshed_with_on_any_weekday_and_a_choice_that_does_not_fit_is_named(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(boosting, "ROUNDS", 10)
    units, mean = simulate(40, 0.2)
    weekly = weekly_of(units[:30, :40])
    assert MIN_ROWS < 30 * 20
    selection, notes = choose(weekly, series_of(weekly), CUTOFF, 2)
    assert selection.boosted and not notes
    found = forecast(weekly, series_of(weekly), CUTOFF, 2, selection)
    assert set(found.means["model"]) == {"boosted and own"}
    assert found.means["week_correlation"].unique().to_list() == [selection.together]
    assert by_week(found).sum() == pytest.approx(mean[:30, 40:42].sum(), rel=0.3)
    tomorrow = forecast(weekly, series_of(weekly), CUTOFF + timedelta(days=1), 2, selection)
    assert set(tomorrow.means["model"]) == {"boosted and own"}
    other = forecast(weekly, series_of(weekly), CUTOFF, 3, selection)
    assert set(other.means["model"]) == {"own"}
    assert "The kept selection is for 2 periods" in other.notes[0].sentence


def test_a_new_product_without_look_alikes_sells_as_it_did():
    found = run(weekly_of([[4, 6, 8]]), "new", 4)
    assert by_week(found) == pytest.approx(6, rel=0.2)


def newcomers(weeks: list[list[int]], unsold: int = 0) -> tuple[Forecast, int]:
    """Forecast of 40 known series of levels about 40 and of new ones of the same category."""
    rng = np.random.default_rng(1)
    levels = rng.gamma(10, 4.0, 40)
    weekly = weekly_of([*(rng.poisson(level, 30) for level in levels), *weeks])
    series = series_of(weekly).with_columns(
        demand_class=pl.when(pl.col("sku") < "S040").then(pl.lit("smooth")).otherwise(pl.lit("new"))
    )
    rows = series.head(unsold).with_columns(
        sku=pl.lit("UNSOLD"), demand_class=pl.lit("new"), last_demand_date=pl.lit(None, pl.Date), launched_date=pl.lit(day(-15))
    )
    return forecast(weekly, pl.concat([series, rows]), CUTOFF, 4), len(weeks)


def test_a_new_product_is_drawn_to_its_look_alikes_and_is_wide():
    found, _ = newcomers([[10, 12, 9]])
    new, known = (found.quantiles.filter(sku=sku, horizon=1)["forecast_units"].to_numpy() for sku in ("S040", "S000"))
    mean = found.means.filter(sku="S040", horizon=1)["mean_units"].item()
    assert 10 < mean < 25, "three weeks of ten say more of the level than forty others about forty, which differ"
    assert (new[-1] - new[0]) / mean > (known[-1] - known[0]) / found.means.filter(sku="S000", horizon=1)["mean_units"].item()
    assert found.means.filter(sku="S040")["model"].unique().to_list() == ["own and look-alikes"]


def test_a_product_that_has_not_sold_yet_starts_on_its_launch_as_its_look_alikes_sell():
    found, _ = newcomers([], unsold=1)
    mean = found.means.filter(sku="UNSOLD").sort("horizon")["mean_units"].to_numpy()
    usual = found.means.filter(pl.col("sku") != "UNSOLD")["mean_units"].mean()
    assert mean == pytest.approx([0, 0, usual, usual], rel=0.05)
    assert found.means.filter(sku="UNSOLD")["model"].unique().to_list() == ["look-alikes"]


def test_weight_of_look_alikes_is_buhlmanns():
    """Five series of means 2 and 4 … with within variance v and between variance b: three weeks weigh 3 ÷ (3 + v ÷ b)."""
    weeks = [[level - 1, level + 1] * 13 for level in (2, 4, 6, 8, 10)] + [[5, 5, 5]]
    weekly = weekly_of(weeks)
    series = series_of(weekly).with_columns(
        demand_class=pl.when(pl.col("sku") < "S005").then(pl.lit("smooth")).otherwise(pl.lit("new"))
    )
    values = np.zeros((6, 1, 1 + len(QUANTILES)))
    values[:5, 0, 0] = [2, 4, 6, 8, 10]
    drawn, weight = drawn_to_lookalikes(values, np.array(QUANTILES), series, weekly)
    within = 26 / 25
    between = 10 - within / 26
    k = within / between
    assert weight.tolist() == pytest.approx([0, 0, 0, 0, 0, k / (3 + k)])
    assert drawn[5, 0, 0] == pytest.approx(6 * k / (3 + k))


@pytest.mark.parametrize(("weeks_since", "share"), [(0.0, 1.0), (6.5, 0.5), (13.0, 0.0)])
def test_a_product_that_is_said_to_be_like_another_sells_as_that_one_at_the_rate_said(weeks_since: float, share: float) -> None:
    """At a location where the other one hardly sells, unlike everything else there; its own history says 9 a week."""
    weekly = weekly_of([*([40] * 20 for _ in range(6)), [1, 0, 0, 0] * 5, [9] * 20, [9] * 4])
    series = series_of(weekly).with_columns(
        demand_class=pl.when(pl.col("sku") == "S008").then(pl.lit("new")).otherwise(pl.lit("smooth")),
        like_sku=pl.when(pl.col("sku") >= "S007").then(pl.lit("S006")),
        like_rate=pl.lit(0.8),
        like_weeks=pl.lit(weeks_since),
    )
    found, alone = (forecast(weekly, told, CUTOFF, 4) for told in (series, series.drop("like_sku", "like_rate", "like_weeks")))
    other, plain = (part.means.filter(sku=sku)["mean_units"].to_numpy() for part, sku in ((found, "S006"), (alone, "S007")))
    assert other.mean() < 2
    for sku in ("S007", "S008")[: 2 if share == 1 else 1]:
        made = found.means.filter(sku=sku)
        assert made["mean_units"].to_numpy() == pytest.approx(share * 0.8 * other + (1 - share) * plain)
        assert ("look-alikes" in made["model"][0]) == (share > 0)
    assert found.means.filter(pl.col("sku") < "S007").equals(alone.means.filter(pl.col("sku") < "S007"))


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
    assert (by_week(found) <= max(weeks) * 1.1 + 1e-9).all()
    assert found.quantiles["forecast_units"].is_finite().all()


def test_no_series_give_the_same_columns():
    empty, full = run(frame(WEEKLY)), run(weekly_of([[1, 2]]), "new", 1)
    assert empty.means.schema == full.means.schema
    assert empty.quantiles.schema == full.quantiles.schema
    assert empty.means.is_empty()
    assert empty.quantiles.is_empty()
