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
    _channels()
    _suppliers()
    under_way()
    st.subheader("Sell-through")
    st.caption("Net units ÷ (opening + received units), all locations; what no stock is known of is left out.")
    frame.table(frame.ask(queries.sell_through), "sell-through", height=320)
    figures.behind(FIGURES, chosen, is_state=True)


def _channels() -> None:
    st.subheader("Available on channels")
    rates = figures.of_state("availability_rate", ("channel",))
    if rates.is_empty():
        st.info("No channel sold anything of known stock in the last 91 days.")
        return
    left, right = st.columns([2, 3])
    with left:
        frame.table(rates.rename({"value": "availability_rate", "counted": "demand_91d_units"}), "availability")
    with right:
        frame.table(frame.ask(queries.missing_on_channels), "missing-on-channels", height=280)


def _suppliers() -> None:
    st.subheader("Suppliers")
    rates = [
        figures.of_state(name, ("supplier_id",))
        for name in ("supplier_otif_rate", "supplier_fill_rate", "supplier_lead_time_days")
    ]
    if rates[0].is_empty():
        st.info("No purchase order was due yet, or none are loaded; map files to `purchase_orders` and `receipts`.")
        return
    otif, fill, lead = rates
    table = otif.rename({"value": "supplier_otif_rate", "counted": "lines"}).join(
        fill.select("supplier_id", supplier_fill_rate="value"), on="supplier_id", how="left"
    )
    table = table.join(lead.select("supplier_id", p50_days="p50", p95_days="p95"), on="supplier_id", how="left")
    frame.table(table.sort("supplier_otif_rate"), "suppliers")


def under_way() -> None:
    """What to ask suppliers for about orders that are still to come."""
    st.subheader("Orders under way: what to ask suppliers for")
    told = frame.ask(queries.order_messages)
    if told.is_empty():
        st.success("Every open order may come as it is due.")
        return
    counts = told.group_by("action").len().sort("len", "action", descending=[True, False])
    st.caption(
        ", ".join(f"{count} to {action}" for action, count in counts.rows())
        + ". Stock and earlier orders are used up first, by the forecast's mean; "
        "what the supplier has sent, or is due within its review period, can only be chased."
    )
    frame.table(told, "open-order-messages", height=320)
