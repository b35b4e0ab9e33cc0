"""Stock: what is sold out, running out, too much, or dead."""

import streamlit as st

from dashboards import charts, figures, filters, frame
from dashboards.queries import stock as queries

FIGURES = ["on_hand_units", "stock_value", "excess_value", "dead_stock_value", "stocked_out_positions", "in_stock_rate"]


def show() -> None:
    """Figures of the shelves, stock by category, and lists by what is wrong."""
    st.title("Stock")
    chosen = filters.show("category", "location_id", is_state=True)
    figures.row(FIGURES, chosen, is_state=True)
    categories = frame.ask(queries.by_category, chosen)
    if not categories.is_empty():
        st.subheader("Stock at cost: wanted within 90 days, and beyond")
        st.altair_chart(charts.stock_by_category(categories, frame.currency()), width="stretch")
    view = (
        st.segmented_control("Show", list(queries.VIEWS), default="Sold out", required=True, key="view", bind="query-params")
        or "Sold out"
    )
    shelves = frame.ask(queries.shelves, chosen, view)
    if shelves.is_empty():
        st.success(f"{view}: nothing.")
    else:
        frame.table(shelves, "shelves", height=460)
    figures.behind(FIGURES, chosen, is_state=True)
