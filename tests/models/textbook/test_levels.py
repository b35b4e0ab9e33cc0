"""Levels and reorder policies: formulas against sums over the distribution, optima against a search, simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.textbook import base_stock, continuous_review, loss, lost_sales, newsvendor, periodic_review
from tests.models.builders import QUICK

COST = st.floats(0.2, 50)


@QUICK
@given(st.floats(0.2, 60), st.integers(-5, 90))
def test_poisson_loss_is_its_sum(mean: float, level: int):
    k = np.arange(400)
    chances = stats.poisson.pmf(k, mean)
    assert loss.poisson_loss(level, mean) == pytest.approx((np.maximum(k - level, 0) * chances).sum(), abs=1e-9)
    assert loss.counted_loss(level, chances) == pytest.approx(loss.poisson_loss(level, mean), abs=1e-9)


@QUICK
@given(st.floats(-3, 5))
def test_second_loss_falls_as_fast_as_the_first_is_high(z: float):
    at = 40 + 7 * z
    slope = (loss.normal_second_loss(at - 1e-4, 40, 7) - loss.normal_second_loss(at + 1e-4, 40, 7)) / 2e-4
    assert slope == pytest.approx(loss.normal_loss(at, 40, 7), abs=1e-6)


@QUICK
@given(COST, COST, st.floats(0.5, 40))
def test_no_level_is_cheaper(overage: float, underage: float, mean: float):
    levels = np.arange(120)
    poisson = newsvendor.poisson_level(overage, underage, mean)
    assert poisson.cost <= newsvendor.poisson_cost(levels, overage, underage, mean).min() + 1e-9
    counted = newsvendor.counted_level(overage, underage, stats.poisson.pmf(np.arange(300), mean))
    assert (counted.units, counted.cost) == (poisson.units, pytest.approx(float(poisson.cost)))
    normal = newsvendor.normal_level(overage, underage, mean, mean / 3)
    assert normal.cost <= newsvendor.normal_cost(np.linspace(0, 3 * mean, 99), overage, underage, mean, mean / 3).min() + 1e-9
    general = newsvendor.level_of(overage, underage, stats.norm(mean, mean / 3))
    assert (general.units, general.cost) == (
        pytest.approx(float(normal.units)),
        pytest.approx(float(normal.cost), rel=1e-5, abs=1e-7),
    )


def test_fill_rate_against_a_simulation():
    rng = np.random.default_rng(3)
    demand = rng.normal(100, 30, 200_000)
    owed, short = (
        demand[:-1] + demand[1:] - 240,
        demand[:-1] - 240,
    )  # two weeks' demand has fallen on the level by the next arrival
    served = 1 - (np.maximum(owed, 0) - np.maximum(short, 0)).sum() / demand[1:].sum()
    assert base_stock.fill_rate(240, 100, 30, 1) == pytest.approx(served, abs=0.002)


def test_the_full_formula_and_its_parts():
    assert base_stock.safety_stock(1.645, 20, 5, 9, 2) == pytest.approx(1.645 * np.sqrt(9 * 25 + 400 * 4))
    assert base_stock.safety_stock(2, 20, 5, 9, 0, 7) == pytest.approx(2 * 5 * 4)
    assert base_stock.safety_stock(np.array([1.0, 2.0]), 20, 0, 9, 3).tolist() == [60, 120]


@QUICK
@given(st.floats(0.5, 0.999), st.floats(1, 50))
def test_a_fill_rate_factor_leaves_what_it_should(target: float, orders: float):
    z = base_stock.fill_rate_factor(target, orders * 3, 3)
    assert loss.standard_loss(z) * 3 == pytest.approx((1 - target) * orders * 3, rel=1e-6)


@QUICK
@given(COST, COST, COST, st.integers(20, 2000), st.floats(0.02, 0.4), st.floats(0.02, 1))
def test_no_reorder_policy_is_cheaper_than_the_exact_one(h: float, p: float, fixed: float, mean: int, cv: float, lead: float):
    setting = continuous_review.Setting(h, p, fixed, mean, mean * cv, lead)
    exact = continuous_review.exact(setting)
    lean = continuous_review.eoq_with_backorders_policy(setting)
    assert exact.cost <= continuous_review.loss_function_policy(setting).cost * (1 + 1e-6)
    assert exact.cost <= continuous_review.eoq_with_safety_stock(setting).cost * (1 + 1e-9)
    assert exact.cost <= lean.cost * (1 + 1e-9) <= exact.cost * 1.118


def test_the_exact_cost_is_the_mean_over_positions():
    setting = continuous_review.Setting(0.225, 7.5, 8, 1300, 150, 1 / 12)
    middle = 100 + 250 * (np.arange(20_000) + 0.5) / 20_000
    positions = newsvendor.normal_cost(middle, 0.225, 7.5, setting.lead_mean, setting.lead_std).mean()
    assert continuous_review.policy_cost(100, 250, setting) == pytest.approx(positions + 8 * 1300 / 250)


def test_a_shortage_that_costs_nothing_much_is_refused():
    with pytest.raises(ValueError, match="take `exact`"):
        continuous_review.expected_inventory_level(continuous_review.Setting(5, 0.01, 100, 20, 3, 1))


@QUICK
@given(COST, COST, st.floats(0, 80), st.floats(0.3, 8), st.floats(0.2, 3))
def test_poisson_policies_against_a_search(h: float, p: float, fixed: float, rate: float, lead: float):
    found = continuous_review.poisson_exact(h, p, fixed, rate, lead)
    around = [
        continuous_review.poisson_policy_cost(int(found.reorder_point) + r, max(int(found.quantity) + q, 1), h, p, fixed, rate, lead)
        for r in range(-3, 4) for q in range(-3, 4)
    ]  # fmt: skip
    assert found.cost == pytest.approx(around[24])
    assert found.cost <= min(around) + 1e-9


@QUICK
@given(COST, COST, st.floats(1, 80), st.lists(st.integers(0, 9), min_size=2, max_size=6).filter(lambda w: sum(w[1:]) > 0))
def test_order_up_to_against_a_search(h: float, p: float, fixed: float, weights: list[int]):
    chances = np.array(weights, dtype=float) / sum(weights)
    protection = np.convolve(chances, chances)
    found = periodic_review.order_up_to_exact(h, p, fixed, chances, protection)
    costs = [
        periodic_review.order_up_to_cost(s, up_to, h, p, fixed, chances, protection)
        for s in range(-8, 11) for up_to in range(s + 1, s + 25)
    ]  # fmt: skip
    assert found.cost <= min(costs) + 1e-9
    again = periodic_review.order_up_to_cost(
        int(found.reorder_point), int(found.order_up_to_level), h, p, fixed, chances, protection
    )
    assert found.cost == pytest.approx(again)


def test_order_up_to_cost_against_a_simulation():
    rng = np.random.default_rng(7)
    position, cost = 10, 0.0
    for wanted in rng.poisson(6, 100_000):
        if position <= 4:
            position, cost = 10, cost + 5
        position -= int(wanted)
        cost += max(position, 0) + 4 * max(-position, 0)
    chances = stats.poisson.pmf(np.arange(60), 6)
    assert periodic_review.order_up_to_cost(4, 10, 1, 4, 5, chances) == pytest.approx(cost / 100_000, rel=0.01)


@QUICK
@given(st.floats(0.5, 4), st.floats(2, 30), st.integers(1, 2))
def test_no_rule_loses_less_than_the_optimum_and_longer_lead_times_cost_more(rate: float, penalty: float, lead: int):
    chances = stats.poisson.pmf(np.arange(18), rate)
    here, longer = (lost_sales.LostSales(1.0, penalty, periods, chances, 12) for periods in (lead, lead + 1))
    best = here.optimal_cost()
    assert best <= here.myopic_cost() + 2e-4
    assert best <= min(here.base_stock_cost(level) for level in range(1, 10)) + 2e-4
    assert best <= longer.optimal_cost() + 2e-4


def test_the_cost_of_a_base_stock_with_lost_sales_against_a_long_run_of_it():
    rng = np.random.default_rng(1)
    on_hand, ordered, spent, periods = 10, [0, 0], 0.0, 60_000
    for demand in rng.poisson(3, periods):
        on_hand, ordered = on_hand + ordered[0], [*ordered[1:], 0]
        ordered[-1] = max(11 - on_hand - sum(ordered), 0)
        spent += max(on_hand - demand, 0) + 6 * max(demand - on_hand, 0)
        on_hand = max(on_hand - demand, 0)
    chain = lost_sales.LostSales(1.0, 6.0, 2, stats.poisson.pmf(np.arange(20), 3), 12)
    assert chain.base_stock_cost(11) == pytest.approx(spent / periods, rel=0.02)
