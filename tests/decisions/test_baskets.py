"""Baskets of suppliers: limits in the reporting currency, which lines may change, what is said of them."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from pipelines.contracts import table
from pipelines.decisions.baskets import ALL_PLACES, supplier_limits, with_baskets

RATES = pl.DataFrame(
    {
        "currency_code": ["USD", "USD"],
        "rate_date": [date(2026, 1, 1), date(2026, 1, 2)],
        "reporting_rate": [Decimal("0.8"), Decimal("0.9")],
    }
)


def limits(*suppliers: dict[str, object]) -> pl.DataFrame:
    return supplier_limits(table("suppliers").conform(pl.DataFrame(list(suppliers))), RATES, "EUR")


def rows(*changes: dict[str, object]) -> pl.DataFrame:
    base = {
        "sku": "A", "location_id": "DC", "supplier_id": "ACME", "inventory_position_units": 40, "order_up_to_level_units": 110, "mean_demand_units": 70.0,
        "expected_lost_units": 0.0, "demand_std_units": 20.0, "protection_interval_days": 35.0, "order_quantity_units": 70,
        "moq_units": 1, "case_pack_units": 1, "unit_cost_amount": Decimal("5.0000"), "order_amount": Decimal("350.0000"), "holding_rate": 0.2,
        "shortage_amount": 0.0,
        "yearly_demand_units": 730.0, "unit_volume_m3": 0.01, "unit_weight_kg": 0.5, "order_exception": "", "pallet_units": None, "price_break_units": None,
        "price_break_cost_amount": None, "shelf_life_units": None, "storage_units": None,
    }  # fmt: skip
    whole = dict.fromkeys(
        ("pallet_units", "price_break_units", "shelf_life_units", "storage_units", "inventory_position_units"), pl.Int64
    )
    money = dict.fromkeys(("price_break_cost_amount", "unit_cost_amount", "order_amount"), pl.Decimal(18, 4))
    return pl.DataFrame([base | change for change in changes], schema_overrides=whole | money, infer_schema_length=None)


def test_limits_are_in_the_reporting_currency_at_the_last_rate() -> None:
    known = limits(
        {"supplier_id": "A", "order_minimum_amount": Decimal(100), "currency_code": "USD", "container_amount": Decimal(10)},
        {"supplier_id": "B", "order_minimum_amount": Decimal(100), "currency_code": "EUR"},
        {"supplier_id": "C", "order_minimum_amount": Decimal(100), "currency_code": "XXX"},
    )
    assert known["order_minimum_amount"].to_list() == [Decimal(90), Decimal(100), None]
    assert known["container_amount"].to_list() == [Decimal(9), None, None]


def test_without_limits_nothing_changes() -> None:
    given = rows({}, {"sku": "B", "supplier_id": None}, {"sku": "C", "supplier_id": "UNKNOWN"})
    changed, baskets = with_baskets(given, limits({"supplier_id": "ACME"}))
    assert changed.drop("sku_quantity_units", "basket_effect").equals(given)
    assert changed["basket_effect"].to_list() == [""] * 3
    assert baskets.select("supplier_id", "location_id", "lines", "amount", "is_joint", "containers").rows() == [
        ("ACME", ALL_PLACES, 1, Decimal(350), False, None), ("UNKNOWN", ALL_PLACES, 1, Decimal(350), False, None),
    ]  # fmt: skip


def test_a_minimum_is_filled_and_said_and_what_waits_for_a_person_is_left_alone() -> None:
    given = rows(
        {}, {"sku": "B", "inventory_position_units": 90, "order_quantity_units": 0, "order_amount": Decimal(0)},
        {"sku": "C", "order_exception": "the MOQ is too large", "order_quantity_units": 0, "order_amount": Decimal(0)},
        {"sku": "D", "inventory_position_units": None, "order_quantity_units": None, "order_amount": None},
    )  # fmt: skip
    changed, baskets = with_baskets(given, limits({"supplier_id": "ACME", "order_minimum_amount": Decimal(450)}))
    row = {row["sku"]: row for row in changed.iter_rows(named=True)}
    assert row["A"]["order_quantity_units"] + row["B"]["order_quantity_units"] >= 90
    assert (row["A"]["sku_quantity_units"], row["B"]["sku_quantity_units"]) == (70, 0)
    assert row["B"]["basket_effect"].startswith("The order to ACME takes ")
    assert row["B"]["basket_effect"].endswith("more, to reach the supplier's minimum")
    assert (row["C"]["order_quantity_units"], row["D"]["order_quantity_units"], row["D"]["basket_effect"]) == (0, None, "")
    basket = baskets.row(0, named=True)
    assert basket["is_joint"]
    assert basket["amount"] >= 450 > basket["alone_amount"]
    assert basket["value_amount"] <= basket["bound_amount"] * (1 + 1e-9)
    assert (basket["binding"], basket["volume_m3"]) == ("supplier minimum", pytest.approx(float(basket["units"]) * 0.01))


def test_containers_are_filled_per_location() -> None:
    given = rows({}, {"location_id": "EU"})
    boxes = {"supplier_id": "ACME", "container_volume_m3": 0.5, "container_amount": Decimal(1), "currency_code": "EUR"}
    _, baskets = with_baskets(given, limits(boxes))
    assert baskets.select("location_id", "containers").sort("location_id").rows() == [("DC", 2), ("EU", 2)]


def test_a_basket_that_is_not_worth_its_minimum_waits_and_says_so() -> None:
    changed, baskets = with_baskets(
        rows({"inventory_position_units": 100, "order_quantity_units": 10}),
        limits({"supplier_id": "ACME", "order_minimum_units": 9000}),
    )
    assert changed["order_quantity_units"].to_list() == [0]
    said = "its minimum of 9,000 units is more than what it supplies sells in two years, or has room or time for"
    assert changed["basket_effect"][0] == f"The order to ACME can't go out: {said}"
    assert baskets.select("lines", "alone_lines").rows() == [(0, 1)]


def test_an_empty_shelf_waits_for_no_minimum_that_it_can_reach() -> None:
    """Nothing stands, 70 are wanted in an interval, a missing unit costs 3: a minimum of four intervals is reached, one that costs more waits."""
    empty = {"inventory_position_units": 0, "order_quantity_units": 110, "order_amount": Decimal(550), "shortage_amount": 3.0}
    reached, baskets = with_baskets(rows(empty), limits({"supplier_id": "ACME", "order_minimum_units": 300}))
    assert reached["order_quantity_units"][0] >= 300 and baskets["is_joint"][0]
    waits, _ = with_baskets(rows(empty | {"holding_rate": 9.0}), limits({"supplier_id": "ACME", "order_minimum_units": 1000}))
    said = "The order to ACME waits: reaching its minimum of 1,000 units would cost more than it saves"
    assert (waits["order_quantity_units"][0], waits["basket_effect"][0]) == (0, said)


def test_a_small_cost_of_placing_is_paid_where_a_missing_unit_costs_more() -> None:
    asked = limits({"supplier_id": "ACME", "order_fixed_amount": Decimal(2), "currency_code": "EUR"})
    for holding in (0.2, 0.0):
        empty = {"inventory_position_units": 0, "order_quantity_units": 110, "shortage_amount": 2.5, "holding_rate": holding}
        assert with_baskets(rows(empty), asked)[0]["order_quantity_units"][0] >= 110


def test_a_budget_that_buys_nothing_says_so() -> None:
    asked = limits({"supplier_id": "ACME", "order_budget_amount": Decimal(100), "currency_code": "EUR"})
    changed, _ = with_baskets(rows({"moq_units": 30}), asked)
    assert changed["basket_effect"][0] == "The order to ACME can't go out: nothing that can be ordered fits its budget of 100"


def test_lines_that_go_out_as_they_are_count_for_the_minimum() -> None:
    """85 of unknown cost go out anyway: the minimum of 80 units is reached, and A is ordered as it is."""
    given = rows({}, {"sku": "B", "unit_cost_amount": None, "order_quantity_units": 85, "order_amount": None})
    changed, baskets = with_baskets(given, limits({"supplier_id": "ACME", "order_minimum_units": 80}))
    assert changed["order_quantity_units"].to_list() == [70, 85]
    assert baskets.select("lines", "units").row(0) == (2, 155)
