"""Parsing records of a channel in a line, for tests of one platform's fields. Not here: fetching."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.channels.base import Context, RecordStream, kind_of
from pipelines.channels.documents import parse_records, pseudonyms
from pipelines.channels.payloads import Parsed, Payload

KEY = b"key"


def stream_of(kind: str, name: str) -> RecordStream:
    return next(s for s in kind_of(kind).streams if s.name == name and isinstance(s, RecordStream))


def frame_of(*records: Any) -> pl.DataFrame:
    """Landed records; bytes as they are, anything else as JSON."""
    payloads = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in records]
    schema = {"source_id": pl.String, "source_version": pl.String, "fetched_at": pl.String, "payload": pl.Binary}
    rows = {"source_id": [f"{n}" for n in range(len(records))], "source_version": [f"{n}" for n in range(len(records))],
            "fetched_at": ["2026-01-31T00:00:00+00:00 0001"] * len(records), "payload": payloads}  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def parsed(kind: str, stream: str, *records: Any, **context: Any) -> Parsed:
    """The records parsed, their account checked."""
    told = Context(
        **({"channel": "shop", "time_zone": "Europe/Amsterdam", "pseudonym": pseudonyms(KEY), "currency": "EUR"} | context)
    )
    result = parse_records(stream_of(kind, stream), f"shop.{stream}", Payload(Path(), "page", "hash"), frame_of(*records), told)
    whole = result.quarantine.filter(pl.col("part") == "").height
    assert result.rows_in == result.documents["source_rows"].sum() + result.superseded_rows + whole
    return result


def faults(result: Parsed) -> list[tuple[Any, ...]]:
    """Record, part, field and reason of everything in quarantine."""
    return result.quarantine.sort("row_number", "part").select("row_number", "part", "field", "reason").rows()
