"""Damaged records of each channel through landing and ledger: none may crash it, vanish, or cost the good part of an order."""

import copy
import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.trials import CHANNELS, END, config_for, merchant, shop_of
from pipelines.channels.base import Record, RecordStream, kind_of
from pipelines.contracts.base import all_tables
from pipelines.demo.servers import platforms
from pipelines.demo.servers.faults import Weather
from pipelines.demo.servers.server import Clock
from pipelines.intake.connection import feed_name
from pipelines.intake.index import Index
from pipelines.ledger.load import load, unaccounted_rows
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing, Shelf

RECORDS, AT = 5_000, datetime(2026, 2, 1, tzinfo=UTC)
STRANGE: tuple[Any, ...] = (
    None, "", " ", "two", "UNKNOWN_VALUE", "1e999", "-", "NaN", "9" * 40, "2026-13-45T99:99:99Z", "0001-01-01T00:00:00Z", "x" * 100_000, "naïve 🛒 \u0000",
    0, -1, 1.5, 10**30, -(10**18), True, False, [], {}, [None], [[]], {"a": {"b": {}}}, [1, "a", {}], "\ud800",
)  # fmt: skip


def measure(records: int = RECORDS) -> Iterator[str]:
    """A line per channel: how many damaged records became what."""
    for kind in CHANNELS:
        yield fuzz(kind, records, seed=1)


def fuzz(kind: str, records: int, seed: int, truth: Path | None = None) -> str:
    """Damages records of a channel, loads them and accounts for each; raises AssertionError where one is lost."""
    rng = random.Random(f"fuzz {kind} {seed}")
    folder = Path(tempfile.mkdtemp(prefix="fulcast-fuzz-"))
    try:
        shop = shop_of(truth or merchant(folder / "merchant", orders=2_500, days=60), kind, 300)
        landing, warehouse = Landing(folder / "landing"), Warehouse(folder / "warehouse.duckdb")
        config = config_for(kind, shop, "http://127.0.0.1:9")
        given = 0
        for number, stream in enumerate(kind_of(kind).streams):
            if isinstance(stream, RecordStream):
                known = originals(kind, shop, stream.name)
                feed = feed_name(shop.channel, stream.name)
                wanted = max(records // 10, 50) if number else records
                damaged = [damage(rng.choice(known), rng, each) for each in range(wanted)]
                given += Index(landing, Shelf(feed, shop.channel, stream.name)).land(damaged, AT)
        loaded = load(config, landing, warehouse, b"key", AT)
        totals = loaded.totals()
        assert not loaded.refused, loaded.refused
        assert totals["rows_in"] == given, (totals, given)
        assert unaccounted_rows(warehouse) == []
        broken = _broken_rules(warehouse)
        assert not broken, broken
        silent = warehouse.query("SELECT count(*) FROM quarantine WHERE coalesce(reason, '') = ''").item()
        assert silent == 0
        parts = warehouse.query("SELECT count(*) FROM quarantine WHERE part <> ''").item()
        return (f"{kind:<12} {given:>6,} damaged records: {totals['accepted_rows']:,} in the ledger, {totals['quarantined_rows']:,} in quarantine, "
                f"{totals['superseded_rows'] + totals['duplicate_rows']:,} superseded or doubled, {parts:,} parts of kept records in quarantine, 0 crashes, 0 lost")  # fmt: skip  # noqa: E501
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def originals(kind: str, shop: Any, stream: str) -> list[dict[str, Any]]:
    """Healthy records of a stream, as the channel's server gives them."""
    return platforms.platform(kind, shop, Clock(datetime.combine(END, datetime.max.time(), UTC)), Weather()).records(stream)


def damage(record: dict[str, Any], rng: random.Random, number: int) -> Record:
    """A copy of a record with something wrong, under a name of its own."""
    value = copy.deepcopy(record)
    for name in ("legacyResourceId", "id", "orderId", "sellerSku", "transactionId", "payoutId"):
        if name in value:
            value[name] = f"{value[name]}{number:06d}" if isinstance(value[name], str) else value[name] * 10**6 + number
    for _ in range(rng.choice([0, 1, 1, 1, 2, 5])):
        _hurt(value, rng)
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, separators=(",", ":"))
    content = text.encode("utf-8", errors=rng.choice(["replace", "surrogatepass"]))
    fate = rng.random()
    if fate < 0.02:
        content = content[: rng.randrange(1, len(content))]
    elif fate < 0.03:
        content = content.replace(b"e", b"\xff\xfe", 3)
    elif fate < 0.035:
        content = rng.choice([b"null", b"[]", b"7", b'"text"', b"{}", b"[" * 3_000 + b"]" * 3_000, b"{" + content])
    elif fate < 0.04:
        content = b'{"' + b"k" * 10 + b'":' + b'{"a":' * 2_000 + b"1" + b"}" * 2_000 + b"," + content[1:]
    return Record(f"{number}", f"{number:09d}", "", content)


def _hurt(value: Any, rng: random.Random) -> None:
    """Removes, replaces or repeats something somewhere inside."""
    place, key = _somewhere(value, rng)
    if place is None:
        return
    how = rng.random()
    if how < 0.25 and isinstance(place, dict):
        del place[key]
    elif how < 0.35 and isinstance(place[key], list):
        place[key] = place[key] * rng.choice([2, 50])
    else:
        place[key] = copy.deepcopy(rng.choice(STRANGE))


def _somewhere(value: Any, rng: random.Random) -> tuple[Any, Any]:
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
        if not keys:
            return None, None
        key = rng.choice(keys)
        if not isinstance(value[key], (dict, list)) or not value[key] or rng.random() < 0.25:
            return value, key
        value = value[key]


def _broken_rules(warehouse: Warehouse) -> list[str]:
    """Contracts that stored rows break; there must be none, since a run stops at the first."""
    found = []
    for contract in all_tables("ledger"):
        frame = warehouse.read(contract.name)[contract.name]
        _, failure = contract.schema.filter(frame)
        found += [f"{contract.name}: {rule} ({rows})" for rule, rows in failure.counts().items()]
    return found
