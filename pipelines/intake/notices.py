"""Deliveries that landed → the records that they tell of, asked for by their ids. Not here: taking deliveries (webhooks.py)."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl

from pipelines.channels.base import Kind, RecordStream, Session
from pipelines.channels.merchant import Channel
from pipelines.channels.payloads import Payload
from pipelines.intake.connection import feed_name
from pipelines.intake.index import Index, batches
from pipelines.intake.state import States
from pipelines.warehouse.landing import Landing, Shelf

WEBHOOKS = "webhooks"
STAMP = "%Y%m%dT%H%M%S.%fZ"  # how the name of a file of deliveries begins
SETTLED = timedelta(minutes=5)  # files on the disk for longer than this before the newest that was read need no look


def fetch_named(channel: Channel, kind: Kind, session: Session, landing: Landing, states: States, at: datetime) -> dict[str, int]:
    """Lands the records that deliveries since the last time tell of; returns how many were new, per feed.

    A body that names nothing is in landing all the same; what it is about comes with the poll.
    """
    feed = feed_name(channel.name, WEBHOOKS)
    wanted: dict[str, dict[str, None]] = {}
    newest = cursor = states.read(feed).cursor
    for payload in _since(landing, feed, cursor):
        newest = max(newest, payload.name)
        for body in pl.read_parquet(io.BytesIO(payload.content()))["payload"]:
            for name, source_id in kind.hook.named(body) if kind.hook else ():
                wanted.setdefault(name, {})[source_id] = None
    landed = {}
    for stream in kind.streams:
        if isinstance(stream, RecordStream) and stream.by_id and stream.name in wanted:
            index = Index(landing, Shelf(feed_name(channel.name, stream.name), channel.name, stream.name))
            found = batches(stream.by_id(session, list(wanted[stream.name])))
            landed[feed_name(channel.name, stream.name)] = sum(index.land(batch, at) for batch in found)
    if newest != cursor:
        states.change(feed, cursor=newest, last_success_at=at.isoformat(), last_error="")
    return landed


def _since(landing: Landing, feed: str, cursor: str) -> Iterator[Payload]:
    """Files of deliveries that are newer than the last one read."""
    settled = 0.0
    if cursor:
        settled = (datetime.strptime(cursor.rpartition("-")[0], STAMP).replace(tzinfo=UTC) - SETTLED).timestamp()
    old = {folder.name for folder in (landing.folder / feed).glob("*") if folder.stat().st_mtime < settled}
    return (payload for payload in landing.payloads(feed, old) if payload.name > cursor)
