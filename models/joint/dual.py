"""The price of each limit, and the bound that follows from it. Here: Lagrangian relaxation by cutting planes. Not here: orders that keep the limits."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from models.joint.problem import RESOURCES, Candidates, Index, Limits

Array = NDArray[np.float64]
ROUNDS = 80
TOLERANCE = 1e-6


class Priced(NamedTuple):
    """What a unit of each limited resource is worth, each SKU's best quantity at that price, and the bound."""

    prices: Array
    chosen: Index
    bound: float


class Pricing:
    """Prices for one set of candidates; what one number of containers teaches serves the next.

    With prices λ on amount, volume, weight and units, D(λ) = Σ maxₖ(value − λ·use) + Σ (λ⁺·most − λ⁻·least) bounds the value of every order
    that keeps the limits. It is convex; its least value equals the bound of linear programming. Cutting planes within a trust region.
    """

    def __init__(self, candidates: Candidates) -> None:
        self.candidates = candidates
        best = candidates.use[:, np.arange(len(candidates.value)), candidates.value.argmax(axis=1)].sum(axis=1)
        self.scale = np.where(best > 0, best, np.maximum(candidates.use.max(axis=2, initial=0).sum(axis=1), 1e-9))
        self.known: list[tuple[Array, float, Array]] = []  # prices, Σ of the maxima there, use there

    def _relaxed(self, prices: Array) -> tuple[Index, float, Array]:
        score = self.candidates.value.copy()
        for place in np.flatnonzero(prices):
            score -= prices[place] / self.scale[place] * self.candidates.use[place]
        chosen = score.argmax(axis=1)
        total = float(score[np.arange(len(chosen)), chosen].sum())
        use = self.candidates.use_of(chosen) / self.scale
        self.known.append((prices, total, use))
        return chosen, total, use

    def at(self, low: Array, high: Array) -> Priced | None:
        """Best prices for these limits; None where no order can keep them."""
        low, high = low / self.scale, high / self.scale
        most = self.candidates.use.max(axis=2, initial=0).sum(axis=1) / self.scale
        if (most < low * (1 - 1e-9)).any() or (low > high).any():
            return None
        centre = np.zeros(len(RESOURCES))
        chosen, total, _ = self._relaxed(centre)
        bound = total + _support(centre, low, high)
        radius = max(total, 1e-9)
        for _ in range(ROUNDS):
            prices, expected = self._modelled(centre, radius, low, high)
            found, total, _ = self._relaxed(prices)
            reached = total + _support(prices, low, high)
            is_inside = np.abs(prices - centre).max() < radius * (1 - 1e-9)
            if reached < bound:
                centre, chosen, bound = prices, found, reached
                radius = radius if is_inside else radius * 4
            if is_inside and bound - expected <= TOLERANCE * max(abs(bound), 1e-9):
                break
            if bound < -1e12 * max(abs(self.known[0][1]), 1.0):
                return None
        return Priced(centre / self.scale, chosen, bound)

    def _modelled(self, centre: Array, radius: float, low: Array, high: Array) -> tuple[Array, float]:
        """Least value of what the cutting planes know within the trust region: prices λ⁺ − λ⁻ and that value."""
        cuts = np.array([np.concatenate([-use, use, [-1.0]]) for _, _, use in self.known])
        right = np.array([-(total + use @ prices) for prices, total, use in self.known])
        cost = np.concatenate([np.where(np.isfinite(high), high, 0.0), -low, [1.0]])
        size = len(RESOURCES)
        up = np.vstack([np.eye(size), -np.eye(size)])
        fence = np.hstack([up, -up, np.zeros((2 * size, 1))])
        rows = np.vstack([cuts, fence])
        limit = np.concatenate([right, centre + radius, radius - centre])
        bounds = [(0, None if np.isfinite(h) else 0) for h in high] + [(0, None)] * size + [(None, None)]
        found = linprog(cost, A_ub=rows, b_ub=limit, bounds=bounds, method="highs")
        if found.x is None:
            return centre, -np.inf
        return found.x[:size] - found.x[size : 2 * size], float(found.fun)


def _support(prices: Array, low: Array, high: Array) -> float:
    up, down = np.maximum(prices, 0), np.maximum(-prices, 0)
    return float((np.where(up > 0, up * np.where(np.isfinite(high), high, 0.0), 0.0) - down * low).sum())


def container_numbers(candidates: Candidates, limits: Limits) -> range:
    """How many containers may be worth a thought: none beyond what everything at its largest would fill."""
    if not limits.has_containers:
        return range(1)
    most = candidates.use.max(axis=2, initial=0).sum(axis=1)[1:3]
    needed = np.max(np.ceil(most / np.array([limits.container_volume, limits.container_weight])), initial=0)
    return range(1, int(min(needed, limits.containers if limits.containers is not None else needed)) + 1)


def best_containers(pricing: Pricing, limits: Limits) -> dict[int, Priced]:
    """Prices for the number of containers of highest bound and for its neighbours, by number.

    The bound is concave in the number, so that a number above both neighbours is the best of all. Empty where no order keeps the limits.
    """
    numbers = container_numbers(pricing.candidates, limits)
    priced: dict[int, Priced | None] = {}

    def worth(number: int) -> float:
        if number not in priced:
            priced[number] = pricing.at(*limits.within(number))
        found = priced[number]
        return -np.inf if found is None else found.bound - limits.fixed_amount(number)

    best = min(max(_likely_containers(pricing.candidates, limits), numbers.start), max(numbers.stop - 1, numbers.start))
    while best > numbers.start and np.isneginf(worth(best)):
        best -= 1
    worth(best)
    for step in (-1, 1):
        while best + step in numbers and worth(best + step) > worth(best):
            best += step
    return {number: found for number, found in priced.items() if found is not None}


def _likely_containers(candidates: Candidates, limits: Limits) -> int:
    """As many as would be filled if each m³ (or kg) cost its share of a container."""
    if not limits.has_containers:
        return 0
    rooms = np.array([limits.container_volume, limits.container_weight])
    place = int(np.flatnonzero(np.isfinite(rooms))[0])
    charged = replace(candidates, value=candidates.value - limits.container_amount / rooms[place] * candidates.use[place + 1])
    low, high = limits.within(0)
    found = Pricing(charged).at(low * [1, 0, 0, 1], np.array([high[0], np.inf, np.inf, np.inf]))
    return 0 if found is None else int(np.ceil((candidates.use_of(found.chosen)[1:3] / rooms).max()))
