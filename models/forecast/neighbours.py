"""How others of a group fare. Here: what the rest of each group sold lately beside its level. Not here: seasons, models.

A product that gains in other stores gains here, too; one series alone is too noisy to tell early.
"""

import numpy as np
from numpy.typing import NDArray

from models.forecast.past import Past
from models.forecast.yearly import by_group

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


class Neighbours:
    """Per group and window: demand of the others over the last periods ÷ what their levels amount to in them."""

    def __init__(self, past: Past, groups: list[Ints]) -> None:
        self._groups, self._parts = groups, []
        level = past.panel.freq.level
        for periods in sorted({1, max(1, round(level / 4)), level}):
            units, count = past.between(past.sums, 1 - periods, 0), past.between(past.counts, 1 - periods, 0)
            usual = count * past.level
            self._parts.append((periods, units, usual, [(by_group(units, g), by_group(usual, g)) for g in groups]))

    def columns(self, i: Ints, t: Ints) -> dict[str, Array]:
        """(rows,) features, not a number where a series is alone."""
        found = {}
        for periods, units, usual, sums in self._parts:
            own_units, own_usual = units[i, t], usual[i, t]
            for k, (codes, (all_units, all_usual)) in enumerate(zip(self._groups, sums, strict=True)):
                at = codes[i], t
                base = all_usual[at] - own_usual
                rest = all_units[at] - own_units
                found[f"others{k}_{periods}"] = np.divide(rest, base, out=np.full(len(i), np.nan), where=base > 1e-6)
        return found
