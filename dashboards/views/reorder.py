"""Reorder: what to buy, exceptions and the most money at risk first; edited in place, approved, exported and taken back in."""

import polars as pl
import streamlit as st

from dashboards import frame
from dashboards.queries import reorder as queries
from dashboards.views import decide, plan, plan_file, stock, transfers, what_if
from models import worklist
from pipelines import planning
from pipelines.operations import Drafts, Outbox

EVERY = "all"


def show() -> None:
    """The plan with its filters, the suppliers' baskets, what changed, what-if, orders under way, transfers, backorders, the workbook."""
    st.title("Reorder")
    with Outbox(frame.settings().outbox) as outbox, Drafts(frame.settings().outbox) as drafts:
        waiting, approved = (outbox.decisions(state, "reorder") for state in ("suggested", "approved"))
        drafted = drafts.drafts()
    everything = planning.plan(frame.ask(queries.suggestions), waiting, drafted, frame.today())
    rows = _filtered(everything)
    _figures(rows)
    frame.tabs({
        "Plan": lambda: plan.show(rows, _baskets(rows, everything, approved)),
        "Suppliers": lambda: _suppliers(everything, _baskets(rows, everything, approved)),
        "Data to mend": _exceptions,
        "What changed": _changes,
        "What if": lambda: what_if.show(everything),
        "Under way": stock.under_way,
        "Transfers": transfers.show,
        "Backorders": _backorders,
        "Workbook": lambda: plan_file.show(rows),
    })  # fmt: skip


def _filtered(rows: pl.DataFrame) -> pl.DataFrame:
    columns = st.columns([2, 1, 1, 1])
    text = columns[0].text_input("Search SKU or name", key="search")
    for place, name, label in zip(
        columns[1:], ("location_id", "supplier_id", "category"), ("Location", "Supplier", "Category"), strict=True
    ):
        choice = place.selectbox(label, [EVERY, *rows[name].drop_nulls().unique().sort()], key=f"filter-{name}")
        rows = rows if choice == EVERY else rows.filter(pl.col(name) == choice)
    return frame.searched(rows, text)


def _figures(rows: pl.DataFrame) -> None:
    currency = frame.currency()
    suggested = rows.filter(pl.col("quantity_units") > 0)
    first, second, third, fourth = st.columns(4)
    first.metric("Suggested orders", f"{suggested.height:,}", help="Not decided yet; drafts count as drafted")
    second.metric(f"Worth ({currency})", f"{suggested['amount'].sum() or 0:,.0f}", help=planning.MEANINGS["amount"])
    third.metric(f"At risk ({currency})", f"{rows['at_risk_amount'].sum() or 0:,.0f}", help=planning.MEANINGS["at_risk_amount"])
    kept = rows.height - rows["decision_id"].count()
    waits = rows.filter((pl.col("suggested_quantity_units") == 0) & (pl.col("quantity_units") == 0)).height
    said = [f"{kept:,} wait for a person: their stock is unknown, which is not zero, or something keeps the need from being ordered" if kept else "",
            f"{waits:,} wait for their supplier's order" if waits else ""]  # fmt: skip
    fourth.metric("To look at first", f"{rows['exception'].count():,}", help="; ".join(filter(None, said)) or None)


def _baskets(rows: pl.DataFrame, everything: pl.DataFrame, approved: pl.DataFrame) -> pl.DataFrame:
    """Whole baskets of the suppliers that the filters leave: a minimum is for all that is bought there."""
    theirs = everything.filter(pl.col("supplier_id").is_in(rows["supplier_id"].drop_nulls().unique().implode()))
    return worklist.baskets(theirs, frame.ask(queries.limits), approved)


def _suppliers(everything: pl.DataFrame, baskets: pl.DataFrame) -> None:
    if baskets.is_empty():
        st.info("Nothing is ordered from anybody.")
        return
    plan.below_minimum(baskets)
    plan.waiting(everything)
    shown = ["supplier_id", "supplier_name", "lines", "units", "amount", "landed_amount", "arrival_date", "order_minimum_amount", "lacking_amount",
             "lacking_units", "volume_m3", "weight_kg", "containers", "gap_rate", "at_risk_amount", "arrival_late_date", "unvalued_lines"]  # fmt: skip
    frame.table(baskets.select(shown), "baskets")
    st.caption(
        "Amounts are unit costs without freight and duty; landed adds what the order and its containers cost. SKUs of unknown size count as 0 m³. "
        "Gap: how far a basket that was decided together may lie below the best."
    )
    _together()
    supplier: str | None = st.selectbox("Basket of", baskets["supplier_id"].drop_nulls(), key="basket")
    lines = everything.filter((pl.col("supplier_id") == supplier) & (pl.col("quantity_units") > 0))
    decide.approve_all(lines, f"Approve the basket of {supplier}", "basket")
    shown = [
        "decision_id",
        "sku",
        "description",
        "location_id",
        "quantity_units",
        "amount",
        "needed_by",
        "cover_after_days",
        "remark",
    ]
    frame.table(lines.select(shown), "basket-lines")


def _together() -> None:
    """Baskets whose lines were decided together, and what that changed; nothing where every supplier takes every line as it is needed."""
    together = frame.ask(queries.joint_baskets)
    if together.is_empty():
        return
    st.subheader("Decided together")
    st.caption(
        "Where a minimum, a budget, containers or the cost of an order count, all lines of a supplier are decided in one: what they save together."
    )
    frame.table(together, "joint-baskets")
    frame.table(frame.ask(queries.changed_by_baskets), "changed-by-baskets", height=280)


def _exceptions() -> None:
    """Figures that can't be meant, what was done instead, and which kinds there are."""
    listed = frame.ask(queries.exceptions)
    if listed.is_empty():
        st.success(
            "Nothing has to be mended: every product has a supplier, a lead time, a cost, and quantities that can be meant."
        )
        return
    kinds = listed.group_by("kind").len().sort("len", "kind", descending=[True, False])
    st.caption(
        "Orders go on with what stands under Treatment. Mend the file that says it, and the next run takes the new figure."
    )
    chosen = st.pills(
        "Kind", kinds["kind"].to_list(), format_func=lambda kind: f"{kind} ({dict(kinds.rows())[kind]:,})", key="exception-kind"
    )
    frame.table(listed if chosen is None else listed.filter(pl.col("kind") == chosen), "exceptions", height=460)


def _changes() -> None:
    with Outbox(frame.settings().outbox) as outbox:
        changed = planning.changes(outbox.decisions(kind="reorder"), frame.ask(frame.run_info)["made_at"][0])
    if changed.is_empty():
        st.success("The last run changed nothing about what was suggested before.")
        return
    counts = changed.group_by("change").len().sort("change")
    st.caption("Since the run before: " + ", ".join(f"{count} {what}" for what, count in counts.rows()) + ".")
    frame.table(changed, "changes", height=460)


def _backorders() -> None:
    waiting = frame.ask(queries.backorders)
    if waiting.is_empty():
        st.success("Every open line is covered by stock.")
    else:
        st.caption("Open order lines that no stock covers.")
        frame.table(waiting, "backorders")
