"""What was ordered against what was paid, per order. Here: agreement to the cent. Not here: payouts and fees (payout_balance)."""

from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import at_rate

Frame = nw.LazyFrame[Any]
SOURCES = ("orders", "payments", "order_lives", "fx_rates", "channel_records")
KEYS = ("channel", "order_id")
AMOUNTS = ("ordered_amount", "captured_amount", "refunded_amount")


def payment_balance(orders: Frame, payments: Frame, order_lives: Frame, fx_rates: Frame, channel_records: Frame) -> Frame:
    """Every order and every payment of the channels whose payments are loaded; an amount of less than a cent is agreement.

    Test orders and what was paid on them are left out.
    """
    loaded = channel_records.filter(nw.col("has_payments")).select("channel")
    ordered = orders.filter((~nw.col("is_test")) & (nw.col("order_kind") == "sale")).select(
        *KEYS, "currency_code", "business_date", ordered_amount="total_amount"
    )
    ordered = ordered.join(loaded, on="channel", how="semi")
    tests = orders.filter(nw.col("is_test")).select(*KEYS)
    balance = ordered.join(
        _paid(payments.join(tests, on=list(KEYS), how="anti")), on=list(KEYS), how="full", suffix="_paid"
    ).with_columns(
        channel=nw.coalesce(nw.col("channel"), nw.col("channel_paid")),
        order_id=nw.coalesce(nw.col("order_id"), nw.col("order_id_paid")),
        currency_code=nw.coalesce(nw.col("currency_code"), nw.col("paid_currency")),
        business_date=nw.coalesce(nw.col("business_date"), nw.col("paid_date")),
        payment_state=_state(),
    )
    balance = balance.with_columns(nw.col(*AMOUNTS).fill_null(0)).with_columns(
        difference_amount=nw.col("captured_amount") - nw.col("ordered_amount")
    )
    state = order_lives.select(*KEYS, "is_open", is_shipped=~nw.col("shipped_at").is_null())
    rates = fx_rates.select("currency_code", "reporting_rate", business_date="rate_date")
    balance = balance.join(state, on=list(KEYS), how="left").join(rates, on=["currency_code", "business_date"], how="left")
    return balance.with_columns(
        nw.col("is_open", "is_shipped").fill_null(False),
        reporting_unexplained_amount=at_rate(_unexplained(), nw.col("reporting_rate")),
        reporting_refund_excess_amount=at_rate(_refund_excess(), nw.col("reporting_rate")),
    ).drop("channel_paid", "order_id_paid", "paid_currency", "paid_date", "reporting_rate")


def _paid(payments: Frame) -> Frame:
    zero = nw.col("amount") * 0
    paid = payments.with_columns(
        captured=nw.when(nw.col("payment_kind") == "capture").then(nw.col("amount")).otherwise(zero),
        refunded=nw.when(nw.col("payment_kind") == "refund").then(nw.col("amount")).otherwise(zero),
    )
    return paid.group_by(*KEYS).agg(
        captured_amount=nw.col("captured").sum(),
        refunded_amount=nw.col("refunded").sum(),
        paid_currency=nw.col("currency_code").min(),
        paid_date=nw.col("paid_at").dt.date().min(),
    )


def _state() -> nw.Expr:
    difference = nw.col("captured_amount") - nw.col("ordered_amount")
    return (
        nw.when(nw.col("ordered_amount").is_null()).then(nw.lit("paid_without_order"))
        .otherwise(nw.when(nw.col("captured_amount").is_null() | (nw.col("captured_amount") == 0)).then(nw.lit("unpaid"))
        .otherwise(nw.when(difference >= 0.01).then(nw.lit("overpaid"))
        .otherwise(nw.when(difference <= -0.01).then(nw.lit("underpaid")).otherwise(nw.lit("agrees")))))
    )  # fmt: skip


def _unexplained() -> nw.Expr:
    is_paid_otherwise = nw.col("payment_state").is_in(("overpaid", "underpaid", "paid_without_order"))
    return nw.when(is_paid_otherwise).then(nw.col("difference_amount").abs()).otherwise(nw.col("difference_amount") * 0)


def _refund_excess() -> nw.Expr:
    excess = nw.col("refunded_amount") - nw.col("captured_amount")
    return nw.when(excess > 0).then(excess).otherwise(excess * 0)
