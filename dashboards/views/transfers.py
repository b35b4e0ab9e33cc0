"""Transfers: moves between locations to change, approve or reject, and where safety stock is best held. Part of the page Reorder."""

import hashlib

import polars as pl
import streamlit as st

from dashboards import frame
from dashboards.queries import reorder as queries
from dashboards.views import decide, typed
from pipelines import planning
from pipelines.operations import Drafts, Outbox

SHOWN = [
    "kind",
    "sku",
    "from_location_id",
    "location_id",
    "quantity_units",
    "transfer_units",
    "surplus_units",
    "arrival_date",
    "reason",
    "drafted_by",
]
WIDTHS = {"kind": {"width": 70}, "sku": {"width": 106}}
SAID = {
    "from_location_id": st.column_config.Column("From", width=80), "location_id": st.column_config.Column("To", width=80),
    "transfer_units": st.column_config.NumberColumn("Suggested"), "surplus_units": st.column_config.NumberColumn("To give"),
    "drafted_by": st.column_config.TextColumn("Edited by"),
}  # fmt: skip
HEIGHT = 430  # pixels of the list


def show() -> None:
    """Suggested moves that nobody has decided, edited in place, with the buttons that decide them; the network of locations."""
    decide.say()
    suggested = frame.ask(queries.transfers)
    with Outbox(frame.settings().outbox) as outbox, Drafts(frame.settings().outbox) as drafts:
        moves = planning.transfers(suggested, outbox.decisions("suggested", "transfer"), drafts.drafts("transfer"))
    if suggested.is_empty():
        st.info("No location has more than it needs of what another lacks.")
    elif moves.is_empty():
        st.success("Every suggested transfer is decided.")
    else:
        _decide(_list(moves))
    _network()


def _list(moves: pl.DataFrame) -> pl.DataFrame:
    """The list, edited in place; returns the chosen rows."""
    st.caption(
        "Type another quantity into the list: it is kept at once, for everybody. Tick lines to approve or reject them; approved ones go to the "
        "warehouse with `fulcast outbox send`."
    )
    key = "transfers-" + hashlib.sha256(repr(moves["decision_id"].to_list()).encode()).hexdigest()[:12]
    listed = moves.select(pl.lit(False).alias("is_chosen"), *SHOWN)
    edited = st.data_editor(
        listed, key=key, hide_index=True, height=frame.height_of(moves, HEIGHT), num_rows="fixed", placeholder="",
        column_config={name: frame.column(name, dtype) | WIDTHS.get(name, {}) for name, dtype in listed.schema.items()} | typed.columns() | SAID,
        disabled=[name for name in SHOWN if name not in typed.EDITABLE],
        on_change=typed.keep, args=(key, moves.select("decision_id", "quantity_units", "needed_by").rows()),
    )  # fmt: skip
    frame.downloads(moves.drop("needed_by"), "transfers")
    return moves.filter(pl.DataFrame(edited)["is_chosen"])


def _decide(chosen: pl.DataFrame) -> None:
    decide.signature()
    with st.container(horizontal=True):
        decide.button(
            "approved", chosen, f"Approve {chosen.height}", "approve-transfers", type="primary", icon=":material/check:"
        )
        decide.button("rejected", chosen, "Reject", "reject-transfers", icon=":material/close:")
        decide.as_suggested(chosen, "drop-transfers")


def _network() -> None:
    """Where safety stock is best held; nothing where no location supplies another."""
    placed = frame.ask(queries.placements)
    if placed.is_empty():
        return
    st.subheader("Where safety stock is best held")
    best, alone = (float(placed[name].sum()) for name in ("holding_amount", "alone_holding_amount"))
    st.caption(
        f"{best:,.0f} {frame.currency()} a year of holding, against {alone:,.0f} if no place could count on its source. Each location promises a time in which "
        "it delivers; safety stock stands where it covers most for least. This is advice about promises: levels are set as the plan says."
    )
    frame.table(placed, "placements", height=320)
