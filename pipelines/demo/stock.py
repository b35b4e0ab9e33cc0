"""Stock per product and warehouse, and its replenishment: review, order up to a level, receive. Not here: who buys."""

from dataclasses import dataclass, field

import numpy as np

from pipelines.demo.plan import HOUR, NEVER, Plan
from pipelines.demo.seasons import units_per_line
from pipelines.demo.world import CHANNELS, INTERMITTENT, LUMPY, PRODUCTS, SUPPLIERS, WAREHOUSES, World

CELLS = len(WAREHOUSES) * PRODUCTS  # cell = warehouse × 400 + product
SPLIT_CHANCE, SHORT_CHANCE, LATE_CHANCE, DAMAGE_CHANCE = 0.08, 0.06, 0.09, 0.02


@dataclass
class PurchaseOrder:
    number: int
    supplier: int
    warehouse: int
    ordered_at: int
    confirmed_at: int
    expected_at: int
    closed_at: int
    products: np.ndarray
    units: np.ndarray
    cost: np.ndarray


@dataclass
class Receipt:
    number: int
    order: PurchaseOrder
    received_at: int
    line: np.ndarray  # position on the purchase order, from 0
    units: np.ndarray
    damaged: np.ndarray


@dataclass(frozen=True)
class Terms:
    """What the main supplier asks, per product."""

    moq: np.ndarray
    case_pack: np.ndarray
    order_minimum: np.ndarray  # cents, per supplier


@dataclass
class Stock:
    world: World
    plan: Plan
    lines: np.ndarray  # expected lines [day, sellable, channel]
    on_hand: np.ndarray = field(init=False)
    unsellable: np.ndarray = field(init=False)
    on_order: np.ndarray = field(init=False)
    orders: list[PurchaseOrder] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = self.plan.rng(10)
        self.expected = expected_units(self.world, self.lines)
        self.ahead = np.vstack([np.zeros((1, CELLS)), np.cumsum(self.expected, axis=0)])
        supplier = np.tile(self.world.supplier, len(WAREHOUSES))
        self.lead, self.lead_std, self.review = (np.array([s[k] for s in SUPPLIERS], float)[supplier] for k in (3, 4, 5))
        self.terms = _terms(self.world, self.expected[: self.plan.days].mean(axis=0))
        self.service = np.where(self.rng.random(CELLS) < 0.15, 0.5, 1.9)
        self.spread = np.array([2.2, 3.5, 14.0])[np.tile(self.world.demand_class, len(WAREHOUSES))]
        self.arrivals: dict[int, list[Receipt]] = {}
        self.shortfalls: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
        self.on_order = np.zeros(CELLS, np.int64)
        self.unsellable = np.zeros(CELLS, np.int64)
        mean, deviation = self._protection(0, self.lead + self.review)
        self.on_hand = np.ceil(mean * self.rng.uniform(0.8, 1.3, CELLS) + deviation * np.maximum(self.service, 1)).astype(
            np.int64
        )

    def morning(self, day: int) -> None:
        """Receives what arrives on `day`, then reviews the suppliers whose turn it is."""
        for receipt in self.arrivals.pop(day, ()):
            cells = receipt.order.warehouse * PRODUCTS + receipt.order.products[receipt.line]
            self.on_hand[cells] += receipt.units - receipt.damaged
            self.unsellable[cells] += receipt.damaged
            self.on_order[cells] -= receipt.units
        for cells, units in self.shortfalls.pop(day, ()):
            self.on_order[cells] -= units
        self._review(day)

    def _protection(self, day: int, length: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Expected units and their standard deviation over `length` days from `day` on."""
        last = np.minimum(day + length.astype(np.int64), len(self.expected))
        mean = self.ahead[last, np.arange(CELLS)] - self.ahead[day]
        rate = mean / np.maximum(last - day, 1)
        return mean, np.sqrt(mean * self.spread + (rate * self.lead_std) ** 2 + (0.10 * mean) ** 2)

    def _review(self, day: int) -> None:
        supplier = np.tile(self.world.supplier, len(WAREHOUSES))
        due = (day + supplier * 3) % self.review == 0
        if not due.any():
            return
        mistake = self.rng.lognormal(0.0, 0.15, CELLS)
        mean, deviation = self._protection(day, self.lead + self.review)
        cover, cover_deviation = self._protection(day, self.lead + self.review / 2)
        position = self.on_hand + self.on_order
        low = position <= cover * mistake + self.service * cover_deviation
        want = np.ceil(mean * mistake + self.service * deviation) - position
        want = np.where(due & low & (mean > 0.05), np.maximum(want, 0), 0).astype(np.int64)
        cells = np.flatnonzero(want)
        product = cells % PRODUCTS
        pack = self.terms.case_pack[product]
        units = -(-np.maximum(want[cells], self.terms.moq[product]) // pack) * pack
        groups = supplier[cells] * len(WAREHOUSES) + cells // PRODUCTS
        for group in np.unique(groups):
            mine = groups == group
            self._order(day, *divmod(int(group), len(WAREHOUSES)), product[mine], units[mine])

    def _order(self, day: int, supplier: int, warehouse: int, products: np.ndarray, units: np.ndarray) -> None:
        cost = self.world.cost_on(day)[products]
        if int((cost * units).sum()) < self.terms.order_minimum[supplier]:
            return  # waits for the next review
        rng, lead, deviation = self.rng, SUPPLIERS[supplier][3], SUPPLIERS[supplier][4]
        ordered = self.plan.midnight(day) + 9 * HOUR + int(rng.integers(0, 2 * HOUR))
        took = max(2, round(float(rng.normal(lead, deviation)))) + (int(rng.integers(4, 14)) if rng.random() < LATE_CHANCE else 0)
        order = PurchaseOrder(
            len(self.orders) + 1,
            supplier,
            warehouse,
            ordered,
            ordered + int(rng.integers(4, 50)) * HOUR,
            self.plan.midnight(day + lead) + 12 * HOUR,
            NEVER,
            products,
            units,
            cost,
        )
        self.orders.append(order)
        self.on_order[warehouse * PRODUCTS + products] += units
        self._deliver(order, day + took)

    def _deliver(self, order: PurchaseOrder, day: int) -> None:
        """Plans the receipts of an order: at once or in two parts, sometimes fewer units than ordered."""
        rng = self.rng
        came = order.units.copy()
        if rng.random() < SHORT_CHANCE:
            came = np.maximum(1, np.floor(came * rng.uniform(0.7, 0.97, len(came)))).astype(np.int64)
        parts = [came]
        if rng.random() < SPLIT_CHANCE:
            first = -(-came * 6 // 10)
            parts = [first, came - first]
        for units in parts:
            last_day = day
            at = self.plan.midnight(day) + 7 * HOUR + int(rng.integers(0, 8 * HOUR))
            if at <= self.plan.final:
                self._receive(order, day, at, units)
            order.closed_at = at + 3 * HOUR if at + 3 * HOUR <= self.plan.final else NEVER
            day += int(rng.integers(3, 9))
        cells = order.warehouse * PRODUCTS + order.products
        self.shortfalls.setdefault(last_day, []).append((cells, order.units - came))

    def _receive(self, order: PurchaseOrder, day: int, at: int, units: np.ndarray) -> None:
        line = np.flatnonzero(units)
        if not len(line):
            return
        broken = self.rng.random(len(line)) < DAMAGE_CHANCE
        damaged = np.where(broken, self.rng.integers(1, 4, len(line)).clip(max=units[line]), 0)
        receipt = Receipt(len(self.receipts) + 1, order, at, line, units[line], damaged)
        self.receipts.append(receipt)
        self.arrivals.setdefault(day, []).append(receipt)


def expected_units(world: World, lines: np.ndarray) -> np.ndarray:
    """Expected units per [day, cell], bundles taken apart."""
    units = lines * units_per_line(world)[None, :, None]
    for bundle in range(PRODUCTS, len(world.component_count)):
        parts = slice(world.component_first[bundle], world.component_first[bundle] + world.component_count[bundle])
        for product, each in zip(world.component_sku[parts], world.component_units[parts], strict=True):
            units[:, product] += units[:, bundle] * each
    out = np.zeros((len(lines), CELLS))
    for c, channel in enumerate(CHANNELS):
        out[:, channel.warehouse * PRODUCTS : (channel.warehouse + 1) * PRODUCTS] += units[:, :PRODUCTS, c]
    return out


def _terms(world: World, rate: np.ndarray) -> Terms:
    """MOQ of about ten days of the busiest warehouse's demand, in round numbers; case packs divide it."""
    steps = np.array([1, 2, 4, 6, 12, 24, 48, 96, 144, 240, 480, 960, 1920, 4800, 9600, 24000, 48000])
    busiest = rate.reshape(len(WAREHOUSES), PRODUCTS).max(axis=0) * np.where(world.demand_class == INTERMITTENT, 6, 10)
    busiest = np.where(world.demand_class == LUMPY, np.maximum(busiest, 4), busiest)
    step = np.searchsorted(steps, busiest, side="right").clip(1, len(steps)) - 1
    moq, pack = steps[step], steps[np.maximum(step - 3, 0)]
    value = np.bincount(world.supplier, rate.reshape(3, PRODUCTS).mean(axis=0) * world.cost * 7, len(SUPPLIERS))
    minimum = (np.maximum(value * 0.3, 2500) // 2500 * 2500).astype(np.int64)
    return Terms(moq, np.where(moq % pack == 0, pack, 1), minimum)
