"""Today: what needs a person now, and how trade goes."""

import polars as pl
import streamlit as st

from dashboards import charts, figures, filters, frame
from dashboards.queries import today as queries
from pipelines.operations import Outbox

FIGURES = ["net_sales", "orders", "gross_margin_rate", "on_time_ship_rate", "otif_rate"]
STATES = ["open_orders", "late_open_lines", "in_stock_rate", "stocked_out_positions"]


def show() -> None:
    """Key figures against last week and last year, the list of what waits, special orders, freshness."""
    st.title("Today")
    chosen = filters.show("channel", default="Last 7 days")
    figures.row(FIGURES, chosen)
    figures.row(STATES, chosen, is_state=True)
    st.subheader("What needs a person now")
    waiting = _waiting()
    if waiting.is_empty():
        st.success("Nothing waits: no line is late, nothing is sold out, every payment agrees.")
    else:
        frame.table(waiting.drop("page"), "waiting")
        _links(waiting)
    left, right = st.columns([3, 2])
    with left:
        st.subheader("Net sales by day, and last year's same weekday")
        st.altair_chart(charts.sales_by_day(frame.ask(queries.sales_by_day), frame.currency()), width="stretch")
    with right:
        st.subheader("How fresh each channel is")
        frame.table(frame.ask(queries.freshness), "freshness")
    _special()
    figures.behind([*FIGURES, *STATES[:2]], chosen)


def _waiting() -> pl.DataFrame:
    """What needs a person now, the most money at risk first; what is decided meanwhile needs nobody any more."""
    with Outbox(frame.settings().outbox) as outbox:
        undecided = outbox.undecided()
    rows = pl.concat([frame.ask(queries.waiting), queries.to_decide(frame.ask(queries.needs), undecided)])
    return rows.sort("at_risk_amount", "how_many", descending=True, nulls_last=True)


def _links(waiting: pl.DataFrame) -> None:
    names = [name for name in frame.PAGES if name in set(waiting["page"])]
    for place, name in zip(st.columns(max(len(names), 4)), names, strict=False):
        place.page_link(frame.PAGES[name], icon=":material/arrow_forward:")


def _special() -> None:
    special = frame.ask(queries.special_orders)
    st.subheader(f"Open lines to treat with care ({special.height})")
    if special.is_empty():
        st.info("No open line is express, a gift, customised, noted or changed after it was placed.")
    else:
        frame.table(special, "special-orders", height=240)
