"""Listings that no SKU is known for, with what they sold. Here: which and how much. Not here: which SKU they may be (listing_suggestions)."""

from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import distinct

Frame = nw.LazyFrame[Any]
SOURCES = ("order_lines", "sales_entries", "products", "bundles")
KEYS = ("channel", "listing")
LINE = ("channel", "order_id", "line_number")


def unmapped_listings(order_lines: Frame, sales_entries: Frame, products: Frame, bundles: Frame) -> Frame:
    """Goods whose SKU is blank or is none of the merchant's products and bundles; nothing where no products are loaded.

    A line without a SKU of its own counts under its listing's id, else under what the channel calls it. Few lines are like that, so
    that both tables are narrowed to them before they meet.
    """
    goods = order_lines.filter(nw.col("is_goods") & (~nw.col("is_gift_card")) & (nw.col("ordered_units") > 0))
    known = distinct(nw.concat([products.select("sku"), bundles.select(sku="bundle_sku")], how="vertical"), "sku")
    some = distinct(products.with_columns(is_any=nw.lit(True)), "is_any")
    unknown = distinct(goods, "sku").join(known, on="sku", how="anti")
    unknown = unknown.with_columns(is_any=nw.lit(True)).join(some, on="is_any", how="inner")
    names = unknown.select(sku_or_none=_or_none("sku"))
    entries = sales_entries.filter((nw.col("source") == "order_lines") & (nw.col("entry_kind") != "test"))
    dated = entries.with_columns(sku_or_none=_or_none("sku")).join(names, on="sku_or_none", how="semi")
    lines = goods.with_columns(sku_or_none=_or_none("sku")).join(names, on="sku_or_none", how="semi")
    lines = lines.join(dated.select(*LINE, "business_date"), on=list(LINE), how="inner").with_columns(
        listing=nw.coalesce(nw.col("listed_sku"), nw.col("listing_id"), nw.col("description"), nw.lit("(without a name)")),
        units=nw.col("ordered_units") - nw.col("cancelled_units"),
    )
    return lines.group_by(*KEYS).agg(
        listing_id=nw.col("listing_id").max(), description=nw.col("description").max(), currency_code=nw.col("currency_code").max(),
        sold_units=nw.col("units").sum(), net_amount=nw.col("net_amount").sum(), order_lines=nw.len(), first_date=nw.col("business_date").min(),
        last_date=nw.col("business_date").max(),
    )  # fmt: skip


def _or_none(name: str) -> nw.Expr:
    return nw.coalesce(nw.col(name), nw.lit(""))
