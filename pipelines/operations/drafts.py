"""What planners have typed and not approved yet, kept at every edit. Here: saving and reading. Not here: approving (outbox.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select

from pipelines.operations.approvals import Edit
from pipelines.operations.states import Refused, fetch
from pipelines.operations.store import Store
from pipelines.operations.tables import DECISIONS, DRAFTS, frame

MAX_UNITS = 10_000_000
KINDS = ("reorder", "transfer")
SUBJECT = ("kind", "sku", "location_id", "supplier_id")


@dataclass(frozen=True)
class Draft:
    """Another quantity or date for a suggested decision; a blank one is as suggested.

    Raises Refused when the quantity is below 0 or above ten million units.
    """

    decision_id: str
    quantity_units: int | None = None
    needed_by: date | None = None

    def __post_init__(self) -> None:
        if self.quantity_units is not None and not 0 <= self.quantity_units <= MAX_UNITS:
            raise Refused(
                f"{self.decision_id}: {self.quantity_units} units is not between 0 and {MAX_UNITS:,}; type another quantity."
            )


def require_day_to_come(decision_id: str, typed: date | None, suggested: date | None, today: date) -> None:
    """Raises Refused for a date before today that a person typed; one that the run suggests stays."""
    if typed is not None and typed < today and typed != suggested:
        raise Refused(f"{decision_id}: {typed} is before today ({today}); type the day by which it is needed.")


class Drafts(Store):
    """Drafts in the database of operations, one per SKU, location and supplier or sender: a run that supersedes the suggestion loses none."""

    def save(self, drafts: Sequence[Draft], author: str, at: datetime) -> None:
        """Keeps all of these or none, the last one of a decision; a draft equal to its suggestion is taken away.

        Raises UnknownDecision for an id that does not exist, Refused for a decision that is not suggested any more.
        """
        with self._database.writing() as connection:
            wanted = {draft.decision_id: draft for draft in drafts}
            rows = fetch(connection, list(wanted))
            _forget(connection, rows)
            kept = [_row(wanted[row.decision_id], row, author, at) for row in rows]
            if changed := [row for row in kept if row["quantity_units"] is not None or row["needed_by"] is not None]:
                connection.execute(insert(DRAFTS), changed)

    def drafts(self, kind: str = "reorder") -> pl.DataFrame:
        """Every draft with the suggestion that now stands for its subject: decision_id is blank where there is none any more.

        `is_stale`: it was made against another suggestion, of another quantity or withdrawn since.
        """
        made_of = DRAFTS.c.decision_id.label("made_of_id")
        kept = select(made_of, *(column for column in DRAFTS.c if column.name != "decision_id")).where(DRAFTS.c.kind == kind)
        of = DECISIONS.c
        giver = func.coalesce(of.supplier_id, of.from_location_id, "").label("supplier_id")
        standing = select(of.kind, of.sku, of.location_id, giver, of.decision_id)
        with self._database.reading() as connection:
            rows = frame(connection, kept.order_by(DRAFTS.c.saved_at))
            now = frame(connection, standing.where(of.state == "suggested", of.kind == kind))
        found = rows.join(now, on=SUBJECT, how="left", maintain_order="left")
        return found.with_columns(is_stale=pl.col("decision_id") != pl.col("made_of_id")).drop("made_of_id")

    def edits(self, decision_ids: Sequence[str]) -> dict[str, Edit]:
        """What drafts change in these decisions, as `Outbox.approve` takes it."""
        kept = pl.concat([self.drafts(kind) for kind in KINDS], how="vertical_relaxed")
        rows = kept.filter(pl.col("decision_id").is_in(list(decision_ids)))
        return {row["decision_id"]: Edit(row["quantity_units"], row["needed_by"]) for row in rows.iter_rows(named=True)}

    def discard(self, decision_ids: Sequence[str]) -> None:
        """Takes drafts away; the suggestions stand as they are."""
        with self._database.writing() as connection:
            forget_drafts(connection, decision_ids)


def forget_drafts(connection: Connection, decision_ids: Sequence[str]) -> None:
    """Takes away the drafts about the subjects of these decisions."""
    _forget(connection, fetch(connection, decision_ids))


def _forget(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    of_subject = [DRAFTS.c[name] == bindparam(f"of_{name}") for name in SUBJECT]
    subjects = [{f"of_{name}": value for name, value in _subject(row).items()} for row in rows]
    if subjects:
        connection.execute(delete(DRAFTS).where(*of_subject), subjects)


def _row(draft: Draft, row: Row[Any], author: str, at: datetime) -> dict[str, Any]:
    if row.state != "suggested":
        raise Refused(f"{row.decision_id} is {row.state}, not suggested; reload the list and choose again.")
    return _subject(row) | {
        "decision_id": row.decision_id,
        "suggested_quantity_units": row.quantity_units,
        "quantity_units": None if draft.quantity_units == row.quantity_units else draft.quantity_units,
        "needed_by": None if draft.needed_by == row.needed_by else draft.needed_by,
        "author": author or "somebody",
        "saved_at": at,
    }


def _subject(row: Row[Any]) -> dict[str, str]:
    return {
        "kind": row.kind,
        "sku": row.sku,
        "location_id": row.location_id,
        "supplier_id": row.supplier_id or row.from_location_id or "",
    }
