"""A joint order by HiGHS: proven where the SKUs are few, else over those whose quantity is in doubt. Here: mixed-integer programs. Not here: prices (dual)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from models.joint.dual import Pricing, best_containers, container_numbers
from models.joint.problem import Candidates, Choice, Limits, nothing
from models.joint.ranking import ranked

Array = NDArray[np.float64]
CORE_SKUS = 250  # so many are decided by the solver; the others' quantities are clear at the limits' prices


class Solved(NamedTuple):
    """A choice, and whether the solver proved it to be the best."""

    choice: Choice
    is_proven: bool


def optimised(
    candidates: Candidates, limits: Limits, core: int = CORE_SKUS, seconds: float = 10.0, gap_rate: float = 1e-3
) -> Solved:
    """The best order that keeps the limits, with a bound; proven to `gap_rate` where all SKUs fit into the core.

    The core are the SKUs whose best and second-best quantity lie nearest at the limits' prices. Where the solver finds nothing better in
    `seconds`, the ranking's order stays.
    """
    start = ranked(candidates, limits)
    if not len(candidates.value):
        return Solved(start, is_proven=True)
    pricing = Pricing(candidates)
    priced = best_containers(pricing, limits)
    if not priced:
        return Solved(start, is_proven=True)
    best = priced[max(priced, key=lambda n: priced[n].bound - limits.fixed_amount(n))]
    doubtful = _most_doubtful(candidates, best.prices, core)
    found = _solved(candidates, best.chosen, doubtful, limits, seconds, gap_rate)
    is_whole = len(doubtful) == len(candidates.value)
    bound = min(start.bound, max(found.bound, 0.0)) if is_whole else start.bound
    choice = found if found.value > start.value else start
    choice = choice if choice.value > 0 else nothing(candidates, bound)
    choice = choice._replace(bound=max(bound, choice.value))
    return Solved(choice, is_proven=is_whole and choice.gap_rate <= gap_rate)


def _most_doubtful(candidates: Candidates, prices: Array, core: int) -> NDArray[np.int64]:
    """SKUs by how little their best quantity is ahead of the next, at the limits' prices."""
    if core >= len(candidates.value):
        return np.arange(len(candidates.value))
    score = candidates.value - np.tensordot(prices, candidates.use, axes=1)
    top = np.partition(score, -2, axis=1)[:, -2:]
    return np.sort(np.argsort(top[:, 1] - top[:, 0], kind="stable")[:core])


def _solved(
    candidates: Candidates, fixed: NDArray[np.int64], core: NDArray[np.int64], limits: Limits, seconds: float, gap_rate: float
) -> Choice:
    """The program over the core: one quantity per SKU at most, and a whole number of containers as the last variable."""
    rest = np.setdiff1d(np.arange(len(fixed)), core)
    used = candidates.use[:, rest, fixed[rest]].sum(axis=1)
    kept = float(candidates.value[rest, fixed[rest]].sum())
    sku, quantity = np.nonzero(np.isfinite(candidates.value[core]) & (np.arange(candidates.value.shape[1]) > 0))
    value, use = candidates.value[core[sku], quantity], candidates.use[:, core[sku], quantity]
    numbers = container_numbers(candidates, limits)
    one_each = sparse.hstack(
        [sparse.csr_array((np.ones(len(sku)), (sku, np.arange(len(sku)))), shape=(len(core), len(sku))), np.zeros((len(core), 1))]
    )
    rows = [LinearConstraint(one_each, -np.inf, 1.0), *_limit_rows(use, used, limits)]
    found = milp(
        c=np.append(-value, limits.container_amount),
        constraints=rows,
        integrality=np.ones(len(sku) + 1),
        bounds=Bounds(
            np.append(np.zeros(len(sku)), numbers.start), np.append(np.ones(len(sku)), max(numbers.stop - 1, numbers.start))
        ),
        options={"time_limit": seconds, "mip_rel_gap": gap_rate},
    )
    bound = kept - limits.order_amount - found.mip_dual_bound if found.mip_dual_bound is not None else np.inf
    if found.x is None:
        return Choice(fixed, 0, -np.inf, -np.inf if found.status == 2 else bound)
    chosen = fixed.copy()
    chosen[core] = 0
    taken = np.flatnonzero(found.x[:-1] > 0.5)
    chosen[core[sku[taken]]] = quantity[taken]
    containers = round(float(found.x[-1]))
    return Choice(chosen, containers, candidates.value_of(chosen) - limits.fixed_amount(containers), bound)


def _limit_rows(use: Array, used: Array, limits: Limits) -> list[LinearConstraint]:
    """Money and units as they are; volume and weight against the containers' room, and against the least of it that must be filled."""
    rows = [LinearConstraint(np.append(use[0], 0.0)[None, :], limits.minimum_amount - used[0], limits.budget_amount - used[0])]
    if limits.minimum_units > 0:
        rows.append(LinearConstraint(np.append(use[3], 0.0)[None, :], limits.minimum_units - used[3], np.inf))
    rooms = np.array([limits.container_volume, limits.container_weight])
    for place, room in enumerate(rooms, start=1):
        if np.isfinite(room):
            rows.append(LinearConstraint(np.append(use[place], -room)[None, :], -np.inf, -used[place]))
    measured = np.flatnonzero(np.isfinite(rooms))
    if limits.least_fill_rate > 0 and len(measured):
        place = int(measured[0])
        row = np.append(use[place + 1], -limits.least_fill_rate * rooms[place])
        rows.append(LinearConstraint(row[None, :], -used[place + 1], np.inf))
    return rows
