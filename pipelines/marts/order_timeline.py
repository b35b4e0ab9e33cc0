"""Every stage of an order's life in one place: what orders, payments, parcels, returns, refunds and events tell. Not here: durations."""

from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
SOURCES = ("orders", "payments", "shipments", "returns", "refunds", "order_events")
KEYS = ("channel", "order_id", "event_kind", "event_number")


def order_timeline(
    orders: Frame, payments: Frame, shipments: Frame, returns: Frame, refunds: Frame, order_events: Frame
) -> Frame:
    """One row per stage and thing: an order of two parcels is shipped twice. A stage told twice happened when it was first told."""
    parts = [
        _stage(orders, "placed", "ordered_at", nw.lit("1")),
        _stage(orders, "cancelled", "cancelled_at", nw.lit("1")),
        _stage(payments.filter(nw.col("payment_kind") == "capture"), "paid", "paid_at", nw.col("payment_id")),
        _stage(shipments, "shipped", "shipped_at", nw.col("shipment_id")),
        _stage(shipments, "delivered", "delivered_at", nw.col("shipment_id")),
        _stage(returns.filter(nw.col("returned_units") > 0), "returned", "returned_at", nw.col("return_id")),
        _stage(refunds, "refunded", "refunded_at", nw.col("refund_id")),
        order_events.select(*KEYS, "occurred_at"),
    ]
    return nw.concat(parts, how="vertical").group_by(*KEYS).agg(occurred_at=nw.col("occurred_at").min())


def _stage(rows: Frame, kind: str, at: str, number: nw.Expr) -> Frame:
    known = rows.filter(~nw.col(at).is_null())
    return known.select("channel", "order_id", event_kind=nw.lit(kind), event_number=number, occurred_at=nw.col(at))
