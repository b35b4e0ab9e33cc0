"""Quantities, cover and sentences of reorders."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reorder import bounded, by_series, days_of_cover, reasons, stock_out_dates, suggest_orders, worth
from tests.models.builders import CUTOFF, QUICK, frame

POSITION = dict.fromkeys(
    ("available_units", "on_order_units", "decided_units", "transfer_units", "backordered_units", "reorder_point_units",
     "order_up_to_level_units", "moq_units", "case_pack_units"), pl.Int64,
) | {"safety_stock_units": pl.Float64}  # fmt: skip


def at(available: int | None, reorder_point: int, up_to: int, moq: int = 1, pack: int = 1, **more: float) -> dict[str, object]:
    usual = {"on_order_units": 0, "decided_units": 0, "transfer_units": 0, "backordered_units": 0, "safety_stock_units": 3.4}
    levels = {"available_units": available, "reorder_point_units": reorder_point, "order_up_to_level_units": up_to}
    return usual | levels | {"moq_units": moq, "case_pack_units": pack} | more


@pytest.mark.parametrize(
    ("row", "position", "needed", "quantity", "rule"),
    [
        (at(12, 15, 40, 25, 12), 12, 28, 36, "case_pack"),
        (at(35, 35, 40, 25, 12), 35, 5, 36, "moq and case_pack"),
        (at(35, 35, 40, 24, 12), 35, 5, 24, "moq"),
        (at(16, 15, 40, 25, 12), 16, 0, 0, "none"),
        (at(15, 15, 40), 15, 25, 25, "none"),
        (at(5, 5, 5), 5, 0, 0, "none"),
        (at(0, 0, 0, 24), 0, 0, 0, "none"),
        (at(0, 15, 40, backordered_units=7), -7, 47, 47, "none"),
        (at(5, 15, 40, on_order_units=4, decided_units=-2, transfer_units=3), 10, 30, 30, "none"),
        (at(None, 15, 40, 25, 12), None, None, None, "none"),
    ],
)  # fmt: skip
def test_orders_by_hand(row: dict, position: int | None, needed: int | None, quantity: int | None, rule: str):
    found = suggest_orders(frame(POSITION, [row]))
    names = ("inventory_position_units", "needed_units", "order_quantity_units", "rounding_rule")
    assert found.select(names).row(0) == (position, needed, quantity, rule)


UNITS = st.integers(0, 60)


@QUICK
@given(st.none() | st.integers(-20, 60), UNITS, UNITS, UNITS, st.integers(1, 50), st.integers(1, 24))
def test_a_quantity_is_nothing_or_enough(available: int | None, on_order: int, point: int, more: int, moq: int, pack: int):
    row = suggest_orders(frame(POSITION, [at(available, point, point + more, moq, pack, on_order_units=on_order)])).row(
        0, named=True
    )
    quantity, position = row["order_quantity_units"], row["inventory_position_units"]
    if available is None:
        assert quantity is None
    elif position > point or position >= point + more:
        assert quantity == 0
    else:
        assert quantity >= moq
        assert quantity % pack == 0
        assert position + quantity >= point + more
        assert quantity - pack < max(moq, point + more - position)


def test_no_rows_give_the_same_columns():
    assert suggest_orders(frame(POSITION)).columns == suggest_orders(frame(POSITION, [at(1, 2, 3)])).columns


@pytest.mark.parametrize(
    ("available", "weeks", "days"),
    [
        (10, [7, 7], 10), (0, [7, 7], 0), (-4, [7, 7], 0), (14, [7, 7], 14), (99, [7, 7], 14), (10, [0, 0], None), (None, [7, 7], None),
        (3.5, [0, 7], 10.5), (7, [7, 0, 7], 7), (8, [7, 0, 7], 15), (10, [7, 0, 0], 21), (7, [7, 0, 0], 7), (7, [0.7] * 11 + [0], 70),
    ],
)  # fmt: skip
def test_days_of_cover_by_hand(available: float | None, weeks: list[float], days: float | None):
    stock = np.array([np.nan if available is None else float(available)])
    found = days_of_cover(stock, np.array([weeks], dtype=float))
    assert found[0] == pytest.approx(np.nan if days is None else days, nan_ok=True)


@QUICK
@given(st.integers(0, 40), st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_days_of_cover_equal_a_walk_through_the_days(available: int, weeks: list[int]):
    left, days = float(available), 0.0
    for week in weeks:
        for _ in range(7):
            used = week / 7
            if left <= 1e-9:
                break
            days += min(1.0, left / used) if used else 1.0
            left -= used
    found = days_of_cover(np.array([float(available)]), np.array([weeks], dtype=float))[0]
    assert found == pytest.approx(days, abs=1e-6) if sum(weeks) else np.isnan(found)


def test_stock_out_dates_by_hand():
    found = stock_out_dates(np.array([0.0, 2.5, 3.0, 13.99, 14.0, np.nan]), 14.0, CUTOFF)
    assert found.name == "stock_out_date"
    assert [d and (d - CUTOFF) // timedelta(days=1) for d in found] == [1, 3, 4, 14, None, None]
    assert stock_out_dates(np.array([]), 14.0, CUTOFF).dtype == pl.Date
    assert stock_out_dates(np.array([]), 14.0, CUTOFF).len() == 0
    assert stock_out_dates(np.array([np.nan]), 14.0, CUTOFF).to_list() == [None]


def test_a_sentence_for_each_case():
    rows = suggest_orders(
        frame(POSITION, [at(12, 15, 40, 25, 12), at(16, 15, 40), at(0, 0, 0), at(None, 15, 40), at(12, 15, 40, 999)])
    )
    rows = rows.with_columns(
        order_exception=pl.when(pl.col("moq_units") == 999).then(pl.lit("the MOQ is too large")).otherwise(pl.lit(""))
    )
    assert reasons(rows).to_list() == [
        "Position 12 against reorder point 15; order 36 to reach 40 (3 of them safety stock): 28 units are needed, 36 by case pack.",
        "Position 16 is above reorder point 15; nothing to order.",
        "Position 0 has reached order-up-to level 0; nothing to order.",
        "Stock is unknown; order when it falls to 15 and fill up to 40.",
        "Needs 28, but the MOQ is too large.",
    ]
    in_baskets = rows.head(3).with_columns(sku_quantity_units="order_quantity_units", order_quantity_units=pl.Series([0, 12, 12]))
    assert reasons(in_baskets).to_list() == [
        "Position 12 against reorder point 15; alone it would order 36 to reach 40 (3 of them safety stock): 28 units are needed, 36 by case pack.",
        "Position 16 is above reorder point 15; alone it would order nothing.",
        "Position 0 has reached order-up-to level 0; alone it would order nothing.",
    ]


def test_what_waits_says_what_waiting_costs():
    amounts = {"now_amount": [2.0, 2.0, 2.0, None], "waiting_amount": [3.5, 3.5, 3.5, None]}
    rows = pl.DataFrame(
        {"order_quantity_units": [36, 0, 0, 0], "sku_quantity_units": [24, 36, 0, 36], "target_rate": 0.95, **amounts}
    )
    assert rows.select(reason=worth())["reason"].to_list() == [
        "Its turn is expected to cost 2.00 with this order, 3.50 without it.",
        "Its turn is expected to cost 3.50 as it waits, 2.00 with 36 ordered now.",
        None,
        None,
    ]
    dearer = rows.head(1).with_columns(waiting_amount=pl.lit(1.5))
    said = "Its turn is expected to cost 2.00 with this order, 1.50 without it; the service asked for takes it."
    assert dearer.select(reason=worth())["reason"].to_list() == [said]


def test_means_are_listed_in_week_order():
    means = pl.DataFrame({"sku": ["b", "a", "a"], "location_id": "L", "horizon": [1, 2, 1], "mean_units": [9.0, 2.0, 1.0]})
    assert by_series(means).rows() == [("a", "L", [1.0, 2.0]), ("b", "L", [9.0])]


def test_a_level_that_two_years_demand_bounds_says_what_it_reaches() -> None:
    usual = {"aim": "cycle_service_level", "target_rate": 0.95, "cycle_service_level": 0.883, "unit_fill_rate": 0.7}
    told = pl.DataFrame([
        usual | {"is_level_bounded": True, "most_level_units": 3},
        usual | {"is_level_bounded": True, "most_level_units": 3, "aim": "unit_fill_rate"},
        usual | {"is_level_bounded": True, "most_level_units": 0},
        usual | {"is_level_bounded": False, "most_level_units": 3},
    ])  # fmt: skip
    assert told.select(bounded())["literal"].to_list() == [
        "The level is held at two years' demand: 88.3 % of the cycles that begin end without a shortage, 95 % are asked for.",
        "The level is held at two years' demand: 70 % of the units are served at once, 95 % are asked for.",
        "Less than one unit is wanted in two years, so none is stocked.", None,
    ]  # fmt: skip
