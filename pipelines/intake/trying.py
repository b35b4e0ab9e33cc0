"""Trying a channel or a file before anything is kept: what a first load would do, in words. Not here: keeping anything."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from pipelines.channels.base import Record, RecordStream, Session, kind_of
from pipelines.channels.documents import parse_records
from pipelines.channels.files import parse
from pipelines.channels.mapping import Config, Feed
from pipelines.channels.merchant import Channel
from pipelines.channels.payloads import Parsed, Payload
from pipelines.intake.connection import context_of

SAMPLE_DAYS, MOST_RECORDS = 7, 500
EXAMPLES = 5  # of what can't be read


@dataclass(frozen=True)
class Held(Payload):
    """A payload that stands nowhere."""

    received: bytes = b""

    def content(self) -> bytes:
        return self.received


@dataclass
class Tried:
    """What the records of the last days would become: rows per table, and what of them can't be read."""

    stream: str
    records: int = 0
    first: str = ""
    last: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    unbalanced: int = 0
    without_sku: int = 0


def try_streams(channel: Channel, session: Session, now: datetime | None = None) -> Iterator[Tried]:
    """Each stream of records over the last week, read in memory; nothing lands."""
    since = (now or datetime.now(UTC)) - timedelta(days=SAMPLE_DAYS)
    for stream in kind_of(channel.kind or "").streams:
        if not isinstance(stream, RecordStream):
            continue
        records: list[Record] = []
        for page in stream.changed(session, since):
            records += page
            if len(records) >= MOST_RECORDS:
                break
        yield _tried(channel, stream, list({record.source_id: record for record in records}.values()))


def try_file(feed: Feed, channel: Channel, content: bytes, name: str) -> Tried:
    """A file as its feed reads it, in memory; nothing lands.

    Raises InputError when the file as a whole can't be used.
    """
    config = Config.model_validate({"merchant": {"name": "dry run"}, "channel": [channel], "feed": [feed]})
    parsed = parse(feed, config, Held(Path(name), name, "", received=content), b"dry run")
    tried = Tried(name, parsed.rows_in)
    _told(tried, parsed, is_file=True)
    return tried


def in_words(tried: Tried) -> list[str]:
    """What would be loaded, and what of it can't be or needs a look; a sentence each."""
    rows = ", ".join(_counted(count, table.replace("_", " ")) for table, count in tried.rows.items() if count)
    said = [
        f"{tried.stream}: {tried.records:,} records"
        + (f" ({tried.first} to {tried.last})" if tried.first else "")
        + (f" → {rows}" if rows else "")
    ]
    if tried.without_sku:
        said.append(f"{tried.without_sku:,} lines have no SKU; map them in a `listings` feed.")
    if tried.unbalanced:
        said.append(f"{tried.unbalanced:,} orders do not sum to the total that the channel states; they are loaded and flagged.")
    said += [f"can't be read: {sentence}" for sentence in tried.unreadable[:EXAMPLES]]
    if len(tried.unreadable) > EXAMPLES:
        said.append(
            f"and {len(tried.unreadable) - EXAMPLES:,} more that can't be read; each waits in quarantine with its reason, the rest is kept."
        )
    return said


def _counted(count: int, things: str) -> str:
    return f"{count:,} {things.removesuffix('s') if count == 1 else things}"


def _tried(channel: Channel, stream: RecordStream, records: list[Record]) -> Tried:
    tried = Tried(stream.name, len(records))
    if not records:
        return tried
    versions = sorted(record.version for record in records)
    tried.first, tried.last = versions[0], versions[-1]
    _told(tried, _read(channel, stream, records), is_file=False)
    return tried


def _told(tried: Tried, parsed: Parsed, *, is_file: bool) -> None:
    tried.rows = {name: frame.height for name, frame in parsed.frames.items()}
    row = pl.when(is_file).then(pl.format("row {}", "row_number"))
    where = pl.concat_str(row, "document", separator=", ", ignore_nulls=True)
    written = pl.when(pl.col("value") != "").then(pl.format(": {}", "value")).otherwise(pl.lit(""))
    tried.unreadable = (
        parsed.quarantine.select(pl.concat_str(where, pl.lit(": "), "reason", written.fill_null(""))).to_series().to_list()
    )
    if "order_lines" in parsed.frames:
        tried.without_sku = parsed.frames["order_lines"].filter(pl.col("is_goods") & pl.col("sku").is_null()).height
        tried.unbalanced = parsed.frames["orders"].filter(~pl.col("is_balanced")).height


def _read(channel: Channel, stream: RecordStream, records: list[Record]) -> Parsed:
    frame = pl.DataFrame(
        {
            "source_id": [r.source_id for r in records], "source_version": [r.version for r in records],
            "fetched_at": ["2000-01-01T00:00:00+00:00"] * len(records), "payload": [r.payload for r in records],
        },
        schema={"source_id": pl.String, "source_version": pl.String, "fetched_at": pl.String, "payload": pl.Binary},
    )  # fmt: skip
    return parse_records(stream, "dry run", Payload(Path(), "dry run", ""), frame, context_of(channel, b"dry run"))
