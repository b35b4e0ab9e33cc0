"""Asking every channel what changed. Here: windows, cursors, what lands. Not here: how a platform is asked (channels/)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from requests import RequestException

from pipelines.channels.base import CURSOR_AT_MOST, ChannelError, RecordStream, ReportStream, Session, kind_of
from pipelines.channels.mapping import Config
from pipelines.channels.merchant import Channel
from pipelines.channels.patience import Patience, in_words
from pipelines.intake.connection import feed_name, open_channel, streams_of
from pipelines.intake.index import Index, batches
from pipelines.intake.notices import WEBHOOKS, fetch_named
from pipelines.intake.state import States
from pipelines.warehouse.landing import Landing, Shelf

Progress = Callable[[int, int], None]


@dataclass
class Polled:
    """What a poll of all channels brought: new records per stream, sentences on what couldn't be asked."""

    landed: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def poll(
    config: Config,
    landing: Landing,
    at: datetime,
    patience: Patience | None = None,
    progress: Progress = lambda done, total: None,
) -> Polled:
    """Lands what changed on every fetched channel; one that doesn't answer is named and the others go on."""
    polled, states = Polled(), States(landing.folder)
    for number, channel in enumerate(config.fetched, 1):
        try:
            session = open_channel(channel, patience)
            kind = kind_of(channel.kind or "")
        except ChannelError as problem:
            polled.failures.append(str(problem))
            continue
        with _named(polled, states, channel.name, WEBHOOKS):
            polled.landed |= fetch_named(channel, kind, session, landing, states, at)
        for stream in streams_of(channel):
            feed = feed_name(channel.name, stream.name)
            with _named(polled, states, channel.name, stream.name):
                new = poll_stream(channel, session, stream, landing, states, at)
                polled.landed[feed] = polled.landed.get(feed, 0) + new
        progress(number, len(config.fetched))
    return polled


@contextmanager
def _named(polled: Polled, states: States, channel: str, stream: str) -> Iterator[None]:
    """What goes wrong with one stream is noted in words, and the others go on."""
    feed = feed_name(channel, stream)
    try:
        yield
    except (ChannelError, RequestException) as problem:
        sentence = str(in_words(channel, problem) if isinstance(problem, RequestException) else problem)
        states.change(feed, last_error=sentence)
        polled.failures.append(f"{feed}: {sentence}")


def poll_stream(
    channel: Channel, session: Session, stream: RecordStream | ReportStream, landing: Landing, states: States, at: datetime
) -> int:
    """Lands what changed in one stream since its last poll that ended well; returns how many payloads or records are new.

    The cursor moves only at the end, to the newest change that the channel itself dated: a poll that dies is repeated, and
    what it had landed by then is known.
    """
    feed = feed_name(channel.name, stream.name)
    if isinstance(stream, ReportStream):
        landed, cursor = _land_reports(channel, session, stream, landing, states.read(feed).cursor, at)
    else:
        landed, cursor = _land_records(channel, session, stream, landing, states.read(feed).cursor, at)
    before = states.read(feed)
    states.change(
        feed, cursor=cursor, last_success_at=at.isoformat(), last_error="", landed_records=before.landed_records + landed
    )
    return landed


def _land_records(
    channel: Channel, session: Session, stream: RecordStream, landing: Landing, cursor: str, at: datetime
) -> tuple[int, str]:
    index = Index(landing, Shelf(feed_name(channel.name, stream.name), channel.name, stream.name))
    newest, landed = cursor, 0
    for batch in batches(stream.changed(session, since(channel, stream, cursor))):
        landed += index.land(batch, at)
        newest = max([newest, *(record.version for record in batch if _is_possible(record.version, at))])
    limit = session.note.pop(CURSOR_AT_MOST, "")
    return landed, min(newest, limit) if limit else newest


def _is_possible(version: str, at: datetime) -> bool:
    """True for a time that a channel can mean: one damaged record must not move the cursor past everything to come."""
    try:
        seen = datetime.fromisoformat(version)
    except ValueError:
        return False
    return (seen if seen.tzinfo else seen.replace(tzinfo=UTC)) <= at + timedelta(days=1)


def since(channel: Channel, stream: RecordStream, cursor: str) -> datetime | None:
    """From when on a stream is asked: its cursor less its overlap, else the channel's first day; None for everything."""
    if cursor:
        try:
            seen = datetime.fromisoformat(cursor)
        except ValueError as problem:
            raise ChannelError(
                f"{channel.name} dated a change '{cursor}', which is no time; it is asked anew next time."
            ) from problem
        return (seen if seen.tzinfo else seen.replace(tzinfo=UTC)) - stream.overlap
    return datetime.combine(channel.since, time(), UTC) if channel.since else None


def _land_reports(
    channel: Channel, session: Session, stream: ReportStream, landing: Landing, cursor: str, at: datetime
) -> tuple[int, str]:
    start = datetime.fromisoformat(cursor) - stream.restatement if cursor else _first_instant(channel, at)
    shelf = Shelf(feed_name(channel.name, stream.name), channel.name, stream.name)
    new = [landing.add(shelf, report.content, report.name, at) for report in stream.reports(session, start, at)]
    return sum(payload is not None for payload in new), at.isoformat()


def _first_instant(channel: Channel, at: datetime) -> datetime:
    return datetime.combine(channel.since, time(), UTC) if channel.since else at - timedelta(days=730)
