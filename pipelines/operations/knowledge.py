"""What people know and no order tells yet: promotions, launches, supersessions, ends, overrides. Here: entering, withdrawing, reading it.

Not here: what it does to a forecast (models/knowledge.py), reading files of it (pipelines/knowing.py), what speaks against it (doubts.py).
Nothing is ever changed or deleted: an entry is withdrawn by a row of its own, and a mistake is mended by another entry.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection, func, insert, select

from models.successions import overruled
from pipelines.contracts.knowledge import KINDS, KnowledgeKind
from pipelines.operations.states import Refused, Signature
from pipelines.operations.store import Store
from pipelines.operations.tables import KNOWLEDGE, KNOWLEDGE_WITHDRAWALS, frame

NEEDS: dict[KnowledgeKind, tuple[str, ...]] = {
    "promotion": ("start_date", "end_date"),
    "launch": ("start_date",),
    "supersession": ("start_date", "other_sku"),
    "end": ("end_date",),
    "override": ("start_date", "end_date"),
    "imported": ("start_date", "end_date"),
}
_TAKES: dict[KnowledgeKind, tuple[str, ...]] = {
    "promotion": ("change_rate", "discount_rate"),
    "launch": ("other_sku", "change_rate"),
    "supersession": (),
    "end": (),
    "override": ("weekly_units", "change_rate"),
    "imported": (),
}
_BOUNDS = {
    "weekly_units": (0.0, 1e9, "the units of a week, such as 80"),
    "change_rate": (-1.0, 10.0, "0.5 for half as much again, 10 for eleven times as much"),
    "discount_rate": (0.0, 1.0, "0.2 for a fifth off the price"),
}
_FACTS = ("other_sku", "start_date", "end_date", "weekly_units", "change_rate", "discount_rate")


@dataclass(frozen=True)
class Entry:
    """One thing that somebody knows; it holds at every location unless it names one, and up to and with `expires_date`.

    supersession: `other_sku` follows `sku` from start_date. launch: `sku` sells from start_date, like `other_sku` × (1 + change_rate)
    where one is named. end: end_date is the last day on sale. override: weekly_units, or the forecast × (1 + change_rate).
    promotion: discount_rate off the price; with a change_rate the forecast × (1 + change_rate).
    imported: the history of these days counts as imported, without the layers of pipelines.contracts `demand_layers`.

    Raises Refused, naming the field and the mend, when something is missing, contradicts, or has no place in this kind.
    """

    kind: KnowledgeKind
    sku: str
    author: str
    reason: str
    expires_date: date
    location_id: str | None = None
    other_sku: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    weekly_units: float | None = None
    change_rate: float | None = None
    discount_rate: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise Refused(f"kind is one of {', '.join(KINDS)}, not {self.kind!r}.")
        for name in ("sku", "author", "reason"):
            if not str(getattr(self, name) or "").strip():
                raise Refused(f"{name} is blank; say {'which SKU it is about' if name == 'sku' else 'who says so and why'}.")
        self._require_fields()
        self._require_dates()
        self._require_figures()

    def _require_fields(self) -> None:
        for name in NEEDS[self.kind]:
            if getattr(self, name) is None:
                raise Refused(f"{name} is blank; {_an(self.kind)} needs {' and '.join(NEEDS[self.kind])}.")
        for name in _FACTS:
            if getattr(self, name) is not None and name not in (*NEEDS[self.kind], *_TAKES[self.kind]):
                raise Refused(f"{name} has no place in {_an(self.kind)}; leave it blank.")
        if self.other_sku == self.sku:
            raise Refused(f"other_sku is {self.sku} itself; name the other SKU.")
        if self.kind == "override" and (self.weekly_units is None) == (self.change_rate is None):
            raise Refused("An override needs either weekly_units or change_rate; fill in one of them.")
        if self.weekly_units is not None and self.location_id is None:
            raise Refused("location_id is blank; weekly_units are those of one location, a change_rate may hold at all.")

    def _require_dates(self) -> None:
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise Refused(f"end_date {self.end_date} is before start_date {self.start_date}; exchange them.")
        if self.start_date and self.expires_date < self.start_date:
            raise Refused(f"expires_date {self.expires_date} is before start_date {self.start_date}; it would never hold.")

    def _require_figures(self) -> None:
        for name, (low, high, mend) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise Refused(f"{name} {value:g} is not between {low:g} and {high:,.0f}; write {mend}.")

    @property
    def facts(self) -> tuple[Any, ...]:
        """What it says, whoever says it."""
        return (self.kind, self.sku, self.location_id, *(getattr(self, name) for name in _FACTS))


class Knowledge(Store):
    """Entries in the database of operations, each change in one transaction."""

    def enter(self, entries: Sequence[Entry], at: datetime) -> list[str]:
        """Enters all of these and returns the ids of the new ones; what stands there in the same words and isn't withdrawn is not entered again."""
        with self._database.writing() as connection:
            known = {facts_of(row) for row in _standing(connection).iter_rows(named=True)}
            fresh = list({entry.facts: entry for entry in entries if (*entry.facts, entry.expires_date) not in known}.values())
            first = (connection.scalar(select(func.max(KNOWLEDGE.c.number))) or 0) + 1
            rows = [_row(entry, number, at) for number, entry in enumerate(fresh, first)]
            if rows:
                connection.execute(insert(KNOWLEDGE), rows)
            return [row["entry_id"] for row in rows]

    def withdraw(self, entry_ids: Sequence[str], author: str, reason: str, at: datetime) -> None:
        """Withdraws all of these or none; they stay in the history, with who withdrew them and why.

        Raises Refused when author or reason is empty, or an id is unknown or withdrawn already.
        """
        signature = Signature(author, reason, at)
        with self._database.writing() as connection:
            state = dict(_all(connection).select("entry_id", "withdrawn_at").iter_rows())
            for entry_id in entry_ids:
                if entry_id not in state:
                    raise Refused(f"There is no entry {entry_id}; `fulcast know list` shows them.")
                if state[entry_id] is not None:
                    raise Refused(f"{entry_id} was withdrawn already.")
            rows = [{"entry_id": entry_id, "author": author, "reason": reason, "withdrawn_at": signature.at}
                    for entry_id in dict.fromkeys(entry_ids)]  # fmt: skip
            if rows:
                connection.execute(insert(KNOWLEDGE_WITHDRAWALS), rows)

    def entries(self, day: date, sku: str | None = None) -> pl.DataFrame:
        """Every entry, or those about a SKU, the newest first, with its `state` on `day`: in force, expired or withdrawn; standing: the same, or by
        which later entry one in force is overruled.
        """
        with self._database.reading() as connection:
            rows = _all(connection)
        state = (
            pl.when(pl.col("withdrawn_at").is_not_null()).then(pl.lit("withdrawn"))
            .when(pl.col("expires_date") < day).then(pl.lit("expired")).otherwise(pl.lit("in force"))
        )  # fmt: skip
        rows = rows.with_columns(state=state)
        known = overruled(rows.filter(pl.col("state") == "in force"))
        rows = rows.join(known, on="entry_id", how="left", maintain_order="left")
        rows = rows.with_columns(standing=pl.coalesce("overruled", "state")).drop("overruled")
        return rows if sku is None else rows.filter((pl.col("sku") == sku) | (pl.col("other_sku") == sku))


def facts_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """What a row of `Knowledge.entries` says, and until when: (*Entry.facts, expires_date)."""
    return (row["kind"], row["sku"], row["location_id"], *(row[name] for name in _FACTS), row["expires_date"])


def _an(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _all(connection: Connection) -> pl.DataFrame:
    withdrawal = KNOWLEDGE_WITHDRAWALS.c
    columns = [
        *KNOWLEDGE.c,
        withdrawal.author.label("withdrawn_by"),
        withdrawal.reason.label("withdrawn_reason"),
        withdrawal.withdrawn_at,
    ]
    query = select(*columns).select_from(KNOWLEDGE.outerjoin(KNOWLEDGE_WITHDRAWALS)).order_by(KNOWLEDGE.c.number.desc())
    return frame(connection, query)


def _standing(connection: Connection) -> pl.DataFrame:
    return _all(connection).filter(pl.col("withdrawn_at").is_null())


def _row(entry: Entry, number: int, at: datetime) -> dict[str, Any]:
    return asdict(entry) | {"entry_id": f"KN-{at.astimezone(UTC):%Y%m%d}-{number:06d}", "number": number, "entered_at": at}
