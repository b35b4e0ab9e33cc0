"""The plan: the list that is edited in place and approved, and the reasons of each line. Part of the page Reorder."""

import hashlib
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts, frame
from dashboards.queries import forecast, reorder
from dashboards.views import decide, typed
from pipelines import planning

SHOWN = ["is_chosen", "sku", "description", "location_id", "supplier_id", "exception", "at_risk_amount", "quantity_units", "sku_quantity_units",
         "needed_by", "amount", "cover_after_days", "remark", "suggested_quantity_units", "stock_out_date", "drafted_by"]  # fmt: skip
WIDTHS = {"sku": 106, "description": 120, "location_id": 62, "supplier_id": 68, "exception": 172, "at_risk_amount": 72,
          "sku_quantity_units": 52, "needed_by": 100, "amount": 70, "cover_after_days": 72}  # fmt: skip
INPUTS = ["policy", "aim", "target_rate", "abc_class", "xyz_class", "holding_rate", "shortage_amount", "is_lost", "mean_demand_units", "expected_lost_units",
          "demand_std_units", "level_quantile", "cycle_service_level", "unit_fill_rate", "safety_stock_units", "textbook_safety_stock_units",
          "width", "most_level_units", "price_amount", "at_risk_amount",
          "reorder_point_units", "order_up_to_level_units", "now_amount", "waiting_amount", "last_quantity_units", "lead_time_days", "lead_time_std_days",
          "stated_lead_time_days", "lead_time_orders", "review_period_days", "on_hand_units", "available_units", "on_order_units",
          "decided_units", "transfer_units", "redirect_units", "backordered_units", "inventory_position_units", "needed_units", "moq_units",
          "case_pack_units", "pallet_units", "price_break_units", "price_break_cost_amount", "shelf_life_units", "storage_units", "eoq_units",
          "left_amount", "rounding_rule", "sku_quantity_units", "basket_effect", "order_by", "unit_cost_amount", "forecast_model", "demand_from",
          "data_exception", "assumptions"]  # fmt: skip
HEIGHT, MOST = 430, 500  # pixels and lines of the list


def show(rows: pl.DataFrame, baskets: pl.DataFrame) -> None:
    """The list with its buttons, the suppliers whose minimum is not reached, and why for the line that is chosen."""
    decide.say()
    if rows.is_empty():
        st.info(
            "Nothing to order: every position is above its reorder point, everything is decided, or the filters leave nothing."
        )
        return
    if rows.height > MOST:
        st.caption(f"The first {MOST} of {rows.height:,} lines; filters bring others, and the workbook holds all.")
    chosen = _list(rows.head(MOST))
    below_minimum(baskets)
    waiting(rows)
    _decide(rows, chosen)
    _why(rows.head(MOST), chosen)


def _list(rows: pl.DataFrame) -> pl.DataFrame:
    """The list, edited in place; returns the chosen rows. Every edit is kept on the server before the page is drawn again."""
    st.caption(
        "Type another quantity or date into the list: it is kept at once, for everybody. Tick lines to approve or reject them."
    )
    key = "plan-" + hashlib.sha256(repr(rows.select("sku", "location_id").rows()).encode()).hexdigest()[:12]
    values = rows.select("decision_id", "quantity_units", "needed_by").rows()
    listed = rows.with_columns(is_chosen=pl.lit(False)).select(SHOWN).with_columns(pl.col(pl.Decimal).cast(pl.Float64))
    edited = st.data_editor(
        listed, key=key, hide_index=True, height=frame.height_of(rows, HEIGHT), num_rows="fixed", placeholder="", column_config=_columns(),
        disabled=[name for name in SHOWN if name not in typed.EDITABLE], on_change=typed.keep, args=(key, values),
    )  # fmt: skip
    return rows.filter(pl.DataFrame(edited)["is_chosen"])


def below_minimum(baskets: pl.DataFrame) -> None:
    """Names the suppliers whose basket is below what they take, with what is lacking."""
    short = baskets.filter((pl.col("lacking_amount") > 0) | (pl.col("lacking_units") > 0))
    if short.height:
        money, units = short["lacking_amount"], short["lacking_units"]
        lacks = [f"{m:,.2f} {frame.currency()}" if m else f"{u:,} units" for m, u in zip(money, units, strict=True)]
        named = [f"{supplier} lacks {lacking}" for supplier, lacking in zip(short["supplier_id"], lacks, strict=True)]
        st.warning(f"Below the supplier's minimum: {', '.join(named)}.", icon=":material/shopping_basket:")


def waiting(rows: pl.DataFrame) -> None:
    """Names the suppliers whose orders wait, and why."""
    if sentences := planning.held_back(rows):
        st.info("  \n".join(sentences), icon=":material/hourglass_top:")


def _columns() -> dict[str, Any]:
    types = {name: pl.Float64() for name in ("at_risk_amount", "amount", "cover_after_days")} | {"stock_out_date": pl.Date()}
    columns = {name: frame.column(name, types.get(name, pl.String())) for name in SHOWN}
    columns |= {
        **typed.columns(),
        "sku_quantity_units": st.column_config.NumberColumn("Alone", help=planning.meanings()["sku_quantity_units"]),
        "needed_by": st.column_config.DateColumn("Needed by", help=planning.MEANINGS["needed_by"]),
        "at_risk_amount": st.column_config.NumberColumn("At risk", help=planning.MEANINGS["at_risk_amount"], format="accounting"),
        "amount": st.column_config.NumberColumn("Amount", help=planning.MEANINGS["amount"], format="accounting"),
        "cover_after_days": st.column_config.NumberColumn(
            "Cover after", help=planning.MEANINGS["cover_after_days"], format="%.0f days"
        ),
        "suggested_quantity_units": st.column_config.NumberColumn(
            "Suggested", help=planning.MEANINGS["suggested_quantity_units"]
        ),
        "drafted_by": st.column_config.TextColumn("Edited by"),
    }
    return {name: one | {"width": WIDTHS[name]} if name in WIDTHS else one for name, one in columns.items()}


def _decide(rows: pl.DataFrame, chosen: pl.DataFrame) -> None:
    """Name, reason and the buttons that approve, reject, or take edits away."""
    decide.signature()
    ready = chosen.filter(pl.col("decision_id").is_not_null())
    worth = f"{ready['amount'].sum() or 0:,.0f} {frame.currency()}"
    with st.container(horizontal=True):
        decide.button("approved", ready, f"Approve {ready.height} ({worth})", "approve", type="primary", icon=":material/check:")
        decide.button("rejected", ready, "Reject", "reject", icon=":material/close:")
        decide.as_suggested(ready, "drop")
        decide.approve_all(rows.filter(pl.col("quantity_units") > 0), "Approve all that are shown", "all")


def _why(rows: pl.DataFrame, chosen: pl.DataFrame) -> None:
    """One sentence, and behind it every input and the forecast."""
    names = [f"{sku} at {place}" for sku, place in rows.select("sku", "location_id").rows()]
    first = f"{chosen['sku'][0]} at {chosen['location_id'][0]}" if chosen.height else names[0]
    name = st.selectbox("Explain", names, names.index(first), key=f"explain-{first}")
    row = rows.row(names.index(name or first), named=True)
    st.subheader(f"Why: {row['sku']} at {row['location_id']}")
    st.write(row["reason"])
    st.caption(f"Since the run before: {row['changed_since']}.")
    place = st.expander("Every input, and the forecast", icon=":material/function:", key="why", on_change="rerun")
    if not place.open:
        return
    with place:
        left, right = st.columns([3, 2])
        left.altair_chart(charts.forecast_fan(frame.ask(forecast.fan, row["sku"], row["location_id"])), width="stretch")
        values = [_shown(row[name]) for name in INPUTS]
        right.dataframe(
            pl.DataFrame({"input": [frame.heading(name) for name in INPUTS], "value": values}), hide_index=True, height=320
        )
        st.caption(
            "The position by day: what stands and is owed today, and what comes when. Where a missing unit is lost, levels follow it."
        )
        frame.table(frame.ask(reorder.schedule, row["sku"], row["location_id"]), "position")


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return f"{value:,.2f}" if isinstance(value, (float, Decimal)) else str(value)
