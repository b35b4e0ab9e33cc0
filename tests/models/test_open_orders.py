"""Messages about open orders: hand-made cases, and a plain day-by-day projection of random ones."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.open_orders import messages, needs, redirects
from tests.models.builders import QUICK

WEEKS = 4


def lines(*rows: dict) -> pl.DataFrame:
    usual = {
        "sku": "A", "location_id": "W", "supplier_id": "S", "due_in_days": 8, "open_units": 20, "is_shipped": False, "moq_units": 1, "case_pack_units": 1,
        "review_period_days": 7.0, "unit_cost_amount": 2.0,
    }  # fmt: skip
    schema = {"due_in_days": pl.Int64, "unit_cost_amount": pl.Float64}
    return pl.DataFrame(
        [usual | {"purchase_order_id": f"P{number}"} | row for number, row in enumerate(rows, 1)], schema_overrides=schema
    )


def wanted(**places: dict) -> pl.DataFrame:
    """What other locations are to order of the same supplier, by location."""
    usual = {"sku": "A", "supplier_id": "S", "moq_units": 1, "case_pack_units": 1, "arrival_in_days": 20}
    whole = dict.fromkeys(("needed_units", "order_quantity_units", "moq_units", "case_pack_units", "arrival_in_days"), pl.Int64)
    rows = [{"location_id": place, "order_quantity_units": want["needed_units"]} | usual | want for place, want in places.items()]
    names = {"sku": pl.String, "location_id": pl.String, "supplier_id": pl.String} | whole
    return pl.DataFrame(rows, schema=names)


def told(
    order: pl.DataFrame, available: int | None, weekly: float, safety: float = 0.0, backordered: int = 0, level: int = 0,
    elsewhere: pl.DataFrame | None = None, here: bool = False,
) -> list[dict]:  # fmt: skip
    """elsewhere: of `wanted`; here: whether the lines' own location orders anew."""
    row = {
        "sku": "A", "location_id": "W", "stock_units": None if available is None else available - backordered, "safety_stock_units": safety,
        "order_up_to_level_units": level,
    }  # fmt: skip
    means = pl.DataFrame({"sku": "A", "location_id": "W", "horizon": [1, 2, 3, 4], "mean_units": [weekly] * WEEKS})
    needed = needs(order, pl.DataFrame([row], schema_overrides={"stock_units": pl.Int64}), means)
    redirected = redirects(needed, wanted() if elsewhere is None else elsewhere)
    ordered = pl.DataFrame({"sku": ["A"], "location_id": ["W"], "supplier_id": ["S"]}).filter(pl.lit(here))
    return messages(needed, redirected, ordered, 0.365).to_dicts()


@pytest.mark.parametrize(
    ("order", "available", "weekly", "expected"),
    [
        ({"due_in_days": 5}, 5, 7.0, ("none", 20)),
        ({"due_in_days": 12}, 5, 7.0, ("expedite", 20)),
        ({}, 15, 7.0, ("reduce", 13)),
        ({"case_pack_units": 10, "open_units": 40}, 15, 7.0, ("reduce", 20)),
        ({"moq_units": 20}, 16, 7.0, ("postpone", 20)),
        ({"open_units": 8}, 20, 7.0, ("postpone", 8)),
        ({}, 28, 7.0, ("cancel", 0)),
        ({"due_in_days": 7}, 28, 7.0, ("none", 20)),
        ({"due_in_days": 7, "open_units": 8}, 20, 7.0, ("none", 8)),
        ({"due_in_days": -3}, 28, 7.0, ("chase", 20)),
        ({"due_in_days": None}, 28, 7.0, ("cancel", 0)),
        ({"due_in_days": 7, "review_period_days": 3.0}, 28, 7.0, ("cancel", 0)),
        ({"is_shipped": True}, 28, 7.0, ("none", 20)),
        ({"due_in_days": -3}, 5, 7.0, ("chase", 20)),
        ({"due_in_days": -3, "is_shipped": True}, 5, 7.0, ("chase", 20)),
        ({"due_in_days": None}, 5, 7.0, ("ask", 20)),
        ({}, None, 7.0, ("none", 20)),
    ],
)
def test_each_line_gets_the_message_that_it_needs(order: dict, available: int | None, weekly: float, expected: tuple) -> None:
    (row,) = told(lines(order), available, weekly)
    assert (row["action"], row["message_units"]) == expected


def test_cash_of_each_message() -> None:
    (cancelled,) = told(lines({}), 28, 7.0)
    assert cancelled["cash_effect_amount"] == pytest.approx(40)
    (postponed,) = told(lines({"open_units": 8}), 20, 7.0)
    assert postponed["needed_in_days"] == 20 and postponed["cash_effect_amount"] == pytest.approx(8 * 2 * 0.365 * 12 / 365)
    (expedited,) = told(lines({"due_in_days": 12}), 5, 7.0)
    assert (expedited["runs_out_in_days"], expedited["at_risk_units"]) == (5, 7)
    assert expedited["cash_effect_amount"] == pytest.approx(-20 * 2 * 0.365 * 7 / 365)
    (unknown,) = told(lines({"unit_cost_amount": None}), 28, 7.0)
    assert unknown["action"] == "cancel" and unknown["cash_effect_amount"] is None


def test_earlier_lines_serve_first_and_the_later_one_is_too_much() -> None:
    first, second = told(lines({"due_in_days": 2}, {"due_in_days": 9}), 8, 7.0)
    assert (first["action"], second["action"]) == ("none", "cancel")


def test_units_that_another_location_needs_of_the_same_supplier_go_there_and_free_no_cash() -> None:
    (row,) = told(lines({}), 28, 7.0, elsewhere=wanted(EWR={"needed_units": 20}))
    assert (row["action"], row["message_units"], row["redirect_units"], row["redirect_to"]) == ("redirect", 20, 20, "EWR 20")
    assert row["cash_effect_amount"] == 0
    (row,) = told(lines({}), 15, 7.0, elsewhere=wanted(EWR={"needed_units": 2}, BHX={"needed_units": 3}))
    assert (row["action"], row["message_units"], row["redirect_units"], row["redirect_to"]) == ("redirect", 18, 5, "BHX 3, EWR 2")
    assert row["cash_effect_amount"] == 4, "13 are needed, 5 go elsewhere, 2 are not bought"
    (row,) = told(lines({"supplier_id": "T"}), 28, 7.0, elsewhere=wanted(EWR={"needed_units": 20}))
    assert row["action"] == "cancel", "another supplier's goods are not redirected"
    (row,) = told(lines({"due_in_days": 21}), 28, 7.0, elsewhere=wanted(EWR={"needed_units": 20}))
    assert row["action"] == "cancel", "a new order would be there a day before"


def test_a_need_elsewhere_is_served_once_by_the_lines_that_come_first() -> None:
    first, second = told(lines({"due_in_days": 15}, {}), 28, 7.0, elsewhere=wanted(EWR={"needed_units": 25}))
    assert [(row["purchase_order_id"], row["redirect_units"]) for row in (first, second)] == [("P2", 20), ("P1", 5)]


@pytest.mark.parametrize(
    ("spare", "want", "redirected"),
    [
        (40, {"case_pack_units": 12, "order_quantity_units": 36}, 36),
        (24, {"case_pack_units": 12, "order_quantity_units": 36}, 24),
        (24, {"case_pack_units": 12, "order_quantity_units": 36, "moq_units": 25}, 0),
        (24, {"case_pack_units": 4, "order_quantity_units": 28, "moq_units": 13}, 12),
        (40, {"order_quantity_units": 100, "moq_units": 100}, 28),
        (40, {"order_quantity_units": 20}, 20),
        (40, {"order_quantity_units": 0}, 0),
    ],
)
def test_a_redirect_leaves_no_rest_that_the_moq_would_round_up(spare: int, want: dict, redirected: int) -> None:
    (row,) = told(lines({"open_units": spare}), 28, 7.0, elsewhere=wanted(EWR={"needed_units": 28} | want))
    assert row["redirect_units"] == redirected


def test_an_order_keeps_its_own_moq_when_a_part_of_it_is_redirected() -> None:
    (row,) = told(lines({"moq_units": 15}), 28, 7.0, elsewhere=wanted(EWR={"needed_units": 6}))
    assert (row["redirect_units"], row["message_units"]) == (6, 15)


def test_what_its_own_location_orders_anew_or_needs_for_its_level_is_kept() -> None:
    (whole,) = told(lines({}), 28, 7.0, here=True)
    assert (whole["action"], whole["message_units"]) == ("none", 20)
    (level,) = told(lines({}), 28, 7.0, level=34, elsewhere=wanted(EWR={"needed_units": 20}))
    assert (level["needed_units"], level["redirect_units"]) == (6, 14), "the level reaches beyond the horizon"


def test_no_open_lines_no_messages() -> None:
    assert told(lines({}).clear(), 5, 7.0) == []


@QUICK
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40)), min_size=1, max_size=4, unique_by=lambda line: line[0]),
    st.integers(0, 40), st.integers(0, 5), st.integers(0, 3), st.integers(0, 6),
)  # fmt: skip
def test_needs_equal_a_day_by_day_projection(orders: list, available: int, backordered: int, daily: int, safety: int) -> None:
    rows = told(
        lines(*({"due_in_days": due, "open_units": units} for due, units in orders)), available, 7.0 * daily, safety, backordered
    )
    before = available - backordered
    for row, (_, units) in zip(rows, sorted(orders), strict=True):
        days = range(1, 7 * WEEKS + 1)
        below = 0 if before - safety < 0 else next((d - 1 for d in days if before - daily * d < safety), None)
        assert row["needed_in_days"] == below
        assert row["needed_units"] == min(units, max(0, daily * 7 * WEEKS - (before - safety)))
        assert row["message_units"] <= units and (
            row["action"] not in ("reduce", "cancel") or row["message_units"] >= row["needed_units"]
        )
        before += units
