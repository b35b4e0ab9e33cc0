"""Forecasts from masked days against the same model fed with raw sales, on the demo merchant's true demand. `python -m benchmarks censored`.

Of the truth's days 20 % are taken away in spells as long as a mean lead time: nothing is sold on them, whatever was wanted. One forecast
knows which days those were, the other takes them for days without demand; both are held against what was truly wanted.
"""

import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models import accuracy
from models.demand import SERIES, series_facts, weekly_history
from models.forecast import forecast
from models.forecast.run import ATTRIBUTES
from pipelines.demo import generate

Array = NDArray[np.float64]
END = date(2026, 1, 20)
SHARE, SPELL_DAYS = 0.2, 19.0
WEEKS, ORIGINS = 8, 3
PROMISED = 0.25


def measure(orders: int = 60_000, days: int = 730) -> Iterator[str]:
    """Error of both, over several origins, and how much lower the one is."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "demo", orders=orders, days=days, seed=7, end=END)
        truth = pl.read_parquet(Path(folder) / "demo" / "truth" / "demand" / "*.parquet")
    wanted = truth.group_by(*SERIES, demand_date="date").agg(pl.col("demand_units").sum())
    sold = with_stock_outs(wanted, END, days)
    yield f"{wanted.n_unique(SERIES):,} series, {sold['is_censored'].mean():.0%} of their days without stock, {WEEKS} weeks ahead, {ORIGINS} origins"
    found = [errors(wanted, sold, END - timedelta(weeks=WEEKS * k)) for k in range(1, ORIGINS + 1)]
    for name in found[0]["masked"]:
        masked, raw = (float(np.mean([one[feed][name] for one in found])) for feed in ("masked", "raw"))
        yield f"  {name:34} masked {masked:+.3f}   raw sales {raw:+.3f}   {abs(masked) / abs(raw) - 1:+.1%} (promised {-PROMISED:.0%})"


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


def errors(wanted: pl.DataFrame, sold: pl.DataFrame, cutoff: date) -> dict[str, dict[str, float]]:
    """Of the forecast fed with masked days and of that fed with raw sales: error of weeks and of totals, and bias."""
    ahead = wanted.filter(pl.col("demand_date").is_between(cutoff + timedelta(days=1), cutoff + timedelta(weeks=WEEKS)))
    week = ((pl.col("demand_date") - pl.lit(cutoff)).dt.total_days() - 1) // 7 + 1
    came = ahead.group_by(*SERIES, horizon=week).agg(pl.col("demand_units").sum())
    known = sold.filter(pl.col("demand_date") <= cutoff)
    feeds = {"masked": known, "raw": known.with_columns(is_censored=pl.lit(False))}
    return {name: _scored(feed, came, cutoff) for name, feed in feeds.items()}


def _scored(known: pl.DataFrame, came: pl.DataFrame, cutoff: date) -> dict[str, float]:
    weekly = weekly_history(known.filter(pl.col("is_censored") | (pl.col("demand_units") > 0)), cutoff)
    facts = series_facts(known, weekly, known.select(*SERIES))
    none = {name: pl.lit(None, pl.String) for name in ATTRIBUTES if name not in facts.columns}
    dates = {name: pl.lit(None, pl.Date) for name in ("launched_date", "discontinued_date")}
    made = forecast(weekly, facts.with_columns(**none, **dates), cutoff, WEEKS).means
    rows = (
        made.join(came, on=[*SERIES, "horizon"], how="left")
        .sort(*SERIES, "horizon")
        .with_columns(pl.col("demand_units").fill_null(0))
    )
    mean, actual = (rows[name].cast(pl.Float64).to_numpy().reshape(-1, WEEKS) for name in ("mean_units", "demand_units"))
    totals = mean.sum(axis=1, keepdims=True), actual.sum(axis=1, keepdims=True)
    everything = mean.sum(axis=0, keepdims=True), actual.sum(axis=0, keepdims=True)
    return {
        "WAPE of weeks": accuracy.wape(mean, actual), "WAPE of each series' total": accuracy.wape(*totals),
        "WAPE of all series' weeks": accuracy.wape(*everything), "bias": accuracy.bias(mean, actual),
    }  # fmt: skip
