"""What was wanted: orders → daily demand per SKU, location and channel. Here: what counts, bundles, days not fully seen. Not here: forecasting."""

from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

SERIES = ("sku", "location_id")
DAYS = [*SERIES, "channel", "demand_date"]
CLASS_INTERVAL = 1.32  # Syntetos & Boylan (2005): mean weeks between weeks with demand
CLASS_SQUARED_CV = 0.49  # and squared coefficient of variation of the non-zero weeks
NEW_BELOW_WEEKS = 13
MIN_SEEN_DAYS = 3  # a week seen on fewer days says too little about the rest of it


def wanted_lines(order_lines: pl.DataFrame, orders: pl.DataFrame, bundles: pl.DataFrame, default_location: str) -> pl.DataFrame:
    """Units wanted per order line: sku as consumed, location_id, channel, demand_date, order_id, ordered_at, demand_units, is_served (the seller did
    not cancel it), price (paid for a unit, channel's currency, blank for components).

    Counted are goods with a price on sales that are neither tests nor failed payments. What the customer cancelled is not demand; what the
    seller cancelled for lack of stock is. A bundle counts as its components: 2 bundles of 3 cups are 6 cups.
    """
    facts = orders.filter(~pl.col("is_test") & (pl.col("payment_status") != "failed") & (pl.col("order_kind") == "sale"))
    facts = facts.select("channel", "order_id", "business_date", "ordered_at", "location_id", "cancelled_by")
    goods = order_lines.filter(
        pl.col("is_goods") & ~pl.col("is_gift_card") & pl.col("sku").is_not_null() & (pl.col("unit_price_amount") > 0)
    )
    lines = goods.join(facts, on=["channel", "order_id"], how="inner")
    is_customers = pl.col("cancelled_by").fill_null("customer") != "seller"
    units = pl.col("ordered_units") - pl.when(is_customers).then("cancelled_units").otherwise(0)
    parts = bundles.select(sku="bundle_sku", component_sku="component_sku", component_units="component_units")
    paid = pl.col("unit_price_amount").cast(pl.Float64) - pl.col("discount_amount").cast(pl.Float64) / pl.col("ordered_units")
    lines = (
        lines.with_columns(demand_units=units, price=paid).filter(pl.col("demand_units") > 0).join(parts, on="sku", how="left")
    )
    return lines.select(
        sku=pl.coalesce("component_sku", "sku"),
        location_id=pl.col("location_id").fill_null(default_location),
        channel="channel",
        demand_date="business_date",
        order_id="order_id",
        ordered_at="ordered_at",
        is_served=is_customers,
        demand_units=pl.col("demand_units") * pl.col("component_units").fill_null(1),
        price=pl.when(pl.col("component_sku").is_null()).then("price"),
    )


def daily_demand(
    lines: pl.DataFrame, selling: pl.DataFrame, hidden: pl.DataFrame, promotions: pl.DataFrame, cutoff: date
) -> pl.DataFrame:
    """Demand per sku, location, channel and day up to `cutoff`, as imported: rows for each one's first day, days with demand or not fully seen.

    hidden: models.in_stock.unseen_days; seen_rate is the share of the day's usual demand that could be seen.
    price_rate is the mean price paid ÷ the first one known of that SKU and channel. Example: first sold at 20, today at 15: 0.75.
    """
    known = lines.filter(pl.col("demand_date") <= cutoff)
    daily = _with_prices(
        known.group_by(*SERIES, "channel", "demand_date").agg(pl.col("demand_units").sum(), pl.col("price").mean().round(6))
    )
    unseen = hidden.select(*DAYS, seen_rate=1.0 - pl.col("hidden_rate"))
    begun = selling.filter(pl.col("first_date") <= cutoff).select(*SERIES, "channel", demand_date="first_date")
    both = daily.join(unseen, on=DAYS, how="full", coalesce=True).join(begun, on=DAYS, how="full", coalesce=True)
    both = both.with_columns(pl.col("demand_units").fill_null(0), pl.col("seen_rate").fill_null(1.0))
    promoted = both.join(promoted_days(promotions, cutoff), on=["sku", "demand_date"], how="left")
    return promoted.with_columns(pl.col("is_promoted").fill_null(False), is_censored=pl.col("seen_rate") < 1).sort(DAYS)


def selling_since(lines: pl.DataFrame, stock_levels: pl.DataFrame, launches: pl.DataFrame) -> pl.DataFrame:
    """Where each SKU is sold: sku, location_id, channel, first_date.

    From its first sale there on, or, where stock is known, from the day on which it was first in stock, as far as the channel had sold
    anything by then and the product was launched (launches: sku, launched_date; the latest counts). A history that began with the first
    sale would leave out the time in which nobody wanted it, the more the rarer it sells.
    """
    began = lines.group_by("channel").agg(began_date=pl.col("demand_date").min())
    level = pl.coalesce("available_units", "on_hand_units")
    stocked = stock_levels.filter(level > 0).group_by(*SERIES).agg(stocked_date=pl.col("observed_at").min().dt.date())
    sold = lines.group_by(*SERIES, "channel").agg(sold_date=pl.col("demand_date").min())
    launched = launches.group_by("sku").agg(pl.col("launched_date").max())
    rows = sold.join(began, on="channel").join(stocked, on=SERIES, how="left").join(launched, on="sku", how="left")
    offered = pl.max_horizontal("began_date", "stocked_date", "launched_date")
    first = pl.when(pl.col("stocked_date").is_not_null()).then(pl.min_horizontal("sold_date", offered)).otherwise("sold_date")
    return rows.select(*SERIES, "channel", first_date=first)


def _with_prices(daily: pl.DataFrame) -> pl.DataFrame:
    first = daily.sort("demand_date", *SERIES).group_by("sku", "channel").agg(first_price=pl.col("price").drop_nulls().first())
    rates = daily.join(first, on=["sku", "channel"], how="left")
    rate = pl.when(pl.col("first_price") > 0).then((pl.col("price") / pl.col("first_price")).round(6))
    return rates.with_columns(price_rate=rate).drop("price", "first_price")


def promoted_days(promotions: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Days up to `cutoff` on which a promotion ran: sku, demand_date, is_promoted."""
    days = promotions.filter(pl.col("start_date") <= cutoff).select(
        "sku", demand_date=pl.date_ranges("start_date", pl.min_horizontal("end_date", pl.lit(cutoff)))
    )
    return days.explode("demand_date").drop_nulls().unique().with_columns(is_promoted=pl.lit(True))


def weekly_history(history: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Demand per series in weeks that end on the cutoff and every seven days before it.

    history: models.layers.layered, so that what was not seen is in it as estimated; where it isn't (known_rate below 1), a channel's week is
    as the known part of it. Columns: sku, location_id, week (0 is the last, −1 the one before …), units, seen_days (0 to 7; a day counts by
    its share seen on the channel that saw least of it). Weeks run from the first whole week of the series (a series younger than a week has
    its broken one, of which the days before it were not seen); a week without a row in `history` is a seen zero.
    Example: 12 units, two of seven days unknown: 12 · 7 ÷ 5 = 16.8.
    """
    days = history.filter(pl.col("demand_date") <= cutoff).with_columns(
        back=(pl.lit(cutoff) - pl.col("demand_date")).dt.total_days()
    )
    if "known_rate" in days.columns:
        channel_week = [*SERIES, "channel", pl.col("back") // 7]
        known_days = (7 - (1 - pl.col("known_rate")).sum()).over(channel_week)
        whole = pl.when(known_days > 0).then(7 / known_days).otherwise(1.0)
        days = days.with_columns(demand_units=pl.col("demand_units") * whole)
    by_day = days.group_by(*SERIES, "back").agg(pl.col("demand_units").sum(), hidden=1 - pl.col("seen_rate").min())
    weekly = by_day.group_by(*SERIES, week=-(pl.col("back") // 7)).agg(
        units=pl.col("demand_units").sum().cast(pl.Float64).round(6), seen_days=(7 - pl.col("hidden").sum()).round(6)
    )
    age = pl.col("back").max() + 1
    span = days.group_by(*SERIES).agg(first_week=(1 - age // 7).clip(upper_bound=0), missing_days=(7 - age).clip(lower_bound=0))
    grid = span.with_columns(week=pl.int_ranges("first_week", 1)).explode("week").drop("first_week")
    filled = grid.join(weekly, on=[*SERIES, "week"], how="left").with_columns(
        pl.col("units").fill_null(0.0),
        seen_days=(pl.col("seen_days").fill_null(7.0) - pl.col("missing_days")).clip(lower_bound=0.0),
    )
    return filled.drop("missing_days").sort(*SERIES, "week")


def with_conditions(weekly: pl.DataFrame, demand: pl.DataFrame, promotions: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """`weekly` with promoted_rate, the share of the week's days on which a promotion ran, and price_rate, the last known one."""
    week = -((pl.lit(cutoff) - pl.col("demand_date")).dt.total_days() // 7)
    promoted = promoted_days(promotions, cutoff).group_by("sku", week=week).agg(promoted_rate=pl.len() / 7)
    priced = demand.filter(pl.col("demand_date") <= cutoff).group_by(*SERIES, week=week).agg(pl.col("price_rate").mean().round(6))
    rows = weekly.join(promoted, on=["sku", "week"], how="left").join(priced, on=[*SERIES, "week"], how="left")
    rows = rows.sort(*SERIES, "week").with_columns(pl.col("promoted_rate").fill_null(0.0))
    return rows.with_columns(pl.col("price_rate").forward_fill().over(*SERIES))


def promoted_ahead(series: pl.DataFrame, promotions: pl.DataFrame, cutoff: date, horizon: int) -> pl.DataFrame:
    """promoted_rate of each series' weeks 1 to `horizon` after the cutoff: the share of days on which a promotion is planned."""
    days = promoted_days(promotions, cutoff + timedelta(days=7 * horizon)).filter(pl.col("demand_date") > cutoff)
    week = -((pl.lit(cutoff) - pl.col("demand_date")).dt.total_days() // 7)
    planned = days.group_by("sku", week=week).agg(promoted_rate=pl.len() / 7)
    weeks = series.select(*SERIES).join(pl.DataFrame({"week": range(1, horizon + 1)}, schema={"week": pl.Int64}), how="cross")
    rows = weeks.join(planned, on=["sku", "week"], how="left", maintain_order="left")
    return rows.with_columns(pl.col("promoted_rate").fill_null(0.0))


def full_week_units() -> pl.Expr:
    """Units of a week; unknown where too little of it was seen for the estimate of the rest to count as its demand."""
    return pl.when(pl.col("seen_days") >= MIN_SEEN_DAYS).then(pl.col("units"))


def told_units() -> pl.Expr:
    """What a forecast is told of a week: full_week_units; of a series that sold in no such week, units of every week, as estimated. A shelf
    that its first order emptied would else be expected to sell nothing, and never be filled again."""
    has_sold = (full_week_units() > 0).any().over(*SERIES)
    return pl.when(has_sold).then(full_week_units()).otherwise("units")


def fill_unknown(values: NDArray[np.float64], neighbours: int = 8) -> NDArray[np.float64]:
    """Replaces each not-a-number with the mean of the nearest known weeks (eight, fewer where there are fewer; 0 if none).

    Example: 4, nan, 6 becomes 4, 5, 6.
    """
    known = np.flatnonzero(np.isfinite(values))
    filled = values.copy()
    for gap in np.flatnonzero(~np.isfinite(values)):
        nearest = known[np.argsort(np.abs(known - gap), kind="stable")[:neighbours]]
        filled[gap] = values[nearest].mean() if len(nearest) else 0.0
    return filled


def series_facts(demand: pl.DataFrame, weekly: pl.DataFrame, with_stock: pl.DataFrame) -> pl.DataFrame:
    """One row per series: its span, what was seen of it, and its class after Syntetos & Boylan (2005).

    smooth, erratic, intermittent and lumpy split at a mean interval of 1.32 weeks between weeks with demand and at a squared
    coefficient of variation of 0.49 of the weeks with demand; weeks too little seen don't count. A series with under 13 weeks
    is new. Example: weeks 4, 0, 4, 0 … have interval 2 and cv² 0: intermittent.
    """
    spans = demand.group_by(*SERIES).agg(
        first_date=pl.col("demand_date").min(),
        last_demand_date=pl.col("demand_date").filter(pl.col("demand_units") > 0).max(),
        total_units=pl.col("demand_units").sum(),
    )
    wanted = pl.col("full_units").filter(pl.col("full_units") > 0)
    shape = (
        weekly.with_columns(full_units=full_week_units())
        .group_by(*SERIES)
        .agg(
            weeks=pl.len(),
            interval=pl.col("full_units").count() / wanted.count(),
            squared_cv=(wanted.std(ddof=0) / wanted.mean()) ** 2,
            seen_days=pl.col("seen_days").sum(),
            censored_days=(7 - pl.col("seen_days")).sum(),
        )
    )
    stocked = with_stock.select(*SERIES).unique().with_columns(has_stock_figures=pl.lit(True))
    facts = spans.join(shape, on=SERIES).join(stocked, on=SERIES, how="left")
    facts = facts.with_columns(demand_class=_class(), has_stock_figures=pl.col("has_stock_figures").fill_null(False))
    return facts.drop("interval", "squared_cv").sort(*SERIES)


def unsold_series(products: pl.DataFrame, places: pl.DataFrame, facts: pl.DataFrame, cutoff: date, horizon: int) -> pl.DataFrame:
    """Rows as series_facts makes them for products just launched, or to be within `horizon` weeks, that have sold nothing yet.

    products: sku, launched_date, discontinued_date; places: sku, location_id where they are stocked or on order.
    """
    young = pl.col("launched_date").is_between(cutoff - timedelta(weeks=NEW_BELOW_WEEKS), cutoff + timedelta(weeks=horizon))
    is_kept = pl.col("discontinued_date").is_null() | (pl.col("discontinued_date") > cutoff)
    rows = (
        products.filter(young & is_kept)
        .select("sku", first_date="launched_date")
        .unique("sku", keep="first", maintain_order=True)
    )
    rows = rows.join(places.select(*SERIES).unique(), on="sku").join(facts, on=SERIES, how="anti")
    zeros = {name: pl.lit(0, facts.schema[name]) for name in ("total_units", "weeks", "seen_days", "censored_days")}
    return rows.with_columns(
        last_demand_date=pl.lit(None, pl.Date), demand_class=pl.lit("new"), has_stock_figures=pl.lit(True), **zeros
    ).select(facts.columns).sort(*SERIES)  # fmt: skip


def _class() -> pl.Expr:
    is_frequent, is_even = pl.col("interval") <= CLASS_INTERVAL, pl.col("squared_cv") <= CLASS_SQUARED_CV
    return (
        pl.when(pl.col("weeks") < NEW_BELOW_WEEKS).then(pl.lit("new"))
        .when(is_frequent & is_even).then(pl.lit("smooth"))
        .when(is_frequent).then(pl.lit("erratic"))
        .when(is_even).then(pl.lit("intermittent"))
        .otherwise(pl.lit("lumpy"))
    )  # fmt: skip


def cutoff_before(as_of_date: date) -> date:
    """Last whole day before `as_of_date`."""
    return as_of_date - timedelta(days=1)
