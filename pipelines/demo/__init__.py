"""A simulated merchant that speaks each channel's own format, with known true demand. Not here: how the formats are read."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

__all__ = ["generate"]


def generate(
    folder: Path,
    *,
    orders: int = 60_000,
    days: int = 730,
    seed: int = 7,
    end: date,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Writes the merchant's files under `folder`/inbox/ and the truth under `folder`/truth/.

    Same arguments give the same bytes. `progress` is told how many days of how many are done. What is there already
    is replaced once everything new is complete.

    Raises ValueError when `orders` is below 1 or `days` below 60.
    """
    if orders < 1:
        raise ValueError(f"The number of orders must be at least 1, not {orders}.")
    if days < 60:
        raise ValueError(f"The simulation needs at least 60 days, not {days}.")
    from pipelines.demo.merchant import run  # numpy and polars stay off the command line's path

    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        run(partial, orders, days, seed, end, progress)
        _replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _replace(partial: Path, folder: Path) -> None:
    """Puts the finished folder in place of what stood there."""
    if not folder.exists():
        partial.replace(folder)
        return
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.old") as old:
        folder.replace(Path(old) / folder.name)
        partial.replace(folder)
