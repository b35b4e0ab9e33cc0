"""TikTok Shop's returns and cancellations → what came back and what was paid back. Not here: what was sold (orders.py)."""

from typing import Any

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, Maybe, decode
from pipelines.channels.documents import epoch, exploded, local_date, money, numbered
from pipelines.channels.totals import MONEY, ZERO

_AMOUNTS = dict.fromkeys(
    ("currency", "refund_total", "refund_shipping_fee", "refund_tax", "retail_delivery_fee", "buyer_service_fee"), TEXT
)
_LINE = {"order_line_item_id": TEXT, "seller_sku": TEXT, "refund_amount": _AMOUNTS}
RETURN = {
    **dict.fromkeys(("return_id", "order_id", "return_type", "return_status", "return_reason_text", "return_reason", "can_buyer_keep_item",
                     "create_time", "update_time"), TEXT),
    "refund_amount": Maybe(_AMOUNTS), "return_line_items": [_LINE],
}  # fmt: skip
CANCELLATION = {
    **dict.fromkeys(("cancel_id", "order_id", "cancel_status", "cancel_reason_text", "cancel_reason", "create_time", "update_time"), TEXT),
    "refund_amount": Maybe(_AMOUNTS), "cancel_line_items": [_LINE],
}  # fmt: skip
REFUNDED = ("RETURN_OR_REFUND_REQUEST_COMPLETE", "REPLACEMENT_REQUEST_REFUND_SUCCESS")
CANCELLED = ("CANCELLATION_REQUEST_SUCCESS", "CANCELLATION_REQUEST_COMPLETE")
KEEP = (
    "record",
    "channel",
    "order_id",
    "currency_code",
    "refund_id",
    "refunded_at",
    "reason",
    "restock_kind",
    "is_refunded",
    "stated",
    "total",
)
REQUIRED = ("refund_id", "order_id", "refunded_at", "total_amount", "currency_code")


def parse_returns(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """What came back and what was refunded for it. Until the platform says that it is done nothing has come back; a refund without
    return, and goods that the buyer may keep, never do. The moment is that of the last change."""
    decoded, broken = decode(payloads, RETURN, ("return_line_items",))
    is_kept = (pl.col("can_buyer_keep_item") == "true").fill_null(False)
    comes_back = (pl.col("return_type") == "RETURN_AND_REFUND").fill_null(False) & ~is_kept
    nested = _nested(decoded, context, pl.col("return_id"), pl.col("return_status").is_in(REFUNDED)).with_columns(
        reason=pl.coalesce("return_reason_text", "return_reason"),
        restock_kind=pl.when(comes_back).then(pl.lit("returned")).otherwise(pl.lit("kept")),
    )
    lines = exploded(nested, (*KEEP, "return_id"), pl.col("return_line_items"), "position")
    is_back = pl.col("is_refunded") & (pl.col("restock_kind") == "returned")
    back = lines.select(
        *KEEP, "position", "return_id", line_id="order_line_item_id", sku="seller_sku", returned_units=is_back.cast(pl.Int64),
        refund_amount=pl.when(is_back).then(_goods(pl.col("refund_amount")).fill_null(ZERO)).otherwise(ZERO), returned_at="refunded_at",
    )  # fmt: skip
    asked = nested.select(
        "record",
        "channel",
        "order_id",
        event_kind=pl.lit("return_requested"),
        event_number="return_id",
        occurred_at=_time("create_time"),
    )
    rows = (
        Rows("returns", back, pl.format("return_line_items[{}]", "position"), ("return_id", "order_id", "returned_at", "currency_code")),
        _paid_back(nested.filter(pl.col("is_refunded") & _is_given()), pl.lit("refund")),
        *_refunds(nested, lines, "return_line_items"),
        Rows("order_events", asked, pl.lit("create_time"), ("event_number", "order_id", "occurred_at")),
    )  # fmt: skip
    return Tables(rows, lambda frames: _finish(frames, context), broken)


def parse_cancellations(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """What was paid back for orders and items that were cancelled; one that nothing was paid for is void, one that is not decided
    is pending. That something was cancelled, when and by whom, is told by the order."""
    decoded, broken = decode(payloads, CANCELLATION)
    nested = _nested(
        decoded, context, pl.format("{}-cancelled", "cancel_id"), pl.col("cancel_status").is_in(CANCELLED)
    ).with_columns(reason=pl.coalesce("cancel_reason_text", "cancel_reason"), restock_kind=pl.lit("cancelled"))
    is_done = pl.col("cancel_status").is_in(CANCELLED)
    kind = (
        pl.when(is_done & _is_given()).then(pl.lit("refund"))
        .when(is_done).then(pl.lit("void"))
        .when(pl.col("cancel_status") == "CANCELLATION_REQUEST_CANCEL").then(pl.lit("failed"))
        .otherwise(pl.lit("pending"))
    )  # fmt: skip
    lines = exploded(nested, KEEP, pl.col("cancel_line_items"), "position")
    rows = (_paid_back(nested, kind), *_refunds(nested, lines, "cancel_line_items"))
    return Tables(rows, lambda frames: _finish(frames, context), broken)


def _nested(decoded: pl.DataFrame, context: Context, refund_id: pl.Expr, is_refunded: pl.Expr) -> pl.DataFrame:
    """Records with what all their rows bear; an amount that isn't stated is nothing. A refund's id says which kind it is, so that a
    return and a cancellation of one id stay two."""
    amount = pl.col("refund_amount").struct
    stated = amount.field("refund_total")
    return decoded.with_columns(
        channel=pl.lit(context.channel), order_id=pl.col("order_id").str.strip_chars(), refund_id=refund_id,
        currency_code=pl.coalesce(amount.field("currency"), pl.lit(context.currency, pl.String)), refunded_at=_time("update_time"),
        is_refunded=is_refunded.fill_null(False), stated=stated.fill_null("0"), total=money(stated.fill_null("0")),
    )  # fmt: skip


def _time(name: str) -> pl.Expr:
    return epoch(pl.when(pl.col(name) != "0").then(pl.col(name)))


def _part(amount: pl.Expr, name: str) -> pl.Expr:
    return money(amount.struct.field(name)).fill_null(ZERO)


def _goods(amount: pl.Expr) -> pl.Expr:
    """What was refunded for goods, without tax: the total less all that is for something else, whether tax is in the price or on it."""
    others = sum(
        (_part(amount, name) for name in ("refund_shipping_fee", "refund_tax", "retail_delivery_fee", "buyer_service_fee")), ZERO
    )
    return (money(amount.struct.field("refund_total")) - others).cast(MONEY)


def _is_given() -> pl.Expr:
    """Whether something was paid back, or can't be read."""
    return (pl.col("total") != 0).fill_null(True)


def _paid_back(nested: pl.DataFrame, kind: pl.Expr) -> Rows:
    frame = nested.select(*KEEP, payment_id="refund_id", payment_kind=kind, amount="stated", paid_at="refunded_at")
    return Rows("payments", frame, pl.lit("refund_amount"), ("payment_id", "order_id", "payment_kind", "amount", "currency_code"))


def _refunds(nested: pl.DataFrame, lines: pl.DataFrame, name: str) -> tuple[Rows, Rows]:
    """Refunds per line, and the whole of each record, which stands for what its lines leave over."""
    amount, given = pl.col("refund_amount"), pl.col("is_refunded")
    none: dict[str, Any] = {"duty_amount": ZERO, "sku": pl.lit(None, pl.String)}
    fees = _part(amount, "retail_delivery_fee") + _part(amount, "buyer_service_fee")
    of_lines = lines.filter(given & amount.struct.field("refund_total").is_not_null()).select(
        *KEEP, "position", line_id="order_line_item_id", refunded_units=pl.lit(1, pl.Int64), goods_amount=_goods(amount), is_whole=pl.lit(False),
        shipping_amount=_part(amount, "refund_shipping_fee"), tax_amount=_part(amount, "refund_tax"), adjustment_amount=fees.cast(MONEY),
        total_amount=money(amount.struct.field("refund_total")), **(none | {"sku": pl.col("seller_sku")}),
    )  # fmt: skip
    of_record = nested.filter(given & _is_given()).select(
        *KEEP, position=pl.lit(10**6, pl.Int64), line_id=pl.lit(None, pl.String), refunded_units=pl.lit(0, pl.Int64), goods_amount=ZERO, is_whole=pl.lit(True),
        shipping_amount=ZERO, tax_amount=ZERO, adjustment_amount=ZERO, total_amount="stated", **none,
    )  # fmt: skip
    return (
        Rows("refunds", of_lines, pl.format(f"{name}[{{}}].refund_amount", "position"), REQUIRED),
        Rows("refunds", of_record, pl.lit("refund_amount"), REQUIRED),
    )


def _finish(frames: dict[str, pl.DataFrame], context: Context) -> dict[str, pl.DataFrame]:
    given = frames["refunds"]
    sums = given.filter(~pl.col("is_whole")).group_by("record").agg(by_lines=pl.col("total_amount").sum())
    rest = (pl.col("total_amount") - pl.col("by_lines").fill_null(ZERO)).cast(MONEY)
    given = given.join(sums, on="record", how="left", maintain_order="left").with_columns(
        adjustment_amount=pl.when("is_whole").then(rest).otherwise("adjustment_amount"),
        total_amount=pl.when("is_whole").then(rest).otherwise("total_amount"),
        business_date=local_date(pl.col("refunded_at"), context),
    )
    given = given.filter(~pl.col("is_whole") | (pl.col("total_amount") != 0)).sort("record", "position", maintain_order=True)
    frames = frames | {"refunds": numbered(given, "record")}
    if "returns" in frames:
        back = frames["returns"].sort("record", "position", maintain_order=True)
        back = back.with_columns(business_date=local_date(pl.col("returned_at"), context))
        frames = frames | {"returns": numbered(back, "record")}
    return frames
