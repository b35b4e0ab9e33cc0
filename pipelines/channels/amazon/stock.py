"""What Amazon's warehouses hold → stock levels. Not here: orders."""

import polars as pl

from pipelines.channels.amazon.orders import FBA
from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, decode

SHAPE = {
    "sellerSku": TEXT,
    "inventoryDetails": {
        "fulfillableQuantity": TEXT,
        "reservedQuantity": {"totalReservedQuantity": TEXT},
        "unfulfillableQuantity": {"totalUnfulfillableQuantity": TEXT},
    },
}


def parse(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One level per SKU and moment of asking: on hand are sellable and reserved units, available the sellable ones."""
    decoded, broken = decode(payloads, SHAPE)
    details = pl.col("inventoryDetails").struct
    sellable = details.field("fulfillableQuantity")
    reserved = details.field("reservedQuantity").struct.field("totalReservedQuantity")
    asked_at = records.select(
        record=pl.int_range(pl.len(), dtype=pl.Int64), observed_at=pl.col("fetched_at").str.split(" ").list.first()
    )
    frame = decoded.join(asked_at, on="record").select(
        "record", "observed_at",
        location_id=pl.lit(context.locations.get(FBA, "FBA")),
        sku="sellerSku",
        on_hand_units=(sellable.cast(pl.Int64, strict=False) + reserved.cast(pl.Int64, strict=False).fill_null(0)),
        available_units=sellable,
        unsellable_units=details.field("unfulfillableQuantity").struct.field("totalUnfulfillableQuantity"),
    )  # fmt: skip
    required = ("sku", "observed_at", "on_hand_units")
    return Tables(
        (Rows("stock_levels", frame, required=required, defaults={"unsellable_units": 0}),), lambda frames: frames, broken
    )
