"""What one cell means: numbers, money, times, words; and what is said of one that means nothing. Not here: orders as a whole."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.channels.fields import Reading, convert
from pipelines.contracts import table
from tests.channels.conftest import COLUMNS, Parse, problems
from tests.channels.test_bad_files import parquet

ORDERS, LINES = table("orders").columns, table("order_lines").columns
HEAD = "order,sku,qty,price,at\n"


def read(value: Any, column: str = "unit_price_amount", zone: str = "Europe/Amsterdam", **reading: Any) -> Any:
    frame = pl.DataFrame({"raw": [value]}) if not isinstance(value, pl.Series) else value.to_frame("raw")
    target = LINES[column] if column in LINES else ORDERS[column]
    return frame.select(convert(pl.col("raw"), frame.schema["raw"], target, Reading(zone, **reading))).item()


AMOUNTS = {
    "3.50": "3.5", " 3.50 ": "3.5", "-3": "-3", "+3": "3", ".5": "0.5", "5.": "5", "1,234.5": "1234.5", "1,234,567": "1234567",
    "1e2": "100", "0.00005": "0.0000", "0.00015": "0.0002", "99999999999999.9999": "99999999999999.9999", "12345678901234.5678": "12345678901234.5678",
    "1,23": None, "12,34.5": None, "1.234,5": None, "€3": None, "1e30": None, "NaN": None, "inf": None, "": None, "3.5.1": None, "0x10": None, "--3": None,
    "١٢": None,
}  # fmt: skip


@pytest.mark.parametrize("written", AMOUNTS)
def test_amounts_as_text(written: str) -> None:
    expected = AMOUNTS[written]
    assert read(written) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("written", "expected"), [("3,50", "3.5"), ("1.234,56", "1234.56"), ("1.234", "1234"), ("3.50", None), ("1,234,5", None)]
)
def test_amounts_with_a_decimal_comma(written: str, expected: str | None) -> None:
    assert read(written, decimal_comma=True) == (None if expected is None else Decimal(expected))


@given(st.decimals(-(10**13), 10**13, places=4, allow_nan=False))
def test_money_as_text_is_exact(amount: Decimal) -> None:
    assert read(f"{amount:f}") == amount


@given(st.floats(-1e9, 1e9))
def test_money_as_a_float_is_rounded_once(amount: float) -> None:
    """The shortest text of a double, rounded to four places (ties, which binary can't hold, to either side)."""
    assert abs(read(amount) - Decimal(repr(amount))) <= Decimal("0.00005000001")
    assert read(round(amount, 4)) == Decimal(repr(round(amount, 4))).quantize(Decimal("0.0001"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [("2", 2), ("2.0", 2), (2.0, 2), ("-1", -1), ("2.5", None), (float("nan"), None), (float("inf"), None), (2**60, None), ("1e3", 1000),
     (True, None), (datetime(2026, 1, 1), None), (pl.Series([7], dtype=pl.Int8), 7), (pl.Series([7], dtype=pl.UInt64), 7)],
)  # fmt: skip
def test_units(value: Any, expected: int | None) -> None:
    assert read(value, "ordered_units") == expected


@pytest.mark.parametrize(
    "value",
    [
        1e30,
        float("nan"),
        -1e15,
        99999999999999.99999,
        "-999999999999999",
        "9" * 40,
        True,
        datetime(2026, 1, 1),
        pl.Series([10**17]),
    ],
)
def test_amounts_that_no_ledger_holds(value: Any) -> None:
    assert read(value) is None


@pytest.mark.parametrize(
    ("value", "expected"), [("YES", True), (" ja ", True), ("0", False), ("", False), ("maybe", None), (1, True), (False, False)]
)
def test_yes_or_no(value: Any, expected: bool | None) -> None:
    assert read(value, "is_gift") is expected


@pytest.mark.parametrize(
    ("value", "expected"), [(17850.0, "17850"), (1.5, "1.5"), ("  x ", "x"), (" ", None), (12, "12"), (True, "true")]
)
def test_text(value: Any, expected: str | None) -> None:
    assert read(value, "sku") == expected


TIMES = {
    "2026-01-05T10:00:00Z": (2026, 1, 5, 10), "2026-01-05T10:00:00+02:00": (2026, 1, 5, 8), "2026-01-05 10:00:00 UTC": (2026, 1, 5, 10),
    "2026-01-05 10:00:00.5": (2026, 1, 5, 9, 0, 0, 500_000), "2026-01-05 10:00": (2026, 1, 5, 9), "2026-01-05": (2026, 1, 4, 23),
    "2026-07-05": (2026, 7, 4, 22),
    "2026-03-29 02:30": (2026, 3, 29, 1, 30),   # clocks jumped from 2 to 3: an hour on
    "2026-10-25 02:30": (2026, 10, 25, 0, 30),  # 2 to 3 came twice: the first
    "2026-13-01": None, "05/01/2026": None, "0026-01-05": None, "+20260-01-05": None, "1767600000": None, "soon": None,
}  # fmt: skip


@pytest.mark.parametrize("written", TIMES)
def test_times(written: str) -> None:
    parts = TIMES[written]
    assert read(written, "ordered_at") == (datetime(*parts, tzinfo=UTC) if parts else None)


@pytest.mark.parametrize(
    ("written", "form", "expected"),
    [
        ("05/01/2026 10:00", "%d/%m/%Y %H:%M", 9),
        ("2026-01-05 10:00 +0300", "%Y-%m-%d %H:%M %z", 7),
        ("31/02/2026", "%d/%m/%Y", None),
    ],
)
def test_times_in_a_stated_format(written: str, form: str, expected: int | None) -> None:
    found = read(written, "ordered_at", datetime_format=form)
    assert (found and found.hour) == expected


def test_times_that_a_file_holds_as_times() -> None:
    naive = pl.Series([datetime(2026, 1, 5, 10)], dtype=pl.Datetime("ms"))
    assert read(naive, "ordered_at").hour == 9
    assert read(naive.dt.replace_time_zone("Asia/Tokyo"), "ordered_at").hour == 1
    assert read(pl.Series([datetime(2026, 1, 5).date()]), "ordered_at").hour == 23
    noise = pl.Series([2**62, -(2**62), 2**52], dtype=pl.Int64)
    for dtype in (pl.Datetime("us"), pl.Datetime("ns", "UTC"), pl.Datetime("ms", "Europe/Paris")):
        assert read(noise.cast(dtype)[:1], "ordered_at") is None or dtype.time_unit == "ns"
    assert read(pl.Series([2**31 - 1], dtype=pl.Int32).cast(pl.Date), "ordered_at") is None


BAD_CELLS = {
    "qty": ("two", "qty can't be read as a whole number"),
    "price": ("3.5x", "price can't be read as an amount"),
    "at": ("yesterday", "at can't be read as a time"),
    "sku": ("", ""),
    "order": (" ", "order is blank"),
    "gift": ("perhaps", "gift can't be read as yes or no"),
    "kind": ("refund", "kind can't be read as one of sale, credit, adjustment"),
    "money": ("eur", "money can't be read as a three-letter currency code"),
}
ALL = COLUMNS + '\nis_gift = "gift"\norder_kind = "kind"\ncurrency_code = "money"\ncustomer_key = "email"'
GOOD = {
    "order": "1",
    "sku": "A",
    "qty": "2",
    "price": "3.50",
    "at": "2026-01-05",
    "gift": "no",
    "kind": "sale",
    "money": "EUR",
    "email": "a@b.nl",
}


@pytest.mark.parametrize("column", BAD_CELLS)
def test_a_cell_that_means_nothing_is_set_aside_with_its_reason(parse: Parse, column: str) -> None:
    value, reason = BAD_CELLS[column]
    rows = [GOOD, GOOD | {column: value}, GOOD | {"order": "2"}]
    content = ",".join(GOOD) + "\n" + "".join(",".join(row.values()) + "\n" for row in rows)
    parsed = parse(content, columns=ALL)
    assert problems(parsed) == ([(2, column, value, reason)] if reason else [])
    assert parsed.frames["orders"].sort("order_id")["is_incomplete"].to_list() == [bool(reason) and column != "order", False]
    assert parsed.quarantine["document"].to_list() == ([None if column == "order" else "1"] if reason else [])


def test_a_customer_is_a_pseudonym_and_never_shown(parse: Parse) -> None:
    columns = ALL.replace('"gift"', '"email"')
    content = ",".join(GOOD) + "\n" + ",".join(GOOD.values()) + "\n" + ",".join(GOOD.values()) + "\n"
    assert problems(parse(content, columns=columns)) == [
        (n, "email", "(masked)", "email can't be read as yes or no") for n in (1, 2)
    ]
    key = parse(content, columns=ALL).frames["orders"]["customer_key"].item()
    assert len(key) == 24
    assert "a@b" not in key


def test_a_long_value_is_cut(parse: Parse) -> None:
    parsed = parse(HEAD + f"1,A,{'9' * 5000}x,1,2026-01-05\n2,{'S' * 200_000},1,1,2026-01-05\n")
    assert len(parsed.quarantine["value"].item()) == 80
    assert parsed.frames["order_lines"]["sku"].str.len_chars().to_list() == [200_000]


def test_parquet_types(parse: Parse) -> None:
    frame = pl.DataFrame(
        {"order": [1, 1], "sku": ["A", "B"], "qty": [1, 2], "price": [0.1, 0.285], "at": ["2026-01-05"] * 2}
    ).with_columns(
        pl.col("sku").cast(pl.Categorical),
        pl.col("qty").cast(pl.Int8),
        pl.col("at").str.to_date(),
        pl.col("order").cast(pl.Float64),
    )
    lines = parse(parquet(frame), "o.parquet").frames["order_lines"]
    assert lines.select("order_id", "sku", "net_amount").rows() == [("1", "A", Decimal("0.1")), ("1", "B", Decimal("0.57"))]


def test_amounts_too_large_together(parse: Parse) -> None:
    parsed = parse(HEAD + "1,A,99999999,99999999,2026-01-05\n1,B,1,1,2026-01-05\n2,A,1,1,2026-01-05\n")
    assert [row[3] for row in problems(parsed)] == ["the order's amounts are too large to be meant"] * 2
    assert parsed.frames["orders"]["order_id"].to_list() == ["2"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=12))
def test_no_text_breaks_a_conversion(written: str) -> None:
    for column in ("unit_price_amount", "ordered_units", "ordered_at", "business_date", "is_gift", "currency_code"):
        read(written, column)
