"""Stripe's payouts and the balance transactions behind them → ledger rows. Not here: orders, which their own channel tells."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, decode
from pipelines.channels.documents import epoch, unchanged
from pipelines.channels.minor_units import DECIMALS, major

PAYOUT = dict.fromkeys(("id", "amount", "arrival_date", "currency", "status"), TEXT)
ENTRY = {
    **dict.fromkeys(("id", "payout", "amount", "fee", "net", "currency", "created", "reporting_category", "type"), TEXT),
    "source": {"metadata": {"order_id": TEXT}},  # only its id, where it was not asked for whole
}
STRIPES_DECIMALS = DECIMALS | {"ISK": 2, "UGX": 2, "MGA": 0}  # Stripe counts these in other units than ISO 4217
ENTRIES = {
    "charge": "charge",
    "charge_failure": "charge",
    "refund": "refund",
    "refund_failure": "refund",
    "partial_capture_reversal": "refund",
    "dispute": "chargeback",
    "dispute_reversal": "chargeback",
    "fee": "fee",
    "network_cost": "fee",
    "tax": "fee",
    "platform_earning": "other",
    "payout": "transfer",
    "payout_reversal": "adjustment",
    "risk_reserved_funds": "reserve",
    "other_adjustment": "adjustment",
}  # fmt: skip  (a payout that came back is money in the next one)


def parse_payouts(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per payout, on the day that it reaches the bank."""
    decoded, broken = decode(payloads, PAYOUT)
    frame = decoded.select(
        "record",
        channel=pl.lit(context.shop),
        payout_id="id",
        paid_at=epoch(pl.col("arrival_date")),
        payout_status="status",
        currency_code=pl.col("currency").str.to_uppercase(),
        net_amount=_amount("amount"),
    )
    required = ("payout_id", "paid_at", "currency_code", "net_amount")
    return Tables((Rows("payouts", frame, required=required),), unchanged, broken)


def parse_entries(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per balance transaction; the order is the one that the shop noted on the charge."""
    decoded, broken = decode(payloads, ENTRY)
    kind = pl.col("reporting_category").replace_strict(ENTRIES, default="other", return_dtype=pl.String)
    frame = decoded.select(
        "record",
        channel=pl.lit(context.shop),
        entry_id="id",
        payout_id="payout",
        order_id=pl.col("source").struct.field("metadata").struct.field("order_id"),
        entry_kind=pl.coalesce(kind, pl.lit("other")),
        description="type",
        amount=_amount("amount"),
        fee_amount=pl.when(pl.col("fee") != "0").then(_amount("fee")).str.replace("^", "-").str.replace("^--", "").fill_null("0"),
        net_amount=_amount("net"),
        currency_code=pl.col("currency").str.to_uppercase(),
        occurred_at=epoch(pl.col("created")),
    )
    required = ("entry_id", "amount", "fee_amount", "net_amount", "currency_code", "occurred_at")
    return Tables((Rows("payout_entries", frame, required=required),), unchanged, broken)


def _amount(name: str) -> pl.Expr:
    return major(pl.col(name), pl.col("currency"), STRIPES_DECIMALS)
