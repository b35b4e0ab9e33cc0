"""`fulcast metric`: words to a question, the answer as a table. Here: the command. Not here: definitions, arithmetic."""

import calendar
import re
from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl
import typer

from pipelines import terminal
from pipelines.errors import InputError
from pipelines.metrics.ask import ALIASES, Question, answer, explain, groups_of, orders_behind
from pipelines.metrics.registry import Metric, all_metrics, metric
from pipelines.warehouse.snapshots import current, open_snapshot

PARTS = ("meaning", "formula", "grain", "fact", "dated_by", "clock", "calendar", "tolerance", "open_items", "unit", "changed")


def question_of(
    name: str, by: Iterable[str] = (), since: str = "", until: str = "", where: Iterable[str] = (), version: int | None = None
) -> Question:
    """The question that a person's words ask.

    Raises InputError that says which word can't be understood.
    """
    chosen: dict[str, tuple[str, ...]] = {}
    for condition in where:
        column, equals, value = condition.partition("=")
        if not equals or not value:
            raise InputError(f"'{condition}' is not a condition; write column=value, such as channel=shop_eu.")
        chosen[ALIASES.get(column, column)] = (*chosen.get(ALIASES.get(column, column), ()), *value.split(","))
    names = tuple(part for word in by for part in word.split(",") if part)
    return Question(metric(name, version), names, period(since)[0], period(until)[1], chosen)


def period(words: str) -> tuple[date | None, date | None]:
    """First and last day of a year (2026), month (2026-01) or day (2026-01-31); None for no words.

    Raises InputError for anything else.
    """
    if not words:
        return None, None
    found = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", words)
    try:
        if found:
            year, month, day = (int(part) if part else None for part in found.groups())
            last = day or calendar.monthrange(int(year or 0), month or 12)[1]
            return date(int(year or 0), month or 1, day or 1), date(int(year or 0), month or 12, last)
    except ValueError:
        pass
    raise InputError(f"'{words}' is no date; write 2026, 2026-01 or 2026-01-31.")


def show(settings: Any, question: Question, *, is_explained: bool, with_orders: bool) -> None:
    """Prints the answer from the newest snapshot; with its definition and SQL, or the orders behind it."""
    currency = f" {settings.merchant_config.merchant.reporting_currency}" if question.metric.unit == "money" else ""
    with open_snapshot(current(settings.home_folder / "snapshots")) as connection:
        if is_explained:
            definition(question.metric)
            typer.echo(explain(connection, question))
        if with_orders:
            rows = orders_behind(connection, question)
            terminal.table(rows, f"{question.metric.title}: rows behind, those that hurt it first (at most 1,000)")
        else:
            found = answer(connection, question).rename({"value": question.metric.name}, strict=False)
            terminal.table(_rounded(found, question.metric), f"{question.metric.title}{currency}")
            if question.metric.version > 1 and is_explained:
                _side_by_side(connection, question)


def definition(one: Metric) -> None:
    """Prints every part of a metric's definition."""
    typer.secho(f"{one.name}, version {one.version} of {one.since}: {one.title}", bold=True)
    for part in PARTS:
        if getattr(one, part):
            typer.echo(f"  {part.replace('_', ' ')}: {getattr(one, part)}")
    typer.echo(f"  by: {', '.join(groups_of(one))}")


def every_metric() -> None:
    """Prints names, titles and meanings of all metrics."""
    rows = [(m.subject, m.name, m.version, m.meaning) for m in all_metrics()]
    terminal.table(pl.DataFrame(rows, schema=["subject", "metric", "version", "meaning"], orient="row"), "metrics")


def _side_by_side(connection: Any, question: Question) -> None:
    """The figure by its definition before, for as long as that one is kept."""
    before = metric(question.metric.name, question.metric.version - 1)
    found = answer(connection, Question(before, question.by, question.since, question.until, question.where))
    name = {"value": f"{before.name} (version {before.version})"}
    terminal.table(_rounded(found.rename(name, strict=False), before), f"As it was before: {question.metric.changed}")


def _rounded(frame: pl.DataFrame, one: Metric) -> pl.DataFrame:
    digits = 4 if one.unit == "rate" else 2
    return frame.with_columns(pl.col(pl.Float64).round(digits), pl.col(pl.Decimal).round(2))
