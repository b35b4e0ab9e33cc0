"""Deliveries that are no longer needed leave landing. Here: which ones. Not here: taking deliveries (webhooks.py), erasing persons."""

from datetime import UTC, datetime, timedelta

from pipelines.channels.base import Kind, kind_of
from pipelines.channels.mapping import Config
from pipelines.intake.connection import feed_name
from pipelines.intake.index import Index
from pipelines.intake.notices import STAMP, WEBHOOKS
from pipelines.intake.state import States
from pipelines.warehouse.landing import Landing, Shelf


def drop_confirmed(config: Config, landing: Landing, at: datetime) -> int:
    """Removes deliveries older than the merchant keeps them, of which every stream of their channel was asked since; returns how
    many files went.

    What they told of is in landing by its own record. Their content stays known by its hash, so that one that somebody sends
    again still adds nothing.
    """
    days = config.merchant.keep_deliveries_days
    if days is None:
        return 0
    states, dropped = States(landing.folder), 0
    for channel in config.fetched:
        kind, feed = kind_of(channel.kind or ""), feed_name(channel.name, WEBHOOKS)
        until = min(at - timedelta(days=days), _confirmed(channel.name, kind, states))
        read = states.read(feed).cursor
        old = [payload for payload in landing.payloads(feed) if payload.name <= read and _landed_at(payload.name) < until]
        if old:
            Index(landing, Shelf(feed, channel.name, WEBHOOKS)).fold()
        for payload in old:
            landing.drop(payload)
        dropped += len(old)
    return dropped


def _confirmed(channel: str, kind: Kind, states: States) -> datetime:
    """Up to when every stream of a channel has answered; the beginning of time where one never did."""
    asked = [states.read(feed_name(channel, stream.name)).last_success_at for stream in kind.streams]
    return min(
        (datetime.fromisoformat(at) if at else datetime.min.replace(tzinfo=UTC) for at in asked),
        default=datetime.min.replace(tzinfo=UTC),
    )


def _landed_at(name: str) -> datetime:
    return datetime.strptime(name.rpartition("-")[0], STAMP).replace(tzinfo=UTC)
