"""Data: what came in, what could not be read, what does not agree, and what every figure means."""

import polars as pl
import streamlit as st

from dashboards import frame
from dashboards.queries import data as queries
from pipelines.metrics import all_metrics


def show() -> None:
    """Loads and their balances, quarantine, reconciliation, crosswalk, payments, the metric dictionary."""
    st.title("Data")
    loads, quarantine, channels, money, dictionary = st.tabs(["Loads", "Quarantine", "Channels", "Payments", "Metrics"])
    with loads:
        st.caption("Rows in = accepted + duplicate + superseded + quarantined, checked on every load.")
        frame.table(frame.ask(queries.loads), "loads", height=420)
    with quarantine:
        _or_fine(frame.ask(queries.quarantine), "quarantine", "Every row could be read.")
    with channels:
        st.subheader("What polls missed, and what the record lacks")
        _or_fine(
            frame.ask(queries.missed),
            "missed",
            "The record holds everything that channels say they have, or no channel is fetched.",
        )
        st.subheader("Listings whose SKU nobody knows")
        _or_fine(frame.ask(queries.unmapped), "unmapped", "Every line that was sold has a SKU.")
    with money:
        st.subheader("Orders paid otherwise than they came to")
        _or_fine(frame.ask(queries.payments), "payments", "Every order was paid to the cent, or no payments are loaded.")
        st.subheader("Payouts")
        _or_fine(frame.ask(queries.payouts), "payouts", "No payouts are loaded.")
    with dictionary:
        _dictionary()


def _or_fine(rows: pl.DataFrame, name: str, sentence: str) -> None:
    if rows.is_empty():
        st.success(sentence)
    else:
        frame.table(rows, name, height=360)


def _dictionary() -> None:
    names = (
        "subject",
        "name",
        "version",
        "title",
        "meaning",
        "formula",
        "grain",
        "dated_by",
        "clock",
        "calendar",
        "tolerance",
        "open_items",
        "unit",
        "changed",
    )
    rows = pl.DataFrame(
        [[getattr(m, name) for name in names] for m in all_metrics(every_version=True)], schema=list(names), orient="row"
    )
    frame.table(rows, "metrics", height=520)
