"""WooCommerce's and Amazon's records: the platforms' own documented examples, and what they say of refunds, states and parcels."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.channels.amazon.health import COMPONENTS, stated
from pipelines.insights.scorecards import RULES
from tests.channels.api.records import faults, parsed


def woo_order(**changed: Any) -> dict[str, Any]:
    return {
        "id": 7, "number": "7", "status": "completed", "currency": "GBP", "date_created_gmt": "2026-01-05T23:30:00", "date_modified_gmt": "2026-01-08T10:00:00",
        "date_paid_gmt": "2026-01-05T23:31:00", "date_completed_gmt": "2026-01-08T10:00:00", "shipping_total": "5.00", "shipping_tax": "1.00", "total": "28.80",
        "customer_id": 0, "customer_note": "", "payment_method": "card", "transaction_id": "", "meta_data": [],
        "billing": {"email": "jo@example.com", "phone": "0123", "postcode": "B1 1AA", "country": "GB"}, "shipping": {"postcode": "", "country": ""},
        "line_items": [{"id": 71, "name": "Cup", "product_id": 5, "variation_id": 6, "quantity": 2, "subtotal": "20.00", "total": "19.00", "total_tax": "3.80",
                        "sku": "CUP", "meta_data": []}],
        "shipping_lines": [{"method_title": "Express", "total": "5.00", "total_tax": "1.00"}], "fee_lines": [], **changed,
    }  # fmt: skip


def woo_refund(**changed: Any) -> dict[str, Any]:
    item = {
        "id": 1,
        "quantity": -1,
        "total": "-9.50",
        "total_tax": "-1.90",
        "sku": "CUP",
        "meta_data": [{"key": "_refunded_item_id", "value": "71"}],
    }
    return {"id": 90, "parent_id": 7, "date_created_gmt": "2026-01-20T00:30:00", "amount": "12.40", "reason": "broken", "line_items": [item],
            "shipping_lines": [], "fee_lines": [], **changed}  # fmt: skip


def test_a_woocommerce_order() -> None:
    frames = parsed("woocommerce", "orders", woo_order(), time_zone="Europe/London", currency="GBP").frames
    row = frames["orders"].row(0, named=True)
    assert [row[f"{n}_amount"] for n in ("gross", "discount", "shipping", "tax", "total")] == [
        20,
        1,
        5,
        Decimal("4.8"),
        Decimal("28.8"),
    ]
    assert (row["is_balanced"], row["is_expedited"], row["payment_status"], row["ship_to_postal_code"]) == (
        True,
        True,
        "paid",
        "B1 1AA",
    )
    assert row["customer_key"] is None
    assert frames["order_lines"].select("listing_id", "unit_price_amount").row(0) == ("6", 10)
    assert frames["shipments"].select("line_id", "shipped_units").rows() == [("71", 2)]
    assert frames["payments"].select("payment_kind", "amount").rows() == [("capture", Decimal("28.8"))]


@pytest.mark.parametrize(
    ("status", "payment", "is_cancelled", "parcels"),
    [
        ("processing", "paid", False, 0),
        ("pending", "pending", False, 0),
        ("cancelled", "unknown", True, 0),
        ("failed", "failed", False, 0),
        ("refunded", "refunded", False, 0),
    ],
)
def test_woocommerce_states(status: str, payment: str, is_cancelled: bool, parcels: int) -> None:
    result = parsed("woocommerce", "orders", woo_order(status=status, date_paid_gmt=None, date_completed_gmt=None))
    row = result.frames["orders"].row(0, named=True)
    assert (row["payment_status"], row["is_cancelled"], result.frames["shipments"].height) == (payment, is_cancelled, parcels)


def test_a_status_of_a_plugin_is_named_and_the_order_kept() -> None:
    result = parsed("woocommerce", "orders", woo_order(status="awaiting-shipment", date_paid_gmt=None))
    assert [(part, reason[:32]) for _, part, _, reason in faults(result)] == [
        ("payment_status", "payment_status can't be read as ")
    ]
    assert result.frames["orders"]["payment_status"].item() == "unknown"


def test_a_woocommerce_refund_falls_to_its_line_and_the_rest_to_none() -> None:
    frames = parsed("woocommerce", "refunds", woo_refund()).frames
    rows = (
        frames["refunds"]
        .sort("line_number")
        .select("line_id", "goods_amount", "tax_amount", "adjustment_amount", "total_amount")
        .rows()
    )
    assert rows == [(None, 0, 0, 1, 1), ("71", Decimal("9.5"), Decimal("1.9"), 0, Decimal("11.4"))]
    assert frames["returns"].select("return_id", "returned_units", "refund_amount").rows() == [("90", 1, Decimal("9.5"))]
    assert frames["payments"].select("payment_kind", "amount").rows() == [("refund", Decimal("12.4"))]


def amazon_order(**changed: Any) -> dict[str, Any]:
    def usd(amount: str) -> dict[str, str]:
        return {"amount": amount, "currencyCode": "USD"}

    item = {
        "orderItemId": "11", "quantityOrdered": 3, "product": {"asin": "B01", "title": "Cup", "sellerSku": "CUP", "price": {"unitPrice": usd("10.00")}},
        "proceeds": {"breakdowns": [{"type": "ITEM", "subtotal": usd("30.00")}, {"type": "SHIPPING", "subtotal": usd("5.00")},
                                    {"type": "DISCOUNT", "subtotal": usd("-4.00"), "detailedBreakdowns": [{"subtype": "SHIPPING", "value": usd("-1.00")}]},
                                    {"type": "TAX", "subtotal": usd("2.50")}, {"type": "GIFT_WRAP", "subtotal": usd("3.00")}]},
        "fulfillment": {"quantityFulfilled": 2, "quantityUnfulfilled": 0, "packing": {"giftOption": {"giftWrapLevel": "Classic"}}},
    }  # fmt: skip
    return {
        "orderId": "111-1", "createdTime": "2026-01-05T23:30:00Z", "lastUpdatedTime": "2026-01-07T10:00:00Z", "salesChannel": {"channelName": "AMAZON"},
        "buyer": {"buyerEmail": "x@marketplace.amazon.com"}, "recipient": {"deliveryAddress": {"postalCode": "10001", "countryCode": "US"}},
        "proceeds": {"grandTotal": usd("36.50")},
        "fulfillment": {"fulfillmentStatus": "PARTIALLY_SHIPPED", "fulfilledBy": "MERCHANT", "fulfillmentServiceLevel": "NEXT_DAY",
                        "shipByWindow": {"latestDateTime": "2026-01-07T23:59:59Z"}},
        "orderItems": [item],
        "packages": [{"packageReferenceId": "1", "createdTime": "2026-01-06T08:00:00Z", "shipTime": "2026-01-06T09:00:00Z", "carrier": "UPS",
                      "trackingNumber": "1Z", "packageStatus": {"status": "SHIPPED"}, "packageItems": [{"orderItemId": "11", "quantity": 2}]}],
        **changed,
    }  # fmt: skip


def test_an_amazon_order() -> None:
    """30 of goods less 3 discount, 5 shipping less 1, 2.50 tax, 3 for the wrap: 36.50; of three units one was taken off."""
    frames = parsed("amazon", "orders", amazon_order(), time_zone="America/New_York", location="EWR").frames
    row = frames["orders"].row(0, named=True)
    assert [row[f"{n}_amount"] for n in ("gross", "discount", "shipping", "tax", "total")] == [
        33,
        3,
        4,
        Decimal("2.5"),
        Decimal("36.5"),
    ]
    assert (row["is_balanced"], row["is_expedited"], row["is_gift"], row["location_id"]) == (True, True, True, "EWR")
    assert f"{row['business_date']}" == "2026-01-05"
    assert frames["order_lines"].select("ordered_units", "cancelled_units", "is_goods").rows() == [(3, 1, True), (1, 0, False)]
    assert frames["shipments"].select("shipment_id", "sku", "shipped_units", "location_id").rows() == [
        ("111-1-1", "CUP", 2, "EWR")
    ]


def test_a_pending_amazon_order_has_no_price_yet_and_is_kept() -> None:
    pending = amazon_order(proceeds=None, packages=[], fulfillment={"fulfillmentStatus": "PENDING", "fulfilledBy": "AMAZON"},
                           orderItems=[{"orderItemId": "11", "quantityOrdered": 3, "product": {"sellerSku": "CUP"}}])  # fmt: skip
    result = parsed("amazon", "orders", pending, currency="USD")
    assert faults(result) == []
    assert result.frames["orders"].select("payment_status", "location_id", "total_amount").row(0) == ("pending", "FBA", 0)
    assert result.frames["order_lines"]["ordered_units"].to_list() == [3]


def test_fba_stock_counts_reserved_units_as_on_hand() -> None:
    level = {"sellerSku": "CUP", "inventoryDetails": {"fulfillableQuantity": 7, "reservedQuantity": {"totalReservedQuantity": 2},
                                                      "unfulfillableQuantity": {"totalUnfulfillableQuantity": 1}}}  # fmt: skip
    frames = parsed("amazon", "fba_stock", level).frames
    assert frames["stock_levels"].select("location_id", "on_hand_units", "available_units", "unsellable_units").rows() == [
        ("FBA", 9, 7, 1)
    ]


@pytest.mark.reference
def test_amazons_own_examples_balance_to_the_cent(reference_data: Path) -> None:
    model = json.loads((reference_data / "channel_payloads/amazon/orders_2026-01-01.swagger.json").read_text())
    examples = []
    for path in model["paths"].values():
        for case in path["get"]["responses"]["200"].get("x-amzn-api-sandbox", {}).get("static", []):
            examples += case["response"].get("orders", []) + ([case["response"]["order"]] if "order" in case["response"] else [])
    result = parsed("amazon", "orders", *examples)
    assert len(examples) == 6
    assert faults(result) == []
    assert result.frames["orders"].height + result.superseded_rows == 6
    assert result.frames["orders"]["is_balanced"].all()


@pytest.mark.reference
def test_woocommerces_own_examples_balance_to_the_cent(reference_data: Path) -> None:
    examples = []
    for file in sorted((reference_data / "channel_payloads/woocommerce").glob("docs_v3_orders_*.json")):
        told = json.loads(file.read_text())
        examples += told if isinstance(told, list) else [told]
    result = parsed("woocommerce", "orders", *examples)
    assert faults(result) == []
    assert result.frames["orders"]["is_balanced"].all()
    assert set(result.frames["orders"]["order_id"]) == {"723", "727"}


def test_amazons_account_health_is_dated_by_its_range_and_leaves_out_what_it_does_not_state() -> None:
    def rate(value: float | None) -> dict[str, Any]:
        return {
            "rate": value,
            "status": "GOOD",
            "reportingDateRange": {"reportingDateFrom": "2026-10-21T00:00Z", "reportingDateTo": "2026-11-19T23:59Z"},
        }

    metrics = {
        "marketplaceId": "ATVPDKIKX0DER",
        "lateShipmentRate": rate(0.032),
        "validTrackingRate": rate(None),
        "orderDefectRate": {"mfn": rate(0.009)},
    }
    report = json.dumps({"accountStatuses": [], "performanceMetrics": [metrics]}).encode()
    parts = [json.loads(part) for _, part in stated(report)]
    frame = parsed("amazon", "account_health", *parts).frames["account_health"]
    assert frame.sort("component").select("component", "reported_rate", pl.col("reported_date").cast(pl.String)).rows() == [
        ("late shipment rate, 30 days", 0.032, "2026-11-19"),
        ("order defect rate, own-fulfilled, 60 days", 0.009, "2026-11-19"),
    ]
    assert set(COMPONENTS.values()) <= {rule.component for rule in RULES if rule.platform == "amazon"}
