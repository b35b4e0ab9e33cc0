"""What people's files hold in place of numbers, dates and flags: read where it can be meant, and said where it can't."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from models.forecast.attributes import as_before, attributes, strangers
from models.forecast.panel import read_panel
from models.forecast.problem import Problem

WEEKS = [f"2026-01-{day:02}" for day in (5, 12, 19, 26)]


def panel(**columns: list[object]):
    return read_panel(pl.DataFrame({"unique_id": ["a"] * 4, "ds": WEEKS, "y": [1, 2, 0, 4]} | columns), "W-MON")


def test_numbers_in_text_are_read_and_others_are_unknown_and_named():
    found = panel(y=["1", "3.5 ", "n/a", ""])
    assert np.array_equal(found.y[0], [1, 3.5, np.nan, np.nan], equal_nan=True)
    assert [note.sentence for note in found.notes] == ["1 rows whose y is no number count as blank (the first is row 3: 'n/a')."]


def test_a_date_that_is_none_costs_its_row_alone():
    found = panel(ds=[*WEEKS[:3], "soon"])
    assert found.y.tolist() == [[1, 2, 0]]
    assert found.notes[-1].is_refusal


@pytest.mark.parametrize(
    "words", [["yes", "No", "", "TRUE"], ["ja", "nee", None, "1"], [1, 0, None, 1], [True, False, None, True]]
)
def test_flags_are_words_or_numbers_and_blank_is_in_stock(words: list[object]):
    found = panel(is_in_stock=words)
    assert np.array_equal(found.y[0], [1, np.nan, 0, 4], equal_nan=True)


@pytest.mark.parametrize(("columns", "sentence"), [
    ({"is_in_stock": ["yes", "perhaps", "no", "no"]}, "is_in_stock holds 'perhaps'; write true or false"),
    ({"price": ["€ 9,95"] * 4}, "Column price holds text such as '€ 9,95', not numbers; write them as 12.5"),
    ({"ds": ["soon"] * 4}, "Column ds holds text that is not a date"),
    ({"unique_id": [{"a": 1}] * 4}, "Column unique_id holds Struct"),
])  # fmt: skip
def test_a_column_that_can_not_be_meant_gets_a_sentence(columns: dict[str, list[object]], sentence: str):
    with pytest.raises(Problem, match=sentence):
        panel(**columns)


def test_a_list_of_sales_ends_with_its_newest_period():
    """What sold last long ago is not forecast from there: in a list of what sold, silence is 0."""
    days = [date(2026, 1, 5) + timedelta(days=7 * k) for k in range(6)]
    sold = pl.DataFrame({"unique_id": ["a"] * 6 + ["b"] * 2, "ds": [*days, *days[:2]], "y": [3] * 8}).filter(
        pl.col("ds") != days[4]
    )
    found = read_panel(sold, "W-MON")
    assert found.y.tolist() == [[3, 3, 3, 3, 0, 3], [3, 3, 0, 0, 0, 0]]
    assert found.last.tolist() == [5, 5]


def test_hours_of_a_clock_that_is_set_back_are_two():
    hours = pl.datetime_range(datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 27, tzinfo=UTC), "1h", eager=True)
    local = hours.dt.convert_time_zone("Europe/Amsterdam")
    found = read_panel(pl.DataFrame({"unique_id": "a", "ds": local, "y": 1.0}), "1h")
    assert found.y.shape == (1, len(hours))
    assert found.ahead(1).to_list() == [local[-1] + timedelta(hours=1)]


def test_a_table_that_names_no_series_of_the_history_is_said():
    ids = pl.Series(["a", "b"])
    assert strangers(ids, pl.DataFrame({"unique_id": ["a", "c"]}), "attributes") == []
    (note,) = strangers(ids, pl.DataFrame({"unique_id": [1, 2]}), "planned rows")
    assert note.sentence.startswith("The planned rows name no series of the history")
    (note,) = strangers(ids, pl.DataFrame({"unique_id": ["a", "a"]}), "attributes")
    assert note.sentence == "1 series stand twice in the attributes; their first row counts (a)."


@pytest.mark.parametrize(
    "written",
    [
        ["10/30/2026", "10/31/2026", "11/01/2026"], ["30/10/2026", "31/10/2026", "01/11/2026"], ["30.10.2026", "31.10.2026", "01.11.2026"],
        ["2026-10-30T00:00:00+01:00", "2026-10-31T00:00:00+01:00", "2026-11-01T00:00:00+02:00"], [20261030, 20261031, 20261101],
    ],
)  # fmt: skip
def test_dates_are_read_in_the_one_way_that_reads_them_all(written: list[object]):
    rows = pl.DataFrame({"unique_id": "a", "ds": written, "y": [1.0, 2.0, 3.0]})
    found = read_panel(rows, "D")
    assert found.dates.dt.date().to_list() == [date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1)]
    assert not found.notes


def test_attributes_are_found_by_name_whatever_their_order():
    given = pl.DataFrame({"unique_id": ["a", "b"], "size": ["S", "L"], "colour": ["red", "blue"]})
    turned = as_before(given.select("unique_id", "colour", "size"), ("size", "colour"))
    assert turned is not None and turned.equals(given)
    with pytest.raises(Problem, match="have no column colour, which the kept selection was made with"):
        as_before(given.drop("colour"), ("size", "colour"))
    with pytest.raises(Problem, match=r"Attribute size holds List.*; give one value per series"):
        attributes(pl.Series(["a"]), pl.DataFrame({"unique_id": ["a"], "size": [["S", "L"]]}))
