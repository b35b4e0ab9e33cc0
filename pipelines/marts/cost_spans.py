"""What a unit cost from when until when. Here: dated costs of a SKU without gaps. Not here: currency (sales_entries, unit_costs)."""

from datetime import date
from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
SOURCES = ("product_costs", "supplier_terms")
KEYS = ("sku", "valid_from_date")
EVER, NEVER = date(1, 1, 1), date(9999, 12, 31)


def cost_spans(product_costs: Frame, supplier_terms: Frame) -> Frame:
    """The product's own costs, each until the next; before the first the cost is blank: unknown, not zero.

    A SKU without a cost of its own has its first supplier's for all time. Two costs of 2.00 from January and 3.00 from March
    give three spans: blank until December, 2.00 until February, 3.00 from March on.
    """
    own = product_costs.select("sku", "valid_from_date", "unit_cost_amount", "currency_code", origin=nw.lit("product_costs"))
    first = own.group_by("sku").agg(valid_from_date=nw.col("valid_from_date").min())
    before = first.join(own, on=["sku", "valid_from_date"], how="inner").with_columns(
        valid_from_date=nw.lit(EVER), unit_cost_amount=nw.when(nw.lit(False)).then(nw.col("unit_cost_amount"))
    )
    quoted = _quoted(supplier_terms).join(first.select("sku"), on="sku", how="anti")
    spans = nw.concat([own, before.select(*own.columns), quoted.select(*own.columns)], how="vertical")
    following = nw.col("valid_from_date").shift(-1).over("sku", order_by="valid_from_date")
    dated = spans.with_columns(following=following)
    return dated.with_columns(valid_before_date=nw.coalesce(nw.col("following"), nw.lit(NEVER))).drop("following")


def _quoted(supplier_terms: Frame) -> Frame:
    priced = supplier_terms.filter((~nw.col("unit_cost_amount").is_null()) & (~nw.col("currency_code").is_null()))
    first = priced.group_by("sku").agg(priority=nw.col("priority").min())
    tied = priced.join(first, on=["sku", "priority"], how="inner")
    chosen = tied.join(tied.group_by("sku").agg(supplier_id=nw.col("supplier_id").min()), on=["sku", "supplier_id"], how="inner")
    return chosen.select(
        "sku", "unit_cost_amount", "currency_code", valid_from_date=nw.lit(EVER), origin=nw.lit("supplier_terms")
    )
