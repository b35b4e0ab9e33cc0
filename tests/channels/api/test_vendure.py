"""Vendure's records, as a real shop gave them: what was placed from what is left, refunds, goods that come back. Not here: fetching."""

import json
from decimal import Decimal
from typing import Any

import pytest

from pipelines.channels.vendure import PERSONAL
from pipelines.erasure import _blanked
from tests.channels.api.records import faults, parsed

AT = "2026-11-30T02:09:{}Z"


def line(left: int = 3, placed: int = 3, **changed: Any) -> dict[str, Any]:
    """Cups at 9.99 and 21 %: 29.97 and 36.26 with tax for three."""
    return {
        "id": "1", "quantity": left, "orderPlacedQuantity": placed, "taxRate": 21, "unitPrice": 999, "unitPriceWithTax": 1209, "linePrice": 999 * left,
        "proratedUnitPrice": 999, "proratedUnitPriceWithTax": 1209, "proratedLinePrice": 999 * left,
        "proratedLinePriceWithTax": round(999 * left * 1.21),
        "productVariant": {"id": "7", "sku": "CUP", "name": "Cup"}, **changed,
    }  # fmt: skip


def told(kind: str, second: str, **data: Any) -> dict[str, Any]:
    return {"type": f"ORDER_{kind}", "createdAt": AT.format(second), "data": data}


def order(*lines: dict[str, Any], history: tuple[dict[str, Any], ...] = (), **changed: Any) -> dict[str, Any]:
    lines = lines or (line(),)
    goods = sum(one["proratedLinePriceWithTax"] for one in lines)
    return {
        "id": "1", "code": "H1E8",
        "state": "PaymentSettled", "type": "Regular", "orderPlacedAt": AT.format("19.127"), "updatedAt": AT.format("18.582"),
        "currencyCode": "EUR", "totalWithTax": goods + changed.get("shippingWithTax", 605), "shipping": 500, "shippingWithTax": 605,
        "channels": [{"code": "__default_channel__", "pricesIncludeTax": False}],
        "customer": {"id": "5", "emailAddress": "Jo@example.com", "phoneNumber": None},
        "shippingAddress": {"countryCode": "NL", "postalCode": "1011AA"},
        "lines": list(lines), "surcharges": [], "modifications": [],
        "shippingLines": [{"shippingMethod": {"name": "Express shipping"}, "discounts": []}], "payments": [payment()], "fulfillments": [],
        "history": {"items": list(history)}, **changed,
    }  # fmt: skip


def payment(*refunds: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {"id": "1", "state": "Settled", "method": "card", "amount": 4231, "createdAt": AT.format("19.029"), "updatedAt": AT.format("19.604"),
            "refunds": list(refunds), **changed}  # fmt: skip


def parcel(units: int, state: str = "Shipped") -> dict[str, Any]:
    return {"id": "4", "state": state, "method": "PostNL", "trackingCode": "3S1", "createdAt": AT.format("19.885"), "updatedAt": AT.format("21.098"),
            "lines": [{"orderLineId": "1", "quantity": units}]}  # fmt: skip


def refund(total: int, *lines: tuple[str, int], **changed: Any) -> dict[str, Any]:
    return {"id": "9", "state": "Settled", "method": "card", "total": total, "reason": "late", "createdAt": AT.format("20.775"),
            "updatedAt": AT.format("21.054"),
            "lines": [{"orderLineId": number, "quantity": units} for number, units in lines], **changed}  # fmt: skip


def amounts(record: dict[str, Any]) -> list[Any]:
    row = parsed("vendure", "orders", record).frames["orders"].row(0, named=True)
    return [*(float(row[f"{name}_amount"]) for name in ("gross", "discount", "shipping", "tax", "total")), row["is_balanced"]]


def test_an_order() -> None:
    result = parsed("vendure", "orders", order())
    assert faults(result) == []
    row = result.frames["orders"].row(0, named=True)
    assert (row["order_number"], row["payment_status"], row["is_expedited"], f"{row['business_date']}") == (
        "H1E8",
        "paid",
        True,
        "2026-11-30",
    )
    assert amounts(order()) == [29.97, 0, 5, 7.34, 42.31, True]
    assert result.frames["order_lines"].select("line_id", "listing_id", "sku", "ordered_units").rows() == [("1", "7", "CUP", 3)]


def test_a_total_that_is_not_the_sum_of_its_parts_is_flagged() -> None:
    assert amounts(order(totalWithTax=4232))[-1] is False


@pytest.mark.parametrize("left", [2, 1, 0])
def test_what_was_placed_is_put_together_again_from_what_is_left(left: int) -> None:
    assert amounts(order(line(left))) == [29.97, 0, 5, 7.34, 42.31, True]
    lines = parsed("vendure", "orders", order(line(left))).frames["order_lines"]
    assert lines.select("ordered_units", "cancelled_units", "cancelled_gross_amount").row(0) == (
        3,
        3 - left,
        Decimal("9.99") * (3 - left),
    )


def test_units_that_were_added_later_and_cancelled_are_told_by_the_history() -> None:
    off = told("CANCELLATION", "21.000", lines=[{"orderLineId": 1, "quantity": 4}])
    lines = parsed("vendure", "orders", order(line(0, 3), history=(off,))).frames["order_lines"]
    assert lines.select("ordered_units", "cancelled_units", "gross_amount").row(0) == (4, 4, Decimal("39.96"))


def test_prices_with_tax_in_them_come_apart_as_the_shop_takes_them_apart() -> None:
    """3 × 10.00 with 21 % in it are 24.79 net: not three times 8.26."""
    included = line(1, unitPrice=826, unitPriceWithTax=1000, linePrice=826, proratedLinePrice=826, proratedLinePriceWithTax=1000)
    record = order(included, channels=[{"code": "__default_channel__", "pricesIncludeTax": True}])
    assert amounts(record) == [24.79, 0, 5, 6.26, 36.05, True]


def test_a_discount_is_the_same_for_each_unit() -> None:
    """1.50 off three cups is 0.50 off each: two are left at 9.49."""
    left = line(2, proratedUnitPrice=949, proratedLinePrice=1898, proratedLinePriceWithTax=2297)
    assert amounts(order(left))[:2] == [29.97, 1.5]


def test_units_that_had_left_come_back_and_those_that_had_not_are_cancelled() -> None:
    history = (
        told("FULFILLMENT_TRANSITION", "20.206", fulfillmentId=4, to="Shipped"),
        told("CANCELLATION", "20.550", lines=[{"orderLineId": 1, "quantity": 1}], reason="gone"),
        told("FULFILLMENT_TRANSITION", "21.098", fulfillmentId=4, to="Delivered"),
        told("CANCELLATION", "21.242", lines=[{"orderLineId": 1, "quantity": 1}], reason="came back"),
    )
    record = order(line(1), fulfillments=[parcel(2, "Delivered")], history=history)
    frames = parsed("vendure", "orders", record).frames
    assert frames["order_lines"]["cancelled_units"].to_list() == [1]
    back = frames["returns"].select("return_id", "returned_units", "refund_amount", "reason", "sku").rows()
    assert back == [("1-2", 1, Decimal("9.99"), "came back", "CUP")]
    sent = frames["shipments"].row(0, named=True)
    assert (sent["shipped_units"], sent["shipped_at"].microsecond, sent["delivered_at"].microsecond) == (2, 206_000, 98_000)
    assert amounts(record) == [29.97, 0, 5, 7.34, 42.31, True]


def test_an_order_is_cancelled_only_if_nothing_had_left() -> None:
    history = (told("CANCELLATION", "21.000", lines=[{"orderLineId": 1, "quantity": 3}], reason="lost"),
               told("STATE_TRANSITION", "21.000", to="Cancelled"))  # fmt: skip
    waived = [
        {
            "shippingMethod": {"name": "Standard"},
            "discounts": [{"adjustmentSource": "CANCEL_ORDER", "amount": -500, "amountWithTax": -605}],
        }
    ]
    off = order(line(0), state="Cancelled", shipping=0, shippingWithTax=0, shippingLines=waived, history=history)
    row = parsed("vendure", "orders", off).frames["orders"].row(0, named=True)
    assert (row["is_cancelled"], row["cancel_reason"], float(row["total_amount"]), row["is_balanced"]) == (
        True,
        "lost",
        42.31,
        True,
    )
    sent = parsed("vendure", "orders", order(line(0), state="Cancelled", fulfillments=[parcel(3)], history=history)).frames
    assert (sent["orders"]["is_cancelled"][0], sent["orders"]["cancelled_at"][0], sent["returns"]["returned_units"].sum()) == (
        False,
        None,
        3,
    )


def test_refunds_are_worth_what_their_lines_were_and_the_rest_is_an_adjustment() -> None:
    given = parsed("vendure", "orders", order(payments=[payment(refund(1500, ("1", 1)))])).frames["refunds"]
    assert given.select("line_id", "refunded_units", "goods_amount", "tax_amount", "adjustment_amount").rows() == [
        (None, 0, 0, 0, Decimal("2.91")), ("1", 1, Decimal("9.99"), Decimal("2.1"), 0),
    ]  # fmt: skip
    assert given["total_amount"].sum() == 15


def test_a_refund_that_waits_is_no_refund_yet() -> None:
    frames = parsed("vendure", "orders", order(payments=[payment(refund(500, state="Pending"))])).frames
    assert frames["refunds"].height == 0
    assert frames["payments"].select("payment_id", "payment_kind").rows() == [("1", "capture"), ("refund-9", "pending")]


@pytest.mark.parametrize(
    ("payments", "status"),
    [([], "unknown"), ([payment(state="Authorized")], "pending"), ([payment(state="Declined")], "failed"), ([payment(amount=100)], "partially_paid"),
     ([payment(refund(4231))], "refunded")],
)  # fmt: skip
def test_the_status_of_the_payment_follows_from_the_payments(payments: list[Any], status: str) -> None:
    assert parsed("vendure", "orders", order(payments=payments)).frames["orders"]["payment_status"][0] == status


def test_a_line_that_cannot_be_read_waits_in_quarantine_and_the_order_is_kept() -> None:
    result = parsed("vendure", "orders", order(line(), line(id="2", quantity="two")))
    assert faults(result)[0][1:3] == ("lines[1]", "ordered_units")
    assert result.frames["order_lines"]["line_id"].to_list() == ["1"]
    assert result.frames["orders"]["is_incomplete"][0]


def test_a_person_is_erased_and_the_order_stays() -> None:
    left = json.loads(_blanked(order(), PERSONAL))
    assert set(left["customer"].values()) == {None}
    assert left["shippingAddress"] == {"countryCode": "NL", "postalCode": None}
    assert left["lines"] == order()["lines"]


def test_products_have_their_facets_and_stock_what_is_not_reserved() -> None:
    shared = {"id": "3", "facetValues": [{"name": "Kitchen", "facet": {"code": "category"}}]}
    variant = {
        "sku": "CUP",
        "name": "Cup blue",
        "facetValues": [{"name": "Delft", "facet": {"code": "brand"}}],
        "product": shared,
    }
    product = parsed("vendure", "products", variant).frames["products"]
    assert product.select("sku", "description", "category", "brand", "style_id").row(0) == (
        "CUP",
        "Cup blue",
        "Kitchen",
        "Delft",
        "3",
    )
    level = {
        "sku": "CUP",
        "id": "1",
        "updatedAt": AT.format("19.127"),
        "stockOnHand": 9,
        "stockAllocated": 3,
        "stockLocation": {"id": "1", "name": "x"},
    }
    stock = parsed("vendure", "stock", level, locations={"1": "AMS"}).frames["stock_levels"]
    assert stock.select("location_id", "on_hand_units", "available_units", "unsellable_units").row(0) == ("AMS", 9, 6, 0)
