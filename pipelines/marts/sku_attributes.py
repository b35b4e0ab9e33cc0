"""What each SKU is, for every page to group by: the product file, the first supplier, else what channels call it. Not here: figures."""

from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import distinct

Frame = nw.LazyFrame[Any]
SOURCES = ("products", "supplier_terms", "order_lines")


def sku_attributes(products: Frame, supplier_terms: Frame, order_lines: Frame) -> Frame:
    """One row per SKU that is in the product file or was ever ordered."""
    ordered = order_lines.filter(~nw.col("sku").is_null())
    unnamed = distinct(ordered, "sku").join(products.filter(~nw.col("description").is_null()).select("sku"), on="sku", how="anti")
    called = ordered.join(unnamed, on="sku", how="semi").group_by("sku").agg(called=nw.col("description").max())
    first = supplier_terms.group_by("sku").agg(priority=nw.col("priority").min())
    tied = supplier_terms.join(first, on=["sku", "priority"], how="inner")
    suppliers = tied.group_by("sku").agg(supplier_id=nw.col("supplier_id").min())
    described = products.select("sku", "description", "category", "brand", "style_id", "launched_date", "discontinued_date")
    everything = distinct(nw.concat([described.select("sku"), called.select("sku")], how="vertical"), "sku")
    for part in (described, called, suppliers):
        everything = everything.join(part, on="sku", how="left")
    return everything.with_columns(description=nw.coalesce(nw.col("description"), nw.col("called"))).drop("called")
