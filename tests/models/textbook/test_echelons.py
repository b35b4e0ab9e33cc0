"""Stages that feed each other: optima against a search over every choice, bounds around the optimum."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.textbook.guaranteed_service import Stage, place_safety_stock
from models.textbook.newsvendor import normal_level
from models.textbook.serial import newsvendor_bounds, normal_demand, poisson_demand, serial_levels
from tests.models.builders import QUICK


def test_one_stage_is_a_newsvendor():
    found = serial_levels([2], [3], 18, normal_demand(10, 4), 0.02)
    alone = normal_level(2, 18, 30, 4 * np.sqrt(3))
    assert found.levels[0] == pytest.approx(float(alone.units), abs=0.03)
    assert found.cost == pytest.approx(float(alone.cost), rel=1e-3)  # with the one stage, a unit on the way costs nothing


@QUICK
@given(st.lists(st.floats(0.2, 4), min_size=1, max_size=4), st.floats(3, 60), st.floats(2, 20))
def test_the_optimum_lies_between_its_bounds(holding: list[float], backorder: float, rate: float):
    times = [0.5] * len(holding)
    found = serial_levels(holding, times, backorder, poisson_demand(rate))
    bounds = newsvendor_bounds(holding, times, backorder, poisson_demand(rate))
    assert (bounds.lower <= found.levels).all()
    assert (found.levels <= bounds.upper).all()


@QUICK
@given(st.integers(0, 10**6))
def test_trees_against_every_choice(seed: int):
    rng = np.random.default_rng(seed)
    names = "abcd"
    edges = [(names[int(rng.integers(0, i))], names[i]) for i in range(1, 4)]
    edges = [edge if rng.random() < 0.6 else edge[::-1] for edge in edges]
    ends = {n for n in names if all(start != n for start, _ in edges)}
    stages = {
        n: Stage(float(rng.integers(1, 9)), int(rng.integers(0, 3)), float(rng.integers(1, 5)) if n in ends else 0.0, int(rng.integers(0, 2)),
                 int(rng.integers(0, 3)) if n in ends else None)
        for n in names
    }  # fmt: skip
    found = place_safety_stock(stages, edges, 1.5)
    assert found.cost == pytest.approx(_searched(stages, edges, 1.5))
    spread = {n: np.sqrt(_variance(n, stages, edges)) for n in names}
    assert sum(stages[n].holding_cost * 1.5 * spread[n] * np.sqrt(found.covered_periods[n]) for n in names) == pytest.approx(
        found.cost
    )


def _variance(name: str, stages: dict[str, Stage], edges: list[tuple[str, str]]) -> float:
    return stages[name].demand_std ** 2 + sum(_variance(end, stages, edges) for start, end in edges if start == name)


def _searched(stages: dict[str, Stage], edges: list[tuple[str, str]], z: float) -> float:
    best = np.inf
    for promised in product(range(9), repeat=len(stages)):
        times, cost = dict(zip(stages, promised, strict=True)), 0.0
        for name, stage in stages.items():
            inbound = max([stage.inbound_time, *(times[start] for start, end in edges if end == name)])
            covered = inbound + stage.processing_time - times[name]
            if covered < 0 or (stage.outbound_time is not None and times[name] > stage.outbound_time):
                cost = np.inf
                break
            cost += stage.holding_cost * z * np.sqrt(_variance(name, stages, edges) * covered)
        best = min(best, cost)
    return best


@pytest.mark.parametrize("edges", [[("a", "b")], [("a", "b"), ("b", "a")]])
def test_what_is_no_tree_is_refused(edges: list[tuple[str, str]]):
    with pytest.raises(ValueError, match="tree"):
        place_safety_stock({name: Stage(1, 1) for name in "abc"}, edges, 1)
