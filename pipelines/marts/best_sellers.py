"""Best sellers by net sales over trailing periods. Global and dependent on the clock: recomputed whole."""

from datetime import date, timedelta
from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
SOURCES = ("sku_days", "sku_attributes")
PERIODS_DAYS = (7, 28, 365)


def best_sellers(sku_days: Frame, sku_attributes: Frame, as_of_date: date) -> Frame:
    """SKUs of the periods of 7, 28 and 365 days that end on the day before `as_of_date`, ranked by net sales, goods only."""
    ranked = nw.concat([_period(sku_days, days, as_of_date) for days in PERIODS_DAYS], how="diagonal")
    return ranked.join(sku_attributes.select("sku", "category", "description"), on="sku", how="left")


def _period(sku_days: Frame, days: int, as_of_date: date) -> Frame:
    start, before = as_of_date - timedelta(days=days), as_of_date - timedelta(days=2 * days)
    day = nw.col("business_date")
    now = sku_days.filter((day >= start) & (day < as_of_date)).group_by("sku").agg(
        nw.col("sold_units", "orders", "net_sales_amount").sum()
    )  # fmt: skip
    earlier = sku_days.filter((day >= before) & (day < start)).group_by("sku").agg(
        previous_sold_units=nw.col("sold_units").sum(), previous_net_sales_amount=nw.col("net_sales_amount").sum()
    )  # fmt: skip
    none = nw.col("net_sales_amount") - nw.col("net_sales_amount")
    both = now.join(earlier, on="sku", how="left").with_columns(
        previous_sold_units=nw.col("previous_sold_units").fill_null(0),
        previous_net_sales_amount=nw.coalesce(nw.col("previous_net_sales_amount"), none),
    )
    return both.with_columns(period_days=nw.lit(days), sales_rank=nw.col("net_sales_amount").rank("min", descending=True))
