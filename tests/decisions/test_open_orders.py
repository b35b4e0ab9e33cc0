"""Orders under way: messages from purchase orders, receipts and terms made by hand, and needs that one of them serves instead of a new order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from models.open_orders import NOTHING_REDIRECTED
from pipelines.channels.merchant import Planning
from pipelines.contracts import table
from pipelines.decisions import open_lines
from pipelines.decisions.open_orders import lines_under_way, open_order_messages
from tests.decisions.house import AS_OF, decided, house, replace, term

TODAY = date(2026, 3, 2)


def at(days: int) -> datetime:
    return datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=days)


def tables(orders: list[dict[str, Any]], received: int = 0) -> dict[str, pl.DataFrame]:
    place = {"sku": "A", "location_id": "W"}
    usual = {"supplier_id": "S", "ordered_units": 30, "ordered_at": at(-9), "is_closed": False, "line_number": 1, **place}
    receipt = {
        "receipt_id": "R",
        "line_number": 1,
        "purchase_order_id": "P1",
        "received_units": received,
        "received_at": at(-1),
        **place,
    }
    rows: dict[str, list[dict[str, Any]]] = {
        "purchase_orders": [usual | order for order in orders],
        "receipts": [receipt] if received else [],
        "supplier_terms": [
            {"supplier_id": "S", "sku": "A", "priority": 1, "moq_units": 24, "case_pack_units": 6, "review_period_days": 7.0}
        ],
        "unit_costs": [{"sku": "A", "unit_cost_amount": 2}],
        "inventory_position": [{"available_units": 20, "backordered_units": 0, **place}],
        "forecast_means": [{"horizon": week, "mean_units": 7.0, **place} for week in (1, 2, 3, 4)],
    }
    return {name: table(name).conform(pl.DataFrame(r)) if r else table(name).empty() for name, r in rows.items()}


def messages(given: dict[str, pl.DataFrame]) -> pl.DataFrame:
    lines = open_lines(given["purchase_orders"], given["receipts"], TODAY)
    inputs = replace(
        house({}, {}), position=given["inventory_position"], means=given["forecast_means"], supplier_terms=given["supplier_terms"],
        unit_costs=given["unit_costs"], open_lines=lines,
    )  # fmt: skip
    nothing = dict.fromkeys(
        ("order_up_to_level_units", "downstream_units", "transfer_units", "leaving_units", "order_quantity_units"), 0
    )
    suggested = pl.DataFrame([{"sku": "A", "location_id": "W", "supplier_id": "S", "safety_stock_units": 4.0} | nothing])
    needed = lines_under_way(suggested, inputs, Planning())
    return table("open_order_messages").conform(open_order_messages(needed, NOTHING_REDIRECTED, suggested, Planning(), "EUR"))


def told(orders: list[dict[str, Any]], received: int = 0) -> list[dict[str, Any]]:
    return messages(tables(orders, received)).sort("purchase_order_id").to_dicts()


def test_moq_and_case_pack_limit_what_can_be_taken_off() -> None:
    (row,) = told([{"purchase_order_id": "P1", "expected_at": at(8)}])
    assert (row["action"], row["open_units"], row["needed_units"], row["message_units"]) == ("reduce", 30, 12, 24)
    assert row["cash_effect_amount"] == 12
    assert row["reason"] == "Of 30 units the horizon takes 12; 24 after MOQ and case pack."


def test_what_arrived_counts_towards_the_moq() -> None:
    (row,) = told([{"purchase_order_id": "P1", "expected_at": at(8)}], received=10)
    assert (row["open_units"], row["message_units"]) == (20, 18)


def test_an_order_that_came_whole_or_is_closed_gets_none() -> None:
    assert told([{"purchase_order_id": "P1", "expected_at": at(8)}], received=30) == []
    assert told([{"purchase_order_id": "P1", "expected_at": at(8), "is_closed": True}]) == []


def test_a_later_order_is_cancelled_and_an_undated_one_asked_about() -> None:
    first, second = told([{"purchase_order_id": "P1", "expected_at": at(8)}, {"purchase_order_id": "P2", "expected_at": at(9)}])
    assert (first["action"], second["action"], second["cash_effect_amount"]) == ("reduce", "cancel", 60)
    (asked,) = told([{"purchase_order_id": "P1", "ordered_units": 12}])
    assert (asked["action"], asked["reason"]) == ("ask", "Nobody said when it comes; ask for a date.")


def test_a_single_day_or_unit_is_named_as_one() -> None:
    late, soon = told(
        [
            {"purchase_order_id": "P1", "expected_at": at(-1)},
            {"purchase_order_id": "P2", "ordered_units": 1, "expected_at": at(8)},
        ]
    )
    assert late["reason"] == "Overdue by 1 day."
    assert soon["reason"] == "Stock and earlier orders last beyond the horizon; 1 unit is not needed."


def test_what_is_due_within_the_review_period_is_too_near_to_change() -> None:
    (row,) = told([{"purchase_order_id": "P1", "expected_at": at(7)}])
    assert (row["action"], row["message_units"], row["cash_effect_amount"]) == ("none", 30, 0)
    assert row["reason"] == "Of 30 units the horizon takes 12, but it is too near to change: due within the review period."


def test_an_sku_without_terms_cost_or_stock_is_left_alone_and_said_so() -> None:
    given = tables([{"purchase_order_id": "P1", "expected_at": at(8), "sku": "B"}])
    (row,) = messages(given).to_dicts()
    assert (row["action"], row["message_units"]) == ("none", 30)
    assert row["reason"] == "Stock is unknown, so nobody knows whether it is needed."


def test_an_order_whose_stock_nobody_has_counted_keeps_to_its_contract_and_asks_for_nothing() -> None:
    given = tables([{"purchase_order_id": "P1", "expected_at": at(8)}])
    given["inventory_position"] = given["inventory_position"].with_columns(available_units=pl.lit(None, pl.Int64))
    found = messages(given)
    table("open_order_messages").schema.validate(found)
    assert found.select("action", "needed_units", "at_risk_units").rows() == [("none", None, None)]


def two_places(line: tuple[str, int] = ("W", 40), weekly: float = 14.0, stock: int = 0, **terms: Any) -> dict[str, pl.DataFrame]:
    """W has more than it wants and 40 on their way, due in 8 days, from where E buys too; a transfer would cost too much."""
    place, units = line
    open_line = {"sku": "A", "location_id": place, "due_in_days": 8, "open_units": units, "ordered_at": AS_OF - timedelta(days=9)}
    inputs = house(
        {("A", "W"): 1.0, ("A", "E"): weekly}, {("A", "W"): 40, ("A", "E"): stock}, supplier_terms=[term("A", **terms)],
        unit_costs=[{"sku": "A", "unit_cost_amount": "5", "origin": "product_costs"}], open_lines=[open_line],
    )  # fmt: skip
    here = pl.when(pl.col("location_id") == place).then(units).otherwise(0)
    position = inputs.position.with_columns(on_order_units=here)
    return decided(replace(inputs, position=position), transfer_line_amount=1000.0)


def at_place(frames: dict[str, pl.DataFrame], place: str) -> dict[str, Any]:
    return frames["reorder_suggestions"].filter(pl.col("location_id") == place).row(0, named=True)


@pytest.mark.parametrize(
    ("weekly", "terms"),
    [(3.0, {}), (3.0, {"case_pack_units": 6}), (3.0, {"moq_units": 12}), (14.0, {}), (40.0, {"case_pack_units": 6})],
)
def test_a_need_is_served_by_a_redirect_or_a_new_order_never_by_both(weekly: float, terms: dict[str, Any]) -> None:
    """What the run orders beside its redirect is what it orders once the purchase order goes there."""
    asked = two_places(weekly=weekly, **terms)
    row, message = at_place(asked, "E"), asked["open_order_messages"].row(0, named=True)
    sent = message["redirect_units"]
    assert (message["action"], row["redirect_units"]) == ("redirect", sent) and sent > 0
    assert row["inventory_position_units"] == sent and at_place(asked, "W")["redirect_units"] == -sent
    alone = at_place(two_places(("W", 0), weekly, **terms), "E")["order_quantity_units"]
    assert row["order_quantity_units"] < alone
    done = at_place(two_places(("E", sent), weekly, **terms), "E")
    assert done["order_quantity_units"] == row["order_quantity_units"]
    assert done["order_up_to_level_units"] == row["order_up_to_level_units"]
    assert f"{sent} of P1 come from W" in row["reason"] and f"{sent} of P1 go to E" in at_place(asked, "W")["reason"]
    assert message["message_units"] == max(sent, terms.get("moq_units", 1)), "the purchase order keeps its own MOQ"


def test_a_redirect_is_a_part_of_the_position_by_day() -> None:
    asked = two_places()
    sent = asked["open_order_messages"]["redirect_units"][0]
    parts = asked["position_schedule"].filter(pl.col("part") == "redirect").sort("location_id")
    assert parts.select("location_id", "due_days", "units").rows() == [("E", 8, sent), ("W", 8, -sent)]


def test_no_redirect_where_the_rest_would_be_rounded_up_to_the_moq() -> None:
    asked = two_places(("W", 15), stock=25, moq_units=40)
    assert asked["open_order_messages"]["redirect_units"].to_list() == [0]
    assert at_place(asked, "E")["redirect_units"] == 0 and at_place(asked, "E")["order_quantity_units"] >= 40


def test_what_supplies_other_locations_keeps_what_they_need() -> None:
    """DC sells nothing itself: what is on its way there is for the shop behind it."""
    way = {"supplied_by_location_id": "DC", "supply_lead_time_days": 3.0, "supply_review_period_days": 7.0}
    line = {"sku": "A", "location_id": "DC", "due_in_days": 8, "open_units": 40, "ordered_at": AS_OF - timedelta(days=2)}
    inputs = house(
        {("A", "SHOP"): 14.0}, {("A", "DC"): 5, ("A", "SHOP"): 5}, supplier_terms=[term("A")], open_lines=[line],
        locations=[{"location_id": "DC"}, {"location_id": "SHOP"} | way],
    )  # fmt: skip
    (message,) = decided(inputs)["open_order_messages"].to_dicts()
    assert (message["needed_units"], message["message_units"]) == (40, 40)
