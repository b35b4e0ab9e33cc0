"""Small ledgers made by hand, and a mart run over them inside DuckDB."""

import atexit
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
import narwhals as nw
import polars as pl

from pipelines.contracts import table
from pipelines.warehouse.duckdb import connect, sql_type

DAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLAIN: dict[str, dict[str, Any]] = {
    "orders": {
        "channel": "shop", "order_kind": "sale", "ordered_at": DAY, "business_date": DAY.date(), "currency_code": "EUR", "is_test": False,
        "is_expedited": False, "is_gift": False, "is_customised": False, "has_note": False, "is_cancelled": False, "payment_status": "paid",
        "gross_amount": 0, "discount_amount": 0, "shipping_amount": 0, "tax_amount": 0, "total_amount": 0, "is_balanced": True, "is_incomplete": False,
    },
    "order_lines": {
        "channel": "shop", "line_number": 1, "sku": "A", "line_at": DAY, "ordered_units": 1, "cancelled_units": 0, "unit_price_amount": 10,
        "currency_code": "EUR", "is_goods": True, "is_gift_card": False, "shipping_amount": 0, "tax_amount": 0, "discount_amount": 0,
    },
    "payments": {"channel": "shop", "payment_kind": "capture", "currency_code": "EUR"},
    "shipments": {"channel": "shop", "line_number": 1, "sku": "A", "shipped_units": 1, "shipped_at": DAY},
    "returns": {"channel": "shop", "line_number": 1, "sku": "A", "currency_code": "EUR", "returned_at": DAY, "business_date": DAY.date()},
    "fx_rates": {"rate_date": DAY.date(), "is_rate_provisional": False},
    "stock_levels": {"location_id": "W", "sku": "A", "observed_at": DAY, "unsellable_units": 0},
    "purchase_orders": {"line_number": 1, "supplier_id": "S", "sku": "A", "location_id": "W", "ordered_at": DAY, "is_closed": False},
    "receipts": {"line_number": 1, "sku": "A", "location_id": "W", "received_at": DAY},
    "supplier_terms": {"priority": 1},
}  # fmt: skip


def rows(name: str, *given: dict[str, Any]) -> pl.DataFrame:
    """A frame of the table's contract, each row completed from a plain one; amounts of lines follow from units and price."""
    contract = table(name)
    stamped = {"source_version": "", "payload_version": "", "payload_hash": ""}
    completed = [stamped | PLAIN.get(name, {}) | row for row in given]
    if name == "order_lines":
        completed = [_amounts(row) for row in completed]
    dicts = [{k: Decimal(str(v)) if k.endswith("_amount") and v is not None else v for k, v in row.items()} for row in completed]
    return contract.conform(pl.DataFrame(dicts, infer_schema_length=None)) if dicts else contract.empty()


def _amounts(row: dict[str, Any]) -> dict[str, Any]:
    gross = Decimal(str(row["unit_price_amount"])) * row["ordered_units"]
    discount = Decimal(str(row["discount_amount"]))
    part = Decimal(row["cancelled_units"]) / Decimal(row["ordered_units"] or 1)
    return row | {
        "gross_amount": gross,
        "net_amount": gross - discount,
        "cancelled_gross_amount": gross * part,
        "cancelled_discount_amount": discount * part,
    }


@cache
def engine() -> duckdb.DuckDBPyConnection:
    """DuckDB in memory, which takes longer to start than most questions: once, for connections with temporary tables of their own."""
    started = connect(":memory:")
    started.execute("SET threads = 1").fetchall()
    atexit.register(engine.cache_clear)
    return started


def derive(name: str, transform: Callable[..., Any], *sources: pl.DataFrame, **arguments: Any) -> pl.DataFrame:
    """The mart over the sources inside DuckDB, in its contract's types and order of keys."""
    contract = table(name)
    with engine().cursor() as connection:
        for number, source in enumerate(sources):
            connection.register(f"frame_{number}", source.to_arrow())
            connection.execute(f"CREATE TEMP TABLE source_{number} AS SELECT * FROM frame_{number}").fetchall()
        frames = [nw.from_native(connection.table(f"source_{number}")) for number in range(len(sources))]
        columns = ", ".join(f'"{c}"::{sql_type(d)} AS "{c}"' for c, d in contract.dtypes.items())
        result = transform(*frames, **arguments).to_native().project(columns).pl()
    return contract.conform(result).sort(list(contract.key))
