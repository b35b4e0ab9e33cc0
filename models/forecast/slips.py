"""Single figures that can't be meant. Here: finding them, and taking them as unknown. Not here: bulk orders, which a merchant's history keeps in a layer.

A quantity with the digits of an article number makes its own series useless and, through whatever all series share, every other one worse.
"""

from dataclasses import replace

import numpy as np

from models.forecast.panel import Panel
from models.forecast.problem import Note

MULTIPLE = 50.0  # of what is a large demand for the series
LARGE = 0.9  # quantile of the periods in which anything was wanted
LEAST_PERIODS = 10  # with demand: of fewer nobody can say what is usual


def without_slips(panel: Panel, notes: list[Note]) -> Panel:
    """The panel in which a demand above 50 times the series' 0.9 quantile of demands above 0 is unknown; said with series, period and value.

    Example: 20 a week and once 10,000: unknown. 1 to 3 a week and once 100 stays.
    """
    sold = np.where(panel.y > 0, panel.y, np.nan)
    periods = np.isfinite(sold).sum(axis=1)
    large = np.full(len(sold), np.inf)
    rows = np.flatnonzero(periods >= LEAST_PERIODS)
    if not len(rows):
        return panel
    large[rows] = np.nanquantile(sold[rows], LARGE, axis=1)
    i, t = np.nonzero(np.nan_to_num(sold) > MULTIPLE * large[:, None])
    if not len(i):
        return panel
    first = f"{panel.ids[int(i[0])]}, {panel.dates[int(t[0])]:%Y-%m-%d}: {panel.y[i[0], t[0]]:,.15g}"
    notes.append(
        Note(
            f"{len(i):,} demands above {MULTIPLE:.0f} times what is large for their series were taken as unknown (the first: {first})."
        )
    )
    y = panel.y.copy()
    y[i, t] = np.nan
    return replace(panel, y=y)
