"""`fulcast forecast` and `fulcast backtest`. Here: files in and out, scores on the terminal. Not here: forecasting (models/forecast)."""

import os
from collections.abc import Callable, Container
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
import typer

from models import accuracy
from models.forecast.engine import COLUMNS, LEVELS, Selection, backtest_series, forecast_series
from models.forecast.problem import Note, Problem
from pipelines.errors import InputError
from pipelines.terminal import bar, table

T = TypeVar("T")
CUTOFFS = 5  # that the terminal shows


def _csv(path: Path) -> pl.DataFrame:
    """A CSV file, by commas or semicolons."""
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.readline()
    separator = ";" if head.count(";") > head.count(",") else ","
    return pl.read_csv(
        path, separator=separator, try_parse_dates=True, infer_schema_length=None, schema_overrides={"unique_id": pl.String}
    )


READERS: dict[str, Callable[[Path], pl.DataFrame]] = {".parquet": pl.read_parquet, ".csv": _csv, ".arrow": pl.read_ipc}
WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    ".parquet": pl.DataFrame.write_parquet, ".csv": pl.DataFrame.write_csv, ".arrow": pl.DataFrame.write_ipc
}  # fmt: skip


def forecast(
    history: Path, freq: str, horizon: int, output: Path, *, statics: Path | None, planned: Path | None, selection: Path | None,
    today: date,
) -> None:  # fmt: skip
    """Reads, forecasts and writes; a kept selection is used when its file exists, and kept there otherwise."""
    _known_ending(output, WRITERS)
    _can_be_written(output, selection)
    kept = _kept(selection) if selection and selection.exists() else None
    rows, known, ahead = read(history), *(read(path) if path else None for path in (statics, planned))
    with bar("forecast") as report:
        made = _mended(
            history,
            lambda: forecast_series(
                rows, freq, horizon, statics=known, planned=ahead, until=today, selection=kept, report=report
            ),
        )
        report(1, 1)
    write(made.table, output)
    if selection and not kept:
        selection.write_text(made.selection.to_json(), encoding="utf-8")
    typer.echo(f"{made.table['unique_id'].n_unique():,} series, {horizon} periods of {freq} ahead: {output}")
    say(made.notes)


def _kept(path: Path) -> Selection:
    try:
        return Selection.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{path} is no kept selection of this version; remove it, and the next run makes it anew.") from None


def backtest(
    history: Path, freq: str, horizon: int, output: Path | None, *, statics: Path | None, windows: int, as_planned: bool, today: date
) -> None:  # fmt: skip
    """Forecasts of known periods, their scores on the terminal and, where asked for, the forecasts in a file."""
    if output:
        _known_ending(output, WRITERS)
        _can_be_written(output)
    frames = read(history), read(statics) if statics else None
    with bar("backtest") as report:
        made, notes = _mended(
            history,
            lambda: backtest_series(
                frames[0], freq, horizon, windows=windows, statics=frames[1], until=today, report=report, as_planned=as_planned
            ),
        )
    if output:
        write(made, output)
    table(scores(made, horizon), f"{made['unique_id'].n_unique():,} series, {horizon} periods of {freq} ahead")
    if (more := made["cutoff"].n_unique() - CUTOFFS) > 0:
        typer.echo(f"{more:,} more cutoffs, as series end at different times, count in the first row; --output holds them all.")
    say(notes)


def scores(made: pl.DataFrame, horizon: int) -> pl.DataFrame:
    """One row per cutoff (those of series that end together) and one of all: WAPE of the median, bias of the mean, coverage."""
    groups = [("all", made), *((str(cutoff), part) for (cutoff,), part in made.group_by("cutoff", maintain_order=True))]
    return pl.DataFrame([_scored(name, part, horizon) for name, part in groups[: CUTOFFS + 1]])


def _scored(name: str, part: pl.DataFrame, horizon: int) -> dict[str, str]:
    values = part.select(*COLUMNS, pl.col("y").fill_null(float("nan"))).to_numpy().reshape(-1, horizon, len(COLUMNS) + 1)
    mean, quantiles, actual = values[:, :, 0], values[:, :, 1:-1], values[:, :, -1]
    wanted = np.nansum(actual) or np.nan
    loss = np.nansum(accuracy.pinball(quantiles, actual, LEVELS).mean(axis=2)) / wanted
    shown = {"WAPE of q0.5": accuracy.wape(quantiles[:, :, 3], actual), "bias": accuracy.bias(mean, actual), "pinball": loss}
    widths = {"50 %": (2, 4), "80 %": (1, 5), "90 %": (0, 6)}
    shown |= {f"in {w}": accuracy.coverage(quantiles[:, :, a], quantiles[:, :, b], actual) for w, (a, b) in widths.items()}
    return {"cutoff": name} | {key: f"{value:.3f}" for key, value in shown.items()}


def read(path: Path) -> pl.DataFrame:
    """A Parquet, CSV or Arrow file."""
    ending = _known_ending(path, READERS)
    try:
        return READERS[ending](path)
    except (OSError, pl.exceptions.PolarsError) as problem:
        raise InputError(f"{path} can't be read: {str(problem).splitlines()[0]}") from None


def write(frame: pl.DataFrame, path: Path) -> None:
    """What the name's ending says."""
    ending = _known_ending(path, WRITERS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        WRITERS[ending](frame, path)
    except OSError as problem:
        raise InputError(f"{path} can't be written: {problem}") from None


def _can_be_written(*paths: Path | None) -> None:
    """Asked before an hour's work, not after it. Raises InputError."""
    for path in filter(None, paths):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise InputError(f"{path} can't be written: {problem}") from None
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise InputError(f"{path} can't be written: no permission.")


def _known_ending(path: Path, known: Container[str]) -> str:
    ending = path.suffix.lower()
    if ending not in known:
        raise InputError(f"{path} is neither .parquet, .csv nor .arrow.")
    return ending


def say(notes: tuple[Note, ...]) -> None:
    """What was left out or fallen back on; exit code 2 where series got no forecast."""
    for note in notes:
        typer.secho(note.sentence, fg="red" if note.is_refusal else "yellow", err=True)
    if any(note.is_refusal for note in notes):
        raise typer.Exit(2)


def _mended(history: Path, work: Callable[[], T]) -> T:
    try:
        return work()
    except Problem as problem:
        raise InputError(f"{history}: {problem}") from None
