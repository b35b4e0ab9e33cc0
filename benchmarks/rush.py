"""An hour's rush of orders through webhooks and polls, faults on, pages being read: what is lost, and how fast deliveries are answered.

A shop on WooCommerce sells 28 orders a second. Of its deliveries some never come, come twice, late, or are forged; its API times out, throttles,
cuts answers off and shows some orders late. A refresh follows the other, and a browser reads one page after the other.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import polars as pl

from benchmarks.pages import READ, _served
from benchmarks.webhooks import _wait_for
from pipelines.demo.servers.faults import Weather
from pipelines.demo.servers.server import Clock, PlatformServer
from pipelines.demo.servers.shop import Line, Order, Payment, Shop
from pipelines.demo.servers.woocommerce import WooCommercePlatform
from pipelines.settings import PROJECT
from pipelines.warehouse.snapshots import current, open_snapshot

ORDERS, SAMPLE, RATE, BEFORE = 100_000, 600, 28.0, 200  # orders in all and of a sample, per second, and placed before the rush
SHOP_PORT, HOOK_PORT, CHANNEL, SECRET = 8796, 8797, "shop_uk", "benchmark"
START_SECONDS = 600
PAID_AFTER, LAG = timedelta(seconds=1), timedelta(seconds=30)
LOST, TWICE, LATE, FORGED = 0.03, 0.05, 0.05, 0.01  # shares of deliveries
LATE_SECONDS, CONNECTIONS, IDLE_SECONDS = 60.0, 32, 2.0  # a connection that was idle for longer is opened anew
CONFIG = f"""
[merchant]
name = "rush"
reporting_currency = "GBP"
[[channel]]
name = "{CHANNEL}"
kind = "woocommerce"
time_zone = "Europe/London"
currency = "GBP"
location = "BHX"
connection = {{ shop = "http://127.0.0.1:{SHOP_PORT}" }}
"""
MAIN = "from pipelines.cli import main; main()"
ENVIRONMENT = {f"FULCAST_SHOP_UK_{name}": SECRET for name in ("WEBHOOK_SECRET", "CONSUMER_KEY", "CONSUMER_SECRET")}


class Now(Clock):
    """The time of this machine."""

    def tick(self) -> datetime:
        self.now = datetime.now(UTC)
        return self.now


@dataclass
class Sent:
    """What became of deliveries: milliseconds until each was answered, how many were answered how, and over how many seconds orders came."""

    milliseconds: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def sample() -> Iterator[str]:
    """The same with few orders: does it run at all?"""
    yield from measure(SAMPLE)


def measure(orders: int = ORDERS) -> Iterator[str]:
    """Lines on deliveries, on refreshes and pages beside them, and on what the ledger has in the end."""
    with tempfile.TemporaryDirectory(prefix="fulcast-rush-") as folder, ExitStack() as running:
        home, pages = Path(folder) / "home", Path(folder) / "pages.txt"
        (Path(folder) / "config.toml").write_text(CONFIG)
        common = ("--config", f"{folder}/config.toml", "--home", str(home))
        started = datetime.now(UTC).replace(microsecond=0)
        with _shop(orders, started, started + timedelta(days=1)):
            _fulcast("run", *common)
        hooks = _begun("-c", MAIN, "webhooks", *common, "--port", str(HOOK_PORT))
        running.callback(_ended, hooks)
        _wait_for(HOOK_PORT, START_SECONDS)
        site = running.enter_context(_served(home, PROJECT / "dashboards" / "app.py"))
        begins = datetime.now(UTC) + timedelta(seconds=10)
        running.enter_context(_shop(orders, started, begins))
        reader = _begun("-m", "benchmarks.reader", site, str(home), "1000000", "0", output=pages)
        over, refreshes = Event(), list[tuple[float, int]]()
        refreshing = Thread(target=_refresh, args=(common, over, refreshes))
        refreshing.start()
        for undo in (refreshing.join, over.set, partial(_ended, reader)):
            running.callback(undo)
        sent = asyncio.run(_deliver_all(of_shop(orders, started, begins).orders[BEFORE:]))
        over.set()
        refreshing.join()
        _ended(reader)
        yield from _of_deliveries(sent, orders - BEFORE)
        yield from _of_readers(pages.read_text().splitlines(), refreshes)
        time.sleep(LAG.total_seconds())
        _fulcast("run", "--job", "reconcile_channels", *common)
        yield from _of_ledger(home, of_shop(orders, started, begins))


@contextmanager
def _shop(orders: int, started: datetime, begins: datetime) -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(orders, started, begins), daemon=True)
    process.start()
    try:
        _wait_for(SHOP_PORT, START_SECONDS)
        yield
    finally:
        process.terminate()
        process.join()


def of_shop(orders: int, started: datetime, begins: datetime) -> Shop:
    """A shop whose orders come at the rate, by chance; some had been placed before the rush begins."""
    rng = random.Random("rush")
    at, made = started - timedelta(minutes=10), []
    for number in range(orders):
        at = begins if number == BEFORE else at
        at += timedelta(seconds=rng.expovariate(RATE))
        lines = []
        for line in range(1, rng.choice([1, 1, 2, 3]) + 1):
            units, price = rng.choice([1, 1, 2, 3]), rng.randrange(300, 9_000)
            lines.append(
                Line(
                    line, f"SKU-{rng.randrange(400):03d}", units, price, units * price, 0, units * price // 5, is_gift_card=False
                )
            )
        total = 495 + sum(line.gross + line.tax for line in lines)
        order = Order(
            id=8_000_000 + number, number=f"R{number}", placed_at=at, customer=1 + number % 20_000, country="GB", postal_code="B1",
            shipping=495, shipping_tax=0,
            total=total,
            is_expedited=False, is_customised=False, has_note=False, is_test=False, is_failed=False, cancelled_at=None, cancelled_by=None,
            location="BHX", lines=lines,
        )  # fmt: skip
        order.payments = [Payment(9_000_000 + number, "capture", total, at + PAID_AFTER, "card")]
        made.append(order)
    return Shop(CHANNEL, "GBP", made, {})


def serve(orders: int, started: datetime, begins: datetime) -> None:
    """The shop's API, until it is stopped."""
    platform = WooCommercePlatform(of_shop(orders, started, begins), Now(started), Weather(rate=0.1, lag=LAG), 9)
    platform.views.settled_after = timedelta(minutes=1)
    PlatformServer(platform, port=SHOP_PORT)
    Event().wait()


def _refresh(common: tuple[str, ...], over: Event, taken: list[tuple[float, int]]) -> None:
    while not over.is_set():
        began = time.monotonic()
        code = _fulcast("run", "--job", "refresh_orders", *common)
        taken.append((time.monotonic() - began, code))


async def _deliver_all(orders: list[Order]) -> Sent:
    """Every order is delivered once it is paid, as chance has it."""
    sent, rng = Sent(), random.Random("deliveries")
    began = orders[0].placed_at
    platform = WooCommercePlatform(Shop(CHANNEL, "GBP", orders, {}), Clock(orders[-1].placed_at + PAID_AFTER))
    connections: asyncio.Queue[Any] = asyncio.LifoQueue()
    for _ in range(CONNECTIONS):
        connections.put_nowait((None, None, 0.0))
    waiting = set()
    for order in orders:
        await asyncio.sleep(max(0.0, (order.placed_at + PAID_AFTER - datetime.now(UTC)).total_seconds()))
        if rng.random() < LOST:
            sent.answers["never sent"] += 1
            continue
        body = json.dumps(platform._order(order, order.placed_at + PAID_AFTER)).encode()
        pause = rng.uniform(1, LATE_SECONDS) if rng.random() < LATE else 0.0
        times = [(pause, False)] + [(pause + 0.5, False)] * (rng.random() < TWICE) + [(0.0, True)] * (rng.random() < FORGED)
        for after, is_forged in times:
            task = asyncio.create_task(_deliver(connections, body, after, sent, is_forged=is_forged))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
    sent.seconds = (datetime.now(UTC) - began).total_seconds()
    await asyncio.gather(*waiting)
    return sent


async def _deliver(connections: "asyncio.Queue[Any]", body: bytes, after: float, sent: Sent, *, is_forged: bool) -> None:
    await asyncio.sleep(after)
    signature = base64.b64encode(hmac.digest(b"another" if is_forged else SECRET.encode(), body, hashlib.sha256)).decode()
    heads = (f"POST /{CHANNEL} HTTP/1.1", "Host: 127.0.0.1", f"X-WC-Webhook-Signature: {signature}", f"X-WC-Webhook-Source: http://127.0.0.1:{SHOP_PORT}/",
             f"Content-Length: {len(body)}", "", "")  # fmt: skip
    reader, writer, used = await connections.get()
    if time.monotonic() - used > IDLE_SECONDS:
        if writer:
            writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", HOOK_PORT)
    began = time.perf_counter()
    writer.write("\r\n".join(heads).encode() + body)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(next(line for line in head.split(b"\r\n") if line.startswith(b"content-length")).split(b":")[1])
    await reader.readexactly(length)
    sent.milliseconds.append((time.perf_counter() - began) * 1_000)
    connections.put_nowait((reader, writer, time.monotonic()))
    wanted = b" 401 " if is_forged else b" 200 "
    sent.answers[
        ("forged and refused" if is_forged else "taken") if wanted in head.split(b"\r\n")[0] else "answered otherwise"
    ] += 1


def _of_deliveries(sent: Sent, orders: int) -> Iterator[str]:
    times = pl.Series(sent.milliseconds)
    p50, p99 = (times.quantile(q, "linear") for q in (0.5, 0.99))
    yield f"{orders:,} orders in {sent.seconds:,.0f} s, {orders / sent.seconds:.1f} a second"
    yield f"  {times.len():,} deliveries answered: p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {times.max():.1f} ms"
    yield "  deliveries: " + ", ".join(f"{count:,} {what}" for what, count in sorted(sent.answers.items()))


def _of_readers(said: list[str], refreshes: list[tuple[float, int]]) -> Iterator[str]:
    read = [line for line in said if line.startswith(READ)]
    versions, failed = {line.split()[-1] for line in read}, sum(code != 0 for _, code in refreshes)
    yield f"  beside them {len(refreshes):,} refreshes, {max(seconds for seconds, _ in refreshes):,.0f} s at the longest, {failed:,} of which did not end well"
    yield f"  {len(read):,} page loads, {len(versions):,} snapshots among them: {len(said) - len(read):,} with an error, a lock or figures of two snapshots"
    yield from [line for line in said if not line.startswith(READ)][:3]


def _of_ledger(home: Path, shop: Shop) -> Iterator[str]:
    """Orders of the shop against the published ledger, by id, total and units."""
    rows = [(str(o.id), o.total, sum(line.units for line in o.lines)) for o in shop.orders]
    wanted = pl.DataFrame(rows, schema={"order_id": pl.String, "cents": pl.Int64, "units": pl.Int64}, orient="row")
    query = """SELECT order_id, (total_amount * 100)::BIGINT AS cents, units FROM orders JOIN
               (SELECT order_id, sum(ordered_units)::BIGINT AS units FROM order_lines GROUP BY order_id) USING (order_id)"""
    with open_snapshot(current(home / "snapshots")) as connection:
        held = connection.sql(query).pl()
        missed = connection.sql(
            "SELECT coalesce(sum(missed_records), 0)::BIGINT FROM channel_days WHERE stream = 'orders'"
        ).fetchall()[0][0]
    lost = wanted.join(held, on="order_id", how="anti").height
    doubled = held.height - held["order_id"].n_unique()
    wrong = wanted.join(held, on="order_id", how="semi").join(held, on=wanted.columns, how="anti").height
    yield f"  in the ledger {held.height:,} of {wanted.height:,} orders: {lost:,} lost, {doubled:,} doubled, {wrong:,} wrong"
    yield f"  {missed:,} of them only the reconciliation at the end brought"


def _fulcast(*arguments: str) -> int:
    return _begun("-c", MAIN, *arguments).wait()


def _begun(*arguments: str, output: Path | None = None) -> "subprocess.Popen[bytes]":
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": str(PROJECT)}
    with (output or Path(os.devnull)).open("wb") as told:
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=PROJECT, env=environment, stdout=told, stderr=subprocess.DEVNULL
        )


def _ended(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait()
