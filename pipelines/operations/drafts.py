"""What planners have typed and not approved yet, kept at every edit. Here: saving and reading. Not here: approving (outbox.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self

import polars as pl
from sqlalchemy import Connection, Row, delete, func, insert, select

from pipelines.operations.database import Database
from pipelines.operations.states import Refused, fetch
from pipelines.operations.tables import DECISIONS, DRAFTS, create_missing, frame

MAX_UNITS = 10_000_000


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


class Drafts:
    """Drafts in the database of operations, one per SKU, location and supplier: a run that supersedes the suggestion loses none."""

    def __init__(self, url: str) -> None:
        """Opens the database at a SQLAlchemy `url` and creates its tables when they are not there."""
        self._database = Database(url)
        create_missing(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._database.close()

    def save(self, drafts: Sequence[Draft], author: str, at: datetime) -> None:
        """Keeps all of these or none; a draft equal to its suggestion is taken away.

        Raises UnknownDecision for an id that does not exist, Refused for a decision that is not suggested any more.
        """
        with self._database.writing() as connection:
            rows = fetch(connection, [draft.decision_id for draft in drafts])
            decided = {row.decision_id: row for row in rows}
            for draft in drafts:
                _save(connection, draft, decided[draft.decision_id], author, at)

    def drafts(self, kind: str = "reorder") -> pl.DataFrame:
        """Every draft with the suggestion that now stands for its subject: decision_id is blank where there is none any more.

        `is_stale`: it was made against another quantity than is suggested now.
        """
        subject = (
            (DRAFTS.c.kind == DECISIONS.c.kind)
            & (DRAFTS.c.sku == DECISIONS.c.sku)
            & (DRAFTS.c.location_id == DECISIONS.c.location_id)
        )
        now = (DECISIONS.c.state == "suggested") & (DRAFTS.c.supplier_id == func.coalesce(DECISIONS.c.supplier_id, ""))
        columns = [column for column in DRAFTS.c if column.name not in ("kind", "decision_id")]
        query = select(*columns, DECISIONS.c.decision_id, DECISIONS.c.suggested_quantity_units.label("now_suggested_units"))
        query = (
            query.select_from(DRAFTS.outerjoin(DECISIONS, subject & now)).where(DRAFTS.c.kind == kind).order_by(DRAFTS.c.saved_at)
        )
        with self._database.reading() as connection:
            rows = frame(connection, query)
        return rows.with_columns(is_stale=pl.col("now_suggested_units") != pl.col("suggested_quantity_units"))

    def discard(self, decision_ids: Sequence[str]) -> None:
        """Takes drafts away; the suggestions stand as they are."""
        with self._database.writing() as connection:
            forget_drafts(connection, decision_ids)


def forget_drafts(connection: Connection, decision_ids: Sequence[str]) -> None:
    """Takes away the drafts about the subjects of these decisions."""
    for row in fetch(connection, decision_ids):
        connection.execute(delete(DRAFTS).where(*_subject(row)))


def _save(connection: Connection, draft: Draft, row: Row[Any], author: str, at: datetime) -> None:
    if row.state != "suggested":
        raise Refused(f"{row.decision_id} is {row.state}, not suggested; reload the list and choose again.")
    connection.execute(delete(DRAFTS).where(*_subject(row)))
    quantity = None if draft.quantity_units == row.quantity_units else draft.quantity_units
    needed_by = None if draft.needed_by == row.needed_by else draft.needed_by
    if quantity is None and needed_by is None:
        return
    subject = {"kind": row.kind, "sku": row.sku, "location_id": row.location_id, "supplier_id": row.supplier_id or ""}
    values = {"decision_id": row.decision_id, "suggested_quantity_units": row.quantity_units, "quantity_units": quantity,
              "needed_by": needed_by, "author": author or "somebody", "saved_at": at}  # fmt: skip
    connection.execute(insert(DRAFTS), subject | values)


def _subject(row: Row[Any]) -> list[Any]:
    of = DRAFTS.c
    return [of.kind == row.kind, of.sku == row.sku, of.location_id == row.location_id, of.supplier_id == (row.supplier_id or "")]
