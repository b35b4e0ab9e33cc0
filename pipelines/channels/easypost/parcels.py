"""EasyPost's trackers and shipments → tracked parcels and labels. Not here: which shipment of the shop they belong to (ledger/tracking.py)."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, Maybe, decode
from pipelines.channels.documents import instant, unchanged

TRACKER = {
    **dict.fromkeys(("id", "tracking_code", "status", "carrier", "created_at"), TEXT),
    "tracking_details": [dict.fromkeys(("status", "datetime"), TEXT)],
}
LABEL = {
    **dict.fromkeys(("id", "tracking_code", "created_at", "is_return", "refund_status"), TEXT),
    "postage_label": Maybe({"label_date": TEXT, "created_at": TEXT}),
    "selected_rate": Maybe(dict.fromkeys(("rate", "currency", "carrier", "service"), TEXT)),
}
UNMOVED = ("unknown", "pre_transit", "error", "cancelled")  # states in which no carrier has the parcel in hand
DELIVERED, BACK = "delivered", "return_to_sender"


def parse_trackers(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per parcel with the first moment of each stage. What arrives after it was turned back has arrived at the sender."""
    decoded, broken = decode(payloads, TRACKER)
    scans = (
        decoded.select("record", scan="tracking_details").explode("scan", empty_as_null=False, keep_nulls=False).unnest("scan")
        .with_columns(at=instant(pl.col("datetime"))).filter(pl.col("at").is_not_null()).sort("record", "at", maintain_order=True)
        .with_columns(is_back=(pl.col("status") == BACK).cum_max().over("record").fill_null(False))
    )  # fmt: skip
    at, status, is_back = pl.col("at"), pl.col("status"), pl.col("is_back")
    stages = scans.group_by("record").agg(
        labelled_at=at.filter(status == "pre_transit").min(), first_scan_at=at.filter(~status.is_in(UNMOVED)).min(),
        delivered_at=at.filter((status == DELIVERED) & ~is_back).min(), returned_at=at.filter((status == DELIVERED) & is_back).min(),
    )  # fmt: skip
    frame = decoded.join(stages, on="record", how="left", maintain_order="left").select(
        "record", channel=pl.lit(context.channel), tracker_id="id", shop_channel=pl.lit(context.orders_of, pl.String), tracking_number="tracking_code",
        carrier_code="carrier", parcel_status="status", tracked_at="created_at", labelled_at="labelled_at", first_scan_at="first_scan_at",
        delivered_at="delivered_at", returned_at="returned_at",
    )  # fmt: skip
    return Tables((Rows("tracked_parcels", frame, required=("tracker_id", "tracking_number", "tracked_at")),), unchanged, broken)


def parse_labels(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per label at the rate that was chosen; one that the carrier has taken back costs nothing."""
    decoded, broken = decode(payloads, LABEL)
    rate, label = pl.col("selected_rate").struct, pl.col("postage_label").struct
    is_refunded = (pl.col("refund_status") == "refunded").fill_null(False)
    frame = decoded.select(
        "record", channel=pl.lit(context.channel), label_id="id", shop_channel=pl.lit(context.orders_of, pl.String), tracking_number="tracking_code",
        carrier_code=rate.field("carrier"), service_level=rate.field("service"), bought_at=pl.coalesce(label.field("label_date"), label.field("created_at"), "created_at"),  # noqa: E501
        label_cost_amount=pl.when(is_refunded).then(pl.lit("0")).otherwise(rate.field("rate")), currency_code=rate.field("currency"),
        is_return=(pl.col("is_return") == "true").fill_null(False),
    )  # fmt: skip
    required = ("label_id", "tracking_number", "bought_at", "label_cost_amount", "currency_code")
    return Tables((Rows("shipping_labels", frame, required=required),), unchanged, broken)
