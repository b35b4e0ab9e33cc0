"""WooCommerce orders of shop_uk as JSON lines, in no particular order; date_modified_gmt tells which version is newer."""

import numpy as np
import polars as pl

from pipelines.demo.damage import Malformed, spoil_json
from pipelines.demo.days import FAILED, SELLER_CANCELLED
from pipelines.demo.exports.common import Desk, instant, lookup, money
from pipelines.demo.payments import CAPTURED_AFTER
from pipelines.demo.pool import Batch

FIELDS = {
    "order_id": "id",
    "quantity": "line_items.quantity",
    "date": "date_created_gmt",
    "price": "line_items.subtotal",
    "cut": "",
}
_GMT = "%Y-%m-%dT%H:%M:%S"


def write(batch: Batch, desk: Desk, rng: np.random.Generator) -> None:
    """Writes one export as JSON lines in a random order."""
    name = f"shop_uk/orders_{desk.export.date}.jsonl"
    items = _items(batch.lines, desk).group_by("copy", maintain_order=True).agg(line_items="item", line_tax=pl.col("tax").sum())
    orders = batch.orders.join(items, on="copy", how="left", maintain_order="left")
    encoded = orders.select(pl.struct(_columns(desk)).struct.json_encode())[:, 0]
    mixed = rng.permutation(len(orders))
    lines = encoded.gather(mixed).to_list()
    by_number = {d.number: d for d in desk.damages}
    bad = orders["bad"].to_numpy()[mixed]
    ids = orders["order_id"]
    for row in np.flatnonzero(bad >= 0):
        damage = by_number[int(bad[row])]
        lines[row] = spoil_json(lines[row], damage)
        order_id = None if damage.kind == "order_id" else damage.junk_id if damage.is_junk else ids[int(mixed[row])]
        desk.found.append(Malformed(name, int(row) + 1, order_id, FIELDS[damage.kind]))
    with desk.file(name).open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)


def _items(lines: pl.DataFrame, desk: Desk) -> pl.DataFrame:
    net = pl.col("gross") - pl.col("discount")
    item = pl.struct(
        id=pl.col("key") * 8 + pl.col("line_number"),
        name=lookup("sku", desk.world.description),
        sku=lookup("sku", desk.world.sku),
        quantity=pl.col("qty"),
        subtotal=money("gross"),
        total=money(net),
        total_tax=money("tax"),
        price=(net / pl.col("qty") / 100).round(2),
    )
    return lines.select("copy", "tax", item=item)


def _columns(desk: Desk) -> list[pl.Expr]:
    number = pl.col("order_id")
    empty = pl.lit(pl.Series([[]], dtype=pl.List(pl.String)))
    reason = pl.struct(key=pl.lit("_cancel_reason"), value=pl.lit("out_of_stock"))
    refused = pl.col("is_cancelled") & (pl.col("fate") == SELLER_CANCELLED)
    method = (
        pl.when("is_expedited")
        .then(pl.lit("Express"))
        .when(pl.col("shipping") > 0)
        .then(pl.lit("Standard"))
        .otherwise(pl.lit("Free shipping"))
    )
    shipping_line = pl.struct(id=pl.col("key") * 8, method_title=method, total=money("shipping"), total_tax=money("shipping_tax"))
    paid_at = pl.col("ordered_at") + CAPTURED_AFTER
    paid = (pl.col("fate") != FAILED) & (paid_at <= pl.col("as_at"))
    note = (
        pl.when("is_customised")
        .then(pl.lit("Engraving: With love"))
        .when("has_note")
        .then(pl.lit("Please ring twice"))
        .otherwise(pl.lit(""))
    )
    columns = {
        "id": number.cast(pl.Int64),
        "number": number,
        "status": _status(),
        "currency": pl.lit("GBP"),
        "date_created_gmt": instant("ordered_at", _GMT),
        "date_modified_gmt": instant("modified_at", _GMT),
        "date_paid_gmt": pl.when(paid).then(instant(paid_at, _GMT)),
        "discount_total": money("discount"),
        "shipping_total": money("shipping"),
        "total": money("total"),
        "total_tax": money("tax"),
        "customer_id": pl.col("customer"),
        "customer_note": note,
        "shipping": pl.struct(
            country=lookup("place", desk.world.places.country), postcode=lookup("place", desk.world.places.postal_code)
        ),
        "meta_data": pl.when(refused).then(pl.concat_list(reason)).otherwise(pl.concat_list(reason).list.head(0)),
        "line_items": pl.col("line_items"),
        "shipping_lines": pl.concat_list(shipping_line).list.head(pl.when(pl.col("goods_units") > 0).then(1).otherwise(0)),
        "fee_lines": empty,
        "coupon_lines": empty,
        "refunds": empty,
    }
    return [value.alias(name) for name, value in columns.items()]


def _status() -> pl.Expr:
    return (
        pl.when(pl.col("fate") == FAILED)
        .then(pl.lit("failed"))
        .when("is_cancelled")
        .then(pl.lit("cancelled"))
        .when("is_shipped")
        .then(pl.lit("completed"))
        .otherwise(pl.lit("processing"))
    )
