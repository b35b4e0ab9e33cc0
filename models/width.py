"""How wide forecasts have to be to decide by costs. Here: a width per class of volume, learnt by playing the levels over the merchant's own past.
Not here: the levels (levels.py), the forecasts.

Forecasts that cover as they say can still be too wide or too narrow to decide by: an order can't be taken back, each week's level differs from
the last one's, and lost sales shorten what is missing. So levels are played over the past at several widths, with forecasts made
without knowing what came, and the width that would have cost least is kept. It multiplies the standard deviation of demand, and so what critical
ratio is worth its cost follows from this merchant's past.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.futures import WEEK, Shelf
from models.levels import Aim, least_levels
from models.protection import within
from models.safety_stock import Terms, sampled

Array = NDArray[np.float64]
WIDTHS = np.array([0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.45])
CLASSES = np.array([3.0, 15.0])  # units over lead time and review that part slow, usual and fast series
PLAIN = 1.0
LEAST_ORIGINS = 8  # weeks of the past below which a width would be chance
MOST_SERIES = 1_000  # of which widths are learnt; of more as many are drawn
PATHS = 120


@dataclass(frozen=True)
class Past:
    """n series: forecasts as they were made, and what came.

    means: (origins, n, weeks), quantiles: (origins, n, weeks, levels), one origin after each week; together: correlation of weeks; actual:
    (n, origins) demand of the week after each origin, not a number where it was not seen: there stock moves by its forecast and nothing is
    counted. terms: their width is not looked at. aim: by costs.
    """

    means: Array
    quantiles: Array
    levels: Array
    together: float
    actual: Array
    terms: Terms
    aim: Aim


def volume_class(means: Array, terms: Terms) -> NDArray[np.int64]:
    """(n,) class of each series by its mean demand over lead time and review; means: (n, weeks)."""
    return np.searchsorted(CLASSES, within(means, terms.days), side="right")


def learn_widths(past: Past, seed: int = 0) -> Array:
    """Width per class of volume: that of WIDTHS which would have cost least, see cheapest_widths; 1 where nothing counted."""
    return cheapest_widths(played_costs(past, seed))


def cheapest_widths(costs: Array) -> Array:
    """Width per class from what each would have cost: (weeks, widths, classes); of equally cheap ones that nearest to 1."""
    total = costs.sum(axis=0).round(6)
    by_distance = np.argsort(np.abs(WIDTHS - PLAIN), kind="stable")
    return WIDTHS[by_distance[np.argmin(total[by_distance], axis=0)]]


def played_costs(past: Past, seed: int = 0) -> Array:
    """(weeks, widths, classes) what each width would have cost, week by week; weeks that no order reaches yet are left out."""
    n, many = past.means.shape[1], len(WIDTHS)
    lead, review = (np.maximum(np.rint(days / WEEK), least).astype(np.int64) for days, least in _weeks(past.terms))
    due = np.zeros((many, n, int(lead.max(initial=0)) + 1))
    on_hand = np.tile(np.rint(within(past.means[0], past.terms.days)), (many, 1))
    costs = []
    for t, means in enumerate(past.means):
        goes_out = t % review == 0
        for k, width in enumerate(WIDTHS):
            ordered = np.where(goes_out, _orders(past, t, width, on_hand[k], due[k], seed), 0.0)
            due[k, np.arange(n), lead] += ordered
        on_hand += due[:, :, 0]
        due = np.concatenate([due[:, :, 1:], np.zeros((many, n, 1))], axis=2)
        came = past.actual[:, t]
        is_seen = np.isfinite(came)
        wanted = np.where(is_seen, came, np.rint(means[:, 0]))
        missing = np.minimum(np.maximum(wanted - on_hand, 0.0), wanted)
        on_hand = np.where(past.aim.is_lost, np.maximum(on_hand - wanted, 0.0), on_hand - wanted)
        spent = past.aim.kept_amount / review * np.maximum(on_hand, 0.0) + past.aim.shortage_amount * missing
        spent = np.where(is_seen & (t >= lead), spent, 0.0)
        kind = volume_class(means, past.terms)
        costs.append(np.stack([spent[:, kind == c].sum(axis=1) for c in range(len(CLASSES) + 1)], axis=1))
    return np.stack(costs) if costs else np.zeros((0, many, len(CLASSES) + 1))


def _weeks(terms: Terms) -> tuple[tuple[Array, int], tuple[Array, int]]:
    return (terms.lead_days, 0), (terms.review_days, 1)


def _orders(past: Past, origin: int, width: float, on_hand: Array, due: Array, seed: int) -> Array:
    """Orders (n,) at one width; all widths see the same chance."""
    terms = replace(past.terms, width=np.full(len(on_hand), width))
    shelf = Shelf(np.where(past.aim.is_lost, on_hand, np.nan), due)
    futures = sampled(past.means[origin], past.quantiles[origin], past.levels, past.together, terms, seed + origin, shelf, PATHS)
    level = least_levels(futures, replace(past.aim, is_lost=np.zeros(len(on_hand), dtype=np.bool_)))
    return np.maximum(level - on_hand - due.sum(axis=1), 0.0)
