"""How fast stock is simulated and decided. `python -m benchmarks stock_speed`.

Here: 10,000 SKUs over two years of days in 50 sampled futures; a million SKU-locations from stored daily forecasts to explained suggestions, read
from and written to DuckDB. Not here: whether the decisions are good (vn2).
"""

import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.apart import apart
from models import levels, reorder
from models.forecast.engine import LEVELS
from models.forecast.paths import whole_paths
from models.protection import Moments, interval_moments
from models.simulate import MinMax, Shelf, simulate

SKUS, DAYS, FUTURES, AT_A_TIME = 10_000, 730, 50, 200
SERIES, HORIZON, REVIEW = 1_000_000, 28, 7
HOLDING_RATE, MARGIN, TOGETHER = 0.25, 0.5, 0.15
PARTS = 20
CUTOFF = date(2026, 11, 22)


def measure() -> Iterator[str]:
    """Seconds and peak memory of both, in a process of their own."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        seconds, memory = apart(simulate_many, place)
        yield (
            f"{SKUS:,} SKUs × {DAYS} days × {FUTURES} futures drawn and played, random lead times: {seconds:.0f} s, "
            f"peak memory {memory:.2f} GiB (promised 60 s)"
        )
        store(place)
        seconds, memory = apart(decide_many, place)
        yield f"{SERIES:,} SKU-locations from daily forecasts to explained suggestions: {seconds:.0f} s, peak memory {memory:.2f} GiB (promised 60 s, 8 GiB)"
        with duckdb.connect(str(place / "stock.duckdb"), read_only=True) as connection:
            rows = connection.sql("SELECT count(*), sum(order_quantity_units) FROM suggestions").fetchall()[0]
        yield f"  {rows[0]:,} suggestions, {rows[1]:,} units"


def simulate_many(_: Path) -> None:
    """Futures are drawn from each SKU's daily quantiles and played at once, some SKUs at a time."""
    rng = np.random.default_rng(0)
    mean, found = rng.gamma(1.0, 2.0, SKUS), []
    for start in range(0, SKUS, AT_A_TIME):
        part = mean[start : start + AT_A_TIME]
        n, one = len(part), np.ones(len(part))
        spread = np.maximum(
            part[:, None] + np.sqrt(part)[:, None] * np.array([-1.6, -1.3, -0.7, -0.1, 0.6, 1.3, 1.8, 2.2, 2.8]), 0
        )
        demand = whole_paths(spread[:, None, :], LEVELS, 0.1, FUTURES, DAYS, one > 0, rng)
        shelf = Shelf(21 * part, np.zeros((n, 0)), rng.integers(5, 20, (n, 20)), 0.01 * one, one, one, review=7)
        found.append(simulate(MinMax(20 * part, 27 * part), shelf, demand, seed=start))
    played = pl.concat(found)
    if not (played.height == SKUS and played["demand_units"].sum() > played["served_units"].sum() > 0):
        raise RuntimeError("The futures were not played: somebody has to be served, and not everybody can be.")


def store(place: Path) -> None:
    """A merchant's daily forecasts, positions and terms, and last night's suggestions, as tables."""
    with duckdb.connect(str(place / "stock.duckdb")) as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(f"""CREATE TABLE positions AS SELECT i::INTEGER AS series, 'SKU-' || i % 100000 AS sku, 'L' || i // 100000 AS location_id,
            (random() * 60)::INTEGER AS on_hand_units, (random() * 10)::INTEGER AS allocated_units, (random() * 30)::INTEGER AS on_order_units,
            (random() * 2)::INTEGER AS backordered_units, (random() * 3)::INTEGER AS decided_units, 0 AS transfer_units,
            5 + random() * 25 AS lead_time_days, random() * 6 AS lead_time_std_days, (1 + random() * 20)::INTEGER AS moq_units,
            (1 + random() * 6)::INTEGER AS case_pack_units, 1 + random() * 30 AS unit_cost_amount, (random() * 40)::INTEGER AS last_quantity_units
            FROM range({SERIES}) t(i)""")
        connection.execute(f"""CREATE TABLE daily_forecasts AS SELECT i::INTEGER AS series, d::TINYINT AS day, (level * (0.8 + 0.4 * random()))::FLOAT
            AS mean_units, (sqrt(level) * 1.3)::FLOAT AS std_units
            FROM (SELECT i, -ln(random() + 1e-9) * 1.5 AS level FROM range({SERIES}) t(i)), range({HORIZON}) u(d)""")


def decide_many(place: Path) -> None:
    """Read, decide and write, a part of the series at a time, in one transaction."""
    with duckdb.connect(str(place / "stock.duckdb")) as connection:
        connection.execute("SET memory_limit = '4GB'; SET threads = 2")
        connection.execute("BEGIN")
        for part in range(PARTS):
            low, high = SERIES * part // PARTS, SERIES * (part + 1) // PARTS
            rows = connection.sql(f"""
                WITH share AS (SELECT f.series, mean_units, std_units, greatest(least(lead_time_days + {REVIEW} - day, 1), 0) AS interval,
                    greatest(least(lead_time_days - day, 1), 0) AS lead, day < {REVIEW} AS review FROM daily_forecasts f JOIN positions USING (series)
                    WHERE f.series >= {low} AND f.series < {high}),
                summed AS (SELECT series, avg(mean_units) AS daily_units, {", ".join(_sums(part) for part in ("lead", "interval", "review"))}
                    FROM share GROUP BY series)
                SELECT * FROM positions JOIN summed USING (series) WHERE series >= {low} AND series < {high} ORDER BY series""").pl()
            made = suggestions(rows)  # noqa: F841  (read by name)
            connection.execute(f"{'CREATE TABLE suggestions AS' if part == 0 else 'INSERT INTO suggestions'} SELECT * FROM made")
        connection.execute("COMMIT")


def suggestions(rows: pl.DataFrame) -> pl.DataFrame:
    """Suggested orders with every field of their explanation."""
    f = {name: rows[name].to_numpy().astype(np.float64) for name in rows.columns if rows[name].dtype.is_numeric()}
    known, one = moments(f), np.ones(rows.height)
    holding, shortage = f["unit_cost_amount"] * HOLDING_RATE / 365, f["unit_cost_amount"] * MARGIN
    aim = levels.Aim(np.full(rows.height, levels.COST), one, holding, shortage, 0 * one, REVIEW * one, one, one > 0, np.inf * one)
    level = levels.least_levels(known, aim)
    rows = rows.with_columns(
        available_units=(pl.col("on_hand_units") - pl.col("allocated_units")).clip(0), mean_demand_units=known.interval_units,
        safety_stock_units=level - known.interval_units, order_up_to_level_units=level.astype(np.int64),
        reorder_point_units=np.maximum(level - 1, 0).astype(np.int64), cycle_service_level=known.chances(level, one)[1],
        unit_fill_rate=levels.fill_rates(known, level, one),
    )  # fmt: skip
    rows = reorder.suggest_orders(rows)
    position = rows["inventory_position_units"].to_numpy().astype(np.float64)
    after = position + rows["order_quantity_units"].to_numpy()
    cover = np.maximum(rows["available_units"].to_numpy(), 0) / np.maximum(f["daily_units"], 1e-6)
    return rows.with_columns(
        now_amount=levels.expected_amounts(known, after, aim),
        waiting_amount=levels.expected_amounts(known, position, aim),
        stock_out_date=reorder.stock_out_dates(cover, 365.0, CUTOFF),
        changed_units=pl.col("order_quantity_units") - pl.col("last_quantity_units"),
        reason=reorder.reasons(rows),
    )


def moments(f: dict[str, NDArray[np.float64]]) -> Moments:
    """Of lead time, lead time and review, and review; beyond the stored horizon demand goes on as within it."""
    parts = []
    for name, days, std in (("lead", f["lead_time_days"], f["lead_time_std_days"]),
                            ("interval", f["lead_time_days"] + REVIEW, f["lead_time_std_days"]),
                            ("review", np.full(len(f["series"]), float(REVIEW)), 0 * f["lead_time_std_days"])):  # fmt: skip
        stretch = days / np.minimum(days, HORIZON)
        units, variance, shared = (f[f"{name}_{figure}"] * stretch for figure in ("units", "variance", "std"))
        parts += interval_moments(units, (1 - TOGETHER) * variance, np.sqrt(TOGETHER) * shared, f["daily_units"], std)
    return Moments(*parts)


def _sums(part: str) -> str:
    return f"""sum({part}::FLOAT * mean_units) AS {part}_units, sum({part}::FLOAT * std_units * std_units) AS {part}_variance,
        sum({part}::FLOAT * std_units) AS {part}_std"""
