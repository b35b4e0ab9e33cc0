"""eBay's records: what an order's fields mean, refunds that no line bears, fees by the kind of transaction. Not here: fetching."""

from decimal import Decimal
from typing import Any

import pytest

from tests.channels.api.records import faults, parsed


def eur(value: str) -> dict[str, str]:
    return {"value": value, "currency": "EUR"}


def order(**changed: Any) -> dict[str, Any]:
    """2 × 10.00 less 3.00, delivery 4.90 less 0.90, tax 1.00: 22.00."""
    line = {
        "lineItemId": "1", "legacyItemId": "110", "legacyVariationId": "7", "sku": "CUP", "title": "Cup", "quantity": 2, "lineItemCost": eur("20.00"),
        "discountedLineItemCost": eur("17.00"), "taxes": [{"amount": eur("1.00")}],
        "lineItemFulfillmentInstructions": {"shipByDate": "2026-01-08T22:59:59.000Z"},
        "refunds": [{"refundId": "r1", "refundDate": "2026-01-20T10:00:00.000Z", "amount": eur("8.50")}],
    }  # fmt: skip
    return {
        "orderId": "12-34", "creationDate": "2026-01-05T23:30:00.000Z", "lastModifiedDate": "2026-01-20T10:00:00.000Z",
        "orderPaymentStatus": "PARTIALLY_REFUNDED",
        "buyer": {"username": "jo_buys"}, "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "pricingSummary": {"priceSubtotal": eur("20.00"), "deliveryCost": eur("4.90"), "deliveryDiscount": eur("-0.90"), "tax": eur("1.00"),
                           "total": eur("22.00")},
        "fulfillmentStartInstructions": [{"shippingStep": {"shippingServiceCode": "DE_Express", "shipTo": {
            "email": "jo@example.com", "contactAddress": {"countryCode": "DE", "postalCode": "10115"}}}}],
        "paymentSummary": {"payments": [{"paymentReferenceId": "p1", "paymentMethod": "EBAY", "paymentStatus": "PAID", "paymentDate": "2026-01-05T23:31:00Z",
                                         "amount": eur("22.00")}],
                           "refunds": [{"refundId": "r1", "refundDate": "2026-01-20T10:00:00.000Z", "refundStatus": "REFUNDED", "amount": eur("10.00")}]},
        "lineItems": [line],
        "shippingFulfillments": [{"fulfillmentId": "f1", "shipmentTrackingNumber": "00", "shippedDate": "2026-01-07T09:00:00.000Z",
                                  "shippingCarrierCode": "DHL",
                                  "lineItems": [{"lineItemId": "1", "quantity": 2}]}], **changed,
    }  # fmt: skip


def test_an_order() -> None:
    result = parsed("ebay", "orders", order(), location="AMS")
    assert faults(result) == []
    row = result.frames["orders"].row(0, named=True)
    assert [row[f"{n}_amount"] for n in ("gross", "discount", "shipping", "tax", "total")] == [20, 3, 4, 1, 22]
    assert (row["is_balanced"], row["is_expedited"], row["payment_status"], row["ship_to_postal_code"], row["location_id"]) == (
        True,
        True,
        "paid",
        "10115",
        "AMS",
    )
    assert f"{row['business_date']} {row['ship_by_at']:%m-%d}" == "2026-01-06 01-08"
    assert result.frames["order_lines"].select("listing_id", "unit_price_amount", "net_amount").row(0) == ("110-7", 10, 17)
    assert result.frames["payments"].select("payment_id", "payment_kind", "amount").rows() == [
        ("p1", "capture", 22),
        ("r1", "refund", 10),
    ]
    assert result.frames["shipments"].select("shipment_id", "sku", "shipped_units").rows() == [("12-34-f1", "CUP", 2)]


def test_a_refund_falls_to_its_line_and_the_rest_to_none() -> None:
    rows = (
        parsed("ebay", "orders", order())
        .frames["refunds"]
        .select("line_id", "sku", "goods_amount", "adjustment_amount", "total_amount")
        .rows()
    )
    assert rows == [(None, None, 0, Decimal("1.5"), Decimal("1.5")), ("1", "CUP", Decimal("8.5"), 0, Decimal("8.5"))]


def test_a_cancelled_order_says_who_cancelled_it() -> None:
    cancel = {
        "cancelState": "CANCELED",
        "cancelledDate": "2026-01-06T10:00:00.000Z",
        "cancelRequests": [{"cancelInitiator": "BUYER", "cancelReason": "WRONG"}],
    }
    frames = parsed("ebay", "orders", order(cancelStatus=cancel)).frames
    assert frames["orders"].select("is_cancelled", "cancelled_by", "cancel_reason").row(0) == (True, "customer", "wrong")
    assert frames["order_lines"]["cancelled_units"].to_list() == [2]


def test_an_adjustment_is_a_line_that_is_no_goods() -> None:
    pricing = order()["pricingSummary"] | {"adjustment": eur("-2.00"), "total": eur("20.00")}
    frames = parsed("ebay", "orders", order(pricingSummary=pricing)).frames
    assert frames["orders"].select("total_amount", "is_balanced").row(0) == (20, True)
    assert frames["order_lines"].select("is_goods", "gross_amount").rows() == [(True, 20), (False, -2)]


@pytest.mark.parametrize(
    ("kind", "booking", "expected"),
    [
        ("SALE", "CREDIT", ("charge", 22, -2, 20)), ("REFUND", "DEBIT", ("refund", -22, 2, -20)), ("NON_SALE_CHARGE", "DEBIT", ("fee", -20, 0, -20)),
        ("SHIPPING_LABEL", "DEBIT", ("fee", -20, 0, -20)), ("DISPUTE", "DEBIT", ("chargeback", -20, 0, -20)), ("NEWS", "CREDIT", ("other", 20, 0, 20)),
    ],
)  # fmt: skip
def test_transactions_are_stated_after_their_fees(kind: str, booking: str, expected: tuple[Any, ...]) -> None:
    entry = {"transactionId": "t", "transactionType": kind, "transactionDate": "2026-01-05T23:31:00.000Z", "bookingEntry": booking, "amount": eur("20.00"),
             "totalFeeAmount": eur("2.00"), "payoutId": "5"}  # fmt: skip
    rows = (
        parsed("ebay", "payout_entries", entry)
        .frames["payout_entries"]
        .select("entry_kind", "amount", "fee_amount", "net_amount")
        .rows()
    )
    assert rows == [expected]


def test_a_transaction_without_its_side_is_not_guessed() -> None:
    entry = {
        "transactionId": "t",
        "transactionType": "SALE",
        "transactionDate": "2026-01-05T23:31:00.000Z",
        "amount": eur("20.00"),
    }
    assert [reason for *_, reason in faults(parsed("ebay", "payout_entries", entry))] == ["amount is blank"]
