"""A marketplace's judgement of a seller from counts per day. Here: windows, maturity, days to breach. Not here: what counts as bad."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AHEAD_DAYS, RECENT_DAYS = 60, 14
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """A rate as the platform would state it today, the same over days that are mature, and how long until it breaks its bound."""

    bad: int
    all: int
    rate: float | None
    mature_rate: float | None
    days_to_breach: int | None


def judge(bad: Counts, all_: Counts, window: int, lag: int, bound: float, young: int) -> Judged:
    """Judges days in order, the last being yesterday.

    The window is the `window` days that end `lag` days before today. The mature rate leaves out the last `young` days, whose
    orders can still turn bad. Days to breach: the first day on which the window's rate passes `bound` if each coming day is like
    the mean of the last 14 mature days; 0 if it has passed it, None if it does not within 60 days.

    With 100 orders a day, none bad for 27 days and then 8 bad on each of 3 days, a 30-day window stands at 24/3000 = 0.8 %. Going
    on like the last 14 days (24/14 = 1.71 % a day) it stays below a bound of 4 %; at 8 bad a day it would pass it.
    """
    end = len(bad) - lag
    now = slice(max(end - window, 0), end)
    mature_end = max(end - max(young - lag, 0), 0)
    mature = slice(max(end - window, 0), mature_end)
    recent = slice(max(mature_end - RECENT_DAYS, 0), mature_end)
    return Judged(
        bad=int(bad[now].sum()),
        all=int(all_[now].sum()),
        rate=_rate(bad[now], all_[now]),
        mature_rate=_rate(bad[mature], all_[mature]),
        days_to_breach=_days_to_breach(bad[:end], all_[:end], window, bound, (bad[recent], all_[recent])),
    )


def evaluation_days(transactions: Counts, fewest: int, short: int, long: int) -> int:
    """The platform's window: the short one where it holds at least `fewest` transactions, else the long one."""
    return short if transactions[-short:].sum() >= fewest else long


def _rate(bad: NDArray[np.generic], all_: NDArray[np.generic]) -> float | None:
    total = float(all_.sum())
    return float(bad.sum()) / total if total else None


def _days_to_breach(bad: Counts, all_: Counts, window: int, bound: float, recent: tuple[Counts, Counts]) -> int | None:
    if not len(recent[0]):
        return None
    ahead_bad = np.concatenate([bad.astype(float), np.full(AHEAD_DAYS, recent[0].mean())])
    ahead_all = np.concatenate([all_.astype(float), np.full(AHEAD_DAYS, recent[1].mean())])
    for day in range(AHEAD_DAYS + 1):
        end = len(bad) + day
        part = slice(max(end - window, 0), end)
        rate = _rate(ahead_bad[part], ahead_all[part])
        if rate is not None and rate > bound:
            return day
    return None
