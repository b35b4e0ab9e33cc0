"""Answers of the demo's eBay and Square servers held against the platforms' own OpenAPI models. Not here: what they mean."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipelines.demo.servers.ebay import EbayPlatform
from pipelines.demo.servers.server import Clock
from pipelines.demo.servers.shop import load_shop
from pipelines.demo.servers.square import SquarePlatform

AT = datetime(2026, 3, 1, tzinfo=UTC)


def hold(model: dict[str, Any], name: str, records: list[dict[str, Any]]) -> None:
    """Every record is what the model promises under that name, and it names no field that the model lacks."""
    assert records
    fields = set(model["components"]["schemas"][name]["properties"])
    for record in records:
        jsonschema.validate(record, {"$ref": f"#/components/schemas/{name}", "components": model["components"]})
        assert set(record) <= fields, set(record) - fields


@pytest.mark.reference
def test_ebays_orders_and_money(reference_data: Path, demo_files: Path) -> None:
    folder = reference_data / "channel_payloads/ebay"
    platform = EbayPlatform(load_shop(demo_files / "truth", "market_de", 100), Clock(AT))
    fulfilment = json.loads((folder / "sell_fulfillment_v1_oas3.json").read_text())
    orders = platform.records("orders")
    hold(fulfilment, "ShippingFulfillment", [parcel for order in orders for parcel in order.pop("shippingFulfillments")])
    hold(fulfilment, "Order", orders)
    hold(fulfilment, "LineItem", [line for order in orders for line in order["lineItems"]])
    finances = json.loads((folder / "sell_finances_v1_oas3.json").read_text())
    hold(finances, "Payout", platform.records("payouts"))
    hold(finances, "Transaction", platform.records("payout_entries"))


@pytest.mark.reference
def test_squares_orders_payments_and_refunds(reference_data: Path, demo_files: Path) -> None:
    model = json.loads((reference_data / "channel_payloads/square/orders_payments_payouts_subset.openapi.json").read_text())
    platform = SquarePlatform(load_shop(demo_files / "truth", "stores", 300), Clock(AT))
    hold(model, "Order", platform.records("orders"))
    hold(model, "Payment", platform.records("payments"))
    hold(
        model, "PaymentRefund", [{k: v for k, v in refund.items() if k != "order_paid"} for refund in platform.records("refunds")]
    )
    with pytest.raises(jsonschema.ValidationError):
        hold(model, "Order", [{"location_id": 7}])
