"""Goods sold per day and SKU. Here: sums that longer periods are added up from. Not here: what counts (sales_entries)."""

from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import distinct
from pipelines.marts.sales_entries import COUNTED

Frame = nw.LazyFrame[Any]
SOURCES = ("sales_entries",)
KEYS = ("business_date", "sku")


def sku_days(sales_entries: Frame) -> Frame:
    """Sums of goods with a SKU; an order counts on the day it was placed, so that orders of days add up to those of a period."""
    goods = sales_entries.filter(nw.col("entry_kind").is_in(COUNTED) & nw.col("is_goods") & (~nw.col("sku").is_null()))
    is_line = nw.col("source") == "order_lines"
    sums = goods.with_columns(wanted=nw.when(is_line).then(nw.col("sold_units")).otherwise(0)).group_by(*KEYS).agg(
        sold_units=nw.col("sold_units").sum(),
        wanted_units=nw.col("wanted").sum(),
        net_sales_amount=nw.col("reporting_net_sales_amount").sum(),
        cost_amount=nw.col("reporting_cost_amount").sum(),
        lines=nw.len(),
        costed_lines=nw.col("reporting_cost_amount").count(),
    )  # fmt: skip
    placed = distinct(goods.filter(is_line), *KEYS, "channel", "order_id").group_by(*KEYS).agg(orders=nw.len())
    return sums.join(placed, on=list(KEYS), how="left").with_columns(orders=nw.col("orders").fill_null(0))
