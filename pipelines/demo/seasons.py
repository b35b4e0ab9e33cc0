"""Expected demand: trend, week, year, holidays, life cycle, promotions. Not here: chance, stock, orders."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.demo.plan import HORIZON_DAYS, Plan
from pipelines.demo.world import AMAZON_US, CATEGORIES, CHANNELS, GIFT_CARD, LUMPY, MARKET_DE, PRODUCTS, SELLABLES, STORES, World

START_CHANCE = 0.6  # a line opens a new order
MAX_LINES = 5
BUNDLE_SHARE, GIFT_CARD_SHARE = 0.012, 0.008
LOST_SHARE = 0.03
QUANTITIES = np.array([0.74, 0.18, 0.08])  # 1, 2, 3 units
LUMPY_LEAST, LUMPY_CHANCE, LUMPY_MOST = 3, 0.25, 24


@dataclass(frozen=True)
class Promotions:
    """Price cuts in percent; `cut` is [day, product]. Planned ones may lie after the last day."""

    product: np.ndarray
    first_day: np.ndarray
    last_day: np.ndarray
    percent: np.ndarray
    cut: np.ndarray


def draw_promotions(world: World, plan: Plan) -> Promotions:
    """Price cuts of some days on most products, and two planned ones after the end."""
    rng = plan.rng(3)
    rows = []
    for product in np.flatnonzero(rng.random(PRODUCTS) < 0.6):
        day = int(rng.integers(0, 150))
        while day < plan.days - 8:
            length, percent = int(rng.integers(5, 15)), int(rng.choice([10, 15, 20, 25, 30]))
            if world.launch_day[product] + 30 < day and day + length < world.last_day[product]:
                rows.append((product, day, day + length - 1, percent))
            day += length + int(rng.integers(60, 260))
    fast = np.argsort(-world.weight * (world.last_day > plan.days + 60))
    rows += [(fast[3], plan.days + 6, plan.days + 15, 20), (fast[11], plan.days + 20, plan.days + 29, 15)]
    product, first, last, percent = np.array(rows).T
    cut = np.zeros((plan.days + HORIZON_DAYS, PRODUCTS), np.int64)
    for p, a, b, c in rows:
        cut[a : b + 1, p] = c
    return Promotions(product, first, last, percent, cut)


def expected_lines(world: World, promotions: Promotions, plan: Plan) -> np.ndarray:
    """Order lines expected per [day, sellable, channel], scaled to the wanted number of orders."""
    days = plan.days + HORIZON_DAYS
    dates = [plan.date_of(d) for d in range(days)]
    year = _year(dates, plan.rng(4))
    product = world.weight * np.exp(world.growth * np.arange(days)[:, None] / 365) * year[:, world.category]
    product *= _life(world, days) * (1 + promotions.cut / 100 * plan.rng(5).uniform(3, 6, PRODUCTS))
    mix = _mix(world, plan.rng(6))
    lines = np.zeros((days, SELLABLES, len(CHANNELS)))
    lines[:, :PRODUCTS] = product[:, :, None] * mix
    base = year.mean(axis=1)
    bundles = plan.rng(7).dirichlet(np.full(GIFT_CARD - PRODUCTS, 4.0)) * BUNDLE_SHARE
    lines[:, PRODUCTS:GIFT_CARD] = base[:, None, None] * bundles[None, :, None]
    lines[:, GIFT_CARD] = (
        (base**1.5)[:, None] * GIFT_CARD_SHARE * np.isin(np.arange(len(CHANNELS)), (AMAZON_US, MARKET_DE), invert=True)
    )
    lines *= np.stack([_channel_days(c, dates) for c in range(len(CHANNELS))], axis=1)[:, None, :]
    return np.asarray(lines * _scale(lines[: plan.days].sum(axis=1), plan.orders))


def units_per_line(world: World) -> np.ndarray:
    """Mean units of one line, per sellable."""
    usual = float((QUANTITIES * (1, 2, 3)).sum())
    mean = np.full(SELLABLES, usual)
    mean[:PRODUCTS][world.demand_class == LUMPY] = LUMPY_LEAST + 1 / LUMPY_CHANCE
    return mean


def _scale(lines: np.ndarray, orders: int) -> float:
    """Factor on [day, channel] lines that gives the wanted orders: the first line of a day always opens one."""
    mean_lines = (1 - (1 - START_CHANCE) ** MAX_LINES) / START_CHANCE
    low, high = 0.0, 50.0 * orders / lines.sum() + 1.0
    for _ in range(80):
        middle = (low + high) / 2
        n = lines * middle * (1 - LOST_SHARE)
        wanted = float(((1 - np.exp(-n)) * (1 - 1 / mean_lines) + n / mean_lines).sum())
        low, high = (middle, high) if wanted < orders else (low, middle)
    return low


def _year(dates: list[date], rng: np.random.Generator) -> np.ndarray:
    """[day, category]: a sine of the year and the peaks of late November and December."""
    position = np.array([d.timetuple().tm_yday for d in dates])[:, None]
    height, phase = rng.uniform(0.05, 0.25, len(CATEGORIES)), rng.uniform(0, 365, len(CATEGORIES))
    garden = np.array([c in ("Garden", "Outdoor", "Travel") for c in CATEGORIES])
    height, phase = np.where(garden, 0.5, height), np.where(garden, 80, phase)
    peak = np.where(garden, 0.2, rng.uniform(0.7, 1.6, len(CATEGORIES)))
    november = np.exp(-(((position - 331) / 7.0) ** 2)) * 0.7
    december = np.exp(-(((position - 347) / 11.0) ** 2)) * 1.2
    january = np.exp(-(((position - 15) / 14.0) ** 2)) * 0.2
    return np.asarray(1 + height * np.sin(2 * np.pi * (position - phase) / 365.25) + peak * (november + december) - january)


def _life(world: World, days: int) -> np.ndarray:
    """[day, product]: new products ramp up within some weeks, dying ones fade over their last 90 days."""
    day = np.arange(days)[:, None]
    age, left = day - world.launch_day, world.last_day - day
    ramp = np.where(age >= 0, 1 - np.exp(-(age + 5) / 25), 0.0)
    return np.asarray(ramp * np.where(left >= 0, np.clip(0.25 + left / 90, 0, 1), 0.0))


def _mix(world: World, rng: np.random.Generator) -> np.ndarray:
    """[product, channel]: how a product's lines spread over the channels; not every channel carries all."""
    carried = rng.random((PRODUCTS, len(CHANNELS))) < np.array([1.0, 0.85, 0.9, 0.6, 0.75])
    mix = rng.lognormal(0, 0.5, (PRODUCTS, len(CHANNELS))) * carried
    mix[:, 0] = np.maximum(mix[:, 0], 0.2)
    return np.asarray(mix / (world.weight[:, None] * mix).sum(axis=0))


def _channel_days(channel: int, dates: list[date]) -> np.ndarray:
    what = CHANNELS[channel]
    return what.order_share * np.array([what.week[d.weekday()] * _holiday(channel, d) for d in dates])


def _holiday(channel: int, day: date) -> float:
    """Stores close at Christmas and New Year; the web slows down; Black Friday and the Monday after it peak."""
    if (day.month, day.day) in ((12, 25), (12, 26), (1, 1)):
        return 0.0 if channel == STORES else 0.45
    if channel in (STORES, 0) and (day.month, day.day) == (4, 27):
        return 0.5
    friday = _black_friday(day.year)
    if day in (friday, friday + timedelta(days=3)):
        return 1.3 if channel == STORES else 1.9
    return 0.8 if channel == AMAZON_US and (day.month, day.day) == (7, 4) else 1.0


def _black_friday(year: int) -> date:
    first = date(year, 11, 1)
    thursday = first + timedelta(days=(3 - first.weekday()) % 7 + 21)
    return thursday + timedelta(days=1)
