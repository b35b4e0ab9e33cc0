"""A shop whose modified date stands still while orders are paid, sent and refunded: what polls alone bring. Not here: whole lives."""

from datetime import timedelta

import pytest

from pipelines.channels.base import ChannelError, kind_of
from pipelines.demo.servers.vendure import VendurePlatform
from pipelines.demo.servers.vendure_nodes import moving
from pipelines.intake.connection import open_channel
from tests.connected import Connect, Connected

SOON = timedelta(minutes=5)


def held(shop: Connected) -> dict[str, int]:
    """How many refunds and parcels the ledger holds by now."""
    shop.load()
    read = "SELECT (SELECT count(*) FROM payments WHERE payment_kind = 'refund') AS refunds, (SELECT count(DISTINCT shipment_id) FROM shipments) AS parcels"
    return dict(shop.warehouse.query(read).row(0, named=True))


def test_a_poll_brings_what_the_orders_modified_date_does_not_move_for(connect: Connect) -> None:
    """Looked at five minutes after some of what happened in the last days, without any reconciliation."""
    shop = connect("vendure", orders=40)
    end = shop.shop.last_moment
    week = [order for order in shop.shop.orders if order.placed_at > end - timedelta(days=12)]
    silent = [
        at
        for order in week
        for at in (*(r.at for r in order.refunds), *(p.shipped_at for p in order.parcels))
        if at not in moving(order)
    ]
    assert len(silent) > 5
    shop.clock.now = end - timedelta(days=12)
    shop.poll()
    for at in sorted(silent)[:: len(silent) // 5]:
        shop.clock.now = at + SOON
        assert shop.poll().failures == []
    shop.clock.now = end + SOON
    shop.poll()
    refunds = sum(len(order.refunds) for order in shop.shop.orders)
    parcels = sum(len(order.parcels) for order in shop.shop.orders)
    assert held(shop) == {"refunds": refunds, "parcels": parcels}
    assert sum(shop.reconcile().stale.values()) == 0


def test_a_wrong_password_and_another_money_are_named(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = connect("vendure")
    channel = shop.config.fetched[0]
    assert kind_of("vendure").check(open_channel(channel)) == (
        "Vendure answers: channel __default_channel__, currency GBP, prices without tax, stock in Default Stock Location (1)."
    )
    platform = shop.server.platform
    assert isinstance(platform, VendurePlatform)
    monkeypatch.setattr(platform, "decimals", 4)
    with pytest.raises(ChannelError, match="4 decimals"):
        kind_of("vendure").check(open_channel(channel))
    monkeypatch.setattr(platform, "refuses", True)
    with pytest.raises(ChannelError, match="credentials are invalid"):
        kind_of("vendure").check(open_channel(channel))


def test_a_table_that_another_feed_tells_better_is_not_asked_for(connect: Connect) -> None:
    shop = connect("vendure", orders=40, leave_out=("products", "refunds"))
    assert set(shop.poll().landed) == {"shop_uk.orders", "shop_uk.stock"}
    assert shop.load().refused == []
    counted = shop.warehouse.query(
        "SELECT (SELECT count(*) FROM products) AS products, (SELECT count(*) FROM refunds) AS refunds"
    ).row(0)
    assert (shop.orders(), counted) == (40, (0, 0))
