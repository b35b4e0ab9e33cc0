"""A stock policy played day by day, or week by week. Here: any periodic-review policy over known or sampled demand, and what it costs. Not here:
how good levels are found (levels.py), forecasts.

A period goes as in a shop: what is due arrives, demand is served, what is missing is lost or owed, cost is counted on what is left,
and on a review an order goes out. An order placed at the end of period t with a lead time of L arrives at the start of t + 1 + L.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
ROWS = 8_192  # series × futures that are played at a time: what one step touches stays in the processor's cache
FIELDS = (
    "holding_amount", "shortage_amount", "ordering_amount", "demand_units", "served_units", "ordered_units", "stocked_unit_periods",
    "stock_out_periods", "orders", "cycles", "short_cycles", "closing_units",
)  # fmt: skip


@dataclass(frozen=True)
class Stock:
    """What is there at a review: on_hand less owed and on_order units (rows,), the ring of arrivals (periods, rows), the period that comes next."""

    net: Array
    on_order: Array
    ring: Array
    coming: int

    @property
    def position(self) -> Array:
        """(rows,) on hand + on order − owed."""
        return self.net + self.on_order

    @property
    def due(self) -> Array:
        """(rows, k) units that arrive at the start of the next period and of those after it."""
        many = len(self.ring)
        return np.stack([self.ring[(self.coming + k) % many] for k in range(many - 1)], axis=1)


class Policy(Protocol):
    """What is ordered at a review; a policy is asked for all series at once."""

    def __call__(self, period: int, stock: Stock, series: Ints) -> Array:
        """Units to order (rows,) at the end of `period`; stock: of the rows; series: (rows,) whose it is."""
        ...


@dataclass(frozen=True)
class MinMax:
    """At or below `point` up to `level`, both (series,) or (series, periods): (R,s,S); with point = level − 1 it is base stock (R,S).

    Example: point 10, level 25: at a position of 10 it orders 15, at 11 nothing.
    """

    point: Array
    level: Array

    def __call__(self, period: int, stock: Stock, series: Ints) -> Array:
        """See Policy."""
        position = stock.position
        point, level = (_now(values, period)[series] for values in (self.point, self.level))
        return np.where(position <= point, np.maximum(level - position, 0.0), 0.0)


@dataclass(frozen=True)
class Lots:
    """At or below `point` as few lots of `lot` units as lift the position above it: (R,s,nQ). Example: point 10, lot 6, position 3: 12."""

    point: Array
    lot: Array

    def __call__(self, period: int, stock: Stock, series: Ints) -> Array:
        """See Policy."""
        point, lot = _now(self.point, period)[series], self.lot[series]
        return np.maximum(np.floor((point - stock.position) / lot) + 1, 0.0) * lot


@dataclass(frozen=True)
class Bounded:
    """Another policy whose orders are at least `moq` and whole packs of `pack` (series,). Example: 7 with MOQ 10 and packs of 4: 12."""

    policy: Policy
    moq: Array
    pack: Array

    def __call__(self, period: int, stock: Stock, series: Ints) -> Array:
        """See Policy."""
        wanted = self.policy(period, stock, series)
        moq, pack = self.moq[series], self.pack[series]
        return np.where(wanted > 0, np.ceil(np.maximum(wanted, moq) / pack) * pack, 0.0)


@dataclass(frozen=True)
class Shelf:
    """Where series (n) start and what their stock costs.

    on_hand: (n,); due: (n, k) units that arrive at the start of periods 0, 1 … k − 1. lead_times: (n, m) equally likely whole numbers of periods.
    holding_amount: (n,) per unit left at the end of a period; shortage_amount: (n,) per unit missed at once; ordering_amount: (n,) per
    order. review: an order may go out at the end of periods review − 1, 2 × review − 1 …. is_lost: whether a unit that is missing is
    lost, or owed and served later.
    """

    on_hand: Array
    due: Array
    lead_times: Ints
    holding_amount: Array
    shortage_amount: Array
    ordering_amount: Array
    review: int = 1
    is_lost: bool = True


def simulate(
    policy: Policy, shelf: Shelf, demand: Array, *, counted: NDArray[np.bool_] | None = None, seed: int = 0
) -> pl.DataFrame:
    """One row per series with the columns of FIELDS, each the mean over futures.

    demand: (series, periods) what came, or (series, futures, periods) sampled. counted: (periods,) or (series, periods) whether what
    happens in a period counts; in periods that don't, stock moves all the same. An order's lead time is drawn when it is placed, so
    that orders may overtake each other.

    Example: 3 on hand, demand 2 and 2, holding 0.2, shortage 1, nothing ordered: 0.2 held after the first period, 1 unit lost in the second.
    """
    futures = demand[:, None, :] if demand.ndim == 2 else demand
    n, paths, periods = futures.shape
    count = np.ones((n, periods)) if counted is None else np.broadcast_to(counted, (n, periods)).astype(np.float64)
    some = max(1, ROWS // max(paths, 1))
    rng = np.random.default_rng(seed)
    parts = [
        _play(policy, _part(shelf, start, start + some), futures[start : start + some], count[start : start + some], start, rng)
        for start in range(0, n, some)
    ]
    return pl.DataFrame(np.concatenate(parts or [np.zeros((0, len(FIELDS)))]), schema=list(FIELDS))


def outcome(simulated: pl.DataFrame, unit_cost_amount: Array, periods_per_year: float, periods: int) -> pl.DataFrame:
    """Adds total_amount, unit_fill_rate (blank without demand), cycle_service_level (blank without cycles), mean_stock_units,
    capital_amount (mean stock at cost) and turns_per_year (blank without stock) to what `simulate` found over `periods`.

    Example: 730 units served of a mean stock of 20 over two years of 365 days: 18.25 turns a year.
    """
    stock = pl.col("stocked_unit_periods") / periods
    return simulated.with_columns(
        total_amount=pl.col("holding_amount") + pl.col("shortage_amount") + pl.col("ordering_amount"),
        unit_fill_rate=pl.when(pl.col("demand_units") > 0).then(pl.col("served_units") / pl.col("demand_units")),
        cycle_service_level=pl.when(pl.col("cycles") > 0).then(1 - pl.col("short_cycles") / pl.col("cycles")),
        mean_stock_units=stock,
        capital_amount=stock * pl.Series(unit_cost_amount),
        turns_per_year=pl.when(stock > 0).then(pl.col("served_units") / stock * (periods_per_year / periods)),
    )


def _play(policy: Policy, shelf: Shelf, demand: Array, count: Array, first: int, rng: np.random.Generator) -> Array:
    """(series, FIELDS) of one part of the series, all its futures side by side."""
    n, paths, periods = demand.shape
    by_period = np.ascontiguousarray(demand.reshape(n * paths, periods).T.astype(np.float64))
    game = _Game(shelf, n, paths)
    series = game.at + first
    tally = {name: np.zeros(n) for name in FIELDS}
    for period in range(periods):
        has_come, is_short = game.arrive(period)
        served, missing = game.serve(by_period[period])
        held = _sums(game.on_hand, n)
        found = {
            "cycles": _sums(has_come, n), "short_cycles": _sums(is_short, n), "holding_amount": held * shelf.holding_amount,
            "stocked_unit_periods": held, "shortage_amount": _sums(missing, n) * shelf.shortage_amount,
            "demand_units": _sums(by_period[period], n), "served_units": _sums(served, n), "stock_out_periods": _sums(missing > 0, n),
        }  # fmt: skip
        if (period + 1) % shelf.review == 0:
            ordered = policy(period, game.stock(period + 1), series)
            game.order(ordered, period + 1, rng)
            orders = _sums(ordered > 0, n)
            found |= {"ordered_units": _sums(ordered, n), "orders": orders, "ordering_amount": orders * shelf.ordering_amount}
        for name, value in found.items():
            tally[name] += count[:, period] * value
    tally["closing_units"] = _sums(game.on_hand, n)
    return np.stack([tally[name] for name in FIELDS], axis=1) / paths


class _Game:
    """Stock of n series in each of their futures, (n × paths,) each: on hand, on order, owed, and a ring of what arrives in which period."""

    def __init__(self, shelf: Shelf, n: int, paths: int) -> None:
        self._shelf, self.at = shelf, np.repeat(np.arange(n), paths)
        self._ring = np.zeros((int(max(shelf.lead_times.max(initial=0), shelf.due.shape[1])) + 2, n * paths))
        self._ring[: shelf.due.shape[1]] = shelf.due[self.at].T
        self.on_hand = shelf.on_hand[self.at].astype(np.float64)
        self._on_order = shelf.due.sum(axis=1)[self.at].astype(np.float64)
        self._owed, self._is_short = np.zeros(n * paths), np.zeros(n * paths, dtype=bool)

    def arrive(self, period: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """What is due comes in; whether anything did, which ends a cycle, and whether that cycle was short."""
        due = self._ring[period % len(self._ring)]
        has_come = due > 0
        ended_short = has_come & self._is_short
        self._is_short &= ~has_come
        self.on_hand, self._on_order = self.on_hand + due, self._on_order - due
        due[:] = 0
        return has_come, ended_short

    def serve(self, wanted: Array) -> tuple[Array, Array]:
        """What is served at once, and what is missing; what is owed is served first."""
        late = np.minimum(self.on_hand, self._owed)
        self.on_hand, self._owed = self.on_hand - late, self._owed - late
        served = np.minimum(self.on_hand, wanted)
        missing = wanted - served
        self.on_hand = self.on_hand - served
        self._is_short |= missing > 0
        if not self._shelf.is_lost:
            self._owed = self._owed + missing
        return served, missing

    def stock(self, period: int) -> Stock:
        """As a policy sees it before `period`."""
        return Stock(self.on_hand - self._owed, self._on_order, self._ring, period)

    def order(self, ordered: Array, period: int, rng: np.random.Generator) -> None:
        """Orders go out before `period`; each draws its own lead time."""
        places = np.flatnonzero(ordered > 0)
        lead_times = self._shelf.lead_times
        drawn = lead_times[self.at[places], rng.integers(0, lead_times.shape[1], len(places))]
        self._ring[(period + drawn) % len(self._ring), places] += ordered[places]
        self._on_order = self._on_order + ordered


def _sums(values: NDArray[np.generic], n: int) -> Array:
    return np.asarray(values.reshape(n, -1).sum(axis=1), dtype=np.float64)


def _now(values: Array, period: int) -> Array:
    return values if values.ndim == 1 else values[:, min(period, values.shape[1] - 1)]


def _part(shelf: Shelf, start: int, end: int) -> Shelf:
    cut: dict[str, Any] = {name: value[start:end] for name, value in shelf.__dict__.items() if isinstance(value, np.ndarray)}
    return replace(shelf, **cut)
