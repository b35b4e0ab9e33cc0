"""What was not sold because it could not be bought. Here: the estimate per day. Not here: which days those are (models/in_stock.py)."""

from datetime import date

import polars as pl

from models.layers.rates import local_rates, with_rates


def lost(daily: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Layer rows of every day not fully seen: what usually sells in its hidden part, less what was taken in it all the same.

    The usual is the rate of the weeks around times the weekday's share on that channel. Orders that a channel takes for an empty shelf count
    as demand already; of a day seen in part all that was sold was sold in that part.
    Example: 2 a day around, a Saturday of 1.5, hidden for half of it: 2 · 1.5 · 0.5 = 1.5 units.
    """
    hidden = daily.filter(pl.col("seen_rate") < 1)
    rows = with_rates(hidden, local_rates(daily, cutoff), cutoff)
    weekday = pl.col("demand_date").dt.weekday()
    rows = rows.with_columns(weekday=weekday).join(_weekdays(daily), on=["channel", "weekday"], how="left")
    usual = pl.col("rate_units") * pl.col("weekday_rate").fill_null(1.0) * (1 - pl.col("seen_rate"))
    taken = pl.when(pl.col("seen_rate") == 0).then("demand_units").otherwise(0)
    share = ((1 - pl.col("seen_rate")) * 100).round(0).cast(pl.Int64)
    reason = pl.format("not on sale for {} % of the day; {} a day are usual then", share, pl.col("rate_units").round(2))
    return rows.with_columns(units=(usual - taken).clip(lower_bound=0.0).round(4), reason=reason)


def _weekdays(daily: pl.DataFrame) -> pl.DataFrame:
    """channel, weekday, weekday_rate: units of such a day ÷ those of the mean day of a week, on days fully seen, with demand or without."""
    seen = daily.filter(pl.col("seen_rate") == 1).group_by("channel", "demand_date").agg(units=pl.col("demand_units").sum())
    dates = pl.date_ranges(pl.col("demand_date").min(), pl.col("demand_date").max())
    days = seen.group_by("channel").agg(demand_date=dates.first()).explode("demand_date")
    every = days.join(seen, on=["channel", "demand_date"], how="left").with_columns(pl.col("units").fill_null(0))
    means = every.group_by("channel", weekday=pl.col("demand_date").dt.weekday()).agg(pl.col("units").mean())
    return means.select("channel", "weekday", weekday_rate=pl.col("units") / pl.col("units").mean().over("channel"))
