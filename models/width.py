"""How wide forecasts have to be for decisions. Here: a width per class of volume, learnt by playing the order policy over the merchant's own past.
Not here: the policy (policy.py), the forecasts.

Forecasts that cover as they say can still be too wide or too narrow to decide by: an order can't be taken back, each week's level differs from
the last one's, and lost sales shorten what is missing. So the policy is played over the past at several widths, with forecasts made
without knowing what came, and the width that would have cost least is kept. It multiplies each path's distance from the median path.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.forecast.paths import whole_paths
from models.policy import Situation, cheapest_orders

Array = NDArray[np.float64]
WIDTHS = np.array([0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.45])
CLASSES = np.array([3.0, 15.0])  # units over the protection interval that part slow, usual and fast series
PLAIN = 1.0
PATHS = 120


@dataclass(frozen=True)
class Past:
    """Forecasts as they were made, and what came.

    quantiles: (origins, n, H, levels), one origin after each period; actual: (n, origins) demand of the period after each origin, not
    a number where it was not seen: there stock moves by a draw of the forecast and nothing is counted. lead_time: whole periods.
    """

    quantiles: Array
    levels: Array
    together: float
    actual: Array
    is_whole: NDArray[np.bool_]
    holding_amount: Array
    shortage_amount: Array
    lead_time: int
    review: int = 1
    is_lost: bool = True


def volume_class(quantiles: Array, levels: Array, periods: int) -> NDArray[np.int64]:
    """(n,) class of each series by its median demand over the protection interval; the mean counts where the median is 0."""
    middle = quantiles[:, :, _median(levels)]
    upper = quantiles[:, :, int(np.argmin(np.abs(levels - 0.75)))]
    weekly = ((middle + upper) / 2).mean(axis=1)
    return np.searchsorted(CLASSES, weekly * periods, side="right")


def widened(paths: Array, quantiles: Array, levels: Array, width: Array) -> Array:
    """Paths (n, P, T) whose distance from the median path is multiplied by `width` (n,), not below 0."""
    middle = quantiles[:, np.minimum(np.arange(paths.shape[2]), quantiles.shape[1] - 1), _median(levels)][:, None, :]
    return np.maximum(middle + width[:, None, None] * (paths - middle), 0.0)


def learn_widths(past: Past, seed: int = 0) -> Array:
    """Width per class of volume: that of WIDTHS which would have cost least, see cheapest_widths; 1 where nothing counted."""
    return cheapest_widths(played_costs(past, seed))


def cheapest_widths(costs: Array) -> Array:
    """Width per class from what each would have cost: (weeks, widths, classes).

    Of the widths that cost no more than a standard error above the cheapest, that nearest to 1: forecasts stand unless the past says
    clearly otherwise (Breiman et al. 1984, one-standard-error rule).
    """
    chosen = []
    for cost in np.moveaxis(costs, 2, 0):
        best = int(np.argmin(cost.sum(axis=0)))
        more = cost - cost[:, [best]]
        is_close = more.sum(axis=0) <= more.std(axis=0) * np.sqrt(len(cost)) + 1e-9
        chosen.append(min(WIDTHS[is_close], key=lambda width: abs(width - PLAIN)))
    return np.array(chosen)


def played_costs(past: Past, seed: int = 0) -> Array:
    """(weeks, widths, classes) what each width would have cost, week by week; the first weeks, which no order reaches, are left out."""
    n = past.quantiles.shape[1]
    many, rng = len(WIDTHS), np.random.default_rng(seed)
    rows, width = np.tile(np.arange(n), many), np.repeat(WIDTHS, n)
    on_hand, due = np.zeros(n * many), np.zeros((n * many, past.lead_time + 1))
    costs = []
    for t, quantiles in enumerate(past.quantiles):
        paths = whole_paths(quantiles, past.levels, past.together, PATHS, past.lead_time + past.review, past.is_whole, rng)
        if t == 0:
            on_hand = np.rint(np.median(paths.sum(axis=2), axis=1))[rows]
        if t % past.review == 0:
            due[:, past.lead_time] += _orders(past, quantiles, paths, rows, width, on_hand, due[:, : past.lead_time])
        on_hand = on_hand + due[:, 0]
        due = np.concatenate([due[:, 1:], np.zeros((len(due), 1))], axis=1)
        came = past.actual[:, t]
        wanted = np.where(np.isfinite(came), came, paths[:, 0, 0])[rows]
        missing = np.minimum(np.maximum(wanted - on_hand, 0.0), wanted)
        on_hand = np.maximum(on_hand - wanted, 0.0) if past.is_lost else on_hand - wanted
        if t >= past.lead_time:
            spent = past.holding_amount[rows] * np.maximum(on_hand, 0.0) + past.shortage_amount[rows] * missing
            spent = np.where(np.isfinite(came)[rows], spent, 0.0).reshape(many, n)
            kind = volume_class(quantiles, past.levels, past.lead_time + past.review)
            costs.append(np.stack([spent[:, kind == k].sum(axis=1) for k in range(len(CLASSES) + 1)], axis=1))
    return np.stack(costs) if costs else np.zeros((0, many, len(CLASSES) + 1))


def _orders(
    past: Past, quantiles: Array, paths: Array, rows: NDArray[np.int64], width: Array, on_hand: Array, due: Array
) -> Array:
    futures = widened(paths[rows], quantiles[rows], past.levels, width)
    futures = np.where(past.is_whole[rows][:, None, None], np.rint(futures), futures)
    situation = Situation(
        futures, on_hand, due, np.full(futures.shape[:2], past.lead_time), past.holding_amount[rows], past.shortage_amount[rows],
        past.review, past.is_lost,
    )  # fmt: skip
    return cheapest_orders(situation)["order_units"].to_numpy()


def _median(levels: Array) -> int:
    return int(np.argmin(np.abs(levels - 0.5)))
