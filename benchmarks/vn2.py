"""The VN2 inventory competition played on open weeks. `python -m benchmarks vn2`.

Here: the official rules, six windows of eight weeks, the organiser's benchmark policy, and `order`, which asks the product's forecast, levels and
order quantities. Not here: any of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.forecast_cases import REFERENCE
from models.demand import SERIES, fill_unknown
from models.forecast.engine import LEVELS, Selection, forecast_series
from models.levels import COST, Aim
from models.reorder import suggest_orders
from models.safety_stock import Terms, stock_levels, wanted
from models.spreads import dispersions_of, squared_errors
from models.width import CLASSES, Past, learn_widths, volume_class

Array = NDArray[np.float64]
Policy = Callable[[pl.DataFrame, pl.DataFrame, int], pl.DataFrame]
KEY = ("Store", "Product")
HOLDING, SHORTAGE = 0.2, 1.0
WEEK, LEAD_DAYS, REVIEW_DAYS = "W-MON", 14.0, 7.0
ROUNDS, COUNTED_FROM, LAST_WEEK = 6, 3, 8
WINDOWS = (104, 112, 121, 130, 139, 148)  # last known week of the 157, from 0
LEARNT_WEEKS = 26  # of the merchant's past that the policy is played over
HORIZON = 4
OPENING = 1.4, 1.07  # weeks of recent sales on hand, and arriving in the second week: what the official start holds


@dataclass(frozen=True)
class Learnt:
    """What a window's first order learns once and its later orders only use: the forecast's selection, and of each series (unique_id) how far
    forecasts erred (dispersion_rate); widths per class of volume.
    """

    selection: Selection
    dispersions: pl.DataFrame
    widths: Array


_KEPT: dict[tuple[date, int], Learnt] = {}


def order(sales: pl.DataFrame, state: pl.DataFrame, round: int) -> pl.DataFrame:  # noqa: A002  (the competition's own word)
    """Store, Product, order: whole units, not negative, one row per row of `state`, in its order.

    sales: Store, Product, week (Monday), sales, in_stock, every week so far. state: Store, Product, on_hand, in_transit_1,
    in_transit_2 at the end of the last week. round: 1 to 6.
    """
    history = _history(sales)
    weeks = history["ds"].unique().sort()
    learnt = _learnt(history.filter(pl.col("ds") <= weeks[-round]))
    made = _forecast(history, learnt.selection)
    shelves = state.select(
        *KEY, unique_id=_id(), available_units="on_hand", in_transit_1="in_transit_1", in_transit_2="in_transit_2"
    )
    series = _series(made.ids).join(shelves, on="unique_id").join(learnt.dispersions, on="unique_id", how="left")
    at = made.ids.to_frame().with_columns(width=pl.Series(learnt.widths[volume_class(made.means, _terms(len(made.ids)))]))
    series = series.join(at, on="unique_id").sort(*SERIES)
    there = (("available_units", 0), ("in_transit_1", 0), ("in_transit_2", 7))
    stock = pl.concat([series.select(*SERIES, days=pl.lit(days), units=name) for name, days in there], how="vertical_relaxed")
    known = wanted(series, *made.frames(), seed=round, stock=stock)
    position = stock_levels(known).with_columns(
        on_order_units=pl.col("in_transit_1") + pl.col("in_transit_2"), decided_units=0, transfer_units=0, backordered_units=0
    )
    ordered = suggest_orders(position).select(*KEY, order="order_quantity_units")
    return state.select(*KEY).join(ordered, on=KEY, how="left", maintain_order="left").with_columns(pl.col("order").fill_null(0))


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
    """What a window learns, kept for its later rounds.

    Dispersions and widths come from the last half year, forecast by what could be known before it; then the forecast learns from everything. A
    history too short for that leaves forecasts as wide as they say.
    """
    weeks = history["ds"].unique().sort()
    name = (weeks[-1], int(history.sort("unique_id", "ds").hash_rows().sum()))
    if name not in _KEPT:
        selection = _forecast(history, None).selection
        past = weeks[-LEARNT_WEEKS - 1 : -1]
        if len(weeks) > 2 * LEARNT_WEEKS:
            _KEPT[name] = Learnt(selection, *_decided(history, past))
        else:
            none = pl.DataFrame(schema={"unique_id": pl.String, "dispersion_rate": pl.Float64})
            _KEPT[name] = Learnt(selection, none, np.ones(len(CLASSES) + 1))
    return _KEPT[name]


def _decided(history: pl.DataFrame, past: pl.Series) -> tuple[pl.DataFrame, Array]:
    """Dispersions and widths from forecasts at the end of each week of `past`, all by what the first of them selected."""
    made = [_forecast(history.filter(pl.col("ds") <= past[0]), None)]
    made += [_forecast(history.filter(pl.col("ds") <= origin), made[0].selection) for origin in past[1:]]
    ids = made[0].ids
    came = ids.to_frame().join(past.to_frame("ds").with_columns(pl.col("ds").dt.offset_by("1w")), how="cross")
    came = came.join(history, on=["unique_id", "ds"], how="left", maintain_order="left")
    seen = came.select(pl.when("is_in_stock").then(pl.col("y").cast(pl.Float64)).fill_null(float("nan"))).to_series().to_numpy()
    actual = seen.reshape(len(ids), -1)
    means, quantiles = (np.stack([one.of(ids)[part] for one in made]) for part in (0, 1))
    errors = pl.concat([squared_errors(ids, means[k, :, 0], actual[:, k]) for k in range(len(made))])
    dispersions = dispersions_of(errors)
    rate = ids.to_frame().join(dispersions, on="unique_id", how="left", maintain_order="left")["dispersion_rate"]
    terms = replace(_terms(len(ids)), dispersion_rate=rate.fill_null(float("nan")).to_numpy())
    n, one = len(ids), np.ones(len(ids))
    aim = Aim(np.full(n, COST), one, 0 * one, SHORTAGE * one, HOLDING * one, REVIEW_DAYS * one, one, one > 0, np.inf * one)
    return dispersions, learn_widths(Past(means, quantiles, LEVELS, made[0].selection.together, actual, terms, aim))


def _terms(n: int) -> Terms:
    one = np.ones(n)
    return Terms(LEAD_DAYS * one, 0 * one, REVIEW_DAYS * one, np.nan * one, one)


def _series(ids: pl.Series) -> pl.DataFrame:
    """What the rules say of each series: two weeks' lead time, an order a week; a unit left at the end of a week costs `HOLDING`."""
    return ids.to_frame().with_columns(
        sku="unique_id", location_id=pl.lit("VN2"), lead_time_days=LEAD_DAYS, lead_time_std_days=0.0, review_period_days=REVIEW_DAYS, aim=pl.lit(COST),
        left_amount=HOLDING, shortage_amount=SHORTAGE, is_lost=True, moq_units=1, case_pack_units=1,
    )  # fmt: skip


@dataclass(frozen=True)
class _Made:
    """Forecast of series `ids`: means (n, HORIZON), quantiles (n, HORIZON, levels)."""

    ids: pl.Series
    means: Array
    quantiles: Array
    selection: Selection

    def of(self, ids: pl.Series) -> tuple[Array, Array]:
        """Means and quantiles of other series in their order."""
        own = self.ids.to_frame().with_row_index("_i")
        at = ids.to_frame().join(own, on="unique_id", how="left", maintain_order="left")["_i"].fill_null(0).to_numpy()
        return self.means[at], self.quantiles[at]

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The same as the product keeps it: mean_units per week, forecast_units per week and quantile."""
        weeks = pl.DataFrame({"horizon": range(1, HORIZON + 1)})
        grid = (
            self.ids.to_frame("sku").with_columns(location_id=pl.lit("VN2")).join(weeks, how="cross", maintain_order="left_right")
        )
        means = grid.with_columns(mean_units=pl.Series(self.means.ravel()), week_correlation=self.selection.together)
        quantiles = grid.with_columns(quantile=pl.lit(LEVELS.tolist())).explode("quantile")
        return means, quantiles.with_columns(forecast_units=pl.Series(self.quantiles.ravel()))


def _forecast(history: pl.DataFrame, selection: Selection | None) -> _Made:
    made = forecast_series(history, WEEK, HORIZON, statics=_statics(history), selection=selection)
    ids = made.table["unique_id"].unique(maintain_order=True)
    values = made.table.select(pl.col("^q0.*$")).to_numpy().reshape(len(ids), HORIZON, -1)
    return _Made(ids, made.table["mean"].to_numpy().reshape(len(ids), HORIZON), values, made.selection)


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
