"""What suppliers promised and what arrived. Here: one row per purchase order, SKU and location. Not here: rates, lead times to plan with."""

from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import hours_between

Frame = nw.LazyFrame[Any]
SOURCES = ("purchase_orders", "receipts")
KEYS = ("purchase_order_id", "sku", "location_id")


def purchase_lines(purchase_orders: Frame, receipts: Frame) -> Frame:
    """Lines of a purchase order for the same SKU and location are one; what arrives on the expected day (UTC) is in time."""
    ordered = purchase_orders.with_columns(closed=nw.col("is_closed").cast(nw.Int64)).group_by(*KEYS).agg(
        supplier_id=nw.col("supplier_id").min(), ordered_at=nw.col("ordered_at").min(), expected_at=nw.col("expected_at").max(),
        ordered_units=nw.col("ordered_units").sum(), closed=nw.col("closed").min(),
    )  # fmt: skip
    lines = ordered.with_columns(expected_date=nw.col("expected_at").dt.date(), is_closed=nw.col("closed") == 1)
    arrived = receipts.join(lines.select(*KEYS, "expected_date"), on=list(KEYS), how="inner")
    is_in_time = nw.col("received_at").dt.date() <= nw.col("expected_date")
    arrived = arrived.with_columns(in_time=nw.when(is_in_time).then(nw.col("received_units")).otherwise(0))
    sums = arrived.group_by(*KEYS).agg(
        received_units=nw.col("received_units").sum(), in_time_units=nw.col("in_time").sum(), last_received_at=nw.col("received_at").max()
    )  # fmt: skip
    lines = lines.join(sums, on=list(KEYS), how="left").with_columns(nw.col("received_units", "in_time_units").fill_null(0))
    days = hours_between(lines, nw.col("ordered_at"), nw.col("last_received_at")) * (1 / 24)
    return lines.with_columns(lead_time_days=nw.when(nw.col("received_units") >= nw.col("ordered_units")).then(days)).drop(
        "closed"
    )
