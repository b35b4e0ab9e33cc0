"""Baskets from levels: what a quantity is worth against drawing demand, and what limits make of lines."""

from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from models.joint.basket import _Demand, candidates, decided_basket
from models.joint.problem import Limits

TYPES = {"pallet_units": pl.Int64, "price_break_units": pl.Int64, "price_break_cost_amount": pl.Decimal(18, 4), "unit_weight_kg": pl.Float64,
         "shelf_life_units": pl.Int64, "storage_units": pl.Int64, "unit_cost_amount": pl.Decimal(18, 4)}  # fmt: skip


def line(name: str, position: int, order: int, **changed: object) -> dict[str, object]:
    """A line of 70 ± 20 units over 35 days, wanted up to 110."""
    return {
        "line": name, "inventory_position_units": position, "order_up_to_level_units": 110, "mean_demand_units": 70.0,
        "expected_lost_units": 0.0, "demand_std_units": 20.0,
        "protection_interval_days": 35.0, "order_quantity_units": order, "moq_units": 1, "case_pack_units": 1,
        "pallet_units": None, "price_break_units": None, "price_break_cost_amount": None, "unit_cost_amount": Decimal(5), "holding_rate": 0.2,
        "shortage_amount": 0.0,
        "yearly_demand_units": 730.0, "unit_volume_m3": 0.01, "unit_weight_kg": None, "shelf_life_units": None, "storage_units": None,
    } | changed  # fmt: skip


def lines(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema_overrides=TYPES, infer_schema_length=None)


def test_expected_costs_of_an_interval_against_drawn_demand() -> None:
    demand = _Demand(np.array([70.0]), np.array([20.0]), np.array([2.0]))
    drawn = np.random.default_rng(0).gamma(12.25, 70 / 12.25, 400_000)
    for level in (-5.0, 40.0, 75.0, 120.0):
        left, missing = np.maximum(level - drawn, 0), np.maximum(drawn - level, 0)
        expected = 0.01 * (left**2).mean() / (2 * 2.0) + 3.0 * missing.mean()
        assert demand.interval_costs(np.array([level]), np.array([0.01]), np.array([3.0]))[0] == pytest.approx(expected, rel=5e-3)


def test_the_docstrings_example() -> None:
    sure = _Demand(np.array([20.0]), np.array([1e-3]), np.array([1.0]))
    assert sure.interval_costs(np.array([30.0]), np.array([0.01]), np.array([1.0]))[0] == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("position", [0, 20, 60, 109])
def test_without_limits_the_most_is_worth_what_the_level_asks_for(position: int) -> None:
    found = candidates(lines(line("A", position, 110 - position)))
    best = found.sort("value_amount").row(-1, named=True)
    assert best["order_quantity_units"] == 110 - position
    assert best["value_amount"] > 0


def test_quantities_stay_within_shelf_life_room_and_two_years() -> None:
    rows = lines(
        line("A", 20, 30, shelf_life_units=33), line("B", 20, 40, storage_units=41), line("C", 0, 3, yearly_demand_units=4.0)
    )
    most = candidates(rows).group_by("sku").agg(pl.col("order_quantity_units").max()).sort("sku")
    assert [units <= cap for (_, units), cap in zip(most.rows(), (33, 41, 8), strict=True)] == [True] * 3


def test_lines_that_keep_the_limits_stay_as_they_are() -> None:
    rows = lines(line("A", 20, 90), line("B", 100, 0))
    assert decided_basket(rows, Limits(minimum_amount=450, minimum_units=90, budget_amount=450)) is None
    assert decided_basket(lines(line("A", 105, 0)), Limits(minimum_amount=450)) is None, "nobody needs anything"


def test_a_minimum_is_reached_by_what_gains_most_from_more() -> None:
    """A has run out, B is nearly full: the rest of the minimum is A's next weeks and B's last units, never one line alone far beyond its level."""
    rows = lines(line("A", 40, 70), line("B", 90, 0, demand_std_units=8.4))
    decided = decided_basket(rows, Limits(minimum_amount=450))
    assert decided is not None
    units = dict(decided.lines.select("sku", "order_quantity_units").rows())
    assert sum(units.values()) * 5 >= 450
    assert units["A"] >= 70
    assert units["B"] > 0
    assert decided.gap_rate <= 0.01
    assert decided.binding == ["supplier minimum"]
    same = decided_basket(rows, Limits(minimum_units=90))
    assert same is not None
    assert same.lines["order_quantity_units"].sum() >= 90


def test_a_minimum_that_costs_more_than_it_saves_is_waited_for() -> None:
    decided = decided_basket(lines(line("A", 100, 10)), Limits(minimum_amount=5000))
    assert decided is not None
    assert decided.lines.is_empty()


def test_a_budget_is_spent_where_it_saves_most() -> None:
    empty, low = line("A", 0, 110), line("B", 60, 50)
    decided = decided_basket(lines(empty, low), Limits(budget_amount=400))
    assert decided is not None
    units = dict(decided.lines.select("sku", "order_quantity_units").rows())
    assert sum(units.values()) * 5 <= 400
    assert units["A"] > 60, "what has run out comes before what still lasts"


def test_a_container_that_is_paid_for_is_filled_as_far_as_that_is_worth_it() -> None:
    decided = decided_basket(lines(line("A", 20, 90), line("B", 95, 0)), Limits(container_volume=1.0, container_amount=20))
    assert decided is not None
    assert decided.containers == 1
    assert dict(decided.lines.select("sku", "order_quantity_units").rows())["A"] >= 80
    assert (decided.lines["order_quantity_units"] * 0.01).sum() <= 1.0
