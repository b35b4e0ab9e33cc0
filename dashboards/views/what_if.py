"""What if: the plan decided anew with another service level, lead time or budget, beside the plan. Part of the page Reorder."""

import polars as pl
import streamlit as st

from dashboards import frame
from dashboards.queries import reorder as queries

SHOWN = ["sku", "description", "location_id", "supplier_id", "planned_quantity_units", "quantity_units", "difference_amount", "reorder_point_units",
         "safety_stock_units"]  # fmt: skip


def show(plan: pl.DataFrame) -> None:
    """Three settings, and what they change in number, worth and quantities."""
    if plan.is_empty():
        st.info("There is no plan to hold it against.")
        return
    usual = min(max(round(200 * float(plan["cycle_service_level"].median() or 0.95)) / 200, 0.5), 0.995)  # type: ignore[arg-type]
    first, second, third = st.columns(3)
    service = first.slider("Cycle service level", 0.50, 0.995, usual, 0.005, format="%.3f", key="if-service")
    lead = second.slider("Lead times, % of today's", 25, 300, 100, 5, key="if-lead")
    budget = third.number_input(
        f"Budget ({frame.currency()})", min_value=0.0, value=None, step=1000.0, key="if-budget", placeholder="no limit"
    )
    asked = None if service == usual else service
    decided = frame.ask(queries.what_if, asked, lead / 100, budget).filter(pl.col("quantity_units") > 0)
    _beside(plan.filter(pl.col("quantity_units") > 0), decided)
    subject = ["sku", "location_id"]
    planned = plan.select(*subject, planned_quantity_units="quantity_units")
    names = plan.select("sku", "description", "supplier_id", "location_id", "unit_cost_amount")
    both = decided.join(planned, on=subject, how="full", coalesce=True).with_columns(
        pl.col("quantity_units", "planned_quantity_units").fill_null(0)
    )
    both = both.join(names, on=subject, how="left", suffix="_planned").with_columns(
        pl.coalesce("description", "description_planned").alias("description"), pl.coalesce("supplier_id", "supplier_id_planned").alias("supplier_id"),
        difference_amount=(pl.col("quantity_units") - pl.col("planned_quantity_units")) * pl.coalesce("unit_cost_amount", "unit_cost_amount_planned"),
    )  # fmt: skip
    changed = both.filter(pl.col("quantity_units") != pl.col("planned_quantity_units"))
    if changed.is_empty():
        st.success("It would order the same.")
        return
    st.caption(
        f"{changed.height} lines differ. Levels are drawn anew, so that a unit more or less is chance. Nothing of this is kept."
    )
    frame.table(changed.select(SHOWN).sort("difference_amount", descending=True, nulls_last=True), "what-if", height=380)


def _beside(plan: pl.DataFrame, decided: pl.DataFrame) -> None:
    cost = (pl.col("unit_cost_amount").cast(pl.Float64) * pl.col("quantity_units")).sum()
    now, then = plan.select(cost).item(), decided.select(cost).item()
    first, second, third = st.columns(3)
    first.metric("Orders", f"{decided.height:,}", f"{decided.height - plan.height:+,}", delta_color="off")
    second.metric(f"Worth ({frame.currency()})", f"{then:,.0f}", f"{then - now:+,.0f}", delta_color="off")
    units, planned = (int(rows["quantity_units"].sum()) for rows in (decided, plan))
    third.metric("Units", f"{units:,}", f"{units - planned:+,}", delta_color="off")
