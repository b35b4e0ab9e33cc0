"""The cheapest order: textbook newsvendors as limiting cases, exhaustive search beside it, and what more cost must never do."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.policy import Situation, cheapest_orders
from tests.models.builders import QUICK


def situation(demand: np.ndarray, holding: float = 0.2, shortage: float = 1.0, lead: int = 0, **given: object) -> Situation:
    n, paths, _ = demand.shape
    one = np.ones(n)
    usual = {"on_hand": 0 * one, "due": np.zeros((n, 0)), "lead_times": np.full((n, paths), lead)}
    return Situation(demand, **usual | {"holding_amount": holding * one, "shortage_amount": shortage * one} | given)  # type: ignore[arg-type]


def order(*args: object, **options: object) -> int:
    return int(cheapest_orders(situation(*args, **options))["order_units"].item())  # type: ignore[arg-type]


def poisson(mean: float, periods: int, paths: int = 4000, n: int = 1) -> np.ndarray:
    return np.random.default_rng(0).poisson(mean, (n, paths, periods)).astype(float)


def test_the_normal_newsvendor():
    """Snyder & Shen (2019), example 4.3: normal(50, 8), holding 0.18, stock-out 0.70: 56.6 units at a cost of 1.9976."""
    demand = np.maximum(np.random.default_rng(1).normal(50, 8, (1, 30_000, 1)), 0)
    found = cheapest_orders(situation(demand, 0.18, 0.70)).row(0, named=True)
    assert found["order_units"] == 57
    assert found["critical_ratio"] == pytest.approx(0.7955, abs=0.02)
    assert found["now_amount"] == pytest.approx(1.9976, rel=0.02)


@pytest.mark.parametrize(("mean", "holding", "shortage"), [(6.0, 1.0, 4.0), (20.0, 1.0, 19.0), (2.5, 0.2, 1.0), (5.0, 1.0, 1.0)])
def test_the_discrete_newsvendor_is_the_quantile_at_the_ratio(mean: float, holding: float, shortage: float):
    quantile = stats.poisson.ppf(shortage / (shortage + holding), mean)
    assert abs(order(poisson(mean, 1, 20_000), holding, shortage) - quantile) <= 1


@pytest.mark.parametrize("lead", [1, 2, 4])
def test_with_backorders_and_fast_demand_it_is_base_stock(lead: int):
    """Stationary demand, backorders, an order every period: the quantile of demand over lead + 1 periods; Zipkin (2000), 9.4."""
    quantile = stats.poisson.ppf(0.9, 30.0 * (lead + 1))
    found = order(poisson(30.0, lead + 6, 6000), 1.0, 9.0, lead, is_lost=False)
    assert abs(found - quantile) <= 2


def test_lost_sales_need_less_than_backorders():
    demand = poisson(4.0, 10)
    assert order(demand, lead=3) <= order(demand, lead=3, is_lost=False)


def test_slow_demand_buys_less_than_the_ratio_says():
    assert stats.poisson.ppf(1 / 1.2, 0.3 * 3) == 2
    assert order(poisson(0.3, 14), lead=2, is_lost=False) == 1


def test_what_is_due_and_on_hand_is_not_ordered_again():
    demand = poisson(10.0, 8, 1000)
    without = order(demand, lead=2, is_lost=False)
    with_stock = order(demand, lead=2, is_lost=False, on_hand=np.array([4.0]), due=np.array([[3.0, 2.0]]))
    assert with_stock == pytest.approx(without - 9, abs=1)


def test_an_order_that_comes_after_the_end_is_worth_nothing():
    assert order(poisson(10.0, 3), lead=3) == 0


@pytest.mark.parametrize("is_lost", [True, False])
def test_it_is_the_least_of_every_quantity_when_nothing_follows(is_lost: bool):
    """One order for all that is left, tried exhaustively."""
    demand = poisson(2.0, 4, 500)
    place = situation(demand, lead=1, is_lost=is_lost, review=9, on_hand=np.array([1.0]))
    found = cheapest_orders(place).row(0, named=True)
    costs = []
    for units in range(25):
        stock, cost = np.full(500, 1.0), np.zeros(500)
        for t in range(4):
            stock = stock + (units if t == 1 else 0)
            missing = np.minimum(np.maximum(demand[0, :, t] - stock, 0), demand[0, :, t])
            stock = stock - demand[0, :, t] if not is_lost else np.maximum(stock - demand[0, :, t], 0)
            cost += 0.2 * np.maximum(stock, 0) + missing
        costs.append(cost.mean())
    assert found["now_amount"] == pytest.approx(costs[found["order_units"]])
    assert found["waiting_amount"] == pytest.approx(costs[0])
    assert min(costs) == pytest.approx(found["now_amount"], rel=1e-9 if is_lost else 0.02)


def test_series_are_decided_apart_and_random_lead_times_ask_for_more():
    demand = poisson(9.0, 12, 800, n=60)
    many = cheapest_orders(situation(demand, lead=2))
    assert many.slice(7, 1).equals(cheapest_orders(situation(demand[7:8], lead=2)))
    spread = np.random.default_rng(3).choice([0, 4], (60, 800))
    fixed, uncertain = (
        cheapest_orders(situation(demand, is_lost=False, lead_times=leads))["order_units"].mean()
        for leads in (np.full((60, 800), 2), spread)
    )
    assert uncertain > fixed + 5


@QUICK
@given(
    st.floats(0.0, 12.0), st.floats(0.01, 3.0), st.floats(0.01, 9.0), st.floats(1.0, 5.0), st.integers(0, 3), st.integers(1, 3),
    st.integers(-4, 12), st.lists(st.integers(0, 6), max_size=3), st.booleans(),
)  # fmt: skip
def test_more_cost_of_shortage_never_orders_less_and_nothing_is_negative(
    mean, holding, shortage, more, lead, review, on_hand, due, is_lost
):
    demand = poisson(mean, 7, 60)
    place = {"lead": lead, "review": review, "is_lost": is_lost, "on_hand": np.array([max(on_hand, 0.0) if is_lost else float(on_hand)]),
             "due": np.array([due], dtype=float)}  # fmt: skip
    few = cheapest_orders(situation(demand, holding, shortage, **place))
    many = cheapest_orders(situation(demand, holding, shortage * more, **place))
    assert few["order_units"].dtype == pl.Int64
    assert 0 <= few["order_units"].item() <= many["order_units"].item()


def test_no_demand_no_order_and_no_series():
    assert order(np.zeros((1, 10, 5))) == 0
    assert cheapest_orders(situation(np.zeros((0, 10, 5)))).height == 0
