"""The Shopify order export of shop_eu: one line per line item, the order's own columns on its first line only."""

import polars as pl

from pipelines.demo.damage import locate, spoil
from pipelines.demo.days import FAILED, SELLER_CANCELLED, TEST
from pipelines.demo.exports.common import Desk, instant, joined, lookup, money, warehouse
from pipelines.demo.payments import CAPTURED_AFTER
from pipelines.demo.pool import Batch
from pipelines.demo.world import CHANNELS, GIFT_CARD, SHOP_EU

HEADER = (
    "Name",
    "Email",
    "Financial Status",
    "Paid at",
    "Fulfillment Status",
    "Fulfilled at",
    "Accepts Marketing",
    "Currency",
    "Subtotal",
    "Shipping",
    "Taxes",
    "Total",
    "Discount Code",
    "Discount Amount",
    "Shipping Method",
    "Created at",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
    "Lineitem compare at price",
    "Lineitem sku",
    "Lineitem requires shipping",
    "Lineitem taxable",
    "Lineitem fulfillment status",
    "Billing Name",
    "Billing Street",
    "Billing Address1",
    "Billing Address2",
    "Billing Company",
    "Billing City",
    "Billing Zip",
    "Billing Province",
    "Billing Country",
    "Billing Phone",
    "Shipping Name",
    "Shipping Street",
    "Shipping Address1",
    "Shipping Address2",
    "Shipping Company",
    "Shipping City",
    "Shipping Zip",
    "Shipping Province",
    "Shipping Country",
    "Shipping Phone",
    "Notes",
    "Note Attributes",
    "Cancelled at",
    "Payment Method",
    "Payment Reference",
    "Refunded Amount",
    "Vendor",
    "Outstanding Balance",
    "Employee",
    "Location",
    "Device ID",
    "Id",
    "Tags",
    "Risk Level",
    "Source",
    "Lineitem discount",
    "Tax 1 Name",
    "Tax 1 Value",
    "Tax 2 Name",
    "Tax 2 Value",
    "Tax 3 Name",
    "Tax 3 Value",
    "Tax 4 Name",
    "Tax 4 Value",
    "Tax 5 Name",
    "Tax 5 Value",
    "Phone",
    "Receipt Number",
    "Duties",
    "Billing Province Name",
    "Shipping Province Name",
    "Payment ID",
    "Payment Terms Name",
    "Next Payment Due At",
    "Payment References",
)
FIELDS = {"order_id": "Name", "quantity": "Lineitem quantity", "date": "Created at", "price": "Lineitem price"}
_LOCAL = "%Y-%m-%d %H:%M:%S %z"
_ZONE = CHANNELS[SHOP_EU].time_zone


def write(batch: Batch, desk: Desk) -> None:
    """Writes one export as CSV."""
    name = f"shop_eu/orders_{desk.export.date}.csv"
    rows = joined(batch)
    own = {column: pl.when("is_first").then(value) for column, value in _order_columns(desk).items()}
    values = own | _line_columns(desk)
    rows = rows.select("bad", *((values[c] if c in values else pl.lit(None)).cast(pl.String).alias(c) for c in HEADER))
    rows = spoil(rows, FIELDS, desk.damages)
    desk.found += locate(rows, name, FIELDS, desk.damages)
    rows.drop("bad").write_csv(desk.file(name))


def _order_columns(desk: Desk) -> dict[str, pl.Expr]:
    places = desk.world.places
    paid = ~pl.col("fate").is_in([FAILED])
    code = pl.when(pl.col("order_discount_percent") > 0).then(pl.format("WELCOME{}", "order_discount_percent"))
    refused = pl.col("is_cancelled") & (pl.col("fate") == SELLER_CANCELLED)
    tags = pl.when(pl.col("fate") == TEST).then(pl.lit("test")).when(refused).then(pl.lit("out-of-stock"))
    country = lookup("place", places.country)
    return {
        "Financial Status": _financial(),
        "Paid at": pl.when(paid).then(instant(pl.col("ordered_at") + CAPTURED_AFTER, _LOCAL, _ZONE)),
        "Fulfillment Status": pl.when("is_shipped")
        .then(pl.lit("fulfilled"))
        .when("is_partly_shipped")
        .then(pl.lit("partial"))
        .otherwise(pl.lit("unfulfilled")),
        "Fulfilled at": instant("fulfilled_at", _LOCAL, _ZONE),
        "Accepts Marketing": pl.lit("no"),
        "Currency": pl.lit("EUR"),
        "Subtotal": money(pl.col("order_gross") - pl.col("order_discount")),
        "Shipping": money("shipping"),
        "Taxes": money("order_tax"),
        "Total": money("total"),
        "Discount Code": code,
        "Discount Amount": money("order_discount"),
        "Shipping Method": pl.when(pl.col("goods_units") > 0).then(
            pl.when("is_expedited").then(pl.lit("Express")).otherwise(pl.lit("Standard"))
        ),
        "Shipping City": lookup("place", places.town),
        "Shipping Zip": lookup("place", places.postal_code),
        "Shipping Country": country,
        "Billing Country": country,
        "Notes": pl.when("has_note").then(pl.lit("Please leave with the neighbours")),
        "Note Attributes": pl.when("is_customised").then(pl.lit("engraving: With love")),
        "Cancelled at": pl.when("is_cancelled").then(instant("cancel_at", _LOCAL, _ZONE)),
        "Payment Method": pl.when(pl.col("fate") == TEST).then(pl.lit("bogus")).otherwise(pl.lit("Payments")),
        "Refunded Amount": money("refunded"),
        "Outstanding Balance": money("short_cents"),
        "Location": warehouse(),
        "Id": pl.col("sequence") + 6_798_480_000_000,
        "Tags": tags,
        "Risk Level": pl.lit("Low"),
        "Source": pl.lit("web"),
        "Tax 1 Name": pl.format("VAT {}%", pl.col("tax_basis_points") // 100),
        "Tax 1 Value": money("order_tax"),
    }


def _financial() -> pl.Expr:
    return (
        pl.when(pl.col("fate") == FAILED)
        .then(pl.lit("voided"))
        .when("is_cancelled")
        .then(pl.lit("refunded"))
        .when((pl.col("refunded") > 0) & (pl.col("refunded") >= pl.col("total")))
        .then(pl.lit("refunded"))
        .when(pl.col("refunded") > 0)
        .then(pl.lit("partially_refunded"))
        .when(pl.col("short_cents") > 0)
        .then(pl.lit("partially_paid"))
        .otherwise(pl.lit("paid"))
    )


def _line_columns(desk: Desk) -> dict[str, pl.Expr]:
    is_goods = pl.col("sku") != GIFT_CARD
    truth = is_goods.replace_strict({True: "true", False: "false"}, return_dtype=pl.String)
    return {
        "Name": pl.col("order_id"),
        "Email": pl.format("customer{}@example.com", "customer"),
        "Created at": instant("ordered_at", _LOCAL, _ZONE),
        "Lineitem quantity": pl.col("qty"),
        "Lineitem name": lookup("sku", desk.world.description),
        "Lineitem price": money("price"),
        "Lineitem compare at price": pl.when(pl.col("list_price") > pl.col("price")).then(money("list_price")),
        "Lineitem sku": lookup("sku", desk.world.sku),
        "Lineitem requires shipping": truth,
        "Lineitem taxable": truth,
        "Lineitem fulfillment status": pl.when("is_shipped").then(pl.lit("fulfilled")).otherwise(pl.lit("pending")),
        "Vendor": lookup("sku", desk.world.brand),
        "Lineitem discount": pl.lit("0.00"),
    }
