"""Square's records: its own example bodies, taxes in or on the price, charges, tips, goods that come back. Not here: fetching."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.channels.square import PERSONAL_ORDER
from pipelines.erasure import _blanked
from tests.channels.api.records import faults, parsed


def eur(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "EUR"}


def line(number: int = 1, **changed: Any) -> dict[str, Any]:
    """2 × 10.00 less 1.00, and 1.90 tax on top: 20.90."""
    return {
        "uid": f"l{number}", "catalog_object_id": f"V{number}", "name": "Cup", "variation_name": "Blue", "quantity": "2", "item_type": "ITEM",
        "base_price_money": eur(1000), "total_discount_money": eur(100), "total_tax_money": eur(190), "total_money": eur(2090), **changed,
    }  # fmt: skip


def order(*lines: dict[str, Any], total: int = 2090, **changed: Any) -> dict[str, Any]:
    return {
        "id": "O1", "location_id": "L1", "created_at": "2026-01-05T23:30:00.000Z", "updated_at": "2026-01-06T10:00:00.000Z", "state": "COMPLETED",
        "customer_id": "C1", "line_items": list(lines or [line()]), "total_money": eur(total), **changed,
    }  # fmt: skip


def amounts(record: dict[str, Any]) -> list[Any]:
    row = parsed("square", "orders", record, locations={"L1": "AMS"}).frames["orders"].row(0, named=True)
    return [*(row[f"{name}_amount"] for name in ("gross", "discount", "shipping", "tax", "total")), row["is_balanced"]]


def test_an_order() -> None:
    frames = parsed("square", "orders", order(), locations={"L1": "AMS"}).frames
    row = frames["orders"].row(0, named=True)
    assert (row["location_id"], f"{row['business_date']}", row["payment_status"]) == ("AMS", "2026-01-06", "paid")
    assert amounts(order()) == [20, 1, 0, Decimal("1.9"), Decimal("20.9"), True]
    assert frames["order_lines"].select("listing_id", "sku", "description", "ordered_units", "unit_price_amount").row(0) == (
        "V1",
        None,
        "Cup Blue",
        2,
        10,
    )


def test_a_tax_that_is_in_the_price_comes_off_it() -> None:
    """2 × 10.00 with 19 % in it, no discount: 16.81 net and 3.19 tax."""
    included = line(total_discount_money=eur(0), total_tax_money=eur(319), total_money=eur(2000))
    assert amounts(order(included, total=2000)) == [Decimal("16.81"), 0, 0, Decimal("3.19"), 20, True]


def test_shipping_charges_and_tips_have_their_places() -> None:
    charges = [{"uid": "s", "name": "Shipping", "total_money": eur(605), "total_tax_money": eur(105)},
               {"uid": "w", "name": "Wrapping", "total_money": eur(200), "total_tax_money": eur(0)}]  # fmt: skip
    record = order(total=2090 + 605 + 200 + 300, service_charges=charges, total_tip_money=eur(300))
    assert amounts(record) == [25, 1, 5, Decimal("2.95"), Decimal("31.95"), True]
    lines = parsed("square", "orders", record).frames["order_lines"]
    assert lines.select("description", "is_goods").rows() == [("Cup Blue", True), ("Wrapping", False), ("Tip", False)]


def test_goods_that_come_back_are_told_of_the_order_that_sold_them() -> None:
    item = {"uid": "r", "source_line_item_uid": "l1", "quantity": "1", "total_tax_money": eur(95), "total_money": eur(1045)}
    free = {"uid": "g", "quantity": "1", "total_money": eur(500)}
    back = order(id="O2", line_items=None, total_money=eur(0),
                 returns=[{"uid": "x", "source_order_id": "O1", "return_line_items": [item, free], "return_amounts": {"total_money": eur(1545)}}])  # fmt: skip
    result = parsed("square", "orders", back)
    assert faults(result) == []
    assert result.frames["orders"].select("order_kind", "total_amount", "is_balanced").row(0) == ("credit", 0, True)
    assert result.frames["returns"].select("order_id", "line_id", "returned_units", "refund_amount").rows() == [
        ("O1", "l1", 1, Decimal("9.5"))
    ]
    rows = result.frames["refunds"].select("order_id", "goods_amount", "tax_amount", "adjustment_amount", "total_amount").rows()
    assert rows == [("O1", Decimal("9.5"), Decimal("0.95"), 0, Decimal("10.45")), ("O1", 0, 0, 5, 5)]


def test_a_parcel_leaves_when_its_fulfilment_is_completed() -> None:
    details = {
        "carrier": "UPS",
        "tracking_number": "1Z",
        "shipped_at": "2026-01-07T09:00:00Z",
        "recipient": {"address": {"postal_code": "10115", "country": "DE"}},
    }
    parcel = {
        "uid": "f",
        "type": "SHIPMENT",
        "state": "COMPLETED",
        "shipment_details": details,
        "entries": [{"line_item_uid": "l1", "quantity": "2"}],
    }
    frames = parsed("square", "orders", order(fulfillments=[parcel, parcel | {"uid": "g", "state": "PROPOSED"}])).frames
    assert frames["shipments"].select("shipment_id", "line_id", "shipped_units", "carrier_code").rows() == [
        ("O1-f", "l1", 2, "UPS")
    ]
    assert frames["orders"].select("ship_to_country_code", "ship_to_postal_code").row(0) == ("DE", "10115")


def test_parts_of_a_unit_wait_in_quarantine_and_the_order_is_kept() -> None:
    result = parsed("square", "orders", order(line(1), line(2, quantity="1.5"), line(3, quantity="3.000"), total=6270))
    assert faults(result) == [(1, "line_items[1]", "ordered_units", "ordered_units can't be read as a whole number")]
    assert result.frames["order_lines"]["ordered_units"].to_list() == [2, 3]


def test_a_person_is_erased_and_the_parcel_stays() -> None:
    parcel = {"uid": "f", "shipment_details": {"tracking_number": "1Z", "recipient": {"display_name": "Jo"}}}
    left = json.loads(_blanked(order(fulfillments=[parcel]), PERSONAL_ORDER))
    assert (left["customer_id"], left["fulfillments"][0]["shipment_details"]) == (
        None,
        {"tracking_number": "1Z", "recipient": {}},
    )


@pytest.mark.reference
def test_squares_own_examples(reference_data: Path) -> None:
    told = json.loads((reference_data / "channel_payloads/square/examples.json").read_text())
    result = parsed("square", "orders", told["RetrieveOrderResponse"]["order"])
    assert faults(result) == []
    assert result.frames["orders"].select("total_amount", "discount_amount", "is_balanced").row(0) == (
        Decimal("5.5"),
        Decimal("5.5"),
        True,
    )
    paid = parsed("square", "payments", *told["ListPaymentsResponse"]["payments"]).frames["payments"]
    assert paid.select("payment_kind", "amount", pl.col("paid_at").dt.year()).rows() == [("capture", Decimal("5.55"), 2021)]
