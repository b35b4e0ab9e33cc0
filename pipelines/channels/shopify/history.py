"""What happened to a Shopify order: payments, parcels, stages. Not here: refunds and returns (refunds.py)."""

import polars as pl

from pipelines.channels.base import Context, Rows
from pipelines.channels.documents import coded, exploded
from pipelines.channels.totals import placed

KEEP = ("record", "channel", "order_id", "currency_code")
KINDS = {"SALE": "capture", "CAPTURE": "capture", "AUTHORIZATION": "authorisation", "EMV_AUTHORIZATION": "authorisation",
         "REFUND": "refund", "CHANGE": "refund", "VOID": "void"}  # fmt: skip
LABELLED = ("LABEL_PURCHASED", "LABEL_PRINTED", "CONFIRMED")
SCANNED = ("CARRIER_PICKED_UP", "IN_TRANSIT")
TAIL = r"(\d+)$"


def rows(nested: pl.DataFrame, context: Context) -> tuple[Rows, ...]:
    """Payments, shipments and events of orders."""
    parcels = exploded(nested, KEEP, pl.col("fulfillments"), "position").with_columns(
        location_id=placed(pl.col("location").struct.field("id").str.extract(TAIL), context)
    )
    return _payments(nested), _shipments(parcels), _events(nested, parcels, context)


def _payments(nested: pl.DataFrame) -> Rows:
    paid = exploded(nested, KEEP, pl.col("transactions"), "position")
    kind = (
        pl.when(pl.col("status") == "SUCCESS")
        .then(coded(pl.col("kind"), KINDS))
        .when(pl.col("status").is_in(["PENDING", "AWAITING_RESPONSE"]))
        .then(pl.lit("pending"))
        .when(pl.col("status").is_in(["ERROR", "FAILURE", "UNKNOWN"]))
        .then(pl.lit("failed"))
        .otherwise("status")
    )
    frame = paid.filter((pl.col("kind") != "SUGGESTED_REFUND").fill_null(True)).select(
        *KEEP, "position", payment_id=pl.col("id").str.strip_prefix("gid://shopify/OrderTransaction/"), payment_kind=kind, method="gateway",
        amount=pl.col("amountSet").struct.field("shopMoney").struct.field("amount"),
        paid_at=pl.coalesce("processedAt", "createdAt"),
    )  # fmt: skip
    return Rows("payments", frame, pl.format("transactions[{}]", "position"), ("payment_id", "payment_kind", "amount"))


def _shipments(parcels: pl.DataFrame) -> Rows:
    gone = parcels.filter((pl.col("status") != "CANCELLED").fill_null(True)).select(
        *KEEP, "position", "location_id", shipment_id=pl.col("id").str.strip_prefix("gid://shopify/Fulfillment/"), shipped_at="createdAt", delivered_at="deliveredAt",  # noqa: E501
        carrier_code=pl.col("trackingInfo").list.first().struct.field("company"),
        tracking_number=pl.col("trackingInfo").list.first().struct.field("number"),
        lines=pl.col("fulfillmentLineItems").struct.field("nodes"),
    )  # fmt: skip
    kept = [name for name in gone.columns if name not in ("lines",)]
    lines = exploded(gone, kept, pl.col("lines"), "inner").with_columns(line_id=pl.col("lineItem").struct.field("id"))
    frame = lines.select(*kept, "inner", "line_id", shipped_units="quantity", sku=pl.lit(None, pl.String)).with_columns(
        line_number=pl.col("inner") + 1
    )
    place = pl.format("fulfillments[{}].fulfillmentLineItems.nodes[{}]", "position", "inner")
    return Rows("shipments", frame, place, ("shipment_id", "line_id", "shipped_units", "shipped_at"))


def _events(nested: pl.DataFrame, parcels: pl.DataFrame, context: Context) -> Rows:
    """What no other table tells: allocation, labels, first scans, mails; the rest is in orders, payments, shipments and refunds."""
    key = pl.col("id").str.strip_prefix("gid://shopify/Fulfillment/").str.strip_prefix("gid://shopify/FulfillmentOrder/")
    allocated = exploded(nested, KEEP, pl.col("fulfillmentOrders").struct.field("nodes"), "position")
    place = pl.col("assignedLocation").struct.field("location").struct.field("id").str.extract(TAIL)
    live = parcels.filter((pl.col("status") != "CANCELLED").fill_null(True)).select(
        *KEEP, "location_id", "events", "inTransitAt", parcel=key
    )
    scans = exploded(live, [*KEEP, "location_id", "parcel"], pl.col("events").struct.field("nodes"), "position")
    first_scan = pl.concat([
        scans.filter(pl.col("status").is_in(SCANNED)).select(*KEEP, "location_id", "parcel", at="happenedAt"),
        live.filter(pl.col("inTransitAt").is_not_null()).select(*KEEP, "location_id", "parcel", at="inTransitAt"),
    ]).sort("at").unique(["record", "parcel"], keep="first")  # fmt: skip
    labelled = scans.filter(pl.col("status").is_in(LABELLED)).sort("happenedAt").unique(["record", "parcel"], keep="first")
    mails = exploded(nested, KEEP, pl.col("events").struct.field("nodes"), "position").filter(pl.col("action") == "mail_sent")
    parts = [
        allocated.select(*KEEP, *_event("allocated", key, pl.col("createdAt")), location_id=placed(place, context)),
        labelled.select(*KEEP, *_event("labelled", pl.col("parcel"), pl.col("happenedAt")), "location_id"),
        first_scan.select(*KEEP, *_event("first_scan", pl.col("parcel"), pl.col("at")), "location_id"),
        mails.select(*KEEP, *_event("order_confirmed", pl.format("mail {}", pl.col("position") + 1), pl.col("createdAt"))),
    ]
    frame = pl.concat(parts, how="diagonal")
    return Rows("order_events", frame, pl.format("{} event", "event_kind"), ("event_number", "occurred_at"))


def _event(kind: str, number: pl.Expr, at: pl.Expr) -> tuple[pl.Expr, ...]:
    return pl.lit(kind).alias("event_kind"), number.alias("event_number"), at.alias("occurred_at")


def with_first_payment(orders: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """Orders with the moment of their first capture."""
    first = payments.filter(pl.col("payment_kind") == "capture").group_by("record").agg(paid_at=pl.col("paid_at").min())
    return orders.join(first, on="record", how="left")


def with_location(orders: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Orders with the location that they were first allocated to."""
    if "location_id" not in events.columns:
        return orders.with_columns(location_id=pl.lit(None, pl.String))
    first = events.filter(pl.col("event_kind") == "allocated").sort("occurred_at", "event_number").unique("record", keep="first")
    return orders.join(first.select("record", "location_id"), on="record", how="left")


def with_mails(frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """A mail to the customer confirms the order, or the stage that the order had reached by then: Shopify only says that one was sent."""
    events = frames["order_events"]
    if not (events["event_kind"] == "order_confirmed").any():
        return frames
    shipments, refunds = frames["shipments"], frames["refunds"]
    reached = pl.concat([
        shipments.select("record", at="shipped_at", stage=pl.lit("shipping_confirmed")),
        shipments.filter(pl.col("delivered_at").is_not_null()).select("record", at="delivered_at", stage=pl.lit("delivery_confirmed")),
        refunds.select("record", at="refunded_at", stage=pl.lit("refund_confirmed")),
    ]).sort("at")  # fmt: skip
    mails = events.filter(pl.col("event_kind") == "order_confirmed").sort("occurred_at")
    mails = mails.join_asof(reached, left_on="occurred_at", right_on="at", by="record", check_sortedness=False)
    named = mails.with_columns(event_kind=pl.coalesce("stage", "event_kind")).select(events.columns)
    return frames | {"order_events": pl.concat([events.filter(pl.col("event_kind") != "order_confirmed"), named])}
