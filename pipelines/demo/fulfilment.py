"""When orders leave, arrive and come back. Not here: amounts of the order, or how a feed spells it."""

import numpy as np
import polars as pl

from pipelines.demo.days import NORMAL, Columns
from pipelines.demo.plan import DAY, HOUR, NEVER, Export, Plan
from pipelines.demo.stock import CELLS
from pipelines.demo.world import CHANNELS, GIFT_CARD, PRODUCTS, STORES, World

LATE_CHANCE, SPLIT_CHANCE, UNSCANNED_CHANCE, RETURN_CHANCE = 0.045, 0.075, 0.015, 0.055
REASONS = ("too small", "damaged", "not as described", "changed mind", "arrived late", "defective")


def plan_fulfilment(orders: Columns, lines: Columns, export: Export, plan: Plan, rng: np.random.Generator) -> None:
    """Adds edit, ship and delivery instants; NEVER for what the last export has not seen."""
    size = len(orders["channel"])
    units = np.bincount(lines["order"], np.where(lines["sku"] == GIFT_CARD, 0, lines["qty"]), size)
    orders["goods_units"] = units.astype(np.int64)
    ships = (orders["fate"] == NORMAL) & (orders["channel"] != STORES) & (units > 0)
    edited = ships & (orders["day"] > export.last_day - 4) & (rng.random(size) < 0.12)
    edit = np.where(edited, export.cutoff + rng.integers(HOUR, 30 * HOUR, size), NEVER)
    orders["edit_at"] = edit = np.where(edit <= plan.final, edit, NEVER)
    ship = _leaves(orders, rng)
    ship = np.where(edit < NEVER, np.maximum(ship, edit + rng.integers(2 * HOUR, 20 * HOUR, size)), ship)
    split = ships & (units > 1) & (rng.random(size) < SPLIT_CHANCE)
    second = ship + rng.integers(20 * HOUR, 70 * HOUR, size)
    orders["ship1_at"] = _seen(ship, ships, plan)
    orders["ship2_at"] = _seen(second, split, plan)
    orders["is_split"] = split
    for number in (1, 2):
        took = np.where(orders["is_expedited"], rng.integers(DAY, 2 * DAY, size), rng.integers(DAY, 6 * DAY, size))
        shipped = orders[f"ship{number}_at"]
        orders[f"delivered{number}_at"] = _seen(shipped + took, (shipped < NEVER) & (rng.random(size) >= UNSCANNED_CHANCE), plan)


def _leaves(orders: Columns, rng: np.random.Generator) -> np.ndarray:
    """Within 42 hours, in the warehouse's working hours; some leave days late."""
    size = len(orders["channel"])
    hours = np.where(orders["is_expedited"], rng.uniform(1, 12, size), rng.uniform(2, 29, size))
    hours = np.where(rng.random(size) < LATE_CHANCE, rng.uniform(50, 150, size), hours)
    at = orders["ordered_at"] + (hours * HOUR).astype(np.int64)
    hour = at % DAY // HOUR
    start = at - at % DAY + 7 * HOUR + rng.integers(0, HOUR, size)
    return np.where(hour < 7, start, np.where(hour >= 19, start + DAY, at))


def _seen(at: np.ndarray, happens: np.ndarray, plan: Plan) -> np.ndarray:
    return np.where(happens & (at <= plan.final), at, NEVER)


def split_lines(orders: Columns, lines: Columns) -> tuple[np.ndarray, np.ndarray]:
    """Units of each line in the first and in the second shipment.

    The last goods line of a split order travels second; where it is the only one, half of its units do.
    """
    row = lines["order"]
    qty = np.where(lines["sku"] == GIFT_CARD, 0, lines["qty"])
    goods = np.flatnonzero(qty)
    last = np.zeros(len(orders["channel"]), np.int64)
    last[row[goods]] = goods
    count = np.bincount(row[goods], minlength=len(orders["channel"]))
    is_last = (np.arange(len(row)) == last[row]) & orders["is_split"][row] & (qty > 0)
    second = np.where(is_last, np.where(count[row] > 1, qty, qty // 2), 0)
    return qty - second, second


def shipments(orders: Columns, lines: Columns, first_number: int) -> tuple[pl.DataFrame, int]:
    """One row per shipment and SKU, and the next free number."""
    parts = []
    for number, units in enumerate(split_lines(orders, lines), 1):
        at = orders[f"ship{number}_at"][lines["order"]]
        chosen = np.flatnonzero((units > 0) & (at < NEVER))
        row = lines["order"][chosen]
        columns = {name: orders[name][row] for name in ("channel", "order_id", "location", "is_expedited", "key")}
        columns |= {"sku": lines["sku"][chosen], "units": units[chosen], "part": np.full(len(row), number)}
        columns |= {"shipped_at": at[chosen], "delivered_at": orders[f"delivered{number}_at"][row]}
        parts.append(pl.DataFrame(columns))
    names = ["channel", "order_id", "location", "is_expedited", "key", "part", "sku", "shipped_at", "delivered_at"]
    rows = (
        pl.concat(parts).group_by(names, maintain_order=True).agg(pl.col("units").sum()).sort("shipped_at", "key", "part", "sku")
    )
    rows = rows.with_columns(number=pl.struct("key", "part").rank("dense").cast(pl.Int64) - 1 + first_number)
    return rows.sort("shipped_at", "number", "sku"), first_number + rows.select("key", "part").n_unique()


def release(orders: Columns, lines: Columns, world: World, plan: Plan, released: np.ndarray) -> None:
    """Adds to `released` [day, cell] the units that left the building, bundles taken apart."""
    at_once = np.where(orders["channel"] == STORES, orders["ordered_at"], NEVER)
    for number, units in enumerate(split_lines(orders, lines), 1):
        left = np.minimum(orders[f"ship{number}_at"], at_once if number == 1 else NEVER)[lines["order"]]
        chosen = np.flatnonzero((units > 0) & (left < NEVER) & (orders["fate"][lines["order"]] == NORMAL))
        day = np.maximum(plan.day_of(left[chosen]), orders["day"][lines["order"][chosen]])
        inside = day < plan.days
        chosen, day = chosen[inside], day[inside]
        sku, row = lines["sku"][chosen], lines["order"][chosen]
        count = world.component_count[sku]
        line = np.repeat(np.arange(len(chosen)), count)
        component = world.component_first[sku][line] + np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
        cell = orders["location"][row][line] * PRODUCTS + world.component_sku[component]
        np.add.at(released.reshape(-1), day[line] * CELLS + cell, units[chosen][line] * world.component_units[component])


def returns(orders: Columns, lines: Columns, plan: Plan, rng: np.random.Generator, first_number: int) -> pl.DataFrame:
    """One returned line for some delivered orders; also marks `return_at` and `return_cents` (with tax) on the order."""
    size = len(orders["channel"])
    arrived = np.where(orders["is_split"], orders["delivered2_at"], orders["delivered1_at"])
    arrived = np.where(orders["channel"] == STORES, orders["ordered_at"], arrived)
    comes_back = (orders["fate"] == NORMAL) & (arrived < NEVER) & (orders["goods_units"] > 0) & (rng.random(size) < RETURN_CHANCE)
    at = _seen(arrived + rng.integers(3 * DAY, 25 * DAY, size), comes_back, plan)
    mix = np.lexsort((rng.random(len(lines["order"])), lines["order"]))
    mix = mix[(lines["sku"][mix] != GIFT_CARD) & (at[lines["order"][mix]] < NEVER)]
    row, first = np.unique(lines["order"][mix], return_index=True)
    line = mix[first]
    units = 1 + (rng.random(len(line)) * lines["qty"][line]).astype(np.int64)
    refund = lines["net"][line] * units // lines["qty"][line]
    orders["return_at"] = at
    orders["return_cents"] = np.zeros(size, np.int64)
    orders["return_cents"][row] = refund + (refund * orders["tax_basis_points"][row] + 5000) // 10_000
    currency = np.array([c.currency for c in CHANNELS])[orders["channel"][row]]
    frame = pl.DataFrame(
        {
            "channel": orders["channel"][row],
            "order_id": orders["order_id"][row],
            "sku": lines["sku"][line],
            "units": units,
            "refund": refund,
            "currency": currency,
            "returned_at": at[row],
            "reason": np.array(REASONS)[rng.integers(0, len(REASONS), len(row))],
        }
    ).sort("returned_at", "order_id")
    return frame.with_row_index("number", first_number)
