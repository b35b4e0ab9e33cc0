"""How long the whole path takes: on the demo merchant, and on a real record beside the same sums written in plain DuckDB SQL."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from pipelines.settings import PROJECT

FULCAST = Path(sys.executable).with_name("fulcast")
REFERENCE = Path(os.environ.get("FULCAST_REFERENCE_DATA", PROJECT.parent / "shared" / "data"))


def measure() -> Iterator[str]:
    """Lines of figure, measured value and promise."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        yield from _timed("fulcast --help", 1, "--help")
        yield from _timed("demo merchant, 60,000 orders, made", 15, "demo", "--folder", str(home / "demo"))
        demo = {"FULCAST_HOME": str(home / "home"), "FULCAST_INPUT": str(home / "demo" / "inbox")}
        yield from _timed("first run on it", 90, "run", **demo)
        yield from _timed("second run, nothing new", 15, "run", **demo)
    if not REFERENCE.is_dir():
        yield f"Online Retail II: skipped, no reference data in {REFERENCE}"
        return
    with tempfile.TemporaryDirectory() as folder:
        retail = ("run", "--config", "data/mappings/online_retail_ii.toml", "--home", folder)
        yield from _timed("Online Retail II, 896,392 rows, whole path", 60, *retail)
        yield f"  peer: the same overlap, sums and daily totals in one DuckDB script: {_peer():.1f} s (no record kept, no account of rows)"


def _timed(what: str, promised: float, *words: str, **settings: str) -> Iterator[str]:
    """The command's time beside its promise, and the time of each stage where it says so."""
    started = time.perf_counter()
    done = subprocess.run([FULCAST, *words], check=False, env=os.environ | settings, capture_output=True, text=True, cwd=PROJECT)
    taken = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"fulcast {' '.join(words)} failed: {done.stderr[-500:]}")
    yield f"{what:<46} {taken:6.1f} s   promised under {promised:g} s" + ("" if taken < promised else "  MISSED")
    stages = done.stdout.strip().splitlines()[-1] if done.stdout else ""
    if ": landing" in stages:
        yield f"  stages, {stages}"


def _peer() -> float:
    started = time.perf_counter()
    files = f"{REFERENCE}/online_retail_ii/retail_2*.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"""
            CREATE TABLE lines AS SELECT *, unit_price::DECIMAL(18, 4) * quantity AS amount FROM (
                SELECT *, max(filename) OVER (PARTITION BY invoice) AS newest FROM read_parquet('{files}', filename = true)
            ) WHERE filename = newest
        """).fetchall()
        connection.execute(
            "CREATE TABLE days AS SELECT invoice_date::DATE AS day, sum(amount), count(*) FROM lines GROUP BY ALL"
        ).fetchall()
    return time.perf_counter() - started
