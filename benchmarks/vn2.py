"""The VN2 inventory competition played on open weeks. `python -m benchmarks vn2`.

Here: the official rules, six windows of eight weeks, the organiser's benchmark policy, and `order`, which asks the product's forecast and
order policy. Not here: either of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.forecast_cases import REFERENCE
from models.demand import fill_unknown
from models.forecast.engine import LEVELS, Selection, forecast_series
from models.forecast.paths import whole_paths
from models.policy import Situation, cheapest_orders
from models.width import CLASSES, Past, learn_widths, volume_class, widened

Array = NDArray[np.float64]
Policy = Callable[[pl.DataFrame, pl.DataFrame, int], pl.DataFrame]
KEY = ("Store", "Product")
HOLDING, SHORTAGE = 0.2, 1.0
LEAD_WEEKS, ROUNDS, COUNTED_FROM, LAST_WEEK = 2, 6, 3, 8
WINDOWS = (104, 112, 121, 130, 139, 148)  # last known week of the 157, from 0
LEARNT_WEEKS = 26  # of the merchant's past that the policy is played over
HORIZON = LEAD_WEEKS + 2
PATHS = 400
OPENING = 1.4, 1.07  # weeks of recent sales on hand, and arriving in the second week: what the official start holds


@dataclass(frozen=True)
class Learnt:
    """What a window's first order learns once and its later orders only use."""

    selection: Selection
    widths: Array


_KEPT: dict[tuple[date, int], Learnt] = {}


def order(sales: pl.DataFrame, state: pl.DataFrame, round: int) -> pl.DataFrame:  # noqa: A002  (the competition's own word)
    """Store, Product, order: whole units, not negative, one row per row of `state`, in its order.

    sales: Store, Product, week (Monday), sales, in_stock, every week so far. state: Store, Product, on_hand, in_transit_1,
    in_transit_2 at the end of the last week. round: 1 to 6; the rules end the game with week 8, so units left then are worth nothing.
    """
    history = _history(sales)
    weeks = history["ds"].unique().sort()
    learnt = _learnt(history.filter(pl.col("ds") <= weeks[-round]))
    quantiles, ids = _quantiles(history, learnt.selection)
    at = (
        state.select(unique_id=_id())
        .with_row_index("_row")
        .join(ids.to_frame("unique_id").with_row_index("_i"), on="unique_id", how="left")
    )
    at = at.sort("_row")
    rows = at["_i"].fill_null(0).to_numpy()
    is_known = at["_i"].is_not_null().to_numpy()
    quantiles = np.where(is_known[:, None, None], quantiles[rows], 0.0)
    n, one = len(rows), np.ones(len(rows))
    length = LAST_WEEK + 1 - round
    paths = whole_paths(quantiles, LEVELS, learnt.selection.together, PATHS, length, one > 0, np.random.default_rng(round))
    width = learnt.widths[volume_class(quantiles, LEVELS, LEAD_WEEKS + 1)]
    situation = Situation(
        np.rint(widened(paths, quantiles, LEVELS, width)), state["on_hand"].to_numpy().astype(np.float64),
        state.select("in_transit_1", "in_transit_2").to_numpy().astype(np.float64), np.full((n, PATHS), LEAD_WEEKS), HOLDING * one, SHORTAGE * one,
    )  # fmt: skip
    return state.select(*KEY).with_columns(order=cheapest_orders(situation)["order_units"])


def measure(windows: tuple[int, ...] = WINDOWS) -> Iterator[str]:
    """Cost of ours and of the organiser's benchmark in each window and on average."""
    sales = pl.read_parquet(REFERENCE / "vn2" / "sales_in_stock_week0.parquet").sort(*KEY, "week")
    costs = []
    for window in windows:
        ours, theirs = (play(sales, window, policy) for policy in (order, benchmark_order))
        costs.append((sum(ours), sum(theirs)))
        yield (
            f"last known week {window}: {sum(ours):7,.0f} (holding {ours[0]:,.0f}, shortage {ours[1]:,.0f})   "
            f"benchmark {sum(theirs):7,.0f} (holding {theirs[0]:,.0f}, shortage {theirs[1]:,.0f})   ratio {sum(ours) / sum(theirs):.3f}"
        )
    ours, theirs = np.mean(costs, axis=0)
    yield f"mean of {len(windows)} windows: {ours:,.0f} against {theirs:,.0f}, ratio {ours / theirs:.3f} (asked 0.80, and below 1 in each)"


def play(sales: pl.DataFrame, window: int, policy: Policy) -> tuple[float, float]:
    """Holding and shortage cost of weeks 3 to 8 after the last known one; sales: every week, sorted by KEY and week.

    A week without stock moves the stock by an estimate from its neighbours and costs nothing.
    """
    weeks = sales["week"].unique().sort()
    sold, is_seen = (sales[c].to_numpy().reshape(-1, len(weeks)) for c in ("sales", "in_stock"))
    demand = estimated(np.where(is_seen, sold, np.nan))
    keys = sales.select(*KEY).unique(maintain_order=True)
    on_hand, next_week, week_after = opening(np.where(is_seen, sold, np.nan)[:, : window + 1])
    holding = shortage = 0.0
    for week in range(1, LAST_WEEK + 1):
        placed = np.zeros(len(keys))
        if week <= ROUNDS:
            known = sales.filter(pl.col("week") <= weeks[window + week - 1])
            state = keys.with_columns(on_hand=on_hand, in_transit_1=next_week, in_transit_2=week_after)
            answer = keys.join(policy(known, state, week), on=KEY, how="left", maintain_order="left")["order"]
            placed = answer.to_numpy().astype(np.float64)
        on_hand, next_week, week_after = on_hand + next_week, week_after, placed
        wanted, counts = demand[:, window + week], is_seen[:, window + week] & (week >= COUNTED_FROM)
        missing = np.maximum(wanted - on_hand, 0.0)
        on_hand = np.maximum(on_hand - wanted, 0.0)
        holding += HOLDING * float(on_hand[counts].sum())
        shortage += SHORTAGE * float(missing[counts].sum())
    return holding, shortage


def estimated(known: Array) -> Array:
    """(n, weeks) demand, whole; where it was not seen, the mean of the four nearest weeks that were."""
    return np.rint(np.stack([fill_unknown(row, 4) for row in known]))


def opening(known: Array) -> tuple[Array, Array, Array]:
    """Made-up opening stock from the mean of the last 13 weeks: on hand, arriving next week, arriving the week after."""
    recent = known[:, -13:]
    mean = np.nansum(recent, axis=1) / np.maximum(np.isfinite(recent).sum(axis=1), 1)
    return np.rint(OPENING[0] * mean), np.zeros(len(mean)), np.rint(OPENING[1] * mean)


def benchmark_order(sales: pl.DataFrame, state: pl.DataFrame, round: int) -> pl.DataFrame:  # noqa: A002
    """The organiser's policy: 13 de-seasonalised weeks, up to the next four re-seasonalised ones."""
    level = state.select(*KEY).join(_benchmark_levels(sales), on=KEY, how="left", maintain_order="left")["level"].fill_null(0.0)
    position = state["on_hand"] + state["in_transit_1"] + state["in_transit_2"]
    return state.select(*KEY).with_columns(order=(level - position).clip(0.0).round().cast(pl.Int64))


def _benchmark_levels(sales: pl.DataFrame) -> pl.DataFrame:
    seen = sales.with_columns(iso=pl.col("week").dt.week(), y=pl.when("in_stock").then(pl.col("sales").cast(pl.Float64)))
    index = seen.group_by("week", "iso").agg(pl.col("y").mean()).group_by("iso").agg(index=pl.col("y").mean())
    index = index.with_columns(pl.col("index") / pl.col("index").mean())
    last: date = sales["week"].max()  # type: ignore[assignment]
    ahead = pl.DataFrame({"week": [last + timedelta(weeks=k) for k in range(1, 5)]}).with_columns(iso=pl.col("week").dt.week())
    season = ahead.join(index, on="iso", how="left")["index"].fill_null(1.0).sum()
    recent = seen.filter(pl.col("week") > last - timedelta(weeks=13)).join(index, on="iso", how="left")
    return recent.group_by(*KEY).agg(level=(pl.col("y") / pl.col("index")).mean() * season)


def _learnt(history: pl.DataFrame) -> Learnt:
    """Selection and widths of a window, kept for its later rounds.

    What is learnt is learnt before the last half year, which is played with it: widths belong to the selection that they were learnt
    with. A history too short for that is selected on whole, and its widths stay as they are.
    """
    weeks = history["ds"].unique().sort()
    name = (weeks[-1], int(history.sort("unique_id", "ds").hash_rows().sum()))
    if name not in _KEPT:
        _KEPT[name] = (
            _learn(history, weeks)
            if len(weeks) > 2 * LEARNT_WEEKS
            else Learnt(_forecast(history, None)[2], np.ones(len(CLASSES) + 1))
        )
    return _KEPT[name]


def _learn(history: pl.DataFrame, weeks: pl.Series) -> Learnt:
    past = weeks[-LEARNT_WEEKS - 1 : -1]
    quantiles, ids, selection = _forecast(history.filter(pl.col("ds") <= past[0]), None)
    made = [(quantiles, ids)]
    made += [_forecast(history.filter(pl.col("ds") <= origin), selection)[:2] for origin in past[1:]]
    return Learnt(selection, _widths(history, made, past, selection))


def _widths(history: pl.DataFrame, made: list[tuple[Array, pl.Series]], past: pl.Series, selection: Selection) -> Array:
    ids = made[0][1]
    came = ids.to_frame("unique_id").join(past.to_frame("ds").with_columns(pl.col("ds").dt.offset_by("1w")), how="cross")
    came = came.join(history, on=["unique_id", "ds"], how="left", maintain_order="left")
    actual = came.select(pl.when("is_in_stock").then(pl.col("y").cast(pl.Float64)).fill_null(float("nan"))).to_series().to_numpy()
    quantiles = np.stack([_aligned(values, names, ids) for values, names in made])
    one = np.ones(len(ids))
    return learn_widths(
        Past(
            quantiles,
            LEVELS,
            selection.together,
            actual.reshape(len(ids), -1),
            one > 0,
            HOLDING * one,
            SHORTAGE * one,
            LEAD_WEEKS,
        )
    )


def _aligned(quantiles: Array, names: pl.Series, ids: pl.Series) -> Array:
    at = ids.to_frame("unique_id").join(
        names.to_frame("unique_id").with_row_index("_i"), on="unique_id", how="left", maintain_order="left"
    )
    return quantiles[at["_i"].fill_null(0).to_numpy()]


def _quantiles(history: pl.DataFrame, selection: Selection) -> tuple[Array, pl.Series]:
    quantiles, ids, _ = _forecast(history, selection)
    return quantiles, ids


def _forecast(history: pl.DataFrame, selection: Selection | None) -> tuple[Array, pl.Series, Selection]:
    made = forecast_series(history, "W-MON", HORIZON, statics=_statics(history), selection=selection)
    ids = made.table["unique_id"].unique(maintain_order=True)
    values = made.table.select(pl.col("^q0.*$")).to_numpy()
    return values.reshape(len(ids), HORIZON, -1), ids, made.selection


def _history(sales: pl.DataFrame) -> pl.DataFrame:
    return sales.select(unique_id=_id(), ds="week", y="sales", is_in_stock="in_stock")


def _id() -> pl.Expr:
    return pl.format("{}_{}", *KEY)


def _statics(history: pl.DataFrame) -> pl.DataFrame:
    """What the competition tells of each series: store, product and, where the file is there, its place in the hierarchy."""
    ids = history.select("unique_id").unique().sort("unique_id")
    parts = ids.with_columns(pl.col("unique_id").str.split_exact("_", 1).struct.rename_fields([*KEY]).struct.unnest())
    file = REFERENCE / "vn2" / "master.parquet"
    if not file.exists():
        return parts
    return parts.join(pl.read_parquet(file).select(pl.all().cast(pl.String)), on=KEY, how="left", maintain_order="left")
