"""What will be late before it is. Here: the chance that an open line misses its promise. Not here: promises, calendars."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hours = NDArray[np.float64]
FEWEST = 30  # past lines of a group that its own history must have; else all lines speak for it


def late_probability(open_lines: pl.DataFrame, history: pl.DataFrame) -> pl.Series:
    """The chance that each open line (group, age_hours, hours_left) leaves after its promise, from how long past lines took.

    P(late) = P(T > age + left | T > age): among past lines (group, hours) that took longer than the line's age, the share that
    took longer than its whole allowance; with one line added that is late and one that is not (Laplace), so that it is never
    certain. A line past its promise is late: 1.

    Past lines took 10, 20, 30 and 50 hours; a line is 15 hours old and has 10 left: of the three that took more than 15, two took
    more than 25: (2 + 1) ÷ (3 + 2) = 0.6.
    """
    everything = np.sort(history["hours"].to_numpy().astype(float))
    groups = {name[0]: np.sort(part["hours"].to_numpy().astype(float)) for name, part in history.group_by("group")}
    chances = []
    for group, age, left in open_lines.select("group", "age_hours", "hours_left").iter_rows():
        taken = groups.get(group, everything)
        chances.append(1.0 if left <= 0 else _chance(taken if len(taken) >= FEWEST else everything, age, age + left))
    return pl.Series("late_probability", chances, dtype=pl.Float64)


def _chance(taken: Hours, age: float, allowed: float) -> float:
    survived = len(taken) - int(np.searchsorted(taken, age, side="right"))
    late = len(taken) - int(np.searchsorted(taken, allowed, side="right"))
    return (late + 1) / (survived + 2)
