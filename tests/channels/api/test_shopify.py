"""Shopify's Order objects, field by field: amounts, edits, refunds, parcels, customers. Not here: fetching them."""

import copy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from pipelines.channels.documents import pseudonyms
from pipelines.channels.shopify.fetch import assembled
from tests.channels.api.records import KEY, faults, parsed


def bag(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount}, "presentmentMoney": {"amount": amount}}


def line(number: int, units: int = 2, price: str = "10.00", **changed: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}", "name": f"Cup {number}", "sku": f"CUP-{number}", "quantity": units, "currentQuantity": units,
        "isGiftCard": False, "requiresShipping": True, "variant": {"id": f"gid://shopify/ProductVariant/7{number}"}, "customAttributes": [],
        "originalUnitPriceSet": bag(price), "originalTotalSet": bag(f"{Decimal(price) * units}"), "discountAllocations": [], "taxLines": [], "duties": [],
        **changed,
    }  # fmt: skip


def order(*lines: dict[str, Any], total: str = "25.00", **changed: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Order/1", "legacyResourceId": "1", "name": "#1001", "createdAt": "2026-01-05T23:30:00Z", "processedAt": "2026-01-06T00:10:00Z",
        "updatedAt": "2026-01-06T00:10:00Z", "cancelledAt": None, "cancelReason": None, "test": False, "edited": False, "note": None, "tags": [],
        "email": "Jo@Example.com", "phone": None, "currencyCode": "EUR", "presentmentCurrencyCode": "EUR", "taxesIncluded": False,
        "displayFinancialStatus": "PAID", "customAttributes": [], "customer": {"id": "gid://shopify/Customer/9"},
        "shippingAddress": {"countryCodeV2": "NL", "zip": "1012 AB"}, "totalPriceSet": bag(total), "additionalFees": [], "transactions": [],
        "shippingLines": {"nodes": [{"title": "Standard", "isRemoved": False, "discountedPriceSet": bag("5.00"), "taxLines": []}]},
        "lineItems": {"nodes": list(lines or (line(1),))}, "fulfillmentOrders": {"nodes": []}, "fulfillments": [], "refunds": [],
        "returns": {"nodes": []}, "events": {"nodes": []}, **changed,
    }  # fmt: skip


def refund(number: int, *lines: tuple[int, int, str, str, str], adjustment: str | None = None) -> dict[str, Any]:
    """Lines are (line, units, goods, tax, restock type)."""
    return {
        "id": f"gid://shopify/Refund/{number}", "createdAt": "2026-01-12T10:00:00Z", "processedAt": "2026-01-12T10:00:00Z", "note": "too small",
        "totalRefundedSet": bag("0"), "return": None, "duties": [], "refundShippingLines": {"nodes": []},
        "refundLineItems": {"nodes": [
            {"quantity": units, "restockType": fate, "subtotalSet": bag(goods), "totalTaxSet": bag(tax), "lineItem": {"id": f"gid://shopify/LineItem/{n}"}}
            for n, units, goods, tax, fate in lines]},
        "orderAdjustments": {"nodes": [{"amountSet": bag(f"-{adjustment}"), "taxAmountSet": bag("0")}] if adjustment else []},
    }  # fmt: skip


def read(*records: dict[str, Any], **context: Any) -> dict[str, pl.DataFrame]:
    result = parsed("shopify", "orders", *records, **context)
    assert faults(result) == []
    return result.frames


def test_discount_tax_shipping_and_duty_stand_apart_and_sum_to_the_total() -> None:
    taxed = line(1, discountAllocations=[{"allocatedAmountSet": bag("2.00")}, {"allocatedAmountSet": bag("1.00")}],
                 taxLines=[{"priceSet": bag("3.57")}], duties=[{"price": bag("1.10")}])  # fmt: skip
    shipping = {"nodes": [{"title": "Express", "isRemoved": False, "discountedPriceSet": bag("5.00"), "taxLines": [{"priceSet": bag("1.05")}]},
                          {"title": "Old", "isRemoved": True, "discountedPriceSet": bag("9.00"), "taxLines": []}]}  # fmt: skip
    row = read(order(taxed, total="27.72", shippingLines=shipping))["orders"].row(0, named=True)
    amounts = [row[f"{n}_amount"] for n in ("gross", "discount", "shipping", "tax", "duty", "total")]
    assert amounts == [Decimal(a) for a in ("20", "3", "5", "4.62", "1.10", "27.72")]
    assert row["is_balanced"]
    assert row["is_expedited"]
    assert not read(order(taxed, total="27.70", shippingLines=shipping))["orders"]["is_balanced"].item()


def test_prices_that_include_tax_are_kept_without_it() -> None:
    included = line(1, 1, "121.00", taxLines=[{"priceSet": bag("21.00")}])
    shipping = {
        "nodes": [
            {"title": "Standard", "isRemoved": False, "discountedPriceSet": bag("12.10"), "taxLines": [{"priceSet": bag("2.10")}]}
        ]
    }
    row = read(order(included, total="133.10", taxesIncluded=True, shippingLines=shipping))["orders"].row(0, named=True)
    assert [row[f"{n}_amount"] for n in ("gross", "shipping", "tax", "total")] == [100, 10, Decimal("23.1"), Decimal("133.1")]
    assert row["is_balanced"]


def test_business_dates_by_placing_and_by_processing() -> None:
    row = read(order())["orders"].row(0, named=True)
    assert (row["business_date"], row["processed_date"]) == (date(2026, 1, 6), date(2026, 1, 6))
    row = read(order(createdAt="2026-01-05T22:30:00Z"))["orders"].row(0, named=True)
    assert (row["business_date"], row["processed_date"]) == (date(2026, 1, 5), date(2026, 1, 6))


def test_an_edit_takes_units_off_and_the_removal_is_no_return() -> None:
    """Three of 10.00 ordered, one taken off again: Shopify leaves the quantity and tells of a refund that cancels."""
    frames = read(
        order(line(1, 3, currentQuantity=2), total="35.00", edited=True, refunds=[refund(5, (1, 1, "10.00", "0", "CANCEL"))])
    )
    kept = frames["order_lines"].row(0, named=True)
    assert (kept["ordered_units"], kept["cancelled_units"], kept["cancelled_gross_amount"]) == (3, 1, 10)
    assert frames["returns"].is_empty()
    assert frames["orders"]["is_changed"].item()
    assert frames["orders"]["is_balanced"].item()


def test_an_edit_that_no_refund_tells_of_shows_in_the_current_quantity() -> None:
    kept = read(order(line(1, 3, currentQuantity=1), total="35.00"))["order_lines"].row(0, named=True)
    assert (kept["cancelled_units"], kept["cancelled_gross_amount"]) == (2, 20)


def test_refunds_per_line_and_what_no_line_bears() -> None:
    frames = read(order(line(1), line(2), total="45.00", refunds=[
        refund(5, (1, 1, "10.00", "2.10", "RETURN"), (2, 1, "9.00", "0", "NO_RESTOCK"), adjustment="3.00")]))  # fmt: skip
    rows = (
        frames["refunds"]
        .select("line_number", "line_id", "goods_amount", "tax_amount", "adjustment_amount", "total_amount", "restock_kind")
        .rows()
    )
    first, second = (f"gid://shopify/LineItem/{n}" for n in (1, 2))
    assert rows == [
        (1, first, 10, Decimal("2.1"), 0, Decimal("12.1"), "returned"),
        (2, second, 9, 0, 0, 9, "kept"),
        (3, None, 0, 0, 3, 3, "unknown"),
    ]
    back = frames["returns"].select("return_id", "sku", "returned_units", "refund_amount", "business_date").rows()
    assert back == [("5", "CUP-1", 1, 10, date(2026, 1, 12)), ("5", "CUP-2", 0, 9, date(2026, 1, 12))]


def test_an_exchange_brings_goods_back_without_a_refund() -> None:
    back = {"id": "gid://shopify/Return/3", "status": "CLOSED", "createdAt": "2026-01-10T08:00:00Z", "closedAt": "2026-01-15T08:00:00Z",
            "returnLineItems": {"nodes": [{"quantity": 1, "returnReasonNote": "wrong colour",
                                           "fulfillmentLineItem": {"lineItem": {"id": "gid://shopify/LineItem/1"}}}]}}  # fmt: skip
    frames = read(order(returns={"nodes": [back]}))
    assert frames["returns"].select("return_id", "returned_units", "refund_amount", "reason").rows() == [
        ("3", 1, 0, "wrong colour")
    ]
    assert frames["order_events"].select("event_kind", "event_number").rows() == [("return_requested", "3")]


def test_split_shipments_partial_captures_and_stages() -> None:
    def parcel(number: int, line_number: int, day: str) -> dict[str, Any]:
        return {"id": f"gid://shopify/Fulfillment/{number}", "status": "SUCCESS", "createdAt": f"{day}T08:00:00Z", "updatedAt": f"{day}T08:00:00Z",
                "deliveredAt": None, "inTransitAt": f"{day}T18:00:00Z", "location": {"id": "gid://shopify/Location/71"},
                "trackingInfo": [{"company": "PostNL", "number": f"3S{number}"}],
                "events": {"nodes": [{"status": "LABEL_PRINTED", "happenedAt": f"{day}T07:00:00Z"}]},
                "fulfillmentLineItems": {"nodes": [{"quantity": 2, "lineItem": {"id": f"gid://shopify/LineItem/{line_number}"}}]}}  # fmt: skip

    def payment(number: int, kind: str, amount: str, status: str = "SUCCESS") -> dict[str, Any]:
        return {"id": f"gid://shopify/OrderTransaction/{number}", "kind": kind, "status": status, "gateway": "card", "amountSet": bag(amount),
                "createdAt": "2026-01-06T09:00:00Z", "processedAt": None}  # fmt: skip

    frames = read(order(
        line(1), line(2), total="45.00", fulfillments=[parcel(8, 1, "2026-01-07"), parcel(9, 2, "2026-01-09")],
        transactions=[payment(1, "AUTHORIZATION", "45.00"), payment(2, "CAPTURE", "25.00"), payment(3, "CAPTURE", "20.00"),
                      payment(4, "SALE", "45.00", "FAILURE"), payment(5, "SUGGESTED_REFUND", "1.00")],
        fulfillmentOrders={"nodes": [{"id": "gid://shopify/FulfillmentOrder/6", "createdAt": "2026-01-06T00:20:00Z",
                                      "assignedLocation": {"location": {"id": "gid://shopify/Location/71"}}}]}), locations={"71": "AMS"})  # fmt: skip
    sent = frames["shipments"].select("shipment_id", "sku", "shipped_units", "location_id", "tracking_number").rows()
    assert sent == [("8", "CUP-1", 2, "AMS", "3S8"), ("9", "CUP-2", 2, "AMS", "3S9")]
    assert frames["payments"]["payment_kind"].to_list() == ["authorisation", "capture", "capture", "failed"]
    assert frames["orders"]["paid_at"].item() == datetime(2026, 1, 6, 9, tzinfo=UTC)
    assert frames["orders"]["location_id"].item() == "AMS"
    stages = set(frames["order_events"]["event_kind"])
    assert stages == {"allocated", "labelled", "first_scan"}


def test_mails_confirm_the_stage_that_was_reached() -> None:
    parcel = {"id": "gid://shopify/Fulfillment/8", "status": "SUCCESS", "createdAt": "2026-01-07T08:00:00Z", "updatedAt": None, "deliveredAt": None,
              "inTransitAt": None, "location": None, "trackingInfo": [], "events": {"nodes": []},
              "fulfillmentLineItems": {"nodes": [{"quantity": 2, "lineItem": {"id": "gid://shopify/LineItem/1"}}]}}  # fmt: skip
    mails = [
        {"action": "mail_sent", "createdAt": at}
        for at in ("2026-01-05T23:31:00Z", "2026-01-07T08:01:00Z", "2026-01-12T10:01:00Z")
    ]
    frames = read(
        order(
            fulfillments=[parcel],
            refunds=[refund(5, (1, 1, "10.00", "0", "RETURN"))],
            events={"nodes": [*mails, {"action": "placed", "createdAt": "2026-01-05T23:30:00Z"}]},
        )
    )
    kinds = frames["order_events"].sort("occurred_at")["event_kind"].to_list()
    assert kinds == ["order_confirmed", "shipping_confirmed", "refund_confirmed"]


@pytest.mark.parametrize(
    ("reason", "by"), [("CUSTOMER", "customer"), ("INVENTORY", "seller"), ("FRAUD", "fraud"), ("DECLINED", "fraud")]
)
def test_a_cancelled_order_keeps_its_lines_cancelled(reason: str, by: str) -> None:
    frames = read(order(cancelledAt="2026-01-06T08:00:00Z", cancelReason=reason))
    assert frames["orders"].select("is_cancelled", "cancelled_by").row(0) == (True, by)
    assert frames["order_lines"].select("cancelled_units", "cancelled_gross_amount").row(0) == (2, 20)


def test_gift_cards_tests_fees_and_special_handling() -> None:
    frames = read(order(line(1, customAttributes=[{"key": "engraving"}]), line(2, 1, "50.00", isGiftCard=True, requiresShipping=False), total="78.00",
                        test=True, note="ring twice", tags=["gift-wrap"], additionalFees=[{"name": "Cash on delivery", "price": bag("3.00")}]))  # fmt: skip
    flags = frames["orders"].select("is_test", "has_note", "is_gift", "is_customised", "is_balanced").row(0)
    assert flags == (True, True, True, True, True)
    assert frames["order_lines"].select("is_goods", "is_gift_card").rows() == [(True, False), (False, True), (False, False)]


def test_the_customers_currency_stands_beside_the_shops() -> None:
    foreign = order(
        presentmentCurrencyCode="USD", totalPriceSet={"shopMoney": {"amount": "25.00"}, "presentmentMoney": {"amount": "29.10"}}
    )
    row = read(foreign)["orders"].row(0, named=True)
    assert (row["currency_code"], row["total_amount"]) == ("EUR", 25)
    assert (row["presentment_currency_code"], row["presentment_total_amount"]) == ("USD", Decimal("29.1"))


def test_persons_are_pseudonyms_that_stay_equal() -> None:
    first, second = read(
        order(), copy.deepcopy(order(id="gid://shopify/Order/2", legacyResourceId="2", email="jo@example.com "))
    )["orders"]["email_key"]
    assert first == second == pseudonyms(KEY)(pl.Series(["jo@example.com"])).item()
    assert "example" not in first


def test_a_broken_line_costs_itself_and_no_more() -> None:
    """Of three lines one has a quantity of 'two': it waits in quarantine under its place, the others are kept and the order says so."""
    result = parsed("shopify", "orders", order(line(1), line(2, quantity="two"), line(3), total="65.00"))
    assert faults(result) == [(1, "lineItems.nodes[1]", "ordered_units", "ordered_units can't be read as a whole number")]
    assert result.frames["order_lines"]["sku"].to_list() == ["CUP-1", "CUP-3"]
    assert result.frames["orders"]["is_incomplete"].item()


def test_a_record_without_what_an_order_needs_waits_as_a_whole() -> None:
    result = parsed("shopify", "orders", order(createdAt="soon"), {}, b'{"id": "gid', order())
    assert [(row, part) for row, part, *_ in faults(result)] == [(1, ""), (2, ""), (3, "")]
    assert result.frames["orders"].height == 1


def test_personal_values_are_masked_in_quarantine() -> None:
    result = parsed("shopify", "orders", order(customer="gid://shopify/Customer/9"))
    assert faults(result) == [(1, "customer", "customer", "customer is not an object")]
    assert result.quarantine["value"].to_list() == [None]


def test_lists_that_shopify_promises_are_missed() -> None:
    result = parsed("shopify", "orders", order(lineItems={"nodes": "none"}))
    assert faults(result) == [(1, "lineItems", "lineItems", "lineItems is missing or not a list")]


def test_the_newest_version_in_a_batch_wins_and_sums_only_its_own_lines() -> None:
    result = parsed("shopify", "orders", order(line(1)), order(line(1), line(2), total="45.00"))
    assert result.superseded_rows == 1
    assert result.frames["orders"]["total_amount"].to_list() == [45]
    assert result.frames["order_lines"].height == 2


def test_children_of_a_bulk_file_find_their_order() -> None:
    lines = [b'{"id":"gid://shopify/Order/1"}', b'{"id":"gid://shopify/LineItem/11","__parentId":"gid://shopify/Order/1"}',
             b'{"id":"gid://shopify/ShippingLine/12","__parentId":"gid://shopify/Order/1"}', b'{"id":"gid://shopify/Order/2"}']  # fmt: skip
    first, second = assembled(lines, 4)
    assert first.count(b"__parentId") == 2
    assert b'"lineItems":{"nodes":[{"id":"gid://shopify/LineItem/11"' in first
    assert b'"lineItems":{"nodes":[]}' in second
    with pytest.raises(Exception, match="holds 3 of 4 objects"):
        list(assembled(lines[:3], 4))
