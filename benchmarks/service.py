"""Service reached against service aimed at, on the demo merchant. `python -m benchmarks service`.

Here: 1,000 SKU-locations of five demo merchants whose true demand is known; levels week by week from what the product forecast then, played day by day
with the suppliers' true lead times; the full textbook formula with its own forecast errors, its z tuned to the same reached service, beside
them. MOQ and case packs are off. Not here: the levels (models/levels.py), what a merchant pays (`fulcast backtest-policy`).
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.service_world import ERROR_WEEKS, HORIZON, PLAYED, WARM_WEEKS, World, world_of
from models.forecast.engine import LEVELS
from models.levels import CYCLE, FILL, least_stock
from models.protection import within
from models.safety_stock import wanted
from models.simulate import MinMax, Shelf, simulate

Array = NDArray[np.float64]
SEEDS = (1, 2, 3, 4, 5)
TARGETS = ((CYCLE, 0.90), (CYCLE, 0.95), (CYCLE, 0.99), (FILL, 0.95), (FILL, 0.98))
SERIES_WANTED, TUNINGS = 1000, 12
PLAYS = 6  # of the same demand, each with lead times drawn for itself: of one draw a figure strays by some points


def measure(seeds: tuple[int, ...] = SEEDS, series: int = SERIES_WANTED) -> Iterator[str]:
    """Reached service and inventory of each target, over all seeds together, and per seed."""
    found: dict[tuple[str, float], list[Array]] = {target: [] for target in TARGETS}
    for seed in seeds:
        world = world_of(seed, series)
        for target, figures in zip(TARGETS, compared(world), strict=True):
            found[target].append(figures)
            yield f"seed {seed}, {_said(target, figures)}"
    yield f"{len(seeds)} seeds of {series:,} SKU-locations together:"
    for target, parts in found.items():
        yield _said(target, np.sum(parts, axis=0))


def _said(target: tuple[str, float], sums: Array) -> str:
    """sums: served and all (cycles or units), mean stock in units and at cost, of ours and then of the textbook's."""
    ours, theirs = sums[:2], sums[4:6]
    units, capital = 1 - sums[2] / sums[6], 1 - sums[3] / sums[7]
    return (
        f"{target[0]} {target[1]:.0%}: reached {ours[0] / ours[1]:.2%}, textbook tuned to {theirs[0] / theirs[1]:.2%}; "
        f"mean stock {sums[2]:,.0f} against {sums[6]:,.0f} units ({units:.1%} less), at cost {sums[3]:,.0f} against {sums[7]:,.0f} ({capital:.1%} less)"
    )


def compared(world: World) -> list[Array]:
    """Per target: served and all (cycles or units), mean stock in units and at cost, of ours, and of the textbook at the z that reaches the same."""
    levels = {target: np.zeros((PLAYED + 1, len(world.daily))) for target in TARGETS}
    for week in range(PLAYED + 1):
        for target, level in _ours(world, week).items():
            levels[target][week] = level
    mean, std = _textbook(world)
    rows = []
    for target in TARGETS:
        ours = played(world, levels[target], target[0])
        rows.append(np.concatenate([ours, _tuned(world, mean, std, target[0], ours[0] / ours[1])]))
    return rows


def _tuned(world: World, mean: Array, std: Array, kind: str, reached: float) -> Array:
    """What is played at levels of mean + z·std with the z, of those that halving comes by, whose service is nearest to `reached`."""
    low, high, tried = -1.0, 6.0, []
    for _ in range(TUNINGS):
        z = (low + high) / 2
        tried.append(played(world, np.ceil(np.maximum(mean + z * std, 0.0)), kind))
        low, high = (low, z) if tried[-1][0] / tried[-1][1] >= reached else (z, high)
    return min(tried, key=lambda found: abs(found[0] / found[1] - reached))


def _ours(world: World, week: int) -> dict[tuple[str, float], Array]:
    """Levels by the end of a week, from the forecast made then; from moments, as of many series, since draws of so many weeks take hours."""
    names = [f"{i:05}" for i in range(len(world.daily))]
    series = pl.DataFrame(
        {"sku": names, "location_id": "L", "lead_time_days": world.lead_days.mean(axis=1), "lead_time_std_days": world.lead_days.std(axis=1),
         "review_period_days": world.review_days, "is_lost": True, "dispersion_rate": pl.Series(world.dispersions[week]).fill_nan(None),
         "holding_amount": world.unit_cost,
         "unit_cost_amount": world.unit_cost}
    )  # fmt: skip
    grid = series.select("sku", "location_id").join(pl.DataFrame({"horizon": range(1, HORIZON + 1)}), how="cross")
    at = ERROR_WEEKS + week
    means = grid.with_columns(mean_units=pl.Series(world.means[at].ravel()), week_correlation=pl.lit(world.together[at]))
    quantiles = grid.with_columns(quantile=pl.lit(LEVELS.tolist())).explode("quantile")
    quantiles = quantiles.with_columns(forecast_units=pl.Series(world.quantiles[at].ravel()))
    known = wanted(series.with_columns(aim=pl.lit(CYCLE), target_rate=pl.lit(0.9)), means, quantiles, sampled_most=0)
    return {(kind, rate): least_stock(known.interval, known.aim, kind, rate)[0] for kind, rate in TARGETS}


def _textbook(world: World) -> tuple[Array, Array]:
    """Mean demand over lead time and review, and √((L + R)·σ_e² + d̄²·σ_L²), by the end of each played week.

    σ_e: root mean square of the one-week-ahead errors known by then, at least Poisson's, ÷ √7 per day.
    """
    weekly = world.weekly[:, -PLAYED - ERROR_WEEKS :]
    errors = (weekly.T - world.means[:-1, :, 0]) ** 2
    lead, spread = world.lead_days.mean(axis=1), world.lead_days.std(axis=1)
    days = lead + world.review_days
    means, stds = [], []
    for week in range(PLAYED + 1):
        mean = within(world.means[ERROR_WEEKS + week], days)
        daily = mean / days
        error = np.maximum(errors[: ERROR_WEEKS + week].mean(axis=0), 7 * daily) / 7
        means.append(mean)
        stds.append(np.sqrt(days * error + (daily * spread) ** 2))
    return np.stack(means), np.stack(stds)


def played(world: World, levels: Array, kind: str) -> Array:
    """Served and all of what the kind of service counts, mean stock in units and at cost; levels: (weeks, n) by the end of each week."""
    first = world.daily.shape[1] - 7 * PLAYED
    week_of = (np.arange(7 * PLAYED) + 1) // 7
    counted = np.arange(7 * PLAYED) >= 7 * WARM_WEEKS
    total = np.zeros(4)
    for review in np.unique(world.review_days):
        rows = np.flatnonzero(world.review_days == review)
        level, one = levels[:, rows].T, np.ones(len(rows))
        coming = world.means[ERROR_WEEKS, rows, :1].repeat(world.lead_days.max() + 1, axis=1) / 7
        due = np.diff(
            np.rint(np.cumsum(coming * (np.arange(coming.shape[1]) < world.lead_days[rows].mean(axis=1)[:, None]), axis=1)),
            axis=1,
            prepend=0,
        )
        shelf = Shelf(
            np.maximum(level[:, 0] - due.sum(axis=1), 0.0),
            due,
            world.lead_days[rows],
            one,
            one,
            one,
            review=int(review),
        )
        daily = level[:, week_of]
        demand = world.daily[rows, None, first:].repeat(PLAYS, axis=1)
        found = simulate(MinMax(daily - 1, daily), shelf, demand, counted=counted)
        good = found["cycles"] - found["short_cycles"] if kind == CYCLE else found["served_units"]
        whole = found["cycles"] if kind == CYCLE else found["demand_units"]
        stock = found["stocked_unit_periods"].to_numpy() / counted.sum()
        total += np.array([good.sum(), whole.sum(), stock.sum(), (stock * world.unit_cost[rows]).sum()])
    return total
