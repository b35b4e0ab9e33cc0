"""What promotions sold beyond the usual. Here: the uplift per SKU and the layer it makes. Not here: whether one is planned."""

from datetime import date

import polars as pl

from models.demand import DAYS, promoted_days
from models.layers.rates import SERIES, local_rates, with_rates

PRIOR_UNITS = 20.0  # of usual demand under promotion, at the uplift of all SKUs
EVEN_UNITS = 1.0  # of the same, at an uplift of 1, so that all SKUs together need to have sold something without one


def uplifts(daily: pl.DataFrame, promotions: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Per sku uplift_rate: demand on days of promotions ÷ usual demand of the same days, not below 1.

    Usual is the rate of the weeks around without their promoted days. A SKU's ratio is drawn to that of all SKUs as a gamma prior draws a
    Poisson rate (Gelman et al. 2013, 2.6): (wanted + 20 · pooled) ÷ (usual + 20). A series that has
    sold under promotion alone has no usual demand and tells nothing.
    Example: 45 wanted where 20 are usual, 2.0 pooled: (45 + 40) ÷ 40 = 2.125.
    """
    days = _promoted_grid(daily, promotions, cutoff)
    plain = daily.join(days.select(DAYS), on=DAYS, how="anti")
    masked = pl.concat([plain.select(*DAYS, pl.col("demand_units").cast(pl.Float64), "seen_rate"), days.with_columns(seen_rate=0.0).select(
        *DAYS, "demand_units", "seen_rate")])  # fmt: skip
    rows = with_rates(days, local_rates(masked, cutoff), cutoff).with_columns(usual=pl.col("rate_units") * pl.col("seen_rate"))
    sums = rows.filter(pl.col("usual") > 0).group_by("sku").agg(wanted=pl.col("demand_units").sum(), usual=pl.col("usual").sum())
    sums = daily.select("sku").unique().join(sums, on="sku", how="left").with_columns(pl.col("wanted", "usual").fill_null(0.0))
    pooled = (pl.col("wanted").sum() + EVEN_UNITS) / (pl.col("usual").sum() + EVEN_UNITS)
    rate = (pl.col("wanted") + PRIOR_UNITS * pooled) / (pl.col("usual") + PRIOR_UNITS)
    return sums.select("sku", uplift_rate=rate.clip(lower_bound=1.0).round(6)).sort("sku")


def promoted(daily: pl.DataFrame, promotions: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Layer rows that take the uplift away from days of promotions. Example: 30 wanted at an uplift of 1.5: −10."""
    rows = daily.filter(pl.col("is_promoted") & (pl.col("demand_units") > 0)).join(uplifts(daily, promotions, cutoff), on="sku")
    rows = rows.filter(pl.col("uplift_rate") > 1)
    units = (pl.col("demand_units") / pl.col("uplift_rate") - pl.col("demand_units")).round(4)
    return rows.with_columns(
        units=units, reason=pl.format("its promotions sell {} times as much", pl.col("uplift_rate").round(2))
    )


def _promoted_grid(daily: pl.DataFrame, promotions: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Every day of a promotion of each series since its first, sold or not: DAYS, demand_units, seen_rate."""
    span = daily.group_by(SERIES).agg(first_date=pl.col("demand_date").min())
    grid = span.join(promoted_days(promotions, cutoff), on="sku").filter(pl.col("demand_date") >= pl.col("first_date"))
    rows = grid.select(DAYS).join(daily.select(*DAYS, "demand_units", "seen_rate"), on=DAYS, how="left")
    return rows.with_columns(pl.col("demand_units").cast(pl.Float64).fill_null(0.0), pl.col("seen_rate").fill_null(1.0))
