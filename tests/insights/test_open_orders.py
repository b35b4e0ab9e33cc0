"""Messages to suppliers from purchase orders, receipts and terms made by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from pipelines.channels.merchant import Planning
from pipelines.contracts import table
from pipelines.insights.open_orders import open_order_messages

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
        "safety_stock": [{"safety_stock_units": 4.0, **place}],
        "reorder_suggestions": [],
        "forecast_means": [{"horizon": week, "mean_units": 7.0, **place} for week in (1, 2, 3, 4)],
    }
    return {name: table(name).conform(pl.DataFrame(r)) if r else table(name).empty() for name, r in rows.items()}


def told(orders: list[dict[str, Any]], received: int = 0) -> list[dict[str, Any]]:
    return open_order_messages(tables(orders, received), Planning(), "EUR", TODAY).sort("purchase_order_id").to_dicts()


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


def test_what_another_location_orders_in_this_run_is_sent_there() -> None:
    given = tables([{"purchase_order_id": "P1", "expected_at": at(8)}])
    new = {"sku": "A", "location_id": "E", "supplier_id": "S", "order_quantity_units": 2}
    given["reorder_suggestions"] = table("reorder_suggestions").conform(pl.DataFrame([new]))
    (row,) = open_order_messages(given, Planning(), "EUR", TODAY).to_dicts()
    assert (row["action"], row["message_units"], row["cash_effect_amount"]) == ("redirect", 26, 8)
    assert row["reason"] == (
        "Of 30 units the horizon takes 12 here; this run orders from the same supplier elsewhere: have these sent there (E 2), and order so many "
        "less. 4 more are not needed."
    )


def test_what_is_due_within_the_review_period_is_too_near_to_change() -> None:
    (row,) = told([{"purchase_order_id": "P1", "expected_at": at(7)}])
    assert (row["action"], row["message_units"], row["cash_effect_amount"]) == ("none", 30, 0)
    assert row["reason"] == "Of 30 units the horizon takes 12, but they are due within the review period: too near to change."


def test_an_sku_without_terms_cost_or_stock_is_left_alone_and_said_so() -> None:
    given = tables([{"purchase_order_id": "P1", "expected_at": at(8), "sku": "B"}])
    (row,) = open_order_messages(given, Planning(), "EUR", TODAY).to_dicts()
    assert (row["action"], row["message_units"]) == ("none", 30)
    assert row["reason"] == "Stock is unknown, so nobody knows whether it is needed."


def test_an_order_whose_stock_nobody_has_counted_keeps_to_its_contract_and_asks_for_nothing() -> None:
    given = tables([{"purchase_order_id": "P1", "expected_at": at(8)}])
    given["inventory_position"] = given["inventory_position"].with_columns(available_units=pl.lit(None, pl.Int64))
    found = open_order_messages(given, Planning(), "EUR", TODAY)
    table("open_order_messages").schema.validate(table("open_order_messages").conform(found))
    assert found.select("action", "needed_units", "at_risk_units").rows() == [("none", None, None)]
