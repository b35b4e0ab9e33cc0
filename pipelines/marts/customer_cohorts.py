"""Whether customers come back, by the month that they came first. Here: cohorts month by month. Not here: single customers."""

from datetime import date
from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import ratio

Frame = nw.LazyFrame[Any]
SOURCES = ("customer_orders", "retail_calendar")
KEYS = ("cohort_month_date", "months_since")


def customer_cohorts(customer_orders: Frame, retail_calendar: Frame, as_of_date: date) -> Frame:
    """Customers, orders and amounts of each cohort per calendar month since its first; a month still running counts as it stands."""
    orders = customer_orders.filter(nw.col("business_date") < as_of_date)
    months = retail_calendar.select(first_date="calendar_date", cohort_month_date="month_start_date")
    first = (
        orders.group_by("customer_key").agg(first_date=nw.col("business_date").min()).join(months, on="first_date", how="inner")
    )
    dated = orders.join(first, on="customer_key", how="inner").with_columns(
        months_since=_month(nw.col("business_date")) - _month(nw.col("cohort_month_date"))
    )
    sums = dated.group_by(*KEYS).agg(
        customers=nw.col("customer_key").n_unique(), orders=nw.len(), order_amount=nw.col("reporting_total_amount").sum()
    )
    sizes = first.group_by("cohort_month_date").agg(cohort_customers=nw.len())
    found = sums.join(sizes, on="cohort_month_date", how="inner")
    return found.with_columns(retention_rate=ratio(nw.col("customers"), nw.col("cohort_customers")))


def _month(day: nw.Expr) -> nw.Expr:
    return day.dt.year().cast(nw.Int64) * 12 + day.dt.month().cast(nw.Int64)
