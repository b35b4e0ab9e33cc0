"""What every page shares: the snapshot it reads, the banner with its age, downloads. Here: page furniture. Not here: any page's content."""

import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from pipelines.contracts.base import all_tables
from pipelines.errors import InputError
from pipelines.operations import write_csv, write_xlsx
from pipelines.planning import MEANINGS
from pipelines.settings import Settings
from pipelines.warehouse.snapshots import Snapshot, current, open_snapshot

ROW_PIXELS = 35
OLD_AFTER_HOURS = 24.0
DRAWN = "snapshot that the page is drawn from"
AUTHOR = "name of the person"
HEADINGS = {  # by a column's name or the words in it
    "sku": "SKU", "abc xyz": "ABC-XYZ", "backtest wape": "Backtest WAPE", "wape": "WAPE", "rmsse": "RMSSE", "volume_m3": "Volume (m³)",
    "weight_kg": "Weight (kg)", "lacking_units": "Lacking units", "sku_quantity_units": "Quantity alone",
}  # fmt: skip
PAGES: dict[str, Any] = {}  # filled by the app: a page links to another by its name
SHARES = ("rate", "bias", "value_added", "value_added_to_naive", "coverage_50", "coverage_80", "coverage_90")  # shown as percent
WITHOUT_UNSAFE_DOWNLOAD = (  # a list's own toolbar writes text that a spreadsheet runs; `downloads` doesn't
    '[data-testid="stElementToolbarButton"]:has(button[aria-label="Download as CSV"]) { display: none; }'
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@st.cache_resource
def settings() -> Settings:
    """Settings of this machine."""
    return Settings()


def begin() -> None:
    """Begins a drawing of a page: all its figures come from the snapshot that is the newest now, whatever is published meanwhile."""
    st.session_state.pop(DRAWN, None)


def snapshot() -> Snapshot:
    """The snapshot that this page is drawn from: the newest when its drawing began; raises InputError when there is none."""
    if DRAWN not in st.session_state:
        st.session_state[DRAWN] = current(settings().home_folder / "snapshots")
    return st.session_state[DRAWN]  # type: ignore[no-any-return]


def ask(query: Callable[..., pl.DataFrame], *arguments: Any) -> pl.DataFrame:
    """The answer of a query of dashboards.queries to the snapshot that the page is drawn from, and to no other; kept while it is the newest."""
    newest = snapshot()
    return _ask(newest.version, str(newest.path), f"{query.__module__}.{query.__name__}", query, *arguments)


@st.cache_data(max_entries=200, show_spinner=False)
def _ask(version: str, path: str, name: str, _query: Callable[..., pl.DataFrame], *arguments: Any) -> pl.DataFrame:  # noqa: ARG001  (the key)
    with _connection(version, path).cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'").fetchall()
        return _query(cursor, *arguments)


@st.cache_resource(max_entries=3, show_spinner=False)
def _connection(version: str, path: str) -> duckdb.DuckDBPyConnection:
    """One connection per snapshot; each query has a cursor of its own."""
    return open_snapshot(Snapshot(version, Path(path)))


def banner() -> bool:
    """Says whose figures these are and how old; False, with what to do, when nothing is published yet."""
    try:
        info = ask(run_info).row(0, named=True)
    except InputError as problem:
        st.title("Nothing here yet")
        st.info(
            f"{problem} Connect a channel or drop a file below: nothing is kept until you say so. The demo merchant is one command away: `make run`.",
            icon=":material/rocket_launch:",
        )
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


def today() -> date:
    """The day on which the snapshot judges."""
    return ask(run_info)["as_of"][0].date()  # type: ignore[no-any-return]


def currency() -> str:
    """Reporting currency of the snapshot."""
    return str(ask(run_info)["reporting_currency"][0])


def table(frame: pl.DataFrame, name: str, whole: pl.DataFrame | None = None, **options: Any) -> Any:
    """A frame as a table with headings and tooltips from the contracts, and buttons that download it, or `whole` with all its columns."""
    columns = {c: column(c, d) for c, d in frame.schema.items()}
    if "height" in options:
        options["height"] = height_of(frame, options["height"])
    shown = st.dataframe(frame, hide_index=True, column_config=columns, key=name, placeholder="", **options)
    downloads(frame if whole is None else whole, name)
    return shown


def height_of(frame: pl.DataFrame, most: int) -> int:
    """Pixels of a table that shows its rows and no empty ones, `most` at the most."""
    return min(most, 2 + ROW_PIXELS * (frame.height + 1))


def author(key: str | None = None) -> str:
    """The name under which this person decides, asked for here and kept for the session."""
    name = st.text_input("Your name", known_author(), placeholder="stands beside what you decide", key=key)
    st.session_state[AUTHOR] = str(name).strip()
    return known_author()


def known_author() -> str:
    """The name that was given, or nothing."""
    return str(st.session_state.get(AUTHOR, ""))


def searched(rows: pl.DataFrame, words: str) -> pl.DataFrame:
    """Rows whose SKU or description holds `words`, in any case; all of them where none are asked for."""
    names = pl.concat_str("sku", pl.col("description").fill_null(""), separator=" ").str.to_lowercase()
    return rows.filter(names.str.contains(words.lower(), literal=True)) if words else rows


def tabs(drawn: Mapping[str, Callable[[], None]]) -> None:
    """Tabs of a page, of which only the open one is drawn; which one that is stands in the link."""
    for tab, draw in zip(st.tabs(list(drawn), key="tab", bind="query-params"), drawn.values(), strict=True):
        if tab.open:
            with tab:
                draw()


def column(name: str, dtype: pl.DataType) -> Any:
    """How a table shows a column: its heading, its meaning as a tooltip, its format."""
    label, meaning = heading(name), meanings().get(name)
    if name.endswith("_amount") or name == "amount":
        return st.column_config.NumberColumn(f"{label} ({currency()})", help=meaning, format="accounting")
    if name.endswith(("_rate", "_probability", "wape", "_share")) or "_rate_" in name or name in SHARES:
        return st.column_config.NumberColumn(label, help=meaning, format="percent")
    if name == "p_value":
        return st.column_config.NumberColumn(label, help=meaning, format="%.4f")
    if dtype == pl.Date:
        return st.column_config.DateColumn(label, help=meaning)
    if isinstance(dtype, pl.Datetime):
        return st.column_config.DatetimeColumn(f"{label} (UTC)", help=meaning, format="YYYY-MM-DD HH:mm")
    if dtype.is_float():
        return st.column_config.NumberColumn(label, help=meaning, format="%.1f")
    return st.column_config.Column(label, help=meaning)


def heading(name: str) -> str:
    """A column's name as a person reads it: `order_quantity_units` is "Order quantity"."""
    words = name.removesuffix("_units").removesuffix("_amount").removesuffix("_id").removesuffix("_at").removeprefix("is_")
    words = words.replace("_", " ")
    return HEADINGS.get(name) or HEADINGS.get(words, words[:1].upper() + words[1:])


@st.cache_data
def meanings() -> dict[str, str]:
    """What each column of the decisions and marts means, from the contracts; and of a plan, which is no table."""
    described = [
        t.columns.items()
        for step in ("demand", "forecast", "accuracy", "alerts", "marts", "decisions", "insights")
        for t in all_tables(step)
    ]
    return MEANINGS | {name: column.description or "" for columns in described for name, column in columns}


def downloads(frame: pl.DataFrame, name: str) -> None:
    """Buttons that download `frame` as CSV and as XLSX; a file is made when it is asked for."""
    version = snapshot().version
    kinds = {
        "csv": ("text/csv", ":material/download:", lambda path: write_csv(frame, path)),
        "xlsx": (XLSX, ":material/table:", lambda path: write_xlsx({heading(name): frame}, path, version, meanings())),
    }
    with st.container(horizontal=True):
        for ending, (mime, icon, write) in kinds.items():
            file, key = f"{name}-{version}.{ending}", f"{name}-{ending}"
            st.download_button(ending.upper(), partial(written, write, file), file, mime, icon=icon, key=key, on_click="ignore")


def written(write: Callable[[Path], None], name: str) -> bytes:
    """What `write` puts into a file of that name."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name)
        return (Path(folder) / name).read_bytes()


def _ago(seconds: float) -> str:
    if seconds < 90:
        return "just now"
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
