"""Key figures of the registry on a page: the number, its change, its definition, the orders behind it. Not here: arithmetic (pipelines.metrics)."""

import time
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from dashboards import frame
from dashboards.filters import Chosen
from pipelines.metrics import Metric, metric
from pipelines.metrics.ask import Question, answer, groups_of, orders_behind

DIGITS = {"rate": "{:.1%}", "money": "{:,.0f}", "units": "{:,.0f}", "hours": "{:,.1f} h", "rows": "{:,.0f}", "days": "{:,.1f} d"}
PAINT_SECONDS = 0.3  # that a browser which opens the app needs for them
Where = tuple[tuple[str, tuple[str, ...]], ...]


def row(names: list[str], chosen: Chosen, *, is_state: bool = False) -> None:
    """A row of figures for the period, each with its change; `is_state` figures have no period and no change."""
    for place, name in zip(st.columns(len(names)), names, strict=True):
        one = metric(name)
        now = value_of(one, chosen, is_state=is_state)
        delta = None if is_state else _change(one, now, value_of(one, chosen, is_before=True))
        unit = f" ({frame.currency()})" if one.unit == "money" else ""
        place.metric(
            f"{one.title}{unit}", "–" if now is None else DIGITS[one.unit].format(now), delta, help=_help(one, chosen, is_state),
            delta_color="inverse" if one.better == "lower" else "normal" if one.better else "off",
        )  # fmt: skip
    _let_them_be_painted()


def _let_them_be_painted() -> None:
    """Once per visit: holds back tables and charts, whose code keeps the browser busy, until the figures can be read."""
    if "painted" not in st.session_state:
        st.session_state["painted"] = True
        time.sleep(PAINT_SECONDS)


def value_of(one: Metric, chosen: Chosen, *, is_before: bool = False, is_state: bool = False) -> Any:
    """The registry's answer: one value, the median of a distribution, or None."""
    is_last_year = is_before and chosen.compared == "last year"
    period = chosen.before() if is_before and not is_last_year else chosen
    days = (None, None) if is_state else (period.since, period.until)
    found = frame.ask(_answer, one.name, (), *days, _applicable(one, chosen), is_last_year)
    return found.row(0, named=True).get("value", found.row(0, named=True).get("p50"))


def by(name: str, groups: tuple[str, ...], chosen: Chosen) -> pl.DataFrame:
    """The registry's answer by groups, over the page's period and filters."""
    return frame.ask(_answer, name, groups, chosen.since, chosen.until, _applicable(metric(name), chosen), False)


def of_state(name: str, groups: tuple[str, ...]) -> pl.DataFrame:
    """The registry's answer by groups, whatever the page's period and filters."""
    return frame.ask(_answer, name, groups, None, None, (), False)


def behind(names: list[str], chosen: Chosen, *, is_state: bool = False) -> None:
    """The orders behind any of a page's figures, those that hurt it first."""
    place = st.expander("Orders behind a figure", icon=":material/search:", key="behind-a-figure", on_change="rerun")
    if not place.open:
        return
    with place:
        titles = {metric(name).title: name for name in names}
        title = st.selectbox("Figure", list(titles), key="behind")
        one = metric(titles[title])
        days = (None, None) if is_state else (chosen.since, chosen.until)
        rows = frame.ask(_behind, one.name, *days, _applicable(one, chosen))
        st.caption(f"{one.meaning} {one.formula[:1].upper()}{one.formula[1:]}.")
        frame.table(rows, f"behind-{one.name}")


def _answer(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    groups: tuple[str, ...],
    since: Any,
    until: Any,
    where: Where,
    is_last_year: bool,
) -> pl.DataFrame:
    return answer(connection, Question(metric(name), groups, since, until, dict(where), is_last_year))


def _behind(connection: duckdb.DuckDBPyConnection, name: str, since: Any, until: Any, where: Where) -> pl.DataFrame:
    return orders_behind(connection, Question(metric(name), (), since, until, dict(where)))


def _applicable(one: Metric, chosen: Chosen) -> Where:
    known = groups_of(one)
    return tuple((name, values) for name, values in chosen.where if name in known)


def _help(one: Metric, chosen: Chosen, is_state: bool) -> str:
    ignored = [name for name, _ in chosen.where if name not in groups_of(one)]
    notes = [one.tooltip, "As of the last refresh." if is_state else f"Against the {chosen.compared}."]
    if ignored:
        notes.append(f"Not narrowed by {', '.join(frame.heading(name).lower() for name in ignored)}.")
    return " ".join(notes)


def _change(one: Metric, now: Any, before: Any) -> str | None:
    if now is None or before is None:
        return None
    if one.unit == "rate":
        return f"{(float(now) - float(before)) * 100:+.1f} points"
    return f"{(float(now) / float(before) - 1) * 100:+.1f} %" if before else None
