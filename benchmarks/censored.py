"""Forecasts from days not seen against the same model fed with raw sales, on the demo merchant's demand. `python -m benchmarks censored`.

Of the truth's days 20 % are taken away in spells as long as a mean lead time: nothing is sold on them, whatever was wanted. One forecast
knows which days those were and has the estimate of what they lost, one takes them for days without demand, and one has seen everything, which
no handling of lost days can beat. All are held against what was wanted, and against what was to be expected: the rate around which the demo
merchant draws its demand, so that chance, which no history tells, is not counted as error.
"""

import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models import accuracy
from models.demand import DAYS, SERIES, full_week_units, series_facts, weekly_history
from models.forecast import forecast
from models.forecast.run import ATTRIBUTES
from models.layers import layered
from models.layers.lost import lost
from pipelines.demo import generate
from pipelines.demo.rates import expected_demand

Array = NDArray[np.float64]
END, SEED = date(2026, 1, 20), 7
SHARE, SPELL_DAYS = 0.2, 19.0
WEEKS, ORIGINS = 8, 3
PROMISED = 0.25
FEEDS = ("masked", "raw", "all seen")


def measure(orders: int = 60_000, days: int = 730) -> Iterator[str]:
    """Errors of the three, over several origins, and how much lower the masked one is than raw sales'."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "demo", orders=orders, days=days, seed=SEED, end=END)
        truth = pl.read_parquet(Path(folder) / "demo" / "truth" / "demand" / "*.parquet")
    wanted = truth.group_by(*SERIES, demand_date="date").agg(pl.col("demand_units").sum())
    sold = with_stock_outs(wanted, END, days)
    rates = expected_demand(orders, days, SEED, END)
    yield f"{wanted.n_unique(SERIES):,} series, {sold['is_censored'].mean():.0%} of their days without stock, {WEEKS} weeks ahead, {ORIGINS} origins"
    found = [errors(wanted, sold, rates, END - timedelta(weeks=WEEKS * k)) for k in range(1, ORIGINS + 1)]
    for name in found[0]["masked"]:
        masked, raw, seen = (float(np.mean([one[feed][name] for one in found])) for feed in FEEDS)
        lower = f"{abs(masked) / abs(raw) - 1:+.1%} (promised {-PROMISED:.0%})"
        yield f"  {name:43} masked {masked:+.3f}   raw sales {raw:+.3f}   {lower}   all seen {seen:+.3f}"


def with_stock_outs(wanted: pl.DataFrame, end: date, days: int, seed: int = 1) -> pl.DataFrame:
    """A row per series and day: demand_units as sold, is_censored. Spells of stock and without are geometric, in the mean a fifth is without."""
    names = wanted.select(*SERIES).unique().sort(*SERIES)
    rng = np.random.default_rng(seed)
    leave, run_out = 1 / SPELL_DAYS, SHARE / (1 - SHARE) / SPELL_DAYS
    out = np.zeros((names.height, days), dtype=np.bool_)
    out[:, 0] = rng.random(names.height) < SHARE
    for day in range(1, days):
        draw = rng.random(names.height)
        out[:, day] = np.where(out[:, day - 1], draw >= leave, draw < run_out)
    dates = pl.DataFrame({"demand_date": pl.date_range(end - timedelta(days=days - 1), end, eager=True)})
    grid = names.join(dates, how="cross", maintain_order="left_right").with_columns(is_censored=pl.Series(out.reshape(-1)))
    rows = grid.join(wanted, on=[*SERIES, "demand_date"], how="left").with_columns(pl.col("demand_units").fill_null(0))
    return rows.with_columns(demand_units=pl.when("is_censored").then(0).otherwise("demand_units"))


def errors(wanted: pl.DataFrame, sold: pl.DataFrame, rates: pl.DataFrame, cutoff: date) -> dict[str, dict[str, float]]:
    """Of the forecast of each of FEEDS: errors against what came and against what was to be expected (`rates`), and bias."""
    is_ahead = pl.col("demand_date").is_between(cutoff + timedelta(days=1), cutoff + timedelta(weeks=WEEKS))
    week = ((pl.col("demand_date") - pl.lit(cutoff)).dt.total_days() - 1) // 7 + 1
    came = wanted.filter(is_ahead).group_by(*SERIES, horizon=week).agg(wanted=pl.col("demand_units").sum())
    to_come = rates.filter(is_ahead).group_by(*SERIES, horizon=week).agg(expected=pl.col("expected_units").sum())
    truth = came.join(to_come, on=[*SERIES, "horizon"], how="full", coalesce=True)
    fed = {"masked": _daily(sold), "raw": _daily(sold.with_columns(is_censored=pl.lit(False)))}
    fed["all seen"] = _daily(wanted.with_columns(is_censored=pl.lit(False)))
    since = rates.group_by(SERIES).agg(first_date=pl.col("demand_date").min())
    histories = {name: _history(days.filter(pl.col("demand_date") <= cutoff), since, cutoff) for name, days in fed.items()}
    steps = pl.col("units").diff().over(SERIES) ** 2
    scale = (
        weekly_history(histories["all seen"], cutoff).with_columns(step=steps).group_by(SERIES).agg(scale=pl.col("step").mean())
    )
    return {name: _scored(history, truth, scale, cutoff) for name, history in histories.items()}


def _daily(sold: pl.DataFrame) -> pl.DataFrame:
    rows = sold.filter(pl.col("is_censored") | (pl.col("demand_units") > 0))
    seen = 1.0 - pl.col("is_censored").cast(pl.Float64)
    return rows.with_columns(channel=pl.lit("all"), seen_rate=seen, is_promoted=pl.lit(False))


def _history(daily: pl.DataFrame, since: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Demand of what has sold, from its first day on sale on, with the estimate of what was lost, as the nightly forecast is made from."""
    sold = daily.filter(pl.col("demand_units") > 0).select(*SERIES, "channel").unique()
    selling = sold.join(since, on=SERIES)
    rows = daily.join(selling, on=[*SERIES, "channel"]).filter(pl.col("demand_date") >= pl.col("first_date")).drop("first_date")
    begun = selling.select(*SERIES, "channel", demand_date="first_date").join(rows, on=DAYS, how="anti")
    plain = begun.with_columns(demand_units=0, is_censored=False, seen_rate=1.0, is_promoted=False)
    history = pl.concat([rows, plain.select(rows.columns).cast(rows.schema)])  # type: ignore[arg-type]
    above = lost(history, cutoff).select(
        *DAYS, "units", "reason", layer=pl.lit("lost"), is_applied=pl.lit(True), is_kept=pl.lit(False)
    )
    return layered(history, above)


def _scored(history: pl.DataFrame, truth: pl.DataFrame, scale: pl.DataFrame, cutoff: date) -> dict[str, float]:
    weekly = weekly_history(history, cutoff).with_columns(units=full_week_units())
    facts = series_facts(history, weekly, history.select(*SERIES))
    none = {name: pl.lit(None, pl.String) for name in ATTRIBUTES if name not in facts.columns}
    dates = {name: pl.lit(None, pl.Date) for name in ("launched_date", "discontinued_date")}
    made = forecast(weekly, facts.with_columns(**none, **dates), cutoff, WEEKS).means
    rows = made.join(truth, on=[*SERIES, "horizon"], how="left").join(scale, on=SERIES, how="left").sort(*SERIES, "horizon")
    mean, came, expected, step = (
        rows[name].cast(pl.Float64).fill_null(0.0).to_numpy().reshape(-1, WEEKS)
        for name in ("mean_units", "wanted", "expected", "scale")
    )
    found = {}
    for against, right in (("wanted", came), ("expected", expected)):
        totals, everything = (tuple(values.sum(axis=axis, keepdims=True) for values in (mean, right)) for axis in (1, 0))
        known = step[:, 0] > 0
        squared = ((mean - right) ** 2).mean(axis=1)[known] / step[known, 0]
        found |= {
            f"WAPE of weeks, {against}": accuracy.wape(mean, right), f"WAPE of each series' total, {against}": accuracy.wape(*totals),
            f"WAPE of all series' weeks, {against}": accuracy.wape(*everything), f"RMSSE, {against}": float(np.sqrt(squared).mean()),
            f"bias, {against}": accuracy.bias(mean, right),
        }  # fmt: skip
    return found
