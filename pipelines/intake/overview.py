"""How every channel stands: last success, lag, counts, quarantined, missed. Here: putting it together. Not here: showing it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import polars as pl

from pipelines.channels.base import Kind, kind_of
from pipelines.channels.mapping import Config
from pipelines.intake.connection import feed_name
from pipelines.intake.notices import WEBHOOKS
from pipelines.intake.state import States
from pipelines.intake.tally import Tallies
from pipelines.intake.watch import SHOP
from pipelines.ledger.flags import flags
from pipelines.ledger.tracking import waiting
from pipelines.warehouse.landing import Landing

COUNTS = """
SELECT CASE WHEN len(string_split(feed, '.')) = 3 THEN array_to_string(string_split(feed, '.')[:2], '.') ELSE feed END AS feed,
       sum(rows_in)::BIGINT AS records, sum(quarantined_rows)::BIGINT AS quarantined, max(loaded_at) AS loaded_at FROM loads GROUP BY 1
"""
MISSED = """
SELECT channel || '.' || stream AS feed, sum(missed_records)::BIGINT AS caught, sum(stale_records)::BIGINT AS stale, sum(missing_records)::BIGINT AS missing
FROM missed_records GROUP BY ALL
"""


SCHEMA = {"feed": pl.String(), "kind": pl.String(), "last_success": pl.String(), "lag": pl.String(), "problem": pl.String(),
          "taken": pl.Int64(), "refused": pl.Int64()}  # fmt: skip


def overview(
    config: Config, landing: Landing, connection: duckdb.DuckDBPyConnection | None, now: datetime | None = None
) -> pl.DataFrame:
    """A row per stream of every fetched channel, one for its deliveries, and one per feed of files; figures of the ledger are blank
    before the first run.

    `lag` is the time since the channel last answered whole, or delivered; `caught` are records that only the reconciliation
    brought, `refused` deliveries that were not taken. `problem` says what a person must look at.
    """
    now = now or datetime.now(UTC)
    rows = [row for channel in config.fetched for row in _of_channel(channel.name, kind_of(channel.kind or ""), landing, now)]
    rows += [{"feed": feed.name, "kind": "files", "last_success": None, "lag": None, "problem": None} for feed in config.feeds]
    rows = _with_problems(rows, config, connection)
    frame = pl.DataFrame(rows, schema=SCHEMA)
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
    return told.with_columns(last_success=loaded, records=pl.coalesce("records", "taken")).select(
        "feed", "kind", "last_success", "lag", "records", "quarantined", "refused", "caught", "stale", "missing", "problem"
    )


def _of_channel(channel: str, kind: Kind, landing: Landing, now: datetime) -> Iterator[dict[str, Any]]:
    states = States(landing.folder)
    for number, stream in enumerate(kind.streams):
        state = states.read(feed_name(channel, stream.name))
        shop = states.read(feed_name(channel, SHOP)).last_error if number == 0 else ""
        yield _row(
            feed_name(channel, stream.name),
            kind.name,
            state.last_success_at,
            now,
            " ".join(filter(None, (state.last_error, shop))),
        )
    if kind.hook:
        feed, tally = feed_name(channel, WEBHOOKS), Tallies(landing.folder).read(channel)
        refusal = f"the last one refused, at {tally.last_refused_at}: {tally.last_refusal}" if tally.refused else ""
        told = "; ".join(filter(None, (states.read(feed).last_error, refusal)))
        yield _row(feed, kind.name, tally.last_taken_at, now, told) | {"taken": tally.taken, "refused": tally.refused}


def _row(feed: str, kind: str, at: str, now: datetime, problem: str) -> dict[str, Any]:
    last = datetime.fromisoformat(at) if at else None
    return {
        "feed": feed,
        "kind": kind,
        "last_success": f"{last:%Y-%m-%d %H:%M}" if last else "never",
        "lag": _span(now, last),
        "problem": problem or None,
    }


def _with_problems(
    rows: list[dict[str, Any]], config: Config, connection: duckdb.DuckDBPyConnection | None
) -> list[dict[str, Any]]:
    """Rows with what the ledger makes one ask: parcels that wait by their feed, what a channel does by the first of its feeds."""
    if connection is None:
        return rows
    told = {feed: [sentence] for feed, sentence in waiting(connection).items()}
    first = {feed.channel: feed.name for feed in reversed(config.feeds)}
    first |= {channel.name: feed_name(channel.name, kind_of(channel.kind or "").streams[0].name) for channel in config.fetched}
    for channel, sentences in flags(connection, config).items():
        told.setdefault(first.get(channel, channel), []).extend(sentences)
    return [row | {"problem": " ".join(filter(None, (row["problem"], *told.get(row["feed"], ())))) or None} for row in rows]


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
