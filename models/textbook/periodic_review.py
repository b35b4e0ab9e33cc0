"""(s, S): at a review, a position at or below s is filled up to S. Here: exact for counted demand, and the power approximation. Not here: (r, Q)."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.textbook.newsvendor import counted_cost

Array = NDArray[np.float64]


class OrderUpTo(NamedTuple):
    """Reorder point s and order-up-to level S (units), and the expected cost per period."""

    reorder_point: float
    order_up_to_level: float
    cost: float


def order_up_to_cost(
    reorder_point: int, order_up_to_level: int, holding_cost: float, backorder_cost: float, fixed_cost: float, chances: ArrayLike,
    protection_chances: ArrayLike | None = None,
) -> float:  # fmt: skip
    """Expected cost per period of any (s, S): (K + Σ m(j)·G(S−j))/M(S−s) by renewal.

    chances[k]: chance that a period's demand is k. protection_chances: the same for lead time + one period, which the position must
    last for; by default the lead time is 0. Zheng & Federgruen (1991) eq. 1. Example: Poisson 6, h 1, p 4, K 5, (4, 10): 8.034.
    """
    cost = _position_cost(holding_cost, backorder_cost, chances, protection_chances)
    depth = order_up_to_level - reorder_point
    return _average(reorder_point, order_up_to_level, fixed_cost, cost, _renewals(np.asarray(chances, dtype=np.float64), depth))


def order_up_to_exact(
    holding_cost: float, backorder_cost: float, fixed_cost: float, chances: ArrayLike, protection_chances: ArrayLike | None = None
) -> OrderUpTo:
    """The optimal (s, S) by Zheng & Federgruen (1991): s follows S as S rises to where G(S) exceeds the best cost.

    Arguments as `order_up_to_cost`. Example: Poisson 6, h 1, p 4, K 5: (4, 10) at 8.034.
    """
    pmf = np.asarray(chances, dtype=np.float64)
    cost = _position_cost(holding_cost, backorder_cost, pmf, protection_chances)
    renewals = _Growing(pmf)
    best = s = _valley(cost)

    def average(low: int, high: int) -> float:
        return _average(low, high, fixed_cost, cost, renewals.upto(high - low))

    s -= 1
    while average(s, best) > cost(s):
        s -= 1
    found, high = average(s, best), best + 1
    while cost(high) <= found:
        if average(s, high) < found:
            best = high
            while average(s, best) <= cost(s + 1):
                s += 1
            found = average(s, best)
        high += 1
    return OrderUpTo(s, best, found)


def power_approximation(holding_cost: float, backorder_cost: float, fixed_cost: float, mean: float, std: float) -> OrderUpTo:
    """(s, S) for normal demand per period from a fitted formula; the cost is not told (not-a-number). Lead time 0.

    Ehrhardt & Mosier (1984); Snyder & Shen (2019) eqs. 4.77-4.80. Example: h 0.18, p 0.70, K 2.5, 50 ± 8: (40.19, 74.29).
    """
    lot = 1.30 * mean**0.494 * (fixed_cost / holding_cost) ** 0.506 * (1 + (std / mean) ** 2) ** 0.116
    z = math.sqrt(lot / std * holding_cost / backorder_cost)
    low = 0.973 * mean + std * (0.183 / z + 1.063 - 2.192 * z)
    return OrderUpTo(low, low + lot, math.nan)


class _Growing:
    """Renewal densities, extended as far as they are asked for."""

    def __init__(self, pmf: Array) -> None:
        self.pmf = pmf
        self.known = _renewals(pmf, 64)

    def upto(self, depth: int) -> Array:
        if depth > len(self.known):
            self.known = _renewals(self.pmf, 2 * depth)
        return self.known[:depth]


def _renewals(pmf: Array, depth: int) -> Array:
    """Expected reviews at which the position stands j below S, j = 0 … depth−1."""
    density = np.zeros(depth)
    density[0] = 1 / (1 - pmf[0])
    for below in range(1, depth):
        steps = pmf[1 : below + 1]
        density[below] = steps @ density[below - len(steps) : below][::-1] / (1 - pmf[0])
    return density


def _average(low: int, high: int, fixed_cost: float, cost: Callable[[int], float], renewals: Array) -> float:
    held = sum(visits * cost(high - below) for below, visits in enumerate(renewals[: high - low]))
    return float((fixed_cost + held) / renewals[: high - low].sum())


def _position_cost(h: float, p: float, chances: ArrayLike, protection: ArrayLike | None) -> Callable[[int], float]:
    """One period's expected cost by position, each computed once."""
    pmf = np.asarray(chances if protection is None else protection, dtype=np.float64)
    mean = float(np.arange(len(pmf)) @ pmf)
    within = counted_cost(np.arange(len(pmf)), h, p, pmf)

    def cost(position: int) -> float:
        if position < 0:
            return p * (mean - position)
        return float(within[position]) if position < len(within) else h * (position - mean)

    return cost


def _valley(cost: Callable[[int], float]) -> int:
    position = 0
    while cost(position + 1) < cost(position):
        position += 1
    return position
