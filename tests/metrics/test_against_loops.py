"""Every metric on random small ledgers against a loop in plain Python that shares no code with it. Not here: the loops, golden examples."""

from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings

from pipelines.metrics import Metric, all_metrics
from pipelines.metrics.ask import groups_of
from tests.marts.ledgers import DAY, rows
from tests.metrics.asking import figures
from tests.metrics.ledger import Ledger, ask, day, holding, snapshot
from tests.metrics.loops import LOOPS
from tests.metrics.loops.basis import Loop, Row, Tables, tables
from tests.metrics.random_ledgers import CURRENCIES, HOUR, ledgers, offers, past_forecasts, shelves

SINCE, UNTIL = day(2), day(6)
CHANNELS = ("channel", tuple(CURRENCIES))
SUPPLIERS = ("supplier_id", ("S1", "S2"))
PLACES = ("location_id", ("X", "Y", "Z"))
GIVEN = ("stock", "forecast")  # subjects whose facts are made up, not made from a ledger
METRICS = {f"{one.name} {one.version}": one for one in all_metrics(every_version=True)}


def everything(place: str | None, on: date | None) -> bool:
    return True


def in_the_period(on: date | None) -> bool:
    return on is not None and SINCE <= on <= UNTIL


def test_no_metric_is_without_a_loop() -> None:
    assert set(LOOPS) == set(METRICS), "every metric, in every version, has its loop in tests/metrics/loops"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ledgers())
def test_every_metric_equals_its_loop(ledger: Ledger) -> None:
    """As a whole, and by channel, or supplier, within a period."""
    told = tables(ledger)
    with snapshot(ledger) as connection:
        for name, loop in LOOPS.items():
            if METRICS[name].subject not in GIVEN:
                compare(connection, METRICS[name], loop, told, *(SUPPLIERS if METRICS[name].subject == "suppliers" else CHANNELS))


@settings(max_examples=20, deadline=None)
@given(shelves(), offers(), past_forecasts())
def test_every_metric_of_stock_and_forecasts_equals_its_loop(found: list[Row], offered: list[Row], past: list[Row]) -> None:
    """As a whole, and by location, or channel, within a period."""
    told = {"inventory_health": found, "channel_availability": offered, "forecast_history": past}
    with holding({name: rows(name, *given_rows) for name, given_rows in told.items()}) as connection:
        for name, loop in LOOPS.items():
            if METRICS[name].subject in GIVEN:
                compare(
                    connection, METRICS[name], loop, told, *(CHANNELS if METRICS[name].fact == "channel_availability" else PLACES)
                )


def compare(
    connection: duckdb.DuckDBPyConnection, one: Metric, loop: Loop, told: Tables, by: str, groups: tuple[str, ...]
) -> None:
    same(figures(connection, one)["all"], loop(told, everything), f"{one.name} {one.version}")
    found = figures(connection, one, by, SINCE, UNTIL)
    assert set(found) <= set(groups)
    for group in groups:
        expected = loop(told, lambda place, on, group=group: place == group and in_the_period(on))
        if group in found:
            same(found[group], expected, f"{one.name} {one.version} of {group}")
        else:
            assert not expected, f"{one.name} {one.version} of {group} is not told"


def same(found: Any, expected: Any, name: str) -> None:
    if found is None or expected is None:
        assert found == expected, name
    else:
        parts = (found, expected) if isinstance(found, tuple) else ((found,), (expected,))
        assert [float(x) for x in parts[0]] == pytest.approx([float(x) for x in parts[1]], abs=1e-9), name


def test_every_metric_can_be_asked_by_its_groups() -> None:
    ledger = Ledger(
        orders=[{"order_id": "1", "ship_by_at": DAY + HOUR}],
        order_lines=[{"order_id": "1"}],
        shipments=[{"order_id": "1", "shipment_id": "s"}],
    )
    with snapshot(ledger) as connection:
        asked = [m for m in all_metrics(every_version=True) if m.subject not in GIVEN]
        assert len(asked) > 40
        for one in asked:
            groups = groups_of(one)
            for group in {groups[0], groups[len(groups) // 2], groups[-1]}:
                found = ask(connection, one.name, one.version, by=(group,))
                assert found.columns[0] == group
