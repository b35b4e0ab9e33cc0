"""Carriers' scans and labels find the shipments of their tracking number, whatever comes first. Not here: any carrier's records."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.channels.mapping import Config
from pipelines.ledger.load import land, load, unaccounted_rows
from pipelines.ledger.tracking import waiting
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing
from tests.ledger.merchant import AT

TABLES = {
    "orders": "order_id,sku,ordered_units,unit_price_amount,ordered_at",
    "shipments": "shipment_id,order_id,sku,shipped_units,shipped_at,tracking_number,delivered_at,label_cost_amount,label_currency_code",
    "tracked_parcels": "tracker_id,tracking_number,tracked_at,first_scan_at,delivered_at,v",
    "shipping_labels": "label_id,tracking_number,bought_at,label_cost_amount,currency_code,is_return",
}
FILES = {
    "orders_1.csv": ["1,A,1,5,2026-01-05", "2,A,1,5,2026-01-05", "3,A,1,5,2026-01-05"],
    "shipments_1.csv": ["s1,1,A,1,2026-01-06,1Z 99-a,,,", "s1,1,B,2,2026-01-06,1Z 99-a,,,", "s2,2,A,1,2026-01-06,2Z,2026-01-09,3.00,EUR"],
    "shipments_2.csv": ["s3,3,A,1,2026-07-06,1Z99A,,,", "s4,3,A,1,2026-01-06,4Z,,,"],
    "tracked_parcels_1.csv": ["t1,1Z99A,2026-01-06,2026-01-06 12:00,,1", "t2,2Z,2026-01-06,2026-01-07,2026-01-08,1", "t9,9Z,2026-01-20,,,1"],
    "tracked_parcels_2.csv": ["t1,1Z99A,2026-01-06,2026-01-06 12:00,2026-01-08 15:00,2"],
    "tracked_parcels_3.csv": ["t3,1z99a,2026-07-05,2026-07-06,2026-07-07,1"],
    "shipping_labels_1.csv": ["l1,1Z99A,2026-01-05,4.90,EUR,no", "l2,2Z,2026-01-05,7.70,EUR,no", "l3,4Z,2026-01-05,6.60,EUR,yes"],
}  # fmt: skip


def config() -> Config:
    feeds = [
        {"name": name, "channel": "shop", "table": name, "files": f"{name}_*.csv", "columns": {c: c for c in heading.split(",") if c != "v"},
         "version": {"column": "v", "kind": "number"} if name == "tracked_parcels" else {"file_name": r"_(\d)"}}
        for name, heading in TABLES.items()
    ]  # fmt: skip
    return Config.model_validate({"merchant": {"name": "m"}, "channel": [{"name": "shop", "currency": "EUR"}], "feed": feeds})


def put(inbox: Path, *names: str) -> None:
    inbox.mkdir(exist_ok=True)
    for name in names:
        (inbox / name).write_text("\n".join([TABLES[name.rpartition("_")[0]], *FILES[name]]) + "\n")


def run(home: Path, inbox: Path) -> Warehouse:
    landing, warehouse = Landing(home / "landing"), Warehouse(home / "w.duckdb")
    land(config(), inbox, landing, AT)
    load(config(), landing, warehouse, b"key", AT)
    assert unaccounted_rows(warehouse) == []
    return warehouse


def shipments(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    read = """SELECT shipment_id, sku, strftime(delivered_at, '%m-%d'), delivery_tracker_id, label_cost_amount, label_id
              FROM shipments ORDER BY shipment_id, line_number"""
    return warehouse.query(read).rows()


def events(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.query("SELECT order_id, event_kind, event_number, feed FROM order_events ORDER BY ALL").rows()


EXPECTED = [
    ("s1", "A", "01-08", "t1", Decimal("4.9"), "l1"), ("s1", "B", "01-08", "t1", 0, "l1"), ("s2", "A", "01-09", None, 3, None),
    ("s3", "A", "07-07", "t3", None, None), ("s4", "A", None, None, None, None),
]  # fmt: skip
STAGES = [
    ("1", "first_scan", "s1", "tracked_parcels"),
    ("2", "first_scan", "s2", "tracked_parcels"),
    ("3", "first_scan", "s3", "tracked_parcels"),
]


@pytest.fixture
def loaded(tmp_path: Path) -> Warehouse:
    put(tmp_path / "inbox", *FILES)
    return run(tmp_path, tmp_path / "inbox")


def test_a_shipment_takes_what_its_own_record_lacks(loaded: Warehouse) -> None:
    """A number that a carrier uses again half a year later is another parcel; labels of returns are no cost of a shipment."""
    assert shipments(loaded) == EXPECTED
    assert events(loaded) == STAGES


def test_a_number_that_no_shipment_bears_waits_in_a_sentence(loaded: Warehouse) -> None:
    with loaded.open() as connection:
        told = waiting(connection)
    assert list(told) == ["tracked_parcels"]
    assert told["tracked_parcels"].startswith(
        "1 wait for a shipment with their tracking number (the newest: 9Z); connect the channel"
    )


def test_any_order_of_arrival_gives_the_same_shipments(tmp_path: Path) -> None:
    """Carriers first, then what they correct, then the parcels, and the orders at last."""
    for name in reversed(FILES):
        put(tmp_path / "inbox", name)
        warehouse = run(tmp_path, tmp_path / "inbox")
    assert shipments(warehouse) == EXPECTED
    assert events(warehouse) == STAGES


def test_what_a_carrier_takes_back_goes_and_a_repeated_shipment_adds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "inbox", *FILES)
    run(tmp_path, tmp_path / "inbox")
    monkeypatch.setitem(FILES, "tracked_parcels_4.csv", ["t1,1Z99A,2026-01-06,,,3"])
    monkeypatch.setitem(FILES, "shipments_5.csv", FILES["shipments_1.csv"])
    put(tmp_path / "inbox", "tracked_parcels_4.csv", "shipments_5.csv")
    warehouse = run(tmp_path, tmp_path / "inbox")
    assert [row[2:4] for row in shipments(warehouse)][:3] == [(None, None), (None, None), ("01-09", None)]
    assert events(warehouse) == STAGES[1:]
    repeated = warehouse.query("SELECT duplicate_rows, accepted_rows FROM loads WHERE file_name = 'shipments_5.csv'").row(0)
    assert repeated == (3, 0)


def test_an_event_that_the_shop_tells_itself_is_told_once(tmp_path: Path) -> None:
    put(tmp_path / "inbox", *FILES)
    warehouse = run(tmp_path, tmp_path / "inbox")
    with warehouse.open() as connection:
        connection.execute(
            "INSERT INTO order_events BY NAME SELECT * REPLACE ('shop.orders' AS feed) FROM order_events WHERE order_id = '2'"
        ).fetchall()
    assert events(run(tmp_path, tmp_path / "inbox")) == [STAGES[0], ("2", "first_scan", "s2", "shop.orders"), STAGES[2]]
