"""Rows that a careful reader must set aside: which, where, and what is wrong with them. Not here: healthy rows."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.demo.world import CHANNELS, SHOP_UK

ROWS = 25
VALUES = {"quantity": "two", "date": "2025-13-45", "price": "12,3.4x", "order_id": ""}
KINDS = (*VALUES, "cut")


@dataclass(frozen=True)
class Damage:
    """Junk has an order number of its own and no order behind it; otherwise it is a real order that comes again, correct."""

    number: int
    export: int
    channel: int
    kind: str
    is_junk: bool

    @property
    def junk_id(self) -> str:
        return f"JUNK-{self.number}"


@dataclass(frozen=True)
class Malformed:
    file: str
    row_number: int
    order_id: str | None
    field: str


def plan_damage(exports: int, rng: np.random.Generator) -> list[Damage]:
    """Spreads the malformed rows over exports and channels, every kind of damage on each channel in turn."""
    damages = []
    for number in range(1, ROWS + 1):
        kind = KINDS[number % len(KINDS)]
        channel = SHOP_UK if kind == "cut" else number // len(KINDS) % len(CHANNELS)
        export = int(rng.integers(0, exports))
        is_junk = kind in ("order_id", "cut") or export == exports - 1 or bool(rng.random() < 0.4)
        damages.append(Damage(number, export, channel, kind, is_junk))
    return damages


def spoil(rows: pl.DataFrame, fields: dict[str, str], damages: list[Damage]) -> pl.DataFrame:
    """Text rows with the damage written into those marked `bad`."""
    for damage in damages:
        here = pl.col("bad") == damage.number
        changes = {fields["order_id"]: damage.junk_id} if damage.is_junk else {}
        changes[fields[damage.kind]] = VALUES[damage.kind]
        rows = rows.with_columns(
            pl.when(here).then(pl.lit(value or None, pl.String)).otherwise(name).alias(name) for name, value in changes.items()
        )
    return rows


def locate(rows: pl.DataFrame, file: str, fields: dict[str, str], damages: list[Damage]) -> list[Malformed]:
    """Where the damaged ones among the rows of `file` stand, counted from 1."""
    spoilt = rows.with_row_index("row", 1).filter(pl.col("bad") >= 0)
    by_number = {d.number: d for d in damages}
    found = []
    for row, bad, order_id in spoilt.select("row", "bad", fields["order_id"]).iter_rows():
        found.append(Malformed(file, row, order_id or None, fields[by_number[bad].kind]))
    return found


def spoil_json(text: str, damage: Damage) -> str:
    """The JSON line of an order with its damage."""
    order = json.loads(text)
    if damage.is_junk:
        order["id"] = order["number"] = damage.junk_id
    if damage.kind == "quantity":
        order["line_items"][0]["quantity"] = VALUES["quantity"]
    elif damage.kind == "price":
        order["line_items"][0]["subtotal"] = VALUES["price"]
    elif damage.kind == "date":
        order["date_created_gmt"] = VALUES["date"]
    elif damage.kind == "order_id":
        order["id"] = order["number"] = ""
    line = json.dumps(order, separators=(",", ":"))
    return line[: len(line) * 2 // 3] if damage.kind == "cut" else line


def write_malformed(found: list[Malformed], path: Path) -> None:
    """Writes where the malformed rows stand."""
    schema = {"file": pl.String, "row_number": pl.Int64, "order_id": pl.String, "field": pl.String}
    rows = [(m.file, m.row_number, m.order_id, m.field) for m in found]
    pl.DataFrame(rows, schema=schema, orient="row").sort("file", "row_number").write_parquet(path)
