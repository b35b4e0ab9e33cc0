"""From a configured channel to an open session: settings and secrets put together. Not here: asking anything."""

import os
from collections.abc import Mapping

from pipelines.channels.base import ChannelError, Context, Kind, RecordStream, ReportStream, Session, kind_of
from pipelines.channels.documents import pseudonyms
from pipelines.channels.merchant import Channel
from pipelines.channels.patience import Patience


def secret_variable(channel: str, setting: str) -> str:
    """The environment variable that holds a channel's setting: FULCAST_SHOP_EU_ACCESS_TOKEN."""
    name = "".join(c if c.isalnum() else "_" for c in f"{channel}_{setting}")
    return f"FULCAST_{name.upper()}"


def settings_of(channel: Channel, kind: Kind, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Everything the kind asks for: what was just given, else the environment, else the configuration.

    Raises ChannelError naming what is missing, a secret that stands in the configuration, or a setting that the kind lacks.
    """
    known = {setting.name: setting for setting in kind.settings}
    for name in channel.connection:
        if name not in known:
            raise ChannelError(f"{channel.name}: '{name}' is not a setting of {kind.title}; there are {', '.join(known)}.")
        if known[name].is_secret:
            raise ChannelError(
                f"{channel.name}: {name} is a secret and must not stand in the configuration; "
                f"remove it and set {secret_variable(channel.name, name)}."
            )
    found = {}
    for name, setting in known.items():
        value = (given or {}).get(name) or os.environ.get(secret_variable(channel.name, name)) or channel.connection.get(name)
        if value:
            found[name] = value
        elif setting.is_required:
            raise ChannelError(
                f"{channel.name} has no {name}; set {secret_variable(channel.name, name)} or run `fulcast connect {channel.name}`."
            )
    return found


def open_channel(channel: Channel, patience: Patience | None = None, given: Mapping[str, str] | None = None) -> Session:
    """A session with the channel's platform. Nothing is asked yet."""
    kind = kind_of(channel.kind or "")
    return kind.open(channel.name, settings_of(channel, kind, given), channel.time_zone, patience or Patience())


def context_of(channel: Channel, key: bytes) -> Context:
    """What the channel's parsers may know."""
    return Context(
        channel=channel.name,
        time_zone=channel.time_zone,
        pseudonym=pseudonyms(key),
        currency=channel.currency,
        location=channel.location,
        locations=channel.locations,
        ship_within_hours=channel.ship_within_hours,
        deliver_within_days=channel.deliver_within_days,
        expedited=channel.expedited,
        orders_of=channel.orders_of,
    )


def streams_of(channel: Channel) -> tuple[RecordStream | ReportStream, ...]:
    """What its platform tells, without the streams whose own table another feed tells better."""
    told = kind_of(channel.kind or "").streams
    return tuple(s for s in told if not (isinstance(s, RecordStream) and s.table in channel.leave_out))


def feed_name(channel: str, stream: str) -> str:
    """Name under which a stream's payloads land and are accounted for."""
    return f"{channel}.{stream}"
