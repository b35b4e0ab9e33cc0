"""How series alike fare at the moment. Here: a group's recent demand against its level. Not here: seasons (yearly.py)."""

import numpy as np
from numpy.typing import NDArray

from models.forecast.past import Past

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
RECENT = (1, 2, 4)


class Groups:
    """Sums of demand and of levels over each group's series, period by period; unknown demand counts as the series' level."""

    def __init__(self, past: Past, groups: Ints) -> None:
        y, level = past.panel.y, past.level
        self._groups = groups
        begun = np.arange(y.shape[1]) >= past.panel.first[:, None]
        here = begun & (np.arange(y.shape[1]) <= past.panel.last[:, None])
        self._level = by_group(np.where(here, level, 0.0), groups)
        demand = by_group(np.where(here, np.where(np.isfinite(y), y, level), 0.0), groups)
        self._sums = np.concatenate([np.zeros((len(demand), 1)), np.cumsum(demand, axis=1)], axis=1)

    def recent(self, i: Ints, t: Ints) -> list[Array]:
        """Mean of the group's last 1, 2 and 4 periods ÷ its level; not a number for a group that sells nothing."""
        group = self._groups[i]
        level = self._level[group, t]
        found = []
        for periods in RECENT:
            start = np.maximum(t + 1 - periods, 0)
            mean = (self._sums[group, t + 1] - self._sums[group, start]) / (t + 1 - start)
            found.append(np.divide(mean, level, out=np.full(len(i), np.nan), where=level > 0))
        return found


def by_group(values: Array, groups: Ints) -> Array:
    """(groups, T) sums of (n, T) over the series of each group; codes run from 0 without gaps or with empty groups."""
    count = int(groups.max(initial=0)) + 1
    if count == 1:
        return values.sum(axis=0, keepdims=True)
    out = np.zeros((count, values.shape[1]))
    order = np.argsort(groups, kind="stable")
    present, starts = np.unique(groups[order], return_index=True)
    out[present] = np.add.reduceat(values[order], starts, axis=0)
    return out
