"""What landing holds of a stream: the newest content of each record. Here: telling new from known, landing it. Not here: fetching."""

import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime

import polars as pl

from pipelines.channels.base import Record
from pipelines.operations.files import written_aside
from pipelines.warehouse.landing import Landing, Shelf

SIDECAR = "index.parquet"
FOLDED_FROM = 64  # sidecars that may wait before they are folded into one
SCHEMA = {"source_id": pl.String, "fingerprint": pl.String, "digest": pl.String}
BATCH_RECORDS, BATCH_BYTES = 100_000, 340_000_000


def batches(pages: Iterable[list[Record]]) -> Iterable[list[Record]]:
    """Pages put together until there are enough records to land at once."""
    batch: list[Record] = []
    size = 0
    for page in pages:
        batch += page
        size += sum(len(record.payload) for record in page)
        if len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class Writer:
    """Lands records of a stream; beside each payload a small file says which they are. It remembers nothing.

    Columns are put together and written by the calling thread: every query of Polars would wait for threads that others keep busy.
    """

    def __init__(self, landing: Landing, shelf: Shelf) -> None:
        self._landing, self._shelf, self._parts = landing, shelf, 0

    def add(self, records: Sequence[Record], at: datetime) -> None:
        """Lands records that are known to be new, each once, with little work: somebody waits for it."""
        given = _frame_of(records)
        self.write(given, given, at)

    def write(self, fresh: pl.DataFrame, last: pl.DataFrame, at: datetime) -> None:
        """Lands `fresh` (source_id, source_version, payload); last: what is then the newest of each of them, with the columns of SCHEMA."""
        self._parts += 1
        name = f"{at:%Y%m%dT%H%M%S.%fZ}-{self._parts:04d}"
        stamp = f"{at.isoformat()} {self._parts:04d}"
        records = {"source_id": fresh["source_id"], "source_version": fresh["source_version"], "fetched_at": [stamp] * fresh.height,
                   "payload": fresh["payload"]}  # fmt: skip
        sidecar = pl.DataFrame({column: last[column] for column in SCHEMA} | {"at": [stamp] * last.height})
        self._landing.add(self._shelf, _parquet(pl.DataFrame(records)), name, at, beside={SIDECAR: _parquet(sidecar)})


class Index:
    """Newest fingerprint and content digest per record id, read from the small files beside a stream's payloads."""

    def __init__(self, landing: Landing, shelf: Shelf) -> None:
        self._folder = landing.folder / shelf.name
        self._writer = Writer(landing, shelf)
        self._newest = self._read()
        self._added: list[pl.DataFrame] = []

    @property
    def newest(self) -> pl.DataFrame:
        """One row per record: source_id, fingerprint, digest."""
        if self._added:
            last = pl.concat(self._added).unique("source_id", keep="last", maintain_order=True)
            self._newest = pl.concat([self._newest.join(last, on="source_id", how="anti"), last])
            self._added = []
        return self._newest

    def land(self, records: Sequence[Record], at: datetime) -> int:
        """Lands those of `records` (in the order of their fetching) whose content isn't the newest known; returns how many."""
        if not records:
            return 0
        given = _frame_of(records)
        known = self.newest.join(given.select("source_id").unique(), on="source_id", how="semi")
        both = pl.concat([known, given], how="diagonal")
        before = pl.col("digest").shift(1).over("source_id")
        fresh = both.filter(pl.col("payload").is_not_null() & (before.is_null() | (before != pl.col("digest"))))
        if fresh.height:
            last = fresh.unique("source_id", keep="last", maintain_order=True)
            self._writer.write(fresh, last, at)
            self._added.append(last.select(*SCHEMA))
        return fresh.height

    def fold(self) -> None:
        """Keeps what is known in one file, so that payloads may leave without being forgotten."""
        newest, waiting, names = self._stored()
        if waiting:
            self._fold(newest, names | set(waiting))

    def _read(self) -> pl.DataFrame:
        newest, waiting, names = self._stored()
        if len(waiting) > FOLDED_FROM:
            self._fold(newest, names | set(waiting))
        return newest.select(*SCHEMA)

    def _stored(self) -> tuple[pl.DataFrame, list[str], set[str]]:
        """What is known, the folders whose small files wait to be folded, and those whose files are."""
        folded, names = self._folded()
        waiting = [path for path in self._folder.glob(f"*/{SIDECAR}") if path.parent.name not in names]
        newest = _newest(pl.concat([folded, *(pl.read_parquet(path) for path in waiting)]))
        return newest, [path.parent.name for path in waiting], names

    def _folded(self) -> tuple[pl.DataFrame, set[str]]:
        pointer = self._folder / "index.json"
        if not pointer.exists():
            return pl.DataFrame(schema=SCHEMA | {"at": pl.String}), set()
        told = json.loads(pointer.read_text())
        return pl.read_parquet(self._folder / told["file"]), set(told["folders"])

    def _fold(self, newest: pl.DataFrame, names: set[str]) -> None:
        file = f"index-{len(names)}.parquet"
        (self._folder / file).write_bytes(_parquet(newest))
        with written_aside(self._folder / "index.json") as pointer:
            pointer.write_text(json.dumps({"file": file, "folders": sorted(names)}))
        for old in self._folder.glob("index-*.parquet"):
            if old.name != file:
                old.unlink(missing_ok=True)


def _frame_of(records: Sequence[Record]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "source_id": [r.source_id for r in records], "fingerprint": [r.fingerprint for r in records],
            "digest": [hashlib.sha256(r.payload).hexdigest()[:32] for r in records],
            "source_version": [r.version for r in records], "payload": [r.payload for r in records],
        },
        schema=SCHEMA | {"source_version": pl.String, "payload": pl.Binary},
    )  # fmt: skip


def _newest(stamped: pl.DataFrame) -> pl.DataFrame:
    """One row per record, its last; only the records that stand twice are put in order."""
    twice = stamped.filter(stamped.select("source_id").hash_rows().is_duplicated())
    if twice.is_empty():
        return stamped
    last = twice.sort("at", maintain_order=True).unique("source_id", keep="last", maintain_order=True)
    return pl.concat([stamped.join(last, on="source_id", how="anti"), last])


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", compression_level=1, use_pyarrow=True)
    return buffer.getvalue()
