"""Which part of which days a SKU could be bought. Here: spells without stock and of paused listings, day by day and channel. Not here: what they lost."""

from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.demand import DAYS, SERIES

Array = NDArray[np.float64]
EDGES = np.arange(-15, 41)  # hours from a business date's midnight in UTC to its orders, in any time zone
LEAST_HIDDEN = 0.005  # of a day
GIVEN_UP_DAYS = 56  # of an empty shelf with nothing on order
ONE_DAY = pl.duration(days=1)


def out_spells(stock_levels: pl.DataFrame, lines: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """Spells in which a shelf was empty: sku, location_id, from_at, until_at (UTC; blank while it still is).

    A level holds until the next observation. The shelf is empty from the last sale before it was seen empty, since that sale took what
    was left; without one, from the beginning of that day. It is filled by the first receipt after it was last seen empty, where one was
    booked before it was seen filled; else at the end of that day.
    Example: 4 on hand at 09:00, a sale at 11:30, 0 at 23:59: empty from 11:30 on.

    stock_levels: sku, location_id, observed_at, on_hand_units, available_units; lines: wanted_lines; receipts: sku, location_id,
    received_at, received_units.
    """
    level = pl.coalesce("available_units", "on_hand_units")
    observed = stock_levels.select(*SERIES, "observed_at", is_out=level <= 0).sort(*SERIES, "observed_at")
    observed = observed.with_columns(before_at=pl.col("observed_at").shift(1).over(SERIES))
    changed = pl.col("is_out") != pl.col("is_out").shift(1).over(SERIES)
    changes = observed.filter(changed.fill_null(True)).with_columns(
        filled_at=pl.col("observed_at").shift(-1).over(SERIES), last_out_at=pl.col("before_at").shift(-1).over(SERIES)
    )
    spells = changes.filter("is_out")
    sales = lines.filter("is_served").select(*SERIES, sold_at="ordered_at")
    came = receipts.filter(pl.col("received_units") > 0).select(*SERIES, came_at="received_at")
    spells = _asof(spells, sales, "observed_at", "sold_at", "backward")
    spells = _asof(spells, came, "last_out_at", "came_at", "forward")
    emptied = pl.when(pl.col("sold_at") > pl.col("before_at")).then("sold_at")
    filled = pl.when(pl.col("came_at") <= pl.col("filled_at")).then("came_at")
    return spells.select(
        *SERIES,
        from_at=pl.coalesce(emptied, pl.col("observed_at").dt.truncate("1d")),
        until_at=pl.coalesce(filled, pl.col("filled_at").dt.truncate("1d") + ONE_DAY),
    )


def without_ended(spells: pl.DataFrame, purchase_orders: pl.DataFrame) -> pl.DataFrame:
    """`spells`, of which those that go on with nothing on order end after 56 days: what nobody orders again is off the range, not out of
    stock, and its demand is no longer unknown but fading.

    purchase_orders: sku, location_id, is_closed.
    """
    coming = purchase_orders.filter(~pl.col("is_closed")).select(*SERIES, is_coming=True).unique()
    rows = spells.join(coming, on=SERIES, how="left")
    given_up = pl.when(pl.col("is_coming").is_null()).then(pl.col("from_at") + pl.duration(days=GIVEN_UP_DAYS))
    return rows.with_columns(until_at=pl.coalesce("until_at", given_up)).select(spells.columns)


def _asof(
    spells: pl.DataFrame, other: pl.DataFrame, at: str, other_at: str, strategy: Literal["backward", "forward"]
) -> pl.DataFrame:
    rows = other.sort(other_at).with_columns(pl.col(other_at).alias("_at"))
    joined = spells.sort(at).join_asof(
        rows, left_on=at, right_on="_at", by=list(SERIES), strategy=strategy, check_sortedness=False
    )
    return joined.drop("_at", strict=False)


def paused_spells(states: pl.DataFrame, listings: pl.DataFrame) -> pl.DataFrame:
    """Spells in which a channel did not sell a SKU whatever the stock: channel, sku, from_at, until_at (blank while it still doesn't).

    A SKU is paused while every listing of it that the channel has told of is. states: channel, listing_id, observed_at, is_selling, each
    of which holds until the next; listings: channel, listing_id, sku. A listing that no entry names is its own SKU.
    """
    known = listings.select("channel", "listing_id", "sku").unique(["channel", "listing_id"], keep="last", maintain_order=True)
    named = states.join(known, on=["channel", "listing_id"], how="left").with_columns(sku=pl.coalesce("sku", "listing_id"))
    named = named.sort("channel", "sku", "observed_at", "listing_id")
    change = pl.col("is_selling").cast(pl.Int64) - pl.col("is_selling").cast(pl.Int64).shift(1).over(
        "channel", "listing_id"
    ).fill_null(0)
    selling = change.cum_sum().over("channel", "sku")
    spans = named.with_columns(is_paused=selling == 0).unique(["channel", "sku", "observed_at"], keep="last", maintain_order=True)
    spans = spans.with_columns(until_at=pl.col("observed_at").shift(-1).over("channel", "sku"))
    return spans.filter("is_paused").select("channel", "sku", "until_at", from_at="observed_at")


def selling_hours(lines: pl.DataFrame) -> dict[str, Array]:
    """Per channel the share of a day's lines that come in up to each of EDGES."""
    since = (
        pl.col("ordered_at").dt.replace_time_zone(None) - pl.col("demand_date").cast(pl.Datetime("us"))
    ).dt.total_seconds() / 3600
    hours = lines.select("channel", since=since).drop_nulls()
    found = {}
    for (channel,), part in hours.group_by("channel"):
        counts, _ = np.histogram(part["since"].to_numpy(), bins=EDGES)
        found[str(channel)] = np.concatenate([[0.0], np.cumsum(counts) / max(counts.sum(), 1)])
    return found


def unseen_days(spells: pl.DataFrame, selling: pl.DataFrame, hours: dict[str, Array], cutoff: date) -> pl.DataFrame:
    """Days up to `cutoff` that were not fully seen: sku, location_id, channel, demand_date, hidden_rate, the share of the day's usual
    demand that a spell hides.

    spells: from_at, until_at and those of sku, location_id and channel by which they hold; selling: sku, location_id, channel, first_date,
    where each SKU has been sold since when. Example: a shelf empty from 12:00 on, on a channel with half of its orders after noon: 0.5.
    """
    keys = [name for name in ("sku", "location_id", "channel") if name in spells.columns]
    end = pl.lit(cutoff).cast(pl.Datetime("us", "UTC")) + pl.duration(days=2)
    rows = spells.with_columns(until_at=pl.col("until_at").fill_null(end)).join(selling, on=keys)
    first = pl.max_horizontal(pl.col("from_at").dt.date() - timedelta(days=1), "first_date")
    last = pl.min_horizontal(pl.col("until_at").dt.date() + timedelta(days=1), pl.lit(cutoff))
    rows = rows.with_columns(first=first, last=last).filter(pl.col("first") <= pl.col("last"))
    days = rows.with_columns(demand_date=pl.date_ranges("first", "last")).explode("demand_date")
    parts = [_hidden(part, hours[str(channel)]) for (channel,), part in days.group_by("channel") if str(channel) in hours]
    shares = pl.concat([days.clear().with_columns(hidden_rate=pl.lit(0.0)), *parts])
    hidden = shares.group_by(DAYS).agg(pl.col("hidden_rate").sum().clip(0.0, 1.0).round(6))
    return hidden.filter(pl.col("hidden_rate") > LEAST_HIDDEN)


def _hidden(days: pl.DataFrame, shares: Array) -> pl.DataFrame:
    midnight = pl.col("demand_date").cast(pl.Datetime("us", "UTC"))
    upto = [
        np.interp(days.select((pl.col(at) - midnight).dt.total_seconds() / 3600).to_series().to_numpy(), EDGES, shares)
        for at in ("from_at", "until_at")
    ]
    return days.with_columns(hidden_rate=pl.Series(upto[1] - upto[0], dtype=pl.Float64))
