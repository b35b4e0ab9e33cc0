"""Best sellers: what sells, against what, and how sure that is."""

from datetime import timedelta

import polars as pl
import streamlit as st

from dashboards import charts, figures, filters, frame
from dashboards.queries import best_sellers as queries

FIGURES = ["net_sales", "sold_units", "orders", "gross_margin", "gross_margin_rate", "margin_coverage_rate"]
ORDERS = {"Net sales": "net_sales_amount", "Units": "sold_units", "Margin": "margin_amount", "Orders": "orders"}
SHOWN = 500  # rows of the ranking that a page draws
PLAN_SHOWN = timedelta(weeks=5)  # before today; the download holds every week
MOVING = ["sku", "description", "category", "units_now", "units_before", "z_score", "p_value", "is_significant"]


def show() -> None:
    """Ranking of the period, risers and fallers, the map of classes, pairs, prices, plan."""
    st.title("Best sellers")
    chosen = filters.show("channel", "category", "location_id", "ship_to_country_code")
    figures.row(FIGURES, chosen)
    _ranking(chosen)
    frame.tabs(
        {
            "Risers and fallers": _moves,
            "ABC-XYZ": _classes,
            "Sold together": _pairs,
            "Price parity": _prices,
            "Returns": _returns,
            "Plan": _plan,
        }
    )
    figures.behind(FIGURES, chosen)


def _ranking(chosen: filters.Chosen) -> None:
    left, right, link = st.columns([2, 3, 2], vertical_alignment="bottom")
    group = left.selectbox("Rank", list(queries.GROUPS), key="rank", bind="query-params") or "SKU"
    by = (
        right.segmented_control("By", list(ORDERS), default="Net sales", key="by", bind="query-params", required=True)
        or "Net sales"
    )
    ranked = frame.ask(queries.ranking, chosen, group)
    ranked = ranked.sort(ORDERS[by], queries.GROUPS[group], descending=[True, False], nulls_last=True).with_columns(
        sales_rank=pl.col(ORDERS[by]).rank("min", descending=True).cast(pl.Int64)
    )
    if ranked.is_empty():
        st.info("Nothing was sold in this period with these filters; choose a longer period or take a filter away.")
        return
    st.altair_chart(charts.best(ranked.head(15), queries.GROUPS[group], ORDERS[by]), width="stretch")
    shown = ranked.head(SHOWN)
    if ranked.height > SHOWN:
        st.caption(f"The first {SHOWN} of {ranked.height:,}; the downloads hold all.")
    picked = frame.table(shown, "best-sellers", whole=ranked, height=420, on_select="rerun", selection_mode="single-row")
    if group == "SKU":
        rows = picked.selection.rows
        sku = ranked["sku"][rows[0] if rows and rows[0] < ranked.height else 0]
        link.page_link(frame.PAGES["product"], label=f"Open {sku}", icon=":material/arrow_forward:", query_params={"sku": sku})


def _moves() -> None:
    moves = frame.ask(queries.movers)
    sure = moves.filter("is_significant")
    st.caption("Last four whole weeks against the four before. Sure are changes of which at most one in ten is noise.")
    left, right = st.columns(2)
    for place, title, rows in (
        (left, "Risers", moves.filter(pl.col("z_score") > 0)),
        (right, "Fallers", moves.filter(pl.col("z_score") < 0)),
    ):
        with place:
            st.subheader(f"{title} ({rows.filter('is_significant').height} sure)")
            frame.table(rows.head(15).select(MOVING), title.lower(), whole=rows, height=300)
    if sure.is_empty():
        st.info("No change stands out from noise: treat the lists as an order to look in, not as news.")
    fresh, dying = moves.filter("is_new"), moves.filter("is_dying")
    with st.expander(f"New products ({fresh.height}) and dying ones ({dying.height})"):
        frame.table(
            pl.concat([fresh, dying]).select("sku", "description", "category", "units_now", "units_before", "is_new", "is_dying"),
            "new-dying",
        )


def _classes() -> None:
    found = frame.ask(queries.classes)
    st.altair_chart(charts.classes(found, frame.currency()), width="stretch")
    frame.table(found, "classes", height=300)


def _pairs() -> None:
    frame.table(frame.ask(queries.together), "sold-together", height=360)


def _prices() -> None:
    st.caption(
        "Channels that sold a SKU in the last 28 days more than 5 % above its lowest price, before tax and after discounts."
    )
    frame.table(frame.ask(queries.parity_breaks), "parity", height=360)


def _returns() -> None:
    months = frame.ask(queries.return_months)
    if months.is_empty():
        st.info("Nothing was sold in the last year, or no returns are loaded; map a file to `returns`.")
        return
    left, right = st.columns(2)
    with left:
        st.subheader("Return rate by month of the order")
        st.caption("So far, and where it will end: young orders can still come back.")
        st.altair_chart(charts.return_months(months), width="stretch")
    with right:
        st.subheader("Reasons")
        frame.table(frame.ask(queries.return_reasons), "return-reasons", height=280)
    st.subheader("Products that come back")
    st.caption("Flagged are those beyond their category's rate of which at most one in ten is chance.")
    frame.table(frame.ask(queries.return_prone), "return-prone", height=360)


def _plan() -> None:
    plan = frame.ask(queries.plan)
    if plan.is_empty():
        st.info(
            "No plan is loaded. Map a file to `sales_plans` (category, week_start_date, planned_net_sales_amount) to see it beside sales."
        )
    else:
        st.altair_chart(charts.plan(plan, frame.currency()), width="stretch")
        near = plan.filter(pl.col("week_start_date") >= frame.today() - PLAN_SHOWN)
        frame.table(near, "plan", whole=plan, height=360)
