"""Key figures per channel, for the summary and the overview. Here: the record as a whole and its last 28 days."""

from datetime import date, timedelta
from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
SOURCES = ("orders", "order_lines", "daily_sales", "daily_fulfilment")
WINDOW_DAYS = 28


def channel_summary(orders: Frame, order_lines: Frame, daily_sales: Frame, daily_fulfilment: Frame, as_of_date: date) -> Frame:
    """Orders, lines, net sales and late lines per channel; the 28 days end on the day before `as_of_date`."""
    start = as_of_date - timedelta(days=WINDOW_DAYS)
    recent = daily_sales.filter((nw.col("business_date") >= start) & (nw.col("business_date") < as_of_date))
    due = daily_fulfilment.filter((nw.col("ship_by_date") >= start) & (nw.col("ship_by_date") <= as_of_date))
    parts = [
        order_lines.group_by("channel").agg(order_lines=nw.len()),
        daily_sales.group_by("channel").agg(net_sales_amount=nw.col("reporting_net_sales_amount").sum()),
        recent.group_by("channel").agg(net_sales_28d_amount=nw.col("reporting_net_sales_amount").sum()),
        due.group_by("channel").agg(due_lines_28d=nw.col("due_lines").sum(), late_lines_28d=nw.col("late_lines").sum()),
    ]
    summary = orders.group_by("channel").agg(orders=nw.len(), last_ordered_at=nw.col("ordered_at").max())
    for part in parts:
        summary = summary.join(part, on="channel", how="left")
    counts = ("order_lines", "due_lines_28d", "late_lines_28d")
    summary = summary.with_columns(nw.col(*counts).fill_null(0))
    rate = nw.when(nw.col("due_lines_28d") > 0).then(nw.col("late_lines_28d") / nw.col("due_lines_28d"))
    return summary.with_columns(late_rate_28d=rate)
