"""Vendure's product variants and stock levels → products and stock. Not here: orders."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, decode
from pipelines.channels.documents import unchanged
from pipelines.channels.totals import placed

_FACETS = [{"name": TEXT, "facet": {"code": TEXT}}]
VARIANT = {"sku": TEXT, "name": TEXT, "facetValues": _FACETS, "product": {"id": TEXT, "facetValues": _FACETS}}
LEVEL = {
    **dict.fromkeys(("sku", "updatedAt", "stockOnHand", "stockAllocated"), TEXT),
    "stockLocation": {"id": TEXT, "name": TEXT},
}


def parse_products(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """One product per variant; its facets `category` and `brand` are what they say, the variants of a product one style."""
    decoded, broken = decode(payloads, VARIANT)
    frame = decoded.select(
        "record",
        sku="sku",
        description="name",
        category=_facet("category"),
        brand=_facet("brand"),
        style_id=pl.col("product").struct.field("id"),
    )
    return Tables((Rows("products", frame, required=("sku",)),), unchanged, broken)


def _facet(code: str) -> pl.Expr:
    """The variant's own value of a facet, else its product's."""
    of_code = pl.element().filter(pl.element().struct.field("facet").struct.field("code") == code).struct.field("name")
    own, shared = pl.col("facetValues"), pl.col("product").struct.field("facetValues")
    return pl.coalesce(own.list.eval(of_code).list.first(), shared.list.eval(of_code).list.first())


def parse_stock(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """What stands on the shelf, and what of it no order has reserved; Vendure doesn't tell what is damaged."""
    decoded, broken = decode(payloads, LEVEL)
    on_hand, allocated = (pl.col(name).cast(pl.Int64, strict=False) for name in ("stockOnHand", "stockAllocated"))
    frame = decoded.select(
        "record", sku="sku", location_id=placed(pl.col("stockLocation").struct.field("id"), context), observed_at="updatedAt",
        on_hand_units="stockOnHand", available_units=pl.max_horizontal(on_hand - allocated, pl.lit(0)), unsellable_units=pl.lit(0, pl.Int64),
    )  # fmt: skip
    return Tables(
        (Rows("stock_levels", frame, required=("sku", "location_id", "observed_at", "on_hand_units")),), unchanged, broken
    )
