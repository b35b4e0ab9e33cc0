"""The states of a decision, who may follow whom, and the one way to move. Not here: why somebody wants to move one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from pipelines.errors import InputError
from pipelines.operations.tables import DECISION_EVENTS, DECISIONS

State = Literal["suggested", "approved", "sent", "acknowledged", "received", "rejected", "superseded", "failed"]

FOLLOWERS: dict[State, tuple[State, ...]] = {
    "suggested": ("approved", "rejected", "superseded"),
    "approved": ("sent", "acknowledged", "rejected", "failed"),
    "sent": ("acknowledged", "failed"),
    "acknowledged": ("received", "failed"),
    "received": (),
    "rejected": (),
    "superseded": (),
    "failed": (),
}
SUPPLY_STATES: tuple[State, ...] = ("approved", "sent")
_IDS_PER_QUERY = 10_000


class Refused(InputError):
    """The outbox refuses what was asked, in one sentence that a person can act on."""


class ApprovalRefused(Refused):
    """An approval that the rules do not allow; nothing of it was done."""


class TransitionRefused(Refused):
    """A decision cannot go from the state it is in to the one asked for; nothing was done."""


class UnknownDecision(Refused):
    """No decision has this id."""


@dataclass(frozen=True)
class Signature:
    """Who moved a decision, why and when."""

    actor: str
    reason: str
    at: datetime

    def __post_init__(self) -> None:
        if not self.actor.strip() or not self.reason.strip():
            raise Refused("Say who decides and why: actor and reason must not be empty.")


def fetch(connection: Connection, decision_ids: Sequence[str]) -> list[Row[Any]]:
    """The decisions with these ids, each once, in the order given.

    Raises UnknownDecision for the first id that no decision has.
    """
    ids = list(dict.fromkeys(decision_ids))
    found = {row.decision_id: row for query in by_ids(ids) for row in connection.execute(query)}
    for decision_id in ids:
        if decision_id not in found:
            raise UnknownDecision(f"There is no decision {decision_id}.")
    return [found[decision_id] for decision_id in ids]


def by_ids(decision_ids: Sequence[str]) -> list[Select[Any]]:
    """Queries, at least one, that together give the decisions with these ids; a database bounds how many ids one may name."""
    starts = range(0, max(len(decision_ids), 1), _IDS_PER_QUERY)
    parts = [decision_ids[start : start + _IDS_PER_QUERY] for start in starts]
    return [select(DECISIONS).where(DECISIONS.c.decision_id.in_(part)) for part in parts]


def move(connection: Connection, rows: Sequence[Row[Any]], to_state: State, signature: Signature, **values: object) -> None:
    """Moves `rows` to `to_state`, sets `values` on each and adds an event for each.

    Raises TransitionRefused when one of them may not go there.
    """
    for row in rows:
        _require_move(row, to_state)
    if not rows:
        return
    change = update(DECISIONS).where(DECISIONS.c.decision_id == bindparam("moved_id"))
    change = change.values(state=to_state, changed_at=signature.at, **values)
    connection.execute(change, [{"moved_id": row.decision_id} for row in rows])
    record(connection, [(row.decision_id, row.state) for row in rows], to_state, signature)


def record(connection: Connection, moved: Sequence[tuple[str, State | None]], to_state: State, signature: Signature) -> None:
    """Adds one event for each decision id and the state it comes from."""
    shared = {"to_state": to_state, "actor": signature.actor, "reason": signature.reason, "at": signature.at}
    events = [{"decision_id": decision_id, "from_state": from_state} | shared for decision_id, from_state in moved]
    if events:
        connection.execute(insert(DECISION_EVENTS), events)


def _require_move(row: Row[Any], to_state: State) -> None:
    if to_state not in FOLLOWERS[row.state]:
        raise TransitionRefused(f"{row.decision_id} is {row.state} and cannot become {to_state}.")
    if row.state == "approved" and row.batch_id is not None and to_state in ("rejected", "failed"):
        raise TransitionRefused(f"{row.decision_id} is being sent in batch {row.batch_id} and cannot become {to_state} now.")
