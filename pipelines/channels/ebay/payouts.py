"""eBay's payouts and transactions → ledger rows. Not here: orders, and what was paid for one (orders.py)."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, decode
from pipelines.channels.documents import money, unchanged
from pipelines.channels.totals import MONEY, ZERO

_AMOUNT = {"value": TEXT, "currency": TEXT}
PAYOUT = {**dict.fromkeys(("payoutId", "payoutStatus", "payoutDate"), TEXT), "amount": _AMOUNT}
ENTRY = {
    **dict.fromkeys(("transactionId", "transactionType", "transactionDate", "bookingEntry", "orderId", "payoutId", "feeType"), TEXT),
    "amount": _AMOUNT, "totalFeeAmount": _AMOUNT,
}  # fmt: skip
ENTRIES = {
    "SALE": "charge", "REFUND": "refund", "CREDIT": "adjustment", "DISPUTE": "chargeback", "NON_SALE_CHARGE": "fee", "SHIPPING_LABEL": "fee",
    "TRANSFER": "adjustment", "ADJUSTMENT": "adjustment", "WITHDRAWAL": "transfer", "HOLD": "reserve",
}  # fmt: skip


def parse_payouts(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per payout."""
    decoded, broken = decode(payloads, PAYOUT)
    amount = pl.col("amount").struct
    frame = decoded.select(
        "record", channel=pl.lit(context.shop), payout_id="payoutId", paid_at="payoutDate", payout_status="payoutStatus",
        currency_code=amount.field("currency"), net_amount=amount.field("value"),
    )  # fmt: skip
    return Tables((Rows("payouts", frame, required=("payout_id", "paid_at", "currency_code", "net_amount")),), unchanged, broken)


def parse_entries(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per transaction. eBay states it after its fees, without a sign: what it books as a debit is negative, and the
    fees of a sale are kept, those of a refund given back."""
    decoded, broken = decode(payloads, ENTRY)
    entry, fee = (money(pl.col(name).struct.field("value")) for name in ("amount", "totalFeeAmount"))
    sign = pl.when(pl.col("bookingEntry") == "DEBIT").then(-1).when(pl.col("bookingEntry") == "CREDIT").then(1)
    kept = pl.when(pl.col("transactionType") == "SALE").then(ZERO - fee).when(pl.col("transactionType") == "REFUND").then(fee)
    frame = decoded.with_columns(net=(entry * sign).cast(MONEY), fee=kept.cast(MONEY).fill_null(ZERO)).select(
        "record", channel=pl.lit(context.shop), entry_id=pl.format("{}-{}", "transactionId", "transactionType"), payout_id="payoutId", order_id="orderId",
        entry_kind=pl.coalesce(pl.col("transactionType").replace_strict(ENTRIES, default="other", return_dtype=pl.String), pl.lit("other")),
        description=pl.coalesce("feeType", "transactionType"), amount=(pl.col("net") - pl.col("fee")).cast(MONEY), fee_amount="fee", net_amount="net",
        currency_code=pl.col("amount").struct.field("currency"), occurred_at="transactionDate",
    )  # fmt: skip
    required = ("entry_id", "amount", "net_amount", "currency_code", "occurred_at")
    return Tables((Rows("payout_entries", frame, required=required),), unchanged, broken)
