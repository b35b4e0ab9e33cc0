"""Square's payments and refunds → payments. Not here: what was sold or came back (orders.py)."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, decode
from pipelines.channels.documents import coded, unchanged
from pipelines.channels.minor_units import major

MONEY = {"amount": TEXT, "currency": TEXT}
PAYMENT = {
    **dict.fromkeys(("id", "order_id", "status", "source_type", "created_at"), TEXT),
    "total_money": MONEY,
    "amount_money": MONEY,
}
REFUND = {
    **dict.fromkeys(("id", "order_paid", "order_id", "status", "destination_type", "created_at"), TEXT),
    "amount_money": MONEY,
}
PAYMENTS = {"COMPLETED": "capture", "APPROVED": "authorisation", "PENDING": "pending", "CANCELED": "void", "FAILED": "failed"}
REFUNDS = {"COMPLETED": "refund", "PENDING": "pending", "REJECTED": "failed", "FAILED": "failed"}
REQUIRED = ("payment_id", "order_id", "payment_kind", "amount", "currency_code")


def parse_payments(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per payment, tips included, in the state that it has reached; one that belongs to no order is its own."""
    decoded, broken = decode(payloads, PAYMENT)
    money = pl.coalesce("total_money", "amount_money").struct
    frame = decoded.select(
        "record", channel=pl.lit(context.channel), payment_id="id", order_id=pl.coalesce("order_id", "id"), payment_kind=coded(pl.col("status"), PAYMENTS),
        method=pl.col("source_type").str.to_lowercase(), amount=major(money.field("amount"), money.field("currency")), currency_code=money.field("currency"),
        paid_at="created_at",
    )  # fmt: skip
    return Tables((Rows("payments", frame, required=REQUIRED),), unchanged, broken)


def parse_refunds(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per refund, of the order that was paid."""
    decoded, broken = decode(payloads, REFUND)
    money = pl.col("amount_money").struct
    frame = decoded.select(
        "record", channel=pl.lit(context.channel), payment_id="id", order_id=pl.coalesce("order_paid", "order_id", "id"),
        payment_kind=coded(pl.col("status"), REFUNDS), method=pl.col("destination_type").str.to_lowercase(),
        amount=major(money.field("amount"), money.field("currency")), currency_code=money.field("currency"), paid_at="created_at",
    )  # fmt: skip
    return Tables((Rows("payments", frame, required=REQUIRED),), unchanged, broken)
