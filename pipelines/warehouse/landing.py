"""Landing: each payload exactly as received. Here: payloads kept whole by content hash. Not here: what they mean."""

import contextlib
import hashlib
import json
import os
import shutil
import threading
from collections import Counter
from collections.abc import Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.channels.payloads import Payload
from pipelines.warehouse.sealing import MAGIC, Seal, is_sealed

SYNCING = ThreadPoolExecutor(4, "sync")  # its threads start when the first payload lands


@dataclass(frozen=True)
class Shelf:
    """Where payloads of one kind stand, and what they are: a mapping's feed, or a channel's stream."""

    name: str
    channel: str
    object: str


class Landing:
    """Append-only store of payloads: `<feed>/<hash>/payload`, finished by a rename, with a manifest beside each."""

    def __init__(self, folder: Path, seal: Seal | None = None) -> None:
        self.folder = folder
        self.seal = seal or Seal(None)

    def add(
        self, shelf: Shelf, content: bytes, name: str, fetched_at: datetime, beside: dict[str, bytes] | None = None
    ) -> Payload | None:
        """Keeps `content`, with small files `beside` it; None when the same content under the same name is there already."""
        digest = hashlib.sha256(content).hexdigest()
        target = self.place(shelf.name, digest, name)
        if target.exists():
            return None
        aside = self.folder / f".partial-{os.getpid()}-{threading.get_ident()}"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        manifest = {
            "feed": shelf.name, "channel": shelf.channel, "object": shelf.object, "name": name, "sha256": digest,
            "fetched_at": fetched_at.isoformat(),
        }  # fmt: skip
        parts = {"payload": self.seal.seal(content), "manifest.json": json.dumps(manifest, indent=1).encode(), **(beside or {})}
        for part, written in parts.items():
            (aside / part).write_bytes(written)
        list(SYNCING.map(_sync, (aside / part for part in parts)))  # one commit of the disk's journal for all of them
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            aside.rename(target)
        except OSError:
            if not target.exists():
                raise
            shutil.rmtree(aside)  # another process landed it meanwhile
            return None
        return self._payload(manifest)

    def rivals(self, feed: str) -> set[str]:
        """Names of the folders of payloads of a feed that share their name with other contents: of these alone one may have come back."""
        folders = [place.name for place in (self.folder / feed).glob("*")]
        names = Counter(map(_name_part, folders))
        return {folder for folder in folders if names[_name_part(folder)] > 1}

    def newest(self, feed: str) -> dict[str, str]:
        """Per name under which a feed landed several contents, the hash of the one that landed last."""
        rivals = self.rivals(feed)
        others = {place.name for place in (self.folder / feed).glob("*")} - rivals
        return {payload.name: payload.hash for payload in self.payloads(feed, others)} if rivals else {}

    def bring_back(self, shelf: Shelf, digest: str, name: str, at: datetime) -> None:
        """Marks a payload that stands again where the merchant keeps it, after another under its name, as the newest of them."""
        place = self.place(shelf.name, digest, name)
        if manifest := _manifest(place):
            _replace(place / "manifest.json", json.dumps(manifest | {"fetched_at": at.isoformat()}, indent=1).encode())

    def payloads(self, feed: str, known: Container[str] = ()) -> Iterator[Payload]:
        """Finished payloads of a feed in the order of their names, of one name as they landed; folders named in `known` are left out."""
        folders = [p for p in (self.folder / feed).glob("*") if p.name not in known]
        found = [self._payload(manifest) for manifest in map(_manifest, folders) if manifest]
        yield from sorted(found, key=lambda payload: (payload.name, payload.landed_at, payload.hash))

    def refuse(self, feed: str, payload: Payload) -> None:
        """Sets aside a payload that can't be read; while its file stays where the merchant put it, the next run tries it again."""
        aside = self.folder / ".refused" / feed / payload.path.parent.name
        shutil.rmtree(aside, ignore_errors=True)
        aside.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another process refused it meanwhile
            payload.path.parent.rename(aside)

    def drop(self, payload: Payload) -> None:
        """Removes a payload for good; for retention, which alone may."""
        shutil.rmtree(payload.path.parent, ignore_errors=True)

    def rewrite(self, path: Path, content: bytes) -> None:
        """Puts other content in place of a payload's, whole or not at all; for erasure, which alone may."""
        _replace(path, self.seal.seal(content))

    def seal_all(self) -> int:
        """Encrypts payloads that landed before a key was configured; returns how many."""
        if not self.seal.is_on:
            return 0
        plain = [path for path in self.folder.glob("**/payload") if not is_sealed(_first_bytes(path))]
        for path in plain:
            self.rewrite(path, path.read_bytes())
        return len(plain)

    def place(self, feed: str, digest: str, name: str) -> Path:
        """Folder of the payload with that content and name."""
        return self.folder / feed / folder_name(digest, name)

    def _payload(self, manifest: dict[str, Any]) -> Payload:
        name, digest = manifest["name"], manifest["sha256"]
        place = self.place(manifest["feed"], digest, name)
        return Payload(place / "payload", name, digest, self.seal.unseal, manifest["fetched_at"])


def _name_part(folder: str) -> str:
    return folder.rpartition("-")[2]


def folder_name(digest: str, name: str) -> str:
    """Name of a payload's folder, from its content hash and its name."""
    return f"{digest[:32]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(folder: Path) -> dict[str, Any] | None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return json.loads((folder / "manifest.json").read_text())
    return None


def _replace(path: Path, content: bytes) -> None:
    """Other content in place of a file's, whole or not at all."""
    aside = path.with_suffix(".rewritten")
    aside.write_bytes(content)
    _sync(aside)
    aside.replace(path)


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(MAGIC))


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
