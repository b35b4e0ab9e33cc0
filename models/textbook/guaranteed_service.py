"""Safety stock in a tree of stages that promise each other service times. Here: guaranteed service. Not here: stochastic service (serial)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Edge = tuple[str, str]


class Stage(NamedTuple):
    """One stage: what a unit of its safety stock costs per time, its processing time, demand it faces from outside, and promises.

    inbound_time: service time that its own supplier promises; outbound_time: the longest that its customers accept, None for inner stages.
    Times are whole periods.
    """

    holding_cost: float
    processing_time: int
    demand_std: float = 0.0
    inbound_time: int = 0
    outbound_time: int | None = None


class Placement(NamedTuple):
    """Each stage's promised service time and the periods of demand that its safety stock covers, and the holding cost of all."""

    service_times: dict[str, int]
    covered_periods: dict[str, int]
    cost: float


def place_safety_stock(stages: Mapping[str, Stage], edges: Sequence[Edge], z: float) -> Placement:
    """The cheapest promises by dynamic programming over the tree.

    edges: (from, to) in the direction of goods; they must form a tree. A stage that gets its goods after SI periods, works T and promises
    S holds h·z·σ·√(SI + T − S); σ is of all demand downstream, taken as independent. Graves & Willems (2000); Snyder & Shen (2019)
    section 6.3. Example 6.5 there: cost 2√2 + √6 + 3. Raises ValueError where the edges are no tree.
    """
    if len(edges) != len(stages) - 1:
        raise ValueError(f"{len(stages)} stages need {len(stages) - 1} edges to form a tree; {len(edges)} were given.")
    walk = _from_leaves(stages, edges)
    longest = sum(s.processing_time + s.inbound_time for s in stages.values())
    spread = _pooled_std(stages, edges)
    tables: dict[str, Array] = {}
    branches: dict[str, Array] = {}
    for name, parent in walk:
        tables[name] = _own_cost(stages[name], z * spread[name], longest)
        for child in (c for c, p in walk if p == name):
            branch = branches[child]
            tables[name] = tables[name] + (branch[:, None] if (child, name) in edges else branch[None, :])
        branches[name] = _branch_cost(tables[name], is_upstream=(name, parent) in edges)
    return _unrolled(stages, edges, walk, tables)


def _from_leaves(stages: Mapping[str, Stage], edges: Sequence[Edge]) -> list[tuple[str, str]]:
    """Each stage with its neighbour towards the root, leaves first."""
    near: dict[str, list[str]] = {name: [] for name in stages}
    for start, end in edges:
        near[start].append(end)
        near[end].append(start)
    order = [(next(iter(stages)), "")]
    for name, parent in order:
        order.extend((other, name) for other in near[name] if other != parent)
        if len(order) > len(stages):
            break
    if len({name for name, _ in order}) != len(stages):
        raise ValueError("The edges must join all stages into one tree, without a circle.")
    return order[::-1]


def _pooled_std(stages: Mapping[str, Stage], edges: Sequence[Edge]) -> dict[str, float]:
    variance: dict[str, float] = {}

    def of(name: str) -> float:
        if name not in variance:
            variance[name] = stages[name].demand_std ** 2 + sum(of(end) for start, end in edges if start == name)
        return variance[name]

    return {name: float(np.sqrt(of(name))) for name in stages}


def _own_cost(stage: Stage, units: float, longest: int) -> Array:
    """Holding cost by inbound (rows) and promised (columns) time; infinite where not allowed."""
    inbound, promised = np.arange(longest + 1)[:, None], np.arange(longest + 1)[None, :]
    covered = inbound + stage.processing_time - promised
    allowed = (covered >= 0) & (inbound >= stage.inbound_time)
    if stage.outbound_time is not None:
        allowed = allowed & (promised <= stage.outbound_time)
    return np.where(allowed, stage.holding_cost * units * np.sqrt(np.maximum(covered, 0)), np.inf)


def _branch_cost(table: Array, *, is_upstream: bool) -> Array:
    """Least cost of a branch by its neighbour's time: the neighbour's inbound time if the branch is upstream, else its promise."""
    if is_upstream:  # it promises at most the neighbour's inbound time
        return np.minimum.accumulate(table.min(axis=0))
    return np.minimum.accumulate(table.min(axis=1)[::-1])[::-1]  # it gets its goods no sooner than promised


def _unrolled(
    stages: Mapping[str, Stage], edges: Sequence[Edge], walk: list[tuple[str, str]], tables: dict[str, Array]
) -> Placement:
    """Choices from the root outwards; of equal cost the earliest inbound and the longest promise."""
    times: dict[str, tuple[int, int]] = {}
    cost = 0.0
    for name, parent in reversed(walk):
        table = tables[name]
        if not parent:
            cost = float(table.min())
        elif (name, parent) in edges:
            table = np.where(np.arange(table.shape[1])[None, :] <= times[parent][0], table, np.inf)
        else:
            table = np.where(np.arange(table.shape[0])[:, None] >= times[parent][1], table, np.inf)
        is_best = table <= table.min() + 1e-12
        inbound = int(np.argmax(is_best.any(axis=1)))
        times[name] = inbound, int(np.flatnonzero(is_best[inbound])[-1])
    covered = {name: times[name][0] + stages[name].processing_time - times[name][1] for name in stages}
    return Placement({name: times[name][1] for name in stages}, covered, cost)
