"""Past forecasts beside what came, and their scores: naive forecasts by hand, weeks that don't count, every measure against a plain loop."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models import accuracy, scoring
from models.past_forecasts import LAYERS, LEVELS, POINTS, naive, of_each_week, with_actuals
from tests.models.builders import CUTOFF, DEMAND, WEEKLY, day, frame, weekly_of


def test_naive_forecasts_repeat_the_last_known_week_or_a_year_ago():
    units = np.array([[*range(60)]])
    weekly = weekly_of(units).with_columns(seen_days=pl.when(pl.col("week") == 0).then(2).otherwise(7))
    rows = naive(weekly, 13).sort("horizon")
    assert rows["naive_units"].unique().to_list() == [58.0], "the last week was hidden"
    assert rows["seasonal_naive_units"].to_list() == [float(units[0, 59 + h - 52]) for h in range(1, 14)]
    young = naive(weekly_of(units[:, 50:]), 2)
    assert young["seasonal_naive_units"].to_list() == [59.0, 59.0], "no year is known: the last week"


def history(rows: list[dict], **shared: object) -> pl.DataFrame:
    """Rows of forecast_history; points and quantiles are 1 unless given."""
    usual = {"sku": "A", "location_id": "L", "horizon": 1, "is_backtest": False, "demand_class": "smooth", "entry_ids": None}
    usual |= dict.fromkeys((*POINTS, *LEVELS), 1.0)
    made = pl.DataFrame([usual | shared | row for row in rows], infer_schema_length=None)
    return made.with_columns(
        week_end_date=pl.col("cutoff_date") + pl.duration(days=7 * pl.col("horizon")),
        entry_ids=pl.col("entry_ids").cast(pl.String),
    )


def test_weeks_count_that_are_over_and_fully_seen_on_the_grid_of_their_cutoff():
    demand = frame(
        DEMAND,
        [
            ("A", "L", "web", day(60), 1, 1.0, False),
            ("A", "L", "web", day(9), 5, 1.0, False),
            ("A", "L", "web", day(2), 3, 1.0, False),
            ("A", "L", "web", day(1), 0, 0.0, True),
        ],
    )
    past = history([{"cutoff_date": day(back), "horizon": h} for back, h in ((14, 1), (14, 2), (16, 1), (16, 2), (3, 1))])
    found = with_actuals(past, demand, CUTOFF)["actual_units"].to_list()
    assert found == [5.0, None, 5.0, 3.0, None], "seen; with a hidden day; of another weekday; not over"


def test_the_first_cutoff_of_each_calendar_week_is_kept():
    monday = date(2026, 3, 2)
    days = [monday + timedelta(days=n) for n in (6, 2, 3, 9, 13)]
    assert of_each_week(days) == [monday + timedelta(days=2), monday + timedelta(days=9)]


@pytest.fixture(scope="module")
def random_history() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for sku, kind in (("A", "smooth"), ("B", "lumpy"), ("C", "lumpy")):
        for back in range(10, 0, -1):
            for h in (1, 2):
                points = dict(zip(POINTS, rng.gamma(2, 3, 5), strict=True))
                levels = dict(zip(LEVELS, np.sort(rng.gamma(2, 3, len(LEVELS))), strict=True))
                actual = float(rng.poisson(5)) if rng.random() > 0.2 else None
                rows.append(
                    {"sku": sku, "demand_class": kind, "cutoff_date": day(7 * back), "horizon": h, "actual_units": actual}
                    | points
                    | levels
                )
    return history(rows, is_backtest=True)


def test_every_measure_equals_a_plain_loop(random_history: pl.DataFrame):
    units = np.random.default_rng(4).poisson(5, (3, 30))
    weekly = weekly_of(units).with_columns(sku=pl.col("sku").replace({"S000": "A", "S001": "B", "S002": "C"}))
    found = scoring.scores(random_history, weekly, pl.DataFrame({"sku": ["A", "B"], "category": ["cups", "cups"]}))
    assert set(found.select("grouping", "member").unique().rows()) == {
        ("total", "all"), ("demand_class", "smooth"), ("demand_class", "lumpy"), ("category", "cups"), ("category", "none"),
    }  # fmt: skip
    assert found.height == 5 * 3 * len(LAYERS)
    scale = {name: units[k].astype(float) for k, name in enumerate("ABC")}
    for row in found.iter_rows(named=True):
        part = random_history.drop_nulls("actual_units")
        if row["grouping"] == "demand_class":
            part = part.filter(pl.col("demand_class") == row["member"])
        if row["grouping"] == "category":
            part = part.filter(pl.col("sku").is_in(["A", "B"] if row["member"] == "cups" else ["C"]))
        if row["horizon"]:
            part = part.filter(pl.col("horizon") == row["horizon"])
        cells = part.rows(named=True)
        point = POINTS[LAYERS.index(row["layer"])]
        missed, wanted = sum(abs(c[point] - c["actual_units"]) for c in cells), sum(c["actual_units"] for c in cells)
        naive_missed = sum(abs(c["naive_units"] - c["actual_units"]) for c in cells)
        assert row["weeks"] == row["backtest_weeks"] == len(cells)
        assert row["wape"] == pytest.approx(missed / wanted)
        assert row["bias"] == pytest.approx(sum(c[point] - c["actual_units"] for c in cells) / wanted)
        assert row["value_added_to_naive"] == pytest.approx(1 - missed / naive_missed)
        squared = []
        for sku in {c["sku"] for c in cells}:
            mine = [(c[point] - c["actual_units"]) ** 2 for c in cells if c["sku"] == sku]
            steps = np.diff(scale[sku][np.argmax(scale[sku] > 0) :]) ** 2
            squared.append(np.sqrt(np.mean(mine) / np.mean(steps)))
        assert row["rmsse"] == pytest.approx(np.mean(squared))
        if row["layer"] == LAYERS[-1]:
            inside = [c["q10_units"] <= c["actual_units"] <= c["q90_units"] for c in cells]
            assert row["coverage_80"] == pytest.approx(np.mean(inside))
        else:
            assert row["coverage_80"] is None and row["scaled_pinball"] is None


def leaning(errors: list[float], mean: float) -> dict:
    rows = [{"cutoff_date": day(7 * k + 7), "mean_units": mean, "actual_units": mean - e} for k, e in enumerate(errors)]
    return scoring.of_series(history(rows)).row(0, named=True)


def test_a_forecast_that_errs_to_one_side_time_after_time_is_biased():
    assert leaning([3.0] * 13, 10.0)["is_biased"]
    assert not leaning([3.0, -3.0] * 6, 10.0)["is_biased"]
    assert not leaning([3.0] * 7, 10.0)["is_biased"], "seven weeks are too few to tell"
    assert not leaning([0.1] * 13, 0.1)["is_biased"], "a product of 0.1 a week may well sell nothing in 13"


def test_few_unbiased_forecasts_are_called_biased():
    rng = np.random.default_rng(0)
    mean = rng.gamma(2, 4, (4000, 1)) * np.ones((1, 13))
    actual = rng.poisson(mean).astype(float)
    signal = accuracy.tracking_signal(mean, actual)
    assert (np.abs(signal) > accuracy.tracking_bound(np.full(4000, 13))).mean() < 0.015
    assert (np.abs(accuracy.tracking_signal(1.8 * mean[:1000] + 3, actual[:1000])) > 11.6).mean() > 0.5


def test_the_bound_of_thirteen_weeks_is_the_docstrings():
    assert accuracy.tracking_bound(np.array([13.0]))[0] == pytest.approx(11.64, abs=0.005)


def test_an_override_that_made_things_worse_has_not_paid_and_says_so():
    rows = [
        {"cutoff_date": day(7 * k), "statistical_units": 10.0, "mean_units": said, "actual_units": came, "entry_ids": ids}
        for k, (said, came, ids) in enumerate(
            [(16.0, 15.0, "E1"), (16.0, 14.0, "E1 E2"), (30.0, 10.0, "E2"), (20.0, 20.0, "E4"), (0.0, None, "E3")], 1
        )
    ]
    entries = pl.DataFrame(
        {"entry_id": ["E1", "E2", "E3", "E4"], "sku": "A", "kind": "override", "author": ["ana", "bo", "cy", "di"]}
    )
    found = {row["entry_id"]: row for row in scoring.of_entries(history(rows), entries).iter_rows(named=True)}
    assert (found["E1"]["statistical_error_units"], found["E1"]["error_units"], found["E1"]["verdict"]) == (9.0, 3.0, "paid")
    assert found["E1"]["value_added"] == pytest.approx(6 / 9)
    assert (found["E2"]["value_added_units"], found["E2"]["verdict"]) == (4.0 - 22.0, "has not paid")
    assert found["E3"]["weeks"] == 0 and found["E3"]["verdict"] == found["E4"]["verdict"] == "too early"


def test_nothing_to_score_is_no_error():
    nothing = history([{"cutoff_date": CUTOFF}]).with_columns(actual_units=pl.lit(None, pl.Float64))
    assert scoring.scores(nothing, frame(WEEKLY), pl.DataFrame({"sku": [], "category": []})).is_empty()
    assert scoring.of_series(nothing).is_empty()
