"""How every channel stands: last success, lag, counts, quarantined, missed. Here: putting it together. Not here: showing it."""

from datetime import UTC, datetime

import duckdb
import polars as pl

from pipelines.channels.base import kind_of
from pipelines.channels.mapping import Config
from pipelines.intake.connection import feed_name
from pipelines.intake.state import States
from pipelines.warehouse.landing import Landing

COUNTS = """
SELECT CASE WHEN len(string_split(feed, '.')) = 3 THEN array_to_string(string_split(feed, '.')[:2], '.') ELSE feed END AS feed,
       sum(rows_in)::BIGINT AS records, sum(quarantined_rows)::BIGINT AS quarantined, max(loaded_at) AS loaded_at FROM loads GROUP BY 1
"""
MISSED = """
SELECT channel || '.' || stream AS feed, sum(missed_records)::BIGINT AS caught, sum(stale_records)::BIGINT AS stale, sum(missing_records)::BIGINT AS missing
FROM missed_records GROUP BY ALL
"""


def overview(
    config: Config, landing: Landing, connection: duckdb.DuckDBPyConnection | None, now: datetime | None = None
) -> pl.DataFrame:
    """A row per stream of every fetched channel, and one per feed of files; figures of the ledger are blank before the first run.

    `lag` is the time since the channel last answered whole; `caught` are records that only the reconciliation brought.
    """
    now, states = now or datetime.now(UTC), States(landing.folder)
    rows = []
    for channel in config.fetched:
        for stream in kind_of(channel.kind or "").streams:
            state = states.read(feed_name(channel.name, stream.name))
            asked = datetime.fromisoformat(state.last_success_at) if state.last_success_at else None
            rows.append({"feed": feed_name(channel.name, stream.name), "kind": channel.kind, "last_success": f"{asked:%Y-%m-%d %H:%M}" if asked else "never",
                         "lag": _span(now, asked), "problem": state.last_error or None})  # fmt: skip
    rows += [{"feed": feed.name, "kind": "files", "last_success": None, "lag": None, "problem": None} for feed in config.feeds]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("feed", "kind", "last_success", "lag", "problem"), pl.String))
    counts = _asked(
        connection,
        COUNTS,
        {"feed": pl.String, "records": pl.Int64, "quarantined": pl.Int64, "loaded_at": pl.Datetime("us", "UTC")},
    )
    missed = _asked(connection, MISSED, {"feed": pl.String, "caught": pl.Int64, "stale": pl.Int64, "missing": pl.Int64})
    told = frame.join(counts, on="feed", how="left", maintain_order="left").join(
        missed, on="feed", how="left", maintain_order="left"
    )
    loaded = pl.coalesce("last_success", pl.col("loaded_at").dt.strftime("%Y-%m-%d %H:%M"))
    return told.with_columns(last_success=loaded).select(
        "feed", "kind", "last_success", "lag", "records", "quarantined", "caught", "stale", "missing", "problem"
    )


def _asked(
    connection: duckdb.DuckDBPyConnection | None, sql: str, schema: dict[str, pl.DataType | type[pl.DataType]]
) -> pl.DataFrame:
    return pl.DataFrame(schema=schema) if connection is None else connection.sql(sql).pl().cast(schema)  # type: ignore[arg-type]


def _span(now: datetime, then: datetime | None) -> str | None:
    """1 day 4 h, 3 h 20 min, 5 min."""
    if then is None:
        return None
    minutes = max(int((now - then).total_seconds() // 60), 0)
    if minutes >= 1440:
        return f"{minutes // 1440} d {minutes % 1440 // 60} h"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
