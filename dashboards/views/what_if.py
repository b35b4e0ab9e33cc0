"""What if: the plan decided anew with another service level, lead time, budget or amount to spend, beside the last run. Part of the page Reorder."""

import polars as pl
import streamlit as st

from dashboards import frame
from dashboards.queries import reorder as queries
from models.levels import CYCLE
from models.worklist import WhatIf
from pipelines.channels.merchant import Planning

SHOWN = ["sku", "description", "location_id", "supplier_id", "planned_quantity_units", "quantity_units", "difference_amount", "reorder_point_units",
         "safety_stock_units"]  # fmt: skip
OF = {"each": "each SKU", "class": "all of an aim together"}


def show(plan: pl.DataFrame) -> None:
    """The run's settings, to be moved, and what that changes in number, worth and quantities."""
    if plan.is_empty():
        st.info("There is no plan to hold it against.")
        return
    asked = _asked(plan, frame.settings().merchant_config.planning)
    with st.spinner("Deciding anew …"):
        decided = frame.ask(queries.what_if, asked)
    _beside(decided)
    st.caption(
        "Each SKU alone, before suppliers' baskets, beside what the last run would have ordered that way; edits and decisions since then change neither. "
        "Nothing of this is kept."
    )
    changed = decided.filter(pl.col("quantity_units") != pl.col("planned_quantity_units"))
    if changed.is_empty():
        st.success("It would order the same.")
        return
    st.write(f"{changed.height} line{'s differ' if changed.height > 1 else ' differs'}.")
    changed = changed.with_columns(difference_amount=pl.col("amount") - pl.col("planned_amount"))
    frame.table(changed.select(SHOWN).sort("difference_amount", descending=True, nulls_last=True), "what-if", height=380)


def _asked(plan: pl.DataFrame, planning: Planning) -> WhatIf:
    """The settings on the page; they start from the merchant's."""
    reached = plan["cycle_service_level"].median()
    level = planning.cycle_service_level if planning.aim == CYCLE or reached is None else float(reached)  # type: ignore[arg-type]
    usual = min(max(round(200 * level) / 200, 0.5), 0.995)
    first, second, third = st.columns(3)
    service = first.slider("Cycle service level", 0.50, 0.995, usual, 0.005, format="%.3f", key="if-service")
    together = second.selectbox(
        "Reached by", list(OF), list(OF).index(planning.service_of), format_func=OF.__getitem__, key="if-of"
    )
    lead = third.slider("Lead times, % of today's", 25, 300, 100, 5, key="if-lead")
    fourth, fifth, _ = st.columns(3)
    budget, spend = (
        place.number_input(label, min_value=0.01, value=value, step=1000.0, key=key, placeholder="no limit", help=meaning)
        for place, label, value, key, meaning in (
            (fourth, f"Stock may bind ({frame.currency()})", planning.budget_amount, "if-budget", "The most that all levels together may bind on average"),
            (fifth, f"To spend now ({frame.currency()})", None, "if-spend", "The most that the orders of this run may cost"),
        )
    )  # fmt: skip
    return WhatIf(None if service == usual else service, lead / 100, budget, together == "class", spend)


def _beside(decided: pl.DataFrame) -> None:
    then, now = (
        decided.filter(pl.col(units) > 0).select(pl.len(), pl.col(amount).cast(pl.Float64).sum(), pl.col(units).sum()).row(0)
        for units, amount in (("quantity_units", "amount"), ("planned_quantity_units", "planned_amount"))
    )
    labels = "Orders", f"Worth ({frame.currency()})", "Units"
    for place, label, value, before in zip(st.columns(3), labels, then, now, strict=True):
        place.metric(label, f"{value:,.0f}", f"{value - before:+,.0f}", delta_color="off")
