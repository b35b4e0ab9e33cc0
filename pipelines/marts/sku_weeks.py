"""What each SKU sold in each week of the last two years, as sold. Here: sums by week. Not here: classes, trends (models)."""

from datetime import date, timedelta
from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import distinct

Frame = nw.LazyFrame[Any]
SOURCES = ("sku_days", "retail_calendar", "promotions")
KEYS = ("sku", "week_start_date")
WINDOW_DAYS = 742


def sku_weeks(sku_days: Frame, retail_calendar: Frame, promotions: Frame, as_of_date: date) -> Frame:
    """Goods sold per SKU and week of the retail calendar that has ended before `as_of_date`; weeks without sales have no row."""
    day = nw.col("business_date")
    sold = sku_days.filter((day >= as_of_date - timedelta(days=WINDOW_DAYS)) & (day < as_of_date))
    weeks = retail_calendar.select("week_start_date", business_date="calendar_date")
    whole = weeks.group_by("week_start_date").agg(last=nw.col("business_date").max()).filter(nw.col("last") < as_of_date)
    days = weeks.join(whole.select("week_start_date"), on="week_start_date", how="inner")
    summed = ("sold_units", "wanted_units", "net_sales_amount", "cost_amount", "costed_lines", "lines")
    sums = sold.join(days, on="business_date", how="inner").group_by(*KEYS).agg(nw.col(*summed).sum())
    promoted = _promoted(promotions, days)
    marked = sums.join(promoted, on=list(KEYS), how="left").with_columns(is_promoted=nw.col("is_promoted").fill_null(False))
    margin = nw.when(nw.col("costed_lines") == nw.col("lines")).then(nw.col("net_sales_amount") - nw.col("cost_amount"))
    return marked.with_columns(margin_amount=margin).drop("cost_amount", "costed_lines", "lines")


def _promoted(promotions: Frame, days: Frame) -> Frame:
    """SKUs and weeks in which a promotion ran on any day."""
    spans = promotions.select("sku", "start_date", "end_date").with_columns(one=nw.lit(1))
    every = days.with_columns(one=nw.lit(1)).join(spans, on="one", how="inner")
    ran = every.filter(nw.col("business_date").is_between(nw.col("start_date"), nw.col("end_date")))
    return distinct(ran, *KEYS).with_columns(is_promoted=nw.lit(True))
