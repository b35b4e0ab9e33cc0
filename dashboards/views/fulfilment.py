"""Fulfilment: where orders stand, how long they take, what will be late, what marketplaces would say."""

import polars as pl
import streamlit as st

from dashboards import charts, figures, filters, frame
from dashboards.queries import fulfilment as queries

FIGURES = [
    "on_time_ship_rate",
    "on_time_delivery_rate",
    "otif_rate",
    "otif_order_rate",
    "unit_fill_rate",
    "split_shipment_rate",
    "cancellation_rate",
]
FURTHER = ["cost_to_serve", "placed_to_shipped_hours", "to_delivered_hours", "delivery_coverage_rate"]


def show() -> None:
    """Figures, funnel and ageing, stage times, on time by warehouse and carrier, lines at risk, scorecards."""
    st.title("Fulfilment")
    chosen = filters.show("channel", "location_id", "ship_to_country_code")
    figures.row(FIGURES, chosen)
    if not frame.ask(queries.is_recorded)["is_recorded"][0]:
        st.info(
            "No shipments are loaded, so that nobody knows what has left. Map a file to `shipments`, or connect the channel, "
            "to see what is late, how long orders take and what marketplaces would say.", icon=":material/local_shipping:",
        )  # fmt: skip
        return
    _where_orders_stand(chosen)
    _at_risk(chosen)
    _times(chosen)
    _places(chosen)
    _scorecards()
    figures.behind([*FIGURES, *FURTHER], chosen)


def _where_orders_stand(chosen: filters.Chosen) -> None:
    left, right = st.columns(2)
    with left:
        st.subheader("How far the period's orders got")
        st.caption("As far as channels tell: one whose payments are not loaded shows none paid.")
        reached = frame.ask(queries.funnel, chosen)
        if reached.is_empty():
            st.info("No order of this period had to leave a building; choose a longer period or take a filter away.")
        else:
            st.altair_chart(charts.funnel(reached), width="stretch")
    with right:
        st.subheader("Open orders by age")
        st.caption("Whenever they were placed, by the last stage they are known to have reached.")
        ages = frame.ask(queries.ageing, chosen)
        if ages.is_empty():
            st.success("No order is open.")
        else:
            st.altair_chart(charts.ageing(ages), width="stretch")


def _at_risk(chosen: filters.Chosen) -> None:
    lines = frame.ask(queries.at_risk, chosen)
    counts = {bucket: lines.filter(pl.col("ship_by_bucket") == bucket).height for bucket in ("late", "at risk", "on track")}
    st.subheader("Open lines: " + ", ".join(f"{count} {bucket}" for bucket, count in counts.items()))
    st.caption(
        "The chance to be late is the share of past lines of the same warehouse and speed, as old as this one, that took longer than it has left."
    )
    if lines.is_empty():
        st.success("Nothing that carries a promise is open.")
    else:
        frame.table(lines, "at-risk", height=300)


def _times(chosen: filters.Chosen) -> None:
    left, right = st.columns([2, 3])
    with left:
        st.subheader("Hours per stage")
        times = frame.ask(queries.stage_times, chosen)
        if times.is_empty():
            st.info("No stage is known of these orders.")
        else:
            st.altair_chart(charts.stage_times(times), width="stretch")
            frame.table(times, "stage-times")
    with right:
        st.subheader("Hours from order to leaving, by warehouse")
        spread = frame.ask(queries.shipping_hours, chosen)
        if spread.is_empty():
            st.info("No order of this period has left whole.")
        else:
            st.altair_chart(charts.shipping_hours(spread), width="stretch")


def _places(chosen: filters.Chosen) -> None:
    left, right = st.columns([2, 3])
    rates = figures.by("on_time_ship_rate", ("location_id",), chosen)
    with left:
        st.subheader("On time to ship, by warehouse")
        located = rates.join(frame.ask(queries.places), on="location_id", how="inner")
        if not located.is_empty():
            st.vega_lite_chart(charts.places(located), width="stretch")
        frame.table(rates.rename({"value": "on_time_ship_rate", "counted": "lines"}), "on-time-by-warehouse")
    with right:
        st.subheader("Carriers on the same lanes")
        st.caption(
            "Slower: how much longer a carrier takes than is usual for the same origin, destination, service and month; blank where it is alone."
        )
        frame.table(frame.ask(queries.carriers, chosen), "carriers")
        costs = figures.by("cost_to_serve", ("carrier_code", "service_level"), chosen)
        frame.table(costs.rename({"value": "cost_to_serve_amount", "counted": "orders"}), "cost-to-serve")
        on_time = figures.by("on_time_delivery_rate", ("carrier_code",), chosen)
        frame.table(on_time.rename({"value": "on_time_delivery_rate", "counted": "lines"}), "on-time-by-carrier")


def _scorecards() -> None:
    st.subheader("Marketplace scorecards, as if judged today")
    cards = frame.ask(queries.scorecards)
    if cards.is_empty():
        st.info("No channel is judged by a marketplace; set `scorecard` in a [[channel]].")
    else:
        frame.table(cards, "scorecards")
