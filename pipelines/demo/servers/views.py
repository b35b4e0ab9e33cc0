"""What a platform shows of its orders at a moment: which changed when, and how far its lists lag behind. Not here: any API's words."""

import bisect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.demo.servers.faults import Faults
from pipelines.demo.servers.shop import Order, Shop

LATE_SHARE = 0.1  # of what a lagging list shows


@dataclass(frozen=True)
class Seen:
    """An order as a list shows it: its state at `at`, and the change by which it was found."""

    order: Order
    at: datetime
    changed_at: datetime


class Views:
    """Orders of a shop over time; `moving` are the moments for which the platform's modified date moves."""

    def __init__(self, shop: Shop, moving: Callable[[Order], list[datetime]], seed: int = 0) -> None:
        self.shop = shop
        self._moves = {order.id: sorted(moving(order)) for order in shop.orders}
        self.by_id = {order.id: order for order in shop.orders}
        self._placed = [order.placed_at for order in shop.orders]
        self.settled_after: timedelta | None = (
            None  # for how long an order may change, where that is known: a look is then shorter
        )

    def changed_at(self, order: Order, at: datetime) -> datetime | None:
        """The modified date of an order at a moment, whole seconds; None before it was placed."""
        moves = self._moves[order.id]
        place = bisect.bisect_right(moves, at)
        return moves[place - 1].replace(microsecond=0) if place else None

    def changed_since(self, since: datetime | None, until: datetime | None, now: datetime, faults: Faults) -> list[Seen]:
        """Orders by modified date, oldest first; some changes show late, and some orders as they were before."""
        lag, staleness = faults.weather.lag, faults.weather.staleness
        found = []
        first = bisect.bisect_left(self._placed, since - self.settled_after) if since and self.settled_after else 0
        for order in self.shop.orders[first : bisect.bisect_right(self._placed, now)]:
            index_at = now - lag if lag and faults.is_hit(LATE_SHARE) else now
            changed = self.changed_at(order, index_at)
            if changed is None or (since and changed < since) or (until and changed > until):
                continue
            at = index_at - staleness if staleness and faults.is_hit(LATE_SHARE) else index_at
            shown = self.changed_at(order, at)
            if shown is not None:
                found.append(Seen(order, at, changed))
        return sorted(found, key=lambda seen: (seen.changed_at, seen.order.id))

    def created_between(self, start: datetime, end: datetime, now: datetime) -> list[Order]:
        """Orders placed in [start, end) and by now."""
        last = min(bisect.bisect_left(self._placed, end), bisect.bisect_right(self._placed, now))
        return self.shop.orders[bisect.bisect_left(self._placed, start) : last]


def skewed(at: datetime, by: timedelta) -> datetime:
    """A moment on the platform's clock."""
    return at + by
