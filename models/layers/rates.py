"""What a SKU sells a day around a week, from the days that were seen. Here: the smoothed rate. Not here: what is made of it."""

from datetime import date

import polars as pl

SERIES = ["sku", "location_id", "channel"]
DECAY = 0.75  # weight of a week against the week next to it that is nearer
PRIOR_UNITS = 5.0  # sold at the series' own mean
LEAST_DAYS = 7.0
CHANNEL_UNITS = 30.0  # sold as usual, of a channel's week


def local_rates(daily: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Units a day of each sku, location_id, channel and week before `cutoff`: rate_units; week is 0 for the last, −1 for the one before ….

    Units on seen days ÷ seen days, both weighted by DECAY to the power of the weeks between, before and after alike: a kernel estimate of a
    Poisson rate of which parts are not observed; units ÷ time seen is its maximum likelihood also where the shelf itself ended the observation
    (Lawless 2003, ch. 4). It is drawn to the series' mean as if PRIOR_UNITS had sold at it (a gamma prior), since what empties a shelf is often
    no more than chance, and a seen day counts as many as the channel's week was busy, so that a season is not taken for it.
    Example: weeks of 7, 7 (not seen) and 14 units of the only SKU are busy by (7 + 30) ÷ (10.5 + 30) = 0.91, 1 and 1.09, so that 6.4 and 7.6
    days were seen; the middle one gets (0.75·7 + 0.75·14 + 5) ÷ (0.75·6.4 + 0.75·7.6 + 5 ÷ 1.5) · 1 = 1.5 a day.
    """
    rows = _weeks(daily, cutoff).with_columns(usual=_mean() * pl.col("seen"))
    busy = rows.group_by("channel", "week").agg(pl.col("units", "usual").sum())
    busy = busy.select("channel", "week", busy=(pl.col("units") + CHANNEL_UNITS) / (pl.col("usual") + CHANNEL_UNITS))
    rows = rows.join(busy, on=["channel", "week"], how="left").sort(*SERIES, "week")
    rows = rows.with_columns(seen=pl.col("seen") * pl.col("busy"))
    rate = (_kernel("units") + PRIOR_UNITS) / (_kernel("seen") + PRIOR_UNITS / _mean())
    return rows.select(*SERIES, "week", rate_units=pl.when(_mean() > 0).then(rate * pl.col("busy")).otherwise(0.0))


def _weeks(daily: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Every week of each series since its first day: units on days seen, and how many days that was."""
    back = (pl.lit(cutoff) - pl.col("demand_date")).dt.total_days()
    seen = pl.when(pl.col("seen_rate") > 0).then("demand_units").otherwise(0).cast(pl.Float64)
    weekly = daily.group_by(*SERIES, week=-(back // 7)).agg(units=seen.sum(), hidden=(1 - pl.col("seen_rate")).sum())
    span = daily.group_by(SERIES).agg(age=back.max() + 1)
    grid = span.with_columns(week=pl.int_ranges(-((pl.col("age") - 1) // 7), 1)).explode("week")
    rows = grid.join(weekly, on=[*SERIES, "week"], how="left").with_columns(
        pl.col("units", "hidden").fill_null(0.0), days=(pl.col("age") + 7 * pl.col("week")).clip(0, 7).cast(pl.Float64)
    )  # fmt: skip
    return rows.select(*SERIES, "week", "units", seen=(pl.col("days") - pl.col("hidden")).clip(lower_bound=0.0))


def _mean() -> pl.Expr:
    """Units ÷ days seen of the series; of less than a week that were seen, ÷ a week: what sells in an hour doesn't sell in each."""
    return pl.col("units").sum().over(SERIES) / pl.max_horizontal(pl.col("seen").sum().over(SERIES), LEAST_DAYS)


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
