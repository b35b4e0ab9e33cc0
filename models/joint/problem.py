"""What a joint order is chosen from and by: candidate quantities with their values, limits, the plan. Not here: choosing (ranking, exact)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
RESOURCES = ("amount", "volume", "weight", "units")
BUDGET, MINIMUM = "budget", "supplier minimum"  # limits that can keep every order from going out
EDGE = 1e-9  # of a limit: sums of binary floats that pass it by less than this keep it


@dataclass(frozen=True)
class Limits:
    """What an order must keep to; what isn't given doesn't limit.

    minimum_amount, minimum_units: the least that the supplier accepts; budget_amount: the most to spend. A container (truck) holds
    container_volume (m³) and container_weight (kg), costs container_amount once started, and at most `containers` can be had;
    least_fill_rate of all containers' volume must be used (of their weight, where no volume is given). order_amount: cost of placing it.
    """

    minimum_amount: float = 0.0
    budget_amount: float = np.inf
    container_volume: float = np.inf
    container_weight: float = np.inf
    container_amount: float = 0.0
    containers: int | None = None
    least_fill_rate: float = 0.0
    order_amount: float = 0.0
    minimum_units: float = 0.0

    @property
    def has_containers(self) -> bool:
        """Whether goods go in containers that are counted."""
        return bool(np.isfinite(self.container_volume) or np.isfinite(self.container_weight))

    def within(self, containers: int) -> tuple[Array, Array]:
        """Least and most amount, volume, weight and units of an order in so many containers."""
        each = np.array([self.container_volume, self.container_weight])
        room = np.where(np.isfinite(each), np.where(np.isfinite(each), each, 0.0) * containers, np.inf)
        filled = self.least_fill_rate * np.where(np.isfinite(room), room, 0.0)
        if np.isfinite(room[0]):
            filled[1] = 0.0
        return np.array([self.minimum_amount, *filled, self.minimum_units]), np.array([self.budget_amount, *room, np.inf])

    def fixed_amount(self, containers: int) -> float:
        """Cost of placing the order and of its containers."""
        return self.order_amount + self.container_amount * containers


@dataclass(frozen=True)
class Candidates:
    """Each SKU's quantities in a row, the first of which is nothing; shorter rows end in quantities that are never worth it.

    value: (SKUs, quantities) money that ordering so much now earns beyond ordering nothing. use: (4, SKUs, quantities) amount, volume,
    weight, units. row: the quantity's row in the frame they come from, −1 for nothing.
    """

    value: Array
    use: Array
    row: Index

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "Candidates":
        """From one row per SKU and quantity: sku, value_amount, amount; volume and weight where containers limit, units where a minimum does."""
        numbered = frame.with_row_index("row").with_columns(sku_number=pl.col("sku").rank("dense") - 1)
        numbered = numbered.with_columns(place=pl.int_range(1, pl.len() + 1).over("sku_number"))
        at = numbered["sku_number"].to_numpy().astype(np.int64), numbered["place"].to_numpy()
        shape = (int(at[0].max()) + 1, int(at[1].max()) + 1) if frame.height else (0, 1)
        value, row, use = np.full(shape, -np.inf), np.full(shape, -1), np.zeros((len(RESOURCES), *shape))
        value[:, 0] = 0.0
        value[at] = frame["value_amount"].cast(pl.Float64).to_numpy()
        row[at] = np.arange(frame.height)
        for place, name in enumerate(RESOURCES):
            if name in frame.columns:
                use[(place, *at)] = frame[name].cast(pl.Float64).to_numpy()
        return cls(value, use, row)

    def value_of(self, chosen: Index) -> float:
        """Value of one choice per SKU."""
        return float(self.value[np.arange(len(chosen)), chosen].sum())

    def use_of(self, chosen: Index) -> Array:
        """Amount, volume, weight and units of one choice per SKU."""
        return np.asarray(self.use[:, np.arange(len(chosen)), chosen].sum(axis=1))


class Choice(NamedTuple):
    """One quantity per SKU in so many containers, its value after fixed costs, and a value that no order can exceed."""

    chosen: Index
    containers: int
    value: float
    bound: float

    @property
    def gap_rate(self) -> float:
        """How far the value may lie below the best: (bound − value) ÷ bound."""
        return max(self.bound - self.value, 0.0) / self.bound if self.bound > 0 else 0.0


def nothing(candidates: Candidates, bound: float = 0.0) -> Choice:
    """Ordering nothing, which costs and earns nothing."""
    return Choice(np.zeros(len(candidates.value), dtype=np.int64), 0, 0.0, max(bound, 0.0))


def excess(use: Array, low: Array, high: Array) -> Array:
    """How far amount, volume, weight and units (first axis) break their limits, as shares of these, summed."""
    shape = (len(RESOURCES),) + (1,) * (use.ndim - 1)
    low, high = low.reshape(shape), high.reshape(shape)
    above = np.where(np.isfinite(high), np.maximum(use - high, 0) / np.where(np.isfinite(high) & (high > 0), high, 1.0), 0.0)
    below = np.maximum(low - use, 0) / np.where(low > 0, low, 1.0)
    broken = above + below
    return np.asarray(np.where(broken > EDGE, broken, 0.0).sum(axis=0))


def impossible(candidates: Candidates, limits: Limits) -> str:
    """The limit that keeps every order from going out, BUDGET or MINIMUM; empty where none does.

    Example: nothing costs less than 150, the budget is 100: "budget".
    """
    amount, units = candidates.use[0], candidates.use[3]
    least = amount[(candidates.row >= 0) & (amount > 0)].min(initial=np.inf)
    if limits.budget_amount < max(limits.minimum_amount, least):
        return BUDGET
    most_amount, most_units = (float(used.max(axis=1, initial=0.0).sum()) for used in (amount, units))
    return MINIMUM if most_amount < limits.minimum_amount or most_units < limits.minimum_units else ""


def binding(candidates: Candidates, choice: Choice, limits: Limits) -> list[str]:
    """Names of the limits that the order stands at: another unit of anything larger than the slack would break them."""
    if choice.value <= 0 and not choice.chosen.any():
        return []
    used = candidates.use_of(choice.chosen)
    low, high = limits.within(choice.containers)
    steps = np.array([np.min(u[u > 0], initial=np.inf) for u in candidates.use])
    upper = [
        name
        for name, u, h, step in zip(("budget", "container volume", "container weight", "units"), used, high, steps, strict=True)
        if u + step > h
    ]
    lower = [
        name
        for name, u, at_least, step in zip(
            ("supplier minimum", "fill", "fill", "supplier minimum"), used, low, steps, strict=True
        )
        if 0 < at_least > u - step
    ]
    return upper + sorted(set(lower))
