"""What a SKU sells for on each channel. Here: mean prices of the last 28 days beside each other. Not here: list prices."""

from datetime import date, timedelta
from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import ratio

Frame = nw.LazyFrame[Any]
SOURCES = ("sales_entries",)
KEYS = ("sku", "channel")
WINDOW_DAYS = 28
PARITY = 0.05


def channel_prices(sales_entries: Frame, as_of_date: date) -> Frame:
    """Net sales per unit and channel over 28 days, reporting currency, after discounts and before tax.

    `above_lowest_rate` is how far the channel's price lies above the SKU's lowest; beyond 5 % parity is broken. 10.00 here and
    8.00 there: 0.25 above, broken.
    """
    day = nw.col("business_date")
    sold = sales_entries.filter(
        (nw.col("entry_kind") == "sale") & nw.col("is_goods") & (~nw.col("sku").is_null()) & (nw.col("sold_units") > 0)
        & (day >= as_of_date - timedelta(days=WINDOW_DAYS)) & (day < as_of_date)
    )  # fmt: skip
    prices = sold.group_by(*KEYS).agg(sold_units=nw.col("sold_units").sum(), net=nw.col("reporting_net_sales_amount").sum())
    prices = prices.filter(nw.col("net") > 0).with_columns(price=ratio(nw.col("net"), nw.col("sold_units")))
    lowest = prices.group_by("sku").agg(lowest=nw.col("price").min(), channels=nw.len())
    beside = prices.join(lowest, on="sku", how="inner").with_columns(
        above_lowest_rate=ratio(nw.col("price"), nw.col("lowest")) - 1.0
    )
    return beside.with_columns(
        is_parity_broken=(nw.col("channels") > 1) & (nw.col("above_lowest_rate") > PARITY), unit_price_amount=nw.col("price")
    ).drop("net", "price", "lowest")
