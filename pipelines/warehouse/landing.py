"""Landing: each payload exactly as received. Here: files kept whole by content hash. Not here: what they mean."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pipelines.channels.files import Payload
from pipelines.channels.mapping import Feed


class Landing:
    """Append-only store of files: `<feed>/<hash>/<name>`, finished by a rename, with a manifest beside each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, feed: Feed, file: Path, name: str, fetched_at: datetime) -> Payload | None:
        """Keeps a copy of `file`; None when the same content under the same name is there already."""
        digest = file_hash(file)
        target = self._place(feed, digest, name)
        if target.exists():
            return None
        aside = self.folder / f".partial-{os.getpid()}"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        shutil.copyfile(file, aside / "payload")
        landed = file_hash(aside / "payload")
        if landed != digest:  # the file grew while it was read
            digest, target = landed, self._place(feed, landed, name)
        manifest = {
            "feed": feed.name,
            "channel": feed.channel,
            "object": feed.table,
            "name": name,
            "sha256": digest,
            "fetched_at": fetched_at.isoformat(),
        }
        (aside / "manifest.json").write_text(json.dumps(manifest, indent=1))
        for part in aside.iterdir():
            _sync(part)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            aside.rename(target)
        except OSError:
            if not target.exists():
                raise
            shutil.rmtree(aside)  # another process landed it meanwhile
            return None
        return Payload(target / "payload", name, digest)

    def payloads(self, feed: Feed) -> Iterator[Payload]:
        """Finished payloads of a feed, in the order of their names."""
        manifests = [json.loads(path.read_text()) for path in (self.folder / feed.name).glob("*/manifest.json")]
        for manifest in sorted(manifests, key=lambda m: (m["name"], m["sha256"])):
            yield Payload(
                self._place(feed, manifest["sha256"], manifest["name"]) / "payload", manifest["name"], manifest["sha256"]
            )

    def refuse(self, feed: Feed, payload: Payload) -> None:
        """Sets aside a payload that can't be read; while its file stays where the merchant put it, the next run tries it again."""
        aside = self.folder / ".refused" / feed.name / payload.path.parent.name
        shutil.rmtree(aside, ignore_errors=True)
        aside.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another process refused it meanwhile
            payload.path.parent.rename(aside)

    def _place(self, feed: Feed, digest: str, name: str) -> Path:
        name_hash = hashlib.sha256(name.encode()).hexdigest()[:8]
        return self.folder / feed.name / f"{digest[:32]}-{name_hash}"


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
