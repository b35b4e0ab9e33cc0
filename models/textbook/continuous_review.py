"""(r, Q): order Q when the position falls to r. Here: normal and Poisson demand, exact and approximate. Not here: (s, S) (periodic_review).

Throughout: holding_cost h and backorder_cost p per unit and time (in `expected_inventory_level` p is per unit short), fixed_cost K per
order, demand per time with mean λ and std σ, lead_time L in the same time; demand over the lead time is normal with Lλ and σ√L.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import optimize, stats

from models.textbook.eoq import eoq, eoq_with_backorders
from models.textbook.loss import normal_loss, normal_second_loss
from models.textbook.newsvendor import normal_cost, poisson_cost


class ReorderPolicy(NamedTuple):
    """Reorder point and order quantity (units), and the expected cost per time by the method's own account."""

    reorder_point: float
    quantity: float
    cost: float


class Setting(NamedTuple):
    """What an (r, Q) policy is chosen for; units and times as in the module's docstring."""

    holding_cost: float
    backorder_cost: float
    fixed_cost: float
    mean: float
    std: float
    lead_time: float

    @property
    def lead_mean(self) -> float:
        """Mean demand over the lead time, units."""
        return self.mean * self.lead_time

    @property
    def lead_std(self) -> float:
        """Standard deviation of demand over the lead time, units."""
        return self.std * math.sqrt(self.lead_time)


def policy_cost(reorder_point: float, quantity: float, setting: Setting) -> float:
    """Exact expected cost per time: (Kλ + ∫ g(y) dy from r to r+Q)/Q, with g the newsvendor cost of position y.

    Snyder & Shen (2019) eq. 5.7, its integral by second-order loss functions. Example 5.1, r 126.8, Q 328.5: 78.07.
    """
    h, p, fixed, mean, _, _ = setting
    low, high = (
        float(normal_second_loss(y, setting.lead_mean, setting.lead_std)) for y in (reorder_point, reorder_point + quantity)
    )
    held = h * (reorder_point + quantity / 2 - setting.lead_mean)
    return held + (fixed * mean + (h + p) * (low - high)) / quantity


def reorder_point_for(quantity: float, setting: Setting) -> float:
    """The best r of a given Q, where positions r and r+Q cost the same. Example 5.1, Q 318: 127.79."""

    def position_cost(y: float) -> float:
        return float(normal_cost(y, setting.holding_cost, setting.backorder_cost, setting.lead_mean, setting.lead_std))

    best = float(stats.norm.ppf(_ratio(setting), setting.lead_mean, setting.lead_std))
    return float(optimize.brentq(lambda r: position_cost(r) - position_cost(r + quantity), best - quantity, best, xtol=1e-10))


def exact(setting: Setting) -> ReorderPolicy:
    """The optimal r and Q; the cost is convex in Q, whose optimum is at least the EOQ with backorders. Example 5.1: 126.87, 328.45."""
    least = _backorder_lot(setting)
    most = 2 * least + 20 * setting.lead_std
    found = optimize.minimize_scalar(
        lambda q: policy_cost(reorder_point_for(q, setting), q, setting), bounds=(least * 0.9, most), method="bounded", options={"xatol": 1e-9 * most}
    )  # fmt: skip
    return _policy(reorder_point_for(float(found.x), setting), float(found.x), setting)


def expected_inventory_level(setting: Setting) -> ReorderPolicy:
    """The classical iteration with p per unit short: Q = √(2λ(K + p·n(r))/h), P(D > r) = Qh/(pλ).

    Hadley & Whitin (1963); Snyder & Shen (2019) section 5.3.1. The cost counts stock as r − λL + Q/2. Example 5.2: r 213.97, Q 318.59,
    cost 95.45. Raises ValueError where being short is too cheap for the method (Qh ≥ pλ).
    """
    h, p, fixed, mean, _, _ = setting
    quantity, reorder_point, previous = float(eoq(fixed, h, mean)), 0.0, 0.0
    while abs(quantity - previous) > 1e-9 * quantity:
        if quantity * h >= p * mean:
            raise ValueError("A shortage costs too little for this approximation: take `exact`.")
        reorder_point = float(stats.norm.isf(quantity * h / (p * mean), setting.lead_mean, setting.lead_std))
        short = float(normal_loss(reorder_point, setting.lead_mean, setting.lead_std))
        previous, quantity = quantity, math.sqrt(2 * mean * (fixed + p * short) / h)
    short = float(normal_loss(reorder_point, setting.lead_mean, setting.lead_std))
    cost = h * (reorder_point - setting.lead_mean + quantity / 2) + fixed * mean / quantity + p * mean * short / quantity
    return ReorderPolicy(reorder_point, quantity, cost)


def eoq_with_backorders_policy(setting: Setting) -> ReorderPolicy:
    """Q from the EOQ with backorders, then its best r: at most 11.8 % above the optimum (Zheng 1992). Example 5.4: r 128.64, Q 308.57."""
    quantity = _backorder_lot(setting)
    return _policy(reorder_point_for(quantity, setting), quantity, setting)


def eoq_with_safety_stock(setting: Setting) -> ReorderPolicy:
    """Q the EOQ, r the newsvendor quantile of the lead time: what most systems do. Example 5.5: r 190.34, Q 304.05."""
    quantity = float(eoq(setting.fixed_cost, setting.holding_cost, setting.mean))
    return _policy(float(stats.norm.ppf(_ratio(setting), setting.lead_mean, setting.lead_std)), quantity, setting)


def loss_function_policy(setting: Setting) -> ReorderPolicy:
    """n(r) = hQ/(h+p), Q = √(2(Kλ + (h+p)·n₂(r))/h), in turn. Hadley & Whitin (1963). Example 5.6: r 126.87, Q 328.45."""
    h, p, fixed, mean, _, _ = setting
    quantity, previous, reorder_point = float(eoq(fixed, h, mean)), 0.0, 0.0
    lead_mean, lead_std = setting.lead_mean, setting.lead_std
    while abs(quantity - previous) > 1e-10 * quantity:
        short = h * quantity / (h + p)
        reorder_point = float(
            optimize.brentq(
                lambda r, short=short: float(normal_loss(r, lead_mean, lead_std)) - short,
                lead_mean - short - 10 * lead_std, lead_mean + 10 * lead_std, xtol=1e-10,
            )
        )  # fmt: skip
        second = float(normal_second_loss(reorder_point, lead_mean, lead_std))
        previous, quantity = quantity, math.sqrt(2 * (fixed * mean + (h + p) * second) / h)
    return _policy(reorder_point, quantity, setting)


def poisson_policy_cost(
    reorder_point: int,
    quantity: int,
    holding_cost: float,
    backorder_cost: float,
    fixed_cost: float,
    rate: float,
    lead_time: float,
) -> float:
    """Exact expected cost per time under Poisson demand: (Kλ + Σ g(y))/Q over y = r+1 … r+Q. Example 5.8, r 3, Q 5: 107.92."""  # fmt: skip
    positions = np.arange(reorder_point + 1, reorder_point + quantity + 1)
    return float((fixed_cost * rate + poisson_cost(positions, holding_cost, backorder_cost, rate * lead_time).sum()) / quantity)


def poisson_exact(holding_cost: float, backorder_cost: float, fixed_cost: float, rate: float, lead_time: float) -> ReorderPolicy:
    """The optimal whole r and Q under Poisson demand: positions are added, cheapest first, as long as they lower the average.

    Federgruen & Zheng (1992); Snyder & Shen (2019) section 5.4. Example 5.8, h 20, p 150, K 100, 1.5 a month, lead time 2: r 3, Q 5.
    """
    mean = rate * lead_time

    def position_cost(y: int) -> float:
        return float(poisson_cost(y, holding_cost, backorder_cost, mean))

    top = int(stats.poisson.ppf(backorder_cost / (backorder_cost + holding_cost), mean))
    low, high, total = top - 1, top, fixed_cost * rate + position_cost(top)
    while (cheapest := min(position_cost(low), position_cost(high + 1))) < total / (high - low):
        total += cheapest
        if position_cost(low) <= position_cost(high + 1):
            low -= 1
        else:
            high += 1
    return ReorderPolicy(low, high - low, total / (high - low))


def _policy(reorder_point: float, quantity: float, setting: Setting) -> ReorderPolicy:
    return ReorderPolicy(reorder_point, quantity, policy_cost(reorder_point, quantity, setting))


def _ratio(setting: Setting) -> float:
    return setting.backorder_cost / (setting.backorder_cost + setting.holding_cost)


def _backorder_lot(setting: Setting) -> float:
    return float(eoq_with_backorders(setting.fixed_cost, setting.holding_cost, setting.backorder_cost, setting.mean).quantity)
