"""Shopify's payouts and the entries behind them → ledger rows. Not here: payments of orders (history.py)."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import decode
from pipelines.channels.documents import coded
from pipelines.channels.shopify.shape import BALANCE, PAYOUT
from pipelines.channels.totals import MONEY

TAIL = r"(\d+)$"
ENTRIES = {"CHARGE": "charge", "REFUND": "refund", "ADJUSTMENT": "adjustment", "DISPUTE": "chargeback", "CHARGEBACK": "chargeback",
           "RESERVE": "reserve", "TRANSFER": "transfer", "PAYOUT": "transfer"}  # fmt: skip


def parse_payouts(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per payout."""
    decoded, broken = decode(payloads, PAYOUT)
    part = {name: pl.col("summary").struct.field(name).struct.field("amount") for name in PAYOUT["summary"]}
    frame = decoded.select(
        "record",
        channel=pl.lit(context.channel),
        payout_id=pl.col("id").str.extract(TAIL),
        paid_at="issuedAt",
        payout_status="status",
        currency_code=pl.col("net").struct.field("currencyCode"),
        charges_amount=part["chargesGross"],
        refunds_amount=part["refundsFeeGross"],
        adjustments_amount=part["adjustmentsGross"],
        net_amount=pl.col("net").struct.field("amount"),
        **{name: part[name].cast(MONEY, strict=False) for name in ("chargesFee", "refundsFee", "adjustmentsFee")},
    ).with_columns(fees_amount=(0 - pl.sum_horizontal("chargesFee", "refundsFee", "adjustmentsFee")).cast(MONEY))
    required = ("payout_id", "paid_at", "currency_code", "net_amount")
    return Tables((Rows("payouts", frame, required=required),), lambda frames: frames, broken)


def parse_entries(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per balance transaction."""
    decoded, broken = decode(payloads, BALANCE)
    frame = decoded.select(
        "record",
        channel=pl.lit(context.channel),
        entry_id=pl.col("id").str.extract(TAIL),
        payout_id=pl.col("associatedPayout").struct.field("id").str.extract(TAIL),
        order_id=pl.col("associatedOrder").struct.field("id").str.extract(TAIL),
        entry_kind=pl.coalesce(
            coded(pl.col("type"), ENTRIES).replace_strict(
                list(set(ENTRIES.values())), list(set(ENTRIES.values())), default="other"
            ),
            pl.lit("other"),
        ),
        description="type",
        amount=pl.col("amount").struct.field("amount"),
        fee_amount=pl.format("-{}", pl.col("fee").struct.field("amount")),
        net_amount=pl.col("net").struct.field("amount"),
        currency_code=pl.col("amount").struct.field("currencyCode"),
        occurred_at="transactionDate",
    )
    required = ("entry_id", "amount", "net_amount", "currency_code", "occurred_at")
    return Tables((Rows("payout_entries", frame, required=required, defaults={"fee_amount": 0}),), lambda frames: frames, broken)
