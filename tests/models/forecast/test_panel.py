"""Reading anyone's history: good frames as they are, bad ones with one sentence, and never at the cost of other series."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from models.forecast.frequency import frequency
from models.forecast.panel import Panel, read_panel
from models.forecast.problem import Problem

MONDAY = date(2026, 1, 5)


def weeks(values: list[Any], unique_id: Any = "a", start: date = MONDAY) -> pl.DataFrame:
    return pl.DataFrame({
        "unique_id": [unique_id] * len(values), "ds": [start + timedelta(weeks=k) for k in range(len(values))], "y": values,
    })  # fmt: skip


def said(panel: Panel) -> str:
    return " ".join(note.sentence for note in panel.notes)


@pytest.mark.parametrize(
    ("name", "every", "season"),
    [("W-MON", "1w", 52), ("W-SUN", "1w", 52), ("MS", "1mo", 12), ("D", "1d", 7), ("1d", "1d", 7), ("1w", "1w", 52), ("1mo", "1mo", 12),
     ("2w", "2w", 26), ("3mo", "3mo", 4), ("1h", "1h", 24), ("1q", "1q", 4), ("7d", "7d", 1)],
)  # fmt: skip
def test_a_frequency_is_translated(name: str, every: str, season: int):
    found = frequency(name)
    assert (found.every, found.season) == (every, season)


@pytest.mark.parametrize("name", ["W-MOO", "weekly", "", "0d", "M", "-1w", "1w2d"])
def test_an_unknown_frequency_gets_a_sentence(name: str):
    with pytest.raises(Problem, match="is not known"):
        frequency(name)


def test_a_plain_history_stands_side_by_side():
    panel = read_panel(pl.concat([weeks([0, 3, 4]), weeks([5, 0], "b", MONDAY + timedelta(weeks=1))]), "W-MON")
    assert panel.ids.to_list() == ["a", "b"]
    assert np.array_equal(panel.y, [[np.nan, 3, 4], [np.nan, 5, 0]], equal_nan=True)
    assert panel.first.tolist() == [1, 1] and panel.last.tolist() == [2, 2]
    assert panel.ahead(2).to_list() == [date(2026, 1, 26), date(2026, 2, 2)] * 2
    assert not panel.notes


def test_gaps_are_unknown_where_zeros_are_written_and_zero_where_they_are_not():
    with_zero = pl.concat([weeks([5, 0, 2]), weeks([1], start=MONDAY + timedelta(weeks=4))])
    panel = read_panel(with_zero, "W-MON")
    assert np.isnan(panel.y[0, 3]) and "taken as unknown" in said(panel)
    panel = read_panel(with_zero.filter(pl.col("y") > 0), "W-MON")
    assert panel.y[0].tolist() == [5, 0, 2, 0, 1] and "taken as 0" in said(panel)


def test_out_of_stock_is_unknown_not_zero():
    panel = read_panel(weeks([5, 0, 0, 4]).with_columns(is_in_stock=pl.Series([True, False, True, True])), "W-MON")
    assert np.array_equal(panel.y, [[5, np.nan, 0, 4]], equal_nan=True)


def test_what_is_said_to_have_been_on_sale_counts_before_the_first_demand():
    rows = pl.concat([weeks([0, 0, 0, 4]), weeks([0, 0, 0, 0], "b")])
    unsaid = read_panel(rows, "W-MON")
    assert np.array_equal(unsaid.y[0], [np.nan, np.nan, np.nan, 4], equal_nan=True)
    said_so = read_panel(rows.with_columns(is_in_stock=pl.Series([False, True, False, True] * 2)), "W-MON")
    assert np.array_equal(said_so.y[0], [np.nan, 0, np.nan, 4], equal_nan=True)
    assert (said_so.first.tolist(), unsaid.first.tolist()) == ([1, 4], [3, 4]), "without any demand a series begins nowhere"


def test_missing_and_infinite_demand_is_unknown_and_negative_is_zero():
    panel = read_panel(weeks([5.0, None, float("inf"), float("nan"), -3.0]), "W-MON")
    assert np.array_equal(panel.y, [[5, np.nan, np.nan, np.nan, 0]], equal_nan=True)
    assert "1 rows with demand below 0 were taken as 0 (the first: a, 2026-02-02: -3)." in said(panel)


def test_contradicting_rows_refuse_their_series_alone():
    twice = pl.concat([weeks([5, 6]), weeks([7]), weeks([1, 2], "b"), weeks([1], "b")])
    panel = read_panel(twice, "W-MON")
    assert panel.ids.to_list() == ["b"]
    assert "two different rows for one ds" in said(panel) and "(a)" in said(panel) and "exactly were counted once" in said(panel)
    assert [note.is_refusal for note in panel.notes] == [False, True]


def test_dates_between_periods_refuse_their_series_alone():
    panel = read_panel(pl.concat([weeks([5, 6]), weeks([5, 6], "b", MONDAY + timedelta(days=2))]), "W-MON")
    assert panel.ids.to_list() == ["a"] and "have dates that are no period of --freq W-MON, such as 2026-01-07 (b)" in said(panel)


def test_weeks_without_an_anchor_take_the_day_that_most_rows_lie_on():
    panel = read_panel(pl.concat([weeks([5, 6, 7], "b", MONDAY + timedelta(days=2)), weeks([5, 6])]), "1w")
    assert panel.ids.to_list() == ["b"]


def test_a_wrong_frequency_is_told():
    months = pl.DataFrame({"unique_id": "a", "ds": [date(2026, m, 2) for m in range(1, 10)], "y": 1})
    with pytest.raises(Problem, match=r"No ds lies on a period of --freq MS; the first is 2026-01-02 \(Fri\)"):
        read_panel(months, "MS")
    with pytest.raises(Problem, match="The dates lie 7 periods of --freq D apart"):
        read_panel(weeks([1] * 20), "D")


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (pl.DataFrame({"id": ["a"], "ds": [MONDAY]}), "no column unique_id, y"),
        (weeks([]), "no rows"),
        (weeks([1]).with_columns(y=pl.lit("x")), "not numbers"),
        (weeks([1]).with_columns(ds=pl.lit("soon")), "not a date"),
        (weeks([1]).with_columns(ds=pl.lit(5)), "not dates"),
        (weeks([1]).with_columns(unique_id=pl.lit(None, pl.String)), "lacks unique_id or ds"),
        (weeks([1], start=date(2027, 1, 4)), "lies after 2026-11-24"),
        (pl.concat([weeks([1]), weeks([2])]), "No series can be used"),
    ],
)
def test_what_cannot_be_used_gets_one_sentence(frame: pl.DataFrame, sentence: str):
    with pytest.raises(Problem, match=sentence) as told:
        read_panel(frame, "W-MON", until=date(2026, 11, 24))
    assert "\n" not in str(told.value)


def test_rows_in_the_future_are_left_out():
    panel = read_panel(pl.concat([weeks([5, 6]), weeks([9], start=date(2226, 1, 6))]), "W-MON", until=date(2026, 11, 24))
    assert panel.y.tolist() == [[5, 6]] and "1 rows after 2026-11-24 were left out" in said(panel)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "UTC"])
def test_time_zones_keep_their_local_days(zone: str):
    local = weeks([5, 6, 7]).with_columns(pl.col("ds").cast(pl.Datetime("ms")).dt.replace_time_zone(zone))
    panel = read_panel(local, "W-MON")
    assert panel.y.tolist() == [[5, 6, 7]]
    assert panel.ahead(1).to_list() == [datetime(2026, 1, 26, tzinfo=panel.ahead(1).to_list()[0].tzinfo)]
    assert panel.ahead(1).dtype == pl.Datetime("ms", zone)


def test_ids_may_be_numbers_and_dates_text():
    frame = pl.concat([weeks([5, 6], 7), weeks([1, 2], 12)]).with_columns(pl.col("ds").cast(pl.String))
    panel = read_panel(frame, "W-MON", pl.DataFrame({"unique_id": [12, 7], "shop": ["x", None], "size": [1.5, 2.5]}))
    assert panel.ids.to_list() == [7, 12] and panel.ids.dtype == pl.Int64
    assert panel.ahead(1).to_list() == [date(2026, 1, 19)] * 2
    shop, size = panel.attributes
    assert shop.kind == ("category", ("x",)) and np.array_equal(shop.values, [np.nan, 0], equal_nan=True)
    assert shop.codes.tolist() == [1, 0] and size.kind[0] == "category"


def test_codes_of_attributes_keep_their_meaning():
    both = read_panel(pl.concat([weeks([5]), weeks([5], "b")]), "W-MON", pl.DataFrame({"unique_id": ["a", "b"], "c": ["x", "y"]}))
    one = read_panel(weeks([5], "b"), "W-MON", pl.DataFrame({"unique_id": ["b"], "c": ["y"]}), kinds=(both.attributes[0].kind,))
    assert one.attributes[0].values[0] == both.attributes[0].values[1]


@pytest.mark.parametrize(
    ("freq", "step"), [("W-MON", "1w"), ("MS", "1mo"), ("D", "1d"), ("2w", "2w"), ("1h", "1h"), ("1q", "1q")]
)
def test_the_phase_moves_with_the_calendars_first_period(freq: str, step: str):
    dates = pl.datetime_range(datetime(2018, 1, 1), datetime(2021, 1, 1), step, eager=True)
    whole = pl.DataFrame({"unique_id": "a", "ds": dates[-300:], "y": 1})
    assert read_panel(whole[5:], freq).phase == read_panel(whole, freq).phase + 5


def test_the_past_of_a_panel_holds_nothing_later():
    panel = read_panel(pl.concat([weeks([5, 6, 7, 8]), weeks([0, 0, 0, 8], "b")]), "W-MON").until(1)
    assert np.array_equal(panel.y, [[5, 6, 7, np.nan], [np.nan] * 4], equal_nan=True)
    assert panel.last.tolist() == [2, 2] and panel.first.tolist() == [0, 4]


def test_attributes_with_too_many_texts_are_left_out_and_a_refresh_knows_them_again():
    ids = [f"{i:03}" for i in range(150)]
    history = pl.concat([weeks([5, 6], i) for i in ids])
    statics = pl.DataFrame({"unique_id": ids, "name": ids, "size": range(150), "shop": ["x", "y"] * 75})
    panel = read_panel(history, "W-MON", statics)
    assert [attribute.kind[0] for attribute in panel.attributes] == ["text", "number", "category"]
    again = read_panel(history, "W-MON", statics, kinds=tuple(a.kind for a in panel.attributes))
    assert np.array_equal(again.attributes[2].values, panel.attributes[2].values)
    with pytest.raises(Problem, match="made with 3 attributes; give them again"):
        read_panel(history, "W-MON", kinds=tuple(a.kind for a in panel.attributes))


def test_a_return_is_no_sign_that_zeros_are_written():
    sold = pl.DataFrame(
        {"unique_id": "a", "ds": [MONDAY, MONDAY + timedelta(weeks=3), MONDAY + timedelta(weeks=5)], "y": [4.0, 2.0, 3.0]}
    )
    returned = sold.vstack(pl.DataFrame({"unique_id": "b", "ds": [MONDAY], "y": [-2.0]}))
    assert read_panel(returned, "W-MON").y[0].tolist() == read_panel(sold, "W-MON").y[0].tolist() == [4, 0, 0, 2, 0, 3]


def test_a_period_that_is_not_over_is_left_out_and_of_weeks_only_said():
    months = pl.DataFrame(
        {"unique_id": "a", "ds": [date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)], "y": [300.0, 310.0, 9.0]}
    )
    panel = read_panel(months, "MS", until=date(2026, 12, 1))
    assert panel.y.tolist() == [[300, 310]] and "1 rows of the period from 2026-12-01 were left out: it isn't over yet." in said(
        panel
    )
    started = read_panel(weeks([5, 6, 1]), "W-MON", until=MONDAY + timedelta(days=15))
    assert started.y.tolist() == [[5, 6, 1]]
    assert said(started) == "If 2026-01-19 is the first day of its period, that isn't over yet: leave its rows out."
    assert not read_panel(weeks([5, 6, 1]), "W-MON", until=MONDAY + timedelta(days=21)).notes


def test_rows_and_series_too_old_to_be_looked_at_are_said():
    old = weeks([3.0] * 4, "old", MONDAY - timedelta(weeks=52 * 8))
    panel = read_panel(weeks([1.0] * 30).vstack(old), "W-MON")
    assert panel.ids.to_list() == ["a"]
    assert "4 rows before " in said(panel) and "1 series have no row since " in said(panel) and panel.notes[-1].is_refusal


def test_month_ends_are_refused_as_months_do_not_share_a_day():
    ends = pl.DataFrame({"unique_id": "a", "ds": [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)], "y": [1.0, 2.0, 3.0]})
    with pytest.raises(Problem, match="name each period by its first day"):
        read_panel(ends, "1mo")


def test_a_series_of_which_nothing_is_known_is_said():
    panel = read_panel(weeks([1.0, 2.0]).vstack(weeks([None, None], "b").with_columns(pl.col("y").cast(pl.Float64))), "W-MON")
    assert "1 series have no period with known demand (b): their forecasts of 0 say nothing." in said(panel)
