"""What the layers of demand do to forecasts, on the demo merchant's own ledger. `python -m benchmarks layers`.

Each history is forecast by every series' own model, three origins, and held against what was to be expected (pipelines/demo/rates.py). One
history begins with each series' first sale instead of when it came on sale. The bulk orders of the last two are planted: one in a thousand
days with demand gets one of 30 to 60 times what is usual there. All is done for the demo merchant, and for one with so few orders that most
series sell less than once a month.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models import accuracy, knowledge
from models.demand import DAYS, SERIES
from models.forecast import forecast
from models.layers import Switches, kept_days, layers
from pipelines import histories, nightly
from pipelines.channels.mapping import Config
from pipelines.contracts import table
from pipelines.demo import generate
from pipelines.demo.rates import expected_demand
from pipelines.rehearsal import known_then
from pipelines.settings import DEMO_CONFIG, Settings
from pipelines.warehouse.duckdb import Warehouse

Array = NDArray[np.float64]
END, SEED = date(2026, 1, 20), 7
AS_OF = datetime(2026, 1, 21, 6, tzinfo=UTC)
WEEKS, ORIGINS = 8, 3
MERCHANTS = (60_000, 730), (4_000, 400)  # orders, days
PLANTED = 0.001
HISTORIES: dict[str, tuple[dict[str, bool], bool]] = {
    "every layer, planned promotions known": ({}, True), "every layer, planned promotions unknown": ({}, False),
    "without the promotion layer": ({"promotion": False}, False), "as imported": ({"promotion": False, "outlier": False, "lost": False}, False),
}  # fmt: skip


def measure() -> Iterator[str]:
    """Of each merchant the lost demand that is estimated, and the errors of forecasts from each history."""
    for orders, days in MERCHANTS:
        tables, truth = _run(orders, days)
        estimated = tables["demand_layers"].filter(pl.col("layer") == "lost")["units"].sum()
        lost, wanted = truth["lost_units"].sum(), truth["demand_units"].sum()
        yield f"{orders:,} orders in {days} days; lost to empty shelves: {lost:,} units ({lost / wanted:.1%}), estimated {estimated:,.0f}"
        yield from figures(tables, Settings(config=DEMO_CONFIG).merchant_config, expected_demand(orders, days, SEED, END))


def _run(orders: int, days: int) -> tuple[nightly.Frames, pl.DataFrame]:
    """A merchant's tables after one run, and the truth of its demand."""
    with tempfile.TemporaryDirectory() as folder:
        demo, home = Path(folder) / "demo", Path(folder) / "home"
        generate(demo, orders=orders, days=days, seed=SEED, end=END)
        settings = {"FULCAST_HOME": str(home), "FULCAST_INPUT": str(demo / "inbox"), "FULCAST_AS_OF": AS_OF.isoformat()}
        subprocess.run(
            [Path(sys.executable).with_name("fulcast"), "run"], env=os.environ | settings, capture_output=True, check=False
        )
        truth = pl.read_parquet(demo / "truth" / "demand" / "*.parquet")
        return Warehouse(home / "warehouse.duckdb").read(*histories.TABLES, *nightly.TABLES), truth


def figures(tables: nightly.Frames, config: Config, rates: pl.DataFrame) -> Iterator[str]:
    """One line per history; `tables` are those of the ledger and what people know."""
    found: dict[str, list[tuple[float, ...]]] = {}
    for back in range(1, ORIGINS + 1):
        cutoff = END - timedelta(weeks=WEEKS * back)
        then = known_then(tables, cutoff, config)
        then |= {
            name: table(name).conform(then[name]) for name in ("demand", "demand_layers", "promotion_uplifts", "demand_series")
        }
        later = then | {"promotions": tables["promotions"]}
        for name, (switched, is_planned) in HISTORIES.items():
            t = _switched(later if is_planned else then, switched)
            found.setdefault(name, []).append(_scored(t, rates, cutoff))
        found.setdefault("every layer, from the first sale on", []).append(_scored(_from_first_sale(then), rates, cutoff))
        for name, is_on in (("bulk orders planted, with the layer", True), ("bulk orders planted, without", False)):
            found.setdefault(name, []).append(_scored(_switched(_planted(then, cutoff), {"outlier": is_on}), rates, cutoff))
    for name, scores in found.items():
        weeks, totals, bias = np.mean(scores, axis=0)
        yield f"  {name:41} WAPE of weeks {weeks:.3f}   of each series' total {totals:.3f}   bias {bias:+.1%}"


def _from_first_sale(t: nightly.Frames) -> nightly.Frames:
    """`t` without the time in which a series was on sale and had not sold anything yet."""
    first = t["demand"].filter(pl.col("demand_units") > 0).group_by(SERIES).agg(first=pl.col("demand_date").min())
    later = {
        name: t[name].join(first, on=SERIES).filter(pl.col("demand_date") >= pl.col("first")).drop("first")
        for name in ("demand", "demand_layers")
    }
    return t | later


def _switched(t: nightly.Frames, switched: dict[str, bool]) -> nightly.Frames:
    above = t["demand_layers"]
    for layer, is_on in switched.items():
        is_meant = pl.col("layer") == layer
        above = above.with_columns(
            is_applied=pl.when(is_meant).then(pl.lit(is_on)).otherwise("is_applied"),
            is_kept=pl.when(is_meant).then(pl.lit(not is_on)).otherwise("is_kept"),
        )
    return t | {"demand_layers": above}


def _planted(t: nightly.Frames, cutoff: date, seed: int = 1) -> nightly.Frames:
    """`t` with bulk orders in its demand, and the layers made of it."""
    days, rng = t["demand"], np.random.default_rng(seed)
    usual = days.filter(pl.col("demand_units") > 0).group_by(SERIES).agg(usual=pl.col("demand_units").median())
    hit = (rng.random(days.height) < PLANTED) & (days["demand_units"] > 0).to_numpy()
    bulk = pl.Series(hit * rng.integers(30, 61, days.height))
    rows = days.join(usual, on=SERIES, how="left", maintain_order="left").with_columns(
        bulk_units=(bulk * pl.col("usual").fill_null(0)).cast(pl.Int64)
    )
    orders = pl.concat(
        [
            rows.select(*DAYS, order_units="demand_units"),
            rows.filter(pl.col("bulk_units") > 0).select(*DAYS, order_units="bulk_units"),
        ]
    )
    planted = rows.with_columns(demand_units=pl.col("demand_units") + pl.col("bulk_units")).select(days.columns)
    none = t["demand_layers"].clear().select(*DAYS, "units", "reason")
    above = layers(planted, orders, t["promotions"], none, kept_days(t["knowledge"]), Switches(), cutoff)
    return t | {"demand": planted, "demand_layers": table("demand_layers").conform(above)}


def _scored(t: nightly.Frames, rates: pl.DataFrame, cutoff: date) -> tuple[float, ...]:
    """WAPE of weeks and of each series' total, and bias, against what was to be expected."""
    told = nightly.told(t, cutoff, WEEKS)
    made = forecast(told.weekly, told.series, cutoff, WEEKS)
    means = knowledge.adjusted(made.means, made.quantiles, told.entries, told.selling).means
    week = ((pl.col("demand_date") - pl.lit(cutoff)).dt.total_days() - 1) // 7 + 1
    ahead = rates.filter(pl.col("demand_date").is_between(cutoff + timedelta(days=1), cutoff + timedelta(weeks=WEEKS)))
    expected = ahead.group_by(*SERIES, horizon=week).agg(pl.col("expected_units").sum())
    rows = means.join(expected, on=[*SERIES, "horizon"], how="left").sort(*SERIES, "horizon")
    mean, right = (rows[name].fill_null(0.0).to_numpy().reshape(-1, WEEKS) for name in ("mean_units", "expected_units"))
    totals = accuracy.wape(mean.sum(axis=1, keepdims=True), right.sum(axis=1, keepdims=True))
    return accuracy.wape(mean, right), totals, accuracy.bias(mean, right)
