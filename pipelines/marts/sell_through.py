"""How much of what could be sold was sold. Here: per SKU over trailing periods. Not here: FBA's ratio, which keeps its own name."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import distinct, ratio

Frame = nw.LazyFrame[Any]
SOURCES = ("component_sales", "stock_levels", "receipts")
KEYS = ("period_days", "sku")
PERIODS_DAYS = (28, 91)


def sell_through(component_sales: Frame, stock_levels: Frame, receipts: Frame, as_of_date: date) -> Frame:
    """Net units ÷ (opening + received units) of the periods that end on the day before `as_of_date`, over all locations.

    60 on hand when it began, 40 received, 30 sold and 5 returned: 25 ÷ 100 = 0.25.
    """
    return nw.concat(
        [_period(component_sales, stock_levels, receipts, days, as_of_date) for days in PERIODS_DAYS], how="diagonal"
    )


def _period(component_sales: Frame, stock_levels: Frame, receipts: Frame, days: int, as_of_date: date) -> Frame:
    start = as_of_date - timedelta(days=days)
    began, ended = (datetime.combine(day, time(), UTC) for day in (start, as_of_date))
    day = nw.col("business_date")
    consumed = component_sales.filter((day >= start) & (day < as_of_date) & (nw.col("component_sku") != ""))
    sold = consumed.with_columns(sku=nw.col("component_sku")).group_by("sku").agg(net_units=nw.col("consumed_units").sum())
    received = receipts.filter((nw.col("received_at") >= began) & (nw.col("received_at") < ended)).group_by("sku").agg(
        received_units=nw.col("received_units").sum()
    )  # fmt: skip
    opening = _opening(stock_levels, began)
    skus = distinct(nw.concat([frame.select("sku") for frame in (sold, received, opening)], how="vertical"), "sku")
    for part in (opening, received, sold):
        skus = skus.join(part, on="sku", how="left")
    skus = skus.with_columns(nw.col("received_units", "net_units").fill_null(0), period_days=nw.lit(days))
    offered = nw.col("opening_units") + nw.col("received_units")
    return skus.with_columns(sell_through_rate=nw.when(offered > 0).then(ratio(nw.col("net_units"), offered)))


def _opening(stock_levels: Frame, began: datetime) -> Frame:
    """On hand per SKU as last observed before the period."""
    before = stock_levels.filter(nw.col("observed_at") < began)
    last = before.group_by("location_id", "sku").agg(observed_at=nw.col("observed_at").max())
    newest = before.join(last, on=["location_id", "sku", "observed_at"], how="inner")
    return newest.group_by("sku").agg(opening_units=nw.col("on_hand_units").sum())
