"""What people know about a SKU: the entries, and the form for another one. Part of the page Forecast."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboards import frame
from dashboards.queries import accuracy, best_sellers
from pipelines.contracts.knowledge import KnowledgeKind
from pipelines.doubts import Doubts, names
from pipelines.errors import InputError
from pipelines.knowing import DATES, FIGURES, STAYS_DAYS, TEXTS, read_rows, rows_to_entries, summary
from pipelines.operations import Entry, Knowledge, Refused

TITLES: dict[KnowledgeKind, str] = {
    "override": "Override",
    "promotion": "Promotion",
    "end": "End date",
    "supersession": "Superseded by",
    "launch": "Launch",
    "imported": "As imported",
}
HELP: dict[KnowledgeKind, str] = {
    "override": "Replaces the forecast on these days; the statistical one stays beside it.",
    "promotion": "Its days count as promoted; say how much more you expect to sell if you know.",
    "end": "Nothing is forecast or ordered to sell after this day.",
    "supersession": "The history of this SKU flows to the one that follows; this one ends the day before.",
    "launch": "Nothing sells before; until it has its own history it is forecast like another SKU.",
    "imported": "The history of these days counts as imported: no layer changes it.",
}
EVERYWHERE = "everywhere"


def show(sku: str, location_id: str | None) -> None:
    """Entries about `sku` with a way to take one back, and the form; without a location it has no series, and can only be launched."""
    offered: list[KnowledgeKind] = list(TITLES) if location_id else ["launch"]
    kind = st.pills(
        "What do you know?",
        offered,
        default=offered[0],
        format_func=TITLES.__getitem__,
        required=True,
        key="kind" if location_id else "kind-new",
    )
    st.caption(HELP[kind])
    left, right = st.columns([2, 3])
    with left:
        _form(kind, sku, location_id)
        _file()
    with right:
        if sku:
            _entries(sku)


def _form(kind: KnowledgeKind, sku: str, location_id: str | None) -> None:
    with st.form("knowledge", border=True):
        if kind == "launch":
            sku = _launched(sku)
        values = _fields(kind, sku, location_id)
        who, until = st.columns(2)
        with who:
            author = frame.author()
        last = _day(STAYS_DAYS[kind]) if kind in STAYS_DAYS else values["end_date"] or _day(365)
        expires = until.date_input("Expires", value=last, key=f"expires-{kind}", help="Last day on which it is applied")
        reason = st.text_input("Reason", key="reason", placeholder="why you know better")
        if not st.form_submit_button("Enter", type="primary", icon=":material/add:"):
            return
    try:
        entry = Entry(kind, sku, author, reason, expires, **values)
        with Knowledge(frame.settings().outbox) as knowledge:
            _doubts(knowledge).accept(entry)
            entered = knowledge.enter([entry], datetime.now(UTC))
    except Refused as refusal:
        st.error(str(refusal))
        return
    if entered:
        st.success(f"{entered[0]} is entered; the next nightly run applies it.")
    else:
        st.info("The same stands there already.")


def _file() -> None:
    """A file of entries, about any SKUs; its good rows are entered, the others named."""
    with st.expander("Or from a file", icon=":material/upload_file:"):
        st.caption(f"CSV or XLSX with {', '.join((*TEXTS, *DATES, *FIGURES))}; what a kind does not need stays blank.")
        file = st.file_uploader("File", type=["csv", "xlsx"], key="knowledge-file")
        if file is None or not st.button("Enter its rows", key="enter-file"):
            return
    now = datetime.now(UTC)
    try:
        rows = read_rows(file.getvalue(), file.name)
        with Knowledge(frame.settings().outbox) as knowledge:
            taken = rows_to_entries(rows, file.name, frame.known_author(), _doubts(knowledge))
            entered = knowledge.enter(taken.entries, now)
    except InputError as problem:
        st.error(str(problem))
        return
    st.success(f"{len(entered)} entered, {len(taken.entries) - len(entered)} known already; the next nightly run applies them.")
    for sentence in taken.problems[:20]:
        st.warning(sentence)


def _launched(sku: str) -> str:
    """The SKU that a launch is about: the chosen one, another, or one that nobody has heard of yet."""
    known = frame.ask(best_sellers.skus)["sku"].to_list()
    offered = known if sku in known else [sku, *known]
    label = "SKU that is launched"
    chosen = st.selectbox(
        label, offered, index=offered.index(sku), key=f"launched-{sku}", accept_new_options=True, help="It may be new: type it"
    )
    return str(chosen or "").strip()


def _fields(kind: KnowledgeKind, sku: str, location_id: str | None) -> dict[str, Any]:
    """The form's fields for a kind, as fields of an entry."""
    values: dict[str, Any] = {"start_date": None, "end_date": None}
    first, last = st.columns(2)
    if kind != "end":
        values["start_date"] = first.date_input("First day", value=_day(-28 if kind == "imported" else 1), key=f"first-{kind}")
    if kind in ("override", "promotion", "end", "imported"):
        values["end_date"] = last.date_input("Last day", value=_day(-1 if kind == "imported" else 28), key=f"last-{kind}")
    left, right = st.columns(2)
    if kind == "override":
        values["weekly_units"] = left.number_input("Units a week", min_value=0.0, value=None, step=1.0, key="weekly")
    if kind in ("override", "promotion", "launch"):
        label = "or change in %" if kind == "override" else "Change of demand in %"
        change = right.number_input(label, min_value=-100.0, value=None, step=5.0, key=f"change-{kind}")
        values["change_rate"] = None if change is None else change / 100
    if kind == "promotion":
        off = left.number_input("Price cut in %", min_value=0.0, max_value=100.0, value=None, step=5.0, key="off")
        values["discount_rate"] = None if off is None else off / 100
    if kind in ("supersession", "launch"):
        others = [other for other in frame.ask(best_sellers.skus)["sku"] if other != sku or kind == "launch"]
        label = "SKU that follows" if kind == "supersession" else "Sells like"
        values["other_sku"] = left.selectbox(label, others, index=None, key=f"other-{kind}", accept_new_options=True)
    places = [location_id] if location_id and kind != "launch" else sorted(frame.ask(names).filter(field="location_id")["name"])
    usual = EVERYWHERE if kind == "launch" else location_id
    place = st.segmented_control("Where", [*places, EVERYWHERE], default=usual, required=True, key=f"where-{kind}") or EVERYWHERE
    return values | {"location_id": None if place == EVERYWHERE else place}


def _entries(sku: str) -> None:
    with Knowledge(frame.settings().outbox) as knowledge:
        rows = knowledge.entries(frame.today(), sku)
    if rows.is_empty():
        st.info(f"Nobody has entered anything about {sku} yet.")
        return
    scored = frame.ask(accuracy.entries).select("entry_id", "verdict", "value_added_units")
    shown = rows.join(scored, on="entry_id", how="left", maintain_order="left").select(
        "entry_id",
        pl.col("standing").alias("state"),
        summary().alias("says"),
        "author",
        "verdict",
        "value_added_units",
        "reason",
        "expires_date",
        "entered_at",
    )
    chosen = frame.table(shown, "entries", height=240, on_select="rerun", selection_mode="single-row")
    standing = [rows.row(row, named=True) for row in chosen.selection.rows if row < rows.height]
    for one in standing:
        if one["state"] != "withdrawn":
            _withdraw(one["entry_id"])
    st.caption(
        "Choose a row to take it back. Entries are withdrawn, never deleted. Value added: forecast error taken away so far, in units."
    )


def _withdraw(entry_id: str) -> None:
    with st.form(f"withdraw-{entry_id}"):
        reason = st.text_input(f"Why is {entry_id} taken back?")
        if not st.form_submit_button("Withdraw", icon=":material/undo:"):
            return
    try:
        with Knowledge(frame.settings().outbox) as knowledge:
            knowledge.withdraw([entry_id], frame.known_author(), reason, datetime.now(UTC))
    except Refused as refusal:
        st.error(f"{refusal} Your name stands in the form beside.")
        return
    st.rerun()


def _doubts(knowledge: Knowledge) -> Doubts:
    return Doubts.of(knowledge, frame.ask(names), frame.today())


def _day(ahead: int) -> date:
    return frame.today() + timedelta(days=ahead)
