"""What a supplier's lines are worth at every quantity, and the basket of them that keeps the supplier's limits. Here: from levels to candidates.

Not here: choosing (order), levels of one SKU. A line is a SKU at a location; its demand over the protection interval is gamma distributed.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from models.joint.order import JointOrder, joint_order
from models.joint.problem import Limits
from models.joint.values import allowed_quantities
from models.quantity import YEARS_OF_DEMAND, paid_amount

Array = NDArray[np.float64]
DAYS_OF_YEAR = 365.0
LEAST_CHANCE = 1e-4  # of a level's being too low: below it a missing unit's worth would be made of nothing


def decided_basket(lines: pl.DataFrame, limits: Limits, seconds: float = 10.0) -> JointOrder | None:
    """The basket that is worth most within the limits; None where what each line orders alone keeps them and nothing is gained by more.

    lines: as `candidates`, with order_quantity_units alone. Orders that go out in containers, or cost something to place, are always
    decided together: room that is paid for may be worth filling.
    """
    alone = lines.filter(pl.col("order_quantity_units") > 0)
    has_fixed_costs = limits.has_containers or limits.order_amount > 0
    if alone.is_empty() or (not has_fixed_costs and _keeps(alone, limits)):
        return None
    return joint_order(candidates(lines, limits), limits, seconds)


def _keeps(alone: pl.DataFrame, limits: Limits) -> bool:
    amount, units = _paid(alone).sum(), alone["order_quantity_units"].sum()
    return limits.minimum_amount <= amount <= limits.budget_amount and units >= limits.minimum_units


def candidates(lines: pl.DataFrame, limits: Limits | None = None) -> pl.DataFrame:
    """One row per line and quantity that may be ordered: sku (the line), order_quantity_units, value_amount, amount, volume, weight, units.

    lines: line, inventory_position_units, order_up_to_level_units, mean_demand_units, expected_lost_units, demand_std_units,
    protection_interval_days, order_quantity_units, moq_units, case_pack_units, unit_cost_amount, holding_rate, shortage_amount,
    yearly_demand_units; may be blank:
    pallet_units, price_break_units, price_break_cost_amount, unit_volume_m3, unit_weight_kg, shelf_life_units, storage_units.

    A quantity's value is the expected cost that it saves against ordering nothing (`interval_costs`), and what a price break saves. What a
    missing unit costs is what makes the line's own order-up-to level the best: levels, however they were set, are not judged again. Where a missing
    unit costs more than that (shortage_amount), units up to the level are worth so much more: a service aimed at is no reason to wait at an empty shelf.
    """
    rows = lines.with_columns(order_quantity_units=_quantities(lines, _intervals(lines, limits or Limits()))).explode(
        "order_quantity_units", empty_as_null=False
    )
    held = rows["unit_cost_amount"].cast(pl.Float64).to_numpy() * rows["holding_rate"].to_numpy() / DAYS_OF_YEAR
    demand = _Demand.of(rows)
    position, units, up_to = (
        rows[name].cast(pl.Float64).to_numpy()
        for name in ("inventory_position_units", "order_quantity_units", "order_up_to_level_units")
    )
    missed = held * demand.left(up_to) / demand.daily / np.maximum(demand.chance_above(up_to), LEAST_CHANCE)
    saved = demand.interval_costs(position, held, missed) - demand.interval_costs(position + units, held, missed)
    dearer = np.maximum(rows["shortage_amount"].cast(pl.Float64).to_numpy() - missed, 0.0)
    saved += dearer * (demand.missing(position) - demand.missing(np.maximum(np.minimum(position + units, up_to), position)))
    paid = _paid(rows).to_numpy()
    cheaper = rows["unit_cost_amount"].cast(pl.Float64).to_numpy() * units - paid
    return rows.select(
        "order_quantity_units", sku="line", value_amount=pl.Series(saved + cheaper), amount=pl.Series(paid), units=pl.Series(units),
        volume=pl.col("unit_volume_m3").fill_null(0) * pl.col("order_quantity_units"),
        weight=pl.col("unit_weight_kg").fill_null(0) * pl.col("order_quantity_units"),
    )  # fmt: skip


def _intervals(lines: pl.DataFrame, limits: Limits) -> float:
    """How many intervals' demand beyond the levels may be ordered: one, and as many more as the supplier's minimum or the least fill takes.

    Example: levels lack 30 units in all, an interval sells 20, the minimum is 70: 2 for the minimum and 1 to choose among, 3.
    """
    gap = (pl.col("order_up_to_level_units") - pl.col("inventory_position_units")).clip(0)
    volume, fill = pl.col("unit_volume_m3").fill_null(0.0), limits.least_fill_rate * limits.container_volume
    asked = [
        (pl.col("unit_cost_amount").cast(pl.Float64), limits.minimum_amount), (pl.lit(1.0), limits.minimum_units),
        (volume, fill if np.isfinite(fill) else 0.0),
    ]  # fmt: skip
    needed = [0.0]
    for each, least in asked:
        there, sold = lines.select(
            (each * gap).sum().alias("there"), (each * pl.col("mean_demand_units")).sum().alias("sold")
        ).row(0)
        needed.append((least - there) / sold if sold > 0 else 0.0)
    return 1.0 + max(needed)


def _quantities(lines: pl.DataFrame, intervals: float) -> pl.Series:
    """Per line what may be ordered: its own order, and up to so many intervals' demand beyond its level, as far as shelf life and room go."""
    gap = pl.col("order_up_to_level_units") - pl.col("inventory_position_units")
    most = pl.min_horizontal(gap + intervals * pl.col("mean_demand_units"), YEARS_OF_DEMAND * pl.col("yearly_demand_units"))
    caps = pl.min_horizontal("shelf_life_units", "storage_units")
    asked = lines.select(
        most.clip(0), caps, "moq_units", "case_pack_units", "pallet_units", "price_break_units", "order_quantity_units"
    )
    lists = []
    for far, cap, moq, pack, pallet, step, own in asked.iter_rows():
        found = allowed_quantities(max(far, own), moq, pack, pallet, (step,) if step else ())
        found = found[found <= (np.inf if cap is None else cap)]
        lists.append(sorted({*found.tolist(), *([own] if own else [])}))
    return pl.Series("order_quantity_units", lists, dtype=pl.List(pl.Int64))


def _paid(rows: pl.DataFrame) -> pl.Series:
    return rows.select(paid=paid_amount("order_quantity_units").cast(pl.Float64))["paid"]


class _Demand:
    """Gamma distributed demand over each row's interval: what the line's stock answers for, without what is lost before."""

    def __init__(self, mean: Array, std: Array, daily: Array) -> None:
        self.mean, self.daily = np.maximum(mean, 1e-9), np.maximum(daily, 1e-9)
        self.shape = (self.mean / std) ** 2
        self.scale = self.mean / self.shape

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "_Demand":
        names = (
            "mean_demand_units",
            "expected_lost_units",
            "demand_std_units",
            "protection_interval_days",
        )
        mean, lost, std, days = (rows[name].cast(pl.Float64).to_numpy() for name in names)
        poisson = np.sqrt(np.maximum(mean - lost, 1e-9))
        return cls(mean - lost, np.maximum(std, poisson), mean / days)

    def chance_above(self, level: Array) -> Array:
        return np.asarray(special.gammaincc(self.shape, np.maximum(level, 0) / self.scale))

    def missing(self, level: Array) -> Array:
        """E[(D − level)⁺]."""
        return self.mean - level + self.left(level)

    def left(self, level: Array) -> Array:
        """E[(level − D)⁺]."""
        x = np.maximum(level, 0)
        return np.asarray(
            x * special.gammainc(self.shape, x / self.scale) - self.mean * special.gammainc(self.shape + 1, x / self.scale)
        )

    def left_squared(self, level: Array) -> Array:
        """E[((level − D)⁺)²]."""
        x = np.maximum(level, 0)
        below, once, twice = (special.gammainc(self.shape + more, x / self.scale) for more in (0, 1, 2))
        return np.asarray(x**2 * below - 2 * x * self.mean * once + self.mean * (self.mean + self.scale) * twice)

    def interval_costs(self, level: Array, held: Array, missed: Array) -> Array:
        """Expected cost of reaching the interval's end with what is left of `level`: y units left are held y²/2d days, a missing one costs `missed`.

        held: of one unit a day; d: mean demand a day. Example: level 30, demand surely 20, 1 a day, h 0.01: 10²/2 × 0.01 = 0.5.
        """
        return held * self.left_squared(level) / (2 * self.daily) + missed * self.missing(level)
