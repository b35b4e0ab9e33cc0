"""Stock per SKU and location: on hand, promised, on its way. Here: as last observed. Not here: what it will last for (decisions)."""

from datetime import datetime
from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import distinct

Frame = nw.LazyFrame[Any]
SOURCES = ("stock_levels", "fulfilment_lines", "bundles", "purchase_orders", "receipts")
KEYS = ("location_id", "sku")


def inventory_position(
    stock_levels: Frame, fulfilment_lines: Frame, bundles: Frame, purchase_orders: Frame, receipts: Frame, as_of: datetime
) -> Frame:
    """On hand as last observed by `as_of` (UTC); blank where it never was: unknown, not zero.

    allocated = min(on hand, open units); backordered = open units − allocated; available = on hand − allocated. Bundles count
    as their components. On order is what open purchase orders still lack.
    """
    stock = _last_observed(stock_levels, as_of)
    open_units = open_component_units(fulfilment_lines, bundles).group_by(*KEYS).agg(open_units=nw.col("open_units").sum())
    on_order = _on_order(purchase_orders, receipts, as_of)
    keys = distinct(nw.concat([frame.select(*KEYS) for frame in (stock, open_units, on_order)], how="diagonal"), *KEYS)
    for part in (stock, open_units, on_order):
        keys = keys.join(part, on=list(KEYS), how="left")
    known = ~nw.col("on_hand_units").is_null()
    wanted = nw.col("open_units").fill_null(0)
    held = nw.max_horizontal(nw.col("on_hand_units"), nw.lit(0))
    allocated = nw.when(known).then(nw.min_horizontal(held, wanted))
    return keys.select(
        *KEYS, "observed_at", "on_hand_units",
        allocated_units=allocated,
        available_units=nw.when(known).then(held - allocated),
        backordered_units=nw.when(known).then(wanted - allocated).otherwise(wanted),
        on_order_units=nw.col("on_order_units").fill_null(0),
        in_transit_units=nw.col("in_transit_units"),
    )  # fmt: skip


def open_component_units(fulfilment_lines: Frame, bundles: Frame) -> Frame:
    """Open lines as what is taken from stock: a bundle becomes its components."""
    parts = bundles.select("component_sku", "component_units", sku="bundle_sku")
    lines = fulfilment_lines.filter(nw.col("open_units") > 0).join(parts, on="sku", how="left")
    return lines.with_columns(
        sku=nw.coalesce(nw.col("component_sku"), nw.col("sku")),
        open_units=nw.col("open_units") * nw.col("component_units").fill_null(1),
    ).drop("component_sku", "component_units")


def _last_observed(stock_levels: Frame, as_of: datetime) -> Frame:
    observed = stock_levels.filter(nw.col("observed_at") <= as_of)
    last = observed.group_by(*KEYS).agg(observed_at=nw.col("observed_at").max())
    return observed.join(last, on=[*KEYS, "observed_at"], how="inner").select(*KEYS, "observed_at", "on_hand_units")


def _on_order(purchase_orders: Frame, receipts: Frame, as_of: datetime) -> Frame:
    """What open purchase orders lack, and the part of it that a supplier has sent, where any line of the SKU tells of sending."""
    line = ("purchase_order_id", *KEYS)
    is_sent = (nw.col("shipped_at") <= as_of).fill_null(False)
    told = purchase_orders.filter(~nw.col("is_closed")).with_columns(
        sent=nw.when(is_sent).then(nw.col("ordered_units")).otherwise(0), told=nw.when(~nw.col("shipped_at").is_null()).then(1).otherwise(0)
    )  # fmt: skip
    ordered = told.group_by(*line).agg(
        ordered=nw.col("ordered_units").sum(), sent=nw.col("sent").sum(), told=nw.col("told").sum()
    )
    received = receipts.group_by(*line).agg(received=nw.col("received_units").sum())
    arrived = nw.col("received").fill_null(0)
    lacking = ordered.join(received, on=list(line), how="left").with_columns(
        lacking=nw.max_horizontal(nw.col("ordered") - arrived, nw.lit(0)), travelling=nw.max_horizontal(nw.col("sent") - arrived, nw.lit(0))
    )  # fmt: skip
    sums = lacking.group_by(*KEYS).agg(
        on_order_units=nw.col("lacking").sum(), travelling=nw.col("travelling").sum(), told=nw.col("told").sum()
    )
    return sums.with_columns(in_transit_units=nw.when(nw.col("told") > 0).then(nw.col("travelling"))).drop("travelling", "told")
