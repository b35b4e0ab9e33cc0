"""A joint order by marginal value: prices of the limits, then repairs and improvements. Here: the fast way. Not here: proof of optimality (exact)."""

import numpy as np
from numpy.typing import NDArray

from models.joint.dual import Priced, Pricing, best_containers
from models.joint.problem import Candidates, Choice, Index, Limits, excess, nothing

Array = NDArray[np.float64]
MOVES = 2_000  # at most, in repairs and improvements each


def ranked(candidates: Candidates, limits: Limits) -> Choice:
    """A good order that keeps the limits, with a bound.

    The limits' prices rank every step from one quantity to the next by value less price; what then breaks a limit is repaired by the
    moves that cost least value per share of the limit, and room that is left is filled by the moves that bring most.
    """
    if not len(candidates.value):
        return nothing(candidates)
    priced = best_containers(Pricing(candidates), limits)
    if not priced:
        return nothing(candidates)
    bound = max(found.bound - limits.fixed_amount(number) for number, found in priced.items())
    best = nothing(candidates, bound)
    for number in sorted(priced, key=lambda n: limits.fixed_amount(n) - priced[n].bound)[:3]:
        chosen = _kept(candidates, priced[number], limits, number)
        value = -np.inf if chosen is None else candidates.value_of(chosen) - limits.fixed_amount(number)
        if chosen is not None and value > best.value:
            best = Choice(chosen, number, value, max(bound, value))
    return best


def _kept(candidates: Candidates, priced: Priced, limits: Limits, containers: int) -> Index | None:
    low, high = limits.within(containers)
    score = candidates.value - np.tensordot(priced.prices, candidates.use, axes=1)
    chosen = _repaired(candidates, score, priced.chosen.copy(), low, high)
    return None if chosen is None else _improved(candidates, chosen, low, high)


def _repaired(candidates: Candidates, score: Array, chosen: Index, low: Array, high: Array) -> Index | None:
    """Moves one SKU at a time to another quantity until all limits are kept; None where no move helps any more.

    score: value less the limits' prices, by which moves are compared; of equal ones that which mends most is taken.
    """
    skus = np.arange(len(chosen))
    least = 1e-9 * max(float(np.abs(score[skus, chosen]).mean()), 1e-9)
    for _ in range(MOVES):
        use = candidates.use_of(chosen)
        broken = float(excess(use, low, high))
        if broken == 0:
            return chosen
        moved = use[:, None, None] + candidates.use - candidates.use[:, skus, chosen][:, :, None]
        mended = broken - excess(moved, low, high)
        loss = np.maximum(score[skus, chosen][:, None] - score, 0) + least
        price = np.where(mended > 0, loss / np.where(mended > 0, mended, 1.0), np.inf)
        sku, quantity = np.unravel_index(int(price.argmin()), price.shape)
        if not np.isfinite(price[sku, quantity]):
            return None
        chosen[sku] = quantity
    return None


def _improved(candidates: Candidates, chosen: Index, low: Array, high: Array) -> Index:
    """Moves one SKU at a time to the quantity that brings most, as long as the limits are kept."""
    skus = np.arange(len(chosen))
    for _ in range(MOVES):
        gain = candidates.value - candidates.value[skus, chosen][:, None]
        worth = np.flatnonzero(gain.ravel() > 1e-9)
        sku, quantity = np.unravel_index(worth, gain.shape)
        moved = candidates.use_of(chosen)[:, None] + candidates.use[:, sku, quantity] - candidates.use[:, sku, chosen[sku]]
        allowed = np.flatnonzero(excess(moved, low, high) == 0)
        if not len(allowed):
            break
        best = allowed[gain[sku[allowed], quantity[allowed]].argmax()]
        chosen[sku[best]] = quantity[best]
    return chosen
