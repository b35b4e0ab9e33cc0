"""Order quantities: formulas against a search, plans against all plans."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.textbook.eoq import (
    all_units_discount,
    backorder_lot_cost,
    eoq,
    eoq_cost,
    eoq_with_backorders,
    incremental_discount,
    joint_cycle,
    power_of_two_cycle,
    production_quantity,
)
from models.textbook.lot_sizing import silver_meal, wagner_whitin
from tests.models.builders import QUICK

COST = st.floats(0.1, 100)


@QUICK
@given(COST, COST, COST)
def test_no_quantity_is_cheaper_than_the_eoq(fixed: float, holding: float, demand: float):
    best = eoq(fixed, holding, demand)
    assert (
        eoq_cost(best * np.linspace(0.1, 5, 99), fixed, holding, demand) >= eoq_cost(best, fixed, holding, demand) * (1 - 1e-12)
    ).all()


@QUICK
@given(COST, COST, COST, COST)
def test_no_backordering_is_cheaper(fixed: float, holding: float, backorder: float, demand: float):
    lot = eoq_with_backorders(fixed, holding, backorder, demand)
    size, share = np.meshgrid(np.linspace(0.2, 3, 40) * lot.quantity, np.linspace(0, 1, 41))
    assert lot.cost == pytest.approx(backorder_lot_cost(lot.quantity, lot.backorder_rate, fixed, holding, backorder, demand))
    assert (backorder_lot_cost(size, share, fixed, holding, backorder, demand) >= lot.cost * (1 - 1e-9)).all()


def test_shapes_broadcast():
    assert eoq(np.array([[1.0], [4.0]]), 2.0, np.array([1.0, 4.0, 9.0])).tolist() == [[1, 2, 3], [2, 4, 6]]


def test_production_that_cant_keep_up_is_refused():
    with pytest.raises(ValueError, match="above the demand rate"):
        production_quantity(4, 0.08, 80, 80)


@QUICK
@given(st.floats(1, 500), st.floats(0.05, 0.6), st.floats(10, 5000), st.lists(st.floats(0.01, 0.2), min_size=0, max_size=3))
def test_discounts_against_a_search(fixed: float, rate: float, demand: float, falls: list[float]):
    breaks = [0.0] + [200.0 * (i + 1) for i in range(len(falls))]
    prices = [10.0 * np.prod([1 - f for f in falls[:i]]) for i in range(len(falls) + 1)]
    sizes = np.linspace(1, 6000, 5999 * 2 + 1)
    price = np.array(prices)[np.searchsorted(breaks, sizes, side="right") - 1]
    all_units = demand * price + eoq_cost(sizes, fixed, rate * price, demand)
    assert all_units_discount(fixed, rate, demand, breaks, prices).cost == pytest.approx(all_units.min(), rel=1e-4)
    paid = np.array(
        [
            sum(p * max(min(q, upto) - b, 0) for p, b, upto in zip(prices, breaks, [*breaks[1:], np.inf], strict=True))
            for q in sizes
        ]
    )
    incremental = demand * paid / sizes + fixed * demand / sizes + rate * paid / 2
    assert incremental_discount(fixed, rate, demand, breaks, prices).cost == pytest.approx(incremental.min(), rel=1e-4)


@pytest.mark.parametrize(("breaks", "prices"), [([1, 5], [2, 1]), ([0, 5], [1, 2]), ([0, 5, 5], [3, 2, 1]), ([0], [2, 1])])
def test_price_lists_that_make_no_sense_are_refused(breaks: list[int], prices: list[int]):
    with pytest.raises(ValueError, match="Price breaks must start at 0"):
        all_units_discount(1, 1, 1, breaks, prices)


@QUICK
@given(st.floats(1e-3, 1e3), st.floats(0.1, 10))
def test_a_power_of_two_costs_at_most_6_percent_more(cycle: float, base: float):
    rounded = power_of_two_cycle(cycle, base)
    power = np.log2(rounded / base)
    assert power == pytest.approx(np.rint(power))
    assert (rounded / cycle + cycle / rounded) / 2 <= 1.0607


def test_a_joint_order_of_one_item_is_its_eoq():
    found = joint_cycle(5, [3], [2], [10])
    assert found.quantities[0] == pytest.approx(float(eoq(8, 2, 10)))
    assert found.cost == pytest.approx(float(eoq_cost(eoq(8, 2, 10), 8, 2, 10)))


@QUICK
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=7),
    st.integers(1, 200),
    st.integers(1, 5),
    st.lists(st.integers(0, 5), min_size=7, max_size=7),
)
def test_wagner_whitin_against_every_plan(demand: list[int], fixed: int, holding: int, prices: list[int]):
    price = prices[: len(demand)]
    best = np.inf
    for orders in product([0, 1], repeat=len(demand)):
        cost, source = 0.0, None
        for period, units in enumerate(demand):
            source = period if orders[period] else source
            cost += fixed * orders[period]
            cost += (
                np.inf
                if source is None and units
                else 0
                if source is None
                else units * (price[source] + holding * (period - source))
            )
        best = min(best, cost)
    plan = wagner_whitin(demand, fixed, holding, price)
    assert plan.cost == pytest.approx(best)
    assert (np.cumsum(plan.quantities) >= np.cumsum(demand)).all()
    assert plan.quantities.sum() == sum(demand)


@QUICK
@given(st.lists(st.integers(0, 60), min_size=1, max_size=20), st.integers(1, 200), st.integers(1, 5))
def test_silver_meal_serves_everything_and_never_beats_the_optimum(demand: list[int], fixed: int, holding: int):
    plan = silver_meal(demand, fixed, holding)
    assert (np.cumsum(plan.quantities) >= np.cumsum(demand)).all()
    assert plan.quantities.sum() == sum(demand)
    assert plan.cost >= wagner_whitin(demand, fixed, holding).cost - 1e-9
