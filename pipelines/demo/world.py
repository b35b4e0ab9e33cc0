"""The merchant: channels, warehouses, products, bundles, suppliers, prices. Not here: demand over time, or any day's events."""

from dataclasses import dataclass

import numpy as np

from pipelines.demo.places import Places, build_places
from pipelines.demo.plan import NEVER, Plan

PRODUCTS = 400
BUNDLES = 5
GIFT_CARD = PRODUCTS + BUNDLES
SELLABLES = GIFT_CARD + 1
REGULAR, INTERMITTENT, LUMPY = 0, 1, 2

_DAYTIME = (2, 1, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 9, 9, 8, 8, 8, 9, 10, 12, 13, 12, 8, 4)
_OPENING_HOURS = (0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 6, 8, 9, 9, 9, 10, 11, 10, 6, 4, 0, 0, 0, 0)
_ONLINE_WEEK = (1.08, 1.02, 0.98, 0.97, 0.93, 0.92, 1.10)
_STORE_WEEK = (0.70, 0.75, 0.85, 1.05, 1.25, 1.65, 0.75)


@dataclass(frozen=True)
class Channel:
    code: str
    currency: str
    time_zone: str
    warehouse: int
    order_share: float
    countries: tuple[tuple[str, float], ...]
    hours: tuple[int, ...] = _DAYTIME
    week: tuple[float, ...] = _ONLINE_WEEK


SHOP_EU, AMAZON_US, SHOP_UK, STORES, MARKET_DE = range(5)
_EU_COUNTRIES = (("NL", 0.42), ("DE", 0.2), ("BE", 0.16), ("FR", 0.12), ("AT", 0.06), ("IE", 0.04))
CHANNELS = (
    Channel("shop_eu", "EUR", "Europe/Amsterdam", 0, 0.34, _EU_COUNTRIES),
    Channel("amazon_us", "USD", "America/New_York", 2, 0.24, (("US", 1.0),)),
    Channel("shop_uk", "GBP", "Europe/London", 1, 0.18, (("GB", 1.0),)),
    Channel("stores", "EUR", "Europe/Amsterdam", 0, 0.16, (("NL", 1.0),), _OPENING_HOURS, _STORE_WEEK),
    Channel("market_de", "EUR", "Europe/Berlin", 0, 0.08, (("DE", 0.92), ("AT", 0.08))),
)
# id, name, country, latitude, longitude
WAREHOUSES = (
    ("AMS", "Amsterdam", "NL", 52.3105, 4.7683),
    ("BHX", "Birmingham", "GB", 52.4539, -1.7480),
    ("EWR", "Newark", "US", 40.6895, -74.1745),
)
STORE_NAMES = ("Amsterdam Centrum", "Utrecht", "Rotterdam")
COSTED_DAYS = 365  # days before the first that unit costs are known
CENTS_PER_EURO = {"EUR": 100, "USD": 112, "GBP": 87}

CATEGORIES = (
    "Kitchen",
    "Coffee",
    "Garden",
    "Lighting",
    "Textiles",
    "Bath",
    "Office",
    "Toys",
    "Outdoor",
    "Travel",
    "Candles",
    "Storage",
)
_NOUNS = (
    ("Pan", "Bowl", "Knife"),
    ("Coffee Mill", "Espresso Cup", "Filter Jug"),
    ("Planter", "Watering Can", "Pruner"),
    ("Table Lamp", "Pendant", "Light Chain"),
    ("Throw", "Cushion", "Tea Towel"),
    ("Bath Mat", "Towel", "Soap Dish"),
    ("Notebook", "Desk Tray", "Pen Case"),
    ("Puzzle", "Building Set", "Soft Bear"),
    ("Flask", "Picnic Rug", "Headlamp"),
    ("Wash Bag", "Day Pack", "Luggage Tag"),
    ("Pillar Candle", "Scented Candle", "Holder"),
    ("Basket", "Crate", "Hook Rail"),
)
_BRANDS = ("Norrvik", "Haldenau", "Mabrun", "Tessaro", "Okaley", "Pimvale", "Lunderby", "Quillo", "Ardenta", "Fernby")
_VARIANTS = (("BLK", "black"), ("WHT", "white"), ("GRN", "green"), ("BLU", "blue"), ("RED", "red"), ("SND", "sand"))
# name, country, postal code, mean lead time, standard deviation, review period
SUPPLIERS = (
    ("Rijnmond Trading", "NL", "3011 AB", 6, 1.5, 7),
    ("Baltic Wood Works", "LT", "01103", 14, 3.0, 7),
    ("Iberia Ceramica", "PT", "3810", 18, 4.0, 14),
    ("Textil Union", "PT", "4800", 21, 4.5, 14),
    ("Pearl River Goods", "CN", "510000", 52, 9.0, 28),
    ("Delta Metal", "CN", "315000", 45, 8.0, 28),
    ("Alpen Licht", "AT", "6020", 10, 2.0, 7),
    ("Midlands Supply", "GB", "B1 1AA", 8, 2.0, 7),
    ("Anatolia Weave", "TR", "20000", 25, 6.0, 14),
    ("Nordic Wax", "DK", "8000", 12, 2.5, 7),
    ("Lakeside Paper", "PL", "31-001", 11, 3.0, 7),
    ("Hudson Import", "US", "07102", 9, 2.0, 7),
)


@dataclass(frozen=True)
class World:
    """Arrays by product (400), by sellable (products, then bundles, then the gift card) or by supplier (12)."""

    sku: list[str]
    description: list[str]
    brand: list[str]
    list_price: np.ndarray  # cents, [sellable, channel]
    category: np.ndarray
    style: np.ndarray
    demand_class: np.ndarray
    weight: np.ndarray
    growth: np.ndarray
    launch_day: np.ndarray
    last_day: np.ndarray
    cost: np.ndarray  # cents
    later_cost: np.ndarray
    cost_change_day: np.ndarray
    supplier: np.ndarray
    second_supplier: np.ndarray
    component_first: np.ndarray
    component_count: np.ndarray
    component_sku: np.ndarray
    component_units: np.ndarray
    places: Places

    def cost_on(self, day: int) -> np.ndarray:
        return np.where(day >= self.cost_change_day, self.later_cost, self.cost)


def build_world(plan: Plan) -> World:
    """The merchant of a plan: the same seed gives the same one."""
    rng = plan.rng(1)
    sku, description, brand, category, style = _catalogue(rng)
    demand_class = rng.choice(3, PRODUCTS, p=(0.70, 0.18, 0.12))
    weight = _weights(demand_class, rng)
    euro = np.exp(rng.normal(3.0, 0.65, PRODUCTS)).clip(3, 250)
    cost = np.round(euro * rng.uniform(0.35, 0.55, PRODUCTS) * 100).astype(np.int64)
    changed = rng.random(PRODUCTS) < 0.2
    launch, last = _life(plan.days, rng)
    first, count, component, units = _components(weight, launch, last, rng)
    price = _prices(euro, first, count, component, units)
    bundles = [f"BUNDLE-{n:02d}" for n in range(1, BUNDLES + 1)]
    return World(
        sku=[*sku, *bundles, "GIFTCARD-50"],
        description=[*description, *(f"Gift set {n}" for n in range(1, BUNDLES + 1)), "Gift card 50"],
        brand=[*brand, *["Fulcast"] * (BUNDLES + 1)],
        list_price=price,
        category=category,
        style=style,
        demand_class=demand_class,
        weight=weight,
        growth=rng.normal(0.06, 0.18, PRODUCTS),
        launch_day=launch,
        last_day=last,
        cost=cost,
        later_cost=np.where(changed, np.round(cost * rng.uniform(0.94, 1.12, PRODUCTS)), cost).astype(np.int64),
        cost_change_day=np.where(changed, rng.integers(20, plan.days - 10, PRODUCTS), NEVER),
        supplier=_suppliers(category, rng),
        second_supplier=np.where(rng.random(PRODUCTS) < 0.1, rng.integers(0, len(SUPPLIERS), PRODUCTS), -1),
        component_first=first,
        component_count=count,
        component_sku=component,
        component_units=units,
        places=build_places(plan.rng(2)),
    )


def _catalogue(rng: np.random.Generator) -> tuple[list[str], list[str], list[str], np.ndarray, np.ndarray]:
    sku: list[str] = []
    description: list[str] = []
    brand: list[str] = []
    category: list[int] = []
    style: list[int] = []
    number = 0
    while len(sku) < PRODUCTS:
        number += 1
        kind = int(rng.integers(0, len(CATEGORIES)))
        name = f"{_BRANDS[int(rng.integers(0, len(_BRANDS)))]} {_NOUNS[kind][int(rng.integers(0, 3))]}"
        for code, colour in _VARIANTS[: min(int(rng.integers(1, 7)), PRODUCTS - len(sku))]:
            sku.append(f"{CATEGORIES[kind][:3].upper()}-{number:03d}-{code}")
            description.append(f"{name} {number}, {colour}")
            brand.append(name.split(" ", maxsplit=1)[0])
            category.append(kind)
            style.append(number)
    return sku, description, brand, np.array(category), np.array(style)


def _weights(demand_class: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Share of order lines: few fast movers, a long tail; intermittent and lumpy articles stand in the tail."""
    weight = (1.0 / np.arange(3, PRODUCTS + 3) ** 0.95)[rng.permutation(PRODUCTS)]
    weight *= np.array([1.0, 0.30, 0.10])[demand_class]
    return np.asarray(weight / weight.sum())


def _life(days: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """First and last day on sale: most products outlive the simulation on both sides."""
    draw = rng.random(PRODUCTS)
    launch = np.where(draw < 0.08, rng.integers(5, int(days * 0.85), PRODUCTS), -rng.integers(30, 1500, PRODUCTS))
    last = np.where((draw > 0.08) & (draw < 0.14), rng.integers(int(days * 0.3), days + 40, PRODUCTS), NEVER)
    return launch, last


def _components(
    weight: np.ndarray, launch: np.ndarray, last: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    steady = np.flatnonzero((launch <= 0) & (last == NEVER))
    popular = steady[np.argsort(-weight[steady])][:60]
    sizes = np.array([2, 3, 2, 3, 2])
    chosen = rng.choice(popular, int(sizes.sum()), replace=False)
    count = np.concatenate([np.ones(PRODUCTS, np.int64), sizes, [0]])
    component = np.concatenate([np.arange(PRODUCTS), chosen])
    units = np.concatenate([np.ones(PRODUCTS, np.int64), rng.choice([1, 1, 2], len(chosen))])
    return np.cumsum(count) - count, count, component, units


def _prices(euro: np.ndarray, first: np.ndarray, count: np.ndarray, component: np.ndarray, units: np.ndarray) -> np.ndarray:
    """List prices in cents per channel, ending in 9; a bundle costs 10 % less than its parts."""
    price = np.zeros((SELLABLES, len(CHANNELS)), np.int64)
    for c, channel in enumerate(CHANNELS):
        price[:PRODUCTS, c] = np.round(euro * CENTS_PER_EURO[channel.currency] / 10).astype(np.int64) * 10 - 1
        for b in range(PRODUCTS, GIFT_CARD):
            parts = slice(first[b], first[b] + count[b])
            price[b, c] = int((price[component[parts], c] * units[parts]).sum()) * 9 // 100 * 10 + 9
        price[GIFT_CARD, c] = 5000
    return price


def _suppliers(category: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mostly one supplier per category; some products come from elsewhere."""
    usual = rng.permutation(len(SUPPLIERS))[category]
    return np.where(rng.random(PRODUCTS) < 0.75, usual, rng.integers(0, len(SUPPLIERS), PRODUCTS))
