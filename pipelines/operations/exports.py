"""Planner exports of a frame: XLSX and CSV that open safely in a spreadsheet. Not here: which rows and columns."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter  # type: ignore[import-untyped, unused-ignore]
from polars import selectors as cs

from pipelines.operations.files import written_aside

FORMULA_START = r"^([=+\-@\t\r])"
MAX_ROWS, MAX_TEXT, MAX_SHEET_NAME = 1_048_575, 32_767, 31
MIN_WIDTH, MAX_WIDTH, WIDTH_ROWS = 8, 48, 200

_Write = Callable[[int, int, Any], object]


def safe_text(value: str) -> str:
    """`value` with an apostrophe before it when a spreadsheet would run it as a formula."""
    return re.sub(FORMULA_START, r"'\1", value)


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Writes `frame` as CSV, whole or not at all: text safe from formula injection, instants as ISO 8601 in UTC.

    Raises OSError when the folder cannot be written to.
    """
    instants = cs.datetime(time_zone="*").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
    text = cs.string().str.replace(FORMULA_START, "'${1}")
    safe = _flat(frame).with_columns(text, instants).rename(safe_text)
    with written_aside(path) as aside:
        safe.write_csv(aside)


def write_xlsx(
    sheets: Mapping[str, pl.DataFrame], path: Path, snapshot_version: str, meanings: Mapping[str, str] | None = None
) -> None:
    """Writes a workbook, whole or not at all: a sheet per frame, and "About" with the snapshot and what the columns mean.

    Raises ValueError when a frame has more rows than a sheet, OSError when the folder cannot be written to.
    """
    for frame in sheets.values():
        require_rows(frame)
    flat = {name: _flat(frame) for name, frame in sheets.items()}
    with written_aside(path) as aside, xlsxwriter.Workbook(aside) as workbook:
        for name, frame in flat.items():
            write_sheet(workbook, name, frame)
        columns = list(dict.fromkeys(column for frame in flat.values() for column in frame.columns))
        write_about(workbook, About(columns, snapshot_version, meanings or {}))


def require_rows(frame: pl.DataFrame) -> None:
    """Raises ValueError when a sheet can't hold the frame."""
    if frame.height > MAX_ROWS:
        raise ValueError(f"A sheet holds {MAX_ROWS:,} rows and this export has {frame.height:,}; narrow it down or take the CSV.")


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column as a spreadsheet knows it: instants in UTC, nested values as JSON, other things as text."""
    known = cs.numeric() | cs.boolean() | cs.date() | cs.datetime() | cs.string()
    nested = cs.nested()
    return frame.with_columns(
        cs.datetime(time_zone="*").dt.convert_time_zone("UTC"),
        nested.map_elements(_as_json, return_dtype=pl.String),
        (~(known | nested)).cast(pl.String),
    )


def _as_json(value: Any) -> str:
    plain = value.to_list() if isinstance(value, pl.Series) else value
    return json.dumps(plain, default=str, ensure_ascii=False)


def _heading(name: str, dtype: pl.DataType) -> str:
    return f"{name} (UTC)" if isinstance(dtype, pl.Datetime) and dtype.time_zone else name


def write_sheet(workbook: Any, name: str, frame: pl.DataFrame) -> Any:
    """A sheet of `frame` with headings that stay in sight and can be filtered by."""
    sheet = workbook.add_worksheet(name[:MAX_SHEET_NAME])
    header = workbook.add_format({"bold": True, "bg_color": "#DDE5EE", "bottom": 1, "text_wrap": True, "valign": "top"})
    for column, (title, dtype) in enumerate(frame.schema.items()):
        heading = _heading(title, dtype)
        sheet.write_string(0, column, heading, header)
        values = frame.get_column(title)
        sheet.set_column(column, column, _width(heading, values))
        write = _writer(workbook, sheet, dtype)
        for row, value in enumerate(values, start=1):
            if value is not None:
                write(row, column, value)
    sheet.freeze_panes(1, 0)
    if frame.width:
        sheet.autofilter(0, 0, frame.height, frame.width - 1)
    return sheet


def _writer(workbook: Any, sheet: Any, dtype: pl.DataType) -> _Write:
    """How one column's values are written, by its type."""
    if dtype == pl.Boolean:
        return sheet.write_boolean  # type: ignore[no-any-return]
    if isinstance(dtype, pl.Date | pl.Datetime):
        shape = "yyyy-mm-dd" if isinstance(dtype, pl.Date) else "yyyy-mm-dd hh:mm:ss"
        return partial(_write_instant, sheet, workbook.add_format({"num_format": shape}))
    if dtype.is_numeric():
        shape = "0" if dtype.is_integer() else "0.00"
        return partial(_write_number, sheet, workbook.add_format({"num_format": shape}))
    return partial(_write_text, sheet)


def _write_instant(sheet: Any, shape: Any, row: int, column: int, value: date) -> None:
    sheet.write_datetime(row, column, value.replace(tzinfo=None) if isinstance(value, datetime) else value, shape)


def _write_number(sheet: Any, shape: Any, row: int, column: int, value: float | Decimal) -> None:
    if math.isfinite(value):
        sheet.write_number(row, column, value, shape)


def _write_text(sheet: Any, row: int, column: int, value: str) -> None:
    sheet.write_string(row, column, value[:MAX_TEXT])


def _width(heading: str, values: pl.Series) -> int:
    longest = values.head(WIDTH_ROWS).cast(pl.String).str.len_chars().max()
    needed = max(len(heading), longest if isinstance(longest, int) else 0) + 2
    return min(max(needed, MIN_WIDTH), MAX_WIDTH)


@dataclass(frozen=True)
class About:
    """What the sheet "About" says."""

    columns: Sequence[str]
    snapshot_version: str
    meanings: Mapping[str, str]


def write_about(workbook: Any, about: About, *, is_locked: bool = False) -> None:
    """The sheet "About": which snapshot the figures are from, and what the columns mean."""
    sheet = workbook.add_worksheet("About")
    bold = workbook.add_format({"bold": True})
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1, 96)
    sheet.write_string(0, 0, "Snapshot", bold)
    sheet.write_string(0, 1, about.snapshot_version)
    sheet.write_string(2, 0, "Column", bold)
    sheet.write_string(2, 1, "Meaning", bold)
    for row, name in enumerate(about.columns, start=3):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, about.meanings.get(name, ""))
    if is_locked:
        sheet.protect()
