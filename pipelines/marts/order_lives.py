"""How each order lived: when it reached each stage and how long that took. Here: one row per order. Not here: quantiles (metrics)."""

from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import at_rate, hours_between
from pipelines.marts.fulfilment_lines import in_full_on_time

Frame = nw.LazyFrame[Any]
SOURCES = ("orders", "order_timeline", "fulfilment_lines", "fx_rates")
ORDER = ("channel", "order_id")
FIRST = ("paid", "allocated", "picked", "packed", "first_scan", "cancelled", "returned", "refunded",
         "order_confirmed", "shipping_confirmed", "delivery_confirmed")  # fmt: skip
FLAGS = ("is_expedited", "is_gift", "is_customised", "has_note", "is_changed")
STAGES = ("delivered", "shipped", "packed", "picked", "allocated", "paid")


def order_lives(orders: Frame, order_timeline: Frame, fulfilment_lines: Frame, fx_rates: Frame) -> Frame:
    """Every real sale with the instant of each stage and the hours between it and the last stage known before; tests and orders
    whose payment failed are none.

    A stage that happens to several things of an order happened when it first happened, but leaving and arriving are whole
    only with the last line: an order of which one unit is open has not left. Times before the stage they follow stay, negative.
    """
    sales = orders.filter((~nw.col("is_test")) & (nw.col("order_kind") == "sale") & (nw.col("payment_status") != "failed"))
    rates = fx_rates.select("currency_code", "reporting_rate", business_date="rate_date")
    lives = (
        sales.select(*ORDER, "business_date", "currency_code", "location_id", "service_level", "ship_to_country_code", "customer_key", "cancelled_by",
                     "cancel_reason", *FLAGS, "is_cancelled", "total_amount", placed_at="ordered_at", own_paid_at="paid_at")
        .join(_stages(order_timeline), on=list(ORDER), how="left")
        .join(_leaving(fulfilment_lines), on=list(ORDER), how="left")
        .join(rates, on=["currency_code", "business_date"], how="left")
    )  # fmt: skip
    lives = lives.with_columns(
        paid_at=nw.coalesce(nw.col("paid_at"), nw.col("own_paid_at")),
        location_id=nw.coalesce(nw.col("left_from"), nw.col("location_id")),
        service_level=nw.coalesce(nw.col("left_with"), nw.col("service_level")),
        is_shipped_from_stock=(nw.col("due_units") > 0).fill_null(False),
        is_open=((nw.col("open_units") > 0) & (~nw.col("is_cancelled"))).fill_null(False),
        reporting_total_amount=at_rate(nw.col("total_amount"), nw.col("reporting_rate")),
        parcels=nw.col("parcels").fill_null(0),
        deliver_by_date=nw.col("deliver_by_at").dt.date(),
        is_delivery_known=(nw.col("known_lines") > 0).fill_null(False),
        is_otif=(nw.col("failed_lines") == 0).fill_null(False),
    )
    lives = lives.with_columns(order_state=_state()).with_columns(**_hours(lives))
    return lives.select(
        *ORDER, "business_date", "location_id", "carrier_code", "service_level", "ship_to_country_code", "customer_key", "order_state", "is_shipped_from_stock",
        "is_open", "cancelled_by", "cancel_reason", *FLAGS,
        "parcels", "reporting_total_amount", "placed_at", "paid_at", "allocated_at", "picked_at", "packed_at", "ship_by_at",
        "deliver_by_at", "deliver_by_date", "is_delivery_known", "is_otif", "shipped_at", "first_scan_at", "delivered_at", "cancelled_at", *_hours(lives),
    )  # fmt: skip


def _stages(order_timeline: Frame) -> Frame:
    def moment(kind: str) -> nw.Expr:
        return nw.when(nw.col("event_kind") == kind).then(nw.col("occurred_at"))

    wide = order_timeline.with_columns(
        **{f"{kind}_at": moment(kind) for kind in FIRST},
        parcel=nw.when(nw.col("event_kind") == "shipped").then(1).otherwise(0),
    )
    return wide.group_by(*ORDER).agg(
        **{f"{kind}_at": nw.col(f"{kind}_at").min() for kind in FIRST}, parcels=nw.col("parcel").sum()
    )


def _leaving(fulfilment_lines: Frame) -> Frame:
    """Leaving and arriving of whole orders: blank while one line is open, or one parcel's arrival unknown."""
    lines = fulfilment_lines.with_columns(
        lacking=nw.col("shipped_units") - nw.col("delivered_units"),
        failed=nw.when(in_full_on_time()).then(0).otherwise(1),
        known=nw.col("is_delivery_known").cast(nw.Int64),
    )
    sums = lines.group_by(*ORDER).agg(
        failed_lines=nw.col("failed").sum(),
        known_lines=nw.col("known").sum(),
        deliver_by_at=nw.col("deliver_by_at").min(),
        due_units=nw.col("due_units").sum(),
        open_units=nw.col("open_units").sum(),
        lacking=nw.col("lacking").sum(),
        ship_by_at=nw.col("ship_by_at").min(),
        last_shipped_at=nw.col("shipped_at").max(),
        last_delivered_at=nw.col("delivered_at").max(),
        left_from=nw.col("location_id").min(),
        left_with=nw.col("service_level").min(),
        carrier_code=nw.col("carrier_code").min(),
    )  # fmt: skip
    has_left = nw.col("open_units") == 0
    return sums.with_columns(
        shipped_at=nw.when(has_left).then(nw.col("last_shipped_at")),
        delivered_at=nw.when(has_left & (nw.col("lacking") <= 0)).then(nw.col("last_delivered_at")),
    ).drop("last_shipped_at", "last_delivered_at", "lacking")


def _state() -> nw.Expr:
    state: nw.Expr = nw.lit("placed")
    for stage in reversed(STAGES):
        state = nw.when(~nw.col(f"{stage}_at").is_null()).then(nw.lit(stage)).otherwise(state)
    return nw.when(nw.col("is_cancelled")).then(nw.lit("cancelled")).otherwise(state)


def _hours(frame: Frame) -> dict[str, nw.Expr]:
    known = {"ready": nw.coalesce(nw.col("paid_at"), nw.col("placed_at")),
             "assigned": nw.coalesce(nw.col("allocated_at"), nw.col("paid_at"), nw.col("placed_at")),
             "prepared": nw.coalesce(nw.col("packed_at"), nw.col("picked_at"), nw.col("allocated_at"), nw.col("paid_at"), nw.col("placed_at"))}  # fmt: skip
    spans = {
        "to_paid_hours": ("placed_at", "paid_at"), "to_allocated_hours": ("ready", "allocated_at"), "to_picked_hours": ("assigned", "picked_at"),
        "to_packed_hours": ("picked_at", "packed_at"), "to_shipped_hours": ("prepared", "shipped_at"), "to_first_scan_hours": ("shipped_at", "first_scan_at"),
        "to_delivered_hours": ("shipped_at", "delivered_at"), "placed_to_shipped_hours": ("placed_at", "shipped_at"),
        "placed_to_delivered_hours": ("placed_at", "delivered_at"), "order_confirmed_hours": ("placed_at", "order_confirmed_at"),
        "shipping_confirmed_hours": ("shipped_at", "shipping_confirmed_at"), "delivery_confirmed_hours": ("delivered_at", "delivery_confirmed_at"),
        "to_refunded_hours": ("returned_at", "refunded_at"),
    }  # fmt: skip
    return {name: hours_between(frame, known.get(a, nw.col(a)), nw.col(b)) for name, (a, b) in spans.items()}
