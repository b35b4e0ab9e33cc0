"""Sales per business date, channel and currency. Here: sums of entries that count. Not here: what counts (sales_entries)."""

from typing import Any

import narwhals as nw

from pipelines.marts.sales_entries import AMOUNTS, COUNTED

Frame = nw.LazyFrame[Any]
SOURCES = ("sales_entries",)
KEYS = ("business_date", "channel", "currency_code")


def daily_sales(sales_entries: Frame) -> Frame:
    """Net sales = gross − discounts − returns + adjustments; returns on the return date; orders and lines on the order date."""
    counted = sales_entries.filter(nw.col("entry_kind").is_in(COUNTED))
    is_line = nw.col("source") == "order_lines"
    counted = counted.with_columns(
        line=nw.when(is_line).then(1).otherwise(0),
        credit_line=nw.when(nw.col("entry_kind") == "credit").then(1).otherwise(0),
    )
    sums = counted.group_by(*KEYS).agg(
        nw.col("sold_units", *AMOUNTS, "net_sales_amount", "reporting_net_sales_amount").sum(),
        order_lines=nw.col("line").sum(),
        credit_lines=nw.col("credit_line").sum(),
    )
    placed = counted.filter(is_line).group_by(*KEYS).agg(orders=nw.col("order_id").n_unique())
    return sums.join(placed, on=list(KEYS), how="left").with_columns(orders=nw.col("orders").fill_null(0))
