"""Which way of making levels agree errs least, and whether totals are as wide as they have to be. `python -m benchmarks coherence`.

Base forecasts of every level by own-series models, several origins a horizon apart. Bottom-up sums the lowest level; the others reconcile all
levels (Wickramasuriya, Athanasopoulos & Hyndman 2019): by the number of series below (wls_struct), by the variances of past errors (wls_var), by
their shrunk covariances (mint_shrink, Schäfer & Strimmer 2005). Past errors are those of origins before the one that is scored.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.forecast_cases import m5_monthly
from models import accuracy
from models.forecast import blend
from models.forecast.engine import COLUMNS, LEVELS, Selection, forecast_series
from models.forecast.paths import at
from models.forecast.together import UNTOLD, Draws, Shared, learn, scores
from models.forecast.totals import PATHS
from pipelines.demo import generate

Array = NDArray[np.float64]
END = date(2026, 1, 20)
SCORED, BEFORE = 3, 3  # origins that are scored, and further ones from which errors are learnt
M5_ITEMS = 100
WAYS = ("bottom-up", "as forecast", "wls_struct", "wls_var", "mint_shrink")


@dataclass(frozen=True)
class World:
    """actual: (bottom series, periods); above: per level the group of each bottom series, the last level first to be summed."""

    name: str
    freq: str
    starts: list[date]
    horizon: int
    actual: Array
    above: dict[str, NDArray[np.int64]]

    @property
    def summing(self) -> Array:
        """(all series, bottom series): levels from the top down, the bottom last."""
        parts = [(codes == np.arange(codes.max() + 1)[:, None]).astype(np.float64) for codes in self.above.values()]
        return np.concatenate([*parts, np.eye(len(self.actual))])

    def levels(self) -> Iterator[tuple[str, slice]]:
        first = 0
        for name, codes in self.above.items():
            yield name, slice(first, first := first + int(codes.max()) + 1)
        yield "lowest", slice(first, first + len(self.actual))


def measure() -> Iterator[str]:
    """Errors per level and way, correlations, coverage of totals; of the demo merchant and of a fixed sample of M5."""
    for world in (demo(), m5()):
        yield from _measured(world)


def demo(orders: int = 60_000, days: int = 730) -> World:
    """The demo merchant's true weekly demand per SKU and location."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "demo", orders=orders, days=days, seed=7, end=END)
        truth = pl.read_parquet(Path(folder) / "demo" / "truth" / "demand" / "*.parquet")
        products = pl.read_csv(Path(folder) / "demo" / "inbox" / "master" / "products.csv").select("sku", "category")
    return weekly(truth, products)


def weekly(truth: pl.DataFrame, products: pl.DataFrame) -> World:
    """truth: sku, location_id, date, demand_units; products: sku, category."""
    week = (pl.lit(truth["date"].max()) - pl.col("date")).dt.total_days() // 7
    rows = truth.group_by("sku", "location_id", week=week).agg(y=pl.col("demand_units").sum())
    rows = rows.filter(pl.col("week") < rows["week"].max())
    wide = (
        rows.pivot("week", index=["sku", "location_id"], values="y")
        .fill_null(0)
        .sort("sku", "location_id")
        .join(products, on="sku")
    )
    order = sorted((name for name in wide.columns if name.isdigit()), key=int, reverse=True)
    above = {"total": pl.lit("all"), "category": pl.col("category"), "sku": pl.col("sku")}
    starts = pl.date_range(
        date(2020, 1, 6),
        interval="1w",
        end=date(2020, 1, 6) + (len(order) - 1) * (date(2020, 1, 13) - date(2020, 1, 6)),
        eager=True,
    )
    return World(
        "demo merchant, weeks", "W-MON", starts.to_list(), 8, wide.select(order).cast(pl.Float64).to_numpy(), _coded(wide, above)
    )


def m5() -> World:
    """Months of all stores of a fixed sample of M5's items."""
    case = m5_monthly()
    assert case.statics is not None
    items = case.statics["item_id"].unique().sort().sample(M5_ITEMS, seed=3)
    rows = case.rows.join(case.statics, on="unique_id").filter(pl.col("item_id").is_in(items.implode()))
    wide = rows.pivot("ds", index=["unique_id", "item_id", "dept_id"], values="y").fill_null(0).sort("unique_id")
    order = sorted(name for name in wide.columns if name[0] == "2")
    above = {"total": pl.lit("all"), "category": pl.col("dept_id"), "sku": pl.col("item_id")}
    actual = wide.select(order).cast(pl.Float64).to_numpy()
    return World(
        f"M5, {M5_ITEMS} items, months",
        "MS",
        [date.fromisoformat(name[:10]) for name in order],
        case.horizon,
        actual,
        _coded(wide, above),
    )


def _coded(wide: pl.DataFrame, above: dict[str, pl.Expr]) -> dict[str, NDArray[np.int64]]:
    columns = wide.select(**above).with_columns(pl.all().rank("dense") - 1)
    return {name: columns[name].to_numpy().astype(np.int64) for name in above}


def _measured(world: World) -> Iterator[str]:
    summing = world.summing
    everything = summing @ world.actual
    made = [_forecast(world, everything, origin) for origin in range(1, SCORED + BEFORE + 1)]
    came = [everything[:, -world.horizon * k : (-world.horizon * (k - 1)) or None] for k in range(1, SCORED + BEFORE + 1)]
    yield f"{world.name}: {len(world.actual):,} series, {world.horizon} ahead, {SCORED} origins; WAPE per level, the sum over the horizon in brackets"
    scored = {way: [] for way in WAYS}
    for k in range(SCORED):
        past = np.concatenate([came[j] - made[j][:, :, 0] for j in range(k + 1, k + 1 + BEFORE)], axis=1)
        for way in WAYS:
            scored[way].append(_reconciled(way, made[k][:, :, 0], summing, past))
    for way in WAYS:
        parts = []
        for level, rows in world.levels():
            pairs = [(f[rows], c[rows]) for f, c in zip(scored[way], came, strict=False)]
            single, summed = (float(np.mean([accuracy.wape(*(x if whole else (x[0].sum(1, keepdims=True), x[1].sum(1, keepdims=True))))
                                             for x in pairs])) for whole in (True, False))  # fmt: skip
            parts.append(f"{level} {single:.3f} ({summed:.3f})")
        yield f"  {way:12} {'   '.join(parts)}"
    yield from _widths(world, made, came)


def _forecast(world: World, everything: Array, origin: int) -> Array:
    """(all series, horizon, columns) of mean and quantiles, each level by itself, `origin` horizons before the end."""
    starts = world.starts[: -world.horizon * origin]
    own = Selection(world.freq, world.horizon, None, blend.plain(LEVELS, 0.0))
    parts = []
    for _, rows in world.levels():
        y = everything[rows, : len(starts)]
        ids = np.repeat(np.arange(len(y)), len(starts))
        long = pl.DataFrame({"unique_id": ids, "ds": starts * len(y), "y": y.reshape(-1)})
        table = forecast_series(long, world.freq, world.horizon, selection=own).table.sort("unique_id", "ds")
        parts.append(table.select(COLUMNS).to_numpy().reshape(len(y), world.horizon, -1))
    return np.concatenate(parts)


def _reconciled(way: str, base: Array, summing: Array, past: Array) -> Array:
    """(all series, horizon) forecasts that add up, none negative; past: (all series, errors)."""
    n = summing.shape[1]
    if way == "as forecast":
        return base
    if way == "bottom-up":
        return summing @ base[-n:]
    if way == "mint_shrink":
        weight = np.linalg.inv(shrunk(past))
    else:
        variance = summing.sum(axis=1) if way == "wls_struct" else (past**2).mean(axis=1)
        weight = np.diag(1 / np.maximum(variance, 1e-3))
    left = summing.T @ weight
    bottom = np.linalg.solve(left @ summing, left @ base)
    return summing @ np.maximum(bottom, 0.0)


def shrunk(errors: Array) -> Array:
    """Covariance of errors (series, observations), its correlations shrunk to none as far as they are noise (Schäfer & Strimmer 2005)."""
    n = errors.shape[1]
    std = np.maximum(np.sqrt((errors**2).mean(axis=1)), 0.03)
    z = errors / std[:, None]
    correlation = z @ z.T / n
    noise = ((z**2) @ (z**2).T - n * correlation**2) / (n * (n - 1))
    off = ~np.eye(len(z), dtype=bool)
    intensity = min(1.0, float(noise[off].sum() / (correlation[off] ** 2).sum()))
    correlation[off] *= 1 - intensity
    np.fill_diagonal(correlation, 1.0)
    return correlation * std[:, None] * std


def _widths(world: World, made: list[Array], came: list[Array]) -> Iterator[str]:
    """How far series go together, learnt from all origins, and coverage of sums of paths that do, and of such that don't."""
    n = len(world.actual)
    category = world.above["category"]
    columns = [_scored(made[k][-n:], came[k][-n:], k) for k in range(len(made))]
    score, series, origin, week = (np.concatenate(part) for part in zip(*columns, strict=True))
    found = learn(score, series, category[series], origin, week)
    yield f"  correlation of two series {found.everything:.3f}, of one category {found.category:.3f}, of it lasting {found.lasting:.2f}"
    for name, shared in (("apart", Shared(0.0, 0.0, 0.0)), ("together", found), ("untold", UNTOLD)):
        parts = []
        for level in ("category", "total"):
            inside = np.mean([_inside(world, made[k][-n:], came[k][-n:], shared, level) for k in range(len(made))], axis=0)
            parts.append(f"{level} {inside[0]:.0%} of periods, {inside[1]:.0%} of sums")
        yield f"  80 % range of series drawn {name:9} holds {'   '.join(parts)}"


def _scored(made: Array, came: Array, origin: int) -> tuple[Array, ...]:
    n, horizon = came.shape
    score = scores(came.reshape(-1), made[:, :, 1:].reshape(n * horizon, -1), LEVELS)
    kept = made[:, :, 0].reshape(-1) > 0
    series, week = np.repeat(np.arange(n), horizon), np.tile(np.arange(horizon), n)
    return score[kept], series[kept], np.full(kept.sum(), origin), week[kept]


def _inside(world: World, made: Array, came: Array, shared: Shared, level: str) -> tuple[float, float]:
    """Share of periods, and of sums over the horizon, of the groups of a level that lie in their 80 % range."""
    codes, category = world.above[level], world.above["category"]
    groups = int(codes.max()) + 1
    draws = Draws(shared, int(category.max()) + 1, PATHS, world.horizon, seed=1)
    paths = np.zeros((groups, PATHS, world.horizon))
    for first in range(0, len(made), 1_000):
        part = slice(first, first + 1_000)
        chance = draws.chances(category[part], np.full(len(made[part]), 0.2))
        drawn = np.stack([np.rint(at(made[part, h, 1:], LEVELS, chance[:, :, h])) for h in range(world.horizon)], axis=2)
        np.add.at(paths, codes[part], drawn)
    mean, actual = (np.zeros((groups, world.horizon)) for _ in range(2))
    np.add.at(mean, codes, made[:, :, 0])
    np.add.at(actual, codes, came)
    paths *= (mean / np.maximum(paths.mean(axis=1), 1e-9))[:, None, :]
    both = []
    for values, truth in ((paths, actual), (paths.sum(axis=2, keepdims=True), actual.sum(axis=1, keepdims=True))):
        low, high = np.quantile(values, (0.1, 0.9), axis=1)
        both.append(float(np.mean((truth >= low) & (truth <= high))))
    return both[0], both[1]
