"""A question to a metric and its answer, over the marts of one snapshot. Here: grouping, periods, the orders behind. Not here: definitions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import duckdb
import narwhals as nw
import polars as pl

from pipelines.contracts import table
from pipelines.errors import InputError
from pipelines.marts.arithmetic import distinct
from pipelines.metrics.registry import QUANTILES, Distinct, Metric, Ratio, Total

Frame = nw.LazyFrame[Any]
ALIASES = {
    "warehouse": "location_id", "location": "location_id", "carrier": "carrier_code", "service": "service_level",
    "country": "ship_to_country_code", "style": "style_id", "supplier": "supplier_id", "currency": "currency_code",
}  # fmt: skip
OF_PRODUCTS = ("description", "category", "brand", "style_id", "supplier_id")
PERIODS = {"day": "calendar_date", **{name: f"{name}_start_date" for name in ("week", "month", "quarter", "year")}}
NO_GROUPS = ("order_id", "purchase_order_id", "document_id", "return_id", "payout_id", "customer_key")


@dataclass(frozen=True)
class Question:
    """A metric over a period (`since` and `until` both count), for the rows that `where` names, grouped `by` columns or periods.

    `is_last_year` asks for the days that the period's days are held against, by the retail calendar.
    """

    metric: Metric
    by: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_last_year: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", tuple(ALIASES.get(name, name) for name in self.by))
        object.__setattr__(self, "where", {ALIASES.get(name, name): values for name, values in self.where.items()})
        known = groups_of(self.metric)
        for name in (*self.by, *self.where):
            if name not in known or (name in PERIODS and name in self.where):
                raise InputError(f"{self.metric.name} can't be told by '{name}'; it can by {', '.join(known)}.")


def groups_of(metric: Metric) -> list[str]:
    """What a metric can be grouped by: text and flags of its fact, of its products, and periods."""
    columns = table(metric.fact).columns
    own = [n for n, c in columns.items() if c.dtype in (pl.String, pl.Boolean) and n not in (*NO_GROUPS, *metric.not_by)]
    of_products = [name for name in OF_PRODUCTS if "sku" in columns and name not in own]
    return [*own, *of_products, *PERIODS]


def answer(connection: duckdb.DuckDBPyConnection, question: Question) -> pl.DataFrame:
    """One row per group: the groups, `value` (or p50, p90, p95), and `counted`: what the figure divides by, or its rows."""
    frame = pl.DataFrame(_answer(connection, question).to_native().pl())
    whole = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Decimal) and not dtype.scale]
    frame = frame.with_columns(pl.col(whole).cast(pl.Int64))  # DuckDB's sums of whole numbers
    if question.by:
        return frame.sort(*question.by, nulls_last=True)
    return frame


def explain(connection: duckdb.DuckDBPyConnection, question: Question) -> str:
    """The SQL that answers the question."""
    return str(_answer(connection, question).to_native().sql_query())


def orders_behind(connection: duckdb.DuckDBPyConnection, question: Question, limit: int = 1_000) -> pl.DataFrame:
    """The rows that make a figure, those that hurt it first: their keys, groups, and the parts of the measure that each brings."""
    frame, as_of = _asked(connection, question)
    measure, contract = question.metric.measure, table(question.metric.fact)
    if isinstance(measure, Ratio):
        frame = frame.with_columns(good=measure.good(as_of), all=measure.all(as_of))
        parts, first = ["good", "all"], "good"
    elif isinstance(measure, Total):
        frame, parts, first = frame.with_columns(amount=measure.of(as_of)), ["amount"], "amount"
    else:
        parts = [measure.of] if measure.of not in contract.key else []
        first = parts[0] if parts else contract.key[0]
    names = list(dict.fromkeys([*contract.key, *question.by, question.metric.dated_by, *parts]))
    names = [name for name in names if name in frame.columns]
    return pl.DataFrame(
        frame.select(*names).sort(first, *contract.key, descending=first == "amount").head(limit).to_native().pl()
    )


def as_of(connection: duckdb.DuckDBPyConnection) -> datetime:
    """The instant that the snapshot judges at."""
    return connection.sql("SELECT as_of FROM run_info").fetchall()[0][0]  # type: ignore[no-any-return]


def _answer(connection: duckdb.DuckDBPyConnection, question: Question) -> Frame:
    frame, judged_at = _asked(connection, question)
    by, measure = list(question.by), question.metric.measure
    if isinstance(measure, Ratio):
        frame = frame.with_columns(_good=measure.good(judged_at), _all=measure.all(judged_at))
        sums = _grouped(frame, by, _good=nw.col("_good").sum(), _all=nw.col("_all").sum())
        value = nw.when(nw.col("_all") != 0).then(nw.col("_good").cast(nw.Float64) / nw.col("_all").cast(nw.Float64))
        return sums.select(*by, value=value, counted=nw.col("_all"))
    if isinstance(measure, Total):
        frame = frame.with_columns(_of=measure.of(judged_at))
        sums = _grouped(frame, by, _sum=nw.col("_of").sum(), counted=nw.col("_of").count(), _rows=nw.len())
        is_known = (nw.col("counted") > 0) | (nw.col("_rows") == 0)
        return sums.select(*by, value=nw.when(is_known).then(nw.col("_sum")), counted=nw.col("counted"))
    if isinstance(measure, Distinct):
        keys = list(dict.fromkeys((*by, *(["channel"] if measure.of == "order_id" else []), measure.of)))
        return _grouped(distinct(frame, *keys), by, value=nw.len(), counted=nw.len())
    known = frame.filter(~nw.col(measure.of).is_null())
    quantiles = {f"p{q * 100:.0f}": nw.col(measure.of).quantile(q, interpolation="linear") for q in QUANTILES}
    return _grouped(known, by, **quantiles, counted=nw.len())


def _grouped(frame: Frame, by: list[str], **aggregates: nw.Expr) -> Frame:
    return frame.group_by(*by).agg(**aggregates) if by else frame.select(**aggregates)


def _asked(connection: duckdb.DuckDBPyConnection, question: Question) -> tuple[Frame, datetime]:
    """The rows of the fact that count, with the groups asked for as columns."""
    metric, judged_at = question.metric, as_of(connection)
    frame: Frame = nw.from_native(connection.table(metric.fact))
    if metric.only:
        frame = frame.filter(metric.only(judged_at))
    frame = _of_the_period(frame, question, nw.from_native(connection.table("retail_calendar")))
    names = {*question.by, *question.where}
    if names & set(OF_PRODUCTS) - set(frame.columns):
        asked = [name for name in OF_PRODUCTS if name in names and name not in frame.columns]
        frame = frame.join(nw.from_native(connection.table("sku_attributes")).select("sku", *asked), on="sku", how="left")
    periods = {name: PERIODS[name] for name in question.by if name in PERIODS}
    if periods:
        calendar = nw.from_native(connection.table("retail_calendar")).select(_day=nw.col("calendar_date"), **periods)
        frame = frame.join(calendar, left_on=metric.dated_by, right_on="_day", how="left")
    for name, values in question.where.items():
        frame = frame.filter(nw.col(name).cast(nw.String).is_in(list(values)))
    return frame, judged_at


def _of_the_period(frame: Frame, question: Question, calendar: Frame) -> Frame:
    def between(rows: Frame, day: str) -> Frame:
        if question.since:
            rows = rows.filter(nw.col(day) >= nw.lit(question.since))
        return rows.filter(nw.col(day) <= nw.lit(question.until)) if question.until else rows

    if not question.is_last_year:
        return between(frame, question.metric.dated_by)
    days = between(calendar, "calendar_date").select(_day="same_day_last_year_date")
    return frame.join(days, left_on=question.metric.dated_by, right_on="_day", how="semi")
