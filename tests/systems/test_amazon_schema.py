"""Answers of the demo's Amazon server held against Amazon's own OpenAPI model. Not here: what they mean."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from pipelines.demo.servers.amazon import AmazonPlatform
from pipelines.demo.servers.server import Clock
from pipelines.demo.servers.shop import load_shop


@pytest.mark.reference
def test_orders_are_what_the_model_promises(reference_data: Path, demo_files: Path) -> None:
    model = json.loads((reference_data / "channel_payloads/amazon/orders_2026-01-01.swagger.json").read_text())
    shop = load_shop(demo_files / "truth", "amazon_us", 150)
    for moment in (shop.orders[0].placed_at, shop.orders[75].placed_at, datetime(2026, 3, 1, tzinfo=UTC)):
        platform = AmazonPlatform(shop, Clock(moment))
        orders = [platform._order(order, moment) for order in shop.orders if order.placed_at <= moment]
        schema = {"$ref": "#/definitions/SearchOrdersResponse", "definitions": model["definitions"]}
        jsonschema.validate({"orders": orders}, schema)
    assert len(orders) == 150
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"orders": [orders[0] | {"orderItems": "none"}]}, schema)
