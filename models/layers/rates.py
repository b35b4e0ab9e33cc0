"""What a SKU sells a day around a week, from the days that were seen. Here: the smoothed rate. Not here: what is made of it."""

from datetime import date

import polars as pl

SERIES = ["sku", "location_id", "channel"]
DECAY = 0.75  # weight of a week against the week next to it that is nearer
PRIOR_DAYS = 14.0  # of the series' own mean


def local_rates(daily: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Units a day of each sku, location_id, channel and week before `cutoff`: rate_units; week is 0 for the last, −1 for the one before ….

    Units on seen days ÷ seen days, both weighted by DECAY to the power of the weeks between, before and after alike, and drawn to the
    series' mean as if 14 days had sold at it. A kernel estimate of a Poisson rate of which parts are not observed: units ÷ time seen is
    its maximum likelihood also where the shelf itself ended the observation (Lawless 2003, ch. 4).
    Example: weeks of 7, 7 (not seen) and 14 units: the middle one gets (0.75·7 + 0.75·14 + 14·1.5) ÷ (0.75·14 + 14) = 1.5 a day.
    """
    back = (pl.lit(cutoff) - pl.col("demand_date")).dt.total_days()
    seen = pl.when(pl.col("seen_rate") > 0).then("demand_units").otherwise(0).cast(pl.Float64)
    weekly = daily.group_by(*SERIES, week=-(back // 7)).agg(units=seen.sum(), hidden=(1 - pl.col("seen_rate")).sum())
    span = daily.group_by(SERIES).agg(age=back.max() + 1)
    grid = span.with_columns(week=pl.int_ranges(-((pl.col("age") - 1) // 7), 1)).explode("week")
    rows = grid.join(weekly, on=[*SERIES, "week"], how="left").sort(*SERIES, "week").with_columns(
        pl.col("units", "hidden").fill_null(0.0), days=(pl.col("age") + 7 * pl.col("week")).clip(0, 7).cast(pl.Float64)
    )  # fmt: skip
    rows = rows.with_columns(seen=(pl.col("days") - pl.col("hidden")).clip(lower_bound=0.0))
    mean = pl.col("units").sum().over(SERIES) / pl.max_horizontal(pl.col("seen").sum().over(SERIES), 1.0)
    rate = (_kernel("units") + PRIOR_DAYS * mean) / (_kernel("seen") + PRIOR_DAYS)
    return rows.select(*SERIES, "week", rate_units=rate)


def with_rates(rows: pl.DataFrame, rates: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Rows of days with the rate of their week; 0 where none is known."""
    week = -((pl.lit(cutoff) - pl.col("demand_date")).dt.total_days() // 7)
    joined = rows.with_columns(week=week).join(rates, on=[*SERIES, "week"], how="left")
    return joined.with_columns(pl.col("rate_units").fill_null(0.0)).drop("week")


def _kernel(name: str) -> pl.Expr:
    """Sum over all weeks of a series, each weighted by DECAY to the power of its distance; two running sums make it linear in time."""
    up, down = pl.lit(DECAY).pow(-pl.col("week")), pl.lit(DECAY).pow(pl.col("week"))
    before = (pl.col(name) * up).cum_sum().over(SERIES) * down
    after = (pl.col(name) * down).cum_sum(reverse=True).over(SERIES) * up
    return before + after - pl.col(name)
