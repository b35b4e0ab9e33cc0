"""What decisions rest on. Here: the frames, by name, and what products are called. Not here: what follows from them."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import polars as pl

from models.demand import SERIES

PRICE_DAYS = 91


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
    open_lines: pl.DataFrame
    observed_lead_times: pl.DataFrame
    prices: pl.DataFrame
    spreads: pl.DataFrame
    widths: pl.DataFrame
    product_classes: pl.DataFrame
    previous: pl.DataFrame
    countries: pl.DataFrame
    suppliers: pl.DataFrame
    fx_rates: pl.DataFrame
    as_of: datetime


def of_known_series(inputs: Inputs) -> Inputs:
    """Forecasts of series that demand still knows: one whose only orders were edited away since has nothing to be decided about."""
    known = inputs.series.select(*SERIES)
    means, quantiles = (frame.join(known, on=SERIES, how="semi") for frame in (inputs.means, inputs.quantiles))
    return replace(inputs, means=means, quantiles=quantiles)


def recent_prices(sku_days: pl.DataFrame, as_of_date: date) -> pl.DataFrame:
    """sku, price_amount: net sales ÷ units of the last 91 days, of all days where nothing sold in them; reporting currency.

    Unknown where returns of dearer sales leave nothing.
    """
    recent = sku_days.with_columns(is_recent=pl.col("business_date") > as_of_date - timedelta(days=PRICE_DAYS))
    kept = recent.filter(pl.col("net_sales_amount").is_not_null())
    sums = kept.group_by("sku", "is_recent").agg(pl.col("net_sales_amount").sum().cast(pl.Float64), pl.col("sold_units").sum())
    sold = sums.filter(pl.col("sold_units") > 0, pl.col("net_sales_amount") > 0).sort(
        "sku", "is_recent", descending=[False, True]
    )
    newest = sold.unique("sku", keep="first", maintain_order=True)
    return newest.select("sku", price_amount=pl.col("net_sales_amount") / pl.col("sold_units"))


def described(products: pl.DataFrame, order_lines: pl.DataFrame) -> pl.DataFrame:
    """`products`, and for SKUs that it lacks a row that only says what the channels call them."""
    sold = order_lines.filter(pl.col("sku").is_not_null()).group_by("sku").agg(pl.col("description").drop_nulls().last())
    return pl.concat([products, sold.join(products, on="sku", how="anti")], how="diagonal")
