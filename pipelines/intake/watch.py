"""Holding what a shop says of itself against the configuration. Here: its clock and its currency. Not here: its records."""

from pipelines.channels.base import Session, kind_of
from pipelines.channels.mapping import Config
from pipelines.channels.merchant import Channel
from pipelines.intake.connection import feed_name
from pipelines.intake.state import States

SHOP = "shop"
NAMES = {"time_zone": "time zone", "currency": "currency"}


def changed_shops(config: Config, states: States) -> dict[str, str]:
    """What was found the last time, per channel."""
    told = {channel.name: states.read(feed_name(channel.name, SHOP)).last_error for channel in config.fetched}
    return {name: sentence for name, sentence in told.items() if sentence}


def look(channel: Channel, session: Session, states: States) -> list[str]:
    """Sentences on what a shop has changed of itself, which stand in its state until they agree again; records are read all the same."""
    kind = kind_of(channel.kind or "")
    if kind.about is None:
        return []
    stated, configured = kind.about(session), {"time_zone": channel.time_zone, "currency": channel.currency}
    found = [
        f"{channel.name}: the shop's {NAMES[name]} is {value}, the configuration says {configured[name]}; its days and amounts are read by "
        f"the configuration. Mend `{name}` of the channel, or the shop."
        for name, value in stated.items() if configured[name] not in (None, value)
    ]  # fmt: skip
    states.change(feed_name(channel.name, SHOP), last_error=" ".join(found))
    return found
