"""Recency, frequency and value of every known customer. Here: scores and what they say. Not here: who it is."""

from datetime import date
from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import hours_between, ratio

Frame = nw.LazyFrame[Any]
SOURCES = ("customer_orders",)
FIFTHS = 5


def customer_values(customer_orders: Frame, as_of_date: date) -> Frame:
    """Each customer with fifths by recency, frequency and value: 1 + ⌊5 (rank − 1) ÷ customers⌋, ties on the lower rank.

    Champions are in the upper two fifths of all three; new ones bought once, lately; loyal ones buy often and lately; those at
    risk bought often and not lately (lower two fifths); lost ones neither.
    """
    customers = customer_orders.filter(nw.col("business_date") < as_of_date).group_by("customer_key").agg(
        first_date=nw.col("business_date").min(), last_date=nw.col("business_date").max(), orders=nw.len(),
        order_amount=nw.col("reporting_total_amount").sum(),
    )  # fmt: skip
    total = customers.select(customers=nw.len()).with_columns(one=nw.lit(1))
    ranked = customers.with_columns(one=nw.lit(1)).join(total, on="one", how="inner").with_columns(
        recency_score=_fifth("last_date"), frequency_score=_fifth("orders"), value_score=_fifth("order_amount"),
        today=nw.lit(as_of_date),
    )  # fmt: skip
    days = hours_between(ranked, nw.col("last_date").cast(nw.Datetime("us")), nw.col("today").cast(nw.Datetime("us"))) * (1 / 24)
    return ranked.with_columns(recency_days=days.cast(nw.Int64), segment=_segment()).drop("one", "customers", "today")


def _fifth(column: str) -> nw.Expr:
    return ratio((nw.col(column).rank("min") - 1) * FIFTHS, nw.col("customers")).floor().cast(nw.Int64) + 1


def _segment() -> nw.Expr:
    recent, often, worth = nw.col("recency_score"), nw.col("frequency_score"), nw.col("value_score")
    return (
        nw.when((recent >= 4) & (often >= 4) & (worth >= 4)).then(nw.lit("champion"))
        .otherwise(nw.when((recent >= 4) & (nw.col("orders") == 1)).then(nw.lit("new"))
        .otherwise(nw.when((recent >= 3) & (often >= 4)).then(nw.lit("loyal"))
        .otherwise(nw.when((recent <= 2) & (often >= 4)).then(nw.lit("at risk"))
        .otherwise(nw.when(recent <= 2).then(nw.lit("lost")).otherwise(nw.lit("regular"))))))
    )  # fmt: skip
