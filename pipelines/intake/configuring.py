"""What a configuration says of a channel or a file, as TOML to keep. Here: text. Not here: where it is kept, any secret."""

import json
from collections.abc import Mapping
from typing import Any

from pipelines.channels.mapping import Feed
from pipelines.channels.merchant import Channel

MERCHANT = ["[merchant]", 'name = "My shop"', 'reporting_currency = "EUR"', ""]


def channel_toml(channel: Channel, connection: Mapping[str, str] | None = None) -> list[str]:
    """The section of a channel, with how it is connected where it is fetched; lines."""
    told = {"name": channel.name, "time_zone": channel.time_zone, "currency": channel.currency}
    lines = ["[[channel]]", *(f"{name} = {_value(value)}" for name, value in told.items() if value)]
    return [*lines, *connection_toml(channel, connection)] if connection is not None else lines


def connection_toml(channel: Channel, connection: Mapping[str, str]) -> list[str]:
    """The lines that connect a channel to its platform."""
    return [f"kind = {_value(channel.kind)}", f"connection = {_value(dict(connection))}"]


def feed_toml(feed: Feed) -> list[str]:
    """The section of a feed; what is as it would be anyway is left out."""
    told = feed.model_dump(exclude_defaults=True, mode="json")
    columns = told.pop("columns")
    lines = [f"{name} = {_value(value)}" for name, value in told.items()]
    mapped = [
        f"{field} = {_value(source['column'] if set(source) == {'column'} else source)}" for field, source in columns.items()
    ]
    return ["[[feed]]", *lines, "", "[feed.columns]", *mapped]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_value(inner)}" for name, inner in value.items()) + " }" if value else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False)
