"""Small frames for the tests of models: ledgers by hand, weekly histories, levels' inputs."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from hypothesis import settings

CUTOFF = date(2026, 3, 1)
QUICK = settings(derandomize=True, deadline=None, max_examples=25)

ORDERS = {
    "channel": pl.String, "order_id": pl.String, "order_kind": pl.String, "business_date": pl.Date,
    "ordered_at": pl.Datetime("us", "UTC"), "is_test": pl.Boolean,
    "payment_status": pl.String, "cancelled_by": pl.String, "location_id": pl.String,
}  # fmt: skip
LINES = {
    "channel": pl.String, "order_id": pl.String, "line_number": pl.Int64, "sku": pl.String, "ordered_units": pl.Int64,
    "cancelled_units": pl.Int64, "unit_price_amount": pl.Decimal(18, 4), "discount_amount": pl.Decimal(18, 4), "is_goods": pl.Boolean,
    "is_gift_card": pl.Boolean,
}  # fmt: skip
BUNDLES = {"bundle_sku": pl.String, "component_sku": pl.String, "component_units": pl.Int64}
STOCK = {
    "sku": pl.String, "location_id": pl.String, "observed_at": pl.Datetime("us", "UTC"), "on_hand_units": pl.Int64,
    "available_units": pl.Int64,
}  # fmt: skip
PROMOTIONS = {"sku": pl.String, "start_date": pl.Date, "end_date": pl.Date}
HIDDEN = {"sku": pl.String, "location_id": pl.String, "channel": pl.String, "demand_date": pl.Date, "hidden_rate": pl.Float64}
DEMAND = {
    "sku": pl.String, "location_id": pl.String, "channel": pl.String, "demand_date": pl.Date, "demand_units": pl.Int64,
    "seen_rate": pl.Float64,
    "is_censored": pl.Boolean,
}  # fmt: skip
WEEKLY = {"sku": pl.String, "location_id": pl.String, "week": pl.Int64, "units": pl.Float64, "seen_days": pl.Float64}


def frame(schema: dict[str, Any], rows: Sequence[Any] = ()) -> pl.DataFrame:
    """Rows as dicts (what is left out is null) or tuples, in the types of `schema`."""
    return pl.DataFrame(rows, schema=schema, orient=None if rows and isinstance(rows[0], dict) else "row")


def day(back: int) -> date:
    """The day so many days before the cutoff."""
    return CUTOFF - timedelta(days=back)


def order(order_id: str, **facts: Any) -> dict[str, Any]:
    """A paid sale of the web shop a week ago."""
    usual = {"channel": "web", "order_kind": "sale", "business_date": day(7), "is_test": False, "payment_status": "paid"}
    return usual | {"order_id": order_id} | facts


def line(order_id: str, sku: str | None, units: int, **facts: Any) -> dict[str, Any]:
    """A line of goods at a price."""
    usual = {
        "channel": "web",
        "line_number": 1,
        "cancelled_units": 0,
        "unit_price_amount": 5,
        "discount_amount": 0,
        "is_goods": True,
        "is_gift_card": False,
    }
    return usual | {"order_id": order_id, "sku": sku, "ordered_units": units} | facts


def weekly_of(series: Sequence[Sequence[float] | np.ndarray], seen: Sequence[Sequence[int]] | None = None) -> pl.DataFrame:
    """Weekly history of series S000, S001 … at location L, oldest week first; fully seen unless `seen` says otherwise."""
    rows = [
        (f"S{i:03}", "L", k - len(y) + 1, int(units), 7 if seen is None else seen[i][k])
        for i, y in enumerate(series)
        for k, units in enumerate(y)
    ]
    return frame(WEEKLY, rows)


def series_of(weekly: pl.DataFrame, demand_class: str = "smooth", discontinued: dict[str, date] | None = None) -> pl.DataFrame:
    """Series of a weekly history, all of one class and category, without dates but the last on sale."""
    names = weekly.select("sku", "location_id").unique().sort("sku")
    ends = pl.Series("discontinued_date", [(discontinued or {}).get(sku) for sku in names["sku"]], dtype=pl.Date)
    facts = {"demand_class": demand_class, "category": "c", "brand": "b", "supplier_id": None, "country_code": "DE"}
    dates = {"launched_date": pl.lit(None, pl.Date), "last_demand_date": pl.lit(CUTOFF)}
    return names.with_columns(ends, **{name: pl.lit(value, pl.String) for name, value in facts.items()}, **dates)
