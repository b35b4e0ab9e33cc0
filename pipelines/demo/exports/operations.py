"""Feeds of payment provider, warehouse and ERP: what happened since the last export. Not here: the channels' orders."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.demo.days import Journal
from pipelines.demo.exports.common import Desk, instant, lookup, money, warehouse
from pipelines.demo.plan import NEVER, Export, Plan
from pipelines.demo.stock import CELLS, PurchaseOrder, Receipt
from pipelines.demo.world import CHANNELS, PRODUCTS, WAREHOUSES, World

_CHANNELS = [c.code for c in CHANNELS]
_WAREHOUSES = [w[0] for w in WAREHOUSES]
LABEL_CENTS, PIECE_CENTS = {"express": 990, "standard": 390}, 35  # what carriers charge per SKU in a parcel and per piece
_CARRIERS = {"AMS": "PostNL", "BHX": "Royal Mail", "EWR": "UPS"}


class Feed:
    """Rows that are reported when they happen, and again when a later instant of theirs has passed."""

    def __init__(self, *instants: str) -> None:
        self.instants = instants
        self.rows = pl.DataFrame()

    def add(self, rows: pl.DataFrame) -> None:
        rows = rows.with_columns(is_new=True)
        self.rows = rows if self.rows.is_empty() else pl.concat([self.rows, rows], how="vertical_relaxed")

    def take(self, export: Export) -> pl.DataFrame:
        """Rows of this export, with instants after it unknown; what is finished is forgotten."""
        after = pl.when("is_new").then(-NEVER).otherwise(export.previous_cutoff)
        news = pl.any_horizontal((pl.col(i) > after) & (pl.col(i) <= export.cutoff) for i in self.instants)
        waits = pl.any_horizontal((pl.col(i) > export.cutoff) & (pl.col(i) < NEVER) for i in self.instants)
        taken = self.rows.filter(news)
        # what has not been reported at all yet is still new
        self.rows = self.rows.with_columns(is_new=pl.col("is_new") & ~news).filter(waits)
        return taken.with_columns(pl.when(pl.col(i) <= export.cutoff).then(i).otherwise(NEVER).alias(i) for i in self.instants)


def write_payments(rows: pl.DataFrame, desk: Desk) -> None:
    """Writes payment events in the order of time."""
    rows.sort("paid_at", "number").select(payment_columns()).write_csv(desk.file(f"payments/payments_{desk.export.date}.csv"))


def write_shipments(rows: pl.DataFrame, desk: Desk) -> None:
    """Writes shipments, one row per SKU of each."""
    columns = shipment_columns(desk.world)
    rows.sort("shipped_at", "number", "sku").select(columns).write_csv(desk.file(f"warehouse/shipments_{desk.export.date}.csv"))


def write_returns(rows: pl.DataFrame, desk: Desk) -> None:
    """Writes returned lines."""
    rows.sort("returned_at", "number").select(return_columns(desk.world)).write_csv(
        desk.file(f"warehouse/returns_{desk.export.date}.csv")
    )


def payment_columns() -> list[pl.Expr]:
    """The payment provider's columns."""
    return [
        pl.format("PAY-{}", pl.col("number").cast(pl.String).str.zfill(8)).alias("payment_id"),
        lookup("channel", _CHANNELS).alias("channel"),
        pl.col("order_id"),
        pl.col("kind"),
        pl.col("method"),
        money("cents").alias("amount"),
        pl.col("currency"),
        instant("paid_at").alias("paid_at"),
    ]


def shipment_columns(world: World) -> list[pl.Expr]:
    """The warehouse system's columns of a shipment."""
    return [
        pl.format("SH-{}", pl.col("number").cast(pl.String).str.zfill(8)).alias("shipment_id"),
        lookup("channel", _CHANNELS).alias("channel"),
        pl.col("order_id"),
        lookup("sku", world.sku).alias("sku"),
        pl.col("units"),
        instant("shipped_at").alias("shipped_at"),
        instant("delivered_at").alias("delivered_at"),
        warehouse().alias("warehouse"),
        lookup("location", list(_CARRIERS.values())).alias("carrier"),
        pl.when("is_expedited").then(pl.lit("express")).otherwise(pl.lit("standard")).alias("service"),
        money(
            pl.when("is_expedited").then(LABEL_CENTS["express"]).otherwise(LABEL_CENTS["standard"])
            + PIECE_CENTS * pl.col("units")
        ).alias("label_cost"),
    ]


def return_columns(world: World) -> list[pl.Expr]:
    """The warehouse system's columns of a return."""
    return [
        pl.format("RT-{}", pl.col("number").cast(pl.String).str.zfill(7)).alias("return_id"),
        lookup("channel", _CHANNELS).alias("channel"),
        pl.col("order_id"),
        lookup("sku", world.sku).alias("sku"),
        pl.col("units"),
        money("refund").alias("refund_amount"),
        pl.col("currency"),
        instant("returned_at").alias("returned_at"),
        pl.col("reason"),
    ]


def write_stock(journal: Journal, opening: np.ndarray, plan: Plan, desk: Desk) -> None:
    """Cells whose stock changed on a day; the first file begins with the opening stock on the day before the first."""
    first, last = desk.export.first_day, desk.export.last_day + 1
    values = stock_values(journal, last)
    before = values[first - 1] if first else np.stack([opening, np.zeros_like(opening), np.zeros_like(opening)], axis=-1)
    month = np.concatenate([before[None], values[first:last]])
    changed = (month[1:] != month[:-1]).any(axis=2)
    day, cell = np.nonzero(changed)
    frame = _stock_rows(first + day, cell, month[1:][day, cell], plan, desk.world)
    if first == 0:
        frame = pl.concat([_stock_rows(np.full(CELLS, -1), np.arange(CELLS), before, plan, desk.world), frame])
    frame.write_parquet(desk.file(f"warehouse/stock_{desk.export.date}.parquet"))


def stock_values(journal: Journal, days: int) -> np.ndarray:
    """On hand, unsellable and committed units, [day, cell, 3], for the first `days` days."""
    committed = np.cumsum(journal.sold[:days], axis=0) - np.cumsum(journal.released[:days], axis=0)
    return np.stack([journal.on_hand[:days], journal.unsellable[:days], committed], axis=-1).astype(np.int64)


def _stock_rows(day: np.ndarray, cell: np.ndarray, values: np.ndarray, plan: Plan, world: World) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"location": cell // PRODUCTS, "product": cell % PRODUCTS, "at": plan.midnight(0) + (day + 1) * 86_400 - 1}
    )
    return frame.select(
        location_id=warehouse(),
        sku=lookup("product", world.sku),
        observed_at=pl.from_epoch("at", "s").cast(pl.Datetime("us")),
        on_hand=pl.Series(values[:, 0]),
        unsellable=pl.Series(values[:, 1]),
        committed=pl.Series(values[:, 2]),
    )


def write_purchase_orders(orders: Sequence[PurchaseOrder], desk: Desk) -> None:
    """Orders that were placed, confirmed or closed since the last export, with all their lines."""
    low, high = desk.export.previous_cutoff, desk.export.cutoff
    rows = []
    for order in orders:
        if not any(low < at <= high for at in (order.ordered_at, order.confirmed_at, order.closed_at)):
            continue
        confirmed = order.confirmed_at if order.confirmed_at <= high else NEVER
        head = (f"PO-{order.number:06d}", order.supplier, order.warehouse, order.ordered_at, confirmed, order.expected_at)
        closed = "yes" if order.closed_at <= high else "no"
        for line, (product, units, cost) in enumerate(zip(order.products, order.units, order.cost, strict=True), 1):
            rows.append((*head, closed, line, int(product), int(units), int(cost)))
    names = ("po_id", "supplier", "location", "ordered", "confirmed", "expected", "closed", "line", "product", "units", "cost")
    schema = {n: pl.String if n in ("po_id", "closed") else pl.Int64 for n in names}
    pl.DataFrame(rows, schema=schema, orient="row").select(
        "po_id",
        "line",
        supplier_id=pl.format("SUP-{}", (pl.col("supplier") + 1).cast(pl.String).str.zfill(2)),
        sku=lookup("product", desk.world.sku),
        warehouse=warehouse(),
        units="units",
        unit_cost=money("cost"),
        currency=pl.lit("EUR"),
        ordered_at=instant("ordered"),
        confirmed_at=instant("confirmed"),
        expected_at=instant("expected"),
        closed="closed",
        reference=pl.lit(None, pl.String),
    ).write_csv(desk.file(f"erp/purchase_orders_{desk.export.date}.csv"))


def write_receipts(receipts: Sequence[Receipt], desk: Desk) -> None:
    """Writes the lines received since the last export."""
    low, high = desk.export.previous_cutoff, desk.export.cutoff
    rows = []
    for receipt in receipts:
        if not low < receipt.received_at <= high:
            continue
        head = (f"GR-{receipt.number:06d}", f"PO-{receipt.order.number:06d}", receipt.order.warehouse, receipt.received_at)
        for line, (position, units) in enumerate(zip(receipt.line, receipt.units, strict=True), 1):
            rows.append((*head, line, int(position) + 1, int(receipt.order.products[position]), int(units)))
    names = ("receipt_id", "po_id", "location", "received", "line", "po_line", "product", "units")
    schema = {n: pl.String if n in ("receipt_id", "po_id") else pl.Int64 for n in names}
    pl.DataFrame(rows, schema=schema, orient="row").sort("received", "receipt_id", "line").select(
        "receipt_id",
        "line",
        "po_id",
        "po_line",
        sku=lookup("product", desk.world.sku),
        warehouse=warehouse(),
        units="units",
        received_at=instant("received"),
    ).write_csv(desk.file(f"erp/receipts_{desk.export.date}.csv"))
