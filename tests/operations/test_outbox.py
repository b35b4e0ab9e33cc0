"""The outbox: suggesting, deciding, every move allowed and refused, amounts, concurrency."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from pipelines.operations import (
    ApprovalRefused,
    Edit,
    Outbox,
    Refused,
    Suggestion,
    SuggestOutcome,
    TransitionRefused,
    UnfitValue,
    UnknownDecision,
)
from pipelines.operations.states import FOLLOWERS
from pipelines.operations.tables import METADATA

FIRST, SECOND = "RO-20261123-000001", "RO-20261123-000002"
Walk = Callable[[Outbox, datetime], object]

MOVES: dict[str, Walk] = {
    "approved": lambda outbox, at: outbox.approve([FIRST], "ana", "ok", None, at),
    "rejected": lambda outbox, at: outbox.reject([FIRST], "ana", "too much", at),
    "superseded": lambda outbox, at: outbox.suggest("reorder", [], "v2", at),
    "failed": lambda outbox, at: outbox.fail([FIRST], "erp", "refused", at),
    "sent": lambda outbox, at: outbox.mark_sent(batch.batch_id, at) if (batch := outbox.claim(at)) else None,
    "acknowledged": lambda outbox, at: outbox.acknowledge(FIRST, "PO-1", at),
    "received": lambda outbox, at: outbox.receive(FIRST, 24, at),
}
PATHS: dict[str, tuple[str, ...]] = {
    "suggested": (),
    "approved": ("approved",),
    "sent": ("approved", "sent"),
    "acknowledged": ("approved", "sent", "acknowledged"),
    "received": ("approved", "sent", "acknowledged", "received"),
    "rejected": ("rejected",),
    "superseded": ("superseded",),
    "failed": ("approved", "failed"),
}
ASKED = ("approved", "rejected", "failed", "acknowledged", "received")


def only(frame: pl.DataFrame) -> dict[str, object]:
    (row,) = frame.to_dicts()
    return row


@pytest.mark.parametrize("to_state", ASKED)
@pytest.mark.parametrize("state", PATHS)
def test_each_move_is_either_allowed_or_refused(
    outbox: Outbox, base: Suggestion, at: datetime, state: str, to_state: str
) -> None:
    outbox.suggest("reorder", [base], "v1", at)
    for step in PATHS[state]:
        MOVES[step](outbox, at)
    before = outbox.history(FIRST)
    assert before["to_state"].to_list() == ["suggested", *PATHS[state]]
    if to_state in FOLLOWERS[state]:  # type: ignore[index]
        MOVES[to_state](outbox, at)
        assert outbox.counts() == {to_state: 1}
        assert outbox.history(FIRST)["from_state"].to_list()[-1] == state
    else:
        with pytest.raises(Refused, match=FIRST):
            MOVES[to_state](outbox, at)
        assert outbox.counts() == {state: 1}
        assert outbox.history(FIRST).equals(before)


@pytest.mark.parametrize("state", ["approved", "sent", "acknowledged", "received", "rejected", "failed"])
def test_a_run_leaves_alone_what_was_decided(outbox: Outbox, base: Suggestion, at: datetime, state: str) -> None:
    outbox.suggest("reorder", [base], "v1", at)
    for step in PATHS[state]:
        MOVES[step](outbox, at)
    assert outbox.suggest("reorder", [base], "v1", at) == SuggestOutcome(0, 1, 0, 0)
    assert outbox.suggest("reorder", [], "v2", at) == SuggestOutcome(0, 0, 0, 0)
    assert outbox.suggest("reorder", [base], "v3", at) == SuggestOutcome(1, 0, 0, 0)
    assert outbox.counts() == {state: 1, "suggested": 1}


def test_suggesting_twice_changes_nothing(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    suggestions = [base, replace(base, sku="MUG-BLUE"), replace(base, supplier_id="OTHER")]
    assert outbox.suggest("reorder", suggestions, "v1", at) == SuggestOutcome(3, 0, 0, 0)
    before = outbox.decisions()
    assert outbox.suggest("reorder", suggestions, "v1", at + timedelta(hours=1)) == SuggestOutcome(0, 3, 0, 0)
    assert outbox.decisions().equals(before)


def test_an_unchanged_quantity_stays_the_same_decision_with_new_figures(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    outbox.suggest("reorder", [base], "v1", at)
    dearer = replace(base, amount=Decimal("72"), explanation={"reorder_point_units": 31})
    assert outbox.suggest("reorder", [dearer], "v2", at) == SuggestOutcome(0, 1, 0, 0)
    row = only(outbox.decisions())
    assert (row["decision_id"], row["run_version"], row["amount"]) == (FIRST, "v2", Decimal("72.0000"))
    assert row["explanation"] == '{"reorder_point_units": 31}'
    assert outbox.history(FIRST).height == 1


def test_another_quantity_supersedes_and_shows_the_difference(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    outbox.suggest("reorder", [base], "v1", at)
    assert outbox.suggest("reorder", [replace(base, quantity_units=36)], "v2", at) == SuggestOutcome(0, 0, 1, 0)
    new, old = only(outbox.decisions("suggested")), only(outbox.decisions("superseded"))
    assert (new["decision_id"], new["quantity_units"], new["previous_quantity_units"]) == (SECOND, 36, 24)
    assert (old["decision_id"], old["superseded_by"]) == (FIRST, SECOND)
    assert outbox.history(FIRST)["reason"].to_list()[-1] == "run v2 suggests another quantity"


def test_what_is_no_longer_suggested_is_withdrawn_within_its_kind(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    transfer = replace(base, kind="transfer", from_location_id="DC-2", supplier_id=None)
    outbox.suggest("reorder", [base, replace(base, sku="MUG-BLUE")], "v1", at)
    outbox.suggest("transfer", [transfer], "v1", at)
    assert outbox.suggest("reorder", [base], "v2", at) == SuggestOutcome(0, 1, 0, 1)
    assert outbox.history(SECOND).select("from_state", "to_state", "actor", "reason").rows()[-1] == (
        "suggested",
        "superseded",
        "planning",
        "no longer needed",
    )
    assert only(outbox.decisions("suggested", "transfer"))["decision_id"] == "TR-20261123-000003"


def test_suggestions_must_make_sense(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    with pytest.raises(ValueError, match="each subject once"):
        outbox.suggest("reorder", [base, replace(base, quantity_units=1)], "v1", at)
    with pytest.raises(ValueError, match="cannot suggest a reorder of MUG-RED"):
        outbox.suggest("transfer", [base], "v1", at)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"quantity_units": -1}, "suggest at least one"),
        ({"quantity_units": 0, "kind": "transfer"}, "suggest at least one"),
        ({"amount": Decimal(-1)}, "negative or has no currency"),
        ({"currency_code": None}, "negative or has no currency"),
        ({"amount": Decimal("NaN")}, "NaN is not an amount"),
        ({"amount": Decimal(10**14)}, "14 digits"),
        ({"kind": "gift"}, "a reorder or a transfer, not 'gift'"),
    ],
)
def test_a_suggestion_must_make_sense(base: Suggestion, wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(base, **wrong)


def test_the_cap_holds_at_the_cent(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    outbox.suggest("reorder", [replace(base, amount=Decimal("1000.00"))], "v1", at)
    with pytest.raises(ApprovalRefused) as refusal:
        outbox.approve([FIRST], "ana", "ok", Decimal("999.99"), at)
    assert str(refusal.value) == (
        f"{FIRST} amounts to 1000.0000 EUR, above the approval cap of 999.99; lower its quantity or have the cap raised."
    )
    outbox.approve([FIRST], "ana", "ok", Decimal("1000.00"), at)
    assert outbox.counts() == {"approved": 1}


def test_the_cap_holds_for_several_together_and_nothing_is_approved(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    outbox.suggest("reorder", [base, replace(base, sku="MUG-BLUE", amount=Decimal("39.7001"))], "v1", at)
    with pytest.raises(ApprovalRefused, match=r"100.0001 EUR together, above the approval cap of 100;"):
        outbox.approve([FIRST, SECOND], "ana", "ok", Decimal(100), at)
    assert outbox.counts() == {"suggested": 2}
    outbox.approve([FIRST, SECOND, FIRST], "ana", "ok", Decimal("100.0001"), at)
    assert outbox.counts() == {"approved": 2}


def test_a_cap_does_not_hold_transfers_which_buy_nothing(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    transfer = replace(
        base, kind="transfer", from_location_id="DC-2", supplier_id=None, unit_cost_amount=None, amount=None, currency_code=None
    )
    outbox.suggest("transfer", [transfer], "v1", at)
    outbox.approve(["TR-20261123-000001"], "ana", "ok", Decimal(1), at)
    assert outbox.counts() == {"approved": 1}


def test_a_cap_needs_known_amounts_of_one_currency(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    unknown = replace(base, unit_cost_amount=None, amount=None, currency_code=None)
    outbox.suggest("reorder", [unknown, replace(base, sku="B"), replace(base, sku="C", currency_code="USD")], "v1", at)
    third = "RO-20261123-000003"
    with pytest.raises(ApprovalRefused, match=f"amount of {FIRST} is unknown"):
        outbox.approve([FIRST], "ana", "ok", Decimal(100), at)
    with pytest.raises(ApprovalRefused, match="EUR and USD"):
        outbox.approve([SECOND, third], "ana", "ok", Decimal(1000), at)
    outbox.approve([FIRST, SECOND, third], "ana", "ok", None, at)
    assert outbox.counts() == {"approved": 3}


def test_what_waits_is_approved_only_with_a_quantity(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    waits = replace(base, quantity_units=0, amount=Decimal(0))
    assert outbox.suggest("reorder", [waits], "v1", at) == SuggestOutcome(1, 0, 0, 0)
    with pytest.raises(ApprovalRefused, match="cannot be approved for 0 units; give it a quantity"):
        outbox.approve([FIRST], "ana", "ok", None, at)
    outbox.approve([FIRST], "ana", "can't wait", None, at, edits={FIRST: Edit(10)})
    row = only(outbox.decisions("approved"))
    assert (row["quantity_units"], row["suggested_quantity_units"], row["amount"]) == (10, 0, Decimal("25.1250"))


@pytest.mark.parametrize(
    ("quantity", "cost", "amount"), [(99, "2.5", "247.5"), (100, "2.2", "220"), (130, "2.2", "286"), (120, "2.2", "264")]
)
def test_another_quantity_is_approved_at_what_it_costs_beyond_and_below_the_price_break(
    outbox: Outbox, base: Suggestion, at: datetime, quantity: int, cost: str, amount: str
) -> None:
    terms = {"unit_cost_amount": "2.5000", "price_break_units": 100, "price_break_cost_amount": "2.2000"}
    cheaper = replace(base, quantity_units=120, unit_cost_amount=Decimal("2.2"), amount=Decimal(264), explanation=terms)
    outbox.suggest("reorder", [cheaper], "v1", at)
    outbox.approve([FIRST], "ana", "less", Decimal(amount), at, edits={FIRST: Edit(quantity)})
    (row,) = outbox.decisions("approved").to_dicts()
    assert (row["quantity_units"], row["unit_cost_amount"], row["amount"]) == (quantity, Decimal(cost), Decimal(amount))


def test_a_changed_quantity_changes_the_amount(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    outbox.suggest("reorder", [base, replace(base, sku="B")], "v1", at)
    with pytest.raises(ApprovalRefused, match=r"62\.8125 EUR"):
        outbox.approve([FIRST], "ana", "promotion", Decimal("62.81"), at, quantity_units=25)
    with pytest.raises(ApprovalRefused, match="0 units"):
        outbox.approve([FIRST], "ana", "none", None, at, quantity_units=0)
    with pytest.raises(ApprovalRefused, match="on its own"):
        outbox.approve([FIRST, SECOND], "ana", "both", None, at, quantity_units=25)
    outbox.approve([FIRST], "ana", "promotion", Decimal("62.8125"), at, quantity_units=25)
    row = only(outbox.decisions("approved"))
    assert (row["quantity_units"], row["suggested_quantity_units"], row["amount"]) == (25, 24, Decimal("62.8125"))


def test_deciding_takes_a_name_a_reason_and_known_decisions(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    outbox.suggest("reorder", [base], "v1", at)
    for actor, reason in (("", "ok"), ("ana", " ")):
        with pytest.raises(ApprovalRefused, match="actor and reason"):
            outbox.approve([FIRST], actor, reason, None, at)
        with pytest.raises(Refused, match="actor and reason"):
            outbox.reject([FIRST], actor, reason, at)
    with pytest.raises(UnknownDecision, match="RO-0"):
        outbox.approve([FIRST, "RO-0"], "ana", "ok", None, at)
    with pytest.raises(UnfitValue, match="time zone"):
        outbox.approve([FIRST], "ana", "ok", None, at.replace(tzinfo=None))
    assert outbox.counts() == {"suggested": 1}


def test_what_is_being_sent_cannot_be_taken_back(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    outbox.suggest("reorder", [base], "v1", at)
    outbox.approve([FIRST], "ana", "ok", None, at)
    outbox.claim(at)
    for step in ("rejected", "failed"):
        with pytest.raises(TransitionRefused, match="being sent in batch"):
            MOVES[step](outbox, at)


def test_supply_is_what_the_erp_does_not_show_yet(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    empty = outbox.supply()
    outbox.suggest("reorder", [base], "v1", at)
    seen = []
    for step in PATHS["received"]:
        MOVES[step](outbox, at)
        seen.append(outbox.supply().height)
    assert seen == [1, 1, 0, 0]
    assert empty.schema == outbox.supply().schema
    assert empty.columns == [
        "decision_id",
        "kind",
        "sku",
        "location_id",
        "from_location_id",
        "quantity_units",
        "state",
        "changed_at",
    ]


def test_frames_are_typed_even_when_empty(outbox: Outbox) -> None:
    schema = outbox.decisions().schema
    assert schema["amount"] == pl.Decimal(18, 4)
    assert schema["changed_at"] == pl.Datetime("us", "UTC")
    assert schema["quantity_units"] == pl.Int64
    assert schema["needed_by"] == pl.Date
    assert outbox.find([]).schema == schema
    assert outbox.history("RO-0").columns == ["decision_id", "at", "from_state", "to_state", "actor", "reason"]


def test_instants_come_back_in_utc(outbox: Outbox, base: Suggestion) -> None:
    local = datetime(2026, 11, 24, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    outbox.suggest("reorder", [base], "v1", local)
    row = only(outbox.decisions())
    assert row["suggested_at"] == datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert row["decision_id"] == FIRST


@settings(max_examples=10, deadline=None)
@given(amounts=st.lists(st.decimals("0", "99999999999999.9999", places=4), min_size=1, max_size=20))
def test_amounts_stay_exact_to_four_places(
    tmp_path_factory: pytest.TempPathFactory, base: Suggestion, at: datetime, amounts: list[Decimal]
) -> None:
    path = tmp_path_factory.mktemp("amounts") / "outbox.db"
    with Outbox(f"sqlite:///{path}") as outbox:
        outbox.suggest("reorder", [replace(base, sku=f"S{i}", amount=amount) for i, amount in enumerate(amounts)], "v1", at)
        assert outbox.decisions()["amount"].to_list() == amounts


def test_two_processes_approving_at_once_do_not_both_win(tmp_path: Path, processes: Callable[[str], list[str]]) -> None:
    assert sorted(processes("approve")) == ["0", "1", "1", "1"]
    with Outbox(f"sqlite:///{tmp_path}/outbox.db") as outbox:
        moves = pl.concat([outbox.history(decision_id) for decision_id in outbox.decisions()["decision_id"]])
        approvals = moves.filter(pl.col("to_state") == "approved")
        assert (approvals.height, approvals["actor"].n_unique()) == (20, 1)


def test_the_tables_are_fit_for_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    ddl = " ".join(str(CreateTable(table).compile(dialect=dialect)) for table in METADATA.sorted_tables)
    assert "NUMERIC(18, 4)" in ddl
    assert "TIMESTAMP WITH TIME ZONE" in ddl


def test_what_is_approved_while_a_run_computes_is_not_suggested_again(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    """The run has read what is on its way; then somebody approves; the next run counts it and may ask for more."""
    other = replace(base, sku="MUG-BLUE")
    outbox.suggest("reorder", [base, other], "v1", at)
    counted = set(outbox.supply()["decision_id"])
    MOVES["approved"](outbox, at)
    assert outbox.suggest("reorder", [base, other], "v2", at, counted) == SuggestOutcome(0, 1, 0, 0)
    assert outbox.counts() == {"approved": 1, "suggested": 1}
    counted = set(outbox.supply()["decision_id"])
    assert outbox.suggest("reorder", [base, other], "v3", at, counted) == SuggestOutcome(1, 1, 0, 0)
