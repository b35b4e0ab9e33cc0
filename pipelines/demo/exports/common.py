"""Spelling shared by the formats: money, instants, names. Not here: any one format."""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pipelines.demo.damage import Damage, Malformed
from pipelines.demo.plan import NEVER, Export
from pipelines.demo.pool import Batch
from pipelines.demo.world import WAREHOUSES, World

ISO = "%Y-%m-%dT%H:%M:%S+00:00"
ISO_Z = "%Y-%m-%dT%H:%M:%SZ"


@dataclass
class Desk:
    """What a format needs to write one channel's export; `found` collects where malformed rows stand."""

    inbox: Path
    world: World
    export: Export
    damages: list[Damage]
    found: list[Malformed] = field(default_factory=list)

    def file(self, name: str) -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def euro(cents: int) -> str:
    """Cents as text with two decimals."""
    return f"{cents // 100}.{cents % 100:02d}"


def money(cents: str | pl.Expr) -> pl.Expr:
    """Cents that are not negative, as text with two decimals."""
    value = pl.col(cents) if isinstance(cents, str) else cents
    return pl.concat_str((value // 100).cast(pl.String), pl.lit("."), (value % 100).cast(pl.String).str.zfill(2))


def instant(seconds: str | pl.Expr, form: str = ISO_Z, time_zone: str = "UTC") -> pl.Expr:
    """Epoch seconds as text in a time zone; empty where it has not happened."""
    value = pl.col(seconds) if isinstance(seconds, str) else seconds
    known = pl.when(value < NEVER).then(value)
    return pl.from_epoch(known, "s").dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone).dt.strftime(form)


def lookup(column: str, values: list[str]) -> pl.Expr:
    """Text for a column of positions in `values`."""
    return pl.lit(pl.Series(values, dtype=pl.String)).gather(pl.col(column).cast(pl.UInt32))


def warehouse(column: str = "location") -> pl.Expr:
    """Code of the warehouse in a column of positions."""
    return lookup(column, [w[0] for w in WAREHOUSES])


def joined(batch: Batch) -> pl.DataFrame:
    """Lines with the columns of their order (`order_` before names both have); `is_first` marks an order's first line."""
    shared = ("gross", "discount", "tax", "discount_percent")
    orders = batch.orders.drop("bad", "key", "version").rename({n: f"order_{n}" for n in shared})
    rows = batch.lines.join(orders, on="copy", how="left", maintain_order="left")
    return rows.with_columns(is_first=pl.col("copy") != pl.col("copy").shift(1, fill_value=2**32 - 1))
