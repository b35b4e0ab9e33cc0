"""Square's item variations and counts → listings and stock levels. Not here: orders."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, decode
from pipelines.channels.documents import unchanged
from pipelines.channels.totals import placed

VARIATION = {"id": TEXT, "item_variation_data": {"sku": TEXT}}
COUNT = dict.fromkeys(("sku", "catalog_object_id", "location_id", "quantity", "calculated_at"), TEXT)
SINCE_EVER = "1970-01-01"


def parse_listings(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """The SKU of each variation; one without a SKU is its own."""
    decoded, broken = decode(payloads, VARIATION)
    stated = pl.col("item_variation_data").struct.field("sku").str.strip_chars()
    frame = decoded.select(
        "record", channel=pl.lit(context.channel), listing_id="id", valid_from_date=pl.lit(SINCE_EVER),
        sku=pl.coalesce(pl.when(stated != "").then(stated), "id"),
    )  # fmt: skip
    return Tables((Rows("listings", frame, required=("listing_id", "sku")),), unchanged, broken)


def parse_stock(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One level per variation, location and moment of counting; Square tells what is sellable, sold units are off it already."""
    decoded, broken = decode(payloads, COUNT)
    whole = pl.col("quantity").str.replace(r"\.0+$", "")
    frame = decoded.select(
        "record", sku=pl.coalesce("sku", "catalog_object_id"), location_id=placed(pl.col("location_id"), context), observed_at="calculated_at",
        on_hand_units=whole, available_units=whole, unsellable_units=pl.lit(0, pl.Int64),
    )  # fmt: skip
    required = ("sku", "location_id", "observed_at", "on_hand_units")
    return Tables((Rows("stock_levels", frame, required=required),), unchanged, broken)
