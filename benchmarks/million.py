"""A million Shopify orders: from landed payloads to merged ledger tables, beside DuckDB's read_json of the same records; and polls
of 10,000 changed orders among a million and among a hundred thousand."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.apart import apart
from benchmarks.fuzz import originals
from benchmarks.trials import PATIENCE, config_for, merchant, secrets, shop_of
from pipelines.channels.base import Record
from pipelines.channels.decode import TEXT, Maybe
from pipelines.channels.shopify.shape import ORDER
from pipelines.demo.servers.graphql import Slice
from pipelines.demo.servers.server import Clock, PlatformServer, Reply, Request
from pipelines.demo.servers.shopify import ShopifyPlatform
from pipelines.intake.index import Index
from pipelines.intake.poll import batches, poll
from pipelines.ledger.load import load
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing, Shelf

ORDERS, MALFORMED_EVERY, CHANGED = 1_000_000, 10_000, 10_000
AT = datetime(2026, 2, 1, tzinfo=UTC)
TEMPLATES = 2_000
TYPES = {"amount": "DECIMAL(18, 4)", "quantity": "BIGINT", "currentQuantity": "BIGINT",
         **dict.fromkeys(("test", "edited", "taxesIncluded", "isGiftCard", "requiresShipping", "isRemoved"), "BOOLEAN")}  # fmt: skip


def measure(orders: int = ORDERS) -> Iterator[str]:
    """Seconds, ratio and memory of the load, and the seconds of both polls."""
    folder = Path(tempfile.mkdtemp(prefix="fulcast-million-", dir="/var/tmp"))
    try:
        templates = _templates(folder)
        yield from _load_figures(folder, templates, orders)
        shutil.rmtree(folder / "file", ignore_errors=True)
        yield from _poll_figures(folder, templates, orders)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _templates(folder: Path) -> list[tuple[bytes, bytes]]:
    """Orders of the demo merchant as text, and the id in each that makes it another order."""
    shop = shop_of(merchant(folder / "merchant"), "shopify", TEMPLATES)
    nodes = originals("shopify", shop, "orders")
    return [
        (json.dumps(node, separators=(",", ":"), ensure_ascii=False).encode(), node["legacyResourceId"].encode())
        for node in nodes
    ]


def _order(templates: list[tuple[bytes, bytes]], number: int) -> bytes:
    text, old = templates[number % len(templates)]
    text = text.replace(old, b"%d" % (6_000_000_000 + number))
    for kind in (b"OrderTransaction/", b"Fulfillment/", b"Refund/"):
        text = text.replace(kind, kind + b"%d" % (number // len(templates)))
    return text[: len(text) // 2] if number % MALFORMED_EVERY == 7 else text


def _records(templates: list[tuple[bytes, bytes]], orders: int) -> Iterator[list[Record]]:
    for start in range(0, orders, 1_000):
        yield [
            Record(f"gid://shopify/Order/{6_000_000_000 + n}", "2026-01-31T00:00:00Z", "", _order(templates, n))
            for n in range(start, min(start + 1_000, orders))
        ]


def _load_figures(folder: Path, templates: list[tuple[bytes, bytes]], orders: int) -> Iterator[str]:
    home, file = folder / "home", folder / "file" / "orders.jsonl"
    file.parent.mkdir()
    with file.open("wb") as written:
        for page in _records(templates, orders):
            written.writelines(record.payload + b"\n" for record in page)
    started = time.perf_counter()
    index = Index(Landing(home / "landing"), Shelf("shop_eu.orders", "shop_eu", "orders"))
    for batch in batches(_records(templates, orders)):
        index.land(batch, AT)
    landed = time.perf_counter() - started
    peer, _ = apart(_read_json, file)
    taken, memory = apart(_load, home)
    again, _ = apart(_read_json, file)
    peer = min(peer, again)
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        counted = {
            t: connection.sql(f"SELECT count(*) FROM {t}").fetchall()[0][0]
            for t in ("orders", "order_lines", "order_events", "payments", "shipments", "refunds")
        }
        bad = connection.sql("SELECT count(*) FROM quarantine").fetchall()[0][0]
    size = file.stat().st_size / 1e9
    yield f"{orders:,} Shopify orders, {size:.1f} GB of JSON, {bad:,} malformed; landed in {landed:.0f} s"
    yield f"  landed payloads to merged ledger: {taken:.1f} s, peak memory {memory:.2f} GiB ({', '.join(f'{n:,} {t}' for t, n in counted.items())})"
    yield f"  peer: DuckDB read_json of the same file, every field that the parser uses: {peer:.1f} s; ratio {taken / peer:.2f} (promised 4)"


def _load(home: Path) -> None:
    shop = type("Shop", (), {"channel": "shop_eu", "currency": "EUR"})()
    config = config_for("shopify", shop, "http://127.0.0.1:9")
    load(config, Landing(home / "landing"), Warehouse(home / "warehouse.duckdb"), b"key", AT)


def _read_json(file: Path) -> None:
    columns = ", ".join(f"'{name}': '{_sql(inner, name)}'" for name, inner in ORDER.items())
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TEMP TABLE o AS SELECT * FROM read_json('{file}', format = 'newline_delimited', ignore_errors = true, columns = {{{columns}}})"
        ).fetchall()


def _sql(inner: Any, name: str = "") -> str:
    """A shape as DuckDB's types: each leaf in its own, as anyone would read it."""
    if isinstance(inner, Maybe):
        inner = inner.shape
    if inner == TEXT:
        return "TIMESTAMPTZ" if name.endswith("At") else TYPES.get(name, TEXT)
    if isinstance(inner, list):
        return f"{_sql(inner[0])}[]"
    return "STRUCT(" + ", ".join(f'"{name}" {_sql(value, name)}' for name, value in inner.items()) + ")"


class _ChangedOrders(ShopifyPlatform):
    """A shop of any size of which ten thousand orders have changed since it was asked last."""

    templates: list[tuple[bytes, bytes]]
    changed: list[int]

    def _root(self, name: str, arguments: Any) -> Any:
        if name != "orders":
            return (
                super()._root(name, arguments)
                if name != "shopifyPaymentsAccount"
                else {"payouts": None, "balanceTransactions": None}
            )
        start, size = int(arguments.get("after") or 0), int(arguments["first"])
        page = self.changed[start : start + size]
        nodes = [
            json.loads(_order(self.templates, number)) | {"updatedAt": "2026-02-02T00:00:00Z", "note": "changed", "edited": True}
            for number in page
        ]
        return Slice(nodes, start + size < len(self.changed), str(start + size))

    def answer(self, request: Request) -> Reply:
        if b"shopifyPaymentsAccount" in request.body:
            empty = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
            return Reply.json({"data": {"shopifyPaymentsAccount": {"payouts": empty, "balanceTransactions": empty}}})
        return super().answer(request)


def _poll_figures(folder: Path, templates: list[tuple[bytes, bytes]], orders: int) -> Iterator[str]:
    """The same poll of changed orders among ten times fewer and among all, each into a ledger that holds them."""
    taken = {}
    for size in (orders // 10, orders):
        home = folder / ("home" if size == orders else "tenth")
        if size != orders:
            index = Index(Landing(home / "landing"), Shelf("shop_eu.orders", "shop_eu", "orders"))
            for batch in batches(_records(templates, size)):
                index.land(batch, AT)
            apart(_load, home)
        (home / "landing" / "shop_eu.orders" / "state.json").write_text(json.dumps({"cursor": "2026-01-31T00:00:00Z"}))
        taken[size] = _poll(home, templates, size)
    small, large = taken[orders // 10], taken[orders]
    yield f"a poll of {CHANGED:,} changed orders, fetched, landed and merged: {small:.1f} s among {orders // 10:,}, {large:.1f} s among {orders:,}; ratio {large / small:.2f} (promised 1.2)"  # noqa: E501


def _poll(home: Path, templates: list[tuple[bytes, bytes]], size: int) -> float:
    shop = shop_of(home.parent / "merchant" / "truth", "shopify", 10)
    platform = _ChangedOrders(shop, Clock(AT + timedelta(days=2)))
    platform.templates = templates
    step = size // CHANGED
    platform.changed = [n for n in range(0, size, step) if n % MALFORMED_EVERY != 7][:CHANGED]
    with PlatformServer(platform) as server, secrets("shopify", "shop_eu"):
        config = config_for("shopify", shop, server.url)
        landing, warehouse = Landing(home / "landing"), Warehouse(home / "warehouse.duckdb")
        started = time.perf_counter()
        polled = poll(config, landing, AT + timedelta(days=2), PATIENCE)
        assert not polled.failures, polled.failures
        assert polled.landed["shop_eu.orders"] == len(platform.changed), polled.landed
        loaded = load(config, landing, warehouse, b"key", AT)
        assert loaded.totals()["rows_in"] == len(platform.changed), loaded.totals()
        return time.perf_counter() - started
