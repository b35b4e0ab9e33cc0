"""What each channel's record tells at all: since when shipments, whether deliveries, whether payments. Not here: any order."""

from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import distinct

Frame = nw.LazyFrame[Any]
SOURCES = ("shipments", "payments")


def channel_records(shipments: Frame, payments: Frame) -> Frame:
    """One row per channel with shipments or payments: what is not recorded is unknown, neither late nor unpaid."""
    shipped = shipments.group_by("channel").agg(
        first_shipped_at=nw.col("shipped_at").min(), scanned=(~nw.col("delivered_at").is_null()).cast(nw.Int64).sum()
    )
    paid = distinct(payments, "channel").with_columns(has_payments=nw.lit(True))
    channels = distinct(nw.concat([shipped.select("channel"), paid.select("channel")], how="vertical"), "channel")
    found = channels.join(shipped, on="channel", how="left").join(paid, on="channel", how="left")
    return found.select(
        "channel",
        "first_shipped_at",
        has_delivery_scans=(nw.col("scanned") > 0).fill_null(False),
        has_payments=nw.col("has_payments").fill_null(False),
    )
