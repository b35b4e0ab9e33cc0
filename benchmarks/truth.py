"""Every figure that the demo merchant's truth tells, for 20 merchants: computed from the truth by plain loops, and answered by the registry."""

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import duckdb
import polars as pl

from pipelines.demo import generate
from pipelines.metrics import metric
from pipelines.metrics.ask import Question, answer
from pipelines.warehouse.snapshots import current, open_snapshot

SEEDS, ORDERS, DAYS, END = 20, 2_500, 200, date(2026, 1, 20)
AS_OF = datetime.combine(END + timedelta(days=1), time(6, 30), UTC)
SHIP, ARRIVE = timedelta(hours=48), timedelta(days=7)  # what the demo's mappings promise
WITHOUT_PROMISE = ("stores",)
Row = dict[str, Any]


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
                for name, expected, found in compare(demo / "truth", connection):
                    compared += 1
                    if abs(expected - found) > 1e-9:
                        wrong.append(f"seed {seed}: {name} {found} instead of {expected}")
    yield f"{seeds} demo merchants, {compared} figures against the truth: {len(wrong)} wrong"
    yield from wrong


def compare(truth: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, float, float]]:
    """Each figure's name, its value by the truth, and the registry's answer."""
    for name, value in expected(truth).items():
        metric_name, _, quantile = name.partition(" ")
        found = answer(connection, Question(metric(metric_name))).row(0, named=True)
        yield name, float(value), float(found[quantile or "value"])


def expected(truth: Path) -> dict[str, float]:
    """What the merchant's own record of what really happened says."""
    tables = {
        name: pl.read_parquet(truth / name / "*.parquet").to_dicts()
        for name in ("orders", "order_lines", "shipments", "returns", "payments")
    }
    orders = {(o["channel"], o["order_id"]): o for o in tables["orders"] if not o["is_test"]}
    paid = {key: order for key, order in orders.items() if not order["is_payment_failed"]}
    leaving = _leaving(paid, tables["order_lines"], tables["shipments"])
    sold = {key: units for key, units in _sold(paid, tables["order_lines"]).items() if units}
    back: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in tables["returns"]:
        back[row["channel"], row["order_id"], row["sku"]] += row["returned_units"]
    captured: dict[tuple[str, str], Any] = defaultdict(int)
    for row in tables["payments"]:
        captured[row["channel"], row["order_id"]] += row["amount"] if row["payment_kind"] == "capture" else 0
    channels = {row["channel"] for row in tables["payments"]}
    due = [x for x in leaving if x["promise"] and x["promise"] <= AS_OF]
    arriving = [x for x in leaving if x["channel"] not in WITHOUT_PROMISE and x["arrival"] <= AS_OF]
    hours = _hours(leaving)
    cuts = quantiles(hours, n=20, method="inclusive")
    balance = [order for key, order in orders.items() if key[0] in channels]
    return {
        "orders": len({key[:2] for key in _counted(paid, tables["order_lines"])}),
        "on_time_ship_rate": _share(bool(x["left_at"] and x["left_at"] <= x["promise"]) for x in due),
        "unit_fill_rate": sum(min(x["in_time"], x["due"]) for x in due) / sum(x["due"] + x["refused"] for x in due),
        "on_time_delivery_rate": _share(x["arrived"] >= x["due"] for x in arriving if x["due"]),
        "otif_rate": _share(x["due"] > 0 and not x["refused"] and x["arrived"] >= x["due"] for x in arriving),
        "cancellation_rate": _share(bool(order["is_cancelled"]) for order in orders.values()),
        "return_rate": sum(min(units, back[key]) for key, units in sold.items()) / sum(sold.values()),
        "payment_agreement_rate": _share(abs(captured[o["channel"], o["order_id"]] - o["total_amount"]) < 0.01 for o in balance),
        "placed_to_shipped_hours p50": cuts[9], "placed_to_shipped_hours p90": cuts[17], "placed_to_shipped_hours p95": cuts[18],
    }  # fmt: skip


def _leaving(paid: dict[tuple[str, str], Row], lines: list[Row], shipments: list[Row]) -> list[Row]:
    parcels: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for parcel in shipments:
        if parcel["shipped_at"] <= AS_OF:
            parcels[parcel["channel"], parcel["order_id"], parcel["sku"]].append(parcel)
    units: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in lines:
        if (line["channel"], line["order_id"]) in paid and not line["is_gift_card"]:
            units[line["channel"], line["order_id"], line["sku"]] += line["ordered_units"]
    found = []
    for (channel, order_id, sku), ordered in units.items():
        order, gone = paid[channel, order_id], parcels[channel, order_id, sku]
        due, refused = (0, ordered if order["cancelled_by"] == "seller" else 0) if order["is_cancelled"] else (ordered, 0)
        promise = None if channel in WITHOUT_PROMISE else order["ordered_at"] + SHIP
        shipped = sum(p["shipped_units"] for p in gone)
        if not (due or refused) or not (promise or shipped):
            continue
        arrival = order["ordered_at"] + ARRIVE
        found.append({
            "channel": channel, "order_id": order_id, "ordered_at": order["ordered_at"], "promise": promise, "arrival": arrival, "due": due, "refused": refused,
            "in_time": sum(p["shipped_units"] for p in gone if promise and p["shipped_at"] <= promise),
            "arrived": sum(p["shipped_units"] for p in gone if p["delivered_at"] and p["delivered_at"] <= min(arrival, AS_OF)),
            "left_at": max((p["shipped_at"] for p in gone), default=None) if shipped >= due > 0 else None,
        })  # fmt: skip
    return found


def _hours(leaving: list[Row]) -> list[float]:
    orders: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for line in leaving:
        if line["due"]:
            orders[line["channel"], line["order_id"]].append(line)
    whole = [lines for lines in orders.values() if all(line["left_at"] for line in lines)]
    return [
        float(int((max(line["left_at"] for line in lines) - lines[0]["ordered_at"]).total_seconds())) / 3600 for lines in whole
    ]


def _counted(paid: dict[tuple[str, str], Row], lines: list[Row]) -> list[tuple[str, str]]:
    """Orders with a line that is a sale."""
    return [
        (line["channel"], line["order_id"])
        for line in lines
        if not line["is_gift_card"] and not paid.get((line["channel"], line["order_id"]), {"is_cancelled": True})["is_cancelled"]
    ]


def _sold(paid: dict[tuple[str, str], Row], lines: list[Row]) -> dict[tuple[str, str, str], int]:
    sold: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in lines:
        order = paid.get((line["channel"], line["order_id"]))
        if order and not order["is_cancelled"] and not line["is_gift_card"]:
            sold[line["channel"], line["order_id"], line["sku"]] += line["ordered_units"]
    return sold


def _share(parts: Iterator[bool]) -> float:
    given = list(parts)
    return sum(given) / len(given)
