"""Reorder: what to buy, what to move, what waits, and why."""

import polars as pl
import streamlit as st

from dashboards import charts, frame
from dashboards.queries import forecast
from dashboards.queries import reorder as queries

SHOWN = ["sku", "description", "location_id", "supplier_id", "order_quantity_units", "order_amount", "stock_out_date", "days_of_cover", "available_units",
         "on_order_units", "inventory_position_units", "reorder_point_units", "order_up_to_level_units", "safety_stock_units", "assumptions"]  # fmt: skip
EVERY = "all"


def show() -> None:
    """The list of suggested orders with filters, the reasons of the chosen one, transfers and backorders."""
    currency = frame.currency()
    st.title("Reorder")
    suggested = _filtered(frame.ask(queries.suggestions))
    known = suggested.filter(pl.col("order_quantity_units") > 0)
    unknown = suggested.height - known.height
    first, second, third = st.columns(3)
    first.metric("Suggested orders", f"{known.height:,}")
    second.metric(f"Worth ({currency})", f"{known['order_amount'].sum() or 0:,.0f}")
    third.metric("Stock unknown", f"{unknown:,}", help="Levels are shown, the quantity stays blank: unknown is not zero")
    if suggested.is_empty():
        st.info("Nothing to order: every position is above its reorder point, or the filters leave nothing.")
    else:
        _list(suggested)
    _transfers()
    _backorders()


def _filtered(rows: pl.DataFrame) -> pl.DataFrame:
    columns = st.columns([2, 1, 1, 1])
    text = columns[0].text_input("Search SKU or name", key="search")
    for place, name, label in zip(
        columns[1:], ("location_id", "supplier_id", "category"), ("Location", "Supplier", "Category"), strict=True
    ):
        choice = place.selectbox(label, [EVERY, *rows[name].drop_nulls().unique().sort()], key=f"filter-{name}")
        rows = rows if choice == EVERY else rows.filter(pl.col(name) == choice)
    if not text:
        return rows
    words = pl.concat_str("sku", pl.col("description").fill_null(""), separator=" ").str.to_lowercase()
    return rows.filter(words.str.contains(text.lower(), literal=True))


def _list(rows: pl.DataFrame) -> None:
    chosen = frame.table(rows.select(SHOWN), "reorder", whole=rows, height=420, on_select="rerun", selection_mode="single-row")
    selected = chosen.selection.rows
    _why(rows.row(selected[0] if selected and selected[0] < rows.height else 0, named=True))


def _why(row: dict) -> None:  # type: ignore[type-arg]
    st.subheader(f"Why: {row['sku']} at {row['location_id']}")
    st.write(row["reason"])
    left, right = st.columns([3, 2])
    left.altair_chart(charts.forecast_fan(frame.ask(forecast.fan, row["sku"], row["location_id"])), width="stretch")
    inputs = ["mean_demand_units", "safety_stock_units", "lead_time_days", "lead_time_std_days", "review_period_days", "cycle_service_level", "on_hand_units",
              "available_units", "on_order_units", "decided_units", "transfer_units", "backordered_units", "needed_units", "moq_units", "case_pack_units",
              "rounding_rule", "unit_cost_amount", "forecast_model", "assumptions"]  # fmt: skip
    values = [
        "–" if row[name] is None or row[name] == "" else f"{row[name]:,.2f}" if isinstance(row[name], float) else str(row[name])
        for name in inputs
    ]
    right.dataframe(
        pl.DataFrame({"input": [frame.heading(name) for name in inputs], "value": values}), hide_index=True, height=320
    )


def _transfers() -> None:
    moves = frame.ask(queries.transfers)
    with st.expander(f"Transfers between locations ({moves.height})"):
        frame.table(moves, "transfers")


def _backorders() -> None:
    waiting = frame.ask(queries.backorders)
    with st.expander(f"Open lines that no stock covers ({waiting.height})"):
        frame.table(waiting, "backorders")
