"""Reconciling: what the ERP's orders and receipts make of decisions, and what a person must look at."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from pipelines.operations import Outbox, ReconcileOutcome, Suggestion, reconcile, send

FIRST, SECOND, THIRD = (f"RO-20261123-00000{i}" for i in (1, 2, 3))
NOTHING = ReconcileOutcome((), (), ())
ORDERS: dict[str, Any] = {
    "purchase_order_id": pl.String,
    "line_number": pl.Int64,
    "sku": pl.String,
    "location_id": pl.String,
    "ordered_units": pl.Int64,
    "confirmed_at": pl.Datetime("us", "UTC"),
    "decision_id": pl.String,
    "is_closed": pl.Boolean,
}
RECEIPTS: dict[str, Any] = {
    "purchase_order_id": pl.String,
    "sku": pl.String,
    "location_id": pl.String,
    "received_units": pl.Int64,
    "received_at": pl.Datetime("us", "UTC"),
}


def line(
    order: str, number: int, decision_id: str | None, sku: str = "MUG-RED", units: int = 24, is_closed: bool = False
) -> tuple[Any, ...]:
    return (order, number, sku, "DC-1", units, None, decision_id, is_closed)


def orders(*lines: tuple[Any, ...]) -> pl.DataFrame:
    return pl.DataFrame(lines, schema=ORDERS, orient="row")


def receipts(*rows: tuple[str, str, int]) -> pl.DataFrame:
    return pl.DataFrame([(order, sku, "DC-1", units, None) for order, sku, units in rows], schema=RECEIPTS, orient="row")


@pytest.fixture
def sent(outbox: Outbox, base: Suggestion, at: datetime, tmp_path: Any) -> Outbox:
    """FIRST (MUG-RED) and SECOND (MUG-BLUE) sent, THIRD (MUG-GREEN) suggested."""
    outbox.suggest("reorder", [replace(base, sku=f"MUG-{colour}") for colour in ("RED", "BLUE", "GREEN")], "v1", at)
    outbox.approve([FIRST, SECOND], "ana", "ok", None, at)
    send(outbox, tmp_path / "out", at)
    return outbox


def test_from_order_to_receipt_and_again(sent: Outbox, at: datetime) -> None:
    placed = orders(line("PO-1", 1, FIRST), line("PO-1", 2, None, sku="OTHER"))
    assert reconcile(sent, placed, receipts(), at) == ReconcileOutcome((FIRST,), (), ())
    assert sent.find([FIRST])["reference"].to_list() == ["PO-1"]
    assert reconcile(sent, placed, receipts(("PO-1", "MUG-RED", 23), ("PO-2", "MUG-RED", 9)), at) == NOTHING
    arrived = receipts(("PO-1", "MUG-RED", 23), ("PO-1", "MUG-RED", 2))
    assert reconcile(sent, placed, arrived, at) == ReconcileOutcome((), (FIRST,), ())
    assert reconcile(sent, placed, arrived, at) == NOTHING
    assert sent.find([FIRST]).select("state", "received_units").rows() == [("received", 25)]


def test_a_closed_line_ends_it_with_what_came(sent: Outbox, at: datetime) -> None:
    placed = orders(line("PO-1", 1, FIRST, is_closed=True))
    outcome = reconcile(sent, placed, receipts(("PO-1", "MUG-RED", 7)), at)
    assert outcome == ReconcileOutcome((FIRST,), (FIRST,), ())
    assert sent.find([FIRST])["received_units"].to_list() == [7]


def test_an_approved_decision_that_the_erp_already_has_is_not_sent(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    outbox.suggest("reorder", [base], "v1", at)
    outbox.approve([FIRST], "ana", "ok", None, at)
    assert reconcile(outbox, orders(line("PO-1", 1, FIRST)), receipts(), at).acknowledged == (FIRST,)
    assert outbox.claim(at) is None


def test_what_does_not_fit_is_listed_and_the_rest_goes_on(sent: Outbox, at: datetime) -> None:
    placed = orders(
        line("PO-1", 1, "RO-0"),
        line("PO-1", 2, SECOND),
        line("PO-2", 1, THIRD, sku="MUG-GREEN"),
        line("PO-3", 1, FIRST),
    )
    outcome = reconcile(sent, placed, receipts(), at)
    assert outcome.acknowledged == (FIRST,)
    assert outcome.exceptions == (
        "Purchase order PO-1 names RO-0, which does not exist.",
        f"Purchase order PO-1 names {SECOND} for MUG-RED, but the decision is about MUG-BLUE.",
        f"Purchase order PO-2 names {THIRD}, which is suggested.",
    )
    assert reconcile(sent, placed, receipts(), at) == ReconcileOutcome((), (), outcome.exceptions)


def test_two_orders_for_one_decision(sent: Outbox, at: datetime) -> None:
    twice = f"{FIRST} stands on purchase orders PO-1 and PO-2; leave it on one of them."
    both = orders(line("PO-1", 1, FIRST), line("PO-2", 1, FIRST))
    assert reconcile(sent, both, receipts(), at) == ReconcileOutcome((), (), (twice,))
    reconcile(sent, both.head(1), receipts(), at)
    arrived = receipts(("PO-1", "MUG-RED", 24))
    assert reconcile(sent, both, arrived, at) == ReconcileOutcome((), (FIRST,), (twice,))


def test_receipts_fill_the_lines_of_one_sku_in_turn(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    outbox.suggest("reorder", [base, replace(base, supplier_id="OTHER")], "v1", at)
    outbox.approve([FIRST, SECOND], "ana", "ok", None, at)
    placed = orders(line("PO-1", 1, FIRST, units=10), line("PO-1", 2, SECOND, units=10))
    outcome = reconcile(outbox, placed, receipts(("PO-1", "MUG-RED", 15)), at)
    assert outcome == ReconcileOutcome((FIRST, SECOND), (FIRST,), ())
    assert reconcile(outbox, placed, receipts(("PO-1", "MUG-RED", 21)), at).received == (SECOND,)
    assert outbox.decisions("received")["received_units"].to_list() == [10, 11]


def test_an_order_without_decision_ids_is_found_by_its_number(sent: Outbox, at: datetime) -> None:
    sent.acknowledge(FIRST, "PO-9", at)
    placed = orders(line("PO-9", 1, None), line("PO-9", 2, None, sku="MUG-BLUE"))
    outcome = reconcile(sent, placed, receipts(("PO-9", "MUG-RED", 24), ("PO-9", "MUG-BLUE", 24)), at)
    assert outcome == ReconcileOutcome((), (FIRST,), ())


def test_nothing_at_all(outbox: Outbox, at: datetime) -> None:
    assert reconcile(outbox, orders(), receipts(), at) == NOTHING
