"""A tiny merchant's decisions: stock, terms and a level forecast by hand, decided by the real thing. Not here: what must follow."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from scipy import stats

from pipelines.channels.mapping import Config
from pipelines.contracts import table
from pipelines.decisions import Inputs, decide
from pipelines.ledger.reference import countries

CUTOFF, AS_OF = date(2026, 3, 1), datetime(2026, 3, 2, 6, tzinfo=UTC)
WEEKS, QUANTILES = 13, (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
Rows = list[dict[str, Any]]


def rows(name: str, given: Rows, **usual: Any) -> pl.DataFrame:
    contract = table(name)
    return contract.conform(pl.DataFrame([usual | row for row in given], infer_schema_length=None)) if given else contract.empty()


def house(weekly: dict[tuple[str, str], float], stock: dict[tuple[str, str], int], **tables: Rows) -> Inputs:
    """Inputs of series with a Poisson forecast of so many a week, and with so many on the shelf; other ledger tables by name."""
    forecast = [
        {"sku": sku, "location_id": place, "cutoff_date": CUTOFF, "horizon": week, "mean_units": mean, "model": "own", "week_correlation": 0.0}
        for (sku, place), mean in weekly.items() for week in range(1, WEEKS + 1)
    ]  # fmt: skip
    quantiles = [
        row | {"quantile": q, "forecast_units": float(stats.poisson.ppf(q, row["mean_units"]))}
        for row in forecast
        for q in QUANTILES
    ]
    shelves = [
        {"sku": sku, "location_id": place, "on_hand_units": units, "available_units": max(units, 0), "backordered_units": 0, "on_order_units": 0}
        for (sku, place), units in stock.items()
    ]  # fmt: skip
    supply = {"decision_id": pl.String, "kind": pl.String, "sku": pl.String, "location_id": pl.String, "from_location_id": pl.String,
              "quantity_units": pl.Int64, "state": pl.String, "changed_at": pl.Datetime("us", "UTC")}  # fmt: skip
    lead_times = {"purchase_order_id": pl.String, "sku": pl.String, "location_id": pl.String, "supplier_id": pl.String,
                  "ordered_at": pl.Datetime("us", "UTC"), "days": pl.Float64, "share": pl.Float64, "is_open": pl.Boolean, "problem": pl.String}  # fmt: skip
    series = [{"sku": sku, "location_id": place, "has_stock_figures": True, "demand_class": "smooth"} for sku, place in weekly]
    known = {
        name: rows(name, tables.get(name, []))
        for name in ("supplier_terms", "unit_costs", "products", "locations", "suppliers", "fx_rates")
    }
    line = {"purchase_order_id": "P1", "supplier_id": "ACME", "is_shipped": False, "received_units": None, "expected_at": None}
    open_lines = pl.DataFrame(
        [line | one for one in tables.get("open_lines", [])],
        schema={"purchase_order_id": pl.String, "sku": pl.String, "location_id": pl.String, "supplier_id": pl.String, "due_in_days": pl.Int64,
                "open_units": pl.Int64, "is_shipped": pl.Boolean, "received_units": pl.Int64, "expected_at": pl.Datetime("us", "UTC"),
                "ordered_at": pl.Datetime("us", "UTC")},
    )  # fmt: skip
    empty = {name: table(name).empty() for name in ("fulfilment_lines", "orders", "bundles", "demand", "product_classes")}
    spreads = table("forecast_spreads").empty()
    prices = pl.DataFrame(schema={"sku": pl.String, "price_amount": pl.Float64})
    return Inputs(
        series=rows("demand_series", series), means=rows("forecast_means", forecast), quantiles=rows("forecasts", quantiles),
        position=rows("inventory_position", shelves), supply=pl.DataFrame(tables.get("supply", []), schema=supply), countries=countries(),
        observed_lead_times=pl.DataFrame(schema=lead_times), as_of=AS_OF, prices=prices, spreads=spreads,
        widths=table("decision_widths").empty(), open_lines=open_lines,
        previous=table("reorder_suggestions").empty(), **known, **empty,
    )  # fmt: skip


def decided(inputs: Inputs, **planning: Any) -> dict[str, pl.DataFrame]:
    feed = {"name": "stock", "table": "stock_levels", "files": "*.csv",
            "columns": {name: name for name in ("location_id", "sku", "observed_at", "on_hand_units")}}  # fmt: skip
    config = Config.model_validate({"merchant": {"name": "tiny"}, "planning": planning, "feed": [feed]})
    return decide(inputs, config, "v", CUTOFF)


def term(sku: str, **terms: Any) -> dict[str, Any]:
    """Ten days from ACME, weekly, one by one, for 5 euros."""
    usual = {"supplier_id": "ACME", "priority": 1, "lead_time_days": 10.0, "lead_time_std_days": 0.0, "review_period_days": 7.0}
    return usual | {"unit_cost_amount": "5", "currency_code": "EUR", "moq_units": 1, "case_pack_units": 1, "sku": sku} | terms


__all__ = ["AS_OF", "CUTOFF", "decided", "house", "replace", "rows", "term"]
