"""The layers of a series' history, and what a person takes back of them. Part of the page Forecast."""

from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from dashboards import charts, frame
from dashboards.queries import layers as queries
from pipelines.knowing import STAYS_DAYS
from pipelines.operations import Entry, Knowledge, Refused


def show(one: dict[str, Any]) -> None:
    """Imported demand with its layers week by week, the days behind them, and the form that keeps one of them as imported."""
    sku, location_id = one["sku"], one["location_id"]
    weeks = frame.ask(queries.weeks, sku, location_id)
    if weeks.is_empty():
        st.info("It has no history of its own: what it is forecast from flows from another SKU.")
        return
    st.caption(
        "The tick is what the forecast is made from: demand as imported, without bulk orders and what promotions sold beyond the usual, "
        "with an estimate of what was lost while it could not be bought. A week without one was seen too little. Grey behind: weeks that were not fully seen."
    )
    st.altair_chart(charts.history_layers(weeks), width="stretch")
    days = frame.ask(queries.entries, sku, location_id)
    if days.is_empty():
        st.info("No layer changes anything of this history.")
    else:
        st.caption("Choose a day to keep it as imported; the next nightly run forecasts without its layers.")
        chosen = frame.table(days, "layers", height=260, on_select="rerun", selection_mode="single-row").selection.rows
        if chosen and chosen[0] < days.height:
            _keep(sku, location_id, days.row(chosen[0], named=True))
    with st.expander("These weeks as a table"):
        frame.table(weeks, "history")


def _keep(sku: str, location_id: str, day: dict[str, Any]) -> None:
    with st.form("keep-imported", border=True):
        st.write(f"{day['demand_date']}: {day['layer']} of {day['units']:+.1f} units. {day['reason'].capitalize()}.")
        author = frame.author()
        reason = st.text_input("Reason", key="keep-reason", placeholder="why the day counts as imported")
        if not st.form_submit_button("Keep as imported", type="primary", icon=":material/undo:"):
            return
    on = day["demand_date"]
    try:
        entry = Entry(
            "imported",
            sku,
            author,
            reason,
            frame.today() + timedelta(days=STAYS_DAYS["imported"]),
            location_id=location_id,
            start_date=on,
            end_date=on,
        )
        with Knowledge(frame.settings().outbox) as knowledge:
            entered = knowledge.enter([entry], datetime.now(UTC))
    except Refused as refusal:
        st.error(str(refusal))
        return
    if entered:
        st.success(f"{entered[0]} is entered; the next nightly run applies it. It can be withdrawn under What people know.")
    else:
        st.info("The same stands there already.")
