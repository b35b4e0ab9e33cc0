"""A tiny merchant: export files of a few orders with versions, its ledger as frames, and a plain fold of the same. Not here: what must hold.

Run as a script it plays a scenario with several processes: `merchant.py <scenario> <inbox> <folder of homes>`.
"""

import csv
import os
import random
import signal
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from pipelines.channels.mapping import Config
from pipelines.contracts.base import all_tables
from pipelines.ledger.load import Loaded, land, load
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
HEAD = ("order", "sku", "qty", "price", "at", "v")
Line = tuple[str, ...]
Exports = dict[str, list[Line]]
COLUMNS = {"order_id": "order", "sku": "sku", "ordered_units": "qty", "unit_price_amount": "price", "ordered_at": "at"}


def config(**options: object) -> Config:
    feed = {
        "name": "orders",
        "channel": "web",
        "table": "orders",
        "files": "*.csv",
        "version": {"column": "v"},
        "columns": COLUMNS,
    }
    stock = {"location_id": "where", "sku": "sku", "observed_at": "at", "on_hand_units": "units"}
    counts = {"name": "counts", "table": "stock_levels", "files": "*.tsv", "columns": stock}
    channel = {"name": "web", "time_zone": "Europe/Amsterdam", "currency": "EUR"}
    return Config.model_validate({"merchant": {"name": "tiny"}, "channel": [channel], "feed": [feed | options, counts]})


def write(inbox: Path, exports: Exports) -> None:
    inbox.mkdir(exist_ok=True)
    for name, lines in exports.items():
        with (inbox / name).open("w", newline="") as file:
            csv.writer(file).writerows([HEAD, *lines])


def run(inbox: Path, home: Path, settings: Config | None = None) -> Loaded:
    """One run of the merchant: everything in the inbox is landed, and what is new is loaded."""
    settings = settings or config()
    landing = Landing(home / "landing")
    land(settings, inbox, landing, AT)
    return load(settings, landing, Warehouse(home / "w.duckdb"), b"key", AT)


def ledger(home: Path) -> dict[str, pl.DataFrame]:
    """Every ledger table with every column, rows in the order of their keys; of loads, what does not depend on the order of arrival."""
    names = [t.name for t in all_tables("ledger")]
    frames = Warehouse(home / "w.duckdb").read(*names)
    frames["loads"] = frames["loads"].select("feed", "payload_hash", "file_name", "mapping_hash", "rows_in", "quarantined_rows")
    return {name: frame.sort(frame.columns) for name, frame in frames.items()}


def fold(exports: Exports, order: Iterable[str]) -> dict[str, list[Line]]:
    """Lines of each order in its newest version: of equal versions, of the file whose newest time and then name is last."""
    newest: dict[str, tuple[tuple[str, str, str], list[Line]]] = {}
    for name in order:
        of_file: dict[tuple[str, str], list[Line]] = {}
        for line in exports[name]:
            if line[2].lstrip("-").isdigit():
                of_file.setdefault((line[0], line[5]), []).append(line)
        best = {order_id: max(v for o, v in of_file if o == order_id) for order_id, _ in of_file}
        latest = max((line[4] for (o, v), lines in of_file.items() if v == best[o] for line in lines), default="")
        for order_id, version in best.items():
            rank = (version, latest, name)
            if order_id not in newest or rank > newest[order_id][0]:
                newest[order_id] = (rank, of_file[order_id, version])
    return {order_id: lines for order_id, (_, lines) in newest.items()}


def forked(inbox: Path, home: Path) -> int:
    """A child that makes one run; the parent has never used Polars, so that a fork is safe."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run(inbox, home)
            code = 0
        finally:
            os._exit(code)
    return child


def together(inbox: Path, root: Path) -> None:
    """Two runs at once, twice, each in a home of its own."""
    for attempt in range(2):
        children = [forked(inbox, root / f"home {attempt}") for _ in range(2)]
        print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))


def killed(inbox: Path, root: Path) -> None:
    """Runs killed at 20 random moments, four to a home, which then has a run that nobody disturbs."""
    chance = random.Random(7)
    for number in range(20):
        child = forked(inbox, root / f"home {number // 4}")
        time.sleep(chance.uniform(0.002, 0.35))
        os.kill(child, signal.SIGKILL)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        if number % 4 == 3:
            print(os.waitstatus_to_exitcode(os.waitpid(forked(inbox, root / f"home {number // 4}"), 0)[1]))


if __name__ == "__main__":
    {"together": together, "killed": killed}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
