"""Orders held against the forecasts that stand. Here: which alerts are raised, in words and money; which series are forecast anew at once.

Not here: when an order is out of range (models/alerts.py), the forecast (nightly.py).
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from models import alerts
from models.demand import DAYS, SERIES
from pipelines import nightly
from pipelines.contracts import table

REMADE = ("forecasts", "forecast_means", "forecast_adjustments", "forecast_explanations")
LOOK_BACK_DAYS = 70  # of demand: shares of weekdays, and two nights' forecasts


@dataclass(frozen=True)
class Seen:
    """demand: of the last weeks, with days after the cutoff. standing, before: the last two nights' forecasts (forecast_history, one cutoff
    each). history: forecasts one week ahead beside what came. accuracy: series_accuracy. prices: sku, price_amount."""

    demand: pl.DataFrame
    standing: pl.DataFrame
    before: pl.DataFrame
    history: pl.DataFrame
    accuracy: pl.DataFrame
    prices: pl.DataFrame


def raised(seen: Seen, last: pl.DataFrame, cutoff: date, today: date) -> pl.DataFrame:
    """forecast_alerts of now; of several windows in which a series is out of range the latest is told.

    last: forecast_alerts of the run before: what was forecast anew for them stays so until the next night's forecast.
    """
    standing = seen.standing["cutoff_date"].max()
    windows = [alerts.since_forecast(seen.standing, seen.demand, today)]
    if standing is not None:
        windows.append(alerts.since_forecast(seen.before, seen.demand, standing))  # type: ignore[arg-type]
    found = pl.concat(
        [*windows, alerts.of_last_week(seen.history, cutoff), alerts.leaning(seen.accuracy, cutoff)], how="diagonal_relaxed"
    )
    found = found.sort("last_date", "observed_units", descending=True, nulls_last=True).unique(
        [*SERIES, "kind"], keep="first", maintain_order=True
    )
    done = last.filter("is_reforecast").select(*SERIES, "kind", "cutoff_date", was_reforecast=pl.lit(True))
    found = found.join(done, on=[*SERIES, "kind", "cutoff_date"], how="left").join(seen.prices, on="sku", how="left")
    is_anew = pl.col("was_reforecast").fill_null(False)
    if standing is not None:
        is_anew = is_anew | (pl.col("cutoff_date") < standing)
    wrong = pl.coalesce(pl.col("observed_units") - pl.col("expected_units"), pl.col("bias_units") * pl.col("weeks")).abs()
    amount = (wrong * pl.col("price_amount")).round(4)
    return table("forecast_alerts").conform(found.with_columns(is_reforecast=is_anew, at_risk_amount=amount, reason=_reason()))


def reforecast(t: nightly.Frames, demand: pl.DataFrame, waiting: pl.DataFrame, horizon: int) -> nightly.Frames:
    """REMADE with the series of `waiting` (alerts) forecast anew; the others stay as they are.

    t: what nightly.made takes, and REMADE as they stand. demand: with the days after their cutoff, which count as the last known day's.
    """
    cutoff: date = waiting["cutoff_date"][0]
    named = waiting.select(SERIES).unique()
    later = (
        demand.filter(pl.col("demand_date") > cutoff).join(named, on=SERIES, how="semi").with_columns(demand_date=pl.lit(cutoff))
    )
    known = pl.concat([t["demand"].filter(pl.col("demand_date") <= cutoff), later.select(t["demand"].columns)])
    others = pl.exclude("demand_units", "is_promoted").first()
    days = known.group_by(DAYS).agg(pl.col("demand_units").sum(), pl.col("is_promoted").any(), others)
    made = nightly.made(t | {"demand": days.select(t["demand"].columns)}, cutoff, horizon).frames
    return {
        name: pl.concat([t[name].join(named, on=SERIES, how="anti"), made[name].join(named, on=SERIES, how="semi")])
        for name in REMADE
    }


def _reason() -> pl.Expr:
    expected = pl.col("expected_units").round(1).cast(pl.String)
    observed, low, high = (pl.col(name).round().cast(pl.Int64) for name in ("observed_units", "low_units", "high_units"))
    first = pl.col("cutoff_date") + pl.duration(days=1)
    outside = pl.format(
        "{} wanted from {} to {}; {} were expected, and 99 of 100 such spans stay within {} and {}.",
        observed,
        first,
        "last_date",
        expected,
        low,
        high,
    )
    side = pl.when(pl.col("bias_units") > 0).then(pl.lit("high")).otherwise(pl.lit("low"))
    size, signal, bound = (
        pl.col(name).abs().round(1).cast(pl.String) for name in ("bias_units", "tracking_signal", "tracking_bound")
    )
    leaning = pl.format(
        "{} a week too {} over {} weeks, one week ahead: tracking signal {}, bound {}.", size, side, "weeks", signal, bound
    )
    return pl.coalesce(outside, leaning)
