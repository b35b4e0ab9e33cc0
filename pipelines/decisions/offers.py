"""Stock between locations and channels. Here: which location serves a line, what each channel may offer, reasons of transfers. Not here: the rules
(models).
"""

import polars as pl

from models import allocation, availability
from pipelines.channels.mapping import Config
from pipelines.decisions.inputs import Inputs


def allocations(inputs: Inputs) -> pl.DataFrame:
    """Which location serves each open line, as components where a bundle was sold."""
    parts = inputs.bundles.select("component_sku", "component_units", sku="bundle_sku")
    country = inputs.orders.select("channel", "order_id", "ship_to_country_code")
    open_lines = inputs.fulfilment_lines.filter(pl.col("open_units") > 0).join(parts, on="sku", how="left")
    consumed = open_lines.with_columns(
        sku=pl.coalesce("component_sku", "sku"), open_units=pl.col("open_units") * pl.col("component_units").fill_null(1)
    )
    keys = ["channel", "order_id", "sku"]
    lines = consumed.group_by(keys).agg(
        pl.col("ordered_at", "is_expedited").first(),
        pl.col("location_id").first().alias("home_location_id"),
        pl.col("open_units").sum(),
    )
    return allocation.allocate(
        lines.join(country, on=["channel", "order_id"], how="left"), inputs.position, _placed(inputs), inputs.countries
    )


def _placed(inputs: Inputs) -> pl.DataFrame:
    """Declared locations, and those that hold stock without being declared: somewhere, but nobody said where."""
    undeclared = inputs.position.select("location_id").unique().join(inputs.locations, on="location_id", how="anti")
    coordinates = undeclared.with_columns(latitude=pl.lit(None, pl.Float64), longitude=pl.lit(None, pl.Float64))
    return pl.concat([inputs.locations.select("location_id", "latitude", "longitude"), coordinates])


def channel_offers(inputs: Inputs, config: Config) -> pl.DataFrame:
    """Every channel offers what it sold in the history that is known, from the location that serves it, while it is on sale."""
    sells = inputs.demand.select("channel", "sku", "location_id").sort("channel", "sku", "location_id")
    sells = sells.unique(["channel", "sku"], keep="first", maintain_order=True)
    return availability.channel_offers(inputs.position, sells, config.planning.offer_buffer_units)
