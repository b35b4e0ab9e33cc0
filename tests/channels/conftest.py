"""One file through one feed, in a line: the `parse` fixture. Not here: anything about several files."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.channels.files import parse as parse_payload
from pipelines.channels.mapping import Config
from pipelines.channels.payloads import Parsed, Payload

COLUMNS = 'order_id = "order"\nsku = "sku"\nordered_units = "qty"\nunit_price_amount = "price"\nordered_at = "at"'
CHANNEL = {"name": "web", "time_zone": "Europe/Amsterdam", "currency": "EUR"}
Parse = Callable[..., Parsed]


def configure(options: str = "", columns: str = COLUMNS, table: str = "orders", channel: str = "web") -> Config:
    """A configuration of one feed; `options` and `columns` are TOML."""
    feed = tomllib.loads(f"{options}\n[columns]\n{columns}")
    feed = {"name": "f", "channel": channel, "table": table, "files": "*", **feed}
    return Config.model_validate({"merchant": {"name": "m"}, "channel": [CHANNEL], "feed": [feed]})


def parse_file(path: Path, name: str, config: Config) -> Parsed:
    """Parses the file and checks its account of rows."""
    parsed = parse_payload(config.feeds[0], config, Payload(path, name, "hash"), b"key")
    assert parsed.rows_in == parsed.documents["source_rows"].sum() + parsed.superseded_rows + parsed.quarantine.height
    assert parsed.quarantine["reason"].null_count() == 0
    if config.feeds[0].is_order_feed:
        assert parsed.frames["order_lines"].height == parsed.documents["source_rows"].sum()
    return parsed


@pytest.fixture
def parse(tmp_path: Path) -> Parse:
    def run(content: str | bytes, name: str = "o.csv", config: Config | None = None, **settings: Any) -> Parsed:
        path = tmp_path / "payload"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return parse_file(path, name, config or configure(**settings))

    return run


def problems(parsed: Parsed) -> list[tuple[Any, ...]]:
    """Row, field, value and reason of every quarantined row."""
    return parsed.quarantine.sort("row_number").select("row_number", "field", "value", "reason").rows()
