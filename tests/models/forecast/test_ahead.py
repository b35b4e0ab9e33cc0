"""What is known before it comes: public holidays by country, plans, and whether a model learns from them."""

import re
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from models.forecast.ahead import read_ahead
from models.forecast.engine import forecast_series
from models.forecast.panel import read_panel
from models.forecast.problem import Note, Problem

RNG = np.random.default_rng(5)


def weeks(y: np.ndarray, start: date, **extra: np.ndarray) -> pl.DataFrame:
    n, periods = y.shape
    dates = [start + timedelta(days=7 * t) for t in range(periods)]
    rows = {"unique_id": np.repeat(np.arange(n), periods), "ds": dates * n, "y": y.ravel()}
    return pl.DataFrame(rows | {name: values.ravel() for name, values in extra.items()})


def countries(*codes: str | None) -> pl.DataFrame:
    return pl.DataFrame({"unique_id": range(len(codes)), "country_code": codes}, schema_overrides={"country_code": pl.String})


def test_public_holidays_of_each_country_are_counted_per_week():
    panel = read_panel(weeks(np.ones((3, 12)), date(2026, 1, 5)), "W-MON", countries("DE", "US", None))
    ahead = read_ahead(panel, 3, None, [])
    three = np.arange(3)
    good_friday, easter_monday, new_year = (panel.dates.search_sorted(datetime(2026, 3, 30)), 13, 0)
    assert good_friday == len(panel.dates)  # the first week that is not in the history
    assert ahead.holidays_in(three, np.full(3, good_friday)).tolist() == pytest.approx([1, 0, np.nan], nan_ok=True)
    assert ahead.holidays_in(three, np.full(3, easter_monday)).tolist() == pytest.approx([1, 0, np.nan], nan_ok=True)
    assert ahead.holidays_in(three[:2], np.full(2, new_year + 2)).tolist() == [0, 1]  # Martin Luther King's day, 19 January
    assert np.isnan(ahead.holidays_in(three, np.full(3, -1))).all()


@pytest.mark.parametrize(
    ("freq", "step", "christmas"), [("D", timedelta(days=1), [1, 1, 0]), ("1h", timedelta(hours=1), [1, 1, 1])]
)
def test_days_and_hours_are_holidays_or_not(freq: str, step: timedelta, christmas: list[int]):
    start = datetime(2025, 12, 25) - 30 * step
    rows = pl.DataFrame({"unique_id": 0, "ds": [start + k * step for k in range(30)], "y": 1.0})
    panel = read_panel(rows, freq, countries("DE"))
    ahead = read_ahead(panel, 3, None, [])
    assert ahead.holidays_in(np.zeros(3, dtype=np.int64), np.arange(30, 33)).tolist() == christmas


def test_a_country_that_nobody_knows_is_said():
    notes: list[Note] = []
    panel = read_panel(weeks(np.ones((1, 5)), date(2026, 1, 5)), "W-MON", countries("XX"))
    assert np.isnan(read_ahead(panel, 2, None, notes).holidays).all()
    assert "country_code XX" in notes[0].sentence


def test_plans_follow_what_was_in_force():
    promoted = np.array([[0.0, 1.0, 0.0, 0.0]])
    panel = read_panel(weeks(np.ones((1, 4)), date(2026, 1, 5), promotion=promoted), "W-MON")
    planned = pl.DataFrame(
        {"unique_id": [0, 0, 7], "ds": [date(2026, 2, 9), date(2026, 1, 12), date(2026, 2, 2)], "promotion": [0.5, 0.0, 1.0]}
    )
    ahead = read_ahead(panel, 3, planned, [])
    assert ahead.planned["promotion"][0].tolist() == pytest.approx([0, 1, 0, 0, 0, 0.5, 0])
    with pytest.raises(Problem, match="price or promotion"):
        read_ahead(panel, 3, planned.drop("promotion"), [])


def test_a_planned_promotion_lifts_the_forecast_as_earlier_ones_lifted_demand():
    n, periods = 20, 90
    promoted = (RNG.random((n, periods)) < 0.15).astype(float)
    y = RNG.poisson(20 * (1 + 2 * promoted)).astype(float)
    history = weeks(y, date(2024, 1, 1), promotion=promoted)
    ahead = pl.DataFrame(
        {"unique_id": range(n), "ds": date(2024, 1, 1) + timedelta(days=7 * periods), "promotion": [1.0, 0.0] * (n // 2)}
    )
    made = forecast_series(history, "W-MON", 1, planned=ahead).table["mean"].to_numpy()
    assert made[0::2].mean() > 1.7 * made[1::2].mean()


def test_where_no_price_is_planned_the_usual_one_counts():
    """A sale of one week ends; a new price of eight weeks stays. A refresh without a plan is told the same as a selection with one."""
    price = np.full((2, 20), 10.0)
    price[0, -1], price[1, -8:] = 7.0, 8.0
    panel = read_panel(weeks(np.ones((2, 20)), date(2026, 1, 5), price=price), "W-MON")
    planned = pl.DataFrame({"unique_id": [0], "ds": [date(2026, 6, 1)], "price": [5.0]})
    assert read_ahead(panel, 3, planned, []).planned["price"][:, 20:].tolist() == [[10, 5, 10], [8, 8, 8]]
    assert read_ahead(panel, 3, None, [], ("price",)).planned["price"][:, 20:].tolist() == [[10] * 3, [8] * 3]
    assert read_ahead(panel, 3, None, []).planned == {}
    assert np.array_equal(read_ahead(panel, 3, None, [], as_planned=True).planned["price"][:, :20], price)


def test_what_is_planned_counts_from_each_series_own_end():
    history = weeks(np.ones((2, 8)), date(2026, 1, 5), promotion=np.zeros((2, 8)))
    panel = read_panel(history.filter((pl.col("unique_id") == 0) | (pl.col("ds") < date(2026, 2, 9))), "W-MON")
    planned = pl.DataFrame({"unique_id": [1, 1], "ds": [date(2026, 2, 9), date(2026, 2, 2)], "promotion": [1.0, 1.0]})
    notes: list[Note] = []
    assert read_ahead(panel, 2, planned, notes).planned["promotion"][1].tolist() == [0] * 5 + [1] + [0] * 4
    said = "1 planned rows are of no period that is forecast and were left out (the first: 1, 2026-02-02)."
    assert [note.sentence for note in notes] == [said]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ({"unique_id": [9], "ds": [date(2026, 2, 2)], "price": [1.0]}, "1 planned rows are of no series of the history"),
        (
            {"unique_id": [0], "ds": [date(2026, 2, 3)], "price": [1.0]},
            "1 planned rows are of no period that is forecast and were left out",
        ),
        ({"unique_id": [0, 0], "ds": [date(2026, 2, 2)] * 2, "price": [1.0, 2.0]}, "1 planned periods stand twice"),
    ],
)
def test_planned_rows_that_cannot_be_used_are_said(rows: dict[str, list[object]], sentence: str):
    panel = read_panel(weeks(np.ones((1, 4)), date(2026, 1, 5)), "W-MON")
    notes: list[Note] = []
    read_ahead(panel, 2, pl.DataFrame(rows), notes)
    assert len(notes) == 1 and re.search(sentence, notes[0].sentence)


def test_a_plan_in_text_gets_a_sentence():
    panel = read_panel(weeks(np.ones((1, 4)), date(2026, 1, 5)), "W-MON")
    planned = pl.DataFrame({"unique_id": [0], "ds": [date(2026, 2, 2)], "price": ["9,99"]})
    with pytest.raises(Problem, match="Column price holds text such as '9,99', not numbers; write points for decimal commas"):
        read_ahead(panel, 2, planned, [])
