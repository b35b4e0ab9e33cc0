"""TikTok Shop's records and signatures: tax on or in the price, items cancelled alone, parcels, what goes back. Not here: fetching."""

from decimal import Decimal
from typing import Any

import pytest

from pipelines.channels.tiktok.signing import signature
from tests.channels.api.records import faults, parsed

PLACED, PAID, SHIPPED, FETCHED, THERE = (
    1767654000,
    1767654060,
    1767740400,
    1767747600,
    1767900000,
)  # 2026-01-05 23:00 UTC and later


def item(number: int = 1, **changed: Any) -> dict[str, Any]:
    """10.00 less 1.00 by the seller and 0.50 by the platform, and 0.80 tax: 9.30."""
    return {
        "id": f"i{number}", "sku_id": "17", "seller_sku": "CUP", "product_name": "Cup", "sku_name": "Blue", "original_price": "10.00", "sale_price": "8.50",
        "seller_discount": "1.00", "platform_discount": "0.50", "display_status": "IN_TRANSIT", "item_tax": [{"tax_type": "SALES_TAX", "tax_amount": "0.80"}],
        "package_id": "p1", "package_status": "FULFILLING", "rts_time": SHIPPED, "tracking_number": "94", "shipping_provider_name": "USPS", **changed,
    }  # fmt: skip


def order(*items: dict[str, Any], paid: dict[str, str] | None = None, **changed: Any) -> dict[str, Any]:
    """One such item, shipping 5.00 and 0.40 tax on it: 14.70."""
    payment = {"currency": "EUR", "total_amount": "14.70", "sub_total": "8.50", "shipping_fee": "5.00", "tax": "1.20", "product_tax": "0.80",
               "shipping_fee_tax": "0.40"}  # fmt: skip
    return {
        "id": "576", "status": "IN_TRANSIT", "create_time": PLACED, "update_time": FETCHED, "paid_time": PAID, "collection_time": FETCHED,
        "rts_sla_time": PLACED + 172800, "user_id": "7", "buyer_email": "jo@scs.tiktokw.us", "payment_method_name": "Credit card", "shipping_type": "SELLER",
        "delivery_option_name": "Express Shipping", "warehouse_id": "69", "payment": payment | (paid or {}),
        "recipient_address": {"phone_number": "(+1)213***11", "postal_code": "10115", "region_code": "DE"}, "line_items": list(items or [item()]), **changed,
    }  # fmt: skip


def amounts(record: dict[str, Any]) -> list[Any]:
    row = parsed("tiktok", "orders", record).frames["orders"].row(0, named=True)
    return [*(row[f"{name}_amount"] for name in ("gross", "discount", "shipping", "tax", "total")), row["is_balanced"]]


def test_an_order() -> None:
    result = parsed("tiktok", "orders", order(), locations={"69": "AMS"})
    assert faults(result) == []
    row = result.frames["orders"].row(0, named=True)
    assert (row["location_id"], f"{row['business_date']}", row["payment_status"], row["is_expedited"]) == (
        "AMS",
        "2026-01-06",
        "paid",
        True,
    )
    assert amounts(order()) == [10, Decimal("1.5"), 5, Decimal("1.2"), Decimal("14.7"), True]
    assert result.frames["payments"].select("payment_id", "payment_kind", "amount").rows() == [
        ("576-paid", "capture", Decimal("14.7"))
    ]
    assert result.frames["order_lines"].select("listing_id", "sku", "ordered_units", "net_amount").rows() == [
        ("17", "CUP", 1, Decimal("8.5"))
    ]


def test_a_tax_that_is_in_the_price_comes_off_it() -> None:
    """8.50 and 5.00 are all that was paid, so 0.80 and 0.40 are in them."""
    assert amounts(order(paid={"total_amount": "13.50"})) == [
        Decimal("9.2"),
        Decimal("1.5"),
        Decimal("4.6"),
        Decimal("1.2"),
        Decimal("13.5"),
        True,
    ]


def test_fees_of_the_buyer_are_a_line_that_is_no_goods() -> None:
    record = order(paid={"total_amount": "15.00", "retail_delivery_fee": "0.28", "buyer_service_fee": "0.02"})
    lines = parsed("tiktok", "orders", record).frames["order_lines"]
    assert lines.select("is_goods", "gross_amount").rows() == [(True, 10), (False, Decimal("0.3"))]
    assert amounts(record)[-1] is True


def test_an_item_that_is_cancelled_alone_is_a_cancelled_unit() -> None:
    record = order(
        item(1),
        item(2, display_status="CANCELLED", package_status="CANCELLED"),
        paid={"total_amount": "24.00", "sub_total": "17.00", "tax": "2.00"},
    )
    frames = parsed("tiktok", "orders", record).frames
    assert frames["order_lines"]["cancelled_units"].to_list() == [0, 1]
    assert frames["shipments"]["line_id"].to_list() == ["i1"]


def test_an_order_nobody_paid_is_pending_and_then_cancelled() -> None:
    unpaid = order(status="UNPAID", paid_time=0)
    gone = unpaid | {
        "status": "CANCELLED",
        "cancel_time": SHIPPED,
        "cancellation_initiator": "BUYER",
        "cancel_reason": "Found it cheaper",
    }
    told = [parsed("tiktok", "orders", record) for record in (unpaid, gone)]
    assert [result.frames["orders"]["payment_status"][0] for result in told] == ["pending", "unknown"]
    assert [result.frames["payments"].height for result in told] == [0, 0]
    assert told[1].frames["orders"].select("cancelled_by", "cancel_reason").row(0) == ("customer", "Found it cheaper")


@pytest.mark.parametrize(
    ("shipping", "status", "left"),
    [
        ("SELLER", "PROCESSING", SHIPPED),
        ("TIKTOK", "PROCESSING", None),
        ("TIKTOK", "FULFILLING", FETCHED),
        ("SELLER", "TO_FULFILL", None),
    ],
)
def test_a_parcel_has_left_when_the_seller_sent_it_or_tiktoks_carrier_fetched_it(
    shipping: str, status: str, left: int | None
) -> None:
    frames = parsed("tiktok", "orders", order(item(package_status=status), shipping_type=shipping)).frames
    assert [int(at.timestamp()) for at in frames["shipments"]["shipped_at"]] == ([left] if left else [])
    kinds = ["labelled", "first_scan"] if shipping == "TIKTOK" and left else []
    assert frames["order_events"]["event_kind"].to_list() == kinds


def test_the_arrival_is_told_once_all_have_arrived() -> None:
    parcels = parsed("tiktok", "orders", order(item(package_status="COMPLETED"), status="DELIVERED", delivery_time=THERE)).frames[
        "shipments"
    ]
    assert int(parcels["delivered_at"][0].timestamp()) == THERE


def eur(total: str, shipping: str = "0", tax: str = "0") -> dict[str, str]:
    return {"currency": "EUR", "refund_total": total, "refund_shipping_fee": shipping, "refund_tax": tax}


def back(**changed: Any) -> dict[str, Any]:
    """An item for 28.46, of which shipping 7.99 and tax 1.62."""
    return {
        "return_id": "40", "order_id": "576", "return_type": "RETURN_AND_REFUND", "return_status": "RETURN_OR_REFUND_REQUEST_COMPLETE",
        "return_reason_text": "Too small", "create_time": SHIPPED, "update_time": THERE, "refund_amount": eur("28.46", "7.99", "1.62"),
        "return_line_items": [{"order_line_item_id": "i1", "seller_sku": "CUP", "refund_amount": eur("28.46", "7.99", "1.62")}], **changed,
    }  # fmt: skip


def test_what_came_back_and_what_was_paid_back() -> None:
    result = parsed("tiktok", "returns", back())
    assert faults(result) == []
    assert result.frames["returns"].select("returned_units", "refund_amount", "reason").rows() == [
        (1, Decimal("18.85"), "Too small")
    ]
    assert result.frames["refunds"].select(
        "goods_amount", "shipping_amount", "tax_amount", "total_amount", "restock_kind"
    ).rows() == [(Decimal("18.85"), Decimal("7.99"), Decimal("1.62"), Decimal("28.46"), "returned")]
    assert result.frames["payments"].select("payment_kind", "amount").rows() == [("refund", Decimal("28.46"))]
    assert result.frames["order_events"].select("event_kind", "event_number").rows() == [("return_requested", "40")]


def test_until_it_is_done_nothing_has_come_back_and_nothing_was_paid() -> None:
    frames = parsed("tiktok", "returns", back(return_status="AWAITING_BUYER_SHIP")).frames
    assert frames["returns"].select("returned_units", "refund_amount").rows() == [(0, 0)]
    assert (frames["refunds"].height, frames["payments"].height) == (0, 0)


def test_a_refund_without_return_keeps_the_goods_and_its_rest_falls_to_no_line() -> None:
    frames = parsed("tiktok", "returns", back(return_type="REFUND", refund_amount=eur("30.00"))).frames
    assert frames["returns"]["returned_units"].to_list() == [0]
    assert frames["refunds"].select("line_id", "adjustment_amount", "total_amount", "restock_kind").rows() == [
        ("i1", 0, Decimal("28.46"), "kept"), (None, Decimal("1.54"), Decimal("1.54"), "kept")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "amount", "kind"),
    [
        ("COMPLETE", eur("14.70"), "refund"),
        ("COMPLETE", None, "void"),
        ("PENDING", eur("14.70"), "pending"),
        ("CANCEL", eur("14.70"), "failed"),
    ],
)
def test_a_cancellation_pays_back_what_was_paid(status: str, amount: dict[str, str] | None, kind: str) -> None:
    record = {"cancel_id": "42", "order_id": "576", "cancel_status": f"CANCELLATION_REQUEST_{status}", "create_time": SHIPPED, "update_time": SHIPPED,
              "refund_amount": amount, "cancel_line_items": [{"order_line_item_id": "i1"}]}  # fmt: skip
    frames = parsed("tiktok", "cancellations", record).frames
    assert frames["payments"]["payment_id"].to_list() == ["42-cancelled"]
    assert frames["payments"]["payment_kind"].to_list() == [kind]
    assert frames["refunds"].select("total_amount", "restock_kind").rows() == (
        [(Decimal("14.7"), "cancelled")] if kind == "refund" else []
    )


@pytest.mark.parametrize(
    ("kind", "revenue", "settled", "expected"),
    [("ORDER", "20.00", "17.50", ("charge", 20, Decimal("-2.5"))), ("ORDER", "-20.00", "-20.00", ("refund", -20, 0)),
     ("CHARGE_BACK", "0", "-5.00", ("chargeback", -5, 0)), ("WAREHOUSE_SERVICE_FEE", "0", "-5.00", ("fee", -5, 0)),
     ("LOGISTICS_REIMBURSEMENT", "0", "5.00", ("adjustment", 5, 0))],
)  # fmt: skip
def test_what_is_between_revenue_and_settlement_is_fees(kind: str, revenue: str, settled: str, expected: tuple[Any, ...]) -> None:
    entry = {"statement_id": "72", "statement_time": THERE, "currency": "EUR", "id": "50", "type": kind, "order_id": "0", "adjustment_order_id": "576",
             "revenue_amount": revenue, "settlement_amount": settled}  # fmt: skip
    frame = parsed("tiktok", "payout_entries", entry).frames["payout_entries"]
    assert frame.select("entry_kind", "amount", "fee_amount", "order_id", "payout_id").rows() == [(*expected, "576", "72")]


def test_a_request_is_signed_over_its_path_its_parameters_by_name_and_its_body() -> None:
    """HMAC-SHA256 of `s/xa1b2{}s` under `s`, as OpenSSL makes it; the token and the signature itself are left out."""
    expected = "0c17c85f5d0b7c381fbb69bee53ea07ba72e20d9474900560cd9d2e25ffbd4b0"
    given = signature("s", "/x", {"b": "2", "a": "1", "sign": "old", "access_token": "t"}, b"{}")
    assert given == expected
