"""A file to a frame of its rows, everything still as written. Here: formats, encodings, damage. Not here: what a column means."""

import csv
import difflib
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.channels.mapping import Feed
from pipelines.errors import InputError

ROW = "__row"
PROBLEM = "__problem"
FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}


@dataclass(frozen=True)
class BadRow:
    """A row that could not even be split into fields."""

    row_number: int
    reason: str
    value: str


def read(feed: Feed, path: Path, name: str) -> tuple[pl.DataFrame, list[BadRow]]:
    """Rows of the file with the columns that the feed maps, plus `__row` (1 is the first after the heading; the line of JSON lines).

    Raises InputError when the file as a whole can't be read; `name` is what the merchant calls it.
    """
    if path.stat().st_size == 0:
        raise InputError(f"{name} is empty; export it again or remove it.")
    kind = feed.format or FORMATS.get(Path(name).suffix.lower())
    if kind is None:
        raise InputError(
            f'{name} has no known ending; state format = "csv", "tsv", "jsonl", "parquet" or "xlsx" in feed \'{feed.name}\'.'
        )
    if kind == "jsonl":
        return _read_json_lines(feed, path, name)
    if kind in ("csv", "tsv"):
        frame, bad = _read_separated(feed, path, name, "\t" if kind == "tsv" else feed.delimiter)
    else:
        frame, bad = _read_parquet(path, name) if kind == "parquet" else _read_xlsx(feed, path, name), []
        _require_columns(feed, frame.columns, name)
        frame = frame.with_row_index(ROW, 1)
    return frame.select(ROW, *feed.source_columns()), bad


def _require_columns(feed: Feed, present: Iterable[str], name: str) -> None:
    present = list(present)
    for column, field in feed.source_columns().items():
        if column in present:
            continue
        near = difflib.get_close_matches(column, present, 1)
        mend = f"; did you mean '{near[0]}'?" if near else f"; it has {', '.join(present[:8])}{' …' if len(present) > 8 else ''}."
        raise InputError(f"{name} has no column '{column}', which feed '{feed.name}' maps to {field}{mend}")


def _decode(feed: Feed, path: Path, name: str) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig" if feed.encoding.lower() in ("utf-8", "utf8") else feed.encoding)
    except LookupError as problem:
        raise InputError(
            f"Feed '{feed.name}' names the unknown encoding '{feed.encoding}'; use utf-8, cp1252 or the like."
        ) from problem
    except UnicodeDecodeError as problem:
        raise InputError(
            f"{name} is not {feed.encoding} at byte {problem.start:,}; set encoding = \"cp1252\" (or what it is) in feed '{feed.name}'."
        ) from problem


def _read_separated(feed: Feed, path: Path, name: str, delimiter: str) -> tuple[pl.DataFrame, list[BadRow]]:
    content = _decode(feed, path, name)
    header = next(csv.reader(io.StringIO(content.split("\n", 1)[0]), delimiter=delimiter), [])
    _require_delimiter(feed, header, name, delimiter)
    _require_columns(feed, header, name)
    if content.count('"') % 2:
        raise InputError(f"{name} is cut off or has a quotation mark that is never closed; export it again.")
    _require_complete_end(content, header, name, delimiter)
    try:
        frame = pl.read_csv(io.StringIO(content), separator=delimiter, infer_schema=False)
    except pl.exceptions.PolarsError:
        return _read_ragged(content, header, delimiter)
    return frame.with_row_index(ROW, 1), []


def _require_delimiter(feed: Feed, header: list[str], name: str, delimiter: str) -> None:
    if len(header) > 1 or len(feed.source_columns()) < 2:
        return
    other = next((d for d in (";", ",", "\t", "|") if d != delimiter and d in (header or [""])[0]), None)
    if other:
        raise InputError(
            f"{name} is separated by {other!r}, not {delimiter!r}; set delimiter = {json.dumps(other)} in feed '{feed.name}'."
        )


def _require_complete_end(content: str, header: list[str], name: str, delimiter: str) -> None:
    if content.endswith("\n"):
        return
    last = content.rsplit("\n", 1)[-1]
    if '"' not in last and 0 < len(next(csv.reader([last], delimiter=delimiter), [])) < len(header):
        raise InputError(f"{name} is cut off in its last row, '{last[:40]}'; export it again.")


def _read_ragged(content: str, header: list[str], delimiter: str) -> tuple[pl.DataFrame, list[BadRow]]:
    good: list[list[str | None]] = []
    bad: list[BadRow] = []
    rows = (row for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter) if row)
    next(rows)
    for number, row in enumerate(rows, 1):
        if len(row) > len(header):
            bad.append(BadRow(number, f"it has {len(row)} fields where the heading has {len(header)}", delimiter.join(row)[:80]))
        else:
            good.append([number, *(cell or None for cell in row), *[None] * (len(header) - len(row))])  # type: ignore[list-item]
    frame = pl.DataFrame(good, schema={ROW: pl.UInt32, **dict.fromkeys(header, pl.String)}, orient="row")
    return frame, bad


def _read_parquet(path: Path, name: str) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as problem:
        raise InputError(f"{name} is not a whole Parquet file; export it again.") from problem


def _read_xlsx(feed: Feed, path: Path, name: str) -> pl.DataFrame:
    import fastexcel

    try:
        workbook = fastexcel.read_excel(path)
    except Exception as problem:  # fastexcel raises its own and calamine's errors without a common base
        raise InputError(f"{name} is not a whole XLSX file; save it again.") from problem
    sheet = feed.sheet or workbook.sheet_names[0]
    if sheet not in workbook.sheet_names:
        raise InputError(
            f"{name} has no sheet '{sheet}', which feed '{feed.name}' names; it has {', '.join(workbook.sheet_names)}."
        )
    return workbook.load_sheet(sheet, dtypes="string").to_polars()


def _read_json_lines(feed: Feed, path: Path, name: str) -> tuple[pl.DataFrame, list[BadRow]]:
    lines = _decode(feed, path, name).split("\n")
    records: list[dict[str, Any]] = []
    bad: list[BadRow] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, parse_float=str, parse_int=str)
            if not isinstance(record, dict):
                raise ValueError("not an object")
        except ValueError:
            if number == len(lines):
                raise InputError(f"{name} is cut off in its last line; export it again.") from None
            bad.append(BadRow(number, "it is not a whole JSON object", line[:80]))
        else:
            records.append({ROW: number} | record)
    present = _paths(records, feed.explode)
    in_lists = (column for column in feed.source_columns() if re.split(r"\.\d+(?:\.|$)", column)[0] in present)
    _require_columns(feed, [*present, *in_lists], name)
    return _flatten(records, feed), bad


def _paths(records: list[dict[str, Any]], explode: str | None) -> dict[str, None]:
    """Dotted names of every field in the records, in order of appearance."""
    found: dict[str, None] = {}

    def walk(prefix: str, value: Any) -> None:
        found.setdefault(prefix)
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}", inner)
        elif isinstance(value, list) and prefix == explode:
            for inner in value:
                walk(prefix, inner)

    for record in records:
        for key, value in record.items():
            walk(key, value)
    return found


def _flatten(records: list[dict[str, Any]], feed: Feed) -> pl.DataFrame:
    """One row per record, or per element of the exploded list; a record whose list is empty keeps one row without it."""
    columns = list(feed.source_columns())
    rows = []
    for record in records:
        inner = record.get(feed.explode) if feed.explode else None
        elements = inner if isinstance(inner, list) and inner else [None]
        for element in elements:
            whole = record | {feed.explode: element} if feed.explode else record
            rows.append((record[ROW], *(_pick(whole, column) for column in columns)))
    return pl.DataFrame(rows, schema={ROW: pl.UInt32, **dict.fromkeys(columns, pl.String)}, orient="row")


def _pick(record: Any, path: str) -> str | None:
    if isinstance(record, dict) and path in record:
        return _text(record[path])
    for part in path.split("."):
        if isinstance(record, list) and part.isdigit():
            record = record[int(part)] if int(part) < len(record) else None
        else:
            record = record.get(part) if isinstance(record, dict) else None
    return _text(record)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
