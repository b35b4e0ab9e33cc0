"""What is no single product's: said once, with what was done instead."""

from typing import Any

import polars as pl
import pytest

from tests.decisions.house import decided, house, term


def order(**planning: Any) -> dict[str, pl.DataFrame]:
    """A and B want 7 a week for 5 euros each."""
    weekly = {("A", "DC"): 7.0, ("B", "DC"): 7.0}
    costs = [{"sku": sku, "unit_cost_amount": "5", "origin": "product_costs"} for sku in ("A", "B")]
    return decided(house(weekly, dict.fromkeys(weekly, 3), supplier_terms=[term("A"), term("B")], unit_costs=costs), **planning)


def listed(frames: dict[str, pl.DataFrame], kind: str) -> list[tuple[str, str, str, str]]:
    return frames["order_exceptions"].filter(pl.col("kind") == kind).select("sku", "about", "reason", "treatment").rows()


@pytest.mark.parametrize("aim", ["cycle_service_level", "unit_fill_rate", "cost"])
def test_a_budget_bears_on_every_aim_and_is_named_where_it_is_not_kept(aim: str) -> None:
    asked = order(aim=aim)["safety_stock"]
    spent = 5 * asked["mean_stock_units"].sum()
    assert listed(order(aim=aim, budget_amount=spent + 1), "budget") == []
    frames = order(aim=aim, budget_amount=0.8 * spent)
    ((sku, about, reason, treatment),) = listed(frames, "budget")
    assert (sku, about) == ("all", "budget_amount")
    assert reason == f"the levels asked for bind {spent:,.0f} EUR on average, the budget is {0.8 * spent:,.0f}"
    kept = frames["safety_stock"]
    assert treatment.endswith(f"{5 * kept['mean_stock_units'].sum():,.0f} are bound")
    assert 0 < 5 * kept["mean_stock_units"].sum() <= 0.8 * spent and kept["capital_dearer_rate"].min() > 1
    ((*_, treatment),) = listed(order(aim=aim, budget_amount=1.0), "budget")
    assert treatment.startswith("the budget is not kept: the least that levels can bind is ")
