"""What has to leave a building, and when it did. Here: one row per order and SKU. Not here: rates."""

from datetime import datetime
from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
SOURCES = ("order_lines", "orders", "shipments")
KEYS = ("channel", "order_id", "sku")


def fulfilment_lines(order_lines: Frame, orders: Frame, shipments: Frame, as_of: datetime, default_location: str) -> Frame:
    """Due, shipped and open units as of an instant (UTC), for goods of real, paid sales that carry a promise or a shipment.

    A line is shipped at the instant when its last due unit left. Orders without promise and without shipment, such as those
    handed over in a store, are not here: nothing has to leave a building. Nor are unshipped lines ordered before a channel's
    first recorded shipment, or on a channel without any: whether they left is unknown, which is neither open nor late.
    """
    shipped = shipments.filter(nw.col("shipped_at") <= as_of).group_by(*KEYS).agg(
        shipped_units=nw.col("shipped_units").sum(),
        last_shipped_at=nw.col("shipped_at").max(),
        delivered_at=nw.col("delivered_at").max(),
        shipped_from=nw.col("location_id").min(),
        parcels=nw.col("shipment_id").n_unique(),
    )  # fmt: skip
    due = _due(order_lines, orders)
    lines = due.join(shipped, on=list(KEYS), how="left").with_columns(
        shipped_units=nw.col("shipped_units").fill_null(0), parcels=nw.col("parcels").fill_null(0)
    )
    recorded = shipments.group_by("channel").agg(first_shipped_at=nw.col("shipped_at").min())
    lines = lines.join(recorded, on="channel", how="inner")
    is_open = (~nw.col("ship_by_at").is_null()) & (nw.col("ordered_at") >= nw.col("first_shipped_at"))
    lines = lines.filter(is_open | (nw.col("shipped_units") > 0))
    open_units = nw.max_horizontal(nw.col("due_units") - nw.col("shipped_units"), nw.lit(0))
    return lines.with_columns(open_units=open_units).select(
        *KEYS, "ordered_at", "ship_by_at", "due_units", "shipped_units", "open_units", "delivered_at", "is_expedited",
        location_id=nw.coalesce(nw.col("shipped_from"), nw.col("location_id"), nw.lit(default_location)),
        ship_by_date=nw.col("ship_by_at").dt.date(),
        shipped_at=nw.when(nw.col("open_units") == 0).then(nw.col("last_shipped_at")),
        is_split=nw.col("parcels") > 1,
    )  # fmt: skip


def _due(order_lines: Frame, orders: Frame) -> Frame:
    real = orders.filter((~nw.col("is_test")) & (nw.col("payment_status") != "failed") & (nw.col("order_kind") == "sale")).select(
        "channel", "order_id", "ordered_at", "ship_by_at", "location_id", "is_expedited"
    )
    goods = order_lines.filter(
        nw.col("is_goods") & (~nw.col("is_gift_card")) & (~nw.col("sku").is_null()) & (nw.col("ordered_units") > 0)
    )
    units = goods.group_by(*KEYS).agg(ordered=nw.col("ordered_units").sum(), cancelled=nw.col("cancelled_units").sum())
    due = (
        units.with_columns(due_units=nw.col("ordered") - nw.col("cancelled"))
        .filter(nw.col("due_units") > 0)
        .drop("ordered", "cancelled")
    )
    return due.join(real, on=["channel", "order_id"], how="inner")
