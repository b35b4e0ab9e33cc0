"""The order that costs least. Here: from sampled futures and what is on the shelf and on its way to a quantity and what it is expected to
cost. Not here: forecasts, MOQ and packs (reorder.py), playing a policy over a history (simulate.py).

A unit more is worth what it saves: followed along each future from the order's arrival on, it is held, period by period, until a
customer takes it who would have gone without, or until a later order brings one unit less because of it. Its mean value over the futures
falls with the quantity; the order that costs least is the last whose value is above 0. So the critical ratio is an outcome: with
next week's order always due, it comes to the newsvendor's shortage ÷ (shortage + holding); where demand is slow a unit too many
stays for many periods, and less is ordered. Where units are owed, one that only serves them late neither saves nor costs; it is ordered.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
ROWS = 40_000  # series × futures that are followed at a time
NO_ORDER = np.int64(2**40)
TIE = 1e-9  # a value that differs from 0 by rounding alone


@dataclass(frozen=True)
class Situation:
    """n series, each with P futures of T periods.

    demand: (n, P, T). on_hand: (n,), below 0 where units are owed. due: (n, k) units that arrive at the start of periods 0 … k − 1.
    lead_times: (n, P) whole periods that an order takes; placed now it arrives at the start of period
    lead_time, and later orders of that future take as long: a supplier who is late stays late. holding_amount,
    shortage_amount: (n,) per unit left at the end of a period, per unit missed at once. review: periods between orders. is_lost: whether
    a missed unit is lost, or owed and served later. Nothing counts after T: where the futures end because the season or the
    product does, stock left then is worth nothing.
    """

    demand: Array
    on_hand: Array
    due: Array
    lead_times: Ints
    holding_amount: Array
    shortage_amount: Array
    review: int = 1
    is_lost: bool = True

    def part(self, start: int, end: int) -> "Situation":
        """Series `start` to `end`."""
        cut: dict[str, Any] = {name: value[start:end] for name, value in self.__dict__.items() if isinstance(value, np.ndarray)}
        return replace(self, **cut)


def cheapest_orders(situation: Situation) -> pl.DataFrame:
    """One row per series: order_units (whole, not below 0), order_up_to_level_units, critical_ratio and expected amounts.

    order_up_to_level_units is the position that the order leads to; critical_ratio the chance that nothing is missed from the order's
    arrival to that of the next; now_amount what the futures cost with the order, waiting_amount without it (later orders go out as
    always).

    Example: one period, demand 50 ± 8 normal, holding 0.18, shortage 0.70: 57 units, critical ratio 0.80 (Snyder & Shen 2019, 4.3).
    """
    n, paths, _ = situation.demand.shape
    some = max(1, ROWS // max(paths, 1))
    parts = [_cheapest(situation.part(start, start + some)) for start in range(0, n, some)]
    names = ("order_units", "order_up_to_level_units", "critical_ratio", "now_amount", "waiting_amount")
    frame = pl.DataFrame(np.concatenate(parts or [np.zeros((0, len(names)))]), schema=list(names))
    return frame.with_columns(pl.col("order_units", "order_up_to_level_units").cast(pl.Int64))


def _cheapest(situation: Situation) -> Array:
    later = _later_levels(situation)
    comes = (situation.lead_times < situation.demand.shape[2]).any(axis=1)
    low, high = np.zeros(len(later)), np.where(comes, np.ceil(_need(situation).max(axis=1, initial=0.0)), 0.0)
    while (low < high).any():
        middle = np.floor((low + high) / 2)
        value = _follow(situation, middle, later).unit_value
        is_worth = value > TIE if situation.is_lost else value >= -TIE
        low, high = np.where(is_worth & (low < high), middle + 1, low), np.where(is_worth, high, middle)
    position = situation.on_hand + situation.due.sum(axis=1)
    now, waiting = _follow(situation, low, later), _follow(situation, np.zeros(len(low)), later)
    return np.stack([low, position + low, now.served_ratio, now.amount, waiting.amount], axis=1)


@dataclass(frozen=True)
class _Followed:
    unit_value: Array
    served_ratio: Array
    amount: Array


def _follow(situation: Situation, order: Array, later: Array) -> _Followed:
    """What one more unit than `order` would save, the chance that nothing is missed in the order's turn, and the cost of all futures.

    later: (n, T) position that orders at the end of each period fill up to.
    """
    demand, review = situation.demand, situation.review
    n, paths, periods = demand.shape
    holding, shortage = situation.holding_amount[:, None], situation.shortage_amount[:, None]
    lead, until = situation.lead_times, np.full((n, paths), NO_ORDER)
    turn_end = lead + review
    stock = np.repeat(situation.on_hand[:, None].astype(np.float64), paths, axis=1)
    coming = np.zeros((periods + 1, n, paths))
    for k in range(min(situation.due.shape[1], periods)):
        coming[k] += situation.due[:, k, None]
    np.put_along_axis(
        coming,
        np.minimum(lead, periods)[None],
        np.take_along_axis(coming, np.minimum(lead, periods)[None], 0) + order[:, None],
        0,
    )
    position = stock + situation.due.sum(axis=1)[:, None] + order[:, None]
    is_there, was_served = np.ones((n, paths), bool), np.ones((n, paths), bool)
    value, amount = np.zeros((n, paths)), np.zeros((n, paths))
    for t in range(periods):
        stock += coming[t]
        wanted = demand[:, :, t]
        has_come = lead <= t
        here = has_come & (t < until) & is_there
        missing = np.minimum(np.maximum(wanted - stock, 0.0), wanted)
        saves = here & (missing > 0) & (stock >= 0)
        value += shortage * saves
        left = stock - wanted
        if situation.is_lost:
            is_there &= ~saves
            left = np.maximum(left, 0.0)
            position -= wanted - missing
        else:
            position -= wanted
        value -= holding * (here & is_there & (left >= 0))
        amount += holding * np.maximum(left, 0.0) + shortage * missing
        was_served &= (missing <= 0) | ~has_come | (t >= turn_end)
        stock = left
        if (t + 1) % review == 0:
            wish = np.maximum(later[:, t, None] - position, 0.0)
            arrival = t + 1 + lead
            until = np.where((wish > 0) & (until == NO_ORDER), arrival, until)
            place = np.minimum(arrival, periods)[None]
            np.put_along_axis(coming, place, np.take_along_axis(coming, place, 0) + wish, 0)
            position += wish
    return _Followed(value.mean(axis=1), was_served.mean(axis=1), amount.mean(axis=1))


def _need(situation: Situation, first: int = 0) -> Array:
    """(n, P) demand from period `first` up to the arrival of the order that follows one placed just before it."""
    periods = situation.demand.shape[2]
    total = np.cumsum(situation.demand[:, :, first:], axis=2)
    upto = np.minimum(situation.lead_times + situation.review, periods - first) - 1
    return np.asarray(np.take_along_axis(total, upto[:, :, None], axis=2)[:, :, 0])


def _later_levels(situation: Situation) -> Array:
    """(n, T) position that an order at the end of period t fills up to: the coming demand at the newsvendor's ratio.

    Near the end of the futures the order's whole turn is no longer in them; there the last level that saw it whole stands.
    """
    n, _, periods = situation.demand.shape
    ratio = situation.shortage_amount / (situation.shortage_amount + situation.review * situation.holding_amount)
    whole = max(1, periods - int(situation.lead_times.max(initial=0)) - situation.review)
    levels = np.empty((n, periods))
    for t in range(periods):
        if t < whole:
            need = np.sort(_need(situation, t + 1 if periods > t + 1 else t), axis=1)
            place = np.clip(np.ceil(ratio * need.shape[1]).astype(np.int64) - 1, 0, need.shape[1] - 1)
            levels[:, t] = np.take_along_axis(need, place[:, None], axis=1)[:, 0]
        else:
            levels[:, t] = levels[:, whole - 1]
    return levels
