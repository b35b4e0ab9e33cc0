"""The tills' export of the stores: semicolons, decimal commas, local time without zone; sold and handed over at once."""

import polars as pl

from pipelines.demo.damage import locate, spoil
from pipelines.demo.exports.common import Desk, instant, joined, lookup, money
from pipelines.demo.pool import Batch
from pipelines.demo.world import CHANNELS, STORE_NAMES, STORES

FIELDS = {"order_id": "receipt_no", "quantity": "qty", "date": "sold_at", "price": "unit_price"}
_TENDERS = ["pin", "pin", "pin", "contant", "creditcard"]


def write(batch: Batch, desk: Desk) -> None:
    """Writes one export as text."""
    name = f"stores/pos_{desk.export.date}.csv"
    rows = joined(batch).select(
        "bad",
        receipt_no=pl.col("order_id"),
        store=lookup("store", list(STORE_NAMES)),
        sold_at=instant("ordered_at", "%d/%m/%Y %H:%M:%S", CHANNELS[STORES].time_zone),
        sku=lookup("sku", desk.world.sku),
        description=lookup("sku", desk.world.description),
        qty=pl.col("qty").cast(pl.String),
        unit_price=_comma("price"),
        line_discount=_comma("discount"),
        tender=pl.lit(pl.Series(_TENDERS)).gather((pl.col("key") * 7 // 3 % len(_TENDERS)).cast(pl.UInt32)),
    )
    rows = spoil(rows, FIELDS, desk.damages)
    desk.found += locate(rows, name, FIELDS, desk.damages)
    rows.drop("bad").write_csv(desk.file(name), separator=";")


def _comma(cents: str) -> pl.Expr:
    return money(cents).str.replace(".", ",", literal=True)
