"""A marketplace that tells no deliveries and a carrier that does, asked over HTTP. Not here: how numbers are matched (ledger/test_tracking.py)."""

from decimal import Decimal
from typing import Any

import narwhals as nw
import pytest

from benchmarks.trials import PATIENCE
from pipelines.demo.servers import easypost
from pipelines.intake.poll import poll
from pipelines.ledger.load import load, unaccounted_rows
from pipelines.marts.channel_records import channel_records
from pipelines.warehouse.duckdb import Warehouse
from tests.connected import KEY, Connect


def has_scans(warehouse: Warehouse) -> bool:
    """Whether delivery figures of the marketplace are known at all."""
    frames: list[Any] = [nw.from_native(frame.lazy()) for frame in warehouse.read("shipments", "payments").values()]
    told = nw.to_native(channel_records(*frames)).collect()
    return bool(dict(told.select("channel", "has_delivery_scans").rows())["market_de"])


def test_scans_and_labels_reach_the_orders_of_the_shop(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULCAST_EASYPOST_API_KEY", "demo")
    shop, carrier = connect("ebay", orders=60), connect("easypost", orders=60)
    shop.poll()
    shop.load()
    assert not has_scans(shop.warehouse)  # unknown, not late
    parcels = [p for order in shop.shop.orders for p in order.parcels]
    follows = carrier.config.channels[0].model_copy(update={"name": "easypost", "orders_of": "market_de"})
    both = shop.config.model_copy(update={"channels": (*shop.config.channels, follows)})
    assert poll(both, shop.landing, shop.clock.now, PATIENCE).failures == []
    load(both, shop.landing, shop.warehouse, KEY, shop.clock.now)
    told = shop.warehouse.query("""
        SELECT count(DISTINCT shipment_id) FILTER (delivered_at IS NOT NULL), sum(label_cost_amount),
               (SELECT count(*) FROM order_events WHERE event_kind = 'first_scan') FROM shipments""").row(0)
    arrived = sum(
        p.delivered_at is not None and not easypost.is_turned_back(p) and easypost.known_from(p) <= shop.clock.now
        for p in parcels
    )  # type: ignore[operator]
    assert told == (arrived, sum(Decimal(easypost.cost(p)) / 100 for p in parcels), len(parcels))
    assert has_scans(shop.warehouse)
    assert unaccounted_rows(shop.warehouse) == []
    assert load(both, shop.landing, shop.warehouse, KEY, shop.clock.now).balances == []
