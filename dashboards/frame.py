"""What every page shares: the snapshot it reads, the banner with its age, downloads. Here: page furniture. Not here: any page's content."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from pipelines.errors import InputError
from pipelines.operations import write_csv, write_reorder_xlsx
from pipelines.settings import Settings
from pipelines.warehouse.snapshots import Snapshot, current, open_snapshot

OLD_AFTER_HOURS = 24.0


@st.cache_resource
def _settings() -> Settings:
    return Settings()


def snapshot() -> Snapshot:
    """The newest published snapshot; raises InputError when there is none."""
    return current(_settings().home_folder / "snapshots")


def ask(query: Callable[..., pl.DataFrame], *arguments: Any) -> pl.DataFrame:
    """The answer of a query of dashboards.queries to the newest snapshot, kept for as long as that is the newest."""
    newest = snapshot()
    return _ask(newest.version, str(newest.path), f"{query.__module__}.{query.__name__}", query, *arguments)


@st.cache_data(max_entries=200, show_spinner=False)
def _ask(version: str, path: str, name: str, _query: Callable[..., pl.DataFrame], *arguments: Any) -> pl.DataFrame:  # noqa: ARG001  (the key)
    try:
        connection = open_snapshot(Snapshot(version, Path(path)))
    except duckdb.IOException:  # it went while the page was open: the newest takes its place
        connection = open_snapshot(snapshot())
    with connection:
        return _query(connection, *arguments)


def banner() -> bool:
    """Says whose figures these are and how old; False, with what to do, when nothing is published yet."""
    try:
        info = ask(run_info).row(0, named=True)
    except InputError as problem:
        st.title("Nothing here yet")
        st.info(f"{problem} The demo merchant is one command away: `make run`.", icon=":material/rocket_launch:")
        return False
    age = datetime.now(UTC) - info["made_at"]
    words = f"**{info['merchant']}** · as of {info['as_of']:%d %b %Y %H:%M} UTC, published {_ago(age.total_seconds())} · snapshot `{info['snapshot_version']}`"
    if age.total_seconds() > OLD_AFTER_HOURS * 3600:
        st.warning(
            f"{words}. They are old: run `fulcast run`, or see in Dagster why the schedule stands still.",
            icon=":material/schedule:",
        )
    else:
        st.caption(words)
    return True


def run_info(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The one row about the run that made the snapshot."""
    return connection.sql("SELECT * FROM run_info").pl()


def currency() -> str:
    """Reporting currency of the snapshot."""
    return str(ask(run_info)["reporting_currency"][0])


def downloads(frame: pl.DataFrame, name: str) -> None:
    """Buttons that download `frame` as CSV and as XLSX."""
    version = snapshot().version
    left, right, _ = st.columns([1, 1, 4])
    left.download_button(
        "CSV", _as_csv(frame), f"{name}-{version}.csv", "text/csv", icon=":material/download:", key=f"{name}-csv", width="stretch"
    )
    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    right.download_button(
        "XLSX",
        _as_xlsx(frame, version),
        f"{name}-{version}.xlsx",
        xlsx,
        icon=":material/table:",
        key=f"{name}-xlsx",
        width="stretch",
    )


def _as_csv(frame: pl.DataFrame) -> bytes:
    return _written(lambda path: write_csv(frame, path), "table.csv")


def _as_xlsx(frame: pl.DataFrame, version: str) -> bytes:
    return _written(lambda path: write_reorder_xlsx(frame, path, version), "table.xlsx")


def _written(write: Callable[[Path], None], name: str) -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name)
        return io.BytesIO((Path(folder) / name).read_bytes()).getvalue()


def _ago(seconds: float) -> str:
    if seconds < 90:
        return "just now"
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
