"""Everything that fills the ledger: mappings' feeds and channels' streams, each with how its payloads are read. Not here: merging."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from pipelines.channels import files
from pipelines.channels.base import RecordStream, ReportStream, kind_of
from pipelines.channels.documents import parse_records
from pipelines.channels.mapping import Config, Feed
from pipelines.channels.merchant import Channel
from pipelines.channels.payloads import Parsed, Payload
from pipelines.errors import InputError
from pipelines.intake.connection import context_of, feed_name, streams_of
from pipelines.intake.reconcile import ACCOUNT
from pipelines.ledger.merge import Origin

SENSELESS_FROM_ROWS = 20


@dataclass(frozen=True)
class Source:
    """`shelf`: where its payloads stand in landing; several sources may read the same ones. `is_packed`: they are compressed."""

    origin: Origin
    shelf: str
    parse: Callable[[Payload], Parsed]
    is_packed: bool = False


def sources(config: Config, key: bytes) -> Iterator[Source]:
    """Feeds and streams of the configuration; `key` makes customers' pseudonyms."""
    for feed in config.feeds:
        yield _of_feed(feed, feed.name, config, key)
    for channel in config.fetched:
        for stream in (*streams_of(channel), ACCOUNT):
            if isinstance(stream, ReportStream):
                yield from _of_reports(stream, channel, config, key)
            else:
                yield _of_records(stream, channel, key)


def _of_feed(feed: Feed, shelf: str, config: Config, key: bytes) -> Source:
    def parse(payload: Payload) -> Parsed:
        parsed = files.parse(feed, config, payload, key)
        if parsed.rows_in >= SENSELESS_FROM_ROWS and parsed.quarantine.height == parsed.rows_in:
            reason = parsed.quarantine["reason"][0]
            raise InputError(
                f"{payload.name}: none of its {parsed.rows_in:,} rows can be read ({reason}); mend feed '{feed.name}'."
            )
        return parsed

    return Source(Origin(feed.name, feed.channel, feed.table, mapping_hash(config, feed), feed.whole), shelf, parse)


def _of_reports(stream: ReportStream, channel: Channel, config: Config, key: bytes) -> Iterator[Source]:
    shelf = feed_name(channel.name, stream.name)
    for mapping in (told for told in stream.mappings if told["table"] not in channel.leave_out):
        named = {**mapping, "name": f"{shelf}.{mapping['table']}", "channel": channel.name, "files": stream.name}
        yield _of_feed(Feed.model_validate(named), shelf, config, key)


def _of_records(stream: RecordStream, channel: Channel, key: bytes) -> Source:
    feed, context = feed_name(channel.name, stream.name), context_of(channel, key)
    edition = kind_of(channel.kind or "").edition
    described = json.dumps([edition, channel.model_dump(mode="json", exclude={"connection", "since"})])
    origin = Origin(feed, channel.name, stream.table, hashlib.sha256(described.encode()).hexdigest()[:16])

    def parse(payload: Payload) -> Parsed:
        parsed = parse_records(stream, feed, payload, pl.read_parquet(io.BytesIO(payload.content())), context)
        kept = {name: frame for name, frame in parsed.frames.items() if name not in channel.leave_out}
        return replace(parsed, frames=kept)

    return Source(origin, feed, parse, is_packed=True)


def mapping_hash(config: Config, feed: Feed) -> str:
    """Hash of everything that decides how the feed's files are read."""
    described = "".join(channel.model_dump_json(include=READ_BY_FILES) for channel in config.channels)
    return hashlib.sha256((feed.model_dump_json() + described).encode()).hexdigest()[:16]


READ_BY_FILES = {"name", "time_zone", "currency", "location", "backorders"}
