"""The plan as a workbook: out with row ids and its snapshot, back in with the difference shown. Part of the page Reorder."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import polars as pl
import streamlit as st

from dashboards import frame
from dashboards.views.decide import DONE, PROBLEM, say
from pipelines import planning
from pipelines.operations import Difference, Drafts, Refused


def show(rows: pl.DataFrame) -> None:
    """Two downloads, and a place for a workbook that comes back."""
    say()
    version = frame.snapshot().version
    left, right = st.columns(2)
    with left:
        st.subheader("Take it out")
        st.caption(
            "Quantity and date can be typed into, everything else is locked. What the filters above leave goes out, drafts included."
        )
        for ending, mime, icon in (("xlsx", frame.XLSX, ":material/table:"), ("csv", "text/csv", ":material/download:")):
            name = f"plan-{version}.{ending}"
            st.download_button(
                f"Plan as {ending.upper()}", partial(frame.written, partial(_write, rows, version), name), name, mime, icon=icon, key=f"plan-{ending}",
                on_click="ignore",
            )  # fmt: skip
    with right:
        st.subheader("Bring it back")
        file = st.file_uploader("Edited workbook", type="xlsx", key="plan-upload")
        if file is not None:
            _back(file.getvalue(), file.name)


def _write(rows: pl.DataFrame, version: str, path: Path) -> None:
    planning.write(rows, path, version)


def _back(content: bytes, name: str) -> None:
    try:
        found = planning.held_against(frame.settings(), content, name)
    except Refused as refusal:
        st.error(str(refusal))
        return
    for sentence in found.refused[:20]:
        st.warning(sentence)
    if found.changed.is_empty():
        st.info(f"{found.rows:,} rows, none changed against what is suggested.")
        return
    st.write(f"{found.changed.height} of {found.rows} rows differ from what is suggested.")
    frame.table(found.changed, "difference")
    st.button("Keep as drafts", type="primary", icon=":material/save:", key="keep-difference", on_click=_keep, args=(found,))


def _keep(found: Difference) -> None:
    try:
        with Drafts(frame.settings().outbox) as drafts:
            drafts.save(found.drafts, frame.known_author(), datetime.now(UTC))
    except Refused as refusal:
        st.session_state[PROBLEM] = str(refusal)
    else:
        st.session_state[DONE] = (
            f"{found.changed.height} change{'s are' if found.changed.height > 1 else ' is'} kept; the plan shows them."
        )
