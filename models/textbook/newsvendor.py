"""One order for one season. Here: explicit and implicit costs, normal, Poisson, counted or any demand. Not here: reordering (base_stock)."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import integrate, stats

from models.textbook.loss import counted_loss, normal_loss, poisson_loss

Array = NDArray[np.float64]


class Demand(Protocol):
    """Any frozen distribution of scipy.stats."""

    def ppf(self, q: float) -> float: ...
    def sf(self, x: float) -> float: ...
    def mean(self) -> float: ...


class Level(NamedTuple):
    """Units to have at the start, and the expected cost of those left over and those missing."""

    units: Array
    cost: Array


class Costs(NamedTuple):
    """Overage h of each unit left over, underage p of each unit missing."""

    overage: float
    underage: float


def explicit_costs(revenue: float, purchase_cost: float, salvage_value: float, goodwill_cost: float = 0.0) -> Costs:
    """Costs from prices: h = c − v, p = r − c + goodwill. Example: sold at 1, bought at 0.30, left over worth 0.12: h 0.18, p 0.70."""
    return Costs(purchase_cost - salvage_value, revenue - purchase_cost + goodwill_cost)


def expected_profit(level_cost: ArrayLike, mean: ArrayLike, revenue: float, purchase_cost: float) -> Array:
    """(r − c)·mean − expected cost: what is earned if nothing is left over or missing, less what chance takes. Example: 35 − 2 = 33."""
    return (revenue - purchase_cost) * np.asarray(mean) - np.asarray(level_cost)


def critical_ratio(overage: ArrayLike, underage: ArrayLike) -> Array:
    """p/(p + h): the chance with which demand should be covered. Example: h 0.18, p 0.70: 0.795."""
    return np.asarray(underage) / (np.asarray(underage) + np.asarray(overage))


def normal_level(overage: ArrayLike, underage: ArrayLike, mean: ArrayLike, std: ArrayLike) -> Level:
    """Best level for normal demand, any shapes. Snyder & Shen (2019) eq. 4.17. Example: h 0.18, p 0.70, 50 ± 8: 56.60, cost 1.998."""
    units = stats.norm.ppf(critical_ratio(overage, underage), mean, std)
    return Level(units, normal_cost(units, overage, underage, mean, std))


def normal_cost(level: ArrayLike, overage: ArrayLike, underage: ArrayLike, mean: ArrayLike, std: ArrayLike) -> Array:
    """h·E[left over] + p·E[missing] of any level. Example: level 40 of `normal_level`: 7.356."""
    return _cost(np.asarray(level), np.asarray(mean), normal_loss(level, mean, std), overage, underage)


def poisson_level(overage: ArrayLike, underage: ArrayLike, mean: ArrayLike) -> Level:
    """Least whole level that covers Poisson demand with the critical ratio. Example: h 1, p 4, mean 6: 8, cost 3.570."""
    units = stats.poisson.ppf(critical_ratio(overage, underage), mean)
    return Level(units, poisson_cost(units, overage, underage, mean))


def poisson_cost(level: ArrayLike, overage: ArrayLike, underage: ArrayLike, mean: ArrayLike) -> Array:
    """The same as `normal_cost` of a whole level under Poisson demand. Example: level 5: 6.590."""
    return _cost(np.asarray(level), np.asarray(mean), poisson_loss(level, mean), overage, underage)


def counted_level(overage: float, underage: float, chances: ArrayLike) -> Level:
    """Least level that covers demand with the critical ratio, where demand k has the chance chances[k]: a forecast's own distribution."""
    pmf = np.asarray(chances, dtype=np.float64)
    units = np.asarray(float(np.searchsorted(np.cumsum(pmf), critical_ratio(overage, underage) - 1e-12)))
    return Level(units, counted_cost(units, overage, underage, pmf))


def counted_cost(level: ArrayLike, overage: float, underage: float, chances: ArrayLike) -> Array:
    """The same as `normal_cost` where demand k has the chance chances[k]."""
    pmf = np.asarray(chances, dtype=np.float64)
    return _cost(np.asarray(level), np.arange(len(pmf)) @ pmf, counted_loss(level, pmf), overage, underage)


def level_of(overage: float, underage: float, demand: Demand) -> Level:
    """Best level for any continuous demand. Example: lognormal (6, 0.3), h 1, p 0.1765: 295.63, cost 29.44."""
    units = demand.ppf(float(critical_ratio(overage, underage)))
    return Level(np.asarray(units), np.asarray(cost_of(units, overage, underage, demand)))


def cost_of(level: float, overage: float, underage: float, demand: Demand) -> float:
    """The same as `normal_cost` for any continuous demand; what is missing is the area above the level."""
    missing, _ = integrate.quad(demand.sf, level, np.inf, limit=200)
    return float(_cost(np.asarray(level), np.asarray(demand.mean()), np.asarray(missing), overage, underage))


def _cost(level: Array, mean: Array, missing: Array, overage: ArrayLike, underage: ArrayLike) -> Array:
    return np.asarray(overage) * (level - mean + missing) + np.asarray(underage) * missing
