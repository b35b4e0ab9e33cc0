"""What came back of what was wanted. Here: returns as a layer of demand. Not here: return rates (models/returns.py)."""

import polars as pl

from models.demand import DAYS


def returned(return_lines: pl.DataFrame, orders: pl.DataFrame, bundles: pl.DataFrame, default_location: str) -> pl.DataFrame:
    """Layer rows that take what came back away from the day on which it was ordered; a bundle as its components.

    return_lines: channel, order_id, sku, business_date (of the order), returned_units. Young orders' returns are still to come, so that
    the last weeks are netted by too little. Example: 2 of an order's 5 cups come back a month later: −2 on the day of the order.
    """
    places = orders.select("channel", "order_id", "location_id")
    parts = bundles.select(sku="bundle_sku", component_sku="component_sku", component_units="component_units")
    back = return_lines.filter(pl.col("returned_units") > 0).join(places, on=["channel", "order_id"], how="left")
    back = back.join(parts, on="sku", how="left").select(
        sku=pl.coalesce("component_sku", "sku"),
        location_id=pl.col("location_id").fill_null(default_location),
        channel="channel",
        demand_date="business_date",
        units=-(pl.col("returned_units") * pl.col("component_units").fill_null(1)).cast(pl.Float64),
    )
    return back.group_by(DAYS).agg(pl.col("units").sum()).with_columns(reason=pl.lit("came back"))
