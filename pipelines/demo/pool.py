"""What each export holds: new orders, those that changed, late ones and repeats. Not here: how a file spells an order."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.demo.damage import Damage
from pipelines.demo.days import NORMAL
from pipelines.demo.orders import EVENTS, Month
from pipelines.demo.plan import NEVER, Export

AGO = 60  # an old state is the one a minute after the order was placed
NEW_ORDER = -1


@dataclass(frozen=True)
class Batch:
    """One channel's export: `orders` has one row per version shown (`copy` is its position), `lines` carry their `copy`."""

    orders: pl.DataFrame
    lines: pl.DataFrame


class Pool:
    """The orders that some later export may still have to show."""

    def __init__(self) -> None:
        self.orders = pl.DataFrame()
        self.lines = pl.DataFrame()

    def add(self, month: Month) -> None:
        self.orders = month.orders if self.orders.is_empty() else pl.concat([self.orders, month.orders], how="vertical_relaxed")
        self.lines = month.lines if self.lines.is_empty() else pl.concat([self.lines, month.lines], how="vertical_relaxed")

    def batch(self, channel: int, export: Export, damages: list[Damage], rng: np.random.Generator) -> Batch:
        """What `channel` exports; orders chosen to be damaged are held back until the next export."""
        bad = self._damaged(channel, export, damages, rng)
        shown = pl.concat([self._shown(channel, export), bad])
        orders = shown.join(self.orders, on="key", how="left", maintain_order="left")
        orders = orders.filter((pl.col("valid_from") <= pl.col("as_at")) & (pl.col("as_at") < pl.col("valid_to")))
        orders = _state(orders).unique(["key", "modified_at", "bad"], keep="first", maintain_order=True)
        orders = orders.sort("ordered_at", "key", "modified_at", "bad").with_row_index("copy")
        lines = orders.select("copy", "key", "version", "bad").join(self.lines, on=["key", "version"], how="left")
        return Batch(orders, lines.sort("copy", "line_number"))

    def forget(self, export: Export) -> None:
        """Drops the orders that no later export will show."""
        waits = (pl.max_horizontal("first_export", "stale_export") > export.number) | (pl.col("last_event") > export.cutoff)
        self.orders = self.orders.filter(waits | (pl.col("day") > export.last_day - 3))
        self.lines = self.lines.join(self.orders.select("key").unique(), on="key", how="semi", maintain_order="left")

    def _shown(self, channel: int, export: Export) -> pl.DataFrame:
        mine = self.orders.filter(
            (pl.col("version") == 1) & (pl.col("channel") == channel) & (pl.col("first_export") <= export.number)
        )
        changed = pl.any_horizontal((pl.col(e) > export.previous_cutoff) & (pl.col(e) <= export.cutoff) for e in EVENTS)
        is_first = pl.col("first_export") == export.number
        current = mine.filter((pl.col("day") >= export.window_day) | changed | is_first)
        again = mine.filter((is_first & pl.col("is_twice")) | (pl.col("stale_export") == export.number))
        return pl.concat([_shown(current, pl.lit(export.cutoff)), _shown(again, pl.col("ordered_at") + AGO)])

    def _damaged(self, channel: int, export: Export, damages: list[Damage], rng: np.random.Generator) -> pl.DataFrame:
        """Templates of the malformed rows: orders of one line; a real one appears correctly in the next export."""
        single = (
            self.lines.group_by("key")
            .agg(n=pl.len(), last=pl.col("version").min())
            .filter((pl.col("n") == 1) & (pl.col("last") == 1))
        )
        is_plain = (pl.col("fate") == NORMAL) & (pl.col("edit_at") == NEVER) & ~pl.col("is_twice") & (pl.col("stale_export") < 0)
        fresh = (pl.col("day") >= export.first_day) & (pl.col("first_export") == export.number) & (pl.col("goods_units") > 0)
        usable = self.orders.filter((pl.col("channel") == channel) & (pl.col("version") == 1) & is_plain & fresh)
        usable = usable.join(single, on="key", how="semi", maintain_order="left")
        count = min(len(damages), len(usable))
        chosen = usable[np.sort(rng.choice(len(usable), count, replace=False))] if count else usable.clear()
        numbers = pl.Series("bad", [d.number for d in damages[:count]], dtype=pl.Int64)
        held = chosen.filter(pl.Series([not d.is_junk for d in damages[:count]], dtype=pl.Boolean))["key"]
        later = pl.when(pl.col("key").is_in(held.implode())).then(export.number + 1).otherwise("first_export")
        self.orders = self.orders.with_columns(first_export=later)
        return _shown(chosen, pl.col("ordered_at") + AGO).with_columns(numbers)


def _shown(orders: pl.DataFrame, as_at: pl.Expr) -> pl.DataFrame:
    return orders.select("key", as_at=as_at.cast(pl.Int64), bad=pl.lit(NEW_ORDER, pl.Int64))


def _state(orders: pl.DataFrame) -> pl.DataFrame:
    """What an onlooker at `as_at` knows of each order."""
    known = {e: pl.col(e) <= pl.col("as_at") for e in EVENTS}
    modified = pl.max_horizontal("ordered_at", *(pl.when(seen).then(e) for e, seen in known.items()))
    digital = (pl.col("goods_units") == 0) & (pl.col("fate") == NORMAL)
    all_out = pl.when("is_split").then(known["ship2_at"]).otherwise(known["ship1_at"])
    refunded = pl.when(known["refund_at"]).then("refund_cents").otherwise(0) + pl.when(known["return_at"]).then(
        "return_cents"
    ).otherwise(0)
    return orders.with_columns(
        modified_at=modified,
        is_cancelled=known["cancel_at"],
        is_shipped=digital | all_out,
        is_partly_shipped=known["ship1_at"],
        fulfilled_at=pl.when(digital)
        .then("ordered_at")
        .when(all_out)
        .then(pl.when("is_split").then("ship2_at").otherwise("ship1_at")),
        refunded=pl.when(known["cancel_at"]).then("total").otherwise(refunded),
    )
