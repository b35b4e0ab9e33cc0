"""How long the whole path takes: on the demo merchant, and on a real record beside the same sums written in plain DuckDB SQL."""

import os
import re
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
        yield _line("fulcast --help", _seconds("--help"), 1)
        yield _line("demo merchant, 60,000 orders, made", _seconds("demo", "--folder", str(home / "demo")), 15)
        demo = {"FULCAST_HOME": str(home / "home"), "FULCAST_INPUT": str(home / "demo" / "inbox")}
        yield _line("first run on it", _seconds("run", **demo), 90)
        yield _line("second run, nothing new", _seconds("run", **demo), 15)
    if not REFERENCE.is_dir():
        yield f"Online Retail II: skipped, no reference data in {REFERENCE}"
        return
    with tempfile.TemporaryDirectory() as folder:
        retail = ("run", "--config", "data/mappings/online_retail_ii.toml", "--home", folder)
        yield _line("Online Retail II, 896,392 rows, whole path", _seconds(*retail), 60)
        yield f"  peer: the same overlap, sums and daily totals in one DuckDB script: {_peer():.1f} s (no record kept, no account of rows)"


def _seconds(*words: str, **settings: str) -> float:
    started = time.perf_counter()
    done = subprocess.run([FULCAST, *words], check=False, env=os.environ | settings, capture_output=True, text=True, cwd=PROJECT)
    if done.returncode:
        raise SystemExit(f"fulcast {' '.join(words)} failed: {done.stderr[-500:]}")
    return time.perf_counter() - started


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


def _line(what: str, seconds: float, promised: float) -> str:
    verdict = "" if seconds < promised else "  MISSED"
    return re.sub(r"\s+$", "", f"{what:<46} {seconds:6.1f} s   promised under {promised:g} s{verdict}")
