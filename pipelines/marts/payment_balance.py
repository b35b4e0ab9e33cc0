"""What was ordered against what was paid, per order. Here: agreement to the cent. Not here: payouts and fees."""

from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
SOURCES = ("orders", "payments")
KEYS = ("channel", "order_id")


def payment_balance(orders: Frame, payments: Frame) -> Frame:
    """Every order and every payment of the channels whose payments are loaded; an amount of less than a cent is agreement."""
    paid = payments.with_columns(
        captured=nw.when(nw.col("payment_kind") == "capture").then(nw.col("amount")).otherwise(nw.col("amount") * 0),
        refunded=nw.when(nw.col("payment_kind") == "refund").then(nw.col("amount")).otherwise(nw.col("amount") * 0),
    )
    paid = paid.group_by(*KEYS).agg(
        captured_amount=nw.col("captured").sum(),
        refunded_amount=nw.col("refunded").sum(),
        paid_currency=nw.col("currency_code").min(),
    )
    loaded = payments.select("channel").unique()
    ordered = orders.filter((~nw.col("is_test")) & (nw.col("order_kind") == "sale")).select(
        *KEYS, "currency_code", ordered_amount="total_amount"
    )
    ordered = ordered.join(loaded, on="channel", how="semi")
    balance = ordered.join(paid, on=list(KEYS), how="full", suffix="_paid").with_columns(
        channel=nw.coalesce(nw.col("channel"), nw.col("channel_paid")),
        order_id=nw.coalesce(nw.col("order_id"), nw.col("order_id_paid")),
        currency_code=nw.coalesce(nw.col("currency_code"), nw.col("paid_currency")),
        payment_state=_state(),
    )
    amounts = ("ordered_amount", "captured_amount", "refunded_amount")
    balance = balance.with_columns(nw.col(*amounts).fill_null(0))
    return balance.with_columns(difference_amount=nw.col("captured_amount") - nw.col("ordered_amount")).drop(
        "channel_paid", "order_id_paid", "paid_currency"
    )


def _state() -> nw.Expr:
    difference = nw.col("captured_amount") - nw.col("ordered_amount")
    return (
        nw.when(nw.col("ordered_amount").is_null()).then(nw.lit("paid_without_order"))
        .otherwise(nw.when(nw.col("captured_amount").is_null() | (nw.col("captured_amount") == 0)).then(nw.lit("unpaid"))
        .otherwise(nw.when(difference >= 0.01).then(nw.lit("overpaid"))
        .otherwise(nw.when(difference <= -0.01).then(nw.lit("underpaid")).otherwise(nw.lit("agrees")))))
    )  # fmt: skip
