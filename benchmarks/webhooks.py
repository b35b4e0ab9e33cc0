"""How fast deliveries are answered: a hundred at once, again and again, beside nothing and beside a refresh of the demo merchant.

The peer is an application that reads the body and answers, without a look at it: what the machine itself takes at that moment.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.settings import PROJECT
from pipelines.warehouse.landing import Landing

AT_ONCE, BURSTS, PAUSE, WARM = 100, 60, 0.25, 5
SECRET, PORT, PEER_PORT, CHANNEL = "benchmark", 8798, 8799, "shop_uk"
CONFIG = f"""
[merchant]
name = "webhooks"
[[channel]]
name = "{CHANNEL}"
kind = "woocommerce"
connection = {{ shop = "http://127.0.0.1:9" }}
"""
ENVIRONMENT = {f"FULCAST_SHOP_UK_{name}": SECRET for name in ("WEBHOOK_SECRET", "CONSUMER_KEY", "CONSUMER_SECRET")}


def measure() -> Iterator[str]:
    """Two lines per condition: milliseconds from sending the first byte to reading the answer, over all deliveries."""
    with tempfile.TemporaryDirectory(prefix="fulcast-webhooks-") as folder:
        home = Path(folder)
        (home / "config.toml").write_text(CONFIG)
        server = _fulcast("webhooks", "--config", str(home / "config.toml"), "--home", str(home / "home"), "--port", str(PORT))
        other = _python("-m", "uvicorn", "benchmarks.webhooks:peer", "--port", str(PEER_PORT), "--log-level", "error")
        try:
            for port in (PORT, PEER_PORT):
                _wait_for(port)
            asyncio.run(_bursts(0, WARM))
            yield from told("nothing beside", asyncio.run(_bursts(1, BURSTS)))
            refresh = _fulcast("run", "--home", str(home / "demo"))
            time.sleep(5)
            yield from told("a refresh beside", asyncio.run(_bursts(2, BURSTS)))
            if refresh.poll() is not None:
                yield "the refresh had ended before the last delivery"
            refresh.terminate()
            refresh.wait()
        finally:
            for process in (server, other):
                process.terminate()
                process.wait()
        landed = sum(
            pl.read_parquet(payload.path).height for payload in Landing(home / "home" / "landing").payloads(f"{CHANNEL}.webhooks")
        )
        sent = AT_ONCE * (2 * BURSTS + WARM)
        yield f"sent {sent:,}, in landing {landed:,}, lost {sent - landed:,}"


async def peer(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application that answers whatever comes."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def told(beside: str, taken: dict[int, list[float]]) -> Iterator[str]:
    """The distributions, each in a line."""
    for port, milliseconds in taken.items():
        series = pl.Series(milliseconds)
        p50, p99 = (series.quantile(q, "linear") for q in (0.5, 0.99))
        name = "webhooks" if port == PORT else "peer"
        yield f"{beside:<17}{name:<9}{series.len():,} deliveries, {AT_ONCE} at once: p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {series.max():.1f} ms"


async def _bursts(part: int, bursts: int) -> dict[int, list[float]]:
    """Open connections, all of which deliver at the same moment, again and again, to one application after the other."""
    taken: dict[int, list[float]] = {PORT: [], PEER_PORT: []}
    connections = {port: [await asyncio.open_connection("127.0.0.1", port) for _ in range(AT_ONCE)] for port in taken}
    for burst in range(bursts):
        requests = [_request(f"{part}-{burst}-{number}") for number in range(AT_ONCE)]
        for port, answered in taken.items():
            each = zip(connections[port], requests, strict=True)
            answered.extend(await asyncio.gather(*(_deliver(*connection, request) for connection, request in each)))
            await asyncio.sleep(PAUSE)
    for _, writer in (connection for of_port in connections.values() for connection in of_port):
        writer.close()
    return taken


async def _deliver(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> float:
    started = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")).split(b":")[1])
    await reader.readexactly(length)
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise RuntimeError(head.decode())
    return (time.perf_counter() - started) * 1_000


def _request(name: str) -> bytes:
    """An order of about three kilobytes, signed."""
    lines = [
        {"id": number, "name": f"Article {number}", "quantity": 1, "total": "19.99", "sku": f"SKU-{number}", "note": "x" * 150}
        for number in range(12)
    ]
    body = json.dumps({"id": name, "status": "processing", "line_items": lines}).encode()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
    heads = (f"POST /{CHANNEL} HTTP/1.1", "Host: 127.0.0.1", f"X-WC-Webhook-Signature: {signature}", "X-WC-Webhook-Source: http://127.0.0.1:9/",
             f"Content-Length: {len(body)}", "", "")  # fmt: skip
    return "\r\n".join(heads).encode() + body


def _fulcast(*arguments: str) -> "subprocess.Popen[bytes]":
    return _python("-c", "from pipelines.cli import main; main()", *arguments)


def _python(*arguments: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": str(PROJECT)}
    return subprocess.Popen([sys.executable, *arguments], cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)


def _wait_for(port: int, seconds: int = 60) -> None:
    for _ in range(10 * seconds):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the server has not started within {seconds} s")
