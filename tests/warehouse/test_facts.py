"""Facts made again for touched orders equal a full rebuild: random loads, edits, late arrivals, deletions, a clock that moves on."""

import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts import table
from pipelines.defs.marts import GROUPS, MARTS, SUMS, make_step
from pipelines.warehouse import touched
from pipelines.warehouse.duckdb import Warehouse, insert
from pipelines.warehouse.facts import Fact, refresh
from tests.marts.ledgers import DAY, rows

HOUR = timedelta(hours=1)
KEYED = ("orders", "order_lines", "shipments", "returns", "payments", "order_events", "refunds")
CASES = int(os.environ.get("FULCAST_CASES", "3"))  # `python -m benchmarks incremental` runs 500 of them
COMPARED = (*GROUPS["facts"], *GROUPS["daily_sales"], *GROUPS["daily_fulfilment"])
ORDERS = [f"o{n}" for n in range(5)]
Change = Callable[[duckdb.DuckDBPyConnection], None]


def facts(as_of: datetime) -> list[Fact]:
    arguments: dict[str, dict[str, Any]] = {"fulfilment_lines": {"as_of": as_of, "default_location": "W"}}
    return [
        Fact(name, MARTS[name].transform, MARTS[name].sources, arguments.get(name, {}), MARTS[name].clock, MARTS[name].by)
        for name in GROUPS["facts"]
    ]


def sums(warehouse: Warehouse, as_of: datetime) -> None:
    """Sums per day, as a run makes them."""
    for step in SUMS:
        make_step(SimpleNamespace(warehouse=warehouse, as_of=as_of), step)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with reference tables and no order."""
    path = tmp_path_factory.mktemp("empty") / "warehouse.duckdb"
    days = [DAY.date() + timedelta(days=n) for n in range(-2, 15)]
    with Warehouse(path).open() as connection:
        insert(
            connection,
            "fx_rates",
            rows("fx_rates", *({"currency_code": "EUR", "rate_date": day, "reporting_rate": 1} for day in days)),
        )
        insert(connection, "bundles", rows("bundles", {"bundle_sku": "B", "component_sku": "A", "component_units": 2}))
        record = {"channel": "shop", "first_shipped_at": DAY - HOUR, "has_delivery_scans": True, "has_payments": True}
        insert(connection, "channel_records", table("channel_records").conform(pl.DataFrame([record])))
    return path


@st.composite
def versions(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """One order as a load would bring it: it may come late, with other lines, parcels, payments, returns, or be cancelled."""
    order_id, placed = draw(st.sampled_from(ORDERS)), DAY + draw(st.integers(0, 100)) * HOUR
    own = {"order_id": order_id}
    lines = [
        own | {"line_number": n + 1, "sku": draw(st.sampled_from(["A", "B", "C"])), "ordered_units": draw(st.integers(1, 3))}
        for n in range(draw(st.integers(1, 3)))
    ]
    parcels = [
        own | {"shipment_id": f"{order_id}-{n}", "sku": draw(st.sampled_from(["A", "B"])), "shipped_at": placed + draw(st.integers(1, 200)) * HOUR,
               "delivered_at": draw(st.sampled_from([None, placed + 150 * HOUR]))}
        for n in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    order = own | {"ordered_at": placed, "business_date": placed.date(), "ship_by_at": placed + 48 * HOUR, "total_amount": 20,
                   "is_cancelled": draw(st.booleans()), "customer_key": draw(st.sampled_from([None, "ann", "bob"]))}  # fmt: skip
    return {
        "orders": [order], "order_lines": lines, "shipments": parcels,
        "payments": [own | {"payment_id": f"p{order_id}", "amount": draw(st.sampled_from([20, 19])), "paid_at": placed}] if draw(st.booleans()) else [],
        "returns": [own | {"return_id": f"r{order_id}", "returned_units": 1, "refund_amount": 2,
                     "returned_at": placed + 90 * HOUR}] if draw(st.booleans()) else [],
    }  # fmt: skip


def load(connection: duckdb.DuckDBPyConnection, version: dict[str, list[dict[str, Any]]], *, is_deleted: bool) -> None:
    """What a merge does: the order's rows go, those of the new version come, and the order is told."""
    order_id = version["orders"][0]["order_id"]
    touched.tell(connection, f"SELECT 'shop' AS channel, '{order_id}' AS order_id", 1)
    for name in KEYED:
        connection.execute(f"DELETE FROM {name} WHERE order_id = '{order_id}'").fetchall()
        if not is_deleted and version.get(name):
            insert(connection, name, rows(name, *version[name]))


Step = tuple[list[tuple[dict[str, list[dict[str, Any]]], bool]], int]


@pytest.mark.long
@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.lists(st.tuples(versions(), st.sampled_from([False, False, False, True])), max_size=3), st.integers(0, 60)),
        min_size=2,
        max_size=5,
    )
)
def test_touched_orders_made_again_equal_a_full_rebuild(steps: list[Step], empty: Path, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    shutil.copyfile(empty, path)
    warehouse, as_of = Warehouse(path), DAY
    with warehouse.open() as connection:  # enough orders that a few touched ones are not a fifth of all
        for name in ("orders", "order_lines"):
            insert(connection, name, rows(name, *({"order_id": f"old{n}"} for n in range(40))))
    parts = 0
    for loads, hours in steps:
        as_of += hours * HOUR
        with warehouse.open() as connection:
            for version, is_deleted in loads:
                load(connection, version, is_deleted=is_deleted)
        parts += refresh(warehouse, "facts", facts(as_of), as_of) is not None
        sums(warehouse, as_of)
    found = warehouse.read(*COMPARED)
    with warehouse.open() as connection:
        connection.execute("DELETE FROM fact_states").fetchall()
    assert refresh(warehouse, "facts", facts(as_of), as_of) is None
    sums(warehouse, as_of)
    for name, whole in warehouse.read(*COMPARED).items():
        key = list(table(name).key)
        assert found[name].sort(key).equals(whole.sort(key)), name
    assert parts == len(steps) - 1, "all but the first were made in part"


def test_a_real_load_tells_what_it_touched(demo_home: Path, demo_files: Path, tmp_path: Path) -> None:
    """Half of the demo merchant's files, a refresh, the other half, a refresh in part: as if all had been loaded at once."""
    from pipelines.defs.marts import facts as facts_of
    from pipelines.defs.resources import Run
    from pipelines.ledger.load import load as load_all
    from pipelines.ledger.load import pseudonym_key
    from tests.conftest import environment

    home = tmp_path / "home"
    shutil.copytree(demo_home, home, ignore=shutil.ignore_patterns("snapshots", "exports", "dagster"))
    with environment(home, demo_files / "inbox"):
        run = Run()
        warehouse, key = run.warehouse, pseudonym_key(home, None)
        whole = warehouse.read(*GROUPS["facts"])
        late = sorted(path for path in (home / "landing" / "shop_eu_orders").iterdir() if path.is_dir())[-2:]
        for path in late:
            shutil.move(path, tmp_path / path.name)
        with warehouse.open() as connection:
            for name in ("orders", "order_lines"):
                connection.execute(f"DELETE FROM {name} WHERE feed = 'shop_eu_orders'").fetchall()
            connection.execute("DELETE FROM loads WHERE feed = 'shop_eu_orders'").fetchall()
            connection.execute("DELETE FROM fact_states").fetchall()
        load_all(run.config, run.landing, warehouse, key, DAY)
        assert refresh(warehouse, "facts", facts_of(run), run.as_of) is None
        for path in late:
            shutil.move(tmp_path / path.name, path)
        load_all(run.config, run.landing, warehouse, key, DAY)
        made = refresh(warehouse, "facts", facts_of(run), run.as_of)
        assert made, "in part"
        for name, found in warehouse.read(*GROUPS["facts"]).items():
            key_columns = list(table(name).key)
            assert found.sort(key_columns).equals(whole[name].sort(key_columns)), name


def test_a_changed_reference_or_a_clock_that_goes_back_makes_everything_anew(empty: Path, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    shutil.copyfile(empty, path)
    warehouse = Warehouse(path)
    assert refresh(warehouse, "facts", facts(DAY), DAY) is None
    assert refresh(warehouse, "facts", facts(DAY), DAY) == 0
    assert refresh(warehouse, "facts", facts(DAY - HOUR), DAY - HOUR) is None
    with warehouse.open() as connection:
        connection.execute("UPDATE channel_records SET has_payments = false").fetchall()
    assert refresh(warehouse, "facts", facts(DAY), DAY) is None
    with warehouse.open() as connection:
        touched.tell(connection, "SELECT 'shop' AS channel, 'x' AS order_id", touched.MOST + 1)
    assert refresh(warehouse, "facts", facts(DAY), DAY) is None
    assert refresh(warehouse, "facts", facts(DAY), DAY) == 0
