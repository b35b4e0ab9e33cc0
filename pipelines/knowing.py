"""`fulcast know`: files of what people know. Here: rows to entries, problems in sentences. Not here: storing (operations), effects (models)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import typer

from pipelines.doubts import Doubts, last_names
from pipelines.errors import InputError
from pipelines.operations import Entry, Knowledge

TEXTS = ("kind", "sku", "location_id", "other_sku", "author", "reason")
DATES = ("start_date", "end_date", "expires_date")
FIGURES = ("weekly_units", "change_rate", "discount_rate")
REQUIRED = ("kind", "sku", "reason")
KEPT_DAYS = 365  # an entry whose file names neither an expiry nor an end
STAYS_DAYS = {"end": 365, "imported": 3650}  # what ended stays ended, and a day that counts as imported goes on doing so


@dataclass(frozen=True)
class Taken:
    """What a file brought: entries, and a sentence for each row that is none."""

    entries: list[Entry]
    problems: list[str]


def take_in(settings: Any, file: Path, author: str) -> None:
    """Enters what a file says and prints what became of each row; exit code 2 where rows were left out."""
    now = datetime.now(UTC)
    try:
        content = file.read_bytes()
    except OSError as problem:
        raise InputError(f"{file} can't be read: {problem.strerror}.") from None
    rows, known_names = read_rows(content, file.name), last_names(settings)
    with Knowledge(settings.outbox) as knowledge:
        taken = rows_to_entries(rows, file.name, author, Doubts.of(knowledge, known_names, now.date()))
        entered = knowledge.enter(taken.entries, now)
    known = len(taken.entries) - len(entered)
    typer.echo(f"{len(entered)} entered" + (f", {known} known already" if known else "") + "; the next nightly run applies them.")
    if known_names is None:
        typer.echo("No run has been published yet, so that SKUs and locations were not looked up.")
    for sentence in taken.problems:
        typer.secho(sentence, fg="red", err=True)
    if taken.problems:
        raise typer.Exit(2)


def show(settings: Any, sku: str | None, *, everything: bool) -> None:
    """Prints entries with their state."""
    from pipelines import terminal

    with Knowledge(settings.outbox) as knowledge:
        rows = knowledge.entries(datetime.now(UTC).date(), sku)
    shown = rows if everything else rows.filter(pl.col("state") == "in force")
    if shown.is_empty():
        typer.echo("Nothing is known" + ("." if everything else " that is in force; --all shows the rest."))
        return
    terminal.table(
        shown.select("entry_id", pl.col("standing").alias("state"), summary().alias("says"), "author", "reason", "expires_date"),
        "what people know",
    )


def summary() -> pl.Expr:
    """An entry in a few words, from its columns."""
    span = pl.format(
        "{} to {}", pl.col("start_date").cast(pl.String).fill_null("…"), pl.col("end_date").cast(pl.String).fill_null("…")
    )
    change = pl.format("{} %", (pl.col("change_rate") * 100).round(0).cast(pl.Int64))
    parts = [
        "kind",
        "sku",
        pl.format("at {}", "location_id"),
        pl.when(pl.col("kind") == "supersession")
        .then(pl.format("followed by {}", "other_sku"))
        .otherwise(pl.format("like {}", "other_sku")),
        span,
        pl.format("{} a week", "weekly_units"),
        pl.format("demand {}", change),
        pl.format("{} % off", (pl.col("discount_rate") * 100).round(0).cast(pl.Int64)),
    ]
    return pl.concat_str(parts, separator=" ", ignore_nulls=True)


def read_rows(content: bytes, file: str) -> pl.DataFrame:
    """A CSV or XLSX file, by the ending of its name, with every cell as text; blank rows keep their place.

    Raises InputError when it can't be read, or lacks a column that every kind needs.
    """
    try:
        if file.lower().endswith(".csv"):
            rows = pl.read_csv(content, infer_schema=False, encoding="utf8-lossy")
        elif file.lower().endswith(".xlsx"):
            import fastexcel

            rows = fastexcel.read_excel(content).load_sheet(0, dtypes="string").to_polars()
        else:
            raise InputError(f"{file} is neither .csv nor .xlsx; save it as one of them.")
    except InputError:
        raise
    except Exception as problem:  # noqa: BLE001  (fastexcel, calamine and Polars share no base)
        raise InputError(f"{file} can't be read: {str(problem).splitlines()[0]}") from None
    rows = rows.rename({name: name.strip().lower().replace(" ", "_") for name in rows.columns})
    for name in REQUIRED:
        if name not in rows.columns:
            raise InputError(f"{file} has no column '{name}'; its columns are {', '.join(rows.columns)}.")
    unknown = [name for name in rows.columns if name not in (*TEXTS, *DATES, *FIGURES)]
    if unknown:
        raise InputError(f"{file} has a column '{unknown[0]}' that no entry has; use {', '.join((*TEXTS, *DATES, *FIGURES))}.")
    return rows


def rows_to_entries(rows: pl.DataFrame, name: str, author: str, doubts: Doubts) -> Taken:
    """Each row as an entry that `doubts` accepts; `author` where a row names none. A row that expires by no word expires with its end, or
    after a year.
    """
    taken = Taken([], [])
    for number, row in enumerate(rows.iter_rows(named=True), start=2):
        cells = {key: (value or "").strip() for key, value in row.items()}
        if not any(cells.values()):
            continue
        try:
            entry = _entry(cells, author, doubts.today)
            doubts.accept(entry)
            taken.entries.append(entry)
        except InputError as problem:
            taken.problems.append(f"{name}, row {number}: {problem} The row was left out.")
    return taken


def _entry(cells: dict[str, str], author: str, today: date) -> Entry:
    texts = {key: cells.get(key) or None for key in TEXTS}
    dates = {key: _date(key, cells.get(key, "")) for key in DATES}
    figures = {key: _figure(key, cells.get(key, "")) for key in FIGURES}
    last = dates["end_date"] or max(dates["start_date"] or today, today) + timedelta(days=KEPT_DAYS)
    if texts["kind"] in STAYS_DAYS:
        last = max(last, today) + timedelta(days=STAYS_DAYS[texts["kind"]])
    values: dict[str, Any] = texts | dates | figures
    values |= {"author": texts["author"] or author, "expires_date": dates["expires_date"] or last}
    return Entry(**values)


def _date(name: str, cell: str) -> date | None:
    try:
        return date.fromisoformat(cell[:10]) if cell else None
    except ValueError:
        raise InputError(f"{name} {cell!r} is no date; write it as 2026-01-31.") from None


def _figure(name: str, cell: str) -> float | None:
    is_rate = name.endswith("_rate")
    try:
        if is_rate and cell.endswith("%"):
            return float(cell[:-1]) / 100
        return float(cell) if cell else None
    except ValueError:
        mend = "0.5 or 50%" if is_rate else "the units of a week, such as 80"
        raise InputError(f"{name} {cell!r} is no number; write {mend}.") from None
