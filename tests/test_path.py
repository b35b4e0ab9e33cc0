"""The whole path on a small demo merchant: does the ledger equal what really happened, and does everything after it follow?"""

import json
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from pipelines import nightly, spreads
from pipelines.contracts import table
from pipelines.contracts.base import all_tables
from pipelines.defs.marts import GROUPS
from pipelines.ledger.load import unaccounted_rows
from pipelines.operations import Outbox
from pipelines.running import execute
from pipelines.settings import Settings
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.snapshots import current, open_snapshot
from tests.conftest import environment

KEYS = {
    "orders": ["channel", "order_id"],
    "order_lines": ["channel", "order_id", "line_number"],
    "payments": ["channel", "payment_id"],
}
# What an export doesn't carry can't be in the ledger: Amazon gives no time of cancellation, tills no address.
NOT_EXPORTED = {
    "orders": {"cancelled_at", "ship_to_country_code", "ship_to_postal_code", "is_payment_failed"},
    "order_lines": {"discount_amount"},
}


@pytest.fixture(scope="module")
def warehouse(demo_home: Path) -> Warehouse:
    return Warehouse(demo_home / "warehouse.duckdb")


def truth(demo_files: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(demo_files / "truth" / name / "*.parquet")


@pytest.mark.parametrize("name", KEYS)
def test_the_ledger_equals_the_truth(name: str, warehouse: Warehouse, demo_files: Path) -> None:
    real, ledger = truth(demo_files, name), warehouse.read(name)[name]
    compared = [c for c in real.columns if c in ledger.columns and c not in NOT_EXPORTED.get(name, set())]
    assert len(compared) > 6
    expected = real.select(compared).sort(KEYS[name])
    actual = ledger.select(pl.col(c).cast(expected.schema[c]) for c in compared).sort(KEYS[name])
    assert actual.equals(expected)


@pytest.mark.parametrize(
    ("name", "value"), [("shipments", "shipped_units"), ("returns", "returned_units"), ("returns", "refund_amount")]
)
def test_shipments_and_returns_equal_the_truth(name: str, value: str, warehouse: Warehouse, demo_files: Path) -> None:
    keys = ["channel", f"{name[:-1]}_id", "order_id", "sku"]
    real, ledger = (
        f.group_by(keys).agg(pl.col(value).sum()).sort(keys) for f in (truth(demo_files, name), warehouse.read(name)[name])
    )
    assert ledger.with_columns(pl.col(value).cast(real.schema[value])).equals(real)


def test_every_order_ties_out_with_the_total_that_its_channel_states(warehouse: Warehouse) -> None:
    orders = warehouse.read("orders")["orders"]
    assert orders.filter(pl.col("stated_total_amount").is_not_null()).height > 500
    assert orders["is_balanced"].all()


def test_quarantine_holds_exactly_the_malformed_rows(warehouse: Warehouse, demo_files: Path) -> None:
    malformed = pl.read_parquet(demo_files / "truth" / "malformed.parquet")
    quarantine = warehouse.read("quarantine")["quarantine"]
    expected = set(malformed.select("file", "row_number").rows())
    assert set(quarantine.select("file_name", "row_number").rows()) == expected
    assert quarantine["reason"].null_count() == 0


def test_no_row_disappears(warehouse: Warehouse) -> None:
    loads = warehouse.read("loads")["loads"]
    accounted = loads.select(
        pl.sum_horizontal("accepted_rows", "duplicate_rows", "superseded_rows", "quarantined_rows")
    ).to_series()
    assert accounted.equals(loads["rows_in"], check_names=False)
    assert loads["rows_in"].sum() > 10_000
    assert loads["superseded_rows"].sum() > 0, "an older version came later"
    assert loads["replaced_rows"].sum() > 0, "an order was edited"
    assert unaccounted_rows(warehouse) == []


def test_seen_demand_equals_true_demand_less_what_was_lost(warehouse: Warehouse, demo_files: Path) -> None:
    keys = ["sku", "location_id", "channel"]
    real = (
        truth(demo_files, "demand")
        .group_by(keys)
        .agg(units=(pl.col("demand_units") - pl.col("lost_units")).sum())
        .filter(pl.col("units") > 0)
    )
    seen = warehouse.read("demand")["demand"].group_by(keys).agg(units=pl.col("demand_units").sum()).filter(pl.col("units") > 0)
    assert seen.sort(keys).with_columns(pl.col("units").cast(real.schema["units"])).equals(real.sort(keys))


def test_days_on_which_demand_was_lost_are_censored(warehouse: Warehouse, demo_files: Path) -> None:
    lost = truth(demo_files, "demand").filter(pl.col("lost_units") > 0).rename({"date": "demand_date"})
    censored = warehouse.read("demand")["demand"].filter("is_censored")
    found = lost.join(censored, on=["sku", "location_id", "channel", "demand_date"], how="semi").height
    assert found >= 0.8 * lost.height, f"{found} of {lost.height}; the rest was wanted in larger lots than the shelf still held"


def test_net_sales_follow_from_the_truth(warehouse: Warehouse, demo_files: Path) -> None:
    orders, lines = truth(demo_files, "orders"), truth(demo_files, "order_lines")
    sold = orders.filter(~pl.col("is_test") & ~pl.col("is_payment_failed") & ~pl.col("is_cancelled"))
    gross = lines.filter(~pl.col("is_gift_card")).group_by("channel", "order_id").agg(goods=pl.col("gross_amount").sum())
    goods = sold.join(gross, on=["channel", "order_id"])
    net = goods.group_by("channel").agg(net=(pl.col("goods") - pl.col("discount_amount")).sum())
    returned = truth(demo_files, "returns").group_by("channel").agg(back=pl.col("refund_amount").sum())
    expected = net.join(returned, on="channel").select("channel", net=pl.col("net") - pl.col("back")).sort("channel")
    mart = (
        warehouse.read("daily_sales")["daily_sales"].group_by("channel").agg(net=pl.col("net_sales_amount").sum()).sort("channel")
    )
    assert mart["channel"].to_list() == expected["channel"].to_list()
    assert mart["net"].to_list() == expected["net"].to_list()


def test_stock_on_hand_equals_the_truth_at_the_end(warehouse: Warehouse, demo_files: Path) -> None:
    real = pl.read_parquet(demo_files / "truth" / "stock_end.parquet").select(
        "location_id",
        "sku",
        on_hand_units=(pl.col("on_hand") + pl.col("committed")).cast(pl.Int64),
        on_order_units=pl.col("on_order").cast(pl.Int64),
    )
    position = warehouse.read("inventory_position")["inventory_position"]
    both = real.join(position, on=["location_id", "sku"], suffix="_ledger")
    assert both.height == real.height
    assert both["on_hand_units"].equals(both["on_hand_units_ledger"], check_names=False)
    assert both["on_order_units"].equals(both["on_order_units_ledger"], check_names=False)
    assert (position["available_units"].drop_nulls() >= 0).all()


FILLED_BY_CHANNELS = (
    "order_events",
    "tracked_parcels",
    "shipping_labels",
    "refunds",
    "payouts",
    "payout_entries",
    "channel_days",
    "listings",
    "missed_records",
    "unmapped_listings",
    "listing_suggestions",
    "payout_balance",
)
FILLED_BY_SOME = (
    "customers",
    "transfer_suggestions",
    "stock_placements",
    "decision_widths",  # of merchants that decide by costs
    "order_exceptions",
    "allocations",
    "account_health",
    "listing_states",
    "sales_plans",
    "knowledge",
    "forecast_adjustments",
    "forecast_selection",
    "forecast_accuracy",
    "forecast_alerts",
    "series_accuracy",
    "knowledge_scores",
    "ship_by_windows",
    "ship_risk",
    "channel_notes",
    "touched_orders",
    "touched_days",
    "touched_due_dates",
)


def test_bundles_spread_their_revenue_once(warehouse: Warehouse) -> None:
    """As consumed and as sold are two views of the same net sales, entry by entry to the last ten-thousandth."""
    as_sold = warehouse.query("SELECT source, channel, document_id, entry_kind, line_number, net_sales_amount FROM sales_entries")
    as_consumed = warehouse.query(
        "SELECT source, channel, document_id, entry_kind, line_number, sum(net_sales_amount)::DECIMAL(18, 4) AS net_sales_amount FROM component_sales GROUP BY ALL"  # noqa: E501
    )
    assert as_sold.join(as_consumed, on=as_sold.columns, how="anti").is_empty()
    assert as_consumed.height == as_sold.height
    parts = warehouse.query(
        "SELECT count(*) FILTER (is_component), count(*) FILTER (component_sku LIKE 'BUNDLE%') FROM component_sales"
    ).row(0)
    assert parts[0] > 0
    assert parts[1] == 0


def test_every_table_keeps_its_contract(warehouse: Warehouse) -> None:
    stored = warehouse.read(*(contract.name for contract in all_tables()))
    for contract in all_tables():
        _, failure = contract.schema.filter(stored[contract.name])
        assert len(failure) == 0, (contract.name, failure.counts())
        if contract.name not in (*FILLED_BY_SOME, *FILLED_BY_CHANNELS):
            assert stored[contract.name].height > 0, contract.name


def test_no_personal_data_leaves_landing(warehouse: Warehouse, demo_home: Path) -> None:
    keys = warehouse.read("orders")["orders"]["customer_key"].drop_nulls()
    assert keys.str.contains("^[0-9a-f]{24}$").all()
    assert b"@example.com" not in (demo_home / "warehouse.duckdb").read_bytes()
    assert (demo_home / "pseudonym.key").stat().st_mode & 0o077 == 0


def test_decisions_carry_their_inputs_and_add_up(demo_home: Path) -> None:
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        rows = table("reorder_suggestions").conform(connection.sql("SELECT * FROM reorder_suggestions").pl())
        schedule = connection.sql("SELECT * FROM position_schedule").pl()
    known = rows.filter(pl.col("available_units").is_not_null())
    coming = ("on_order_units", "decided_units", "transfer_units", "redirect_units")
    position = pl.sum_horizontal("available_units", *coming) - pl.col("backordered_units")
    assert known.filter(position != pl.col("inventory_position_units")).is_empty()
    parts = schedule.group_by("sku", "location_id").agg(pl.col("units").sum())
    followed = known.join(parts, on=["sku", "location_id"], how="left")
    assert followed.filter(pl.col("units").fill_null(0) != pl.col("inventory_position_units")).is_empty(), (
        "levels follow the position"
    )
    assert (known["expected_lost_units"] > 1).any()
    answered = known["mean_demand_units"] - known["expected_lost_units"] + known["safety_stock_units"]
    answers = (answered - known["reorder_point_units"] - 1).abs() < 1e-6
    assert answers.filter(known["reorder_point_units"] > 0).all()
    ordered = known.filter(pl.col("order_quantity_units") > 0)
    assert ordered.height > 50
    assert ordered.filter(
        (pl.col("order_quantity_units") % pl.col("case_pack_units") != 0) | (pl.col("order_quantity_units") < pl.col("moq_units"))
    ).is_empty()
    alone = ordered.filter(pl.col("basket_effect") == "")
    assert alone.filter(pl.col("inventory_position_units") > pl.col("reorder_point_units")).is_empty()
    uncut = alone.filter(~pl.col("rounding_rule").str.contains("shelf_life|storage"))
    assert uncut.filter(
        pl.col("inventory_position_units") + pl.col("order_quantity_units") < pl.col("order_up_to_level_units")
    ).is_empty()
    assert rows["snapshot_version"].unique().to_list() == [current(demo_home / "snapshots").version]
    is_cheaper = (pl.col("order_quantity_units") >= pl.col("price_break_units")).fill_null(False)
    cost = pl.when(is_cheaper).then("price_break_cost_amount").otherwise("unit_cost_amount")
    assert ordered.filter(pl.col("order_amount") != cost * pl.col("order_quantity_units")).is_empty()


def test_allocations_never_exceed_what_is_there(demo_home: Path, warehouse: Warehouse) -> None:
    allocations = warehouse.read("allocations")["allocations"].group_by("location_id", "sku").agg(pl.col("allocated_units").sum())
    stock = warehouse.read("inventory_position")["inventory_position"]
    over = allocations.join(stock, on=["location_id", "sku"], how="left").filter(
        pl.col("allocated_units") > pl.col("on_hand_units").fill_null(0)
    )
    assert over.is_empty()


@pytest.mark.long
def test_a_second_run_with_nothing_new_changes_nothing(
    demo_home: Path, demo_files: Path, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in (nightly, spreads):  # what takes longest is not made again
        monkeypatch.setattr(step, "made", None)
    names = [t.name for t in all_tables() if t.name != "run_info"]
    before = warehouse.read(*names)
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    with environment(home, demo_files / "inbox"), Outbox(Settings().outbox) as outbox:
        decided = outbox.decisions()
        assert not execute("refresh_all", Settings()).failures
        again = outbox.decisions()
    assert again["decision_id"].to_list() == decided["decision_id"].to_list(), "nothing is suggested twice"
    for name, after in Warehouse(home / "warehouse.duckdb").read(*names).items():
        unversioned = [c for c in after.columns if c not in ("snapshot_version", "last_quantity_units", "changed_since")]
        key = list(table(name).key)
        assert after.select(unversioned).sort(key).equals(before[name].select(unversioned).sort(key)), name


def test_the_exports_open_and_agree_with_the_snapshot(demo_home: Path) -> None:
    snapshot = current(demo_home / "snapshots")
    sheet = openpyxl.load_workbook(demo_home / "exports" / f"reorder-{snapshot.version}.xlsx")["Reorder"]
    header = [cell.value for cell in sheet[1]]
    csv = pl.read_csv(demo_home / "exports" / f"reorder-{snapshot.version}.csv")
    quantity = header.index("order_quantity_units")
    assert [row[quantity].value for row in sheet.iter_rows(min_row=2)] == csv["order_quantity_units"].to_list()
    with open_snapshot(snapshot) as connection:
        total = connection.sql("SELECT sum(order_quantity_units)::BIGINT FROM reorder_suggestions").fetchall()[0][0]
    assert csv["order_quantity_units"].sum() == total


@pytest.mark.long
def test_an_approved_decision_counts_as_supply_and_comes_back_as_a_purchase_order(
    demo_home: Path, demo_files: Path, tmp_path: Path
) -> None:
    home, inbox = tmp_path / "home", tmp_path / "inbox"
    shutil.copytree(demo_home, home)
    shutil.copytree(demo_files / "inbox", inbox)
    with environment(home, inbox), Outbox(Settings().outbox) as outbox:
        chosen = outbox.decisions(state="suggested", kind="reorder").sort("quantity_units").row(-1, named=True)
        when = current_time()
        outbox.approve([chosen["decision_id"]], "P. Planner", "runs out", None, when)
        outcome = execute("refresh_orders", Settings())
        assert not outcome.failures
        assert "forecast_tables" not in outcome.seconds, "forecasts stay"
        assert set(GROUPS) - {"nightly"} <= set(outcome.seconds)
        assert current(home / "snapshots").version != current(demo_home / "snapshots").version
        row = suggestion(home, chosen)
        assert row["decided_units"] == chosen["quantity_units"]
        assert (row["order_quantity_units"] or 0) < chosen["quantity_units"], "the same need is not ordered twice"
        purchase_order(inbox, chosen, is_closed="no")
        assert not execute("refresh_orders", Settings()).failures
        assert outbox.find([chosen["decision_id"]])["state"].item() == "acknowledged"
        row = suggestion(home, chosen)
        assert row["decided_units"] == 0, "decision and purchase order count once"
        assert row["on_order_units"] >= chosen["quantity_units"]


def purchase_order(inbox: Path, decision: dict, is_closed: str) -> None:
    (inbox / "erp" / "purchase_orders_2026-01-21.csv").write_text(
        "po_id,line,supplier_id,sku,warehouse,units,unit_cost,currency,ordered_at,confirmed_at,expected_at,closed,reference\n"
        f"PO-X,1,{decision['supplier_id']},{decision['sku']},{decision['location_id']},{decision['quantity_units']},"
        f"{decision['unit_cost_amount']},EUR,2026-01-21T10:00:00Z,2026-01-21T12:00:00Z,2026-02-10T12:00:00Z,{is_closed},{decision['decision_id']}\n"
    )


def suggestion(home: Path, decision: dict) -> dict:
    with open_snapshot(current(home / "snapshots")) as connection:
        rows = connection.sql("SELECT * FROM reorder_suggestions").pl()
    return rows.row(
        by_predicate=(pl.col("sku") == decision["sku"]) & (pl.col("location_id") == decision["location_id"]), named=True
    )


def current_time():
    from datetime import UTC, datetime

    return datetime.now(UTC)


def test_explanations_in_the_outbox_are_complete(demo_home: Path, demo_files: Path) -> None:
    with environment(demo_home, demo_files / "inbox"), Outbox(Settings().outbox) as outbox:
        explanation = json.loads(outbox.decisions(kind="reorder")["explanation"][0])
    assert {
        "mean_demand_units",
        "safety_stock_units",
        "reorder_point_units",
        "lead_time_days",
        "forecast_model",
        "assumptions",
    } <= set(explanation)
    assert date.fromisoformat("2026-01-20") and Decimal(explanation["unit_cost_amount"]) > 0
