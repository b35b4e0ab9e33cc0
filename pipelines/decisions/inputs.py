"""What decisions rest on. Here: the frames, by name, and what products are called. Not here: what follows from them."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl


@dataclass(frozen=True)
class Inputs:
    """Frames of the ledger, marts and forecast that decisions rest on, and what operations have decided already."""

    series: pl.DataFrame
    means: pl.DataFrame
    quantiles: pl.DataFrame
    position: pl.DataFrame
    supplier_terms: pl.DataFrame
    unit_costs: pl.DataFrame
    products: pl.DataFrame
    locations: pl.DataFrame
    fulfilment_lines: pl.DataFrame
    orders: pl.DataFrame
    bundles: pl.DataFrame
    demand: pl.DataFrame
    supply: pl.DataFrame
    observed_lead_times: pl.DataFrame
    countries: pl.DataFrame
    suppliers: pl.DataFrame
    fx_rates: pl.DataFrame
    as_of: datetime


def described(products: pl.DataFrame, order_lines: pl.DataFrame) -> pl.DataFrame:
    """`products`, and for SKUs that it lacks a row that only says what the channels call them."""
    sold = order_lines.filter(pl.col("sku").is_not_null()).group_by("sku").agg(pl.col("description").drop_nulls().last())
    return pl.concat([products, sold.join(products, on="sku", how="anti")], how="diagonal")
