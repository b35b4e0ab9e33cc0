"""A file to a frame of its rows, everything still as written. Here: formats, encodings, damage. Not here: what a column means."""

import contextlib
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

from pipelines.channels.mapping import ROW, Feed
from pipelines.errors import InputError

DEEPEST = 32  # levels of a JSON object in which mapped fields are looked for
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


def read(feed: Feed, content: bytes, name: str) -> tuple[pl.DataFrame, list[BadRow]]:
    """Rows of a file with this content, with the columns that the feed maps, plus `__row` (1 is the first after the heading; the line of JSON lines).

    Raises InputError when the file as a whole can't be read; `name` is what the merchant calls it.
    """
    if not content:
        raise InputError(f"{name} is empty; export it again or remove it.")
    kind = feed.format or FORMATS.get(Path(name).suffix.lower())
    if kind is None:
        raise InputError(
            f'{name} has no known ending; state format = "csv", "tsv", "jsonl", "parquet" or "xlsx" in feed \'{feed.name}\'.'
        )
    if kind == "jsonl":
        return _read_json_lines(feed, content, name)
    if kind in ("csv", "tsv"):
        return _read_separated(feed, content, name, "\t" if kind == "tsv" else feed.delimiter)
    frame = _read_parquet(content, name) if kind == "parquet" else sheet_of(content, name, feed.sheet, feed.name)
    _require_columns(feed, frame.columns, name)
    is_row = ~pl.all_horizontal(pl.all().is_null()) if kind == "xlsx" else pl.lit(True)
    return _numbered(frame, feed, is_row), []


def _numbered(frame: pl.DataFrame, feed: Feed, is_row: pl.Expr) -> pl.DataFrame:
    """The feed's columns with the number of each row; blank rows are counted and left out."""
    kept = frame.select(*feed.source_columns(), is_row.alias(f"{ROW}?"))
    return kept.with_row_index(ROW, 1).filter(pl.col(f"{ROW}?")).drop(f"{ROW}?")


def _require_columns(feed: Feed, present: Iterable[str], name: str) -> None:
    present = list(present)
    for column, field in feed.source_columns().items():
        if present.count(column) > 1:
            raise InputError(
                f"{name} has {present.count(column)} columns '{column}', which feed '{feed.name}' maps to {field}; rename all but one."
            )
        if column in present:
            continue
        near = difflib.get_close_matches(column, present, 1)
        some = f"map one that it has: {', '.join(present[:8])}{' …' if len(present) > 8 else ''}."
        mend = f"did you mean '{near[0]}'?" if near else some
        raise InputError(f"{name} has no column '{column}', which feed '{feed.name}' maps to {field}; {mend}")


def _decode(feed: Feed, content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig" if feed.encoding.lower() in ("utf-8", "utf8") else feed.encoding)
    except LookupError as problem:
        raise InputError(
            f"Feed '{feed.name}' names the unknown encoding '{feed.encoding}'; use utf-8, cp1252 or the like."
        ) from problem
    except UnicodeError as problem:
        where = f" at byte {problem.start:,}" if isinstance(problem, UnicodeDecodeError) else ""
        likely = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "cp1252"
        raise InputError(
            f"{name} is not {feed.encoding}{where}; set encoding = \"{likely}\" (or what it is) in feed '{feed.name}'."
        ) from problem


def _read_separated(feed: Feed, received: bytes, name: str, delimiter: str) -> tuple[pl.DataFrame, list[BadRow]]:
    content = _decode(feed, received, name)
    header = _heading(content, name, delimiter)
    _require_delimiter(feed, header, name, delimiter)
    _require_columns(feed, header, name)
    _require_complete_end(content, header, name, delimiter)
    frame = None
    if not re.search(rf'[^"\n\r{re.escape(delimiter)}]"[^"\n\r{re.escape(delimiter)}]|\r(?!\n)', content):
        with contextlib.suppress(pl.exceptions.PolarsError):
            frame = pl.read_csv(io.StringIO(content), separator=delimiter, infer_schema=False)
    if frame is None or frame.width != len(header):
        return _read_row_by_row(feed, content, header, name, delimiter)
    frame = frame.rename(dict(zip(frame.columns, _distinct(header), strict=True)))
    if '""' in content:
        frame = frame.with_columns(pl.all().replace("", None))
    return _numbered(frame, feed, ~pl.all_horizontal(pl.all().is_null())), []


def _heading(content: str, name: str, delimiter: str) -> list[str]:
    try:
        return next((row for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter) if row), [])
    except csv.Error as problem:
        raise InputError(f"{name} has no readable heading ({problem}); export it again.") from problem


def _distinct(header: list[str]) -> list[str]:
    """Names of the columns, a repeated one with its position; only columns that no feed maps may repeat."""
    return [column if header.index(column) == place else f"{column} ({place + 1})" for place, column in enumerate(header)]


def _require_delimiter(feed: Feed, header: list[str], name: str, delimiter: str) -> None:
    if len(header) > 1 or len(feed.source_columns()) < 2:
        return
    other = next((d for d in (";", ",", "\t", "|") if d != delimiter and d in (header or [""])[0]), None)
    if other:
        raise InputError(
            f"{name} is separated by {other!r}, not {delimiter!r}; set delimiter = {json.dumps(other)} in feed '{feed.name}'."
        )


def _require_complete_end(content: str, header: list[str], name: str, delimiter: str) -> None:
    if content.count('"') % 2 and _ends_within_quotes(content, delimiter):
        raise InputError(f"{name} is cut off or has a quotation mark that is never closed; export it again.")
    last = content.rsplit("\n", 1)[-1]
    if last.count('"') % 2 == 0 and 0 < len(next(csv.reader([last], delimiter=delimiter), [])) < len(header):
        raise InputError(f"{name} is cut off in its last row, '{last[:40]}'; export it again.")


def _ends_within_quotes(content: str, delimiter: str) -> bool:
    """True where a field opens with a quotation mark that nothing closes; a lone one inside a field (5" pipe) is text."""
    try:
        for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True):
            row.clear()
    except csv.Error as problem:
        return "end of data" in str(problem)
    return False


def _read_row_by_row(feed: Feed, content: str, header: list[str], name: str, delimiter: str) -> tuple[pl.DataFrame, list[BadRow]]:
    """The same, slower, for files with rows longer than the heading or quotation marks inside fields."""
    good: list[list[Any]] = []
    bad: list[BadRow] = []
    rows = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    next(row for row in rows if row)
    try:
        for number, row in enumerate(rows, 1):
            if len(row) > len(header):
                reason = f"it has {len(row)} fields where the heading has {len(header)}"
                bad.append(BadRow(number, reason, delimiter.join(row)[:80]))
            else:
                good.append([cell or None for cell in row] + [None] * (len(header) - len(row)) + [number])
    except csv.Error as problem:
        raise InputError(
            f"{name} can't be split into fields in its row {rows.line_num:,} ({problem}); export it again."
        ) from problem
    places = [str(place) for place in range(len(header))]
    frame = pl.DataFrame(good, schema={**dict.fromkeys(places, pl.String), ROW: pl.UInt32}, orient="row")
    frame = frame.filter(~pl.all_horizontal(pl.col(places).is_null()))
    return frame.select(ROW, *(pl.col(str(header.index(column))).alias(column) for column in feed.source_columns())), bad


def _read_parquet(content: bytes, name: str) -> pl.DataFrame:
    try:
        return pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError) as problem:
        raise InputError(f"{name} is not a whole Parquet file; export it again.") from problem


def sheet_of(content: bytes, name: str, sheet: str | None = None, feed: str = "") -> pl.DataFrame:
    """A sheet of a workbook as text, its first where none is named.

    Raises InputError when it is no workbook or has no such sheet.
    """
    import fastexcel

    try:
        workbook = fastexcel.read_excel(content)
    except Exception as problem:  # fastexcel raises its own and calamine's errors without a common base
        raise InputError(f"{name} is not a whole XLSX file; save it again.") from problem
    sheet = sheet or workbook.sheet_names[0]
    if sheet not in workbook.sheet_names:
        raise InputError(f"{name} has no sheet '{sheet}', which feed '{feed}' names; it has {', '.join(workbook.sheet_names)}.")
    try:
        return workbook.load_sheet(sheet, dtypes="string").to_polars()
    except Exception as problem:
        raise InputError(f"{name} has a sheet '{sheet}' that can't be read; save it again.") from problem


def _read_json_lines(feed: Feed, content: bytes, name: str) -> tuple[pl.DataFrame, list[BadRow]]:
    lines = _decode(feed, content, name).split("\n")
    records: list[dict[str, Any]] = []
    bad: list[BadRow] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            records.append(_record(line) | {ROW: number})
        except (ValueError, RecursionError):
            if number == len(lines):
                raise InputError(f"{name} is cut off in its last line; export it again.") from None
            bad.append(BadRow(number, "it is not a whole JSON object", line[:80]))
    if records:
        _require_fields(feed, records, name)
    return _flatten(records, feed), bad


def _record(line: str) -> dict[str, Any]:
    """The object on a line, its numbers as text; raises ValueError where there is none."""
    record = json.loads(line, parse_float=str, parse_int=str)
    if not isinstance(record, dict):
        raise ValueError("not an object")
    if "\\ud" in line.lower():
        json.dumps(record, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    return record


def _require_fields(feed: Feed, records: list[dict[str, Any]], name: str) -> None:
    """Every mapped path stands in some record, or below something that is null or an empty list in all of them."""
    if feed.explode and not any(feed.explode in record for record in records):
        present = [key for key in records[0] if key != ROW]
        near = difflib.get_close_matches(feed.explode, present, 1)
        mend = f"did you mean '{near[0]}'?" if near else "name the list that holds an order's lines."
        raise InputError(f"{name} has no list '{feed.explode}', which feed '{feed.name}' names under explode; {mend}")
    paths = _paths(records, feed)
    unseen = tuple(f"{path}." for path, is_filled in paths.items() if not is_filled)
    columns = [column for column in feed.source_columns() if _general(column) in paths or _general(column).startswith(unseen)]
    _require_columns(feed, [*columns, *(path for path in paths if path not in columns)], name)


def _general(path: str) -> str:
    """A path whose positions in lists are all written as 0."""
    return re.sub(r"\.\d+(?=\.|$)", ".0", path)


def _paths(records: list[dict[str, Any]], feed: Feed) -> dict[str, bool]:
    """Dotted names of every field in the records, in order of appearance, and whether any record fills it."""
    found: dict[str, bool] = {}
    indexed = {re.split(r"\.0(?=\.|$)", _general(column))[0] for column in feed.source_columns()}

    def walk(path: str, value: Any, depth: int = 0) -> None:
        if depth > DEEPEST:
            return
        found[path] = found.get(path, False) or value not in (None, [], {})
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(_general(f"{path}.{key}"), inner, depth + 1)
        elif isinstance(value, list) and (path == feed.explode or path in indexed):
            for inner in value:
                walk(path if path == feed.explode else f"{path}.0", inner, depth + 1)

    for record in records:
        for key, value in record.items():
            if key != ROW:
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
