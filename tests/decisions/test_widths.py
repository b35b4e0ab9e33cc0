"""Widths of decisions by costs: learnt of what was kept of past forecasts, by volume, and for costs alone."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from models.forecast.boosting import QUANTILES
from models.past_forecasts import LEVELS
from pipelines.channels.mapping import Config
from pipelines.contracts import table
from pipelines.decisions import Inputs, widths, widths_are_due
from tests.decisions.house import CUTOFF, decided, house, term

N, WEEKS, MEAN = 12, 14, 40.0
SKUS = [f"S{i:02}" for i in range(N)]
FEED = {"name": "stock", "table": "stock_levels", "files": "*.csv",
        "columns": {name: name for name in ("location_id", "sku", "observed_at", "on_hand_units")}}  # fmt: skip


def config(**planning: Any) -> Config:
    return Config.model_validate({"merchant": {"name": "tiny"}, "planning": planning, "feed": [FEED]})


def inputs() -> Inputs:
    weekly = {(sku, "DC"): MEAN for sku in SKUS}
    costs = [{"sku": sku, "unit_cost_amount": "5", "origin": "product_costs"} for sku in SKUS]
    return house(weekly, dict.fromkeys(weekly, 50), supplier_terms=[term(sku) for sku in SKUS], unit_costs=costs)


def history(factor: float, last: date = CUTOFF - timedelta(days=7), seen: float = 1.0) -> pl.DataFrame:
    """Weeks of normal demand with a spread of a fifth of its mean, and forecasts that say `factor` times that."""
    rng = np.random.default_rng(0)
    said = np.maximum(MEAN + factor * MEAN / 5 * stats.norm.ppf(QUANTILES), 0)
    rows = [
        {"sku": sku, "location_id": "DC", "cutoff_date": last - timedelta(days=7 * back), "horizon": horizon, "mean_units": MEAN,
         "actual_units": max(rng.normal(MEAN, MEAN / 5), 0) if horizon == 1 and rng.random() < seen else None, **dict(zip(LEVELS, said, strict=True))}
        for sku in SKUS for back in range(WEEKS) for horizon in range(1, 5)
    ]  # fmt: skip
    return table("forecast_history").conform(pl.DataFrame(rows, infer_schema_length=None))


@pytest.mark.parametrize(("factor", "low", "high"), [(2.5, 0.4, 0.7), (0.5, 1.2, 1.45)])
def test_forecasts_too_wide_or_too_narrow_are_taken_as_costs_would_have_been_least(factor: float, low: float, high: float):
    found = widths(inputs(), history(factor), config(aim="cost"), CUTOFF)
    learnt = dict(found.select("volume_class", "width").rows())
    assert low <= learnt["fast"] <= high and learnt["slow"] == learnt["usual"] == 1
    assert dict(found.select("volume_class", "series").rows()) == {"slow": 0, "usual": 0, "fast": N}
    assert found["weeks"].unique().to_list() == [WEEKS]


def test_nothing_after_the_cutoff_is_looked_at_and_too_short_a_past_teaches_nothing():
    known, later = history(2.5), history(0.2, CUTOFF + timedelta(days=7 * WEEKS))
    leaking = pl.concat([known, later])
    assert widths(inputs(), leaking, config(aim="cost"), CUTOFF).equals(widths(inputs(), known, config(aim="cost"), CUTOFF))
    young = known.filter(pl.col("cutoff_date") > CUTOFF - timedelta(days=7 * 7 + 1))
    assert widths(inputs(), young, config(aim="cost"), CUTOFF).is_empty()
    gap = known.filter(pl.col("cutoff_date") != CUTOFF - timedelta(days=7 * 5))
    assert widths(inputs(), gap, config(aim="cost"), CUTOFF).is_empty(), (
        "weeks before a gap are not played as if they were next to it"
    )


def test_services_keep_a_width_of_one():
    learnt = widths(inputs(), history(2.5), config(aim="cost"), CUTOFF)
    assert widths(inputs(), history(2.5), config(), CUTOFF).is_empty()
    told, untold = replace(inputs(), widths=learnt), inputs()
    by_cost, plain = (decided(one, aim="cost") for one in (told, untold))
    reasons = by_cost["reorder_suggestions"].filter(pl.col("order_quantity_units") > 0)["reason"]
    by_cost, plain = by_cost["safety_stock"], plain["safety_stock"]
    assert by_cost["width"].unique().to_list() == [learnt.sort("least_units")["width"][2]]
    assert (by_cost["order_up_to_level_units"] < plain["order_up_to_level_units"]).all()
    served = decided(told, aim="cycle_service_level")["safety_stock"]
    assert served.equals(decided(untold, aim="cycle_service_level")["safety_stock"]) and served["width"].unique().to_list() == [1]
    assert reasons.str.contains("times as wide as past errors").all() and len(reasons)


def test_widths_are_learnt_once_a_week_and_go_with_the_aim():
    learnt = widths(inputs(), history(2.5), config(aim="cost"), CUTOFF)
    costs, service = config(aim="cost").planning, config().planning
    assert widths_are_due(learnt.clear(), costs, CUTOFF) and not widths_are_due(learnt, costs, CUTOFF + timedelta(days=6))
    assert widths_are_due(learnt, costs, CUTOFF + timedelta(days=7))
    assert not widths_are_due(learnt.clear(), service, CUTOFF) and widths_are_due(learnt, service, CUTOFF)
