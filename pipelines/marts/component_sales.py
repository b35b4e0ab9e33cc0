"""Sales as consumed: bundles as their components, with their revenue spread once. Not here: sales as sold (sales_entries)."""

from decimal import Decimal
from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
SOURCES = ("sales_entries", "bundles", "unit_costs")
ENTRY = ("source", "channel", "document_id", "entry_kind", "line_number")
ONE, ONE_TENTHOUSANDTH = 10_000, Decimal("0.0001")  # money is spread in whole ten-thousandths


def component_sales(sales_entries: Frame, bundles: Frame, unit_costs: Frame) -> Frame:
    """Every entry per stocked SKU; the components of an entry share its net sales to the last ten-thousandth.

    Shares go by the components' cost, by their units where the cost of one is unknown. A bundle of 10.00 with a cup of cost 3
    and two saucers of cost 1 gives 6.00 to the cup and 4.00 to the saucers.
    """
    parts = _weights(bundles, unit_costs)
    rows = sales_entries.join(parts, on="sku", how="left").with_columns(
        is_component=~nw.col("component_sku").is_null(),
        component_sku=nw.coalesce(nw.col("component_sku"), nw.col("sku")),
        consumed_units=nw.col("sold_units") * nw.col("component_units").fill_null(1),
        weight_to=nw.col("weight_to").fill_null(1),
        weight_from=nw.col("weight_from").fill_null(0),
        weight_all=nw.col("weight_all").fill_null(1),
    )
    rows = rows.with_columns(net=(nw.col("net_sales_amount") * ONE).cast(nw.Int64))
    share = nw.col("net") * nw.col("weight_to") // nw.col("weight_all") - nw.col("net") * nw.col("weight_from") // nw.col(
        "weight_all"
    )
    return rows.with_columns(share=share).select(
        *ENTRY, "order_id", "business_date", "currency_code", "is_component",
        sku_as_sold=nw.col("sku"), component_sku=nw.coalesce(nw.col("component_sku"), nw.lit("")),
        consumed_units=nw.col("consumed_units"), net_sales_amount=nw.col("share") * nw.lit(ONE_TENTHOUSANDTH),
    )  # fmt: skip


def _weights(bundles: Frame, unit_costs: Frame) -> Frame:
    """Per component of a bundle the span of its weight: from where the one before ends to where it ends."""
    costs = unit_costs.select(component_sku="sku", unit_cost_amount="unit_cost_amount")
    parts = bundles.select("component_sku", "component_units", sku="bundle_sku").join(costs, on="component_sku", how="left")
    by_cost = (nw.col("unit_cost_amount") * 100).cast(nw.Int64) * nw.col("component_units")
    unknown = parts.group_by("sku").agg(costed=nw.col("unit_cost_amount").count(), components=nw.len())
    parts = parts.join(unknown, on="sku", how="inner").with_columns(by_cost=by_cost)
    weight = nw.when(nw.col("costed") == nw.col("components")).then(nw.col("by_cost")).otherwise(nw.col("component_units"))
    parts = parts.with_columns(weight=nw.max_horizontal(weight, nw.lit(1)))
    total = parts.group_by("sku").agg(weight_all=nw.col("weight").sum().cast(nw.Int64))
    reached = nw.col("weight").cum_sum().over("sku", order_by="component_sku").cast(nw.Int64)
    parts = parts.with_columns(weight_to=reached).with_columns(weight_from=nw.col("weight_to") - nw.col("weight"))
    return parts.join(total, on="sku", how="inner").select(
        "sku", "component_sku", "component_units", "weight_from", "weight_to", "weight_all"
    )
