"""Reorder points and safety stock from the distribution of demand over the protection interval. Here: levels. Not here: quantities to order."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.demand import SERIES
from models.forecast.paths import totals

Array = NDArray[np.float64]
BLOCK = 100
PATHS = 2000  # levels are bought by, and lie far out in the tail
LEVELS = {
    "mean_demand_units": pl.Float64,
    "safety_stock_units": pl.Float64,
    "reorder_point_units": pl.Int64,
    "order_up_to_level_units": pl.Int64,
}


def stock_levels_of(series: pl.DataFrame, means: pl.DataFrame, quantiles: pl.DataFrame, seed: int = 0) -> pl.DataFrame:
    """Adds mean_demand_units, safety_stock_units, reorder_point_units and order_up_to_level_units to each series.

    series: sku, location_id, lead_time_days, lead_time_std_days, review_period_days, cycle_service_level.
    means: mean_units per week (horizon) and week_correlation; quantiles: forecast_units per week and quantile, of the same series.

    The protection interval is a random lead time plus the review period. The reorder point is the quantile of total demand
    over it at the cycle service level; safety stock is what that holds beyond the mean; the order-up-to level adds the mean
    demand of one review period, rounded: what isn't expected to sell isn't bought. (R, s, S) policy; Silver, Pyke & Thomas
    (2017), chapter 6.

    Example: Poisson demand of 7 a week, lead time 7 days, review 7 days, service level 0.5: mean 14, reorder point 14, safety
    stock 0, order up to 21. With a service level of 0.95 the reorder point is 20, or by chance of sampling 21.
    """
    ordered = series.sort(*SERIES)
    wide = (
        means.sort(*SERIES, "horizon")
        .group_by(*SERIES, maintain_order=True)
        .agg("mean_units", pl.col("week_correlation").first())
    )
    weeks = quantiles.sort(*SERIES, "horizon", "quantile").group_by(*SERIES, maintain_order=True).agg("forecast_units")
    levels = quantiles["quantile"].unique().sort().to_numpy()
    wide = ordered.join(wide.join(weeks, on=SERIES), on=SERIES, how="left", maintain_order="left")
    rng = np.random.default_rng(seed)
    parts = [_levels(wide.slice(start, BLOCK), levels, rng) for start in range(0, wide.height, BLOCK)]
    return pl.concat([ordered, pl.concat(parts or [pl.DataFrame(schema=LEVELS)])], how="horizontal").sort(*SERIES)


def _levels(block: pl.DataFrame, levels: Array, rng: np.random.Generator) -> pl.DataFrame:
    mean = np.stack(block["mean_units"].to_list())
    quantiles = np.stack(block["forecast_units"].to_list()).reshape(*mean.shape, len(levels))
    lead, lead_std, review, service = (
        block[name].to_numpy().astype(np.float64)
        for name in ("lead_time_days", "lead_time_std_days", "review_period_days", "cycle_service_level")
    )
    weeks = (review[:, None] + _lead_times(lead, lead_std, rng)) / 7
    drawn = totals(quantiles, levels, block["week_correlation"][0], weeks, np.ones(len(mean), dtype=np.bool_), rng)
    reorder = np.array([np.quantile(row, q, method="inverted_cdf") for row, q in zip(drawn, service, strict=True)])
    protected = expected_demand(mean, lead + review)
    up_to = reorder + np.rint(expected_demand(mean, review))
    return pl.DataFrame([protected, reorder - protected, reorder, up_to], schema=list(LEVELS)).cast(LEVELS)  # type: ignore[arg-type]


def _lead_times(mean: Array, std: Array, rng: np.random.Generator) -> Array:
    """(series, paths) days, gamma distributed; exactly the mean where the standard deviation is 0."""
    spread = np.maximum(std, 1e-6 * np.maximum(mean, 1.0))
    shape = (np.maximum(mean, 1e-9) / spread) ** 2
    return rng.gamma(shape[:, None], (np.maximum(mean, 1e-9) / shape)[:, None], (len(mean), PATHS))


def expected_demand(mean: Array, days: Array) -> Array:
    """Expected demand of the next `days` (broken weeks in part) from weekly means (series, weeks); flat beyond the last week."""
    weeks = mean.shape[1]
    starts = 7.0 * np.arange(weeks)
    covered = np.clip((days[:, None] - starts) / 7, 0.0, 1.0)
    covered[:, -1] = np.maximum(days - starts[-1], 0.0) / 7
    return np.asarray((mean * covered).sum(axis=1))
