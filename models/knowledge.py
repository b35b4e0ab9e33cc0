"""What people know, applied: history that flows from one SKU to another, and forecasts that people correct. Pure.

Here: the effect of entries. Not here: entering them (pipelines/operations/knowledge.py), the statistical forecast.

entries, everywhere here: those in force, with entry_id, number, kind, sku, location_id (null: everywhere), other_sku, start_date, end_date,
weekly_units, change_rate, discount_rate; kinds promotion, launch, supersession, end, override; imported is for models.layers.
Of several launches, supersessions or ends of a SKU the latest entered rules (models/successions.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray
from scipy import special

from models.successions import ruling

DAYS = ["sku", "location_id", "channel", "demand_date"]
WEEKS = ["sku", "location_id", "cutoff_date", "horizon"]


@dataclass(frozen=True)
class Adjusted:
    """Forecasts as people corrected them, and what the statistical ones were.

    adjustments: one row per series and week that an entry changed: sku, location_id, cutoff_date, horizon, statistical_mean_units,
    mean_units, entry_ids.
    """

    means: pl.DataFrame
    quantiles: pl.DataFrame
    adjustments: pl.DataFrame


def with_promotions(promotions: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """`promotions` (promotion_id, sku, start_date, end_date, discount_rate) and those that people entered."""
    entered = entries.filter(pl.col("kind") == "promotion")
    rows = entered.select(
        "sku", "start_date", "end_date", promotion_id="entry_id", discount_rate=pl.col("discount_rate").fill_null(0.0)
    )
    return pl.concat([promotions, rows], how="diagonal_relaxed")


def with_planned(entries: pl.DataFrame, promotions: pl.DataFrame, uplifts: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """`entries`, in which promotions that nobody put a change to sell as much more as earlier ones of the SKU, and the merchant's own
    `promotions` after the cutoff as entries by the name of their promotion_id; what people entered about a SKU's same days goes first.

    uplifts: sku, uplift_rate. Example: a SKU whose promotions sold 1.8 times as much is promoted next week: change_rate 0.8.
    """
    learnt = entries.join(uplifts, on="sku", how="left")
    is_open = (pl.col("kind") == "promotion") & pl.col("change_rate").is_null()
    known = learnt.with_columns(change_rate=pl.when(is_open).then(pl.col("uplift_rate") - 1).otherwise("change_rate"))
    entered = entries.filter(pl.col("kind") == "promotion").select("sku", from_date="start_date", to_date="end_date")
    planned = promotions.filter(pl.col("end_date") > cutoff).join(uplifts, on="sku")
    told = planned.join(entered, on="sku").filter(
        (pl.col("from_date") <= pl.col("end_date")) & (pl.col("to_date") >= pl.col("start_date"))
    )
    rows = planned.join(told, on="promotion_id", how="anti").select(
        "sku", "start_date", "end_date", "discount_rate", entry_id="promotion_id", number=pl.lit(0, pl.Int64), kind=pl.lit("promotion"),
        change_rate=pl.col("uplift_rate") - 1,
    )  # fmt: skip
    return pl.concat([known.select(entries.columns), rows], how="diagonal_relaxed").select(entries.columns)


def with_inherited(demand: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """`demand` (models.demand.daily_demand, or layered), with what flows from other SKUs' history added to those that follow them.

    A supersession gives all demand of the old SKU to the new one, also along chains; what the old one lacked on the shelf hides demand
    only until the new one is there, which then sells what the old one lost. A launch gives its look-alike's demand before the
    start, × (1 + change_rate). The old SKU keeps its own.
    Example: OLD sold 3 and 5, NEW follows and sold 2 on the second day: NEW has 3 and 7.
    """
    flows = _flows(ruling(entries, demand["location_id"].unique()))
    if flows.is_empty():
        return demand
    from_other = demand.rename({"sku": "from_sku"}).join(flows, on=["from_sku", "location_id"])
    is_then = pl.col("until_date").is_null() | (pl.col("demand_date") < pl.col("until_date"))
    is_hidden = pl.col("is_censored") & (pl.col("demand_date") < pl.col("start_date"))
    units = pl.col("demand_units") * pl.col("rate") * (_sold_share() if "known_rate" in demand.columns else 1.0)
    units = units if demand.schema["demand_units"].is_float() else units.round()
    rates = [name for name in ("seen_rate", "known_rate") if name in demand.columns]
    inherited = from_other.filter(is_then).with_columns(
        pl.when(is_hidden).then(pl.col(rates)).otherwise(1.0).name.keep(),
        demand_units=units.cast(demand.schema["demand_units"]),
        is_censored=is_hidden,
    )
    both = pl.concat([demand, inherited.select(demand.columns)])
    flags = pl.col("is_censored", "is_promoted").any()
    return (
        both.group_by(DAYS)
        .agg(pl.col("demand_units").sum(), pl.col(rates).min(), flags, cs.by_name("price_rate", require_all=False).mean())
        .select(demand.columns)
        .sort(DAYS)
    )


def _sold_share() -> pl.Expr:
    """Of a layered day from the start on, the share that the old SKU sold itself; the rest is an estimate of what it lost."""
    is_estimated = (pl.col("demand_date") >= pl.col("start_date")) & (pl.col("known_rate") == 1)
    return pl.when(is_estimated).then("seen_rate").otherwise(1.0)


def launched_like(entries: pl.DataFrame, location_ids: Iterable[str], cutoff: date) -> pl.DataFrame:
    """Launches that name another SKU, per location: sku, location_id, like_sku, like_rate (1 + change_rate), like_weeks since the first day.

    Example: from Monday on like X and a fifth less: like_rate 0.8, and like_weeks 1 a week later.
    """
    named = ruling(entries, location_ids).filter((pl.col("kind") == "launch") & pl.col("other_sku").is_not_null())
    weeks = (pl.lit(cutoff) - pl.col("start_date")).dt.total_days() + 1
    return named.select(
        "sku", "location_id", like_sku="other_sku", like_rate=1.0 + pl.col("change_rate").fill_null(0.0),
        like_weeks=weeks.clip(lower_bound=0) / 7,
    )  # fmt: skip


def _flows(entries: pl.DataFrame) -> pl.DataFrame:
    """from_sku, sku, location_id, start_date, until_date, rate, of entries that rule; chains of supersessions end at each of their SKUs."""
    columns = ["from_sku", "sku", "location_id", "start_date", "until_date", "rate"]
    steps = entries.filter(pl.col("kind") == "supersession").select(
        "start_date", "location_id", from_sku="sku", sku="other_sku", until_date=pl.lit(None, pl.Date), rate=1.0
    ).select(columns)  # fmt: skip
    like = entries.filter((pl.col("kind") == "launch") & pl.col("other_sku").is_not_null()).select(
        "start_date", "sku", "location_id", from_sku="other_sku", until_date="start_date",
        rate=1.0 + pl.col("change_rate").fill_null(0.0),
    )  # fmt: skip
    found, last = steps, steps
    while not last.is_empty():
        longer = last.join(steps, left_on=["sku", "location_id"], right_on=["from_sku", "location_id"], suffix="_next")
        start = pl.min_horizontal("start_date", "start_date_next")
        last = longer.with_columns(start_date=start, sku="sku_next").select(columns)
        found = pl.concat([found, last])
    every = pl.concat([found, like.select(columns)])
    return every.unique(["from_sku", "sku", "location_id"], keep="first", maintain_order=True)


def adjusted(means: pl.DataFrame, quantiles: pl.DataFrame, entries: pl.DataFrame, selling: pl.DataFrame) -> Adjusted:
    """Weekly forecasts after what people know, day by day: first promotions, then overrides (the latest entry of a day rules), then
    first and last days on sale.

    means: sku, location_id, cutoff_date, horizon (weeks after the cutoff), mean_units; quantiles: the same with quantile, forecast_units; selling: sku,
    location_id of what has sold something itself. A SKU that follows another is not on sale before it does; where it sells already, it goes on with its
    own part of its forecast, which has the other's history in it: what is left of it without the other's forecast.
    Quantiles move in proportion to the mean, in whole units; where the statistical mean is 0 they are Poisson's.
    Example: mean 14 a week, override 28 a week from the fourth of its days: 6 + 16 = 22.
    """
    days = _days(means, entries, selling)
    changed = days.group_by(WEEKS).agg(
        statistical_mean_units=pl.col("mean_units").first(), adjusted=pl.col("day_units").sum(),
        entry_ids=pl.col("entry_ids").explode().drop_nulls().unique().sort().str.join(" "),
    )  # fmt: skip
    changed = changed.with_columns(mean_units=pl.col("adjusted").round(6)).drop("adjusted").filter(pl.col("entry_ids") != "")
    new = changed.select(*WEEKS, new_units="mean_units")
    out = means.join(new, on=WEEKS, how="left", maintain_order="left").with_columns(
        mean_units=pl.coalesce("new_units", "mean_units")
    )
    return Adjusted(out.drop("new_units"), _moved(quantiles, changed), changed.sort(WEEKS))


def _days(means: pl.DataFrame, entries: pl.DataFrame, selling: pl.DataFrame) -> pl.DataFrame:
    """A row per day of the weeks that entries may touch: mean_units of its week, day_units, and entry_ids that had a say."""
    lives = ruling(entries, means["location_id"].unique())
    effects = _effects(entries, lives, _own_rates(means, lives, selling))
    weeks = means.join(effects.select("sku").unique(), on="sku", how="semi").select(*WEEKS, "mean_units")
    day = pl.col("cutoff_date") + pl.duration(days=7 * (pl.col("horizon") - 1) + pl.col("n"))
    days = weeks.with_columns(n=pl.int_ranges(1, 8)).explode("n").with_columns(day=day)
    reached = days.join(effects, on="sku", suffix="_entry")
    is_here = pl.col("location_id_entry").is_null() | (pl.col("location_id_entry") == pl.col("location_id"))
    is_then = pl.col("day").is_between("start_date", "end_date")
    is_override = pl.col("kind") == "override"
    latest = pl.col("number") == pl.col("number").filter(is_override).max().over(*WEEKS, "day")
    reached = reached.filter(is_here & is_then).filter(~is_override | latest)
    factor = pl.col("factor").filter(pl.col("factor").is_not_null()).product()
    said = reached.group_by(*WEEKS, "day").agg(factor=factor, fixed=pl.col("weekly_units").drop_nulls().first(),
                                               is_off_sale=pl.col("is_off_sale").any(), entry_ids=pl.col("entry_id"))  # fmt: skip
    days = days.join(said, on=[*WEEKS, "day"], how="left")
    own = pl.coalesce(pl.col("fixed") / 7, pl.col("mean_units") / 7 * pl.col("factor").fill_null(1.0))
    return days.with_columns(day_units=pl.when(pl.col("is_off_sale").fill_null(False)).then(0.0).otherwise(own))


def _own_rates(means: pl.DataFrame, lives: pl.DataFrame, selling: pl.DataFrame) -> pl.DataFrame:
    """other_sku, location_id, own_rate: how much of its forecast a SKU that follows others and sells already has without theirs, 0 to 1.

    Example: 10 a week are forecast of the one that follows, 7 of the one before it: 0.3.
    """
    total = means.group_by("sku", "location_id").agg(pl.col("mean_units").sum())
    heirs = lives.filter(pl.col("kind") == "supersession").join(total, on=["sku", "location_id"], how="left")
    before = heirs.group_by("other_sku", "location_id").agg(pl.col("mean_units").sum())
    heir = total.join(selling, on=["sku", "location_id"], how="semi").rename({"sku": "other_sku", "mean_units": "heir_units"})
    both = before.join(heir.filter(pl.col("heir_units") > 0), on=["other_sku", "location_id"])
    own = (1 - pl.col("mean_units") / pl.col("heir_units")).clip(0)
    return both.select("other_sku", "location_id", own_rate=own)


def _effects(entries: pl.DataFrame, lives: pl.DataFrame, own_rates: pl.DataFrame) -> pl.DataFrame:
    """Each entry as what it does to the days from start_date to end_date: a factor, a fixed number of units a week, or nothing on sale.

    lives: of launches, supersessions and ends those that rule; own_rates: of `_own_rates`. A SKU that follows several is on sale, or more than its own
    part of it, from the first day of any of them.
    """
    first, last = pl.lit(date.min), pl.lit(date.max)
    kind = pl.col("kind")
    rate = entries.filter(kind.is_in(["promotion", "override"])).with_columns(
        factor=1.0 + pl.col("change_rate"), is_off_sale=pl.lit(False)
    )
    rate = rate.filter(pl.col("change_rate").is_not_null() | pl.col("weekly_units").is_not_null())
    day_before = pl.col("start_date") - timedelta(days=1)
    superseded = lives.filter(kind == "supersession")
    earliest = superseded.sort("start_date", maintain_order=True).unique(["other_sku", "location_id"], keep="first")
    before = lives.filter(kind == "launch").with_columns(start_date=first, end_date=day_before)
    heir = earliest.join(own_rates, on=["other_sku", "location_id"], how="left").with_columns(
        sku="other_sku", start_date=first, end_date=day_before, factor="own_rate", is_off_sale=pl.col("own_rate").is_null()
    )
    after = lives.filter(kind == "end").with_columns(start_date=pl.col("end_date") + timedelta(days=1), end_date=last)
    old = superseded.with_columns(end_date=last)
    closed = [part.with_columns(factor=pl.lit(None, pl.Float64), is_off_sale=pl.lit(True)) for part in (before, after, old)]
    columns = [
        "entry_id",
        "number",
        "kind",
        "sku",
        "location_id",
        "start_date",
        "end_date",
        "weekly_units",
        "factor",
        "is_off_sale",
    ]
    return pl.concat([part.select(columns) for part in (rate, heir, *closed)])


def _moved(quantiles: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    rows = quantiles.join(
        changed.select(*WEEKS, "statistical_mean_units", "mean_units"), on=WEEKS, how="left", maintain_order="left"
    )
    old, new, units, at = (
        rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        for name in ("statistical_mean_units", "mean_units", "forecast_units", "quantile")
    )
    ratio = np.divide(new, old, out=np.zeros_like(new), where=old > 0)
    moved = np.where(old > 0, np.rint(units * ratio), _poisson_quantile(at, np.nan_to_num(new)))
    units = np.where(np.isfinite(new), moved, units)
    return quantiles.with_columns(forecast_units=pl.Series(units, dtype=pl.Float64))


def _poisson_quantile(rate: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least whole number that Poisson demand of `mean` doesn't pass with chance `rate`."""
    near = np.ceil(special.pdtrik(rate, mean))
    below = np.maximum(near - 1, 0)
    return np.where(mean > 0, np.where(special.pdtr(below, mean) >= rate, below, near), 0.0)
