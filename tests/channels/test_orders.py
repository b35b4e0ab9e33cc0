"""Rows → orders: what is stated once, versions within a file, discounts, cancellations. Not here: single cells, several files."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.channels.conftest import COLUMNS, Parse, configure, parse_file, problems

HEAD = "order,sku,qty,price,at\n"
DISCOUNT = COLUMNS + '\norder_discount_amount = "off"\nis_gift_card = { sql = "sku = \'GIFT\'" }'


def rows(parsed: Any, *columns: str, table: str = "order_lines") -> list[tuple[Any, ...]]:
    return parsed.frames[table].select(columns).rows()


def test_an_order_states_its_own_columns_once(parse: Parse) -> None:
    columns = COLUMNS + '\nstated_total_amount = "total"\norder_shipping_amount = "post"\ncustomer_key = "who"'
    content = "order,sku,qty,price,at,total,post,who\n1,A,2,3.50,2026-01-05,12,1,x\n1,B,1,4,,,,\n2,A,1,1,2026-01-06,5,,\n"
    parsed = parse(content, columns=columns)
    assert rows(parsed, "order_id", "total_amount", "is_balanced", table="orders") == [("1", 12, True), ("2", 1, False)]
    assert rows(parsed, "sku", "line_at") == [
        (sku, parsed.frames["orders"]["ordered_at"][n]) for sku, n in (("A", 0), ("B", 0), ("A", 1))
    ]


def test_a_malformed_first_line_still_speaks_for_its_order(parse: Parse) -> None:
    parsed = parse(HEAD + "1,A,two,3.50,2026-01-05\n1,B,1,4,\n")
    assert rows(parsed, "sku", "line_number") == [("B", 1)]
    assert parsed.frames["orders"]["is_incomplete"].to_list() == [True]


def test_an_order_without_any_readable_time_is_set_aside_whole(parse: Parse) -> None:
    parsed = parse(HEAD + "1,A,1,3.50,never\n1,B,1,4,\n2,A,1,1,2026-01-05\n")
    assert [(row, reason) for row, _, _, reason in problems(parsed)] == [
        (1, "at can't be read as a time"), (2, "no row of the order has a readable ordered_at"),
    ]  # fmt: skip
    assert rows(parsed, "order_id", table="orders") == [("2",)]


def test_fill_down(parse: Parse) -> None:
    parsed = parse(HEAD + '1,A,1,1,2026-01-05\n"",B,1,1,""\n2,C,1,1,2026-01-05\n', options='fill_down = ["order"]')
    assert rows(parsed, "order_id", "sku") == [("1", "A"), ("1", "B"), ("2", "C")]


def test_a_blank_amount_is_set_aside_not_null(parse: Parse) -> None:
    parsed = parse(HEAD + "1,A,2,,2026-01-05\n1,B,2,5,2026-01-05\n", columns=COLUMNS.replace("unit_price", "gross"))
    assert problems(parsed) == [(1, "price", None, "price is blank")]
    assert rows(parsed, "gross_amount", "unit_price_amount") == [(5, Decimal("2.5"))]


def test_a_line_takes_the_orders_time_where_its_own_is_blank(parse: Parse) -> None:
    parsed = parse("order,sku,qty,price,at,line\n1,A,1,1,2026-01-05,\n", columns=COLUMNS + '\nline_at = "line"')
    assert rows(parsed, "line_at") == rows(parsed, "ordered_at", table="orders")


def test_identical_lines_stay(parse: Parse) -> None:
    parsed = parse(HEAD + "1,A,1,1,2026-01-05\n" * 3)
    assert rows(parsed, "line_number") == [(1,), (2,), (3,)]


VERSIONED = 'version = { column = "v" }'


@pytest.mark.parametrize(
    ("options", "old", "new"),
    [(VERSIONED, "2026-01-05 10:00", "2026-01-05T10:00:01+01:00"), ('version = { column = "v", kind = "number" }', "9", "10"),
     ('version = { column = "v", kind = "number" }', "1767600000000000001", "1767600000000000002"), ('version = { column = "v", kind = "text" }', "a", "b")],
)  # fmt: skip
def test_the_newer_of_two_versions_in_a_file_stays(parse: Parse, options: str, old: str, new: str) -> None:
    line = "1,{},1,1,2026-01-05,{}\n"
    content = (
        HEAD.replace("at", "at,v") + line.format("N", new) + line.format("A", old) + line.format("B", old) + line.format("M", new)
    )
    parsed = parse(content, options=options)
    assert rows(parsed, "sku", "line_number") == [("N", 1), ("M", 2)]
    assert parsed.superseded_rows == 2


def test_a_version_on_the_first_line_only_holds_for_the_order(parse: Parse) -> None:
    content = HEAD.replace("at", "at,v") + "1,A,1,1,2026-01-05,2026-01-06\n1,B,1,1,,\n1,C,1,1,2026-01-05,2026-01-07\n1,D,1,1,,\n"
    parsed = parse(content, options=VERSIONED)
    assert rows(parsed, "sku") == [("C",), ("D",)]
    assert parsed.superseded_rows == 2


def test_a_version_that_cant_be_read_is_a_bad_row(parse: Parse) -> None:
    content = HEAD.replace("at", "at,v") + "1,A,1,1,2026-01-05,late\n1,B,1,1,2026-01-05,2026-01-06\n"
    parsed = parse(content, options=VERSIONED)
    assert problems(parsed) == [(1, "v", "late", "v can't be read as a time")]
    assert parsed.frames["orders"]["is_incomplete"].to_list() == [True]


def test_a_version_column_named_like_a_field(parse: Parse) -> None:
    parsed = parse(HEAD + "1,A,1,1,2026-01-05\n1,B,1,1,2026-01-06\n", options='version = { column = "at" }')
    assert rows(parsed, "sku", "source_version") == [("B", "2026-01-05T23:00:00.000000")]


def test_columns_of_the_file_never_leak_into_fields(parse: Parse) -> None:
    """`paid_at`, `customer_key` and `description` are columns of the file that no field is mapped to."""
    content = "order,customer_key,paid_at,price,description\n1,A,1,1,2026-01-05\n"
    columns = COLUMNS.replace('"sku"', '"customer_key"').replace('"qty"', '"paid_at"').replace('"at"', '"description"')
    parsed = parse(content, columns=columns)
    assert rows(parsed, "paid_at", "customer_key", table="orders") == [(None, None)]
    assert rows(parsed, "sku", "description") == [("A", None)]


def test_a_channel_in_a_column_reads_local_times_on_its_own_clock(parse: Parse) -> None:
    config = configure(columns=COLUMNS + '\nchannel = "shop"\ncurrency_code = { value = "EUR" }', channel="")
    tokyo = config.channels[0].model_copy(update={"name": "tokyo", "time_zone": "Asia/Tokyo"})
    config = config.model_copy(update={"channels": (*config.channels, tokyo)})
    content = "order,sku,qty,price,at,shop\n" + "".join(
        f"1,A,1,1,2026-01-05 01:00,{shop}\n" for shop in ("web", "tokyo", "other", "")
    )
    parsed = parse(content, config=config)
    assert [at.hour for (at,) in rows(parsed, "ordered_at", table="orders")] == [0, 16, 1]
    assert {str(day) for (day,) in rows(parsed, "business_date", table="orders")} == {"2026-01-05"}
    assert problems(parsed) == [(4, "shop", None, "shop is blank")]


def test_an_order_discount_is_shared_by_value_and_gift_cards_bear_none(parse: Parse) -> None:
    content = "order,sku,qty,price,at,off\n1,GIFT,1,50,2026-01-05,1\n1,A,1,1,,\n1,B,2,1,,\n"
    assert rows(parse(content, columns=DISCOUNT), "discount_amount") == [(0,), (Decimal("0.3334"),), (Decimal("0.6666"),)]
    tiny = content.replace(",1\n1,A", ",0.0001\n1,A")
    assert rows(parse(tiny, columns=DISCOUNT), "discount_amount") == [(0,), (Decimal("0.0001"),), (0,)]


LINE = st.tuples(st.sampled_from(["A", "GIFT"]), st.integers(-3, 9), st.decimals(0, 999, places=4))


@settings(max_examples=40, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=6), st.decimals(0, 500, places=4))
def test_shares_add_up_to_the_discount(tmp_path_factory: pytest.TempPathFactory, lines: list[Any], off: Decimal) -> None:
    path = tmp_path_factory.getbasetemp() / "shares.csv"
    body = "".join(f"1,{sku},{units},{price},2026-01-05,{off}\n" for sku, units, price in lines)
    path.write_text("order,sku,qty,price,at,off\n" + body)
    parsed = parse_file(path, "o.csv", configure(columns=DISCOUNT))
    shares = parsed.frames["order_lines"]["discount_amount"].to_list()
    assert sum(shares) == off == parsed.frames["orders"]["discount_amount"].item()
    bears = [sku != "GIFT" and units * price > 0 for sku, units, price in lines]
    if any(bears):
        assert all(share == 0 for share, bearing in zip(shares, bears, strict=True) if not bearing)
    total = sum(units * price for _, units, price in lines)
    assert parsed.frames["orders"]["total_amount"].item() == total - off


def test_cancellations(parse: Parse) -> None:
    columns = COLUMNS + '\ncancelled_at = "gone"'
    parsed = parse(
        "order,sku,qty,price,at,gone\n1,A,2,3,2026-01-05,2026-01-06\n1,B,1,1,,\n2,A,1,1,2026-01-05,\n", columns=columns
    )
    assert rows(parsed, "is_cancelled", table="orders") == [(True,), (False,)]
    assert rows(parsed, "cancelled_units", "cancelled_gross_amount") == [(2, 6), (1, 1), (0, 0)]


def test_part_of_a_line_is_cancelled(parse: Parse) -> None:
    content = (
        "order,sku,qty,price,at,gone\n1,A,3,1,2026-01-05,1\n1,B,1,1,2026-01-05,2\n1,C,-2,1,2026-01-05,\n1,D,1,1,2026-01-05,-1\n"
    )
    parsed = parse(content, columns=COLUMNS + '\ncancelled_units = "gone"')
    assert rows(parsed, "sku", "cancelled_units", "cancelled_gross_amount") == [("A", 1, 1), ("C", 0, 0)]
    assert problems(parsed) == [
        (2, "cancelled_units", "2", "2 cancelled units are not between 0 and the 1 ordered"),
        (4, "cancelled_units", "-1", "-1 cancelled units are not between 0 and the 1 ordered"),
    ]


def test_a_credit_is_negative(parse: Parse) -> None:
    parsed = parse(HEAD + "C1,A,-2,3,2026-01-05\n", columns=COLUMNS + '\norder_kind = { value = "credit" }')
    assert rows(parsed, "order_kind", "total_amount", table="orders") == [("credit", -6)]
