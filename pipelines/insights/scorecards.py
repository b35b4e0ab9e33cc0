"""Marketplaces' judgements of the seller, as each defines them. Here: the rules and their counts per day. Not here: windows' arithmetic (models)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from models.scorecards import evaluation_days, judge
from pipelines.channels.merchant import Scorecard
from pipelines.contracts import table

HISTORY_DAYS = 365 + 31
FBA = "FBA"
REPORTED_ONLY, UNKNOWN = "reported only", "unknown: no tracking numbers are loaded"


@dataclass(frozen=True)
class Rule:
    """One component of a scorecard: its window (days), lag, bound, and which of the counts below it divides; `source` None is reported only."""

    platform: str
    component: str
    meaning: str
    window: int
    bound: float
    source: str | None
    lag: int = 0
    young: int = 0
    is_floor: bool = False
    fewest: int = 0
    long_window: int = 0


RULES = (
    Rule("amazon", "late shipment rate, 10 days", "orders shipped after their promise, or open past it, of those due", 10, 0.04, "late", young=2),
    Rule("amazon", "late shipment rate, 30 days", "the same over 30 days", 30, 0.04, "late", young=2),
    Rule("amazon", "pre-fulfilment cancel rate, 7 days", "orders the seller cancelled before shipping, of those placed", 7, 0.025, "cancelled", young=2),
    Rule("amazon", "valid tracking rate, 30 days", "parcels with a tracking number, of those shipped", 30, 0.95, "untracked", is_floor=True, young=1),
    Rule("amazon", "unit on-time delivery rate, 14 days", "units delivered by the promise, of those promised; the last 7 days wait for scans",
         14, 0.90, "undelivered", lag=7, is_floor=True),
    Rule("amazon", "order defect rate, own-fulfilled, 60 days", "negative feedback, A-to-z claims, chargebacks: Amazon alone knows them", 60, 0.01, None),
    Rule("amazon", "order defect rate, FBA, 60 days", "the same of orders that Amazon fulfils", 60, 0.01, None),
    Rule("ebay", "late shipment rate", "orders shipped after their handling time, or open past it, of those due", 90, 0.03, "late", young=2,
         fewest=400, long_window=365),
    Rule("ebay", "tracking uploaded on time", "parcels with a tracking number, of those shipped", 90, 0.95, "untracked", is_floor=True, young=1,
         fewest=400, long_window=365),
    Rule("ebay", "transactions cancelled by the seller", "the part of the transaction defect rate that orders tell", 90, 0.02, "cancelled", young=2,
         fewest=400, long_window=365),
    Rule("ebay", "transaction defect rate", "cancellations by the seller and cases closed without resolution: eBay alone knows all of them", 90, 0.02, None),
)  # fmt: skip


def all_rules(own: Sequence[Scorecard]) -> tuple[Rule, ...]:
    """Fulcast's own rules of Amazon and eBay, and the merchant's of other marketplaces."""
    return RULES + tuple(
        Rule(s.platform, s.name, s.meaning, s.window_days, s.bound_rate, s.counts, s.lag_days, s.young_days, s.is_floor)
        for s in own
    )


def channel_scorecards(
    rules: Sequence[Rule],
    platforms: dict[str, str],
    fba: dict[str, str],
    fulfilment_lines: pl.DataFrame,
    order_lives: pl.DataFrame,
    shipments: pl.DataFrame,
    reported: pl.DataFrame,
    as_of: datetime,
) -> pl.DataFrame:
    """A row per judged channel and component: counts, the rate as if judged today, of mature days, the platform's own, days to breach.

    `rules`: all_rules; `platforms`: channel → platform; `fba`: channel → the merchant's name of the place that Amazon ships from, which is not judged.
    Floors (valid tracking, on-time delivery) are judged by what falls short of them.
    """
    last = as_of.date() - timedelta(days=1)
    rows = []
    for channel, platform in platforms.items():
        counts = _daily(channel, fba.get(channel, FBA), fulfilment_lines, order_lives, shipments, as_of)
        for rule in (r for r in rules if r.platform == platform):
            rows.append(
                {
                    "channel": channel,
                    "platform": platform,
                    "component": rule.component,
                    "meaning": rule.meaning,
                    **_judged(rule, counts, last),
                }
            )
    frame = pl.DataFrame(rows, infer_schema_length=None) if rows else table("channel_scorecards").empty()
    newest = (
        reported.sort("reported_date")
        .unique(["channel", "component"], keep="last")
        .select("channel", "component", "reported_rate", "reported_date")
    )
    frame = frame.drop("reported_rate", "reported_date", strict=False).join(newest, on=["channel", "component"], how="left")
    return table("channel_scorecards").conform(frame.with_columns(difference_rate=pl.col("rate") - pl.col("reported_rate")))


def _judged(rule: Rule, counts: dict[str, pl.DataFrame], last: date) -> dict[str, object]:
    kept: dict[str, object] = {"window_days": rule.window, "bound_rate": rule.bound, "is_floor": rule.is_floor}
    if rule.source is None:
        return kept | {"standing": REPORTED_ONLY}
    if rule.source not in counts:
        return kept | {"standing": UNKNOWN}
    daily = pl.DataFrame({"day": pl.date_range(last - timedelta(days=HISTORY_DAYS), last, eager=True)}).join(
        counts[rule.source], on="day", how="left"
    )
    bad, all_ = (daily[name].fill_null(0).to_numpy().astype(np.int64) for name in ("bad", "all"))
    window = evaluation_days(all_, rule.fewest, rule.window, rule.long_window) if rule.fewest else rule.window
    found = judge(bad, all_, window, rule.lag, 1 - rule.bound if rule.is_floor else rule.bound, rule.young)
    is_broken = found.days_to_breach == 0
    standing = (
        "no orders"
        if found.rate is None
        else "broken"
        if is_broken
        else "heading there"
        if found.days_to_breach is not None
        else "good"
    )
    return kept | {
        "window_days": window, "bad": found.bad, "counted": found.all, "rate": _stated(rule, found.rate), "mature_rate": _stated(rule, found.mature_rate),
        "days_to_breach": found.days_to_breach, "standing": standing,
    }  # fmt: skip


def _stated(rule: Rule, short: float | None) -> float | None:
    """The rate as the platform states it: of a floor, what does not fall short."""
    return 1 - short if rule.is_floor and short is not None else short


def _daily(
    channel: str, fba: str, lines: pl.DataFrame, lives: pl.DataFrame, shipments: pl.DataFrame, as_of: datetime
) -> dict[str, pl.DataFrame]:
    """Per day what is bad and what counts, for each source; a day is the UTC date of the deadline, the order or the parcel."""
    own = lines.filter((pl.col("channel") == channel) & (pl.col("location_id") != fba))
    due = own.filter((pl.col("ship_by_at") <= as_of) & (pl.col("due_units") > 0)).group_by("order_id").agg(
        day=pl.col("ship_by_date").min(), is_bad=(pl.col("shipped_at").is_null() | (pl.col("shipped_at") > pl.col("ship_by_at"))).any()
    )  # fmt: skip
    placed = lives.filter((pl.col("channel") == channel) & (pl.col("location_id").fill_null("") != fba)).select(
        day=pl.col("placed_at").dt.date(), is_bad=(pl.col("cancelled_by") == "seller").fill_null(False) & pl.col("shipped_at").is_null()
    )  # fmt: skip
    own_parcels = shipments.filter((pl.col("channel") == channel) & (pl.col("location_id").fill_null("") != fba))
    parcels = own_parcels.group_by("shipment_id").agg(
        day=pl.col("shipped_at").min().dt.date(), is_bad=pl.col("tracking_number").is_null().all()
    )  # fmt: skip
    promised = own.filter((pl.col("deliver_by_at") <= as_of) & (pl.col("due_units") > 0) & pl.col("is_delivery_known"))
    units = promised.group_by(day="deliver_by_date").agg(
        bad=(pl.col("due_units") - pl.min_horizontal("due_units", "delivered_in_time_units")).sum(), all=pl.col("due_units").sum()
    )
    counted = {
        name: frame.group_by("day").agg(bad=pl.col("is_bad").sum(), all=pl.len())
        for name, frame in (("late", due), ("cancelled", placed), ("untracked", parcels))
    }
    if own_parcels["tracking_number"].null_count() == own_parcels.height:
        counted.pop("untracked")
    return counted | {"undelivered": units}
