"""Published snapshots: immutable, versioned copies of the warehouse. Here: publishing and finding the newest. Not here: what pages ask of them."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from pipelines.errors import InputError
from pipelines.operations.files import written_aside
from pipelines.warehouse.duckdb import Warehouse, connect

KEPT = 5
KEPT_FOR = timedelta(hours=24)
POINTER = "current.json"


@dataclass(frozen=True)
class Snapshot:
    """One published version."""

    version: str
    path: Path


def new_version(at: datetime) -> str:
    """A version that sorts by time: 20261123-040012-123456."""
    return at.strftime("%Y%m%d-%H%M%S-%f")


def publish(warehouse: Warehouse, folder: Path, version: str) -> Snapshot:
    """Copies the warehouse aside, syncs it and points to it; old snapshots beyond the last five and 24 hours go."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{version}.duckdb"
    aside = target.with_suffix(f".partial-{os.getpid()}")
    warehouse.copy_to(aside)
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    aside.replace(target)
    with written_aside(folder / POINTER) as pointer:
        pointer.write_text(json.dumps({"version": version}))
    _prune(folder, version)
    return Snapshot(version, target)


def current(folder: Path) -> Snapshot:
    """The newest published snapshot.

    Raises InputError when none was published yet.
    """
    pointer = folder / POINTER
    if not pointer.exists():
        raise InputError(f"No snapshot is published in {folder}; run `fulcast run` first.")
    version = json.loads(pointer.read_text())["version"]
    return Snapshot(version, folder / f"{version}.duckdb")


def open_snapshot(snapshot: Snapshot) -> duckdb.DuckDBPyConnection:
    """A read-only connection to a snapshot; any number of readers may hold one."""
    return connect(snapshot.path, read_only=True)


def _prune(folder: Path, version: str) -> None:
    snapshots = sorted(folder.glob("*.duckdb"), reverse=True)
    oldest_kept = datetime.now(UTC) - KEPT_FOR
    for path in snapshots[KEPT:]:
        if path.stem != version and datetime.fromtimestamp(path.stat().st_mtime, UTC) < oldest_kept:
            path.unlink(missing_ok=True)
    for stale in folder.glob("*.partial-*"):
        if datetime.fromtimestamp(stale.stat().st_mtime, UTC) < oldest_kept:
            stale.unlink(missing_ok=True)
