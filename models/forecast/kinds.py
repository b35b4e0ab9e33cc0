"""Frequent or sparse: two classes of demand that are blended and corrected apart. Here: the split. Not here: what follows from it."""

import numpy as np
from numpy.typing import NDArray

from models.forecast.features import Features

Ints = NDArray[np.int64]
SPARSE_FROM = 0.25  # share of recent periods without demand


def kind_of(features: Features, rows: tuple[Ints, Ints, Ints]) -> Ints:
    """(rows,) 0 for frequent demand, 1 for sparse, by the last four level spans up to the origin; unknown counts as sparse."""
    i, t, _ = rows
    zeros = features.past.zero_share(i, t, 4 * features.panel.freq.level)
    return np.where(np.nan_to_num(zeros, nan=1.0) < SPARSE_FROM, 0, 1)
