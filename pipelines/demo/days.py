"""The day loop: who wants what, and what the shelves allow. Not here: how an order is paid, shipped, edited or exported."""

from dataclasses import dataclass

import numpy as np

from pipelines.demo.plan import DAY, HOUR, NEVER, Plan, offsets
from pipelines.demo.seasons import LUMPY_CHANCE, LUMPY_LEAST, LUMPY_MOST, MAX_LINES, QUANTITIES, START_CHANCE
from pipelines.demo.stock import CELLS, Stock
from pipelines.demo.world import (
    CHANNELS,
    GIFT_CARD,
    INTERMITTENT,
    LUMPY,
    MARKET_DE,
    PRODUCTS,
    SELLABLES,
    SHOP_EU,
    SHOP_UK,
    World,
)

NORMAL, TEST, FAILED, CUSTOMER_CANCELLED, SELLER_CANCELLED = range(5)
Columns = dict[str, np.ndarray]


@dataclass
class Journal:
    """What each day left behind, [day, cell]: for the stock feed and the truth."""

    on_hand: np.ndarray
    unsellable: np.ndarray
    sold: np.ndarray
    released: np.ndarray


@dataclass(frozen=True)
class RawMonth:
    """Orders in the order of channel and time, their lines (`order` is the row of the order), and true demand."""

    orders: Columns
    lines: Columns
    demand: Columns


class DayLoop:
    def __init__(self, world: World, plan: Plan, stock: Stock, expected: np.ndarray) -> None:
        self.world, self.plan, self.stock, self.expected = world, plan, stock, expected
        self.rng = plan.rng(11)
        clocks = [offsets(plan, c.time_zone) for c in CHANNELS]
        self.ahead = np.stack([c[0] for c in clocks])
        self.changes = np.stack([c[1] for c in clocks])
        self.hours = np.cumsum([np.array(c.hours) / sum(c.hours) for c in CHANNELS], axis=1)
        self.active = np.ones(SELLABLES)
        self.active[:PRODUCTS] = np.array([1.0, 0.12, 0.06])[world.demand_class]
        self.lumpy = np.zeros(SELLABLES, bool)
        self.lumpy[:PRODUCTS] = world.demand_class == LUMPY
        self.calm = np.ones(SELLABLES, bool)
        self.calm[:PRODUCTS] = ~np.isin(world.demand_class, (INTERMITTENT, LUMPY))
        blank = [np.zeros((plan.days, CELLS), np.int32) for _ in range(4)]
        self.journal = Journal(*blank)

    def run(self, first_day: int, last_day: int) -> RawMonth:
        parts = [self._day(day) for day in range(first_day, last_day + 1)]
        counts = np.cumsum([0] + [len(p.orders["channel"]) for p in parts])
        for part, before in zip(parts, counts, strict=False):
            part.lines["order"] += before
        return RawMonth(*(_stack([getattr(p, name) for p in parts]) for name in ("orders", "lines", "demand")))

    def _day(self, day: int) -> RawMonth:
        self.stock.morning(day)
        orders, lines = self._wanted(day)
        self._fates(orders)
        orders, lines, demand = self._serve(day, orders, lines)
        self.journal.on_hand[day] = self.stock.on_hand
        self.journal.unsellable[day] = self.stock.unsellable
        return RawMonth(orders, lines, demand)

    def _wanted(self, day: int) -> tuple[Columns, Columns]:
        """Orders and lines as customers would place them if every shelf were full."""
        rng = self.rng
        gate = (rng.random((SELLABLES, len(CHANNELS))) < self.active[:, None]) / self.active[:, None]
        mood = rng.gamma(40, 1 / 40, len(CHANNELS)) * np.where(self.calm, rng.gamma(8, 1 / 8, SELLABLES), 1.0)[:, None]
        counts = rng.poisson(self.expected[day] * gate * mood)
        sku, channel = np.nonzero(counts)
        repeats = counts[sku, channel]
        sku, channel = np.repeat(sku, repeats), np.repeat(channel, repeats)
        arrange = np.lexsort((rng.random(len(sku)), channel))
        sku, channel = sku[arrange], channel[arrange]
        lumps = np.minimum(LUMPY_LEAST - 1 + rng.geometric(LUMPY_CHANCE, len(sku)), LUMPY_MOST)
        qty = np.where(self.lumpy[sku], lumps, 1 + rng.choice(3, len(sku), p=QUANTITIES))
        qty[sku == GIFT_CARD] = 1
        twin = (qty == 2) & (rng.random(len(sku)) < 0.06)  # the same article on two identical lines
        qty[twin] = 1
        line = np.repeat(np.arange(len(sku)), 1 + twin)
        second = np.concatenate([[False], line[1:] == line[:-1]])[: len(line)]
        sku, channel, qty = sku[line], channel[line], qty[line]
        starts = _starts(channel, second, rng)
        return self._orders(day, channel[starts]), {"order": np.cumsum(starts) - 1, "sku": sku, "qty": qty}

    def _orders(self, day: int, channel: np.ndarray) -> Columns:
        rng, size = self.rng, len(channel)
        draw = rng.random(size)
        hour = (draw[:, None] > self.hours[channel]).sum(axis=1)
        second = hour * HOUR + rng.integers(0, HOUR, size)
        second = np.where(self.changes[channel, day], np.maximum(second, 4 * HOUR + second // 24), second)
        at = self.plan.midnight(day) + second - self.ahead[channel, day]
        at = at[np.lexsort((at, channel))]
        place = self._places(channel)
        location = np.array([c.warehouse for c in CHANNELS])[channel]
        first, count = self.world.places.of_country["IE"]
        location = np.where((channel == SHOP_EU) & (place >= first) & (place < first + count), 1, location)
        return {"channel": channel, "day": np.full(size, day), "ordered_at": at, "place": place, "location": location}

    def _places(self, channel: np.ndarray) -> np.ndarray:
        place = np.zeros(len(channel), np.int64)
        for c, what in enumerate(CHANNELS):
            mine = np.flatnonzero(channel == c)
            country = self.rng.choice(len(what.countries), len(mine), p=[share for _, share in what.countries])
            spans = np.array([self.world.places.of_country[code] for code, _ in what.countries])[country].reshape(-1, 2)
            place[mine] = spans[:, 0] + (self.rng.random(len(mine)) * spans[:, 1]).astype(np.int64)
        return place

    def _fates(self, orders: Columns) -> None:
        """Tests, failed payments and cancellations by the customer: none of them is demand, none takes stock."""
        rng, channel, at = self.rng, orders["channel"], orders["ordered_at"]
        draw = rng.random(len(channel))
        fate = np.where(draw < np.array([0.02, 0.02, 0.02, 0.0, 0.02])[channel], CUSTOMER_CANCELLED, NORMAL)
        own_shop = np.isin(channel, (SHOP_EU, SHOP_UK))
        fate[own_shop & (draw > 0.985)] = FAILED
        fate[(channel == SHOP_EU) & (draw > 0.5) & (draw < 0.505)] = TEST
        cancel = at + 600 + (rng.random(len(channel)) * 20 * HOUR).astype(np.int64)
        fate[(fate == CUSTOMER_CANCELLED) & (cancel > self.plan.final)] = NORMAL
        orders["fate"] = fate
        orders["cancel_at"] = np.where(fate == CUSTOMER_CANCELLED, cancel, NEVER)

    def _serve(self, day: int, orders: Columns, lines: Columns) -> tuple[Columns, Columns, Columns]:
        parts = self._parts(orders, lines)
        served = self._take(parts, np.ones(len(parts["line"]), bool))
        short = parts["is_bundle"] & (served < parts["units"])
        if short.any():  # a bundle is sold whole or not at all
            whole = ~np.isin(parts["line"], parts["line"][short])
            served = self._take(parts, whole)
        kept = np.where(lines["sku"] >= PRODUCTS, lines["qty"], 0)
        single = ~parts["is_bundle"]
        kept[parts["line"][single]] = served[single]
        kept[parts["line"][short]] = 0
        refused = self._refuse(orders, lines, kept)
        counts = np.where(parts["is_demand"], served, 0)
        np.subtract.at(self.stock.on_hand, parts["cell"], counts)
        np.add.at(self.journal.sold[day], parts["cell"], counts)
        demand = self._demand(day, orders, lines, parts, served, refused)
        kept = np.where(refused[lines["order"]], lines["qty"], kept)
        return (*_drop_empty(orders, lines, kept), demand)

    def _parts(self, orders: Columns, lines: Columns) -> Columns:
        """Lines taken apart into stocked products, in the order in which a shelf is asked for them."""
        world = self.world
        count = world.component_count[lines["sku"]]
        line = np.repeat(np.arange(len(count)), count)
        position = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
        component = world.component_first[lines["sku"][line]] + position
        order = lines["order"][line]
        cell = orders["location"][order] * PRODUCTS + world.component_sku[component]
        queue = np.lexsort((line, orders["ordered_at"][order], cell))
        units = lines["qty"][line] * world.component_units[component]
        is_demand = np.isin(orders["fate"][order], (NORMAL, SELLER_CANCELLED))
        is_bundle = lines["sku"][line] >= PRODUCTS
        parts = {"line": line, "cell": cell, "units": units, "is_demand": is_demand, "is_bundle": is_bundle}
        return {name: values[queue] for name, values in parts.items()}

    def _take(self, parts: Columns, asks: np.ndarray) -> np.ndarray:
        """Units each part gets: what is left on the shelf after those who asked before."""
        cell, units = parts["cell"], np.where(asks, parts["units"], 0)
        weight = np.where(parts["is_demand"], units, 0)
        total = np.cumsum(weight) - weight
        opens = np.concatenate([[True], cell[1:] != cell[:-1]]) if len(cell) else np.zeros(0, bool)
        before = total - np.repeat(total[opens], np.diff(np.append(np.flatnonzero(opens), len(cell))))
        return np.asarray(np.clip(self.stock.on_hand[cell] - before, 0, units))

    def _refuse(self, orders: Columns, lines: Columns, kept: np.ndarray) -> np.ndarray:
        """Some orders nothing is left for were taken all the same; the seller cancels them."""
        size = len(orders["channel"])
        empty = np.bincount(lines["order"], kept, size) == 0
        open_to_it = np.isin(orders["channel"], (SHOP_EU, SHOP_UK, MARKET_DE)) & (orders["fate"] == NORMAL)
        refused = empty & open_to_it & (self.rng.random(size) < 0.12)
        at = orders["ordered_at"] + 4 * HOUR + self.rng.integers(0, 2 * DAY, size)
        orders["fate"] = np.where(refused, SELLER_CANCELLED, orders["fate"])
        orders["cancel_at"] = np.where(refused, np.minimum(at, self.plan.final - 60), orders["cancel_at"])
        return np.asarray(refused)

    def _demand(
        self, day: int, orders: Columns, lines: Columns, parts: Columns, served: np.ndarray, refused: np.ndarray
    ) -> Columns:
        order = lines["order"][parts["line"]]
        real = parts["is_demand"]
        key = orders["channel"][order] * CELLS + parts["cell"]
        size = len(CHANNELS) * CELLS
        wanted = np.bincount(key[real], parts["units"][real], size).astype(np.int64)
        given = np.bincount(key[real], served[real], size).astype(np.int64)
        turned_down = real & refused[order]
        cancelled = np.bincount(key[turned_down], parts["units"][turned_down], size).astype(np.int64)
        some = np.flatnonzero(wanted)
        return {
            "day": np.full(len(some), day),
            "key": some,
            "demand_units": wanted[some],
            "lost_units": (wanted - given - cancelled)[some],
            "seller_cancelled_units": cancelled[some],
        }


def _starts(channel: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which lines open a new order: the first of a channel, then by chance, and after five lines at the latest."""
    starts = rng.random(len(channel)) < START_CHANCE
    starts |= np.concatenate([[True], channel[1:] != channel[:-1]])[: len(channel)]
    starts &= ~second
    since = np.arange(len(channel)) - np.maximum.accumulate(np.where(starts, np.arange(len(channel)), 0))
    return np.asarray(starts | (since % MAX_LINES == 0))


def _drop_empty(orders: Columns, lines: Columns, kept: np.ndarray) -> tuple[Columns, Columns]:
    """Without lines nobody got, and without orders that have no line left."""
    lines = {"order": lines["order"], "sku": lines["sku"], "qty": kept}
    lines = {name: values[kept > 0] for name, values in lines.items()}
    alive = np.bincount(lines["order"], minlength=len(orders["channel"])) > 0
    lines["order"] = (np.cumsum(alive) - 1)[lines["order"]]
    return {name: values[alive] for name, values in orders.items()}, lines


def _stack(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
