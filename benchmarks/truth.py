"""Every figure that the demo merchant's truth tells, for 20 merchants, against the registry's answer. Not here: what the truth says (truth_figures)."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.truth_figures import AS_OF, END, expected
from pipelines.demo import generate
from pipelines.demo.world import CHANNELS
from pipelines.metrics import metric
from pipelines.metrics.ask import Question, answer
from pipelines.warehouse.snapshots import current, open_snapshot

SEEDS, ORDERS, DAYS = 20, 2_500, 200
Figure = float | Decimal | None
PERCENTILES = ("p50", "p90", "p95")
# What the demo's files don't tell (when suppliers send is among it), what rests on a forecast or on demand as the model sees it,
# and suppliers: the truth has no purchase orders and receipts beside those in the files
UNTOLD = {
    "to_refunded_hours", "chargeback_amount",  # the demo refunds what comes back at once, and no bank takes anything back
    "to_allocated_hours", "to_picked_hours", "to_packed_hours", "to_first_scan_hours", "order_confirmed_hours", "shipping_confirmed_hours",
    "delivery_confirmed_hours", "payout_residual_amount", "excess_value", "dead_stock_value", "stocked_out_positions", "in_stock_rate",
    "in_transit_units", "estimated_unit_fill_rate", "availability_rate", "supplier_otif_rate", "supplier_fill_rate", "supplier_lead_time_days",
    "forecast_wape", "forecast_bias", "forecast_value_added", "forecast_coverage_80_rate",
}  # fmt: skip


def measure(seeds: int = SEEDS) -> Iterator[str]:
    """How many figures of how many merchants differ from the truth, each named."""
    compared, wrong = 0, []
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            demo, home = Path(folder) / "demo", Path(folder) / "home"
            generate(demo, orders=ORDERS, days=DAYS, seed=seed, end=END)
            settings = {"FULCAST_HOME": str(home), "FULCAST_INPUT": str(demo / "inbox"), "FULCAST_AS_OF": AS_OF.isoformat()}
            fulcast = Path(sys.executable).with_name("fulcast")
            subprocess.run([fulcast, "run"], env=os.environ | settings, capture_output=True, check=False)
            with open_snapshot(current(home / "snapshots")) as connection:
                for name, right, found in (*compare(demo / "truth", connection), *compare_channels(demo / "truth", connection)):
                    compared += 1
                    if differs(right, found):
                        wrong.append(f"seed {seed}: {name} {found} instead of {right}")
    yield f"{seeds} demo merchants, {compared} figures against the truth: {len(wrong)} wrong"
    yield from wrong


def compare(truth: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Figure, Figure]]:
    """Each figure's name, its value by the truth, and the registry's answer; of a distribution three."""
    for name, right in expected(truth).items():
        yield from _parts(name, right, answer(connection, Question(metric(name))).row(0, named=True))


def compare_channels(truth: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Figure, Figure]]:
    """The same of each channel by itself."""
    answers: dict[str, dict[str, dict[str, Any]]] = {}
    for channel in CHANNELS:
        for name, right in expected(truth, channel.code).items():
            if name not in answers:
                rows = answer(connection, Question(metric(name), ("channel",))).iter_rows(named=True)
                answers[name] = {row["channel"]: row for row in rows}
            yield from _parts(f"{channel.code} {name}", right, answers[name].get(channel.code, {}))


def _parts(name: str, right: Any, row: dict[str, Any]) -> Iterator[tuple[str, Figure, Figure]]:
    if isinstance(right, tuple):
        yield from ((f"{name} {part}", value, row.get(part)) for part, value in zip(PERCENTILES, right, strict=True))
    else:
        yield name, right, row.get("value", 0 if right == 0 else None)  # a channel without rows is not told


def differs(right: Figure, found: Figure) -> bool:
    """Whether two figures are not the same to the last digit of a double."""
    return right is not found if right is None or found is None else abs(float(right) - float(found)) > 1e-9
