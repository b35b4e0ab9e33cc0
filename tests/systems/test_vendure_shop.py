"""A real Vendure shop: bought from, traded in and loaded again and again; after every step the ledger is what the shop's database says.

FULCAST_VENDURE_ORDERS says how many orders; 200 take about three minutes.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from graphql import build_client_schema, execute, get_introspection_query, parse, validate

from benchmarks.fuzz import originals
from pipelines.channels.mapping import Config
from pipelines.channels.vendure import queries
from pipelines.demo.servers.shop import load_shop
from pipelines.intake.connection import secret_variable
from pipelines.intake.poll import poll
from pipelines.intake.reconcile import reconcile
from pipelines.ledger.load import load, unaccounted_rows
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing
from tests.connected import KEY
from tests.systems.vendure.running import PASSWORD, Running, vendure
from tests.systems.vendure.trade import Trade
from tests.systems.vendure.truth import dates, differences

pytestmark = [pytest.mark.systems, pytest.mark.real]
ORDERS = int(os.environ.get("FULCAST_VENDURE_ORDERS", "24"))
PRODUCTS, LATER = 12, timedelta(minutes=1)


@pytest.fixture(scope="module")
def shop() -> Iterator[Running]:
    with vendure() as running:
        yield running


class Loading:
    """Fulcast beside the shop: what it landed and its ledger."""

    def __init__(self, shop: Running, folder: Path) -> None:
        connection = {"shop": shop.url, "username": "superadmin"}
        channel = {
            "name": "real",
            "kind": "vendure",
            "time_zone": "Europe/Amsterdam",
            "currency": "EUR",
            "location": "AMS",
            "connection": connection,
        }
        self.config = Config.model_validate({"merchant": {"name": "a real shop"}, "channel": [channel]})
        self.landing, self.warehouse, self.shop = Landing(folder / "landing"), Warehouse(folder / "warehouse.duckdb"), shop

    def require_equal(self, step: str) -> None:
        """Polls, loads, and holds the ledger against the shop's database."""
        polled = poll(self.config, self.landing, datetime.now(UTC))
        assert polled.failures == [], step
        assert load(self.config, self.landing, self.warehouse, KEY, datetime.now(UTC)).refused == [], step
        assert differences(self.shop.database, self.warehouse) == [], step
        assert unaccounted_rows(self.warehouse) == [], step


def test_the_ledger_is_the_shop_after_every_step(shop: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(secret_variable("real", "password"), PASSWORD)
    fulcast, trade = Loading(shop, tmp_path), Trade(shop.url)
    trade.open(PRODUCTS)
    trade.buy(ORDERS)
    fulcast.require_equal("bought")

    before = dates(shop.database)
    trade.each(trade.settle, [order for order in trade.orders() if int(order["id"]) % 10])
    assert dates(shop.database) == before, (
        "Vendure moves an order's date when it is paid: what is said of it in docs/channels.md is no longer so"
    )
    fulcast.require_equal("paid")

    paid = [order for order in trade.orders() if order["state"] == "PaymentSettled"]
    for order in paid[1::8]:
        trade.add_to(order, trade.variants()[-1])
    fulcast.require_equal("added to")

    whole = [order for order in trade.orders() if order["state"] == "PaymentSettled" and not order["couponCodes"]]
    for order in whole[::6]:
        trade.cancel(order, order["lines"][0]["id"], reason="sold out")
    for order in whole[3::12]:
        trade.cancel(order, reason="changed my mind")
    fulcast.require_equal("cancelled")

    before = dates(shop.database)
    ready = [order for order in trade.orders() if order["state"] == "PaymentSettled"]
    numbered = list(enumerate(ready[: len(ready) * 3 // 4]))
    parcels = trade.each(lambda one: trade.pack(one[1], is_part=one[0] % 4 == 3), numbered)
    fulcast.require_equal("packed")
    trade.each(lambda parcel: trade.move(parcel, "Shipped"), parcels)
    fulcast.require_equal("sent")
    trade.each(lambda parcel: trade.move(parcel, "Delivered"), parcels[::2])
    trade.each(lambda one: trade.refund(one[1], 100 + one[0], is_settled=one[0] % 3 > 0), enumerate(ready[::4]))
    assert dates(shop.database) == before, "Vendure moves an order's date when it is sent or refunded"
    fulcast.require_equal("delivered and refunded")

    sent = [order for order in trade.orders() if order["state"] in ("Shipped", "Delivered") and not order["couponCodes"]]
    for order in sent[::5]:
        trade.cancel(order, next(line["id"] for line in order["lines"] if line["quantity"]), reason="too small")
    variants = trade.variants()
    trade.recount(variants[0], 77)
    trade.rename(variants[1], "Cup with a new name")
    fulcast.require_equal("came back")

    found = reconcile(fulcast.config, fulcast.landing, datetime.now(UTC) + LATER)
    assert (found.failures, sum(found.missed.values()), sum(found.stale.values())) == ([], 0, 0)


def test_queries_and_the_demos_answers_are_what_the_shops_own_schema_says(shop: Running, demo_files: Path) -> None:
    told, _ = Trade(shop.url)._ask("admin-api", get_introspection_query(), {}, admin=True)
    schema = build_client_schema(json.loads(json.dumps(told)), assume_valid=True)
    for name, query in queries.ALL.items():
        assert [problem.message for problem in validate(schema, parse(query))] == [], name
    demo = load_shop(demo_files / "truth", "shop_uk", 150)
    variants = {"productVariants": {"items": originals("vendure", demo, "products")}}
    for query, root in (
        (queries.ORDERS, {"orders": {"items": originals("vendure", demo, "orders")}}),
        (queries.PRODUCTS, variants),
    ):
        answer = execute(schema, parse(query), root)
        assert answer.errors is None, answer.errors[:3]
    assert len(answer.data["productVariants"]["items"]) > 0
