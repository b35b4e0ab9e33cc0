"""What a person narrows a page to: period, channel, category, warehouse, country; kept in the link. Not here: any figure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from dashboards import frame

PERIODS = {"Last 7 days": 7, "Last 28 days": 28, "Last 91 days": 91, "Last 364 days": 364}
OWN = "Choose days"
COMPARED = ("period before", "last year")
CHOICES = {
    "channel": ("Channel", "SELECT channel AS value FROM channel_summary"),
    "category": ("Category", "SELECT DISTINCT category AS value FROM sku_attributes"),
    "location_id": ("Warehouse", "SELECT DISTINCT location_id AS value FROM order_lives"),
    "ship_to_country_code": ("Country", "SELECT DISTINCT ship_to_country_code AS value FROM order_lives"),
}


@dataclass(frozen=True)
class Chosen:
    """A period whose first and last day count, and the values that each filtered column may have."""

    since: date
    until: date
    where: tuple[tuple[str, tuple[str, ...]], ...]
    compared: str

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    def before(self) -> "Chosen":
        """The period of the same length just before."""
        return Chosen(self.since - timedelta(days=self.days), self.since - timedelta(days=1), self.where, self.compared)

    def condition(self, columns: dict[str, str]) -> tuple[str, list[Any]]:
        """SQL over `columns` (filter → expression) with its parameters; filters without a column there don't narrow."""
        parts: list[str] = ["true"]
        values: list[Any] = []
        for name, chosen in self.where:
            if name in columns:
                parts.append(f"{columns[name]}::VARCHAR IN ({', '.join('?' * len(chosen))})")
                values += chosen
        return " AND ".join(parts), values


def show(*names: str, default: str = "Last 28 days", is_state: bool = False) -> Chosen:
    """The filters of a page in one row; their values stand in the link. A page of states (`is_state`) has no period."""
    widths = [*([] if is_state else [1.3, 1.2]), *([1.0] * len(names))]
    places = iter(st.columns(widths, vertical_alignment="bottom"))
    since, until = frame.today() - timedelta(days=PERIODS[default]), frame.today() - timedelta(days=1)
    compared = COMPARED[0]
    if not is_state:
        since, until = _period(next(places), default)
        compared = next(places).selectbox("Against", COMPARED, key="against", bind="query-params") or compared
    where = []
    for name in names:
        label, _ = CHOICES[name]
        found = next(places).multiselect(label, _options(name), key=name, bind="query-params", placeholder="all")
        if found:
            where.append((name, tuple(found)))
    return Chosen(since, until, tuple(where), compared)


def _period(place: Any, default: str) -> tuple[date, date]:
    today = frame.today()
    options = [*PERIODS, OWN]
    chosen = place.selectbox("Period", options, index=options.index(default), key="period", bind="query-params") or default
    if chosen != OWN:
        return today - timedelta(days=PERIODS[chosen]), today - timedelta(days=1)
    days = place.date_input("Days", (today - timedelta(days=28), today - timedelta(days=1)), key="days", bind="query-params")
    if not isinstance(days, tuple) or len(days) < 2:
        place.caption("Choose a last day too.")
        st.stop()
    return days[0], days[1]


def _options(name: str) -> list[str]:
    return frame.ask(_values, CHOICES[name][1])["value"].to_list()


def _values(connection: duckdb.DuckDBPyConnection, sql: str) -> pl.DataFrame:
    return connection.sql(f"SELECT value FROM ({sql}) WHERE value IS NOT NULL ORDER BY value").pl()
