"""What each quantity of a SKU is worth. Here: allowed quantities, their expected cost and money saved by price breaks. Not here: choosing among SKUs."""

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
MOST_QUANTITIES = 24


def allowed_quantities(
    most: float, moq: int = 1, case_pack: int = 1, layer: int | None = None, breaks: tuple[int, ...] = ()
) -> NDArray[np.int64]:
    """Quantities above 0 to choose from, up to and with the first that reaches `most` (or the least that can be ordered), rising.

    Whole packs from the MOQ on, spread evenly where there are more than 24; each full pallet layer and each price break among them.
    Example: most 40, MOQ 25, packs of 12: 36 and 48.
    """
    first = -(-max(moq, 1) // case_pack)
    last = max(-(-int(np.ceil(most)) // case_pack), first)
    packs = np.unique(np.rint(np.linspace(first, last, min(MOST_QUANTITIES, last - first + 1))).astype(np.int64)) * case_pack
    wanted = [packs]
    for step in (layer, *breaks):
        if step:
            multiples = np.arange(step, last * case_pack + step, step) if step == layer else np.array([step])
            rounded = -(-multiples // case_pack) * case_pack
            wanted.append(rounded[(rounded >= first * case_pack) & (rounded <= last * case_pack)][:MOST_QUANTITIES])
    return np.unique(np.concatenate(wanted))


def expected_costs(
    position: float, demand: ArrayLike, quantities: ArrayLike, holding_amount: float, shortage_amount: float
) -> Array:
    """Expected cost of ending the interval at position + each quantity: h·E[left over] + p·E[missing].

    demand: sampled totals of the interval, units; holding_amount: of one unit left over at its end, for as long as it then lasts;
    shortage_amount: of one unit missing. Example: position 0, demand 10 or 20, h 1, p 4: 0 costs 60, 15 costs 12.5, 20 costs 5.
    """
    wanted = np.sort(np.asarray(demand, dtype=np.float64))
    level = position + np.asarray(quantities, dtype=np.float64)
    below = np.searchsorted(wanted, level, side="right")
    sums = np.append(0.0, np.cumsum(wanted))
    left = (below * level - sums[below]) / len(wanted)
    missing = (sums[-1] - sums[below] - (len(wanted) - below) * level) / len(wanted)
    return holding_amount * left + shortage_amount * missing


def bought_at(quantities: ArrayLike, breaks: ArrayLike, unit_costs: ArrayLike) -> Array:
    """Amount paid for each quantity where the price of all its units falls at each break. Example: 100 at 2, from 50 at 1.80: 180."""
    units = np.asarray(quantities, dtype=np.float64)
    place = np.searchsorted(np.asarray(breaks), units, side="right") - 1
    return units * np.asarray(unit_costs, dtype=np.float64)[place.clip(0)]


def candidates_of(
    sku: str, quantities: ArrayLike, costs: Array, cost_of_nothing: float, amounts: Array, list_price: float,
    volume: float = 0.0, weight: float = 0.0,
) -> pl.DataFrame:  # fmt: skip
    """One row per quantity for `problem.Candidates`: its value is the expected cost that it saves, and what price breaks save."""
    units = np.asarray(quantities, dtype=np.int64)
    return pl.DataFrame(
        {
            "sku": [sku] * len(units), "order_quantity_units": units, "value_amount": cost_of_nothing - costs + list_price * units - amounts,
            "amount": amounts, "volume": volume * units, "weight": weight * units,
        }
    )  # fmt: skip
