"""Product: one SKU with its history, prices, stock and forecast."""

from typing import Any

import streamlit as st

from dashboards import charts, frame
from dashboards.queries import best_sellers as queries
from dashboards.queries import forecast


def show() -> None:
    """A SKU's page; the SKU stands in the link."""
    st.title("Product")
    known = frame.ask(queries.skus)
    names = dict(known.with_columns(known["description"].fill_null("")).rows())
    if not names:
        st.info("No SKU is known yet: load a product file or orders.")
        return
    sku = _chosen(names)
    one = frame.ask(queries.product, sku).row(0, named=True)
    st.caption(_words(one))
    left, right = st.columns([3, 2])
    with left:
        st.subheader("Units by week")
        st.altair_chart(charts.units_by_week(frame.ask(queries.weeks_of, sku)), width="stretch")
    with right:
        st.subheader("Price by channel, last 28 days")
        frame.table(frame.ask(queries.prices_of, sku), "prices")
    st.subheader("Stock")
    stock = frame.ask(queries.stock_of, sku)
    if stock.is_empty():
        st.info("No stock of it was ever observed, and none is promised or on its way.")
        return
    frame.table(stock, "stock-of")
    place = st.segmented_control(
        "Forecast at", stock["location_id"].to_list(), default=stock["location_id"][0], required=True, key="at"
    )
    st.altair_chart(charts.forecast_fan(frame.ask(forecast.fan, sku, place or stock["location_id"][0])), width="stretch")


def _chosen(names: dict[str, str]) -> str:
    """The SKU of the link, until another is chosen."""
    asked = st.query_params.get("sku")
    options = list(names)
    index = options.index(asked) if asked in names else 0
    sku = (
        st.selectbox("SKU", options, index, format_func=lambda s: f"{s} · {names[s]}" if names[s] else s, required=True)
        or options[0]
    )
    st.query_params["sku"] = sku
    return sku


def _words(one: dict[str, Any]) -> str:
    parts = [one["category"], one["brand"], f"style {one['style_id']}" if one["style_id"] else None]
    if one["abc_class"]:
        parts.append(f"class {one['abc_class']}{one['xyz_class'] or ''}")
    flags = {"is_new": "new", "is_dying": "dying", "is_size_run_broken": "size run broken"}
    parts += [word for name, word in flags.items() if one[name]]
    if one["is_significant"]:
        parts.append("rising" if one["units_now"] > one["units_before"] else "falling")
    return " · ".join(str(part) for part in parts if part)
