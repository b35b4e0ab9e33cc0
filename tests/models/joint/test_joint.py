"""Joint orders against every possible order, limits kept, bounds that hold."""

from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.joint_instances import KINDS, basket, limits_for
from models.joint.budget import buy_within, marginal_steps
from models.joint.exact import optimised
from models.joint.order import joint_order
from models.joint.problem import Candidates, Limits, excess
from models.joint.ranking import ranked
from models.joint.values import allowed_quantities, bought_at, expected_costs
from tests.models.builders import QUICK


def candidates(*rows: tuple[str, float, float, float, float]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["sku", "value_amount", "amount", "volume", "weight"], orient="row")
    return frame.with_columns(units=pl.col("weight") + 1)


@st.composite
def small(draw: st.DrawFn) -> tuple[pl.DataFrame, Limits]:
    """Up to four SKUs of up to three quantities each, and limits of any kind."""
    number = st.integers(1, 9)
    rows = [
        (sku, float(draw(st.integers(-9, 30))), float(draw(number)), float(draw(number)), float(draw(number)))
        for sku in "ABCD"[: draw(st.integers(1, 4))] for _ in range(draw(st.integers(1, 3)))
    ]  # fmt: skip
    maybe = lambda strategy, other: draw(st.one_of(strategy, st.just(other)))  # noqa: E731
    return candidates(*rows), Limits(
        minimum_amount=maybe(st.integers(1, 20), 0), budget_amount=maybe(st.integers(5, 30), np.inf),
        container_volume=maybe(st.integers(3, 15), np.inf), container_weight=maybe(st.integers(3, 15), np.inf),
        container_amount=draw(st.integers(0, 5)), containers=maybe(st.integers(1, 3), None),
        least_fill_rate=maybe(st.sampled_from([0.5, 0.8, 1.0]), 0.0), order_amount=draw(st.integers(0, 6)),
        minimum_units=maybe(st.integers(1, 20), 0),
    )  # fmt: skip


def searched(frame: pl.DataFrame, limits: Limits) -> float:
    """Value of the best order, by trying all; 0 where waiting is better."""
    best = 0.0
    choices = [[(0.0, 0.0, 0.0, 0.0, 0.0), *part.drop("sku").rows()] for part in frame.partition_by("sku", maintain_order=True)]
    for picked in product(*choices):
        value, amount, volume, weight, units = (sum(column) for column in zip(*picked, strict=True))
        for containers in range(1, 40) if limits.has_containers else [0]:
            too_much = amount > limits.budget_amount or volume > limits.container_volume * max(containers, 1)
            too_much = too_much or weight > limits.container_weight * max(containers, 1)
            measured, room = (
                (volume, limits.container_volume) if np.isfinite(limits.container_volume) else (weight, limits.container_weight)
            )
            is_empty = (
                limits.has_containers
                and limits.least_fill_rate > 0
                and measured < limits.least_fill_rate * room * containers - 1e-9
            )
            too_many = limits.containers is not None and containers > limits.containers
            if not (too_much or is_empty or too_many or amount < limits.minimum_amount or units < limits.minimum_units):
                best = max(best, value - limits.fixed_amount(containers))
    return best


@settings(QUICK, max_examples=12)
@given(small())
def test_small_orders_against_every_order(case: tuple[pl.DataFrame, Limits]):
    frame, limits = case
    best = searched(frame, limits)
    problem = Candidates.of(frame)
    solved = optimised(problem, limits, gap_rate=0.0)
    assert solved.choice.value == pytest.approx(best, abs=1e-6)
    quick = ranked(problem, limits)
    assert quick.value <= best + 1e-6 <= quick.bound + 2e-6
    for choice in (quick, solved.choice):
        if choice.chosen.any():
            assert excess(problem.use_of(choice.chosen), *limits.within(choice.containers)) == 0
            assert choice.value == pytest.approx(problem.value_of(choice.chosen) - limits.fixed_amount(choice.containers))


@pytest.mark.parametrize("kind", KINDS)
def test_a_basket_of_two_hundred_by_ranking_is_within_one_percent_of_the_bound(kind: str):
    frame = basket(200, 0)
    problem, limits = Candidates.of(frame), limits_for(frame, kind, np.random.default_rng(0))
    quick = ranked(problem, limits)
    assert 0 < quick.value <= quick.bound
    assert quick.gap_rate < 0.01
    assert excess(problem.use_of(quick.chosen), *limits.within(quick.containers)) == 0


def test_the_core_alone_is_nearly_as_good_as_everything():
    frame = basket(60, 3)
    problem, limits = Candidates.of(frame), limits_for(frame, "budget", np.random.default_rng(3))
    whole, part = optimised(problem, limits, gap_rate=1e-4), optimised(problem, limits, core=15, gap_rate=1e-4)
    assert whole.is_proven
    assert not part.is_proven
    assert part.choice.bound >= whole.choice.value
    assert part.choice.value >= whole.choice.value * 0.995


def test_a_minimum_is_filled_by_what_loses_least_or_the_order_waits():
    rows = candidates(("A", 9, 60, 0, 0), ("A", 8, 100, 0, 0), ("B", -5, 40, 0, 0), ("C", -0.5, 41, 0, 0))
    found = joint_order(rows, Limits(minimum_amount=100))
    assert found.lines.select("sku", "amount").rows() == [("A", 60), ("C", 41)]
    assert (found.value_amount, found.binding) == (pytest.approx(8.5), ["supplier minimum"])
    waiting = joint_order(rows, Limits(minimum_amount=100, order_amount=20))
    assert (waiting.lines.height, waiting.value_amount, waiting.gap_rate) == (0, 0, 0)
    assert joint_order(rows, Limits(minimum_amount=1000)).lines.is_empty()
    assert joint_order(rows.clear(), Limits()).lines.is_empty()


def test_a_container_is_started_only_if_it_pays():
    rows = candidates(("A", 10, 1, 4, 1), ("B", 6, 1, 4, 1), ("C", 3, 1, 4, 1))
    found = joint_order(rows, Limits(container_volume=8, container_amount=5))
    assert (found.lines["sku"].to_list(), found.containers, found.value_amount) == (["A", "B"], 1, 11)
    assert joint_order(rows, Limits(container_volume=8, container_amount=2)).containers == 2
    assert joint_order(rows, Limits(container_volume=8, container_amount=2, least_fill_rate=1)).containers == 1
    assert joint_order(rows, Limits(container_volume=8, container_weight=1)).containers == 3


def test_a_budget_goes_where_it_brings_most():
    rows = pl.DataFrame(
        [("A", 4, 8.0, 4.0), ("A", 8, 10.0, 8.0), ("A", 6, 8.5, 6.0), ("B", 2, 3.0, 2.0), ("C", 1, -1.0, 1.0)],
        schema=["sku", "order_quantity_units", "value_amount", "amount"], orient="row",
    )  # fmt: skip
    steps = marginal_steps(rows)
    assert steps.select("sku", "order_quantity_units", "value_rate", "spent_amount", "gained_amount").rows() == [
        ("A", 4, 2, 4, 8), ("B", 2, 1.5, 6, 11), ("A", 8, 0.5, 10, 13),
    ]  # fmt: skip
    assert buy_within(rows, 9).rows() == [("A", 4), ("B", 2)]
    assert buy_within(rows, 10).rows() == [("A", 8), ("B", 2)]
    assert buy_within(rows, 3).rows() == [("B", 2)]
    assert buy_within(rows.clear(), 3).is_empty()


def test_a_budget_buys_nearly_the_bound():
    frame = basket(300, 5)
    budget = 0.4 * float(frame.filter(pl.col("value_amount") > 0).group_by("sku").agg(pl.col("amount").max())["amount"].sum())
    bought = buy_within(frame, budget).join(frame, on=["sku", "order_quantity_units"])
    assert bought["amount"].sum() <= budget
    bound = ranked(Candidates.of(frame), Limits(budget_amount=budget)).bound
    assert 0.99 * bound <= bought["value_amount"].sum() <= bound


def test_quantities_by_hand():
    assert allowed_quantities(40, 25, 12).tolist() == [36, 48]
    assert allowed_quantities(1, 25, 12).tolist() == [36]
    assert allowed_quantities(100, 1, 10, layer=40).tolist() == [*range(10, 101, 10)]
    many = allowed_quantities(10_000, 1, 1, layer=480, breaks=(333,))
    assert {480, 960, 333, 10_000} <= set(many.tolist())
    assert len(many) <= 60


@QUICK
@given(st.floats(0, 500), st.integers(1, 60), st.integers(1, 30), st.none() | st.integers(1, 90), st.integers(1, 400))
def test_quantities_keep_the_rules(most: float, moq: int, pack: int, layer: int | None, price_break: int):
    found = allowed_quantities(most, moq, pack, layer, (price_break,))
    assert (np.diff(found) > 0).all()
    assert (found % pack == 0).all()
    assert found[0] >= moq
    assert found[-1] >= most
    assert found[-1] - pack < max(most, moq)


def test_expected_costs_by_hand():
    found = expected_costs(0, [10, 20], [0, 15, 20, 25], 1, 4)
    assert found.tolist() == [60, 12.5, 5, 10]
    assert expected_costs(-3, [10], [5], 1, 4).tolist() == [32]
    assert bought_at([1, 49, 50, 100], [0, 50], [2, 1.8]).tolist() == [2, 98, 90, 180]
