"""The outbox: decisions on their way, and the only way to move one. Not here: files, what the ERP answers, rules of approval."""

import hashlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update

from pipelines.operations.approvals import Edit, candidate, require_approvable
from pipelines.operations.drafts import forget_drafts
from pipelines.operations.states import SUPPLY_STATES, ApprovalRefused, Refused, Signature, State, by_ids, fetch, move, record
from pipelines.operations.store import Store
from pipelines.operations.suggestions import PREFIXES, Kind, Suggestion, SuggestOutcome, compare, require_one_each
from pipelines.operations.tables import BATCHES, DECISION_EVENTS, DECISIONS, frame


@dataclass(frozen=True)
class Batch:
    """Decisions that are delivered together; `decisions` never changes once they are claimed, apart from their state."""

    batch_id: str
    decisions: pl.DataFrame


class Outbox(Store):
    """Decisions in a database, each change in one transaction. Every instant must carry a time zone, or UnfitValue is raised."""

    def suggest(
        self, kind: Kind, decisions: Sequence[Suggestion], run_version: str, at: datetime, counted: Set[str] | None = None
    ) -> SuggestOutcome:
        """Makes `decisions` what is suggested of this kind; what a planner has already decided stays.

        The same subject and quantity stays the same decision with renewed figures; another quantity supersedes it;
        a subject that is not suggested any more is superseded too. Repeating a run changes nothing.
        counted: ids of the supply that the run reckoned with. What was approved while it computed is not among them: its
        subject is not suggested again, the next run will count it.

        Raises ValueError when a suggestion is of another kind or two have one subject.
        """
        require_one_each(kind, decisions)
        with self._database.writing() as connection:
            of_kind = select(DECISIONS).where(DECISIONS.c.kind == kind)
            pending = connection.execute(of_kind.where(DECISIONS.c.state == "suggested")).all()
            settled = of_kind.where(DECISIONS.c.run_version == run_version, DECISIONS.c.state != "suggested")
            settled_keys = connection.scalars(settled.with_only_columns(DECISIONS.c.idempotency_key))
            uncounted = set() if counted is None else _supply_beside(connection, of_kind, counted)
            fresh_needs = [one for one in decisions if (one.sku, one.location_id) not in uncounted]
            difference = compare(fresh_needs, pending, set(settled_keys), run_version)
            _renew(connection, difference.unchanged, run_version)
            fresh = [(suggestion, None) for suggestion in difference.new]
            _add(connection, fresh + [(suggestion, old) for old, suggestion in difference.changed], run_version, at)
            by_planning = Signature("planning", f"run {run_version} suggests another quantity", at)
            move(connection, [old for old, _ in difference.changed], "superseded", by_planning)
            move(connection, difference.withdrawn, "superseded", Signature("planning", "no longer needed", at))
        return difference.outcome

    def approve(
        self,
        decision_ids: Sequence[str],
        actor: str,
        reason: str,
        cap_amount: Decimal | None,
        at: datetime,
        quantity_units: int | None = None,
        edits: Mapping[str, Edit] | None = None,
    ) -> None:
        """Approves all of these decisions or none; one alone may be given another quantity, its amount follows.

        `edits`, by decision id, give any of them another quantity or date. Drafts of what is approved are done with.

        Raises ApprovalRefused when actor or reason is empty, one is not suggested, or the amount of one or of all together
        exceeds `cap_amount` or is unknown while there is a cap. Raises UnknownDecision for an id that does not exist.
        """
        if not actor.strip() or not reason.strip():
            raise ApprovalRefused("Say who approves and why: actor and reason must not be empty.")
        if quantity_units is not None and len(decision_ids) != 1:
            raise ApprovalRefused("A changed quantity belongs to one decision; approve it on its own.")
        with self._database.writing() as connection:
            rows = fetch(connection, decision_ids)
            wanted = {row.decision_id: Edit(quantity_units) for row in rows} | dict(edits or {})
            candidates = [candidate(row, wanted[row.decision_id].quantity_units) for row in rows]
            require_approvable(candidates, cap_amount)
            signature = Signature(actor, reason, at)
            for row, one in zip(rows, candidates, strict=True):
                if changed := wanted[row.decision_id].values(one):
                    move(connection, [row], "approved", signature, **changed)
            move(connection, [row for row in rows if wanted[row.decision_id].is_empty], "approved", signature)
            forget_drafts(connection, decision_ids)

    def reject(self, decision_ids: Sequence[str], actor: str, reason: str, at: datetime) -> None:
        """Rejects all of these decisions or none: suggested ones, or approved ones that are not being sent yet.

        Raises Refused when actor or reason is empty, TransitionRefused or UnknownDecision when one cannot be rejected.
        """
        with self._database.writing() as connection:
            move(connection, fetch(connection, decision_ids), "rejected", Signature(actor, reason, at))
            forget_drafts(connection, decision_ids)

    def fail(self, decision_ids: Sequence[str], actor: str, reason: str, at: datetime) -> None:
        """Gives up all of these decisions or none: approved and not being sent yet, sent, or acknowledged.

        Raises Refused when actor or reason is empty, TransitionRefused or UnknownDecision when one cannot fail.
        """
        self._move(decision_ids, "failed", Signature(actor, reason, at))

    def acknowledge(self, decision_id: str, reference: str, at: datetime) -> None:
        """The receiving system has the decision, as its `reference`; from here on its purchase order counts as supply.

        Raises TransitionRefused when it is neither sent nor approved, UnknownDecision when it does not exist.
        """
        self._move([decision_id], "acknowledged", Signature("erp", f"purchase order {reference}", at), reference=reference)

    def receive(self, decision_id: str, received_units: int, at: datetime) -> None:
        """All that will come has come: `received_units` in total.

        Raises Refused when the units are negative, TransitionRefused when it is not acknowledged, UnknownDecision when
        it does not exist.
        """
        if received_units < 0:
            raise Refused(f"{decision_id} cannot have received {received_units} units.")
        signature = Signature("erp", f"{received_units} units received", at)
        self._move([decision_id], "received", signature, received_units=received_units)

    def claim(self, at: datetime) -> Batch | None:
        """The oldest batch that is claimed and not sent; without one, all approved decisions as a new batch; else None."""
        with self._database.writing() as connection:
            unfinished = select(BATCHES.c.batch_id).where(BATCHES.c.sent_at.is_(None)).order_by(BATCHES.c.claimed_at)
            batch_id = connection.scalar(unfinished.limit(1)) or _claim_approved(connection, at)
            if batch_id is None:
                return None
            members = select(DECISIONS).where(DECISIONS.c.batch_id == batch_id).order_by(DECISIONS.c.number)
            return Batch(batch_id, frame(connection, members))

    def mark_sent(self, batch_id: str, at: datetime) -> int:
        """Marks a batch's decisions sent and returns how many; 0 when it was marked before.

        One that was acknowledged meanwhile stays so. Raises Refused when no batch has this id.
        """
        with self._database.writing() as connection:
            batch = connection.execute(select(BATCHES).where(BATCHES.c.batch_id == batch_id)).one_or_none()
            if batch is None:
                raise Refused(f"There is no batch {batch_id}.")
            if batch.sent_at is not None:
                return 0
            connection.execute(update(BATCHES).where(BATCHES.c.batch_id == batch_id).values(sent_at=at))
            claimed = select(DECISIONS).where(DECISIONS.c.batch_id == batch_id, DECISIONS.c.state == "approved")
            rows = connection.execute(claimed).all()
            move(connection, rows, "sent", Signature("delivery", f"batch {batch_id}", at))
            return len(rows)

    def decisions(self, state: State | None = None, kind: Kind | None = None) -> pl.DataFrame:
        """All decisions, or those in one state or of one kind, oldest first; `explanation` is JSON."""
        query = select(DECISIONS).order_by(DECISIONS.c.number)
        query = query if state is None else query.where(DECISIONS.c.state == state)
        return self._frame(query if kind is None else query.where(DECISIONS.c.kind == kind))

    def find(self, decision_ids: Sequence[str]) -> pl.DataFrame:
        """Those of these decisions that exist, in any state."""
        with self._database.reading() as connection:
            return pl.concat([frame(connection, query) for query in by_ids(decision_ids)])

    def history(self, decision_id: str) -> pl.DataFrame:
        """Every move of one decision, oldest first; empty when it does not exist."""
        columns = [column for column in DECISION_EVENTS.c if column.name != "event_number"]
        query = select(*columns).where(DECISION_EVENTS.c.decision_id == decision_id)
        return self._frame(query.order_by(DECISION_EVENTS.c.event_number))

    def counts(self) -> dict[State, int]:
        """How many decisions there are in each state that has any."""
        with self._database.reading() as connection:
            query = (
                select(DECISIONS.c.state, func.count().label("decisions")).group_by(DECISIONS.c.state).order_by(DECISIONS.c.state)
            )
            return {row.state: row.decisions for row in connection.execute(query)}

    def undecided(self) -> pl.DataFrame:
        """kind, sku, location_id and quantity_units of what is suggested and nobody has decided."""
        names = ("kind", "sku", "location_id", "quantity_units")
        return self._frame(select(*(DECISIONS.c[name] for name in names)).where(DECISIONS.c.state == "suggested"))

    def supply(self) -> pl.DataFrame:
        """What counts as supply because the ERP does not show it yet: approved and sent."""
        names = ("decision_id", "kind", "sku", "location_id", "from_location_id", "quantity_units", "state", "changed_at")
        query = select(*(DECISIONS.c[name] for name in names)).where(DECISIONS.c.state.in_(SUPPLY_STATES))
        return self._frame(query.order_by(DECISIONS.c.number))

    def _frame(self, query: Select[Any]) -> pl.DataFrame:
        with self._database.reading() as connection:
            return frame(connection, query)

    def _move(self, decision_ids: Sequence[str], to_state: State, signature: Signature, **values: object) -> None:
        with self._database.writing() as connection:
            move(connection, fetch(connection, decision_ids), to_state, signature, **values)


def _supply_beside(connection: Connection, of_kind: Select[Any], counted: Set[str]) -> set[tuple[str, str]]:
    """SKU and location of decisions that are supply and not among these."""
    rows = connection.execute(of_kind.where(DECISIONS.c.state.in_(SUPPLY_STATES))).all()
    return {(row.sku, row.location_id) for row in rows if row.decision_id not in counted}


def _renew(connection: Connection, unchanged: Sequence[tuple[Row[Any], Suggestion]], run_version: str) -> None:
    renewed = [{"renewed_id": old.decision_id} | suggestion.figures(run_version) for old, suggestion in unchanged]
    if renewed:
        connection.execute(update(DECISIONS).where(DECISIONS.c.decision_id == bindparam("renewed_id")), renewed)


def _add(connection: Connection, added: Sequence[tuple[Suggestion, Row[Any] | None]], run_version: str, at: datetime) -> None:
    """Adds suggestions, each with the decision that it supersedes, if any."""
    if not added:
        return
    first = (connection.scalar(select(func.max(DECISIONS.c.number))) or 0) + 1
    rows = [_row(suggestion, old, number, run_version, at) for number, (suggestion, old) in enumerate(added, first)]
    connection.execute(insert(DECISIONS), rows)
    record(connection, [(row["decision_id"], None) for row in rows], "suggested", Signature("planning", f"run {run_version}", at))
    pairs = [(old, row) for row, (_, old) in zip(rows, added, strict=True) if old is not None]
    successors = [{"old_id": old.decision_id, "new_id": row["decision_id"]} for old, row in pairs]
    if successors:
        link = update(DECISIONS).where(DECISIONS.c.decision_id == bindparam("old_id")).values(superseded_by=bindparam("new_id"))
        connection.execute(link, successors)


def _row(suggestion: Suggestion, old: Row[Any] | None, number: int, run_version: str, at: datetime) -> dict[str, Any]:
    return suggestion.figures(run_version) | {
        "decision_id": f"{PREFIXES[suggestion.kind]}-{at.astimezone(UTC):%Y%m%d}-{number:06d}",
        "number": number,
        "kind": suggestion.kind,
        "state": "suggested",
        "sku": suggestion.sku,
        "location_id": suggestion.location_id,
        "supplier_id": suggestion.supplier_id,
        "from_location_id": suggestion.from_location_id,
        "quantity_units": suggestion.quantity_units,
        "suggested_quantity_units": suggestion.quantity_units,
        "previous_quantity_units": None if old is None else old.quantity_units,
        "suggested_at": at,
        "changed_at": at,
    }


def _claim_approved(connection: Connection, at: datetime) -> str | None:
    """Puts every approved decision that is in no batch into a new one, whose id tells its content, and returns the id."""
    is_free = (DECISIONS.c.state == "approved") & DECISIONS.c.batch_id.is_(None)
    keys = connection.scalars(select(DECISIONS.c.idempotency_key).where(is_free).order_by(DECISIONS.c.number)).all()
    if not keys:
        return None
    batch_id = f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{hashlib.sha256(''.join(keys).encode()).hexdigest()[:8]}"
    connection.execute(insert(BATCHES), {"batch_id": batch_id, "claimed_at": at})
    connection.execute(update(DECISIONS).where(is_free).values(batch_id=batch_id))
    return batch_id
