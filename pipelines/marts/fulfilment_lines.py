"""What had to leave a building, when it did and when it arrived. Here: one row per order and SKU. Not here: rates."""

from datetime import datetime
from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
SOURCES = ("order_lines", "orders", "shipments", "ship_by_windows", "channel_records")
KEYS = ("channel", "order_id", "sku")
ORDER = ("channel", "order_id")


def fulfilment_lines(
    order_lines: Frame,
    orders: Frame,
    shipments: Frame,
    ship_by_windows: Frame,
    channel_records: Frame,
    as_of: datetime,
    default_location: str,
) -> Frame:
    """Due, shipped, open and delivered units as of an instant (UTC), for goods of real, paid sales that carry a promise or a shipment.

    A line is shipped at the instant when its last due unit left. Orders without promise and without shipment, such as those
    handed over in a store, are not here: nothing has to leave a building. Nor are unshipped lines ordered before a channel's
    first recorded shipment, or on a channel without any: whether they left is unknown, which is neither open nor late.
    Lines that the seller cancelled whole are here with nothing due: the customer wanted them. Where a channel promises nothing,
    the location's working days and cut-off do.
    """
    real = orders.filter((~nw.col("is_test")) & (nw.col("payment_status") != "failed") & (nw.col("order_kind") == "sale"))
    real = _promised(real, ship_by_windows, default_location)
    recorded = channel_records.filter(~nw.col("first_shipped_at").is_null()).select(
        "channel", "first_shipped_at", "has_delivery_scans"
    )
    lines = _due(order_lines, real).join(_shipped(shipments, real, as_of), on=list(KEYS), how="left")
    counts = ("shipped_units", "in_time_units", "delivered_units", "delivered_in_time_units", "parcels")
    lines = lines.with_columns(nw.col(*counts).fill_null(0)).join(recorded, on="channel", how="inner")
    is_open = (~nw.col("ship_by_at").is_null()) & (nw.col("ordered_at") >= nw.col("first_shipped_at"))
    lines = lines.filter(is_open | (nw.col("shipped_units") > 0))
    open_units = nw.max_horizontal(nw.col("due_units") - nw.col("shipped_units"), nw.lit(0))
    return lines.with_columns(open_units=open_units).select(
        *KEYS, "ordered_at", "ship_by_at", "deliver_by_at", "due_units", "seller_cancelled_units", "open_units", *counts[:4], "delivered_at", "is_expedited",
        "carrier_code", "ship_to_country_code",
        location_id=nw.coalesce(nw.col("shipped_from"), nw.col("location_id"), nw.lit(default_location)),
        service_level=nw.coalesce(nw.col("carrier_service"), nw.col("service_level")),
        ship_by_date=nw.col("ship_by_at").dt.date(),
        deliver_by_date=nw.col("deliver_by_at").dt.date(),
        shipped_at=nw.when((nw.col("open_units") == 0) & (nw.col("due_units") > 0)).then(nw.col("last_shipped_at")),
        is_delivery_known=nw.col("has_delivery_scans"),
        is_split=nw.col("parcels") > 1,
    )  # fmt: skip


def _promised(real: Frame, ship_by_windows: Frame, default_location: str) -> Frame:
    windows = ship_by_windows.select("utc_date", "from_at", "until_at", "promised_at", place="location_id")
    placed = real.with_columns(
        place=nw.coalesce(nw.col("location_id"), nw.lit(default_location)), utc_date=nw.col("ordered_at").dt.date()
    )
    fitting = placed.join(windows, on=["place", "utc_date"], how="left")
    is_in_it = (nw.col("ordered_at") > nw.col("from_at")) & (nw.col("ordered_at") <= nw.col("until_at"))
    fitting = fitting.filter(nw.col("from_at").is_null() | is_in_it)
    return fitting.with_columns(ship_by_at=nw.coalesce(nw.col("ship_by_at"), nw.col("promised_at")))


def _due(order_lines: Frame, real: Frame) -> Frame:
    orders = real.select(*ORDER, "ordered_at", "ship_by_at", "deliver_by_at", "location_id", "service_level", "ship_to_country_code", "is_expedited",
                         is_sellers=(nw.col("cancelled_by") == "seller").fill_null(False))  # fmt: skip
    goods = order_lines.filter(
        nw.col("is_goods") & (~nw.col("is_gift_card")) & (~nw.col("sku").is_null()) & (nw.col("ordered_units") > 0)
    )
    units = goods.group_by(*KEYS).agg(ordered=nw.col("ordered_units").sum(), cancelled=nw.col("cancelled_units").sum())
    due = units.join(orders, on=list(ORDER), how="inner").with_columns(
        due_units=nw.col("ordered") - nw.col("cancelled"),
        seller_cancelled_units=nw.when(nw.col("is_sellers")).then(nw.col("cancelled")).otherwise(0),
    )
    return due.filter((nw.col("due_units") > 0) | (nw.col("seller_cancelled_units") > 0)).drop(
        "ordered", "cancelled", "is_sellers"
    )


def _shipped(shipments: Frame, real: Frame, as_of: datetime) -> Frame:
    promises = real.select(*ORDER, "ship_by_at", "deliver_by_at")
    left = shipments.filter(nw.col("shipped_at") <= as_of).join(promises, on=list(ORDER), how="inner")
    arrived = nw.col("delivered_at") <= as_of

    def units(condition: nw.Expr) -> nw.Expr:
        return nw.when(condition.fill_null(False)).then(nw.col("shipped_units")).otherwise(0)

    left = left.with_columns(
        in_time=units(nw.col("shipped_at") <= nw.col("ship_by_at")),
        delivered=units(arrived),
        delivered_in_time=units(arrived & (nw.col("delivered_at") <= nw.col("deliver_by_at"))),
        arrived_at=nw.when(arrived.fill_null(False)).then(nw.col("delivered_at")),
    )
    return left.group_by(*KEYS).agg(
        shipped_units=nw.col("shipped_units").sum(),
        in_time_units=nw.col("in_time").sum(),
        delivered_units=nw.col("delivered").sum(),
        delivered_in_time_units=nw.col("delivered_in_time").sum(),
        last_shipped_at=nw.col("shipped_at").max(),
        delivered_at=nw.col("arrived_at").max(),
        shipped_from=nw.col("location_id").min(),
        carrier_code=nw.col("carrier_code").min(),
        carrier_service=nw.col("service_level").min(),
        parcels=nw.col("shipment_id").n_unique(),
    )  # fmt: skip


def in_full_on_time() -> nw.Expr:
    """True of a line that arrived complete by the promise to the customer, of which the seller cancelled nothing."""
    is_whole = (nw.col("delivered_in_time_units") >= nw.col("due_units")) & (nw.col("due_units") > 0)
    return is_whole & (nw.col("seller_cancelled_units") == 0)
