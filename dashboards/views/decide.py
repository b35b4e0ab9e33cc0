"""Deciding: name, reason and the buttons that approve or reject what a person saw when pressing them. Part of the page Reorder."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboards import frame
from pipelines import planning
from pipelines.operations import Drafts, Outbox, Refused

PROBLEM, DONE = "what could not be kept", "what was decided"
NAME, REASON, AS_SUGGESTED = "decision-name", "decision-reason", "as suggested"
NAMED = 3  # of those that somebody else decided first


def say() -> None:
    """What the last edit or button came to."""
    for key, how in ((PROBLEM, st.error), (DONE, st.success)):
        if sentence := st.session_state.pop(key, None):
            how(sentence)


def signature() -> None:
    """Asks for name and reason."""
    name, why = st.columns([1, 2])
    with name:
        frame.author(NAME)
    why.text_input("Reason", AS_SUGGESTED, key=REASON)


def button(what: str, ready: pl.DataFrame, label: str, key: str, **options: Any) -> None:
    """A button that makes `ready` "approved", "rejected" or "as suggested again"; ready: decision_id and, of a plan, its drafts."""
    st.button(label, key=key, on_click=_act, args=(what, ready), **({"disabled": ready.is_empty()} | options))


def as_suggested(ready: pl.DataFrame, key: str) -> None:
    """A button that takes the edits of `ready` away; ready: also drafted_by."""
    button(
        "as suggested again", ready, "As suggested", key,
        icon=":material/undo:", disabled=ready["drafted_by"].count() == 0, help="Takes the edits of the ticked lines away",
    )  # fmt: skip


def approve_all(rows: pl.DataFrame, label: str, key: str) -> None:
    """A button that approves many, after a second look."""
    ready = rows.filter(pl.col("decision_id").is_not_null())
    with st.popover(f"{label} ({ready.height})", icon=":material/done_all:", disabled=ready.is_empty()):
        st.write(
            f"{ready.height} order{'' if ready.height == 1 else 's'} worth {ready['amount'].sum() or 0:,.0f} {frame.currency()}."
        )
        st.write(f"By {frame.known_author()}." if frame.known_author() else "Type your name into the plan first.")
        button("approved", ready, "Approve them", f"approve-{key}", type="primary")


def _act(what: str, ready: pl.DataFrame) -> None:
    """Does it to all of `ready`, as they were seen; nothing where somebody else decided one of them meanwhile."""
    ids, now = ready["decision_id"].to_list(), datetime.now(UTC)
    who = str(st.session_state.get(NAME) or frame.known_author()).strip()
    reason = str(st.session_state.get(REASON, AS_SUGGESTED))
    cap = frame.settings().merchant_config.merchant.approval_cap_amount
    edits = planning.edits_of(ready, ids) if "drafted_by" in ready.columns else {}
    try:
        with Outbox(frame.settings().outbox) as outbox, Drafts(frame.settings().outbox) as drafts:
            _require_undecided(outbox, ids)
            if what == "approved":
                outbox.approve(ids, who, reason, cap, now, edits=edits)
            elif what == "rejected":
                outbox.reject(ids, who, reason, now)
            else:
                drafts.discard(ids)
    except Refused as refusal:
        st.session_state[PROBLEM] = str(refusal)
    else:
        st.session_state[DONE] = f"{len(ids)} {what}{f' by {who}' if who else ''}."


def _require_undecided(outbox: Outbox, ids: list[str]) -> None:
    """Raises Refused, naming who decided what, when one is not suggested any more."""
    gone = outbox.find(ids).filter(pl.col("state") != "suggested")
    if gone.is_empty():
        return
    said = []
    for row in gone.head(NAMED).iter_rows(named=True):
        last = outbox.history(row["decision_id"]).row(-1, named=True)
        said.append(f"{row['sku']} at {row['location_id']} is {row['state']} already, by {last['actor']} ({last['reason']})")
    more = f" and {gone.height - NAMED} more" if gone.height > NAMED else ""
    raise Refused(f"Nothing was done: {'; '.join(said)}{more}. The list shows what is left; choose again.")
