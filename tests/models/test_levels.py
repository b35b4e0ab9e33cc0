"""Levels by aim: textbook newsvendor and base stock as limiting cases, every level tried one by one, simulation beside them, what a budget must do."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.futures import Futures, draw
from models.levels import (
    COST,
    CYCLE,
    FILL,
    Aim,
    expected_amounts,
    fill_rates,
    least_levels,
    least_of,
    least_stock,
    mean_stock,
    within_budget,
)
from models.protection import Moments
from models.simulate import MinMax, Shelf, simulate
from tests.models.builders import QUICK


def poisson(*rates: float, lead: float = 7.0, review: float = 7.0) -> Moments:
    """Series of so many units a day."""
    daily = np.array(rates)
    units = [daily * days for days in (lead, lead, lead + review, lead + review, review, review)]
    return Moments(*units)


def aim(n: int, kind: str = COST, target: float = 0.0, **more: float) -> Aim:
    usual = {
        "holding_amount": 0.04,
        "shortage_amount": 5.0,
        "left_amount": 0.0,
        "review_days": 7.0,
        "lot": 1.0,
        "most_units": np.inf,
    } | more
    columns = {name: np.full(n, value) for name, value in usual.items() if name != "is_lost"}
    return Aim(np.full(n, kind), np.full(n, target), is_lost=np.full(n, bool(more.get("is_lost"))), **columns)


def test_the_docstrings_example():
    assert least_levels(poisson(10 / 7), aim(1))[0] == 27
    certain = Futures(np.zeros((1, 4), np.float32), np.full((1, 4), 10, np.float32), np.array([10.0]), np.zeros(1), np.zeros(1))
    assert expected_amounts(certain, np.zeros(1), aim(1, shortage_amount=2.0))[0] == 20


@pytest.mark.parametrize(("daily", "shortage"), [(0.02, 5.0), (0.3, 1.0), (0.3, 20.0), (4.0, 2.0)])
@pytest.mark.parametrize("lot", [1.0, 6.0])
def test_the_level_by_costs_is_the_cheapest_of_all_that_are_tried(daily: float, shortage: float, lot: float):
    """Cost per turn of every level, averaged over the positions that lots lead to."""
    lead, whole = stats.poisson(daily * 7), stats.poisson(daily * 14)
    units = np.arange(200)

    def cost(position: int) -> float:
        missing = [(np.maximum(units - position, 0) * d.pmf(units)).sum() for d in (lead, whole)]
        held = (position - daily * 7 + missing[0] + position - daily * 14 + missing[1]) / 2
        return 0.28 * held + shortage * (missing[1] - missing[0])

    averaged = [np.mean([cost(level + j) for j in range(int(lot))]) for level in range(110)]
    rng = np.random.default_rng(0)
    first, later = rng.poisson(daily * 7, (1, 60_000)), rng.poisson(daily * 7, (1, 60_000))
    sampled = Futures(
        first.astype(np.float32), (first + later).astype(np.float32), np.array([daily * 7]), np.array([np.exp(-daily * 7)]), np.zeros(1)
    )  # fmt: skip
    found = int(least_levels(sampled, aim(1, shortage_amount=shortage, lot=lot))[0])
    assert averaged[found] == pytest.approx(min(averaged), rel=0.003)


@QUICK
@given(st.floats(0.01, 20.0), st.sampled_from([CYCLE, FILL]), st.floats(0.5, 0.995))
def test_a_service_is_reached_and_one_unit_less_does_not_reach_it(daily: float, kind: str, target: float):
    known, wanted = poisson(daily), aim(1, kind, target)
    level = least_levels(known, wanted)

    def reached(units: np.ndarray) -> float:
        if kind == FILL:
            return float(fill_rates(known, units, np.ones(1))[0])
        lead, whole = (float(chance[0]) for chance in known.chances(units, np.ones(1)))
        idle = np.exp(-7 * daily)
        return 1 - ((1 - whole) - idle * (1 - lead)) / (1 - idle)

    assert reached(level) >= target - 1e-6
    assert level[0] == 0 or reached(level - 1) < target + 1e-6


@pytest.mark.parametrize(("kind", "target"), [(CYCLE, 0.9), (CYCLE, 0.97), (FILL, 0.95), (FILL, 0.99)])
@pytest.mark.parametrize("is_lost", [False, True])
def test_simulation_reaches_what_the_level_promises(kind: str, target: float, is_lost: bool):
    """60 series of 0.2 to 2 a day, two years: within a point, and where sales are lost at most a point and a half above."""
    n, rates = 60, np.linspace(0.2, 2.0, 60)
    level = least_levels(poisson(*rates), aim(n, kind, target, is_lost=is_lost))
    demand = np.random.default_rng(1).poisson(rates[:, None, None], (n, 8, 728)).astype(float)
    one = np.ones(n)
    shelf = Shelf(level, np.zeros((n, 0)), np.full((n, 1), 7), one, one, one, review=7, is_lost=is_lost)
    counted = np.arange(728) >= 56
    found = simulate(MinMax(level - 1, level), shelf, demand, counted=counted)
    sums = found.sum()
    if kind == FILL:
        reached, promised = (
            sums["served_units"].item() / sums["demand_units"].item(),
            fill_rates(poisson(*rates), level, one) @ rates / rates.sum(),
        )
    else:
        reached, promised = 1 - sums["short_cycles"].item() / sums["cycles"].item(), target
    assert promised - 0.01 <= reached <= max(promised, target) + 0.05
    assert reached >= target - 0.01


def test_moments_and_futures_give_one_level():
    rates = np.array([0.1, 0.6, 3.0])
    quantiles = stats.poisson.ppf(np.linspace(0.005, 0.995, 199), 7 * rates[:, None])[:, None, :]
    days = np.full((3, 6000), 7.0)
    drawn = draw(
        quantiles, np.linspace(0.005, 0.995, 199), 0.0, days, np.full(3, 7.0), np.ones(3, dtype=bool), np.random.default_rng(0)
    )
    for wanted in (aim(3), aim(3, CYCLE, 0.95), aim(3, FILL, 0.98)):
        assert np.abs(least_levels(drawn, wanted) - least_levels(poisson(*rates), wanted)).max() <= 1


def test_what_ends_is_a_newsvendors():
    """Nothing wanted before it arrives, 12 Poisson after it, a unit left over loses 4, a missing one 6: the quantile at 0.6."""
    last = Moments(*(np.full(1, value) for value in (0.0, 0.0, 12.0, 12.0, 6.0, 6.0)))
    found = least_levels(last, aim(1, holding_amount=0.0, left_amount=4.0, shortage_amount=6.0))
    assert found[0] == stats.poisson.ppf(0.6, 12)
    assert least_levels(last, aim(1, shortage_amount=0.0))[0] == 0, "what is over isn't ordered"


@pytest.mark.parametrize("kinds", [[COST], [CYCLE], [FILL], [COST, CYCLE, FILL, CYCLE]])
@pytest.mark.parametrize("is_lost", [False, True])
def test_a_budget_is_kept_by_all_levels_together_and_none_is_given_up(kinds: list[str], is_lost: bool):
    rates, one = np.linspace(0.1, 3.0, 40), np.ones(40)
    known, cost = poisson(*rates), np.linspace(1.0, 30.0, 40)
    kind = np.resize(kinds, 40)
    targets = np.select([kind == CYCLE, kind == FILL], [0.95, 0.98], 0.0)
    wanted = replace(
        aim(40, is_lost=is_lost), kind=kind, target_rate=targets, holding_amount=cost * 0.2 / 365, shortage_amount=cost
    )
    asked = least_levels(known, wanted)

    def bound(level: np.ndarray) -> float:
        return float((mean_stock(known, level, one) * cost).sum())

    spent, before = bound(asked), asked
    assert within_budget(known, wanted, asked, cost, spent)[1] == 1
    for share in (0.95, 0.8, 0.65):
        level, dearer = within_budget(known, wanted, asked, cost, share * spent)
        assert 0.98 * share * spent < bound(level) <= share * spent and dearer > 1
        assert (level <= before).all() and all((level < asked)[kind == one_of].any() for one_of in kinds), "every aim gives way"
        before = level
    least = least_of(known, asked)
    assert (within_budget(known, wanted, asked, cost, spent / 100)[0] == least).all() and least.min() > 0


def test_the_example_of_a_budget():
    known, wanted, one = poisson(2.0, 2.0), replace(aim(2, CYCLE), target_rate=np.array([0.95, 0.99])), np.ones(2)
    asked = least_levels(known, wanted)
    level, _ = within_budget(known, wanted, asked, one, 0.8 * float(mean_stock(known, asked, one).sum()))
    assert (level < asked).all() and level[0] < level[1]


def test_dearer_capital_moves_a_service_as_its_price_of_a_missing_unit_does():
    """At twice the price of capital the cycles' ratio r = (p − k/2) ÷ (p + k/2) becomes (p − k) ÷ (p + k): 0.95 a cycle becomes about 0.9."""
    known, wanted = poisson(20.0), aim(1, CYCLE, 0.95)
    asked = least_levels(known, wanted)
    ratio = float(np.divide(*known.chances(asked, np.ones(1))[::-1])[0])
    price = 0.28 / 2 * (1 + ratio) / (1 - ratio)
    twice = least_levels(known, aim(1, holding_amount=0.08, shortage_amount=price))
    level, dearer = within_budget(known, wanted, asked, np.ones(1), float(mean_stock(known, twice, np.ones(1))[0]))
    assert level == twice < asked and 1.8 < dearer < 2.3


@pytest.mark.parametrize(("kind", "target"), [(CYCLE, 0.9), (CYCLE, 0.98), (FILL, 0.97)])
def test_a_service_of_all_is_reached_with_less_stock_than_each_alone(kind: str, target: float):
    rates, cost, one = np.linspace(0.1, 3.0, 40), np.geomspace(1.0, 30.0, 40), np.ones(40)
    known = poisson(*rates)
    wanted = replace(aim(40, kind, target), holding_amount=cost)
    each, (shared, _) = least_levels(known, wanted), least_stock(known, wanted, kind, target)

    def served(level: np.ndarray) -> float:
        if kind == FILL:
            return float(fill_rates(known, level, one) @ rates / rates.sum())
        short, idle = [1 - chance for chance in known.chances(level, one)], np.exp(-7 * rates)
        return float(1 - (short[1] - idle * short[0]).sum() / (1 - idle).sum())

    def bound(level: np.ndarray) -> float:
        return float((mean_stock(known, level, one) * cost).sum())

    assert target <= served(shared) < target + 0.01
    assert bound(shared) < 0.97 * bound(each)
    assert shared[0] >= each[0] and shared[-1] <= each[-1], "what is cheap gets more, what is dear less"


def test_no_series_no_levels():
    empty = Moments(*(np.zeros(0) for _ in range(6)))
    assert len(least_levels(empty, aim(0))) == 0


@pytest.mark.parametrize("kind", [CYCLE, FILL])
@pytest.mark.parametrize("is_together", [False, True])
def test_no_service_is_worth_more_than_the_most(kind: str, is_together: bool) -> None:
    """Two years' demand of 3, 0 and enough: the first two are held there, the last reaches its target."""
    rare = Moments(*(np.array([0.04, 0.01, 14.0]) * days for days in (1, 8, 2, 16, 1, 8)))
    asked = replace(aim(3, kind, 0.98), most_units=np.array([3.0, 0.0, 1500.0]))
    free = least_levels(rare, aim(3, kind, 0.98))
    level = least_stock(rare, asked, kind, 0.98)[0] if is_together else least_levels(rare, asked)
    assert (level[:2] <= [3, 0]).all() and free[0] > 3 and free[1] > 0
    if not is_together:
        assert level.tolist() == [3, 0, free[2]]
