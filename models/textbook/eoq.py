"""Economic order quantities and their variants. Here: steady demand, known costs. Not here: uncertain demand (continuous_review)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Floats = Array | float


class Lot(NamedTuple):
    """An order quantity (units) and what the policy costs per unit of time."""

    quantity: float
    cost: float


def eoq(fixed_cost: Floats, holding_cost: Floats, demand: Floats) -> Array:
    """Units per order, Q = √(2Kλ/h); any shapes that broadcast.

    fixed_cost K per order, holding_cost h per unit and time, demand λ units per time. Harris (1913); Snyder & Shen (2019) eq. 3.4.
    Example: K 8, h 0.225, λ 1300: 304.05.
    """
    return np.sqrt(2 * np.asarray(fixed_cost) * demand / holding_cost)


def eoq_cost(quantity: Floats, fixed_cost: Floats, holding_cost: Floats, demand: Floats) -> Array:
    """Ordering and holding cost per time of any quantity, Kλ/Q + hQ/2. Example: Q 250 with K 8, h 0.225, λ 1300: 69.725."""
    lot = np.asarray(quantity, dtype=np.float64)
    return np.asarray(fixed_cost) * demand / lot + np.asarray(holding_cost) * lot / 2


class BackorderLot(NamedTuple):
    """An order quantity (units), the share of demand that waits, and the cost per time."""

    quantity: Array
    backorder_rate: Array
    cost: Array


def eoq_with_backorders(fixed_cost: Floats, holding_cost: Floats, backorder_cost: Floats, demand: Floats) -> BackorderLot:
    """Planned backorders: Q = √(2Kλ(h+p)/(hp)), waiting share h/(h+p), cost √(2Kλhp/(h+p)).

    backorder_cost p per unit and time waiting. Snyder & Shen (2019) section 3.5. Example: K 8, h 0.225, p 5, λ 1300: 310.81 units,
    4.3 % wait, cost 66.92.
    """
    h, p = np.asarray(holding_cost, dtype=np.float64), np.asarray(backorder_cost, dtype=np.float64)
    work = 2 * np.asarray(fixed_cost) * demand
    return BackorderLot(np.sqrt(work * (h + p) / (h * p)), h / (h + p), np.sqrt(work * h * p / (h + p)))


def backorder_lot_cost(
    quantity: Floats, backorder_rate: Floats, fixed_cost: Floats, holding_cost: Floats, backorder_cost: Floats, demand: Floats
) -> Array:  # fmt: skip
    """Cost per time of any quantity and waiting share x: hQ(1−x)²/2 + pQx²/2 + Kλ/Q."""
    lot, waits = np.asarray(quantity, dtype=np.float64), np.asarray(backorder_rate, dtype=np.float64)
    carried = np.asarray(holding_cost) * (1 - waits) ** 2 + np.asarray(backorder_cost) * waits**2
    return lot * carried / 2 + np.asarray(fixed_cost) * demand / lot


def production_quantity(fixed_cost: Floats, holding_cost: Floats, demand: Floats, production: Floats) -> Array:
    """Units per run where goods come in at a finite rate: the EOQ with h(1 − λ/μ).

    production μ units per time, above demand. Snyder & Shen (2019) section 3.6. Example: K 4, h 0.08, λ 80, μ 110: 171.27.
    """
    return eoq(fixed_cost, slowed_holding_cost(holding_cost, demand, production), demand)


def slowed_holding_cost(holding_cost: Floats, demand: Floats, production: Floats) -> Array:
    """h(1 − λ/μ): stock peaks lower where it is used up while it comes in. Raises ValueError where production can't keep up."""
    busy = np.asarray(demand, dtype=np.float64) / production
    if np.any(busy >= 1):
        raise ValueError("Production must exceed demand: give a production rate above the demand rate.")
    return np.asarray(holding_cost) * (1 - busy)


def all_units_discount(fixed_cost: float, holding_rate: float, demand: float, breaks: ArrayLike, unit_costs: ArrayLike) -> Lot:
    """Best quantity where the price of the whole order falls at each break; cost includes the goods.

    breaks: least quantity of each price, the first 0; holding_rate: of the unit's cost, per time. Each price's EOQ, or its break
    where the EOQ is too small for it. Snyder & Shen (2019) section 3.4.1. Example: K 8, 30 %, λ 1300, 0.75, from 400 at 0.72, from
    800 at 0.68: order 800 at 978.60.
    """
    least, price = _price_list(breaks, unit_costs)
    quantity = np.maximum(eoq(fixed_cost, holding_rate * price, demand), least)
    cost = demand * price + eoq_cost(quantity, fixed_cost, holding_rate * price, demand)
    return _cheapest(quantity, np.where(quantity < np.append(least[1:], np.inf), cost, np.inf))


def incremental_discount(fixed_cost: float, holding_rate: float, demand: float, breaks: ArrayLike, unit_costs: ArrayLike) -> Lot:
    """Best quantity where only the units beyond each break are cheaper; cost includes the goods.

    What earlier units cost beyond the later price acts as fixed cost: Q = √(2(K + c̄)λ/(ic)). Snyder & Shen (2019) section 3.4.2.
    Example: the list of `all_units_discount`: order 304.05 at 1043.41, which earns no discount.
    """
    least, price = _price_list(breaks, unit_costs)
    paid = np.append(0.0, np.cumsum(price[:-1] * np.diff(least)))
    extra = paid - price * least
    quantity = eoq(fixed_cost + extra, holding_rate * price, demand)
    cost = price * demand + holding_rate * extra / 2 + eoq_cost(quantity, fixed_cost + extra, holding_rate * price, demand)
    is_its_price = (quantity >= least) & (quantity < np.append(least[1:], np.inf))
    return _cheapest(quantity, np.where(is_its_price, cost, np.inf))


def _price_list(breaks: ArrayLike, unit_costs: ArrayLike) -> tuple[Array, Array]:
    least, price = np.asarray(breaks, dtype=np.float64), np.asarray(unit_costs, dtype=np.float64)
    if least.shape != price.shape or least[0] != 0 or np.any(np.diff(least) <= 0) or np.any(np.diff(price) >= 0):
        raise ValueError("Price breaks must start at 0 and rise, and their prices must fall: one price for each break.")
    return least, price


def _cheapest(quantity: Array, cost: Array) -> Lot:
    best = int(np.argmin(cost))
    return Lot(float(quantity[best]), float(cost[best]))


def power_of_two_cycle(cycle: Floats, base: float = 1.0) -> Array:
    """The time between orders that is `base` times a power of two and costs least: at most 6.07 % above the best cycle.

    Roundy (1985); Snyder & Shen (2019) section 3.3. T is within [T*/√2, √2·T*). Example: best cycle 11 weeks, base 1: 8 weeks.
    """
    return base * 2.0 ** np.ceil(np.log2(np.asarray(cycle, dtype=np.float64) / (base * np.sqrt(2))) - 1e-12)


class JointCycle(NamedTuple):
    """Time between joint orders, every how many of them each item joins, its quantity (units), cost per time."""

    cycle: float
    multiples: NDArray[np.int64]
    quantities: Array
    cost: float


def joint_cycle(shared_cost: float, item_costs: ArrayLike, holding_costs: ArrayLike, demands: ArrayLike) -> JointCycle:
    """Items that share an order's fixed cost: how often to order, and every how many orders each joins.

    shared_cost K per order, item_costs k per item on it, holding_costs h, demands λ. Silver (1976): the item of least k/(hλ) joins each
    order. Example: K 600, k (120, 840, 300), h (160, 20, 50), λ 1: every 3.1032, multiples (1, 3, 1), cost 837.85.
    """
    item = np.asarray(item_costs, dtype=np.float64)
    wanted = np.asarray(demands, dtype=np.float64)
    use = np.asarray(holding_costs, dtype=np.float64) * wanted
    first = int(np.argmin(item / use))
    multiples = np.rint(np.sqrt(item / use * use[first] / (shared_cost + item[first]))).clip(1)
    multiples[first] = 1
    ordering, holding = shared_cost + (item / multiples).sum(), (use * multiples).sum()
    cycle = float(np.sqrt(2 * ordering / holding))
    cost = float(ordering / cycle + cycle * holding / 2)
    return JointCycle(cycle, multiples.astype(np.int64), cycle * multiples * wanted, cost)
