"""A channel's life under faults: a platform's server over the demo merchant, polled, reconciled, loaded, held against the truth."""

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from benchmarks.expected import EXPECTED, Asked
from benchmarks.expected_carriers import EASYPOST
from benchmarks.expected_tiktok import TIKTOK
from benchmarks.expected_vendure import VENDURE
from pipelines.channels.base import RecordStream, kinds
from pipelines.channels.mapping import Config
from pipelines.channels.patience import Patience
from pipelines.demo import generate
from pipelines.demo.servers import platforms
from pipelines.demo.servers.faults import Weather
from pipelines.demo.servers.server import Clock, PlatformServer
from pipelines.demo.servers.shop import Shop, load_shop
from pipelines.intake.poll import poll
from pipelines.intake.reconcile import reconcile
from pipelines.ledger.load import load, unaccounted_rows
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing

PATIENCE = Patience(attempts=9, longest_pause=0.02, first_pause=0.002, timeout=1.5)
HANG_SECONDS = 1.7
END = date(2026, 1, 20)
ROUND = timedelta(days=20)  # between two looks, within each restatement window
ROUNDS = {"amazon": timedelta(days=13), "stripe": timedelta(days=6)}
TRUTH = EXPECTED | {"tiktok": TIKTOK, "vendure": VENDURE, "easypost": EASYPOST}
CHANNELS = {kind: served.channel for kind, served in platforms.SERVED.items()}


@dataclass
class Trial:
    """What a run came to: records the merchant has, and how many of them the ledger lost, doubled or holds with other figures."""

    kind: str
    seed: int
    orders: int = 0
    lost: int = 0
    duplicated: int = 0
    wrong: int = 0
    caught_by_reconciliation: int = 0
    failures: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.duplicated or self.wrong or self.notes)


def merchant(folder: Path, orders: int = 12_500, days: int = 75, seed: int = 5) -> Path:
    """Truth folder of a demo merchant, made once."""
    if not (folder / "truth").exists():
        generate(folder, orders=orders, days=days, seed=seed, end=END)
    return folder / "truth"


def shop_of(truth: Path, kind: str, limit: int | None = None) -> Shop:
    """The demo merchant's channel of a kind."""
    return load_shop(truth, CHANNELS[kind], limit)


def config_for(kind: str, shop: Shop, url: str) -> Config:
    """A merchant with this one channel, connected to a server."""
    channel = {
        "name": shop.channel, "kind": kind, "time_zone": platforms.SERVED[kind].time_zone, "currency": shop.currency, "location": "X",
        "connection": platforms.connection(kind, url),
    }  # fmt: skip
    return Config.model_validate({"merchant": {"name": "trial"}, "channel": [channel]})


@contextmanager
def secrets(kind: str, channel: str) -> Iterator[None]:
    """The channel's secrets in the environment, for as long as the block runs."""
    wanted = platforms.secrets(kind, channel)
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name in wanted:
            os.environ.pop(name, None)


def run_trial(kind: str, shop: Shop, seed: int, folder: Path, weather: Weather | None = None, *, is_plain: bool = False) -> Trial:
    """One life: back-fill in the middle of the history, polls and reconciliations every two or three weeks, then the ledger against the truth.

    `is_plain` is the peer: the same polls from the newest change seen, without overlap and without reconciliation.
    """
    weather = weather or Weather.storm(seed)
    rng = random.Random(f"trial {seed}")
    shutil.rmtree(folder, ignore_errors=True)
    trial = Trial(kind, seed, orders=len(shop.orders))
    landing, warehouse = Landing(folder / "landing"), Warehouse(folder / "warehouse.duckdb")
    moments = list(_moments(shop, ROUNDS.get(kind, ROUND), rng))
    clock = Clock(moments[0], step=timedelta(seconds=rng.uniform(0.5, 4)))
    platform = platforms.platform(kind, shop, clock, weather, seed, inner_page=rng.choice([2, 250, 250]))
    with PlatformServer(platform, hang_seconds=HANG_SECONDS) as server, secrets(kind, shop.channel):
        config = config_for(kind, shop, server.url)
        for number, at in enumerate(moments):
            clock.now = max(at, clock.now)
            with _without_overlap(kind) if is_plain else nullcontext():
                trial.failures += poll(config, landing, clock.now, PATIENCE).failures
            if is_plain:
                continue
            found = reconcile(config, landing, clock.now, PATIENCE)
            trial.failures += found.failures
            trial.caught_by_reconciliation += sum(found.missed.values()) + sum(found.stale.values())
            if number == len(moments) // 2:
                load(config, landing, warehouse, b"key", clock.now)
        loaded = load(config, landing, warehouse, b"key", clock.now)
        trial.faults = dict(platform.faults.drawn)
    trial.notes += loaded.refused + unaccounted_rows(warehouse)
    compare(trial, shop, warehouse, Asked(platform.faults.weather.skew, clock.now))
    shutil.rmtree(folder, ignore_errors=True)
    return trial


@contextmanager
def _without_overlap(kind: str) -> Iterator[None]:
    known = kinds()
    streams = tuple(replace(s, overlap=timedelta(0)) if isinstance(s, RecordStream) else s for s in known[kind].streams)
    whole, known[kind] = known[kind], replace(known[kind], streams=streams)
    try:
        yield
    finally:
        known[kind] = whole


def _moments(shop: Shop, pause: timedelta, rng: random.Random) -> Iterator[datetime]:
    """When the channel is asked: first when a third of the orders is there, then every so often, until nothing more can surface."""
    at = shop.orders[len(shop.orders) // 3].placed_at + timedelta(hours=rng.uniform(0, 24))
    while at < shop.last_moment + timedelta(days=15):
        yield at
        at += pause + timedelta(hours=rng.uniform(-20, 20))
    yield at


def compare(trial: Trial, shop: Shop, warehouse: Warehouse, asked: Asked) -> None:
    """Counts records that the ledger lost, doubled or tells otherwise than the merchant, table by table."""
    for table, (keys, expect, read) in TRUTH[trial.kind].items():
        expected, found = expect(shop, asked), warehouse.query(read)
        lost, duplicated, wrong = differences(expected, found.select(expected.columns), keys)
        trial.lost += lost.height
        trial.duplicated += duplicated.height
        trial.wrong += wrong.height
        for what, rows in (("lost", lost), ("doubled", duplicated), ("wrong", wrong)):
            trial.notes += [f"{table} {what}: {row}" for row in rows.head(3).rows(named=True)]


def differences(expected: pl.DataFrame, found: pl.DataFrame, keys: list[str]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Rows of `expected` that are missing, rows of `found` that stand twice or that nobody expects, and rows with other values."""
    found = found.cast(dict(expected.schema))  # type: ignore[arg-type]
    lost = expected.join(found, on=keys, how="anti", nulls_equal=True)
    extra = found.join(expected, on=keys, how="anti", nulls_equal=True)
    twice = found.filter(pl.struct(keys).is_duplicated())
    both = expected.join(found, on=keys, how="semi", nulls_equal=True)
    wrong = both.join(found, on=expected.columns, how="anti", nulls_equal=True)
    return lost, pl.concat([extra, twice]), wrong
