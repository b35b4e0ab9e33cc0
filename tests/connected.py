"""A small demo merchant whose shops are served as their platforms' APIs. Not here: what is asked of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.trials import HANG_SECONDS, PATIENCE, config_for, secrets
from pipelines.channels.mapping import Config
from pipelines.demo.servers import platforms
from pipelines.demo.servers.faults import Weather
from pipelines.demo.servers.server import Clock, PlatformServer
from pipelines.demo.servers.shop import Shop, load_shop
from pipelines.intake.poll import Polled, poll
from pipelines.intake.reconcile import Reconciled, reconcile
from pipelines.ledger.load import Loaded, load
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing
from pipelines.warehouse.sealing import Seal

KEY = b"key"


@dataclass
class Connected:
    """A merchant with one channel, connected to its server, at a moment that the test moves."""

    shop: Shop
    clock: Clock
    server: PlatformServer
    config: Config
    landing: Landing
    warehouse: Warehouse

    def poll(self) -> Polled:
        return poll(self.config, self.landing, self.clock.now, PATIENCE)

    def reconcile(self) -> Reconciled:
        return reconcile(self.config, self.landing, self.clock.now, PATIENCE)

    def load(self) -> Loaded:
        return load(self.config, self.landing, self.warehouse, KEY, self.clock.now)

    def orders(self) -> int:
        return int(self.warehouse.query("SELECT count(*) FROM orders").item())


Connect = Callable[..., Connected]


@pytest.fixture
def connect(demo_files: Path, tmp_path: Path) -> Iterator[Connect]:
    with ExitStack() as open_ones:

        def make(
            kind: str,
            at: datetime | None = None,
            weather: Weather | None = None,
            orders: int = 120,
            seal: Seal | None = None,
            **channel: Any,
        ) -> Connected:
            shop = load_shop(demo_files / "truth", platforms.SERVED[kind].channel, orders)
            clock = Clock(at or shop.last_moment + timedelta(hours=1))
            platform = platforms.platform(kind, shop, clock, weather or Weather())
            server = open_ones.enter_context(PlatformServer(platform, hang_seconds=HANG_SECONDS))
            open_ones.enter_context(secrets(kind, shop.channel))
            config = config_for(kind, shop, server.url)
            config = config.model_copy(update={"channels": tuple(c.model_copy(update=channel) for c in config.channels)})
            return Connected(
                shop, clock, server, config, Landing(tmp_path / "landing", seal), Warehouse(tmp_path / "warehouse.duckdb")
            )

        yield make
