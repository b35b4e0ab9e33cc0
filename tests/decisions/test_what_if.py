"""What if against the run: the same settings decide the same, whatever the run moved; a budget and a class's service can be moved."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from models.worklist import WhatIf, what_if
from pipelines.decisions import Inputs, before_moves, of_moved
from tests.decisions.house import AS_OF, decided, house, replace, term

SKUS = "ABCDEF"


def merchant(**settings: Any) -> tuple[Inputs, dict[str, pl.DataFrame]]:
    """Six SKUs of two places; what one of them has too much of goes to the other, and an open order is redirected."""
    weekly = {(sku, place): 2.0 + 3 * at for at, sku in enumerate(SKUS) for place in ("E", "W")}
    stock = {(sku, place): 200 if (sku, place) in (("A", "W"), ("C", "E")) else 5 for sku, place in weekly}
    line = {"sku": "F", "location_id": "W", "due_in_days": 8, "open_units": 400, "ordered_at": AS_OF - timedelta(days=9)}
    costs = [{"sku": sku, "unit_cost_amount": str(5 + at), "origin": "product_costs"} for at, sku in enumerate(SKUS)]
    inputs = house(weekly, stock, supplier_terms=[term(sku) for sku in SKUS], unit_costs=costs, open_lines=[line])
    is_there = (pl.col("sku") == "F") & (pl.col("location_id") == "W")
    coming = inputs.position.with_columns(on_order_units=pl.when(is_there).then(400).otherwise(0))
    inputs = replace(inputs, position=coming)
    return inputs, decided(inputs, **settings)


def anew(made: tuple[Inputs, dict[str, pl.DataFrame]], asked: WhatIf) -> pl.DataFrame:
    inputs, frames = made
    stocks = frames["safety_stock"].select("sku", "location_id", "mean_stock_units")
    rows = frames["reorder_suggestions"].join(stocks, on=["sku", "location_id"])
    rows = rows.with_columns(price_amount=pl.lit(9.0), quantity_units="sku_quantity_units")
    schedule = frames["position_schedule"].rename({"due_days": "days"})
    return what_if(rows, inputs.means, inputs.quantiles, before_moves(schedule), of_moved(schedule), asked)


def bound(levels: pl.DataFrame) -> float:
    costs = pl.col("sku").replace_strict({sku: 5.0 + at for at, sku in enumerate(SKUS)})
    return float(levels.select((pl.col("mean_stock_units") * costs).sum()).item())


@pytest.mark.parametrize("budget", [None, 800.0])
@pytest.mark.parametrize("service_of", ["each", "class"])
@pytest.mark.parametrize("aim", ["cycle_service_level", "unit_fill_rate", "cost"])
def test_with_the_runs_own_settings_it_is_what_the_run_would_order_alone(aim: str, service_of: str, budget: float | None) -> None:
    made = merchant(aim=aim, service_of=service_of, budget_amount=budget)
    assert set(made[1]["position_schedule"]["part"]) >= {"transfer", "redirect"}
    found = anew(made, WhatIf(budget_amount=budget, is_together=service_of == "class"))
    assert found["quantity_units"].equals(found["sku_quantity_units"]) and found["quantity_units"].sum() > 0
    if budget is not None:
        assert made[1]["safety_stock"]["capital_dearer_rate"][0] > 1, "the budget bites"


def test_a_budget_and_who_reaches_a_service_can_be_moved() -> None:
    made = merchant()
    usual, less, more = (anew(made, WhatIf(budget_amount=amount)) for amount in (None, 800.0, 1e9))
    assert bound(less) <= 800 < bound(usual) and more["quantity_units"].equals(usual["quantity_units"])
    together = anew(made, WhatIf(is_together=True))
    assert bound(together) < bound(usual), "the same service at less stock"
