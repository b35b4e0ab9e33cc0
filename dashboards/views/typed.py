"""Quantities and dates that are typed into a list, kept on the server at each edit. Here: what can be meant, saving it. Not here: the lists, deciding."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import streamlit as st

from dashboards import frame
from dashboards.views.decide import PROBLEM
from pipelines import planning
from pipelines.operations import Draft, Drafts, Refused, require_day_to_come

EDITABLE = ("is_chosen", "quantity_units", "needed_by")
Shown = tuple[str | None, int | None, date | None]


def columns() -> dict[str, Any]:
    """The tick and the quantity of a list."""
    return {
        "is_chosen": st.column_config.CheckboxColumn("✓", help="Approve or reject the ticked lines", width=40),
        "quantity_units": st.column_config.NumberColumn(
            "Quantity", help=planning.MEANINGS["quantity_units"], min_value=0, step=1, width=84
        ),
    }


def keep(key: str, shown: Sequence[Shown]) -> None:
    """Saves what was typed since the page was drawn, but for what can't be meant; runs before it is drawn again."""
    drafts, problems = [], []
    for row, values in st.session_state[key]["edited_rows"].items():
        try:
            drafts.append(_draft(values, *shown[int(row)]))
        except Refused as refusal:
            problems.append(str(refusal))
    try:
        with Drafts(frame.settings().outbox) as kept:
            kept.save([draft for draft in drafts if draft], frame.known_author(), datetime.now(UTC))
    except Refused as refusal:
        problems.append(str(refusal))
    if problems:
        st.session_state[PROBLEM] = "  \n".join(problems)


def _draft(row: dict[str, Any], decision_id: str | None, quantity: int | None, needed_by: date | None) -> Draft | None:
    """What was typed into a row; nothing where it is as it was. Raises Refused for what can't be meant."""
    wanted = row.get("quantity_units", quantity), _day(row.get("needed_by", needed_by))
    if wanted == (quantity, needed_by):
        return None
    if decision_id is None:
        raise Refused("Nothing is suggested there that could be changed; its exception says what has to be mended first.")
    require_day_to_come(decision_id, wanted[1], needed_by, frame.today())
    return Draft(decision_id, *wanted)


def _day(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value
