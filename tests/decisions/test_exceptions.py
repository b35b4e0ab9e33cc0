"""Figures that can't be meant: each is listed with what was done instead, and everything else is ordered as if nothing were."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from pipelines.decisions.terms import usable
from tests.decisions.house import AS_OF, decided, house, rows, term

RATE = [{"currency_code": "EUR", "rate_date": AS_OF.date(), "reporting_rate": 1}]


def order(terms: list[dict[str, Any]], stock: int = 3, cost: str | None = "5", **more: Any) -> dict[str, pl.DataFrame]:
    """A wants 7 a week and may be odd; B is a product like any other."""
    costs = [
        {"sku": sku, "unit_cost_amount": amount, "origin": "product_costs"}
        for sku, amount in (("A", cost), ("B", "5"))
        if amount is not None
    ]
    inputs = house(
        {("A", "DC"): 7.0, ("B", "DC"): 7.0}, {("A", "DC"): stock, ("B", "DC"): 3}, supplier_terms=[*terms, term("B")], unit_costs=costs,
        fx_rates=RATE, **more,
    )  # fmt: skip
    return decided(inputs)


def listed(frames: dict[str, pl.DataFrame]) -> dict[str, dict[str, Any]]:
    """Exceptions by kind, all of them A's; B is ordered as ever."""
    found = frames["order_exceptions"]
    assert set(found["sku"]) <= {"A"}
    plain = suggestion(frames, "B")
    assert plain["order_quantity_units"] > 0
    assert plain["data_exception"] == ""
    return {row["kind"]: row for row in found.iter_rows(named=True)}


def suggestion(frames: dict[str, pl.DataFrame], sku: str = "A") -> dict[str, Any]:
    return frames["reorder_suggestions"].filter(pl.col("sku") == sku).row(0, named=True)


def test_nothing_is_listed_where_nothing_is_wrong() -> None:
    assert listed(order([term("A")])) == {}


def test_no_supplier_terms() -> None:
    frames = order([])
    assert listed(frames)["no supplier terms"]["treatment"] == "lead time 14 days and review period 7 days are assumed"
    row = suggestion(frames)
    assert row["order_quantity_units"] > 0
    assert row["data_exception"] == "no supplier says how to order it"


@pytest.mark.parametrize(("days", "tail"), [(0.0, ""), (-3.0, ""), (4000.0, ", more than 365")])
def test_a_lead_time_that_cannot_be_meant_is_that_of_the_suppliers_other_goods(days: float, tail: str) -> None:
    frames = order([term("A", lead_time_days=days)])
    found = listed(frames)["lead time"]
    assert (found["reason"], found["about"]) == (f"ACME states a lead time of {days:g} days{tail}", "ACME")
    assert suggestion(frames)["lead_time_days"] == 10.0
    assert "lead time 10 days" in suggestion(frames)["assumptions"]
    assert suggestion(frames)["order_quantity_units"] > 0


@pytest.mark.parametrize(("days", "taken"), [(0.0, 14.0), (4000.0, 365.0)])
def test_where_a_supplier_has_no_other_goods_the_usual_default_or_the_limit_counts(days: float, taken: float) -> None:
    frames = order([term("A", supplier_id="BOLT", lead_time_days=days)])
    assert listed(frames)["lead time"]["treatment"] == f"{taken:g} days are used"
    assert f"lead time {taken:g} days" in suggestion(frames)["assumptions"]


def test_the_docstrings_example_of_usable_terms() -> None:
    skus, days = ["JUG", "PAN", "BOX", "CUP", "POT", "LID"], [20.0, 30.0, 40.0, 0.0, 4000.0, None]
    terms = rows("supplier_terms", [term(sku, lead_time_days=one) for sku, one in zip(skus, days, strict=True)])
    for found in (usable(terms), usable(usable(terms))):
        taken = {
            sku: (one, is_assumed)
            for sku, one, is_assumed in found.select("sku", "lead_time_days", "is_lead_time_assumed").rows()
        }
        assert [taken[sku] for sku in ("CUP", "POT", "LID")] == [(30, True), (40, True), (30, True)]
        assert taken["BOX"] == (40, False)


def test_a_review_period_and_a_spread_that_cannot_be_meant() -> None:
    frames = order([term("A", review_period_days=4000.0, lead_time_std_days=9000.0)])
    found = listed(frames)
    assert found["review period"]["treatment"] == "7 days are used"
    assert found["lead time spread"]["reason"] == "ACME states a lead time spread of 9000 days, more than 365"
    assert suggestion(frames)["lead_time_std_days"] == 3


def test_an_moq_above_two_years_demand() -> None:
    frames = order([term("A", moq_units=800)], stock=0)
    assert listed(frames)["quantity"]["treatment"] == "nothing is ordered"
    assert "two years' demand" in suggestion(frames)["data_exception"]
    full = order([term("A", moq_units=10_000)], stock=500)
    assert listed(full)["quantity"]["treatment"] == "nothing will be ordered when it is needed"


@pytest.mark.parametrize(("cost", "reason"), [("0", "its cost is 0.0000"), (None, "its cost is unknown")])
def test_a_cost_of_zero_or_none(cost: str | None, reason: str) -> None:
    frames = order([term("A", unit_cost_amount=None)], cost=cost)
    assert listed(frames)["cost"]["reason"] == reason
    assert suggestion(frames)["order_amount"] is None
    assert suggestion(frames)["order_quantity_units"] > 0


@pytest.mark.parametrize("stated", ["0", "-3"])
def test_a_suppliers_cost_of_zero_or_below_gives_way_to_the_products_own(stated: str) -> None:
    frames = order([term("A", unit_cost_amount=stated, price_break_units=10, price_break_cost_amount="-1")])
    found = listed(frames)["cost"]
    assert (found["about"], found["reason"]) == ("ACME", f"ACME states a cost of {float(stated)}")
    assert suggestion(frames)["unit_cost_amount"] == 5 and suggestion(frames)["price_break_cost_amount"] is None


def test_stock_below_zero_counts_as_none() -> None:
    frames = order([term("A")], stock=-4)
    assert listed(frames)["stock below zero"]["reason"] == "stock of -4 is reported"
    assert suggestion(frames)["inventory_position_units"] == 0


def test_a_cost_of_a_case_against_a_cost_of_a_piece() -> None:
    frames = order([term("A", unit_cost_amount="60", case_pack_units=12)])
    assert (
        listed(frames)["unit mismatch"]["reason"] == "ACME asks 12 times what the product costs: as if it were for a case of 12"
    )
    assert suggestion(frames)["unit_cost_amount"] == 5
    assert listed(order([term("A", unit_cost_amount="9")])) == {}, "a supplier may be dear"


def test_two_suppliers_of_one_priority() -> None:
    frames = order([term("A"), term("A", supplier_id="BOLT")])
    assert listed(frames)["same priority"]["treatment"] == "ACME is used, the first by name"
    assert suggestion(frames)["supplier_id"] == "ACME"


@pytest.mark.parametrize(("state", "said"), [("approved", "and not sent"), ("sent", "and is on no purchase order")])
def test_a_decision_that_no_purchase_order_shows(state: str, said: str) -> None:
    decision = {"decision_id": "RO-1", "kind": "reorder", "sku": "A", "location_id": "DC", "quantity_units": 5, "state": state}
    old = order([term("A")], supply=[decision | {"changed_at": AS_OF - timedelta(days=9)}])
    assert listed(old)["unmatched decision"]["reason"] == f"RO-1 was {state} 9 days ago {said}"
    assert suggestion(old)["decided_units"] == 5, "it still counts: the same need is never ordered twice"
    assert listed(order([term("A")], supply=[decision | {"changed_at": AS_OF - timedelta(days=3)}])) == {}


def test_many_things_may_be_wrong_at_once() -> None:
    frames = order([term("A", lead_time_days=0.0), term("A", supplier_id="BOLT")], stock=-1, cost=None)
    assert set(listed(frames)) == {"lead time", "same priority", "stock below zero", "cost"}
    assert suggestion(frames)["data_exception"].count("; ") == 3
