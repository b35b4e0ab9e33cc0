"""What every asset needs of the run: the merchant, the warehouse, one instant and one version. Here: wiring. Not here: work."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from models.demand import cutoff_before
from pipelines.channels.mapping import Config
from pipelines.errors import InputError
from pipelines.operations import Outbox
from pipelines.settings import Settings
from pipelines.warehouse.archive import Archive
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing
from pipelines.warehouse.sealing import Seal
from pipelines.warehouse.snapshots import new_version

GIVES_WAY = 19  # nice value of a run: pages and webhooks that somebody waits for go first


class Run(dg.ConfigurableResource):  # type: ignore[type-arg]
    """One run over one merchant; `as_of` and `version` are fixed when the run starts."""

    _started_at: datetime = PrivateAttr()

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        self._started_at = datetime.now(UTC)
        os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), GIVES_WAY))

    @cached_property
    def settings(self) -> Settings:
        return Settings()

    @property
    def config(self) -> Config:
        return self.settings.merchant_config

    @cached_property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.settings.home_folder / "warehouse.duckdb", say=print)

    @property
    def landing(self) -> Landing:
        return Landing(self.settings.home_folder / "landing", Seal(self.settings.landing_key))

    @property
    def archive(self) -> Archive:
        """Past forecasts."""
        return Archive(self.settings.home_folder / "forecasts")

    @property
    def started_at(self) -> datetime:
        return self._started_at

    @property
    def version(self) -> str:
        """Version of the snapshot that this run publishes."""
        return new_version(self._started_at)

    @cached_property
    def as_of(self) -> datetime:
        """The instant everything is judged at: now, the one asked for, or for a history that ended the end of its last day."""
        if self.settings.judged_at:
            return self.settings.judged_at
        if self.config.merchant.as_of != "data":
            return self._started_at
        last = self.warehouse.query("SELECT max(business_date) FROM orders").item()
        return datetime.combine(last + timedelta(days=1), datetime.min.time(), UTC) if last else self._started_at

    @property
    def as_of_date(self) -> date:
        return self.as_of.date()

    @property
    def cutoff(self) -> date:
        """Last whole day before `as_of`."""
        return cutoff_before(self.as_of_date)

    def open_outbox(self) -> Outbox:
        """The outbox; close it after use."""
        return Outbox(self.settings.outbox)


def retry_policy() -> dg.RetryPolicy:
    """Three tries with growing pauses, for a disk or a network that comes back."""
    return dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL)


@contextmanager
def without_retry() -> Iterator[None]:
    """What a person has to mend fails at once, in the sentence that says so; trying again would not help."""
    try:
        yield
    except InputError as problem:
        raise dg.Failure(str(problem), allow_retries=False) from problem


RESOURCES: dict[str, Any] = {"run": Run()}
