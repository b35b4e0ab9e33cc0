"""Two real merchants through mapping files alone: every known fact of their records, exactly."""

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from pipelines.definitions import defs
from pipelines.settings import PROJECT
from tests.conftest import environment

pytestmark = [pytest.mark.reference, pytest.mark.long]
LOAD_SECONDS = 60


def make(name: str, reference_data: Path, home: Path, *steps: str) -> float:
    """Runs these steps over a real merchant's files; returns the seconds it took."""
    mapping = PROJECT / "data" / "mappings" / f"{name}.toml"
    assets = [asset for asset in defs.assets if isinstance(asset, dg.AssetsDefinition)]
    started = time.perf_counter()
    with environment(home, reference_data / name, mapping, as_of=None), dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(assets, resources=defs.resources, instance=instance, selection=dg.AssetSelection.groups(*steps))
    assert result.success
    return time.perf_counter() - started


@pytest.fixture(scope="module")
def retail(reference_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("retail")
    seconds = make("online_retail_ii", reference_data, home, "landing", "ledger", "marts", "demand")
    assert seconds < LOAD_SECONDS, f"land, conform and aggregate took {seconds:.0f} s"
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def olist(reference_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("olist")
    make("olist", reference_data, home, "landing", "ledger", "marts")
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        yield connection


def one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    return connection.sql(sql).fetchall()[0]


def test_online_retail_lines_and_invoices(retail: duckdb.DuckDBPyConnection) -> None:
    assert one(retail, "SELECT count(*), count(DISTINCT order_id) FROM order_lines") == (873_869, 46_514)
    assert one(retail, "SELECT count(*) FROM orders") == (46_514,)


def test_the_overlap_of_the_exports_goes_through_the_orders_identity(retail: duckdb.DuckDBPyConnection) -> None:
    loads = "sum(rows_in), sum(accepted_rows - replaced_rows), sum(duplicate_rows + superseded_rows + replaced_rows), sum(quarantined_rows)"
    assert one(retail, f"SELECT {loads} FROM loads") == (525_461 + 370_931, 873_869, 22_523, 0)


def test_online_retail_money_in_the_ledger(retail: duckdb.DuckDBPyConnection) -> None:
    assert one(retail, "SELECT sum(gross_amount), sum(net_amount) FROM order_lines") == (Decimal("15943615.1880"),) * 2
    positive = "ordered_units > 0 AND unit_price_amount > 0 AND order_id NOT LIKE 'C%'"
    assert one(retail, f"SELECT sum(gross_amount) FROM order_lines WHERE {positive}") == (Decimal("17230455.6080"),)
    assert one(retail, "SELECT count(*) FROM order_lines WHERE unit_price_amount <> round(unit_price_amount, 2)") == (18,)
    assert one(retail, "SELECT count(*) FROM order_lines WHERE unit_price_amount < 0") == (5,)


def test_online_retail_money_in_the_sales_mart(retail: duckdb.DuckDBPyConnection) -> None:
    sums = "sum(gross_sales_amount), sum(net_sales_amount), sum(reporting_net_sales_amount), sum(order_lines), sum(credit_lines)"
    expected = (Decimal("17230455.6080"), Decimal("15943615.1880"), Decimal("15943615.1880"), 873_869, 16_529)
    assert one(retail, f"SELECT {sums} FROM daily_sales") == expected
    parts = "sum(gross_sales_amount - discount_amount - returns_amount + adjustment_amount)"
    assert one(retail, f"SELECT {parts} FROM daily_sales") == (Decimal("15943615.1880"),)


def test_cancelling_invoices_and_adjustments(retail: duckdb.DuckDBPyConnection) -> None:
    kinds = dict(retail.sql("SELECT order_kind, count(*) FROM orders GROUP BY ALL").fetchall())
    assert (kinds["credit"], kinds["adjustment"]) == (7_343, 6)
    assert one(retail, "SELECT count(*) FROM sales_entries WHERE entry_kind = 'credit'") == (16_529,)


def test_two_timestamps_and_repeated_lines_stay(retail: duckdb.DuckDBPyConnection) -> None:
    assert one(
        retail, "SELECT count(*) FROM (SELECT order_id FROM order_lines GROUP BY 1 HAVING count(DISTINCT line_at) > 1)"
    ) == (79,)
    columns = "order_id, sku, description, ordered_units, line_at, unit_price_amount"
    assert one(
        retail, f"SELECT count(*) - (SELECT count(*) FROM (SELECT DISTINCT {columns} FROM order_lines)) FROM order_lines"
    ) == (9_392,)


def test_codes_that_are_not_goods_stay_in_the_money_and_out_of_demand(retail: duckdb.DuckDBPyConnection) -> None:
    codes = "('POST', 'DOT', 'M', 'BANK CHARGES')"
    assert one(retail, f"SELECT count(*) > 4000 FROM sales_entries WHERE sku IN {codes}") == (True,)
    assert one(retail, f"SELECT count(*) FROM demand WHERE sku IN {codes}") == (0,)


def test_demand_equals_the_weekly_series_made_elsewhere(retail: duckdb.DuckDBPyConnection, reference_data: Path) -> None:
    weekly = pl.read_parquet(reference_data / "online_retail_ii" / "weekly_demand.parquet")
    ours = retail.sql(
        "SELECT sku AS unique_id, date_trunc('week', demand_date)::DATE AS ds, sum(demand_units)::DOUBLE AS ours FROM demand GROUP BY ALL"
    ).pl()
    both = weekly.with_columns(pl.col("ds").cast(pl.Date), pl.col("unique_id").cast(pl.String)).join(
        ours, on=["unique_id", "ds"], how="left"
    )
    sold = both.filter(pl.col("y") > 0)
    assert sold.height > 100_000
    assert sold.filter(pl.col("y") != pl.col("ours").fill_null(0)).height == 0


def test_olist_items_and_freight(olist: duckdb.DuckDBPyConnection) -> None:
    assert one(olist, "SELECT sum(gross_amount), sum(shipping_amount) FROM orders") == (
        Decimal("13591643.7000"),
        Decimal("2251909.5400"),
    )
    assert one(olist, "SELECT count(*) FROM order_lines") == (112_650,)
    assert one(olist, "SELECT sum(reporting_net_sales_amount) FROM daily_sales") == (Decimal("13591643.7000"),)


def test_olist_payments_agree_with_orders(olist: duckdb.DuckDBPyConnection) -> None:
    states = dict(olist.sql("SELECT payment_state, count(*) FROM payment_balance GROUP BY ALL").fetchall())
    assert (states["agrees"], states["paid_without_order"], states["unpaid"]) == (98_089, 775, 1)
    assert sum(states.values()) == 99_441
    assert one(olist, "SELECT sum(difference_amount) FROM payment_balance") == (Decimal("165318.8800"),)
    assert one(olist, "SELECT count(*) FROM payments") == (103_886,)


@pytest.mark.parametrize(("name", "file"), [("products", "products"), ("suppliers", "sellers"), ("customers", "customers")])
def test_olist_master_data(name: str, file: str, olist: duckdb.DuckDBPyConnection, reference_data: Path) -> None:
    expected = pl.scan_parquet(reference_data / "olist" / f"{file}.parquet").select(pl.len()).collect().item()
    assert one(olist, f"SELECT count(*) FROM {name}") == (expected,)
