"""Stock in series, a warehouse that feeds the next. Here: echelon base-stock levels, exact and by newsvendor bounds. Not here: trees (guaranteed_service).

Stages are numbered as arrays from downstream: index 0 faces the customer. Costs are echelon holding costs: what a unit's holding costs
more at a stage than at the one above it.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import signal, stats

Array = NDArray[np.float64]
TAIL = 1e-9  # of lead-time demand that the grid leaves out on each side


class EchelonLevels(NamedTuple):
    """Echelon base-stock levels (units) from downstream, and the expected cost per time."""

    levels: Array
    cost: float


Demand = Callable[[float], Any]


def normal_demand(mean: float, std: float) -> Demand:
    """Demand over any time as a frozen distribution: normal with mean·t and std·√t."""
    return lambda time: stats.norm(mean * time, std * np.sqrt(time))


def poisson_demand(rate: float) -> Demand:
    """Demand over any time as a frozen distribution: Poisson with rate·t."""
    return lambda time: stats.poisson(rate * time)


def serial_levels(
    holding_costs: Sequence[float], lead_times: Sequence[float], backorder_cost: float, demand: Demand, step: float = 1.0
) -> EchelonLevels:
    """The optimal levels by Clark & Scarf (1960), as Chen & Zheng (1994) put it: stage by stage, from downstream.

    Ĉⱼ(x) = hⱼx + C̲ⱼ₋₁(x), Cⱼ(y) = E[Ĉⱼ(y − Dⱼ)], C̲ⱼ(x) = Cⱼ(min(x, Sⱼ)); Snyder & Shen (2019) section 6.2.2. step: units of the grid on
    which demand is counted: 1 for whole demand, a fraction of its deviation for normal demand.
    Example 6.1 there: h (3, 2, 2), L (1, 1, 2), p 37.12, 5 ± 1: levels (6.49, 12.02, 22.71), cost 47.66 on a grid of 0.01.
    """  # fmt: skip
    counted = [_counted(demand(time), step) for time in lead_times]
    reach = sum(abs(first) + len(chances) for first, chances in counted)
    x = step * np.arange(-reach - 1, reach + 2)
    below = (backorder_cost + sum(holding_costs)) * np.maximum(-x, 0)
    levels = []
    for h, (first, chances) in zip(holding_costs, counted, strict=True):
        inner = h * x + below
        # y − d for d = first, first + 1, …: of the grid's points only those whose every y − d lies on it
        cost = signal.fftconvolve(inner, chances, mode="valid") if len(chances) > 1 else inner * chances[0]
        x = x[len(chances) - 1 :] + first * step
        best = int(np.argmin(cost))
        levels.append(x[best])
        below = np.where(np.arange(len(x)) < best, cost, cost[best])
    return EchelonLevels(np.array(levels), float(below[-1]))


def _counted(demand: Any, step: float) -> tuple[int, Array]:
    """Least demand in grid steps and the chance of it and each next; a chance is that of the step around the point."""
    low, high = (int(np.floor(demand.ppf(q) / step)) for q in (TAIL, 1 - TAIL))
    edges = (np.arange(low, high + 3) - 0.5) * step
    chances = np.diff(demand.cdf(edges))
    return low, chances / chances.sum()


class LevelBounds(NamedTuple):
    """Lower and upper bounds of the optimal echelon levels, and the heuristic between them (units)."""

    lower: Array
    upper: Array
    heuristic: Array


def newsvendor_bounds(
    holding_costs: Sequence[float], lead_times: Sequence[float], backorder_cost: float, demand: Demand
) -> LevelBounds:
    """Shang & Song (2003): each level lies between two newsvendor levels for demand over all lead times up to it; their mean is near the optimum.

    Ratios (p + Σᵢ₍>ⱼ₎hᵢ)/(p + Σ hᵢ), the lower bound over all stages, the upper over those from j. Example 6.1: (6.49, 12.03, 22.63).
    """
    h = np.asarray(holding_costs, dtype=np.float64)
    above = backorder_cost + np.append(np.cumsum(h[::-1])[::-1][1:], 0.0)
    times = np.cumsum(lead_times)
    quantiles = [
        (demand(time).ppf(top / (backorder_cost + h.sum())), demand(time).ppf(top / (top + own)))
        for time, top, own in zip(times, above, h, strict=True)
    ]
    lower, upper = np.array(quantiles, dtype=np.float64).T
    return LevelBounds(lower, upper, (lower + upper) / 2)
