"""What happened to a Vendure order: payments, refunds, parcels, goods that came back. Not here: what was placed (orders.py)."""

import polars as pl

from pipelines.channels.base import Context, Rows
from pipelines.channels.documents import coded, exploded, local_date, numbered
from pipelines.channels.minor_units import major
from pipelines.channels.totals import MONEY, ZERO

KEEP = ("record", "channel", "order_id", "currency_code")
PAYMENTS = {
    "Settled": "capture",
    "Authorized": "authorisation",
    "Created": "pending",
    "Declined": "failed",
    "Error": "failed",
    "Cancelled": "void",
}
REFUNDS = {"Settled": "refund", "Pending": "pending", "Failed": "failed"}
GONE = ("Shipped", "Delivered")
CANCELLATION = "ORDER_CANCELLATION"
BORNE = ("goods_amount", "tax_amount")


def moments(nested: pl.DataFrame) -> pl.DataFrame:
    """Everything that the order's own history tells, oldest first: record, type, at, the state it led `to`, of which payment, parcel or refund."""
    items = exploded(nested, ("record",), pl.col("history").struct.field("items"), "number")
    return items.rename({"createdAt": "at"}).unnest("data")


def reached(happened: pl.DataFrame, kind: str, state: str, of: tuple[str, ...]) -> pl.DataFrame:
    """When each thing first reached a state: `at` per record and the thing's id."""
    return happened.filter(pl.col("type") == kind, pl.col("to") == state).group_by(*of).agg(pl.col("at").first())


def rows(nested: pl.DataFrame) -> tuple[Rows, ...]:
    """Payments, refunds as payments, parcels, refunds, and what was taken off after it had been placed."""
    happened = moments(nested)
    paid = _dated(
        exploded(nested, KEEP, pl.col("payments"), "position"), happened, "ORDER_PAYMENT_TRANSITION", "paymentId", "Settled"
    )
    given = exploded(paid, (*KEEP, "position"), pl.col("refunds"), "inner")
    given = _dated(given, happened, "ORDER_REFUND_TRANSITION", "refundId", "Settled")
    return _payments(paid), _given_back(given), _shipments(nested, happened), *_refunds(given), _taken_off(nested)


def _dated(
    frame: pl.DataFrame, happened: pl.DataFrame, kind: str, named: str, state: str, column: str = "settled_at"
) -> pl.DataFrame:
    """Things with the moment at which they first reached a state."""
    at = reached(happened, kind, state, ("record", named)).rename({named: "id", "at": column})
    return frame.join(at, on=["record", "id"], how="left", maintain_order="left")


def _moment() -> pl.Expr:
    """When a payment or refund came to what it is: its settling by the history, else by its own dates."""
    settled = pl.when(pl.col("state") == "Settled").then(pl.coalesce("settled_at", "updatedAt"))
    return pl.coalesce(settled, "createdAt")


def _hundredths(name: str) -> pl.Expr:
    return major(pl.col(name), pl.lit("EUR"))


def _payments(paid: pl.DataFrame) -> Rows:
    frame = paid.select(*KEEP, "position", payment_id="id", payment_kind=coded(pl.col("state"), PAYMENTS), method="method",
                        amount=_hundredths("amount"), paid_at=_moment())  # fmt: skip
    return Rows("payments", frame, pl.format("payments[{}]", "position"), ("payment_id", "payment_kind", "amount"))


def _given_back(given: pl.DataFrame) -> Rows:
    frame = given.select(*KEEP, "position", "inner", payment_id=pl.format("refund-{}", "id"), payment_kind=coded(pl.col("state"), REFUNDS), method="method",
                         amount=_hundredths("total"), paid_at=_moment())  # fmt: skip
    return Rows(
        "payments", frame, pl.format("payments[{}].refunds[{}]", "position", "inner"), ("payment_id", "payment_kind", "amount")
    )


def _shipments(nested: pl.DataFrame, happened: pl.DataFrame) -> Rows:
    parcels = exploded(nested.drop("state", "updatedAt"), KEEP, pl.col("fulfillments"), "position").filter(
        pl.col("state").is_in(GONE)
    )
    for state, column in zip(GONE, ("gone_at", "came_at"), strict=True):
        parcels = _dated(parcels, happened, "ORDER_FULFILLMENT_TRANSITION", "fulfillmentId", state, column)
    delivered = pl.when(pl.col("state") == "Delivered").then(pl.coalesce("came_at", "updatedAt"))
    parcels = parcels.select(*KEEP, "position", "lines", shipment_id="id", shipped_at=pl.coalesce("gone_at", "came_at", "updatedAt"), delivered_at=delivered,
                             carrier_code="method", tracking_number="trackingCode")  # fmt: skip
    kept = [name for name in parcels.columns if name != "lines"]
    frame = exploded(parcels, kept, pl.col("lines"), "inner").select(
        *kept,
        "inner",
        line_id="orderLineId",
        shipped_units="quantity",
        line_number=pl.col("inner") + 1,
        sku=pl.lit(None, pl.String),
    )
    place = pl.format("fulfillments[{}].lines[{}]", "position", "inner")
    return Rows("shipments", frame, place, ("shipment_id", "line_id", "shipped_units", "shipped_at"))


def _refunds(given: pl.DataFrame) -> tuple[Rows, Rows]:
    """Settled refunds: the lines that they name, and the amount, of which what no line bears is left to `finish`."""
    settled = given.filter(pl.col("state") == "Settled").with_columns(
        refund_id="id", refunded_at=_moment(), restock_kind=pl.lit("unknown")
    )
    kept = (*KEEP, "position", "inner", "refund_id", "refunded_at", "reason", "restock_kind")
    lines = exploded(settled, kept, pl.col("lines"), "number").select(
        *kept, "number", line_id="orderLineId", refunded_units="quantity"
    )
    whole = settled.select(
        *kept, line_id=pl.lit(None, pl.String), refunded_units=pl.lit("0"), adjustment_amount=_hundredths("total")
    )
    at = pl.format("payments[{}].refunds[{}]", "position", "inner")
    line_place = pl.format("payments[{}].refunds[{}].lines[{}]", "position", "inner", "number")
    return (
        Rows("refunds", whole, at, ("refund_id", "adjustment_amount", "refunded_at")),
        Rows("refunds", lines, line_place, ("refund_id", "line_id", "refunded_units", "refunded_at")),
    )


def taken_off(nested: pl.DataFrame) -> pl.DataFrame:
    """Units that were cancelled on a line (line_id, returned_units), each time, with moment and reason."""
    items = exploded(nested, KEEP, pl.col("history").struct.field("items"), "position").filter(pl.col("type") == CANCELLATION)
    data = pl.col("data").struct
    off = items.select(*KEEP, "position", returned_at="createdAt", reason=data.field("reason"), lines=data.field("lines"))
    lines = exploded(off, (*KEEP, "position", "returned_at", "reason"), pl.col("lines"), "inner")
    return lines.rename({"orderLineId": "line_id", "quantity": "returned_units"})


def _taken_off(nested: pl.DataFrame) -> Rows:
    """Those of them that had left already are goods that came back."""
    place = pl.format("history.items[{}].data.lines[{}]", "position", "inner")
    return Rows("returns", taken_off(nested), place, ("line_id", "returned_units", "returned_at"))


def with_payment(orders: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """Orders with the moment of their first capture, and what the payments come to beside the order's total."""
    kind = pl.col("payment_kind")
    paid = payments.group_by("record").agg(
        paid_at=pl.col("paid_at").filter(kind == "capture").min(), captured=pl.col("amount").filter(kind == "capture").sum(),
        refunded=pl.col("amount").filter(kind == "refund").sum(), waits=kind.is_in(["authorisation", "pending"]).any(),
        failed=kind.is_in(["failed", "void"]).any(),
    )  # fmt: skip
    captured, refunded = pl.col("captured").fill_null(ZERO), pl.col("refunded").fill_null(ZERO)
    status = (
        pl.when((captured > 0) & (refunded >= captured)).then(pl.lit("refunded"))
        .when(captured >= pl.col("total_amount")).then(pl.lit("paid"))
        .when(captured > 0).then(pl.lit("partially_paid"))
        .when(pl.col("waits").fill_null(False)).then(pl.lit("pending"))
        .when(pl.col("failed").fill_null(False)).then(pl.lit("failed"))
        .otherwise(pl.lit("unknown"))
    )  # fmt: skip
    return orders.join(paid, on="record", how="left").with_columns(payment_status=status)


def finish(frames: dict[str, pl.DataFrame], context: Context) -> dict[str, pl.DataFrame]:
    """Refunds line by line with what no line bears, and returns of goods that had left."""
    return frames | {"refunds": _borne(frames, context), "returns": _came_back(frames, context)}


def _borne(frames: dict[str, pl.DataFrame], context: Context) -> pl.DataFrame:
    """A line of a refund is worth what was paid for its units; the rest of the refund is an adjustment, negative where less was refunded."""
    prices = frames["order_lines"].select("record", "line_id", "paid_unit", "paid_unit_with_tax").unique(["record", "line_id"])
    refunds = frames["refunds"].join(prices, on=["record", "line_id"], how="left", maintain_order="left")
    units = pl.col("refunded_units")
    refunds = refunds.with_columns(
        goods_amount=(pl.col("paid_unit") * units).fill_null(ZERO).cast(MONEY),
        tax_amount=((pl.col("paid_unit_with_tax") - pl.col("paid_unit")) * units).fill_null(ZERO).cast(MONEY),
        shipping_amount=ZERO, duty_amount=ZERO,
    )  # fmt: skip
    of_lines = pl.sum_horizontal(pl.col(BORNE)).sum().over("record", "refund_id")
    is_rest = pl.col("line_id").is_null()
    refunds = refunds.with_columns(
        adjustment_amount=pl.when(is_rest).then(pl.col("adjustment_amount") - of_lines).otherwise(ZERO).cast(MONEY)
    )
    refunds = refunds.filter(~is_rest | (pl.col("adjustment_amount") != 0) | (pl.len().over("record", "refund_id") == 1))
    total = pl.sum_horizontal(*BORNE, "adjustment_amount").cast(MONEY)
    refunds = refunds.with_columns(total_amount=total, business_date=local_date(pl.col("refunded_at"), context))
    return numbered(refunds.drop("paid_unit", "paid_unit_with_tax"), "record", "refund_id")


def _came_back(frames: dict[str, pl.DataFrame], context: Context) -> pl.DataFrame:
    """Units that left and are off the order again, by the cancellations that took them off, the latest first."""
    wanted = frames["order_lines"].filter(pl.col("returned") > 0).select("record", "line_id", "returned", "paid_unit")
    wanted = wanted.join(frames["orders"].select(*KEEP, "touched_at"), on="record")
    off = frames["returns"].select("record", "line_id", "returned_units", "returned_at", "reason")
    told = wanted.join(off, on=["record", "line_id"], how="left").sort("record", "line_id", "returned_at", nulls_last=True)
    thing = ("record", "line_id")
    given = pl.col("returned_units").fill_null(pl.col("returned"))
    later = given.cum_sum(reverse=True).over(thing) - given
    units = pl.min_horizontal(given, pl.max_horizontal(pl.col("returned") - later, pl.lit(0)))
    told = told.with_columns(
        return_id=pl.format("{}-{}", "line_id", pl.int_range(1, pl.len() + 1).over(thing)), returned_units=units,
        returned_at=pl.coalesce("returned_at", "touched_at"),
    ).filter(pl.col("returned_units") > 0)  # fmt: skip
    told = told.with_columns(refund_amount=(pl.col("paid_unit") * pl.col("returned_units")).cast(MONEY),
                             business_date=local_date(pl.col("returned_at"), context), line_number=pl.lit(1, pl.Int64))  # fmt: skip
    return told.select(
        *KEEP, "line_id", "return_id", "line_number", "returned_units", "refund_amount", "returned_at", "business_date", "reason"
    )
