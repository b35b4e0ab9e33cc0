"""Listings to SKUs: dates, reuse, what no entry names, and suggestions. Not here: parsing of listings' files."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts import table
from pipelines.ledger.crosswalk import resolve
from pipelines.ledger.suggestions import suggest_skus
from pipelines.warehouse.duckdb import Warehouse, insert

PROVENANCE = {"feed": "f", "source_version": "", "payload_version": "", "payload_hash": ""}


def filled(name: str, *rows: dict[str, object]) -> pl.DataFrame:
    """Rows of a table with harmless values where a row is silent."""
    contract = table(name)
    plain = {pl.String: "x", pl.Int64: 1, pl.Float64: 1.0, pl.Boolean: False, pl.Date: date(2026, 1, 5)}
    blank = {
        c: plain.get(type(column.dtype), 0 if isinstance(column.dtype, pl.Decimal) else None)
        for c, column in contract.columns.items()
        if not column.nullable
    }
    at = {
        c: pl.Series([0]).cast(pl.Datetime("us", "UTC")).item()
        for c, column in contract.columns.items()
        if isinstance(column.dtype, pl.Datetime) and not column.nullable
    }
    return contract.conform(pl.DataFrame([PROVENANCE | blank | at | row for row in rows], infer_schema_length=None))


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "w.duckdb")
    days = {"old": date(2026, 1, 1), "new": date(2026, 2, 1)}
    with warehouse.open() as connection:
        insert(
            connection,
            "orders",
            filled(
                "orders",
                *(
                    {
                        "channel": "shop",
                        "order_id": name,
                        "business_date": day,
                        "currency_code": "EUR",
                        "payment_status": "paid",
                        "order_kind": "sale",
                    }
                    for name, day in days.items()
                ),
            ),
        )
        lines = [{"channel": "shop", "order_id": name, "line_number": n, "line_id": f"{name}{n}", "listing_id": listing, "listed_sku": sku, "sku": sku, "currency_code": "EUR"}  # noqa: E501
                 for name in days for n, (listing, sku) in enumerate((("L1", "A"), ("L2", None), ("L3", "C")), 1)]  # fmt: skip
        insert(connection, "order_lines", filled("order_lines", *lines))
        insert(
            connection,
            "returns",
            filled(
                "returns",
                {"channel": "shop", "order_id": "old", "return_id": "R", "line_id": "old1", "sku": None, "currency_code": "EUR"},
            ),
        )
    return warehouse


def skus(warehouse: Warehouse) -> dict[tuple[str, int], str | None]:
    with warehouse.open() as connection:
        resolve(connection)
    return {(o, n): sku for o, n, sku in warehouse.query("SELECT order_id, line_number, sku FROM order_lines").rows()}


def listings(warehouse: Warehouse, *rows: tuple[str, str, str, str | None]) -> None:
    entries = [
        {
            "channel": "shop",
            "listing_id": i,
            "sku": s,
            "valid_from_date": date.fromisoformat(d),
            "valid_to_date": date.fromisoformat(u) if u else None,
        }
        for i, s, d, u in rows
    ]
    with warehouse.open() as connection:
        connection.execute("DELETE FROM listings").fetchall()
        insert(connection, "listings", filled("listings", *entries))


def test_an_entry_holds_from_its_day_and_a_reused_listing_keeps_its_past(warehouse: Warehouse) -> None:
    listings(
        warehouse, ("L1", "MUG", "2025-01-01", None), ("L1", "BOWL", "2026-01-15", None), ("C", "CAN", "2026-01-01", "2026-01-20")
    )
    found = skus(warehouse)
    assert found == {
        ("old", 1): "MUG",
        ("new", 1): "BOWL",
        ("old", 2): None,
        ("new", 2): None,
        ("old", 3): "CAN",
        ("new", 3): "C",
    }
    assert warehouse.query("SELECT sku FROM returns").item() == "MUG"


def test_entries_that_go_leave_what_the_channel_states(warehouse: Warehouse) -> None:
    before = skus(warehouse)
    listings(warehouse, ("L1", "MUG", "2025-01-01", None), ("L2", "TIN", "2025-01-01", None))
    assert skus(warehouse)["old", 2] == "TIN"
    listings(warehouse, ("L9", "MUG", "2025-01-01", None))
    assert skus(warehouse) == before
    with warehouse.open() as connection:
        assert resolve(connection) == 0


def test_suggestions_say_how_sure_and_why() -> None:
    products = filled(
        "products",
        {"sku": "CUP-012-BLU", "description": "Blue cup 12"},
        {"sku": "POT-7", "description": "Tea pot"},
        {"sku": "CAN", "description": "Watering can"},
    )
    unmapped = pl.DataFrame({
        "channel": "shop", "listing": ["cup 012 blu", "XCUP012BLU9", "B0777", "Z"], "description": [None, None, "Tea pot, 1 l", "quite other"],
        "net_amount": [Decimal(4), Decimal(3), Decimal(2), Decimal(1)],
    })  # fmt: skip
    found = {row["listing"]: row for row in suggest_skus(unmapped, products).iter_rows(named=True)}
    assert (found["cup 012 blu"]["sku"], found["cup 012 blu"]["confidence"]) == ("CUP-012-BLU", 0.95)
    assert (found["XCUP012BLU9"]["sku"], found["XCUP012BLU9"]["confidence"]) == ("CUP-012-BLU", 0.75)
    assert found["B0777"]["sku"] == "POT-7"
    assert 0.5 < found["B0777"]["confidence"] < 0.85
    assert "Z" not in found
