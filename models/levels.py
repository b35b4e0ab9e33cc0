"""The least stock that meets an aim. Here: costs, a cycle service level, a fill rate, a budget, to whole levels and what they lead to. Not here: where
demand comes from (futures.py, protection.py), MOQ and packs of a single order (quantity.py).

A level is a position (on hand + on order − owed) that each review fills up to. What is ordered at a review arrives after the lead time and has to
last until the next review's order arrives: from then on it answers for demand beyond the lead time L and within lead time and review, L + R.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
COST, CYCLE, FILL = "cost", "cycle_service_level", "unit_fill_rate"
AIMS = (COST, CYCLE, FILL)
TIE = 1e-9
DEAREST = 1e6  # price of a missing unit in what a unit costs that stays a review
MEDIAN = 0.5
DEAREST_CAPITAL, HALVINGS = 2.0**16, 12  # how much dearer a budget may make capital, and in how many steps that is found
SUREST = 1 - 1e-4  # more than that futures can't tell


class Interval(Protocol):
    """Demand of n series over the lead time, and over lead time and review."""

    @property
    def review_units(self) -> Array:
        """(n,) mean demand of one review."""
        ...

    @property
    def idle_rate(self) -> Array:
        """(n,) chance that nothing is wanted in a review."""
        ...

    @property
    def std_units(self) -> Array:
        """(n,) standard deviation of demand over lead time and review."""
        ...

    @property
    def lost_units(self) -> Array:
        """(n,) mean demand of the lead time that is left out, because today's stock and what is on its way are known not to serve it."""
        ...

    def chances(self, level: Array, lot: Array) -> tuple[Array, Array]:
        """P(D ≤ level) over the lead time, and over lead time and review; the mean over level … level + lot − 1."""
        ...

    def missing(self, level: Array, lot: Array) -> tuple[Array, Array]:
        """E(D − level)⁺ likewise."""
        ...

    def means(self) -> tuple[Array, Array]:
        """E(D) likewise."""
        ...

    def served(self, rate: Array) -> "Interval":
        """The same with only `rate` (n,) of the lead time's demand served: what is lost leaves stock for later."""
        ...

    def quantile(self, rate: Array) -> Array:
        """(n,) a whole level with P(D ≤ level) ≥ rate over lead time and review; with all that is thinkable at a rate of 1."""
        ...

    def part(self, rows: Ints) -> "Interval":
        """Some of the series."""
        ...


@dataclass(frozen=True)
class Aim:
    """What n series aim at.

    kind: of AIMS. target_rate: the service wanted, not used for costs. holding_amount: per unit and day; shortage_amount: per unit missed at once;
    left_amount: what a unit loses that this review's order leaves over, where no later order follows (the product or its season ends), else 0.
    review_days; lot: units by which orders lift the position above its level, 1 where they don't; is_lost: whether a missing unit is lost or owed;
    most_units: no level goes above it for the sake of a service.
    """

    kind: NDArray[np.str_]
    target_rate: Array
    holding_amount: Array
    shortage_amount: Array
    left_amount: Array
    review_days: Array
    lot: Array
    is_lost: Bools
    most_units: Array

    def part(self, rows: Ints) -> "Aim":
        """Some of the series."""
        return Aim(**{name: value[rows] for name, value in self.__dict__.items()})

    @property
    def ceiling(self) -> Array:
        """(n,) what no level goes above; costs know no such bound."""
        return np.where(self.kind == COST, np.inf, self.most_units)

    @property
    def kept_amount(self) -> Array:
        """(n,) what a unit costs that is left over until the next order arrives."""
        return self.holding_amount * self.review_days + self.left_amount


def least_levels(interval: Interval, aim: Aim) -> Array:
    """(n,) whole levels, none below 0, none above aim.ceiling.

    Costs: of a unit more, P(D_L ≤ S) is held on average as P(D_L ≤ S) + P(D_{L+R} ≤ S) over two, and it saves a shortage where demand passes
    S between the two; so the level is the least with P(D_{L+R} ≤ S) ÷ P(D_L ≤ S) ≥ (p − k/2) ÷ (p + k/2), with k what a unit costs that stays a
    review. For fast demand that is the newsvendor's p ÷ (p + k). Zipkin (2000), 6.2 and 9.6; over the positions that lots lead to, their mean.
    Cycle service: at most 1 − target of the cycles that began with an order end short. Fill rate: what goes missing in a review ÷ its demand.

    Example: Poisson demand of 20 over lead time and review of 7 days each, cost 20 held at 0.002 a day and missed at 5: k = 0.28, 27 units.
    """
    level = _search(interval, aim, _enough(interval, aim))
    lost = np.flatnonzero(aim.is_lost & (level > 0))
    if not len(lost):
        return level
    some, theirs = interval.part(lost), aim.part(lost)
    level[lost] = _search(some.served(fill_rates(some, level[lost], theirs.lot)), theirs, level[lost])
    return level


def _enough(interval: Interval, aim: Aim) -> Array:
    """Levels that are high enough for every aim, P(D_{L+R} ≤ S) alone being as high as the aim's own figure has to be, or as high as they may be."""
    target = _targets(aim)
    rate = np.where(aim.kind == CYCLE, 1 - (1 - target) * (1 - interval.idle_rate), np.where(aim.kind == COST, target, 1.0))
    return np.minimum(interval.quantile(rate), aim.ceiling)


def _search(interval: Interval, aim: Aim, high: Array) -> Array:
    """The least level that reaches the aim, down from `high`, which does or is what no level goes above."""
    return _least(lambda rows, level: reaches(interval.part(rows), level, aim.part(rows)), high)


def _least(is_enough: Callable[[Ints, Array], Bools], high: Array) -> Array:
    """The least level of each series that is enough, down from `high`, which is: by doubled steps, then by halving."""
    high, low = high.copy(), np.full(len(high), -1.0)

    def split(rows: Ints, middle: Array) -> Bools:
        enough = is_enough(rows, middle)
        high[rows], low[rows] = np.where(enough, middle, high[rows]), np.where(enough, low[rows], middle)
        return enough

    step, rows = 1.0, np.flatnonzero(high > 0)
    while len(rows):
        rows = rows[split(rows, np.maximum(high[rows] - step, 0.0)) & (high[rows] > 0)]
        step *= 2
    while len(rows := np.flatnonzero(high - low > 1)):
        split(rows, np.floor((low[rows] + high[rows]) / 2))
    return high


def _targets(aim: Aim) -> Array:
    ends = aim.left_amount > 0
    half = np.where(ends, aim.kept_amount, aim.kept_amount / 2)
    gain = np.where(ends, aim.shortage_amount, np.maximum(aim.shortage_amount - half, 0.0))
    ratio = np.divide(gain, aim.shortage_amount + half, out=np.zeros_like(gain), where=aim.shortage_amount > 0)
    return np.where(aim.kind == COST, ratio, aim.target_rate)


def reaches(interval: Interval, level: Array, aim: Aim) -> Bools:
    """(n,) whether each level is high enough for its aim."""
    return np.asarray(_reached(interval, level, aim) >= _targets(aim) - TIE)


def _reached(interval: Interval, level: Array, aim: Aim) -> Array:
    """What each level comes to on its aim's own scale."""
    lead, whole = interval.chances(level, aim.lot)
    ratio = np.divide(whole, lead, out=np.zeros_like(whole), where=lead > 0)
    found = np.where(aim.kind == CYCLE, cycle_services(interval, level), ratio)
    if (aim.kind == FILL).any():
        found = np.where(aim.kind == FILL, fill_rates(interval, level, aim.lot), found)
    return found


def cycle_services(interval: Interval, level: Array) -> Array:
    """(n,) of the cycles that begin with an order, those that nothing goes missing in: a review in which nothing was wanted orders nothing.

    So the less is wanted in a review, the more units the same service takes: a cycle begins only when somebody has come, and may have taken several.
    """
    begun = np.maximum(1 - interval.idle_rate, TIE)
    return 1 - np.clip(_short_cycles(interval, *interval.chances(level, np.ones_like(level))), 0.0, begun) / begun


def _short_cycles(interval: Interval, lead: Array, whole: Array) -> Array:
    """Cycles per review that begin and that something goes missing in, at the chances that a level leads to."""
    return (1 - whole) - interval.idle_rate * (1 - lead)


def fill_rates(interval: Interval, level: Array, lot: Array) -> Array:
    """(n,) units served at once ÷ wanted: of a review's demand all but what is missing at its end and wasn't before it."""
    lead, whole = interval.missing(level, lot)
    short = np.divide(whole - lead, interval.review_units, out=np.zeros_like(whole), where=interval.review_units > 0)
    return 1 - np.clip(short, 0.0, 1.0)


def expected_amounts(interval: Interval, position: Array, aim: Aim) -> Array:
    """(n,) what a position costs in the turn that this review's order answers for: holding per unit on hand, left_amount per unit that is left at its end,
    shortage_amount per unit missed.

    Example: nothing on hand, 10 wanted for certain, a shortage of 2: 20, after an order of 10: what the ten cost until they are sold.
    """
    lead, whole = interval.missing(position, np.ones(len(position)))
    held = aim.holding_amount * aim.review_days * _on_hand(interval, position, lead, whole)
    left = aim.left_amount * (position - interval.means()[1] + whole)
    return held + left + aim.shortage_amount * np.maximum(whole - lead, 0.0)


def mean_stock(interval: Interval, level: Array, lot: Array) -> Array:
    """(n,) units on hand on average: the mean of what is left just after an order arrives and just before the next one does."""
    return _on_hand(interval, level + (lot - 1) / 2, *interval.missing(level, lot))


def _on_hand(interval: Interval, position: Array, lead: Array, whole: Array) -> Array:
    before, after = interval.means()
    return ((position - before + lead) + (position - after + whole)) / 2


def least_stock(interval: Interval, aim: Aim, kind: str, target_rate: float) -> tuple[Array, float]:
    """Levels with which all series together reach a service at the least stock value, and the price of a failure that leads to them.

    kind: CYCLE, of all cycles that begin, or FILL, of all units wanted. Every missing unit, or every cycle that ends short, is given one price,
    whosever it is, and every series takes the level that costs least at it (aim.holding_amount being what stock binds); the price is raised
    until the service is reached (a Lagrange multiplier; Silver, Pyke & Thomas 2017, 6.12). Series that are dear to protect then get less than
    the target, cheap ones more.
    """
    costly = replace(aim, kind=np.full_like(aim.kind, COST, dtype="<U32"))

    def levels(price: float) -> Array:
        if kind == CYCLE:
            return _cycle_levels(interval, aim, price)
        best = least_levels(interval, replace(costly, shortage_amount=np.full_like(aim.holding_amount, price)))
        return np.minimum(best, aim.most_units)

    def service(level: Array) -> float:
        if kind == FILL:
            weight, rate = interval.review_units, fill_rates(interval, level, aim.lot)
        else:
            weight, rate = 1 - interval.idle_rate, cycle_services(interval, level)
        weight = weight / aim.review_days
        return float((weight * rate).sum() / weight.sum()) if weight.sum() > 0 else 1.0

    unit = float(np.median(aim.kept_amount)) or 1.0
    low, high = unit, unit * DEAREST
    best = levels(high)
    for _ in range(HALVINGS):
        price = float(np.sqrt(low * high))
        tried = levels(price)
        low, high, best = (low, price, tried) if service(tried) >= target_rate else (price, high, best)
    return best, high


def _cycle_levels(interval: Interval, aim: Aim, price: float) -> Array:
    """The least levels beyond which units more cost more to hold than `price` times the cycles that they keep from ending short.

    Beyond the median what a unit saves falls against P(D ≤ S), which it is held with, as long as demand is log-concave; nothing is given up below
    it, however dear. Looked at are some units at once, so that chance in sampled futures does not decide.
    """
    step, one = np.maximum(np.floor(np.sqrt(interval.review_units) / 2), 1.0), np.ones(len(aim.lot))

    def is_enough(rows: Ints, level: Array) -> Bools:
        part, theirs = interval.part(rows), aim.part(rows)
        held = theirs.kept_amount * np.mean(part.chances(level, theirs.lot), axis=0) * step[rows]
        now, then = (part.chances(units, one[rows]) for units in (level, level + step[rows]))
        saved = _short_cycles(part, *now) - _short_cycles(part, *then)
        return np.asarray((price * saved <= held) & (now[1] >= MEDIAN))

    return _least(is_enough, np.minimum(interval.quantile(one), aim.most_units))


def within_budget(
    interval: Interval, aim: Aim, asked: Array, unit_cost_amount: Array, budget_amount: float
) -> tuple[Array, float]:
    """Levels, none above `asked`, whose mean stock costs at most `budget_amount` in all, and by how much dearer that makes capital (1 where it suffices).

    Capital is made dearer for every series alike until the budget suffices, so that the last euro buys the same everywhere (a Lagrange multiplier;
    Silver, Pyke & Thomas 2017, 6.12). A service that is asked for says what a missing unit is worth: what makes `asked` the cheapest level. So
    it gives way as costs do. No level falls below `least_of`; where that costs more than the budget, it is taken.

    Example: two series of 2 a day, asked for 0.95 and 0.99 of their cycles: with 0.8 of the money both get less, the second still more than the first.
    """

    def amount(level: Array) -> float:
        return float((np.maximum(mean_stock(interval, level, aim.lot), 0.0) * unit_cost_amount).sum())

    if amount(asked) <= budget_amount:
        return asked, 1.0
    floor = least_of(interval, asked)
    served = interval.served(np.where(aim.is_lost, fill_rates(interval, asked, aim.lot), 1.0))
    priced = _priced(served, aim, asked)
    low, high, most, best = 1.0, DEAREST_CAPITAL, asked, floor
    for _ in range(HALVINGS):
        rate = float(np.sqrt(low * high))
        tried = np.maximum(_search(served, replace(priced, holding_amount=priced.holding_amount * rate), most), floor)
        low, high, most, best = (low, rate, most, tried) if amount(tried) <= budget_amount else (rate, high, tried, best)
    return best, high


def least_of(interval: Interval, asked: Array) -> Array:
    """(n,) what a budget leaves of levels: the median of what they answer for, as below it most cycles would end short; none above `asked`."""
    return np.minimum(asked, interval.quantile(np.full(len(asked), MEDIAN)))


def _priced(interval: Interval, aim: Aim, level: Array) -> Aim:
    """`aim` by costs, with a service as the price of a missing unit that makes `level` cost least, see `least_levels`."""
    lead, whole = interval.chances(level, aim.lot)
    ratio = np.clip(np.divide(whole, lead, out=np.zeros_like(whole), where=lead > 0), 0.0, SUREST)
    holding = np.where((aim.kind == COST) | (aim.holding_amount > 0), aim.holding_amount, 1.0)
    implied = holding * aim.review_days / 2 * (1 + ratio) / (1 - ratio)
    shortage = np.where(aim.kind == COST, aim.shortage_amount, implied)
    return replace(aim, kind=np.full_like(aim.kind, COST, dtype="<U32"), holding_amount=holding, shortage_amount=shortage)
