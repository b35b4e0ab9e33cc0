"""Holding landing against what a channel says of its own days, and fetching by id what was missed. Not here: polling."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl
from requests import RequestException

from pipelines.channels.base import ChannelError, Context, Listed, Record, RecordStream, Rows, Session, Tables
from pipelines.channels.days import local_day
from pipelines.channels.decode import TEXT, decode
from pipelines.channels.mapping import Config
from pipelines.channels.merchant import Channel
from pipelines.channels.patience import Patience, in_words
from pipelines.intake.connection import feed_name, open_channel, streams_of
from pipelines.intake.index import Index, batches
from pipelines.intake.state import States
from pipelines.intake.watch import look
from pipelines.warehouse.landing import Landing, Shelf

DAYS_STREAM = "channel_days"


@dataclass
class Day:
    """What a channel has of one of its days, and how much of it landing lacked or held in an older state."""

    records: int = 0
    total: Decimal | None = None
    missed: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


@dataclass
class Reconciled:
    """What a reconciliation of all channels found: records missed and stale per stream, sentences on what couldn't be asked."""

    missed: dict[str, int] = field(default_factory=dict)
    stale: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def reconcile(config: Config, landing: Landing, at: datetime, patience: Patience | None = None) -> Reconciled:
    """Compares the days that may still change with every channel and lands what was missed, with the account of each day."""
    found, states = Reconciled(), States(landing.folder)
    for channel in config.fetched:
        try:
            session = open_channel(channel, patience)
            for stream in streams_of(channel):
                if isinstance(stream, RecordStream) and stream.listing and stream.by_id:
                    feed = feed_name(channel.name, stream.name)
                    days = reconcile_stream(channel, session, stream, landing, at)
                    found.missed[feed] = sum(len(day.missed) for day in days.values())
                    found.stale[feed] = sum(len(day.stale) for day in days.values())
                    states.change(feed, reconciled_at=at.isoformat(), missed_records=found.missed[feed])
            found.failures += look(channel, session, states)
        except ChannelError as problem:
            found.failures.append(str(problem))
        except RequestException as problem:
            found.failures.append(str(in_words(channel.name, problem)))
    return found


def reconcile_stream(channel: Channel, session: Session, stream: RecordStream, landing: Landing, at: datetime) -> dict[date, Day]:
    """The stream's days in its restatement window, today's too: what of them wasn't in landing is fetched by id and landed."""
    today = local_day(at, channel.time_zone)
    first = max(filter(None, (channel.since, today - stream.restatement)))
    shelf = Shelf(feed_name(channel.name, stream.name), channel.name, stream.name)
    index = Index(landing, shelf)
    days = _compared(_listed(stream, session, first, today), index.newest, channel.time_zone)
    wanted = [source_id for day in days.values() for source_id in (*day.missed, *day.stale)]
    if wanted and stream.by_id:
        for batch in batches(stream.by_id(session, wanted)):
            index.land(batch, at)
    _land_account(channel, stream, landing, days, at)
    return days


def _listed(stream: RecordStream, session: Session, first: date, last: date) -> Iterator[Listed]:
    for page in stream.listing(session, first, last) if stream.listing else ():
        yield from page


def _compared(listed: Iterator[Listed], newest: pl.DataFrame, time_zone: str) -> dict[date, Day]:
    """Days of the channel: a record that landing doesn't know is missed, one whose fingerprint differs is stale."""
    unique = {record.source_id: record for record in listed}
    wanted = pl.Series("source_id", list(unique), dtype=pl.String).to_frame()
    known = dict(newest.join(wanted, on="source_id", how="semi").select("source_id", "fingerprint").iter_rows())
    days: dict[date, Day] = {}
    for record in unique.values():
        day = days.setdefault(local_day(record.created_at, time_zone), Day())
        day.records += 1
        if record.total is not None:
            day.total = (day.total or Decimal(0)) + record.total
        if record.source_id not in known:
            day.missed.append(record.source_id)
        elif known[record.source_id] != record.fingerprint:
            day.stale.append(record.source_id)
    return days


def _land_account(channel: Channel, stream: RecordStream, landing: Landing, days: dict[date, Day], at: datetime) -> None:
    """What the channel said of each day lands like anything else that it says."""
    records = [
        Record(
            f"{stream.name} {day} {at.isoformat()}", at.isoformat(), "",
            json.dumps({
                "stream": stream.name, "channel_date": f"{day}", "channel_records": f"{told.records}", "channel_total_amount": None if told.total is None else f"{told.total}",  # noqa: E501
                "missed_records": f"{len(told.missed)}", "stale_records": f"{len(told.stale)}", "reconciled_at": at.isoformat(),
            }).encode(),
        )
        for day, told in sorted(days.items())
    ]  # fmt: skip
    Index(landing, Shelf(feed_name(channel.name, DAYS_STREAM), channel.name, DAYS_STREAM)).land(records, at)


def parse_days(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:  # noqa: ARG001  (all parsers are called alike)
    """The account of days as ledger rows."""
    names = (
        "stream",
        "channel_date",
        "channel_records",
        "channel_total_amount",
        "missed_records",
        "stale_records",
        "reconciled_at",
    )
    decoded, broken = decode(payloads, dict.fromkeys(names, TEXT))
    frame = decoded.with_columns(channel=pl.lit(context.channel))
    required = tuple(name for name in names if name != "channel_total_amount")
    return Tables((Rows("channel_days", frame, required=required),), lambda frames: frames, broken)


ACCOUNT = RecordStream(
    name=DAYS_STREAM, table=DAYS_STREAM, lag=timedelta(0), overlap=timedelta(0), restatement=timedelta(0), uncovered="",
    changed=lambda session, since: iter(()), parse=parse_days,
)  # fmt: skip
