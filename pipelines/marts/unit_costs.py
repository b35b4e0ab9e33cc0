"""What a unit costs now, in the reporting currency. Here: the newest known cost. Not here: landed cost, margins."""

from datetime import date
from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
SOURCES = ("product_costs", "supplier_terms", "fx_rates")


def unit_costs(product_costs: Frame, supplier_terms: Frame, fx_rates: Frame, as_of_date: date) -> Frame:
    """The product's own cost that holds on `as_of_date`, else its first supplier's; SKUs without either are not here."""
    known = product_costs.filter(nw.col("valid_from_date") <= as_of_date)
    newest = known.group_by("sku").agg(valid_from_date=nw.col("valid_from_date").max())
    own = known.join(newest, on=["sku", "valid_from_date"], how="inner").select(
        "sku", "unit_cost_amount", "currency_code", origin=nw.lit("product_costs")
    )
    priced = supplier_terms.filter((~nw.col("unit_cost_amount").is_null()) & (~nw.col("currency_code").is_null()))
    first = priced.group_by("sku").agg(priority=nw.col("priority").min())
    tied = priced.join(first, on=["sku", "priority"], how="inner")
    chosen = tied.join(tied.group_by("sku").agg(supplier_id=nw.col("supplier_id").min()), on=["sku", "supplier_id"], how="inner")
    quoted = chosen.select("sku", "unit_cost_amount", "currency_code", origin=nw.lit("supplier_terms"))
    costs = nw.concat([own, quoted.join(own.select("sku"), on="sku", how="anti")], how="diagonal")
    rates = fx_rates.filter(nw.col("rate_date") == as_of_date).select("currency_code", "reporting_rate")
    converted = costs.join(rates, on="currency_code", how="inner")
    return converted.with_columns(unit_cost_amount=nw.col("unit_cost_amount") * nw.col("reporting_rate")).drop(
        "currency_code", "reporting_rate"
    )
