"""Ten million order lines: every mart made whole, beside the same sums in one SQL script; a refresh after ten thousand changed lines;
what pages ask of the snapshot."""

import inspect
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np

from benchmarks.apart import apart
from benchmarks.bigledger import AS_OF, make
from dashboards.filters import Chosen
from dashboards.queries import best_sellers, fulfilment, today
from pipelines.defs.marts import GROUPS, make_step
from pipelines.metrics import all_metrics
from pipelines.metrics.ask import Question, answer
from pipelines.warehouse import touched
from pipelines.warehouse.duckdb import Warehouse

LINES, CHANGED, REPEATS = 10_000_000, 10_000, 5
PEER = Path(__file__).with_name("peer.sql")
RUN: Any = SimpleNamespace(
    as_of=AS_OF, as_of_date=AS_OF.date(), config=SimpleNamespace(merchant=SimpleNamespace(default_location="W0"))
)
STEPS = {step: names for step, names in GROUPS.items() if step != "inventory_health"}  # that one rests on the forecast


def measure(lines: int = LINES) -> Iterator[str]:
    """Seconds and memory of both rebuilds, seconds of refreshes at a tenth and at the whole, and of queries."""
    folder = Path(tempfile.mkdtemp(prefix="fulcast-marts-", dir="/var/tmp"))
    try:
        sizes = (lines // 10, lines)
        paths = [folder / str(size) / "warehouse.duckdb" for size in sizes]
        for size, path in zip(sizes, paths, strict=True):
            make(path, size)
            whole, memory = apart(_whole, path)
            yield f"{size:,} lines: every mart made whole in {whole:.1f} s, peak memory {memory:.2f} GiB (promised 8)"
        turns = [[apart(_refresh, path)[0] for path in paths] for _ in range(REPEATS)]
        small, large = np.median(turns, axis=0)
        scattered, _ = apart(_refresh_scattered, path)
        peer, _ = apart(_peer, path)
        yield f"  peer: the same facts and figures in one DuckDB script: {peer:.1f} s; ratio {whole / peer:.2f} (promised 3)"
        yield f"refresh after {CHANGED:,} changed lines (95 % of the last 14 days), median of {REPEATS} by turns: {small:.1f} s among {lines // 10:,} and {large:.1f} s among {lines:,} (promised 5); ratio {large / small:.2f} (promised 1.5)"  # noqa: E501
        yield f"  scattered over two years: {scattered:.1f} s, {scattered / whole:.2f} of the full rebuild (promised: never more than 1)"
        yield from _queries(path, lines)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _whole(path: Path) -> None:
    warehouse = Warehouse(path)
    with warehouse.open() as connection:
        connection.execute("DELETE FROM fact_states").fetchall()
    _make(warehouse, (*STEPS,))


def _make(warehouse: Warehouse, steps: tuple[str, ...]) -> None:
    run: Any = SimpleNamespace(**vars(RUN), warehouse=warehouse)
    for step in steps:
        make_step(run, step)


def _refresh(path: Path) -> None:
    """Units of ten thousand lines change, 95 % of them ordered in the last 14 days and the others in the last 90."""
    recent, older = (f"ordered_at >= TIMESTAMPTZ '{(AS_OF - timedelta(days=days)).isoformat()}'" for days in (14, 90))
    orders = CHANGED // 2
    _change(
        path,
        f"""
        (SELECT channel, order_id FROM orders WHERE {recent} ORDER BY hash(order_id) LIMIT {int(orders * 0.95)})
        UNION ALL (SELECT channel, order_id FROM orders WHERE {older} AND NOT {recent} ORDER BY hash(order_id) LIMIT {orders - int(orders * 0.95)})
    """,
    )


def _refresh_scattered(path: Path) -> None:
    """Units of ten thousand lines change, ordered at any time of the two years."""
    _change(path, f"SELECT channel, order_id FROM orders ORDER BY hash(order_id || 'scattered') LIMIT {CHANGED // 2}")


def _change(path: Path, orders: str) -> None:
    """One more unit on every line of these orders, and all that is refreshed by day."""
    warehouse = Warehouse(path)
    with warehouse.open() as connection:
        connection.execute(f"CREATE TEMP TABLE changing AS {orders}").fetchall()
        touched.tell(connection, "SELECT channel, order_id FROM changing", CHANGED // 2)
        connection.execute(
            "UPDATE order_lines SET ordered_units = ordered_units + 1, gross_amount = gross_amount + unit_price_amount, "
            "net_amount = net_amount + unit_price_amount "
            "WHERE (channel, order_id) IN (SELECT channel, order_id FROM changing)"
        ).fetchall()
    _make(warehouse, tuple(step for step in STEPS if step != "nightly"))


def _peer(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"SET TimeZone = 'UTC'; SET VARIABLE as_of = TIMESTAMPTZ '{AS_OF.isoformat()}'").fetchall()
        for statement in PEER.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                connection.execute(statement).fetchall()


def _queries(path: Path, lines: int) -> Iterator[str]:
    """Each page's queries and each metric, over 28 days, five times each."""
    day = AS_OF.date()
    chosen = Chosen(day - timedelta(days=28), day - timedelta(days=1), (("channel", ("c0",)),), "last year")
    given = {"chosen": chosen, "group": "SKU", "sku": "s1"}
    taken: dict[str, list[float]] = {}
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'").fetchall()
        connection.execute(f"CREATE OR REPLACE TABLE run_info AS SELECT TIMESTAMPTZ '{AS_OF.isoformat()}' AS as_of").fetchall()
        for module in (today, best_sellers, fulfilment):
            for name, query in inspect.getmembers(module, inspect.isfunction):
                if query.__module__ == module.__name__ and not name.startswith("_"):
                    wanted = [given[p] for p in list(inspect.signature(query).parameters)[1:]]
                    taken[f"{module.__name__.split('.')[-1]}.{name}"] = [
                        _seconds(lambda q=query, w=wanted: q(connection, *w)) for _ in range(REPEATS)
                    ]
        for one in all_metrics():
            if one.subject != "stock":
                asked = Question(one, (), chosen.since, chosen.until)
                taken[one.name] = [_seconds(lambda asked=asked: answer(connection, asked)) for _ in range(REPEATS)]
    p95 = np.percentile([second for seconds in taken.values() for second in seconds], 95)
    slowest = sorted(taken.items(), key=lambda item: -max(item[1]))[:5]
    yield (
        f"{len(taken)} queries of pages and metrics on the {lines:,} lines: p95 {1000 * p95:.0f} ms (promised 300); slowest: "
        + ", ".join(f"{name} {1000 * max(seconds):.0f} ms" for name, seconds in slowest)
    )


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
