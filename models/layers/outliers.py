"""Bulk orders: demand that one order made and that won't come again. Here: the rule. Not here: promotions, whose days are explained."""

import polars as pl

from models.demand import DAYS

SERIES = DAYS[:-1]
AROUND = 31  # days with demand that an order is held against
LEAST = 8  # of them, or nothing is said
BOUND = 6.0  # scales above the usual
TO_SIGMA = 1.4826  # median absolute deviation of a normal distribution to its standard deviation


def outliers(daily: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Layer rows that take what orders above the bound have beyond a usual day away from their day.

    Hampel's filter (Hampel 1974; Pearson 2002) on the sizes of days with demand: usual is the median m of the 31 of them around, and the
    bound m + 6 · max(1.4826 · MAD, √m), where √m is the chance that counts have anyhow. A day of many small orders is demand, however
    large, and days of promotions are neither judged nor looked at. daily: models.demand.daily_demand; orders: DAYS and order_units.
    Example: days of 1, 2, 1, 1, 3, 1, 2, 48, 1: m = 1, MAD 0, bound 1 + 6 · 1 = 7; of an order of 45 all but 1 is taken away: 4 stay.
    """
    days = daily.filter((pl.col("demand_units") > 0) & ~pl.col("is_promoted")).sort(DAYS)
    days = days.with_columns(usual=_running_median("demand_units"))
    days = days.with_columns(off=(pl.col("demand_units") - pl.col("usual")).abs())
    bound = pl.col("usual") + BOUND * pl.max_horizontal(TO_SIGMA * _running_median("off"), pl.col("usual").sqrt())
    bulk = orders.join(days.with_columns(bound=bound), on=DAYS).filter(pl.col("order_units") > pl.col("bound"))
    found = bulk.group_by(DAYS).agg(
        (pl.col("usual") - pl.col("order_units")).sum().round(4).alias("units"),
        pl.col("order_units").max(),
        pl.col("usual", "bound").first(),
    )
    reason = pl.format(
        "an order of {} units where {} are a usual day and {} the bound",
        "order_units", pl.col("usual").round(1), pl.col("bound").round(1),
    )  # fmt: skip
    return found.with_columns(reason=reason)


def _running_median(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64).rolling_median(AROUND, min_samples=LEAST, center=True).over(SERIES)
