"""Order quantities by hand, rule by rule, and what holds of all of them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quantity import OPTIONAL, order_quantities
from tests.models.builders import QUICK, frame

ROWS = {"needed_units": pl.Int64, "moq_units": pl.Int64, "case_pack_units": pl.Int64} | OPTIONAL


def ordered(needed: int | None, moq: int = 1, pack: int = 1, **more: float | None) -> tuple:
    row = {"needed_units": needed, "moq_units": moq, "case_pack_units": pack} | dict.fromkeys(OPTIONAL) | more
    return order_quantities(frame(ROWS, [row])).select("order_quantity_units", "rounding_rule", "order_exception").row(0)


BREAK = {
    "price_break_units": 100,
    "unit_cost_amount": 2.0,
    "price_break_cost_amount": 1.8,
    "holding_rate": 0.25,
    "yearly_demand_units": 200.0,
}


@pytest.mark.parametrize(
    ("row", "quantity", "rule"),
    [
        ({"needed": 28, "moq": 25, "pack": 12, "pallet_units": 40}, 36, "case_pack"),
        ({"needed": 5, "moq": 25, "pack": 12}, 36, "moq and case_pack"),
        ({"needed": None, "moq": 25, "pack": 12}, None, "none"),
        ({"needed": 0, "moq": 25, "pack": 12, "pallet_units": 40}, 0, "none"),
        ({"needed": 90, "pack": 10, "pallet_units": 96}, 90, "none"),
        ({"needed": 91, "pack": 12, "pallet_units": 48}, 96, "case_pack"),
        ({"needed": 92, "pack": 4, "pallet_units": 100}, 100, "pallet"),
        ({"needed": 80, "pack": 4, "pallet_units": 100}, 80, "none"),
        ({"needed": 60, **BREAK}, 100, "price_break"),
        ({"needed": 60, **BREAK, "yearly_demand_units": 20.0, "holding_rate": 0.9}, 60, "none"),
        ({"needed": 60, **BREAK, "price_break_cost_amount": 2.0}, 60, "none"),
        ({"needed": 60, **BREAK, "holding_rate": None}, 60, "none"),
        ({"needed": 60, "moq": 70, **BREAK, "shelf_life_units": 80}, 80, "moq and price_break and shelf_life"),
        ({"needed": 60, "pack": 12, "storage_units": 50}, 48, "storage"),
        ({"needed": 60, "pack": 12, "storage_units": 50, "shelf_life_units": 30}, 24, "shelf_life"),
        ({"needed": 60, "moq": 500, "yearly_demand_units": 300.0}, 500, "moq"),
        ({"needed": 700, "yearly_demand_units": 300.0}, 700, "none"),
    ],
)  # fmt: skip
def test_rules_by_hand(row: dict, quantity: int | None, rule: str):
    assert ordered(**row) == (quantity, rule, "")


@pytest.mark.parametrize(
    ("row", "exception"),
    [
        ({"needed": 6, "moq": 500, "yearly_demand_units": 200.0}, "the MOQ of 500 is more than two years' demand (400)"),
        ({"needed": 6, "pack": 500, "yearly_demand_units": 200.0}, "a case pack of 500 is more than two years' demand (400)"),
        ({"needed": 6, "moq": 50, "shelf_life_units": 40}, "the least order is 50, and only 40 sell before they expire"),
        ({"needed": 6, "pack": 24, "shelf_life_units": -3}, "the least order is 24, and only 0 sell before they expire"),
        ({"needed": 60, "moq": 50, "storage_units": 40}, "the least order is 50, and there is room for 40"),
    ],
)  # fmt: skip
def test_what_nobody_should_buy_unasked(row: dict, exception: str):
    quantity, _, found = ordered(**row)
    assert (quantity, found) == (0, f"{exception}; nothing is ordered until a person decides")


def test_columns_that_are_missing_change_nothing():
    rows = pl.DataFrame({"sku": ["A", "B"], "needed_units": [5, 0], "moq_units": [6, 6], "case_pack_units": [4, 4]})
    found = order_quantities(rows)
    assert set(found.columns) == {*rows.columns, "order_quantity_units", "rounding_rule", "order_exception"}
    assert found["order_quantity_units"].to_list() == [8, 0]
    assert order_quantities(found).equals(found), "a quantity that was suggested before is replaced"


UNITS = st.integers(1, 60)


@QUICK
@given(
    st.integers(0, 90), UNITS, UNITS, st.none() | UNITS, st.none() | st.integers(0, 120), st.none() | st.integers(0, 120), st.none() | st.floats(1, 200)
)  # fmt: skip
def test_what_holds_of_all_quantities(needed, moq, pack, pallet, shelf, room, yearly):
    quantity, rule, exception = ordered(
        needed, moq, pack, pallet_units=pallet, shelf_life_units=shelf, storage_units=room, yearly_demand_units=yearly
    )  # fmt: skip
    if needed == 0 or exception:
        assert quantity == 0
        return
    assert quantity % pack == 0
    assert quantity >= moq
    assert shelf is None or quantity <= shelf
    assert room is None or quantity <= room
    if quantity < needed:
        assert "shelf_life" in rule or "storage" in rule
    else:
        assert quantity - needed < max(moq - needed, 0) + pack + 0.1 * (max(needed, moq) + pack) + 1
    assert (rule == "none") == (quantity == needed)
