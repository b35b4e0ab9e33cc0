"""Data: what came in, what could not be read, what does not agree, and what every figure means."""

import polars as pl
import streamlit as st

from dashboards import frame
from dashboards.queries import data as queries
from pipelines.metrics import all_metrics


def show() -> None:
    """Loads and their balances, quarantine, reconciliation, crosswalk, payments, the metric dictionary."""
    st.title("Data")
    frame.tabs({"Loads": _loads, "Quarantine": _quarantine, "Channels": _channels, "Payments": _payments, "Metrics": _dictionary})


def _loads() -> None:
    st.caption("Rows in = accepted + duplicate + superseded + quarantined, checked on every load.")
    frame.table(frame.ask(queries.loads), "loads", height=420)


def _quarantine() -> None:
    _or_fine(frame.ask(queries.quarantine), "quarantine", "Every row could be read.")


def _channels() -> None:
    st.subheader("What a person must look at")
    _or_fine(frame.ask(queries.notes), "notes", "Every channel does what the configuration and the crosswalk say.")
    st.subheader("What polls missed, and what the record lacks")
    fine = "The record holds everything that channels say they have, or no channel is fetched."
    _or_fine(frame.ask(queries.missed), "missed", fine)
    st.subheader("Listings whose SKU nobody knows")
    _or_fine(frame.ask(queries.unmapped), "unmapped", "Every line that was sold has a SKU.")


def _payments() -> None:
    st.subheader("Orders paid otherwise than they came to")
    _or_fine(frame.ask(queries.payments), "payments", "Every order was paid to the cent, or no payments are loaded.")
    st.subheader("Payouts")
    _or_fine(frame.ask(queries.payouts), "payouts", "No payouts are loaded.")


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
