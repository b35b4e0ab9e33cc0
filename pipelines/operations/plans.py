"""A planner's workbook: out with row ids and its snapshot, back in as a difference. Here: the file. Not here: saving or approving it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter  # type: ignore[import-untyped, unused-ignore]

from pipelines.operations.drafts import MAX_UNITS, Draft, require_day_to_come
from pipelines.operations.exports import About, require_rows, write_about, write_sheet
from pipelines.operations.files import written_aside
from pipelines.operations.states import Refused

SHEET, ABOUT = "Plan", "About"
EDITED = ("quantity_units", "needed_by")
ROW_ID = "decision_id"


@dataclass(frozen=True)
class Difference:
    """An edited workbook against what is suggested now: `changed` rows with was_ and new values, their drafts, and a sentence per refused row."""

    changed: pl.DataFrame
    drafts: list[Draft]
    refused: list[str]
    rows: int


def write_plan(rows: pl.DataFrame, path: Path, snapshot_version: str, meanings: Mapping[str, str] | None = None) -> None:
    """Writes the workbook, whole or not at all: only quantity_units and needed_by can be typed into, and both are checked.

    rows: decision_id, suggested_quantity_units, quantity_units, needed_by and whatever a planner wants to see.
    Raises ValueError when there are more rows than a sheet holds, OSError when the folder cannot be written to.
    """
    require_rows(rows)
    with written_aside(path) as aside, xlsxwriter.Workbook(aside) as workbook:
        sheet = write_sheet(workbook, SHEET, rows)
        _open_cells(workbook, sheet, rows)
        write_about(workbook, About(rows.columns, snapshot_version, meanings or {}), is_locked=True)


def _open_cells(workbook: Any, sheet: Any, rows: pl.DataFrame) -> None:
    quantity, needed = (rows.columns.index(name) for name in EDITED)
    shapes = {quantity: "0", needed: "yyyy-mm-dd"}
    for column, shape in shapes.items():
        cell = workbook.add_format({"num_format": shape, "locked": False, "bg_color": "#FFF7E0"})
        for row, value in enumerate(rows.get_column(rows.columns[column]), start=1):
            if value is None:
                sheet.write_blank(row, column, None, cell)
            elif isinstance(value, date):
                sheet.write_datetime(row, column, value, cell)
            else:
                sheet.write_number(row, column, value, cell)
    last = max(rows.height, 1)
    whole = {"validate": "integer", "criteria": "between", "minimum": 0, "maximum": MAX_UNITS, "error_title": "Quantity",
             "error_message": "Whole units, 0 or more; 0 orders nothing."}  # fmt: skip
    day = {
        "validate": "date",
        "criteria": ">=",
        "value": date(2000, 1, 1),
        "error_title": "Date",
        "error_message": "A date such as 2026-01-31.",
    }
    sheet.data_validation(1, quantity, last, quantity, whole)
    sheet.data_validation(1, needed, last, needed, day)
    sheet.protect("", {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True})


def read_plan(content: bytes, name: str) -> tuple[pl.DataFrame, str]:
    """Rows of an edited workbook (decision_id, suggested_quantity_units, quantity_units, needed_by; every cell as text) and its snapshot.

    Raises Refused, with the mend, when it is no workbook of ours or lacks a column.
    """
    import fastexcel

    try:
        workbook = fastexcel.read_excel(content)
        rows = workbook.load_sheet(SHEET, dtypes="string").to_polars()
        about = workbook.load_sheet(ABOUT, header_row=None, dtypes="string").to_polars()
        version = str(about.row(0)[1])
    except Exception as problem:  # noqa: BLE001  (fastexcel and calamine share no base)
        raise Refused(
            f"{name} is no workbook of a plan ({str(problem).splitlines()[0]}); export the plan and edit that file."
        ) from None
    for column in (ROW_ID, "suggested_quantity_units", *EDITED):
        if column not in rows.columns:
            raise Refused(f"{name} has no column {column} any more; export the plan again and leave its columns as they are.")
    wanted = rows.select(ROW_ID, "suggested_quantity_units", *EDITED).with_row_index("row", 2)
    return wanted.filter(~pl.all_horizontal(pl.exclude("row").is_null())), version


def difference(
    rows: pl.DataFrame, version: str, name: str, decisions: pl.DataFrame, published: set[str], today: date
) -> Difference:
    """What an edited workbook changes. decisions: Outbox.find of its row ids, in any state; published: versions of the snapshots that are still kept;
    today: before which no date may be typed.

    A row whose suggestion was decided or superseded since is refused in a sentence; the others go on.
    Raises Refused for a workbook whose snapshot is gone: what it rests on can't be held against today's any more.
    """
    if version not in published:
        raise Refused(f"{name} was made from snapshot {version}, which is gone; export the plan again and edit that file.")
    known = {row[ROW_ID]: row for row in decisions.iter_rows(named=True)}
    drafts: list[Draft] = []
    changed: list[dict[str, Any]] = []
    refused: list[str] = []
    seen: set[str] = set()
    for row in rows.iter_rows(named=True):
        try:
            draft = _draft(row, known, seen)
            require_day_to_come(draft.decision_id, draft.needed_by, known[draft.decision_id]["needed_by"], today)
        except Refused as problem:
            refused.append(f"{name}, row {row['row']}: {problem}")
            continue
        drafts.append(draft)
        now = known[draft.decision_id]
        if (draft.quantity_units, draft.needed_by) != (now["quantity_units"], now["needed_by"]):
            changed.append({"decision_id": draft.decision_id, "sku": now["sku"], "location_id": now["location_id"],
                            "suggested_quantity_units": now["quantity_units"], "quantity_units": draft.quantity_units,
                            "suggested_needed_by": now["needed_by"], "needed_by": draft.needed_by})  # fmt: skip
    return Difference(pl.DataFrame(changed, schema=_CHANGED), drafts, refused, rows.height)


_CHANGED = {
    "decision_id": pl.String, "sku": pl.String, "location_id": pl.String, "suggested_quantity_units": pl.Int64, "quantity_units": pl.Int64,
    "suggested_needed_by": pl.Date, "needed_by": pl.Date,
}  # fmt: skip


def _draft(row: dict[str, Any], known: dict[str, dict[str, Any]], seen: set[str]) -> Draft:
    decision_id = (row[ROW_ID] or "").strip()
    if decision_id not in known:
        raise Refused(f"there is no decision {decision_id or '(blank)'}; leave the first column as it was exported.")
    if decision_id in seen:
        raise Refused(f"{decision_id} stands twice; leave one of its rows.")
    seen.add(decision_id)
    now = known[decision_id]
    if now["state"] != "suggested":
        successor = f" by {now['superseded_by']}" if now["superseded_by"] else ""
        raise Refused(f"{decision_id} is {now['state']}{successor} since it was exported; export the plan again.")
    if _whole(row["suggested_quantity_units"], "suggested_quantity_units") != now["suggested_quantity_units"]:
        raise Refused(f"{decision_id} was suggested with another quantity; export the plan again.")
    quantity = _whole(row["quantity_units"], "quantity_units")
    return Draft(decision_id, now["quantity_units"] if quantity is None else quantity, _day(row["needed_by"]) or now["needed_by"])


def _whole(cell: str | None, name: str) -> int | None:
    try:
        value = float(cell) if cell and cell.strip() else None
    except ValueError:
        value = float("nan")
    if value is None:
        return None
    if not value.is_integer():
        raise Refused(f"{name} {cell!r} is no whole number; type whole units.")
    return int(value)


def _day(cell: str | None) -> date | None:
    if not cell or not cell.strip():
        return None
    try:
        return datetime.fromisoformat(cell.strip()[:10]).date()
    except ValueError:
        raise Refused(f"needed_by {cell!r} is no date; write it as 2026-01-31.") from None
