"""The simulation against a plain loop, against textbook answers, and the promises of each policy."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.simulate import FIELDS, Bounded, Lots, MinMax, Policy, Shelf, Stock, outcome, simulate
from tests.models.builders import QUICK


def shelf(n: int = 1, lead: list[int] | None = None, **given: object) -> Shelf:
    ones = np.ones(n)
    usual = {
        "on_hand": 5 * ones, "due": np.zeros((n, 0)), "lead_times": np.tile(lead or [2], (n, 1)), "holding_amount": 0.2 * ones,
        "shortage_amount": ones, "ordering_amount": 0 * ones, "review": 1, "is_lost": True,
    }  # fmt: skip
    return Shelf(**usual | given)  # type: ignore[arg-type]


def up_to(level: float, n: int = 1) -> Policy:
    return MinMax(np.full(n, level - 1), np.full(n, level))


def plain_loop(policy: Policy, place: Shelf, demand: np.ndarray, counted: np.ndarray) -> dict[str, float]:
    """One series, one future, one lead time, in the order of events of the rules."""
    on_hand, owed, lead = float(place.on_hand[0]), 0.0, int(place.lead_times[0, 0])
    coming = {k: float(units) for k, units in enumerate(place.due[0])}
    found = dict.fromkeys(FIELDS, 0.0)
    is_short = False
    for t, wanted in enumerate(demand):
        arriving = coming.pop(t, 0.0)
        if arriving > 0:
            found["cycles"] += counted[t]
            found["short_cycles"] += counted[t] * is_short
            is_short = False
        on_hand += arriving
        late = min(on_hand, owed)
        on_hand, owed = on_hand - late, owed - late
        sold = min(on_hand, wanted)
        on_hand -= sold
        is_short = is_short or sold < wanted
        owed += 0 if place.is_lost else wanted - sold
        if counted[t]:
            found["demand_units"] += wanted
            found["served_units"] += sold
            found["shortage_amount"] += (wanted - sold) * place.shortage_amount[0]
            found["holding_amount"] += on_hand * place.holding_amount[0]
            found["stocked_unit_periods"] += on_hand
            found["stock_out_periods"] += sold < wanted
        if (t + 1) % place.review == 0:
            stock = Stock(np.array([on_hand - owed]), np.array([float(sum(coming.values()))]), np.zeros((1, 1)), 0)
            units = float(policy(t, stock, np.array([0]))[0])
            if units:
                coming[t + 1 + lead] = coming.get(t + 1 + lead, 0.0) + units
                found["orders"] += counted[t]
                found["ordered_units"] += counted[t] * units
                found["ordering_amount"] += counted[t] * place.ordering_amount[0]
    return found | {"closing_units": on_hand}


@QUICK
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=25), st.integers(0, 12), st.lists(st.integers(0, 5), max_size=4), st.integers(0, 5),
    st.integers(1, 4), st.booleans(), st.integers(-3, 20), st.integers(0, 9), st.integers(0, 3), st.randoms(use_true_random=False),
)  # fmt: skip
def test_every_figure_equals_a_plain_loops(demand, on_hand, due, lead, review, is_lost, point, more, kind, random):
    base = MinMax(np.array([point]), np.array([point + more]))
    policy = [base, up_to(point), Lots(np.array([point]), np.array([more + 1])), Bounded(base, np.array([4.0]), np.array([3.0]))][
        kind
    ]
    place = shelf(
        lead=[lead],
        on_hand=np.array([on_hand]),
        due=np.array([due], dtype=float),
        review=review,
        is_lost=is_lost,
        ordering_amount=np.array([2.0]),
    )
    counted = np.array([random.random() < 0.7 for _ in demand])
    found = simulate(policy, place, np.array([demand], dtype=float), counted=counted).row(0, named=True)
    assert found == pytest.approx(plain_loop(policy, place, np.array(demand), counted))


def test_series_and_futures_are_played_apart_from_each_other():
    rng = np.random.default_rng(0)
    demand = rng.poisson(3, (7, 5, 30)).astype(float)
    levels = rng.integers(5, 20, 7).astype(float)
    many = simulate(MinMax(levels - 1, levels), shelf(7), demand)
    for i in range(7):
        alone = [simulate(up_to(levels[i]), shelf(), demand[i, p][None]) for p in range(5)]
        assert many.row(i) == pytest.approx(pl.concat(alone).mean().row(0))


def test_parts_of_many_series_keep_their_own_levels():
    n = 30_000
    levels = np.arange(n, dtype=float) % 50
    found = simulate(MinMax(levels - 1, levels), shelf(n, on_hand=np.zeros(n)), np.zeros((n, 5)))
    assert (found["closing_units"] == pl.Series(levels)).all()


@pytest.mark.parametrize(("lead", "level"), [(0, 4), (2, 9), (5, 20)])
def test_base_stock_with_backorders_serves_what_the_poisson_distribution_says(lead: int, level: int):
    """In stock after lead + 1 periods of demand with the chance P(D ≤ S); Zipkin (2000), 6.2."""
    demand = np.random.default_rng(1).poisson(2.0, (1, 400, 300)).astype(float)
    counted = np.arange(300) >= 50
    found = simulate(up_to(level), shelf(lead=[lead], is_lost=False), demand, counted=counted)
    short = found["stock_out_periods"].item() / 250
    # a stock-out here is a unit not served at once: with one period of review, demand over lead + 1 periods exceeds the level
    assert short == pytest.approx(stats.poisson.sf(level, 2.0 * (lead + 1)), abs=0.01)
    held = sum((level - d) * stats.poisson.pmf(d, 2.0 * (lead + 1)) for d in range(level))
    assert found["stocked_unit_periods"].item() / 250 == pytest.approx(held, rel=0.03)


def test_the_newsvendor_is_the_limiting_case():
    """One period, Snyder & Shen (2019), example 4.3: normal(50, 8), holding 0.18, stock-out 0.70, optimum 56.6 at a cost of 1.9976."""
    demand = np.maximum(np.random.default_rng(2).normal(50, 8, (1, 200_000, 1)), 0)
    costs = {}
    for units in (52.0, 56.6, 61.0):
        place = shelf(on_hand=np.array([units]), holding_amount=np.array([0.18]), shortage_amount=np.array([0.70]))
        costs[units] = sum(simulate(up_to(0), place, demand).select("holding_amount", "shortage_amount").row(0))
    assert costs[56.6] == pytest.approx(1.9976, rel=0.01)
    assert costs[56.6] < min(costs[52.0], costs[61.0])


def test_random_lead_times_may_let_orders_overtake_and_lose_no_unit():
    demand = np.random.default_rng(3).poisson(2.0, (3, 40, 200)).astype(float)
    place = shelf(3, lead=[0, 3, 9], on_hand=np.zeros(3))
    found = simulate(up_to(15, 3), place, demand)
    fixed = simulate(up_to(15, 3), shelf(3, lead=[4], on_hand=np.zeros(3)), demand)
    left = found["ordered_units"] - found["served_units"] - found["closing_units"]
    assert left.is_between(0, 15).all()
    assert (found["served_units"] < fixed["served_units"]).all(), "spread of the lead time costs service"


def test_more_stock_never_serves_less():
    demand = np.random.default_rng(4).poisson(3.0, (1, 20, 100)).astype(float)
    served = [simulate(up_to(level), shelf(), demand)["served_units"].item() for level in range(0, 25, 3)]
    assert served == sorted(served)


def test_what_the_outcome_adds():
    found = simulate(up_to(8, 2), shelf(2, on_hand=np.array([8.0, 0])), np.array([[2.0] * 10, [0.0] * 10]))
    rows = outcome(found, np.array([3.0, 3.0]), 52, 10)
    first, second = rows.iter_rows(named=True)
    assert first["unit_fill_rate"] == 1 and second["unit_fill_rate"] is None
    assert first["capital_amount"] == pytest.approx(3 * first["mean_stock_units"])
    assert first["turns_per_year"] == pytest.approx(20 / first["mean_stock_units"] * 5.2)
    assert first["total_amount"] == pytest.approx(first["holding_amount"] + first["shortage_amount"])
    assert math.isclose(first["cycle_service_level"], 1.0)


def test_no_series_give_the_same_columns():
    found = simulate(up_to(1, 0), shelf(0), np.zeros((0, 4)))
    assert found.columns == list(FIELDS) and found.height == 0


def test_a_policy_sees_what_comes_when():
    """Lead time 2, nothing wanted: what is due at the start stands first, then what was ordered, each in its week."""
    seen = []

    def three_at_first(period: int, stock: Stock, series: np.ndarray) -> np.ndarray:
        seen.append((float(stock.net[0]), stock.due[0].tolist(), float(stock.position[0])))
        return np.full(len(series), 3.0 if period == 0 else 0.0)

    simulate(three_at_first, shelf(lead=[2], on_hand=np.array([1.0]), due=np.array([[0.0, 5.0]])), np.zeros((1, 4)))
    assert [net for net, _, _ in seen] == [1, 6, 6, 9] and [position for *_, position in seen] == [6, 9, 9, 9]
    assert [due[:3] for _, due, _ in seen] == [[5, 0, 0], [0, 3, 0], [3, 0, 0], [0, 0, 0]]
