"""Files of the merchant → landing → ledger. Here: which files are new, which are refused. Not here: how one is parsed or merged."""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.channels.files import Parsed, Payload, parse, sources_of
from pipelines.channels.mapping import Config, Feed
from pipelines.contracts.base import all_tables
from pipelines.errors import InputError
from pipelines.ledger.merge import Balance, merge
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing

Progress = Callable[[int, int], None]
BATCH_BYTES = 8_000_000
SENSELESS_FROM_ROWS = 20


@dataclass
class Landed:
    """What a landing step found."""

    new_files: int = 0
    known_files: int = 0
    missing: list[str] = field(default_factory=list)


@dataclass
class Loaded:
    """What a ledger step did."""

    balances: list[tuple[str, Balance]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    is_rebuilt: bool = False

    def totals(self) -> dict[str, int]:
        """The account of all its loads together: rows_in, accepted, duplicate, superseded, quarantined and replaced rows."""
        names = ("rows_in", "accepted_rows", "duplicate_rows", "superseded_rows", "quarantined_rows", "replaced_rows")
        return {name: sum(getattr(balance, name) for _, balance in self.balances) for name in names}


def land(config: Config, folder: Path, landing: Landing, at: datetime, progress: Progress = lambda done, total: None) -> Landed:
    """Copies every new file of every feed into landing, whole and as it is.

    Raises InputError when a feed leaves out a required field, the folder isn't there, or no feed finds a file.
    """
    if not folder.is_dir():
        raise InputError(
            f"The folder {folder} of merchant '{config.merchant.name}' does not exist; put the files there or give --input."
        )
    for feed in config.feeds:
        sources_of(feed, config)
    found = [(feed, file) for feed in config.feeds for file in sorted(folder.glob(feed.files)) if file.is_file()]
    if not found:
        patterns = ", ".join(feed.files for feed in config.feeds[:4])
        raise InputError(f"No file in {folder} matches {patterns}; put the exports there or mend `files` in the mapping.")
    present = {feed.name for feed, _ in found}
    landed = Landed(missing=[f"No file matches '{f.files}' of feed '{f.name}'." for f in config.feeds if f.name not in present])
    for number, (feed, file) in enumerate(found, 1):
        name = os.fsencode(file.relative_to(folder).as_posix()).decode(errors="replace")
        try:
            is_new = landing.add(feed, file, name, at) is not None
        except PermissionError as problem:
            raise InputError(
                f"{name} of feed '{feed.name}' may not be read by this user; give it the right to read it."
            ) from problem
        if is_new:
            landed.new_files += 1
        else:
            landed.known_files += 1
        progress(number, len(found))
    return landed


def load(
    config: Config,
    landing: Landing,
    warehouse: Warehouse,
    key: bytes,
    at: datetime,
    progress: Progress = lambda done, total: None,
) -> Loaded:
    """Merges every landed payload that the ledger hasn't seen, each in a transaction of its own.

    A payload that can't be read as a whole leaves landing and is named in `refused`; the others load all the same.
    A changed mapping makes the ledger anew from landing, since another reading of a file may hold other documents.
    """
    loaded = Loaded(is_rebuilt=_drop_if_mappings_changed(config, warehouse))
    with warehouse.open() as connection:
        known = _known(connection)
    waiting = [
        (feed, payload)
        for feed in config.feeds
        for payload in landing.payloads(feed)
        if (feed.name, payload.hash, payload.name) not in known
    ]
    done = 0
    for batch in _batches(waiting):
        parsed = [(feed, payload, _parse_or_refuse(feed, config, payload, landing, key, loaded)) for feed, payload in batch]
        with warehouse.open() as connection:
            known = _known(connection)  # another process may have loaded some meanwhile
            for feed, payload, content in parsed:
                if content is not None and (feed.name, payload.hash, payload.name) not in known:
                    loaded.balances.append(
                        (payload.name, merge(connection, feed, mapping_hash(config, feed), payload, content, at))
                    )
                done += 1
                progress(done, len(waiting))
    return loaded


def _known(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, ...]]:
    return set(connection.sql("SELECT feed, payload_hash, file_name FROM loads").fetchall())


def _batches(waiting: list[tuple[Feed, Payload]]) -> Iterator[list[tuple[Feed, Payload]]]:
    """Payloads in groups that are read together before the warehouse is opened for them: many small ones, or one large."""
    batch: list[tuple[Feed, Payload]] = []
    size = 0
    for feed, payload in waiting:
        batch.append((feed, payload))
        with contextlib.suppress(FileNotFoundError):
            size += payload.path.stat().st_size
        if size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _parse_or_refuse(feed: Feed, config: Config, payload: Payload, landing: Landing, key: bytes, loaded: Loaded) -> Parsed | None:
    try:
        parsed = parse(feed, config, payload, key)
        _require_some_sense(feed, payload, parsed)
        return parsed
    except FileNotFoundError:
        return None  # another process refused it meanwhile
    except InputError as problem:
        landing.refuse(feed, payload)
        loaded.refused.append(str(problem))
        return None


def _require_some_sense(feed: Feed, payload: Payload, parsed: Parsed) -> None:
    """Raises InputError when not one row of a file of some length can be read: then it is the mapping that is wrong."""
    if parsed.rows_in >= SENSELESS_FROM_ROWS and parsed.quarantine.height == parsed.rows_in:
        reason = parsed.quarantine["reason"][0]
        raise InputError(f"{payload.name}: none of its {parsed.rows_in:,} rows can be read ({reason}); mend feed '{feed.name}'.")


def mapping_hash(config: Config, feed: Feed) -> str:
    """Hash of everything that decides how the feed's files are read."""
    channels = "".join(channel.model_dump_json() for channel in config.channels)
    return hashlib.sha256((feed.model_dump_json() + channels).encode()).hexdigest()[:16]


def clear(warehouse: Warehouse) -> None:
    """Empties the ledger, so that the next load makes it anew from landing."""
    with warehouse.open() as connection:
        connection.begin()
        for contract in all_tables("ledger"):
            connection.execute(f"DELETE FROM {contract.name}").fetchall()
        connection.commit()


def _drop_if_mappings_changed(config: Config, warehouse: Warehouse) -> bool:
    used = dict(warehouse.query("SELECT DISTINCT feed, mapping_hash FROM loads").rows())
    now = {feed.name: mapping_hash(config, feed) for feed in config.feeds}
    is_changed = any(now.get(feed) != hashed for feed, hashed in used.items())
    if is_changed:
        clear(warehouse)
    return is_changed


def pseudonym_key(home: Path, configured: str | None) -> bytes:
    """The key of customers' pseudonyms: FULCAST_PSEUDONYM_KEY, or one made once and kept readable by its owner alone."""
    if configured:
        return configured.encode()
    file = home / "pseudonym.key"
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        aside = file.with_suffix(f".{os.getpid()}")
        aside.touch(mode=0o600)
        aside.write_text(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            os.link(aside, file)
        aside.unlink()
    return file.read_bytes()


def unaccounted_rows(warehouse: Warehouse) -> list[str]:
    """Sentences on rows that have disappeared: a load that doesn't balance, or a table whose rows are not accepted − replaced; empty when all is well."""
    unbalanced = warehouse.query(
        "SELECT file_name, rows_in FROM loads WHERE rows_in <> accepted_rows + duplicate_rows + superseded_rows + quarantined_rows"
    )
    sentences = [f"{name}: its {rows} rows in are not all accounted for" for name, rows in unbalanced.rows()]
    expected = warehouse.query("SELECT table_name, sum(accepted_rows - replaced_rows)::BIGINT FROM loads GROUP BY ALL").rows()
    for name, rows in expected:
        counted = "order_lines" if name == "orders" else name
        held = warehouse.query(f"SELECT count(*) FROM {counted}").item()
        if held != rows:
            sentences.append(f"{counted}: {held} rows where the loads account for {rows}")
    return sentences
