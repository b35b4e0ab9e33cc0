"""Whether a channel's customers can have what they have been buying. Here: per channel and SKU. Not here: what a channel may offer (decisions)."""

from datetime import date, timedelta
from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
SOURCES = ("demand", "inventory_position")
KEYS = ("channel", "sku")
WINDOW_DAYS = 91


def channel_availability(demand: Frame, inventory_position: Frame, as_of_date: date) -> Frame:
    """What was wanted on each channel in 91 days beside what is available at the locations that it was wanted from."""
    day = nw.col("demand_date")
    recent = demand.filter((day >= as_of_date - timedelta(days=WINDOW_DAYS)) & (day < as_of_date))
    wanted = recent.group_by(*KEYS, "location_id").agg(units=nw.col("demand_units").sum()).filter(nw.col("units") > 0)
    shelves = wanted.join(
        inventory_position.select("location_id", "sku", "available_units"), on=["location_id", "sku"], how="left"
    )
    sums = shelves.group_by(*KEYS).agg(
        demand_91d_units=nw.col("units").sum(), available=nw.col("available_units").sum(), known=nw.col("available_units").count()
    )
    is_known = nw.col("known") > 0
    return sums.with_columns(
        as_of_date=nw.lit(as_of_date),
        available_units=nw.when(is_known).then(nw.col("available")),
        is_available=nw.when(is_known).then(nw.col("available") > 0),
    ).drop("available", "known")
