"""A shortage shared between locations. Here: what a further unit is worth where, and who gets how many. Not here: which stock is to spare (availability)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


def unit_values(position: float, mean: float, std: float, units: int, value: float = 1.0) -> Array:
    """What each of `units` further units is worth at a location: value × P(demand exceeds what is there already), falling.

    Demand over the interval is negative binomial with this mean and standard deviation (at least Poisson's); value is what a unit that is
    missing costs. Example: position 3, Poisson demand of 2: the first further unit serves anybody with chance P(D > 3) = 0.143.
    """
    variance = max(std**2, mean * (1 + 1e-9))
    there = np.floor(position) + np.arange(units)
    if mean <= 0:
        return value * (there < 0).astype(np.float64)
    more = special.betainc(np.maximum(there, 0) + 1, mean**2 / (variance - mean), 1 - mean / variance)
    return np.asarray(value * np.where(there < 0, 1.0, more))


def shared(units: int, values: Sequence[Array]) -> NDArray[np.int64]:
    """How many of `units` each location gets so that they are worth most together: the highest values first, earlier locations on ties.

    values: per location what its first, second, … further unit is worth; falling, so that taking the highest is optimal (Fox 1966); a
    location gets no more than it has values for, and nothing goes where it is worth nothing. Example: 3 units, (0.9, 0.5) and (0.6, 0.4):
    two to the first, one to the second.
    """
    owner = np.concatenate([np.full(len(v), place) for place, v in enumerate(values)] or [np.zeros(0)]).astype(np.int64)
    worth = np.concatenate([*values, np.zeros(0)])
    taken = np.argsort(-worth, kind="stable")[:units]
    return np.bincount(owner[taken[worth[taken] > 0]], minlength=len(values))
