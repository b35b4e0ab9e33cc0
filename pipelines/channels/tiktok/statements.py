"""TikTok Shop's statements and what is in them → ledger rows. Not here: orders, and what went back for one (aftersales.py)."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, decode
from pipelines.channels.documents import epoch, money, unchanged
from pipelines.channels.totals import MONEY, ZERO

STATEMENT = dict.fromkeys(
    (
        "id",
        "statement_time",
        "payment_time",
        "payment_status",
        "currency",
        "settlement_amount",
        "revenue_amount",
        "adjustment_amount",
    ),
    TEXT,
)
ENTRY = dict.fromkeys(
    (
        "statement_id",
        "statement_time",
        "currency",
        "id",
        "type",
        "order_id",
        "adjustment_order_id",
        "settlement_amount",
        "revenue_amount",
    ),
    TEXT,
)
ENTRIES = {"CHARGE_BACK": "chargeback", "PLATFORM_PENALTY": "fee", "SAMPLE_SHIPPING_FEE": "fee", "WAREHOUSE_SERVICE_FEE": "fee"}
NOBODY = "0"  # an id that stands for none


def parse_payouts(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per statement: it is paid out as one, on the day that it is paid, until then the day that it was closed."""
    decoded, broken = decode(payloads, STATEMENT)
    net, charged, adjusted = (money(pl.col(f"{name}_amount")) for name in ("settlement", "revenue", "adjustment"))
    frame = decoded.select(
        "record", channel=pl.lit(context.shop), payout_id="id", paid_at=epoch(pl.coalesce(_given("payment_time"), "statement_time")),
        payout_status="payment_status", currency_code="currency", net_amount="settlement_amount", charges_amount="revenue_amount",
        adjustments_amount="adjustment_amount", fees_amount=(net - charged - adjusted.fill_null(ZERO)).cast(MONEY),
    )  # fmt: skip
    return Tables((Rows("payouts", frame, required=("payout_id", "paid_at", "currency_code", "net_amount")),), unchanged, broken)


def parse_entries(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One row per transaction. Of an order, what is between its revenue and what is settled are fees, taxes on them and carriers'
    charges; an adjustment is its amount. A transaction bears no time of its own: it has the statement's."""
    decoded, broken = decode(payloads, ENTRY)
    net = money(pl.col("settlement_amount"))
    is_order = (pl.col("type") == "ORDER").fill_null(False)
    before = pl.when(is_order).then(money(pl.col("revenue_amount"))).otherwise(net)
    kind = (
        pl.when(is_order & (before < 0)).then(pl.lit("refund")).when(is_order).then(pl.lit("charge"))
        .when(pl.col("type").str.contains("RESERVE")).then(pl.lit("reserve"))
        .otherwise(pl.col("type").replace_strict(ENTRIES, default="adjustment", return_dtype=pl.String))
    )  # fmt: skip
    frame = decoded.select(
        "record", channel=pl.lit(context.shop), entry_id="id", payout_id="statement_id",
        order_id=pl.coalesce(_given("order_id"), _given("adjustment_order_id")), entry_kind=pl.coalesce(kind, pl.lit("other")),
        description="type", amount=before.cast(MONEY), fee_amount=(net - before).cast(MONEY), net_amount="settlement_amount",
        currency_code="currency", occurred_at=epoch(pl.col("statement_time")),
    )  # fmt: skip
    required = ("entry_id", "amount", "fee_amount", "net_amount", "currency_code", "occurred_at")
    return Tables((Rows("payout_entries", frame, required=required),), unchanged, broken)


def _given(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != NOBODY).then(pl.col(name))
