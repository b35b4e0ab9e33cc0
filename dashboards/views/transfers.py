"""Transfers: moves between locations to approve or reject, and where safety stock is best held. Part of the page Reorder."""

import hashlib

import polars as pl
import streamlit as st

from dashboards import frame
from dashboards.queries import reorder as queries
from dashboards.views import decide
from pipelines import planning
from pipelines.operations import Outbox

HEIGHT = 430  # pixels of the list


def show() -> None:
    """Suggested moves that nobody has decided, with the buttons that decide them; the network of locations."""
    decide.say()
    suggested = frame.ask(queries.transfers)
    with Outbox(frame.settings().outbox) as outbox:
        moves = planning.transfers(suggested, outbox.decisions("suggested", "transfer"))
    if suggested.is_empty():
        st.info("No location has more than it needs of what another lacks.")
    elif moves.is_empty():
        st.success("Every suggested transfer is decided.")
    else:
        _decide(_list(moves))
    _network()


def _list(moves: pl.DataFrame) -> pl.DataFrame:
    """The list; returns the chosen rows."""
    st.caption("Tick lines to approve or reject them; approved ones go to the warehouse with `fulcast outbox send`.")
    key = "transfers-" + hashlib.sha256(repr(moves["decision_id"].to_list()).encode()).hexdigest()[:12]
    chosen = st.dataframe(
        moves, key=key, hide_index=True, height=frame.height_of(moves, HEIGHT), placeholder="", on_select="rerun", selection_mode="multi-row",
        column_config={name: frame.column(name, dtype) for name, dtype in moves.schema.items()},
    )  # fmt: skip
    frame.downloads(moves, "transfers")
    return moves[list(chosen["selection"]["rows"])]


def _decide(chosen: pl.DataFrame) -> None:
    decide.signature()
    with st.container(horizontal=True):
        decide.button(
            "approved", chosen, f"Approve {chosen.height}", "approve-transfers", type="primary", icon=":material/check:"
        )
        decide.button("rejected", chosen, "Reject", "reject-transfers", icon=":material/close:")


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
