"""What is no single product's: said once, with what was done instead."""

from typing import Any

import polars as pl
import pytest

from tests.decisions.house import decided, house, term


def order(tables: dict[str, Any] | None = None, **planning: Any) -> dict[str, pl.DataFrame]:
    """A and B want 7 a week for 5 euros each; `tables` as tests.decisions.house takes them."""
    weekly = {("A", "DC"): 7.0, ("B", "DC"): 7.0}
    costs = [{"sku": sku, "unit_cost_amount": "5", "origin": "product_costs"} for sku in ("A", "B")]
    known = house(weekly, dict.fromkeys(weekly, 3), supplier_terms=[term("A"), term("B")], unit_costs=costs, **(tables or {}))
    frames = decided(known, **planning)
    assert (frames["reorder_suggestions"]["order_quantity_units"] > 0).all(), "the rest goes on"
    return frames


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


def test_what_a_supplier_asks_and_cannot_mean_is_as_if_it_did_not() -> None:
    asked = {
        "supplier_id": "ACME",
        "order_minimum_amount": "-50",
        "order_budget_amount": "0",
        "order_fixed_amount": "0",
        "currency_code": "EUR",
    }
    frames = order({"suppliers": [asked]})
    assert listed(frames, "supplier limit") == [
        ("all", "ACME order_minimum_amount", "ACME states order minimum -50", "as if none were given"),
        ("all", "ACME order_budget_amount", "ACME states order budget 0", "as if none were given"),
    ]
    assert frames["supplier_limits"].select("order_minimum_amount", "order_budget_amount").row(0) == (None, None)


def test_a_clock_that_nobody_knows_is_named_where_it_counts() -> None:
    supplier = {"supplier_id": "ACME", "order_days": "mon", "time_zone": "Mars/Base"}
    frames = order({"suppliers": [supplier]})
    assert [row[:3] for row in listed(frames, "supplier clock")] == [("all", "ACME", "ACME's time zone Mars/Base is not known")]
    assert frames["reorder_suggestions"]["order_by"][0].endswith("(UTC)")
    assert listed(order({"suppliers": [supplier | {"time_zone": "Europe/Lisbon"}]}), "supplier clock") == []
    assert listed(order({"suppliers": [supplier | {"order_days": None}]}), "supplier clock") == []


def test_costs_of_a_category_that_no_product_is_of() -> None:
    products = [{"sku": "A", "category": "Coffee"}, {"sku": "B", "category": "Tea"}]
    frames = order(
        {"products": products}, category=[{"name": "Cofee", "holding_rate": 0.5}, {"name": "Tea", "holding_rate": 0.3}]
    )
    ((_, about, reason, treatment),) = listed(frames, "category")
    assert (about, reason) == ("Cofee", "no product is of the category Cofee of [[planning.category]]")
    assert treatment == "its costs bear on nothing; perhaps Coffee is meant"


def test_a_way_of_ten_years_is_not_believed() -> None:
    shop = {"location_id": "SHOP", "supplied_by_location_id": "DC", "supply_lead_time_days": 4000.0}
    frames = order({"locations": [shop]})
    ((_, about, reason, treatment),) = listed(frames, "supplied by")
    assert (about, reason, treatment) == (
        "supply_lead_time_days",
        "SHOP states a supply lead time of 4000 days, more than 365",
        "the default is used",
    )
