"""The orders of each known customer in their order. Here: which of how many, and how long after the one before. Not here: who it is."""

from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import hours_between

Frame = nw.LazyFrame[Any]
SOURCES = ("order_lives",)
KEYS = ("channel", "order_id")


def customer_orders(order_lives: Frame) -> Frame:
    """Orders with a customer's pseudonym that were not cancelled, numbered per customer over all channels by time of placing."""
    known = order_lives.filter((~nw.col("customer_key").is_null()) & (nw.col("order_state") != "cancelled"))
    orders = known.select(
        *KEYS, "customer_key", "order_state", "business_date", "placed_at", "ship_to_country_code", "reporting_total_amount"
    )
    order = ("placed_at", "channel", "order_id")
    numbered = orders.with_columns(one=nw.lit(1)).with_columns(
        customer_order_number=nw.col("one").cum_sum().over("customer_key", order_by=order),
        previous_at=nw.col("placed_at").shift(1).over("customer_key", order_by=order),
    )
    days = hours_between(numbered, nw.col("previous_at"), nw.col("placed_at")) * (1 / 24)
    return numbered.with_columns(days_since_previous=days).drop("one", "previous_at")
