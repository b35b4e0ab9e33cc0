"""What the ledger has to hold of a demo shop that TikTok Shop serves, from the merchant's truth in plain loops. Not here: other platforms."""

from typing import Any

import polars as pl

from benchmarks.expected import AT, MONEY, Asked, euros, frame, lines, orders, second, shipments
from pipelines.demo.servers import tiktok
from pipelines.demo.servers.shop import Shop


def items() -> Any:
    """A line per unit, those that were cancelled alone too."""
    keys, _, read = lines("tiktok")

    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for o in shop.orders:
            gone = o.cancelled_at is not None
            rows += [
                (str(o.id), x.sku, x.units + x.removed_units, 0 if gone else x.units, euros(0 if gone else x.gross - x.discount))
                for x in o.lines
            ]
        told = frame(rows, order_id=pl.String, sku=pl.String, items=pl.UInt32, units=pl.Int64, net=MONEY).group_by(
            "order_id", "sku"
        )
        return told.agg(pl.col("items").sum().alias("rows"), pl.col("units").sum(), pl.col("net").sum().cast(MONEY))

    return keys, expect, read


def shipped() -> Any:
    """Parcels; all of an order arrive when its last does."""
    keys, _, read = shipments("tiktok", with_delivery=True)

    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for o in shop.orders:
            sku, there = {x.number: x.sku for x in o.lines}, tiktok.arrived(o)
            at = second(there + asked.skew) if there else None
            rows += [(str(p.id), sku[n], units, second(p.shipped_at + asked.skew), at) for p in o.parcels for n, units in p.units]
        told = frame(rows, shipment_id=pl.String, sku=pl.String, units=pl.Int64, shipped_at=AT, delivered_at=AT)
        return told.group_by("shipment_id", "sku").agg(
            pl.col("units").sum(), pl.col("shipped_at").max(), pl.col("delivered_at").max()
        )

    return keys, expect, read


def paid() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for o in shop.orders:
            is_paid = o.cancelled_at is None or o.cancelled_at >= o.placed_at + tiktok.PAID_AFTER
            rows += [(f"{o.id}-paid", str(o.id), "capture", euros(o.total + o.removed))] if is_paid else []
            rows += [
                (f"{number}-cancelled", str(o.id), "refund" if cents else "void", euros(cents))
                for _, number, _, cents in tiktok.cancelled(o)
            ]
            rows += [(f"40{r.id}", str(o.id), "refund", euros(r.cents)) for r in o.returns if r.cents]
        return frame(rows, payment_id=pl.String, order_id=pl.String, payment_kind=pl.String, amount=MONEY)

    return ["payment_id"], expect, "SELECT payment_id, order_id, payment_kind, amount FROM payments"


def refunded() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for o in shop.orders:
            rows += [
                (f"{n}-cancelled", str(o.id), "cancelled", euros(0), euros(cents), 0)
                for _, n, _, cents in tiktok.cancelled(o)
                if cents
            ]
            rows += [(f"40{r.id}", str(o.id), "returned", euros(r.cents), euros(0), r.units) for r in o.returns if r.cents]
        return frame(
            rows, refund_id=pl.String, order_id=pl.String, restock_kind=pl.String, goods=MONEY, adjustment=MONEY, units=pl.Int64
        )

    read = """SELECT refund_id, order_id, restock_kind, sum(goods_amount) AS goods, sum(adjustment_amount) AS adjustment, sum(refunded_units)::BIGINT AS units
              FROM refunds GROUP BY ALL"""
    return ["refund_id"], expect, read


def returned() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = (
            (f"40{r.id}", str(o.id), r.sku, r.units, euros(r.cents), second(r.at + asked.skew))
            for o in shop.orders
            for r in o.returns
        )
        return frame(rows, return_id=pl.String, order_id=pl.String, sku=pl.String, units=pl.Int64, amount=MONEY, returned_at=AT)

    read = """SELECT return_id, order_id, sku, sum(returned_units)::BIGINT AS units, sum(refund_amount) AS amount, max(returned_at) AS returned_at
              FROM returns GROUP BY ALL"""
    return ["return_id"], expect, read


def settled() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = (
            (
                tiktok.statement_number(day),
                "PAID",
                euros(sum(c for *_, c in moves)),
                euros(sum(c - tiktok.commission(c) for *_, c in moves)),
            )
            for day, moves in tiktok.settled(shop).items()
        )
        return frame(rows, payout_id=pl.String, payout_status=pl.String, charges_amount=MONEY, net_amount=MONEY)

    return ["payout_id"], expect, "SELECT payout_id, payout_status, charges_amount, net_amount FROM payouts"


def moved() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = [
            (number, tiktok.statement_number(day), str(o.id), "charge" if cents >= 0 else "refund", euros(cents), euros(-tiktok.commission(cents)))
            for day, moves in tiktok.settled(shop).items() for number, o, cents in moves
        ]  # fmt: skip
        return frame(
            rows,
            entry_id=pl.String,
            payout_id=pl.String,
            order_id=pl.String,
            entry_kind=pl.String,
            amount=MONEY,
            fee_amount=MONEY,
        )

    return ["entry_id"], expect, "SELECT entry_id, payout_id, order_id, entry_kind, amount, fee_amount FROM payout_entries"


TIKTOK: dict[str, Any] = {
    "orders": orders("tiktok"),
    "order_lines": items(),
    "shipments": shipped(),
    "payments": paid(),
    "refunds": refunded(),
    "returns": returned(),
    "payouts": settled(),
    "payout_entries": moved(),
}
