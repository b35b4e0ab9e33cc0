"""Forgetting a person: landing, warehouse, snapshots and exports, and the proof. Here: finding and rewriting. Not here: what a run makes."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.channels.base import RecordStream, kind_of
from pipelines.channels.documents import pseudonyms
from pipelines.channels.mapping import Config, Feed
from pipelines.channels.payloads import Payload
from pipelines.contracts import Table, table
from pipelines.contracts.base import all_tables
from pipelines.errors import InputError
from pipelines.exports import write_exports
from pipelines.intake.connection import feed_name
from pipelines.intake.notices import WEBHOOKS
from pipelines.warehouse import snapshots
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing

ERASED = "erased"
KEYS = ("customer_key", "email_key", "phone_key")
NAMING = (
    "email",
    "buyerEmail",
    "email_address",
    "buyer_email_address",
    "buyer_email",
    "receipt_email",
    "phone",
    "phone_number",
    "phoneNumber",
    "username",
    "id",
    "customer_id",
)  # fields whose value names the person elsewhere too
TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson")


@dataclass
class Erasure:
    """What was found and rewritten, and where the person still stands afterwards: nowhere, or the erasure has failed."""

    payloads: int = 0
    records: int = 0
    ledger_rows: int = 0
    snapshots: int = 0
    exports: int = 0
    remains: list[str] = field(default_factory=list)
    proven_files: int = 0


def erase(config: Config, home: Path, landing: Landing, warehouse: Warehouse, person: str, key: bytes, at: datetime) -> Erasure:
    """Removes a person, named by e-mail address, telephone number or customer id, from everything that Fulcast keeps.

    Orders stay, since they were sold; who placed them goes: in landing the personal fields of the person's records are
    overwritten, in the ledger the pseudonyms go, a new snapshot is published, and older ones and all exports are deleted.
    Raises InputError when nobody of that name is known.
    """
    wanted = person.strip()
    if not wanted:
        raise InputError("Name the person: an e-mail address, a telephone number or a customer id.")
    done = Erasure()
    known = {wanted, *_other_names(config, landing, wanted)}
    for payload, rewrite in _payloads(config, landing):
        content, records = rewrite(payload.content(), known)
        if records:
            landing.rewrite(payload.path, content)
            done.payloads += 1
            done.records += records
    for path in (landing.folder / ".refused").glob("**/payload"):
        content, records = _without_in_text(landing.seal.unseal(path.read_bytes()), known)
        if records:
            landing.rewrite(path, content)
            done.payloads, done.records = done.payloads + 1, done.records + records
    done.ledger_rows = _forget(warehouse, known, key)
    if not done.records and not done.ledger_rows:
        raise InputError(
            f"Nobody is known as {wanted}; give the e-mail address, telephone number or customer id as the channel has it."
        )
    _publish_anew(home, warehouse, done, at)
    prove(home, landing, known, key, warehouse, done)
    return done


Rewrite = Callable[[bytes, set[str]], tuple[bytes, int]]


def _payloads(config: Config, landing: Landing) -> Iterator[tuple[Payload, Rewrite]]:
    for channel in config.fetched:
        for payload in landing.payloads(feed_name(channel.name, WEBHOOKS)):
            yield payload, _without_deliveries
        for stream in kind_of(channel.kind or "").streams:
            personal = stream.personal if isinstance(stream, RecordStream) else ()
            for payload in landing.payloads(feed_name(channel.name, stream.name)):
                yield (
                    payload,
                    partial(_without_in_records, personal=personal) if isinstance(stream, RecordStream) else _without_in_text,
                )
    for feed in config.feeds:
        for payload in landing.payloads(feed.name):
            yield payload, partial(_without_in_file, feed=feed, name=payload.name)


def _other_names(config: Config, landing: Landing, wanted: str) -> set[str]:
    """The other ids, addresses and numbers that the person's own records give."""
    names: set[str] = set()
    for channel in config.fetched:
        for stream in kind_of(channel.kind or "").streams:
            if isinstance(stream, RecordStream) and stream.personal:
                for payload in landing.payloads(feed_name(channel.name, stream.name)):
                    for record in _records(payload.content())["payload"]:
                        value = _plain(record)
                        told = _told(value, stream.personal)
                        if _is_named(told, {wanted}):
                            names |= {v for name, v in told if name.rsplit(".", 1)[-1] in NAMING and len(v) > 4}
    return names


def _records(content: bytes) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(content))


def _plain(record: bytes) -> Any:
    try:
        return json.loads(record)
    except ValueError:
        return None


def _told(value: Any, personal: tuple[str, ...]) -> list[tuple[str, str]]:
    """Personal fields of a record that hold something: their path and what they hold."""
    found = []
    for path in personal:
        name = path.rsplit(".", 1)[-1]
        for holder in _holders(value, path):
            inner = holder.get(name)
            if inner in (None, "", ERASED):
                continue
            leaves = _leaves(inner) if isinstance(inner, (dict, list)) else [(name, str(inner))]
            found += [(f"{path}.{leaf}" if isinstance(inner, dict) else path, text) for leaf, text in leaves]
    return found


def _leaves(value: Any) -> list[tuple[str, str]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return [
        leaf for key, inner in items for leaf in (_leaves(inner) if isinstance(inner, (dict, list)) else [(str(key), str(inner))])
    ]


def _holders(value: Any, path: str) -> list[dict[str, Any]]:
    """The objects that hold the last name of a path; where a list stands on the way, those in each of its elements."""
    *above, _ = path.split(".")
    found = [value]
    for part in above:
        inner = [one.get(part) for one in found if isinstance(one, dict)]
        found = [each for one in inner for each in (one if isinstance(one, list) else [one])]
    return [one for one in found if isinstance(one, dict)]


def _is_named(told: list[tuple[str, str]], known: set[str]) -> bool:
    plain = {name.lower() for name in known}
    tails = {name.rsplit("/", 1)[-1] for name in plain}
    return any(text.lower() in plain or (text.startswith("gid://") and text.rsplit("/", 1)[-1] in tails) for _, text in told)


def _without_in_records(content: bytes, known: set[str], personal: tuple[str, ...]) -> tuple[bytes, int]:
    """A page of records, the person's own with their personal fields overwritten."""
    frame = _records(content)
    payloads, hit = [], 0
    for record in frame["payload"]:
        value = _plain(record) if personal else None
        if value is not None and _is_named(_told(value, personal), known):
            payloads.append(_blanked(value, personal))
            hit += 1
        else:
            payloads.append(record)
    if not hit:
        return content, 0
    buffer = io.BytesIO()
    frame.with_columns(payload=pl.Series(payloads, dtype=pl.Binary)).write_parquet(
        buffer, compression="zstd", compression_level=1
    )
    return buffer.getvalue(), hit


def _without_deliveries(content: bytes, known: set[str]) -> tuple[bytes, int]:
    """Deliveries that name the person go as a whole: the records that they told of are landed on their own."""
    frame = _records(content)
    kept = [(record, 0) if not _without_in_text(record, known)[1] else (b'{"erased":true}', 1) for record in frame["payload"]]
    hit = sum(is_hit for _, is_hit in kept)
    if not hit:
        return content, 0
    buffer = io.BytesIO()
    frame.with_columns(payload=pl.Series([record for record, _ in kept], dtype=pl.Binary)).write_parquet(buffer)
    return buffer.getvalue(), hit


def _blanked(value: Any, personal: tuple[str, ...]) -> bytes:
    for path in personal:
        name = path.rsplit(".", 1)[-1]
        for holder in _holders(value, path):
            if holder.get(name) is None:
                continue
            holder[name] = [] if isinstance(holder[name], list) else {} if isinstance(holder[name], dict) else None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _without_in_file(content: bytes, known: set[str], feed: Feed, name: str) -> tuple[bytes, int]:
    kind = feed.format or Path(name).suffix.lower()
    if kind in ("parquet", ".parquet"):
        return _without_in_parquet(content, known)
    if f".{kind.lstrip('.')}" in TEXT_ENDINGS:
        return _without_in_text(content, known)
    if any(_stands(word.lower().encode(), text) for text in _opened(content) for word in known):
        raise InputError(
            f"{name} names the person and is no text; export it again without them, remove it from landing and run `fulcast rebuild`."
        )
    return content, 0


def _without_in_text(content: bytes, known: set[str]) -> tuple[bytes, int]:
    """A text file; each line that names the person has the name overwritten, as a whole word."""
    hit = 0
    lines = content.split(b"\n")
    names = [
        re.compile(rb"(?i)(?<![\w.@-])" + re.escape(word.encode()) + rb"(?![\w@-])")
        for word in sorted(known, key=len, reverse=True)
    ]
    for number, line in enumerate(lines):
        changed = line
        for name in names:
            changed = name.sub(ERASED.encode(), changed)
        if changed != line:
            lines[number] = changed
            hit += 1
    return (b"\n".join(lines), hit) if hit else (content, 0)


def _without_in_parquet(content: bytes, known: set[str]) -> tuple[bytes, int]:
    frame = pl.read_parquet(io.BytesIO(content))
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    words = list(known)
    hit = frame.select(pl.any_horizontal(pl.col(name).is_in(words) for name in texts).sum()).item() if texts else 0
    if not hit:
        return content, 0
    buffer = io.BytesIO()
    frame.with_columns(
        pl.when(pl.col(name).is_in(words)).then(pl.lit(ERASED)).otherwise(pl.col(name)).alias(name) for name in texts
    ).write_parquet(buffer)
    return buffer.getvalue(), int(hit)


def _forget(warehouse: Warehouse, known: set[str], key: bytes) -> int:
    """Takes the person's pseudonyms off every table that bears one; returns how many orders did."""
    keyed = ", ".join(f"'{name}'" for name in _pseudonyms(known, key))
    with warehouse.open() as connection:
        rows = int(connection.sql(f"SELECT count(*) FROM orders WHERE {_bears(table('orders'), keyed)}").fetchall()[0][0])
        for contract in _bearing():
            names = [name for name in KEYS if name in contract.columns]
            if all(contract.columns[name].nullable for name in names):
                blank = ", ".join(f"{name} = NULL" for name in names)
                connection.execute(f"UPDATE {contract.name} SET {blank} WHERE {_bears(contract, keyed)}").fetchall()
            else:
                connection.execute(f"DELETE FROM {contract.name} WHERE {_bears(contract, keyed)}").fetchall()
        connection.execute("CHECKPOINT").fetchall()
    return rows


def _bearing() -> list[Table]:
    """Tables whose rows bear a person's pseudonym."""
    return [contract for contract in all_tables() if set(KEYS) & set(contract.columns)]


def _bears(contract: Table, keyed: str) -> str:
    return " OR ".join(f"{name} IN ({keyed})" for name in KEYS if name in contract.columns)


def _pseudonyms(known: set[str], key: bytes) -> set[str]:
    """Every pseudonym that the person can have; Shopify's customers are named by the whole of their id."""
    given = pl.Series(sorted(known | {f"gid://shopify/Customer/{name}" for name in known if name.isdigit()}), dtype=pl.String)
    return set(pseudonyms(key)(given))


def _publish_anew(home: Path, warehouse: Warehouse, done: Erasure, at: datetime) -> None:
    folder, version = home / "snapshots", snapshots.new_version(at)
    old = list(folder.glob("*.duckdb")) if folder.exists() else []
    published = snapshots.publish(warehouse, folder, version)
    for path in old:
        if path != published.path:
            path.unlink(missing_ok=True)
            done.snapshots += 1
    for path in (home / "exports").glob("*"):
        path.unlink(missing_ok=True)
        done.exports += 1
    if warehouse.query("SELECT count(*) FROM run_info").item():
        write_exports(published, home / "exports")


def prove(home: Path, landing: Landing, known: set[str], key: bytes, warehouse: Warehouse, done: Erasure) -> None:
    """Reads everything that is kept once more and names each place where the person still stands."""
    words = [word.lower().encode() for word in known]
    for path in landing.folder.glob("**/payload"):
        done.proven_files += 1
        texts = _opened(landing.seal.unseal(path.read_bytes()))
        if any(_stands(word, text) for text in texts for word in words):
            done.remains.append(str(path))
    keyed = [word.encode() for word in _pseudonyms(known, key)]
    named = ", ".join(f"'{word.decode()}'" for word in keyed)
    for contract in _bearing():  # a database packs its texts
        if warehouse.query(f"SELECT count(*) FROM {contract.name} WHERE {_bears(contract, named)}").item():
            done.remains.append(f"{warehouse.path} ({contract.name})")
    for path in (warehouse.path, *(home / "snapshots").glob("*"), *(home / "exports").glob("*")):
        if path.is_file():
            done.proven_files += 1
            texts = _opened(path.read_bytes())
            if any(_stands(word, text) for text in texts for word in (*words, *keyed) if len(word) > 6):
                done.remains.append(str(path))


def _opened(content: bytes) -> list[bytes]:
    """What can be read in a file, in lower case: the parts of a packed workbook, the texts of a Parquet file, else its bytes."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return [packed.read(name).lower() for name in packed.namelist()]
    if content.startswith(b"PAR1"):
        frame = pl.read_parquet(io.BytesIO(content))
        texts = [frame[name].drop_nulls() for name, dtype in frame.schema.items() if dtype in (pl.String, pl.Binary)]
        return [bytes(value).lower() for column in texts for value in column.cast(pl.Binary)]
    return [content.lower()]


def _stands(word: bytes, content: bytes) -> bool:
    return word in content and re.search(rb"(?<![\w.@-])" + re.escape(word) + rb"(?![\w@-])", content) is not None
