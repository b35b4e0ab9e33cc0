"""Overview: what sold, what is late, what runs out."""

from typing import Any

import streamlit as st

from dashboards import charts, frame
from dashboards.queries import overview as queries

PERIODS = {"7 days": 7, "28 days": 28, "365 days": 365}


def show() -> None:
    """Key figures against the 28 days before, sales and lateness by week, best sellers, what runs out, channels."""
    currency = frame.currency()
    st.title("Overview")
    st.caption("The last 28 days against the 28 before")
    _key_figures(frame.ask(queries.key_figures).row(0, named=True), currency)
    sales, late = st.columns([3, 2])
    with sales:
        st.subheader("Net sales by week")
        st.altair_chart(charts.sales_by_week(frame.ask(queries.sales_by_week), currency), width="stretch")
    with late:
        st.subheader("Late shipping by week")
        weeks = frame.ask(queries.late_by_week)
        if weeks.is_empty():
            st.info("No order carries a promise to ship by; map ship_by_at, or set ship_within_hours in the feed.")
        else:
            st.altair_chart(charts.late_by_week(weeks), width="stretch")
    _best_sellers()
    _running_out()
    st.subheader("Channels")
    frame.table(frame.ask(queries.channels), "channels")


def _key_figures(now: dict[str, Any], currency: str) -> None:
    columns = st.columns(5)
    columns[0].metric(
        f"Net sales, 28 days ({currency})", _number(now["net_sales"]), _change(now["net_sales"], now["net_sales_before"])
    )
    columns[1].metric("Orders, 28 days", _number(now["orders"]), _change(now["orders"], now["orders_before"]))
    late, before = now["late_rate"], now["late_rate_before"]
    drift = None if late is None or before is None else f"{(late - before) * 100:+.1f} points"
    columns[2].metric("Late of due, 28 days", "–" if late is None else f"{late:.1%}", drift, delta_color="inverse")
    columns[3].metric(
        "Run out within 14 days",
        f"{now['running_out']:,}",
        help="SKUs and locations whose stock ends within 14 days if nothing more arrives",
    )
    columns[4].metric(
        f"Suggested orders ({currency})",
        _number(now["suggested_amount"] or 0),
        f"{now['suggested_orders']:,} orders",
        delta_color="off",
    )


def _best_sellers() -> None:
    st.subheader("Best sellers")
    period = (
        st.segmented_control("Period", list(PERIODS), default="28 days", label_visibility="collapsed", key="period") or "28 days"
    )
    frame.table(frame.ask(queries.best_sellers, PERIODS[period]), "best-sellers")


def _running_out() -> None:
    st.subheader("Runs out next")
    soon = frame.ask(queries.running_out)
    if soon.is_empty():
        st.info(
            "Nothing is known to run out. Where stock is not loaded it is unknown, not zero: map a stock file to see days of cover."
        )
    else:
        frame.table(soon, "runs-out")


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _change(now: Any, before: Any) -> str | None:
    return f"{(now / before - 1) * 100:+.1f} %" if now is not None and before else None
