"""Forecasts of totals: a SKU, a category, a location or everything, in days, weeks or months. Part of the page Forecast."""

import streamlit as st

from dashboards import charts, frame
from dashboards.queries import totals as queries

LEVELS = {"SKU": "sku", "Category": "category", "Location": "location", "Total": "total"}
PERIODS = {"Weeks": "week", "Months": "month", "Days": "day"}


def show(title: str) -> None:
    """The members of a level by what is expected of them, and the fan of one; `title` is one of LEVELS."""
    level = LEVELS[title]
    names = frame.ask(queries.names, level)
    if names.is_empty():
        st.info("This snapshot holds no totals of forecasts yet; the next nightly run makes them.")
        return
    which, how = st.columns([3, 2], vertical_alignment="bottom")
    name = which.selectbox(title, names["name"].to_list(), key=f"total-{level}") if level != "total" else "total"
    kinds = [kind for kind in PERIODS if level != "sku" or kind != "Days"]
    period = how.segmented_control("In", kinds, default="Weeks", required=True, key=f"period-{level}") or "Weeks"
    rows = frame.ask(queries.fan, level, name, PERIODS[period])
    st.altair_chart(charts.totals_fan(rows, PERIODS[period]), width="stretch")
    st.caption(
        "Bars: wanted, as imported · dotted: wanted a year before · line: expected, the sum of its series · band: 8 of 10 fall within, "
        "drawn from series that move together. "
        "A month's line counts the days that are forecast."
    )
    frame.table(rows.reverse(), f"totals-{level}", height=260)
