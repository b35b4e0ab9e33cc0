"""When to order for demand that is known and varies. Here: the optimum and the usual heuristic. Not here: uncertain demand."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class LotPlan(NamedTuple):
    """Units to order in each period, and the cost of ordering, holding and, where given, buying."""

    quantities: Array
    cost: float


def wagner_whitin(demand: ArrayLike, fixed_cost: ArrayLike, holding_cost: ArrayLike, unit_cost: ArrayLike = 0.0) -> LotPlan:
    """The cheapest plan. Each order covers whole periods; a period's end stock costs holding_cost per unit.

    demand: units per period; costs: one number or one per period. Wagner & Whitin (1958); Snyder & Shen (2019) section 3.7.
    Example: demand (90, 120, 80, 70), 500 an order, 2 a unit and period: order (210, 0, 150, 0), cost 1380.
    """
    wanted = np.asarray(demand, dtype=np.float64)
    periods = len(wanted)
    fixed, holding, price = (
        np.broadcast_to(np.asarray(x, dtype=np.float64), periods) for x in (fixed_cost, holding_cost, unit_cost)
    )
    best, upto = np.zeros(periods + 1), np.zeros(periods, dtype=np.int64)
    for first in reversed(range(periods)):
        kept = np.append(0.0, np.cumsum(holding[first:-1]))
        ordered = np.cumsum(wanted[first:] * (price[first] + kept))
        cost = fixed[first] * (np.cumsum(wanted[first:]) > 0) + ordered + best[first + 1 :]
        last = int(np.argmin(cost))
        best[first], upto[first] = cost[last], first + last + 1
    return LotPlan(_quantities(wanted, upto), float(best[0]))


def _quantities(wanted: Array, upto: NDArray[np.int64]) -> Array:
    quantities, first = np.zeros_like(wanted), 0
    while first < len(wanted):
        quantities[first] = wanted[first : upto[first]].sum()
        first = int(upto[first])
    return quantities


def silver_meal(demand: ArrayLike, fixed_cost: float, holding_cost: float) -> LotPlan:
    """The heuristic that covers periods as long as the cost per period falls. Silver & Meal (1973).

    Example: the demand of Silver, Pyke & Thomas (2017) table 5.1 at 54 an order, 0.40 a unit and month: 501.20, here the optimum.
    """
    wanted = np.asarray(demand, dtype=np.float64)
    quantities, first, cost = np.zeros_like(wanted), 0, 0.0
    while first < len(wanted):
        kept = np.cumsum(np.arange(len(wanted) - first) * wanted[first:]) * holding_cost
        per_period = (fixed_cost + kept) / np.arange(1, len(kept) + 1)
        rises = np.flatnonzero(np.diff(per_period) > 0)
        covered = int(rises[0]) + 1 if len(rises) else len(kept)
        quantities[first] = wanted[first : first + covered].sum()
        cost += fixed_cost + float(kept[covered - 1])
        first += covered
    return LotPlan(quantities, cost)
