"""How healthy each shelf is: cover, age, excess, what it is worth. Here: stock against what is wanted. Not here: what to order (decisions)."""

from datetime import date, timedelta
from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import ratio

Frame = nw.LazyFrame[Any]
SOURCES = ("inventory_position", "demand", "forecast_means", "unit_costs", "receipts", "products")
KEYS = ("location_id", "sku")
RECENT_DAYS, DEAD_DAYS, EXCESS_DAYS, WEEK = 28, 180, 90, 7


def inventory_health(
    inventory_position: Frame,
    demand: Frame,
    forecast_means: Frame,
    unit_costs: Frame,
    receipts: Frame,
    products: Frame,
    as_of_date: date,
) -> Frame:
    """Every position with its forecast, cover and value; blank where stock, cost or forecast is unknown.

    Excess is what stands beyond the forecast of 90 days: 12 whole weeks and 6/7 of the 13th. Dead is stock of a SKU and location
    of which nothing was wanted for 180 days. Estimated lost units are what the recent rate would have sold on days not fully seen; unknown where no day was.
    """
    wanted = _wanted(demand, as_of_date)
    ahead = _ahead(forecast_means)
    newest = receipts.group_by(*KEYS).agg(last_received_at=nw.col("received_at").max())
    health = inventory_position
    for part in (wanted, ahead, newest):
        health = health.join(part, on=list(KEYS), how="left")
    health = health.join(unit_costs.select("sku", "unit_cost_amount"), on="sku", how="left")
    health = health.join(products.select("sku", "description", "category", "brand"), on="sku", how="left")
    held = nw.max_horizontal(nw.col("on_hand_units"), nw.lit(0))
    health = health.with_columns(
        nw.col("demand_28d_units").fill_null(0), nw.col("censored_28d_days").fill_null(0),
        excess_units=nw.when(~nw.col("on_hand_units").is_null()).then(
            nw.max_horizontal(nw.col("on_hand_units") - nw.col("forecast_90d_units").ceil(), nw.lit(0))),
        is_dead=((nw.col("on_hand_units") > 0) & (nw.col("demand_180d_units").fill_null(0) == 0)).fill_null(False),
    )  # fmt: skip
    seen = RECENT_DAYS - nw.col("censored_28d_days")
    return health.select(
        *KEYS, "description", "category", "brand", "observed_at", "on_hand_units", "available_units", "backordered_units", "on_order_units", "in_transit_units",
        "last_received_at",
        "demand_28d_units", "censored_28d_days", "last_demand_date", "forecast_90d_units", "excess_units", "is_dead",
        as_of_date=nw.lit(as_of_date),
        lost_28d_units=nw.when(seen > 0).then(ratio(nw.col("demand_28d_units") * nw.col("censored_28d_days"), seen)),
        stock_value_amount=nw.col("unit_cost_amount") * held,
        excess_value_amount=nw.col("excess_units") * nw.col("unit_cost_amount"),
    )  # fmt: skip


def _wanted(demand: Frame, as_of_date: date) -> Frame:
    day = nw.col("demand_date")
    recent, half_year = day >= as_of_date - timedelta(days=RECENT_DAYS), day >= as_of_date - timedelta(days=DEAD_DAYS)
    known = demand.filter(day < as_of_date).with_columns(
        recent_units=nw.when(recent).then(nw.col("demand_units")).otherwise(0),
        half_year_units=nw.when(half_year).then(nw.col("demand_units")).otherwise(0),
        wanted_date=nw.when(nw.col("demand_units") > 0).then(day),
    )
    sums = known.group_by(*KEYS).agg(
        demand_28d_units=nw.col("recent_units").sum(), demand_180d_units=nw.col("half_year_units").sum(), last_demand_date=nw.col("wanted_date").max()
    )  # fmt: skip
    unseen = known.filter(recent & nw.col("is_censored")).group_by(*KEYS).agg(censored_28d_days=day.n_unique())
    return sums.join(unseen, on=list(KEYS), how="left")


def _ahead(forecast_means: Frame) -> Frame:
    """Expected demand of the next 90 days, from weekly means."""
    weeks = EXCESS_DAYS // WEEK
    part = nw.when(nw.col("horizon") <= weeks).then(1.0).otherwise((EXCESS_DAYS - weeks * WEEK) / WEEK)
    near = forecast_means.filter(nw.col("horizon") <= weeks + 1).with_columns(units=nw.col("mean_units") * part)
    return near.group_by(*KEYS).agg(forecast_90d_units=nw.col("units").sum())
