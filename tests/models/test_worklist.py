"""A planner's list: money at risk by the textbook and by drawing, exceptions first, effects of an edit, baskets, what-if."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

from models.safety_stock import wanted
from models.worklist import WhatIf, _within, baskets, ranked, what_if, with_effects, with_risk

TODAY = date(2026, 3, 2)
BASE: dict[str, Any] = {
    "sku": "A", "location_id": "DC", "supplier_id": "ACME", "mean_demand_units": 20.0, "lead_time_days": 7.0, "lead_time_std_days": 2.0,
    "review_period_days": 7.0, "at_risk_amount": 20.0, "inventory_position_units": 20, "moq_units": 6, "case_pack_units": 6,
    "unit_cost_amount": Decimal("4.0000"), "price_amount": 10.0, "stock_out_date": date(2026, 4, 1), "position_out_date": date(2026, 4, 1),
    "expected_lost_units": 0.0,    "late_units": 0, "quantity_units": 12, "mean_stock_units": 3.0,
    "unit_volume_m3": 0.1, "unit_weight_kg": None, "price_break_units": None, "price_break_cost_amount": None, "order_by_at": None, "downstream_days": 0.0,
    "order_quantity_units": 12, "sku_quantity_units": 12,
    "policy": "R,S", "aim": "cycle_service_level", "target_rate": 0.95, "width": 1.0, "order_exception": "", "data_exception": "",
}  # fmt: skip


def rows(*changes: dict[str, Any]) -> pl.DataFrame:
    types = {"unit_cost_amount": pl.Decimal(18, 4), "inventory_position_units": pl.Int64, "supplier_id": pl.String,
             "price_break_units": pl.Int64, "unit_weight_kg": pl.Float64,
             "price_break_cost_amount": pl.Decimal(18, 4), "order_by_at": pl.Datetime("us", "UTC")}  # fmt: skip
    return pl.DataFrame([BASE | change for change in changes], schema_overrides=types)


def test_money_at_risk_is_expected_shortage_at_its_price() -> None:
    """Nothing more than what demand and what is owed would sell for, however uncertain demand is."""
    asked = rows({"sku": "A"}, {"sku": "B", "price_amount": None}, {"sku": "C"}, {"sku": "D"}).with_columns(
        inventory_position_units=pl.Series([17, 0, -3, None]), aim=pl.lit("cycle_service_level"), target_rate=pl.lit(0.95)
    )
    weeks = means("A", "B", "C", "D")
    wide = weeks.join(pl.DataFrame({"quantile": [0.1, 0.5, 0.9], "forecast_units": [0.0, 6.0, 28.0]}), how="cross")
    known = wanted(asked, weeks, wide)
    drawn = known.interval.interval_units  # type: ignore[attr-defined]
    mean = drawn.mean(axis=1)
    found = with_risk(asked, known)["at_risk_amount"].to_list()
    assert found[0] == pytest.approx(np.maximum(drawn[0] - 17, 0).mean() * 10, rel=1e-6)
    assert found[1] == pytest.approx(mean[1] * 4, rel=1e-6), "at cost where no price is known"
    assert found[2] == pytest.approx((mean[2] + 3) * 10, rel=1e-6)
    assert found[3] is None


def test_exceptions_come_first_and_each_says_what_it_is() -> None:
    found = ranked(
        rows(
            {"sku": "A"}, {"sku": "B", "at_risk_amount": 60.0}, {"sku": "C", "inventory_position_units": None}, {"sku": "D", "supplier_id": None},
            {"sku": "E", "unit_cost_amount": None}, {"sku": "F", "position_out_date": date(2026, 3, 5)}, {"sku": "G", "moq_units": 1000},
        ),
        TODAY,
    )  # fmt: skip
    said = dict(found.select("sku", "exception").rows())
    assert said == {
        "A": None, "B": None, "C": "stock is unknown", "D": "no supplier", "E": "cost is unknown", "F": "runs out before it can arrive",
        "G": "MOQ is more than a year's demand",
    }  # fmt: skip
    assert found["sku"].to_list()[-2:] == ["B", "A"]


def test_all_that_a_person_has_to_know_is_said() -> None:
    too_late = {"position_out_date": date(2026, 3, 5)}
    found = ranked(
        rows(
            {"sku": "A"}, {"sku": "B", "order_exception": "MOQ is two years' demand"}, too_late | {"sku": "C", "data_exception": "stock of -7 is reported"},
            {"sku": "D", "order_quantity_units": 0, "quantity_units": 0},
            too_late | {"sku": "E", "order_quantity_units": 0, "sku_quantity_units": 3, "quantity_units": 0},
            {"sku": "F", "unit_cost_amount": None, "data_exception": "its cost is 0"}, {"sku": "G", "order_quantity_units": 0, "sku_quantity_units": 0},
        ),
        TODAY,
    )  # fmt: skip
    assert dict(found.select("sku", "exception").rows()) == {
        "A": None, "B": "MOQ is two years' demand", "C": "runs out before it can arrive; stock of -7 is reported",
        "D": "waits for the supplier's order", "E": "waits for the supplier's order; runs out before it can arrive", "F": "its cost is 0", "G": None,
    }  # fmt: skip


def test_an_edit_changes_cost_cover_and_arrival_at_once() -> None:
    one = with_effects(rows({"quantity_units": 18}), TODAY).row(0, named=True)
    assert one["amount"] == Decimal("72.0000")
    assert one["cover_after_days"] == pytest.approx((20 + 18) / (20 / 14))
    assert (one["arrival_date"], one["arrival_late_date"], one["remark"]) == (date(2026, 3, 9), date(2026, 3, 13), None)
    assert with_effects(rows({"quantity_units": 3}), TODAY)["remark"][0] == "below the MOQ of 6"
    assert with_effects(rows({"quantity_units": 13}), TODAY)["remark"][0] == "not whole case packs of 6"
    assert with_effects(rows({"mean_demand_units": 0.0}), TODAY)["cover_after_days"][0] is None


def test_a_basket_sums_its_lines_against_the_suppliers_minimum() -> None:
    lines = with_effects(
        ranked(
            rows(
                {"sku": "A"},
                {"sku": "B", "quantity_units": 6},
                {"sku": "C", "supplier_id": "BOB"},
                {"sku": "D", "quantity_units": 0},
            ),
            TODAY,
        ),
        TODAY,
    )
    limits = pl.DataFrame(
        {
            "supplier_id": ["ACME"],
            "supplier_name": ["Acme"],
            "order_minimum_amount": [Decimal("100")],
            "order_minimum_units": 20,
            "order_fixed_amount": [Decimal("15")],
            "container_amount": [Decimal("20")],
            "container_volume_m3": 0.7,
            "container_weight_kg": None,
        },
        schema_overrides=dict.fromkeys(("order_minimum_amount", "order_fixed_amount", "container_amount"), pl.Decimal(18, 4))
        | {"container_weight_kg": pl.Float64},
    )
    nothing = pl.DataFrame(schema={"supplier_id": pl.String, "quantity_units": pl.Int64, "amount": pl.Decimal(18, 4)})
    found = {row["supplier_id"]: row for row in baskets(lines, limits, nothing).to_dicts()}
    assert (found["ACME"]["lines"], found["ACME"]["units"], found["ACME"]["amount"]) == (2, 18, Decimal("72"))
    assert found["ACME"]["lacking_amount"] == Decimal("28")
    assert (found["ACME"]["landed_amount"], found["BOB"]["landed_amount"]) == (Decimal(72 + 15 + 3 * 20), found["BOB"]["amount"])
    assert found["BOB"]["lacking_amount"] is None
    assert (found["ACME"]["volume_m3"], found["ACME"]["containers"], found["ACME"]["lacking_units"]) == (pytest.approx(1.8), 3, 2)
    assert (found["BOB"]["volume_m3"], found["BOB"]["containers"], found["BOB"]["lacking_units"]) == (
        pytest.approx(1.2),
        None,
        None,
    )
    decided = nothing.vstack(
        pl.DataFrame({"supplier_id": ["ACME", "ACME"], "quantity_units": [1, 5], "amount": ["3", "20"]}).cast(nothing.schema)
    )
    left = baskets(lines, limits, decided).filter(pl.col("supplier_id") == "ACME").row(0, named=True)
    assert (left["lacking_amount"], left["lacking_units"], left["amount"]) == (Decimal("5"), 0, Decimal("72")), (
        "what is approved counts"
    )


NO_STOCK = pl.DataFrame(schema={"sku": pl.String, "location_id": pl.String, "days": pl.Int64, "units": pl.Int64})


def means(*skus: str) -> pl.DataFrame:
    weeks = pl.DataFrame({"sku": skus, "location_id": "DC", "mean_units": 10.0, "week_correlation": 0.3})
    return weeks.join(pl.DataFrame({"horizon": range(1, 9)}), how="cross")


def test_another_service_level_lead_time_and_budget_decide_anew() -> None:
    aim = {"aim": "cycle_service_level", "target_rate": 0.95, "holding_rate": 0.2, "shortage_amount": 6.0}
    stock = aim | {"available_units": 5, "on_order_units": 0, "decided_units": 0, "transfer_units": 0, "backordered_units": 0}
    plan = rows(stock | {"sku": "A"}, stock | {"sku": "B", "price_amount": 50.0})
    weeks = means("A", "B")
    quantiles = weeks.join(pl.DataFrame({"quantile": [0.1, 0.5, 0.9], "forecast_units": [6.0, 10.0, 14.0]}), how="cross")
    forecast = weeks, quantiles, NO_STOCK, NO_STOCK
    usual = what_if(plan, *forecast, WhatIf())
    safer = what_if(plan, *forecast, WhatIf(0.99))
    later = what_if(plan, *forecast, WhatIf(lead_time_rate=2.0))
    assert (usual["quantity_units"] > 0).all()
    assert (safer["reorder_point_units"] > usual["reorder_point_units"]).all()
    assert later["mean_demand_units"].to_list() == pytest.approx([30.0, 30.0])
    ends = plan.with_columns(
        policy=pl.lit("newsvendor"), aim=pl.lit("cost"), target_rate=pl.lit(None, pl.Float64), left_amount=pl.lit(4.0)
    )
    assert what_if(ends, *forecast, WhatIf(0.99))["aim"].to_list() == ["cost", "cost"], (
        "what ends is ordered by costs, whatever is asked for"
    )
    one = float(usual.filter(pl.col("sku") == "B")["quantity_units"][0] * 4)
    bought = dict(what_if(plan, *forecast, WhatIf(spend_amount=one)).select("sku", "quantity_units").rows())
    assert bought["A"] == 0
    assert bought["B"] > 0, "the same order saves more of what sells for more"


def test_spending_goes_on_after_a_line_that_does_not_fit() -> None:
    lines = [("A", 5, 100.0), ("B", 30, 90.0), ("C", 10, 20.0), ("D", None, 10.0), ("E", 12, 1.0)]
    plan = pl.concat([rows({"sku": sku, "quantity_units": units}) for sku, units, _ in lines], how="vertical_relaxed")
    plan = plan.with_columns(at_risk_amount=pl.Series([risk for *_, risk in lines]))
    assert _within(plan, 70.0)["quantity_units"].to_list() == [5, 0, 10, None, 0]
    assert _within(plan, 110.0)["quantity_units"].to_list() == [5, 0, 10, None, 12]
    assert _within(plan, 0.0)["quantity_units"].to_list() == [0, 0, 0, None, 0]


def test_a_location_that_supplies_others_keeps_its_levels() -> None:
    stock = {
        "available_units": 5,
        "on_order_units": 0,
        "decided_units": 0,
        "transfer_units": 0,
        "backordered_units": 0,
        "holding_rate": 0.2,
    }
    plan = rows(
        stock | {"sku": "A"}, stock | {"sku": "B", "downstream_days": 10.0, "order_up_to_level_units": 77, "quantity_units": 40}
    )
    weeks = means("A", "B")
    quantiles = weeks.join(pl.DataFrame({"quantile": [0.1, 0.5, 0.9], "forecast_units": [6.0, 10.0, 14.0]}), how="cross")
    found = what_if(plan, weeks, quantiles, NO_STOCK, NO_STOCK, WhatIf(0.99)).filter(pl.col("sku") == "B").row(0, named=True)
    assert (found["order_up_to_level_units"], found["quantity_units"]) == (77, 40)
