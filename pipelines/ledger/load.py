"""Files of the merchant → landing → ledger. Here: which files are new, which are refused. Not here: how one is parsed or merged."""

import contextlib
import os
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.channels.files import sources_of
from pipelines.channels.mapping import Config
from pipelines.channels.payloads import Parsed, Payload
from pipelines.contracts.base import all_tables
from pipelines.errors import InputError
from pipelines.ledger.crosswalk import resolve
from pipelines.ledger.merge import Balance, merge
from pipelines.ledger.sources import Source, sources
from pipelines.ledger.tracking import track
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing, Shelf, file_hash, folder_name

Progress = Callable[[int, int], None]
Known = dict[tuple[str, str], datetime]
BATCH_BYTES = 8_000_000
PACKED = 4  # how much larger records are than the payload that holds them
READERS, READ_AHEAD = 2, 2  # threads that read payloads, and batches that they are ahead of the merge


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
    resolved_rows: int = 0

    def totals(self) -> dict[str, int]:
        """The account of all its loads together: rows_in, accepted, duplicate, superseded, quarantined and replaced rows."""
        names = ("rows_in", "accepted_rows", "duplicate_rows", "superseded_rows", "quarantined_rows", "replaced_rows")
        return {name: sum(getattr(balance, name) for _, balance in self.balances) for name in names}


def land(config: Config, folder: Path, landing: Landing, at: datetime, progress: Progress = lambda done, total: None) -> Landed:
    """Copies every new file of every feed into landing, whole and as it is.

    Raises InputError when a feed leaves out a required field, the folder isn't there, or no feed finds a file.
    """
    if config.feeds and not folder.is_dir():
        raise InputError(
            f"The folder {folder} of merchant '{config.merchant.name}' does not exist; put the files there or give --input."
        )
    for feed in config.feeds:
        sources_of(feed, config)
    found = [(feed, file) for feed in config.feeds for file in sorted(folder.glob(feed.files)) if file.is_file()]
    if not found and config.feeds:
        patterns = ", ".join(feed.files for feed in config.feeds[:4])
        raise InputError(f"No file in {folder} matches {patterns}; put the exports there or mend `files` in the mapping.")
    present = {feed.name for feed, _ in found}
    newest = {feed.name: landing.newest(feed.name) for feed in config.feeds}
    landed = Landed(missing=[f"No file matches '{f.files}' of feed '{f.name}'." for f in config.feeds if f.name not in present])
    for number, (feed, file) in enumerate(found, 1):
        name = os.fsencode(file.relative_to(folder).as_posix()).decode(errors="replace")
        try:
            shelf = Shelf(feed.name, feed.channel, feed.table)
            digest = file_hash(file)
            is_known = landing.place(feed.name, digest, name).exists()
            is_new = not is_known and landing.add(shelf, file.read_bytes(), name, at) is not None
            if is_known and newest[feed.name].get(name, digest) != digest:
                landing.bring_back(shelf, digest, name, at)
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
    wanted = list(sources(config, key))
    loaded = Loaded(is_rebuilt=_drop_if_mappings_changed(wanted, warehouse))
    with warehouse.open() as connection:
        known = _known(connection)
    waiting = [
        (source, payload)
        for source in wanted
        for payload in landing.payloads(source.shelf, _settled(known, source, landing))
        if _is_wanted(source, payload, known)
    ]
    done = 0
    for ready in _read_ahead(waiting, landing, loaded):
        with warehouse.open() as connection:
            known = _known(connection)  # another process may have loaded some meanwhile
            for source, payload, content in ready:
                if content is not None and _is_wanted(source, payload, known):
                    loaded.balances.append((payload.name, merge(connection, source.origin, payload, content, at)))
                done += 1
                progress(done, len(waiting))
    with warehouse.open() as connection:
        loaded.resolved_rows = resolve(connection)
        track(connection)
    return loaded


def _known(connection: duckdb.DuckDBPyConnection) -> Known:
    """Feed and landing folder of every payload that was loaded, and when it had landed."""
    rows = connection.sql("SELECT feed, payload_hash, file_name, landed_at FROM loads").fetchall()
    return {(feed, folder_name(digest, name)): landed_at for feed, digest, name, landed_at in rows}


def _settled(known: Known, source: Source, landing: Landing) -> set[str]:
    """Folders of payloads that were loaded and can't have come back since."""
    loaded = {folder for feed, folder in known if feed == source.origin.feed}
    return loaded if source.is_packed else loaded - landing.rivals(source.shelf)


def _is_wanted(source: Source, payload: Payload, known: Known) -> bool:
    """True for what was never loaded, and for a file that has come back since it was."""
    landed_at = known.get((source.origin.feed, folder_name(payload.hash, payload.name)))
    return landed_at is None or datetime.fromisoformat(payload.landed_at) > landed_at


Waiting = list[tuple[Source, Payload]]


Ready = list[tuple[Source, Payload, Parsed | None]]


def _read_ahead(waiting: Waiting, landing: Landing, loaded: Loaded) -> Iterator[Ready]:
    """What stands in the payloads, in order, as much as is read by the time it is wanted; the next are read while the caller merges."""
    batches = deque(_batches(waiting))
    with ThreadPoolExecutor(READERS) as readers:
        ahead = deque(
            readers.submit(_parse_batch, batches.popleft(), landing, loaded) for _ in range(min(READ_AHEAD, len(batches)))
        )
        while ahead:
            ready = ahead.popleft().result()
            while ahead and ahead[0].done():
                ready += ahead.popleft().result()
            while batches and len(ahead) < READ_AHEAD:
                ahead.append(readers.submit(_parse_batch, batches.popleft(), landing, loaded))
            yield ready


def _parse_batch(batch: Waiting, landing: Landing, loaded: Loaded) -> Ready:
    return [(source, payload, _parse_or_refuse(source, payload, landing, loaded)) for source, payload in batch]


def _batches(waiting: Waiting) -> Iterator[Waiting]:
    """Payloads in groups that are read together before the warehouse is opened for them: many small ones, or one large."""
    batch: Waiting = []
    size = 0
    for source, payload in waiting:
        batch.append((source, payload))
        with contextlib.suppress(FileNotFoundError):
            size += payload.path.stat().st_size * (PACKED if source.is_packed else 1)
        if size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _parse_or_refuse(source: Source, payload: Payload, landing: Landing, loaded: Loaded) -> Parsed | None:
    try:
        return source.parse(payload)
    except FileNotFoundError:
        return None  # another process refused it meanwhile
    except InputError as problem:
        landing.refuse(source.shelf, payload)
        loaded.refused.append(str(problem))
        return None


def clear(warehouse: Warehouse) -> None:
    """Empties the ledger, so that the next load makes it anew from landing."""
    with warehouse.open() as connection:
        connection.begin()
        for contract in all_tables("ledger"):
            connection.execute(f"DELETE FROM {contract.name}").fetchall()
        connection.execute("DELETE FROM fact_states").fetchall()
        connection.commit()


def _drop_if_mappings_changed(wanted: list[Source], warehouse: Warehouse) -> bool:
    used = dict(warehouse.query("SELECT DISTINCT feed, mapping_hash FROM loads").rows())
    now = {source.origin.feed: source.origin.mapping_hash for source in wanted}
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
    """Sentences on rows that have disappeared: a load that doesn't balance, or a table whose rows are not stored − replaced; empty when all is well."""
    unbalanced = warehouse.query(
        "SELECT file_name, rows_in FROM loads WHERE rows_in <> accepted_rows + duplicate_rows + superseded_rows + quarantined_rows"
    )
    sentences = [f"{name}: its {rows} rows in are not all accounted for" for name, rows in unbalanced.rows()]
    expected = warehouse.query("SELECT table_name, sum(stored_rows - replaced_rows)::BIGINT FROM loads GROUP BY ALL").rows()
    for name, rows in expected:
        counted = "order_lines" if name == "orders" else name
        feeds = f"SELECT feed FROM loads WHERE table_name = '{name}'"  # other feeds fill the table beside documents of their own
        held = warehouse.query(f"SELECT count(*) FROM {counted} WHERE feed IN ({feeds})").item()
        if held != rows:
            sentences.append(f"{counted}: {held} rows where the loads account for {rows}")
    return sentences
