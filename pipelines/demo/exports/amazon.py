"""Amazon's flat-file order report of amazon_us: one tab-separated row per item; item-price is the total of the row."""

import polars as pl

from pipelines.demo.damage import locate, spoil
from pipelines.demo.exports.common import ISO, Desk, instant, joined, lookup, money
from pipelines.demo.pool import Batch

HEADER = (
    "amazon-order-id",
    "merchant-order-id",
    "purchase-date",
    "last-updated-date",
    "order-status",
    "fulfillment-channel",
    "sales-channel",
    "order-channel",
    "url",
    "ship-service-level",
    "product-name",
    "sku",
    "asin",
    "item-status",
    "quantity",
    "currency",
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "gift-wrap-price",
    "gift-wrap-tax",
    "item-promotion-discount",
    "ship-promotion-discount",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "promotion-ids",
    "is-business-order",
    "purchase-order-number",
    "price-designation",
)
FIELDS = {"order_id": "amazon-order-id", "quantity": "quantity", "date": "purchase-date", "price": "item-price"}


def write(batch: Batch, desk: Desk) -> None:
    """Writes one export as tab-separated text."""
    name = f"amazon_us/all_orders_{desk.export.date}.txt"
    values = _columns(desk)
    rows = joined(batch).select("bad", *((values[c] if c in values else pl.lit(None)).cast(pl.String).alias(c) for c in HEADER))
    rows = spoil(rows, FIELDS, desk.damages)
    desk.found += locate(rows, name, FIELDS, desk.damages)
    rows.drop("bad").write_csv(desk.file(name), separator="\t")


def _columns(desk: Desk) -> dict[str, pl.Expr]:
    places = desk.world.places
    status = (
        pl.when("is_cancelled")
        .then(pl.lit("Cancelled"))
        .when("is_shipped")
        .then(pl.lit("Shipped"))
        .otherwise(pl.lit("Unshipped"))
    )
    return {
        "amazon-order-id": pl.col("order_id"),
        "purchase-date": instant("ordered_at", ISO),
        "last-updated-date": instant("modified_at", ISO),
        "order-status": status,
        "fulfillment-channel": pl.lit("Merchant"),
        "sales-channel": pl.lit("Amazon.com"),
        "ship-service-level": pl.when("is_expedited").then(pl.lit("Expedited")).otherwise(pl.lit("Standard")),
        "product-name": lookup("sku", desk.world.description),
        "sku": lookup("sku", desk.world.sku),
        "asin": pl.format("B0{}", (pl.col("sku").cast(pl.Int64) * 7_654_321 % 100_000_000).cast(pl.String).str.zfill(8)),
        "item-status": status,
        "quantity": pl.col("qty"),
        "currency": pl.lit("USD"),
        "item-price": money("gross"),
        "item-tax": money("tax"),
        "shipping-price": money(pl.when("is_first").then("shipping").otherwise(0)),
        "shipping-tax": pl.lit("0.00"),
        "item-promotion-discount": money("discount"),
        "ship-city": lookup("place", places.town),
        "ship-state": lookup("place", places.state),
        "ship-postal-code": lookup("place", places.postal_code),
        "ship-country": lookup("place", places.country),
        "is-business-order": pl.lit("false"),
    }
