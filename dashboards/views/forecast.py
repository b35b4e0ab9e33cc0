"""Forecast: what will be wanted, how sure that is, what it rests on, and what people know better."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts, frame
from dashboards.queries import forecast as queries
from dashboards.views import accuracy, knowledge, layers, totals

SHOWN = [
    "sku",
    "description",
    "location_id",
    "demand_class",
    "weekly_units",
    "weekly_amount",
    "expected_error_amount",
    "wape",
    "value_added_to_naive",
    "changed_weeks",
]
SERIES = "SKU at a location"
EVERY, MOST = "all", 500  # rows that the list draws


def show() -> None:
    """The list of series by what matters, and the chosen one: fan, layers of its history, what it rests on, what people know."""
    st.title("Forecast")
    level = st.segmented_control(
        "Level",
        [SERIES, *totals.LEVELS],
        default=SERIES,
        required=True,
        key="level",
        bind="query-params",
        label_visibility="collapsed",
    )
    if level in totals.LEVELS:
        totals.show(level)
        return
    accuracy.alerts()
    rows = _found()
    if rows.is_empty():
        st.info(
            "No series is forecast, or the search leaves none; the nightly run forecasts what has sold, and what you launch here."
        )
        knowledge.show(str(st.session_state.get("search") or "").strip(), None)
        return
    if rows.height > MOST:
        st.caption(f"The first {MOST} of {rows.height:,}; search for others, the downloads hold all.")
    chosen = frame.table(
        rows.head(MOST).select(SHOWN), "forecast", whole=rows, height=300, on_select="rerun", selection_mode="single-row"
    )
    selected = chosen.selection.rows
    one = rows.row(selected[0] if selected and selected[0] < rows.height else 0, named=True)
    _fan(one)
    frame.tabs({
        "What people know": lambda: knowledge.show(one["sku"], one["location_id"]),
        "Why": lambda: accuracy.why(one),
        "Past forecasts": lambda: accuracy.past(one),
        "Layers of the history": lambda: layers.show(one),
        "What it rests on": lambda: _facts(one),
        "Accuracy of all": accuracy.of_all,
    })  # fmt: skip


def _found() -> pl.DataFrame:
    text, first, place = st.columns([3, 4, 2], vertical_alignment="bottom")
    words = text.text_input("Search SKU or name", key="search", bind="query-params")
    order = first.segmented_control(
        "Order", list(queries.ORDERS), default="Worst first", required=True, key="order", bind="query-params"
    )
    rows = frame.ask(queries.series, order or "Worst first")
    location = place.selectbox("Location", [EVERY, *rows["location_id"].unique().sort()], key="location")
    return frame.searched(rows if location == EVERY else rows.filter(pl.col("location_id") == location), words)


def _fan(one: dict[str, Any]) -> None:
    name = f" · {one['description']}" if one["description"] else ""
    st.subheader(f"{one['sku']} at {one['location_id']}")
    st.caption(
        f"{one['demand_class']}{name} · bars: wanted (grey behind: not fully seen) · line: expected · band: 8 of 10 weeks fall within · "
        "thin red: what was expected a week before · dotted: wanted a year before"
    )
    weeks = frame.ask(queries.fan, one["sku"], one["location_id"])
    st.altair_chart(charts.forecast_fan(weeks), width="stretch")
    changed = frame.ask(queries.adjustments, one["sku"], one["location_id"])
    if not changed.is_empty():
        st.caption(f"Dashed: the statistical forecast, which people changed in {changed.height} of these weeks.")
        with st.expander("Weeks that people changed"):
            frame.table(changed, "adjustments")
    with st.expander("These weeks as a table"):
        frame.table(weeks, "fan")


def _facts(one: dict[str, Any]) -> None:
    found = frame.ask(queries.facts, one["sku"], one["location_id"])
    if found.is_empty():
        st.info("This series is new since the last forecast; the next nightly run says more.")
        return
    facts = found.row(0, named=True)
    left, middle, right = st.columns(3)
    left.metric("Model", facts["model"], help="What made this forecast; models are chosen anew every week")
    wape = facts["backtest_wape"]
    middle.metric(
        "Error in the backtest",
        "–" if wape is None else f"{wape:.0%}",
        help="WAPE of its demand class, forecast from own histories a horizon ago",
    )
    right.metric(
        "Weeks go together", f"{facts['week_correlation']:.0%}", help="How far a week's error carries on into the next ones"
    )
    until = f"to {facts['last_demand_date']}" if facts["last_demand_date"] else "on, none yet"
    st.write(
        f"{facts['demand_class'].capitalize()} demand: {facts['total_units']:,} units wanted from {facts['first_date']} {until}; "
        f"{facts['censored_days']:,} of {facts['seen_days'] + facts['censored_days']:,} days were not fully seen."
    )
