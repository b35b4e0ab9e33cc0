"""A month of orders in full: numbers, flags, amounts, versions and everything that happens to them. Not here: demand, files."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from pipelines.demo.days import NORMAL, Columns, RawMonth
from pipelines.demo.fulfilment import plan_fulfilment, returns, shipments
from pipelines.demo.payments import payments, plan_refunds
from pipelines.demo.plan import NEVER, Export, Plan
from pipelines.demo.pricing import price
from pipelines.demo.seasons import Promotions
from pipelines.demo.world import AMAZON_US, CHANNELS, GIFT_CARD, PRODUCTS, SHOP_EU, SHOP_UK, STORES, World

EVENTS = ("cancel_at", "edit_at", "ship1_at", "ship2_at", "refund_at", "return_at")
AMAZON_STEP, AMAZON_RANGE = 61_234_567_891, 10**14


@dataclass
class Counters:
    """Numbers already given out."""

    key: int = 0
    payment: int = 1
    shipment: int = 1
    return_: int = 1
    channel: np.ndarray = field(default_factory=lambda: np.zeros(len(CHANNELS), np.int64))


@dataclass(frozen=True)
class Month:
    """`orders` and `lines` hold every version: 0 before an edit, 1 the last; `final_*` are the last as arrays."""

    orders: pl.DataFrame
    lines: pl.DataFrame
    payments: pl.DataFrame
    shipments: pl.DataFrame
    returns: pl.DataFrame
    final_orders: Columns
    final_lines: Columns


def complete(raw: RawMonth, world: World, promotions: Promotions, plan: Plan, export: Export, counters: Counters) -> Month:
    """Everything about the orders of one month, from what customers took."""
    rng = plan.rng(20, export.number)
    orders, lines = dict(raw.orders), dict(raw.lines)
    _number(orders, counters, rng)
    _flags(orders, lines, world, plan, rng)
    plan_fulfilment(orders, lines, export, plan, rng)
    _exports(orders, export, plan, rng)
    lines["line_number"] = _positions(lines["order"])
    first_orders, first_lines = _before_edit(orders, lines, rng)
    for o, li in ((orders, lines), (first_orders, first_lines)):
        price(o, li, world, promotions)
    first_total = orders["total"].copy()
    first_total[first_orders["row"]] = first_orders["total"]
    plan_refunds(orders, plan, rng)
    sent, next_shipment = shipments(orders, lines, counters.shipment)
    returned = returns(orders, lines, plan, rng, counters.return_)
    paid = payments(orders, first_total, plan, rng, counters.payment)
    for name in ("refund_at", "refund_cents", "short_cents", "return_at", "return_cents"):
        first_orders[name] = orders[name][first_orders["row"]]
    counters.shipment = next_shipment
    counters.return_ += len(returned)
    counters.payment += len(paid)
    return Month(
        _versions(orders, first_orders),
        _line_versions(orders, lines, first_orders, first_lines),
        paid,
        sent,
        returned,
        orders,
        lines,
    )


def _number(orders: Columns, counters: Counters, rng: np.random.Generator) -> None:
    """Keys, and each channel's own order numbers."""
    channel = orders["channel"]
    size = len(channel)
    sequence = np.zeros(size, np.int64)
    for c in range(len(CHANNELS)):
        mine = np.flatnonzero(channel == c)
        sequence[mine] = counters.channel[c] + np.arange(len(mine))
        counters.channel[c] += len(mine)
    orders["key"] = counters.key + np.arange(size)
    counters.key += size
    orders["store"] = rng.integers(0, 3, size)
    mixed = (sequence * AMAZON_STEP + 31_415_926_535_897) % AMAZON_RANGE
    frame = pl.DataFrame({"c": channel, "n": sequence, "m": mixed, "s": orders["store"] + 1})
    digits = pl.col("m").cast(pl.String).str.zfill(14)
    amazon = pl.format("{}-{}-{}", 111 + pl.col("n") % 4, digits.str.slice(0, 7), digits.str.slice(7))
    number = (
        pl.when(pl.col("c") == SHOP_EU)
        .then(pl.format("#{}", pl.col("n") + 1001))
        .when(pl.col("c") == AMAZON_US)
        .then(amazon)
        .when(pl.col("c") == SHOP_UK)
        .then((pl.col("n") + 50_001).cast(pl.String))
        .when(pl.col("c") == STORES)
        .then(pl.format("S{}-{}", "s", (pl.col("n") + 1).cast(pl.String).str.zfill(7)))
        .otherwise(pl.format("MD-{}", (pl.col("n") + 1).cast(pl.String).str.zfill(7)))
    )
    orders["order_id"] = frame.select(number.alias("id"))["id"].to_numpy().astype(str)
    orders["sequence"] = sequence


def _flags(orders: Columns, lines: Columns, world: World, plan: Plan, rng: np.random.Generator) -> None:
    channel = orders["channel"]
    size = len(channel)
    goods = np.bincount(lines["order"], lines["sku"] != GIFT_CARD, size) > 0
    own_shop = np.isin(channel, (SHOP_EU, SHOP_UK))
    orders["customer"] = 1 + (rng.random(size) ** 1.3 * max(plan.orders * 6 // 10, 10)).astype(np.int64)
    orders["is_expedited"] = (channel != STORES) & goods & (rng.random(size) < 0.06)
    orders["is_customised"] = own_shop & goods & (rng.random(size) < 0.015)
    orders["has_note"] = own_shop & ~orders["is_customised"] & (rng.random(size) < 0.03)
    charged = np.where(rng.random(size) < 0.55, 495, 0)
    orders["shipping"] = np.where((channel == STORES) | ~goods, 0, np.where(orders["is_expedited"], 1295, charged))
    code = np.where(rng.random(size) < 0.08, rng.choice([10, 15], size), 0)
    orders["discount_percent"] = np.where((channel == SHOP_EU) & goods, code, 0)
    taxes = np.array([1, 1, 1, 0, 0])[channel]
    orders["tax_basis_points"] = taxes * world.places.tax_basis_points[orders["place"]]
    by_line = (channel[lines["order"]] != SHOP_EU) & (rng.random(len(lines["order"])) < 0.06)
    lines["discount_percent"] = np.where(by_line, 10, 0)


def _exports(orders: Columns, export: Export, plan: Plan, rng: np.random.Generator) -> None:
    """In which export an order first appears, and where an old state of it is repeated."""
    size, channel, number = len(orders["channel"]), orders["channel"], export.number
    last = len(plan.exports()) - 1
    free = (orders["edit_at"] == NEVER) & (orders["fate"] == NORMAL)
    late = free & (rng.random(size) < max(0.005, 2 / max(size, 1)))
    first = np.where(late, number + rng.integers(1, 3, size), number)
    orders["first_export"] = np.where(first > last, number, first)
    per_channel = np.bincount(channel, minlength=len(CHANNELS))[channel]
    versioned = np.isin(channel, (SHOP_UK, AMAZON_US)) & (orders["ship1_at"] < export.cutoff) & (orders["first_export"] == number)
    stale = versioned & (rng.random(size) < np.maximum(0.003, 2 / per_channel)) & (number < last)
    orders["stale_export"] = np.where(stale, number + 1, -1)
    twice = (channel == SHOP_UK) & versioned & ~stale & (rng.random(size) < np.maximum(0.006, 2 / per_channel))
    orders["is_twice"] = twice


def _positions(row: np.ndarray) -> np.ndarray:
    """1, 2, 3 … within each run of equal rows."""
    opens = np.concatenate([[True], row[1:] != row[:-1]])[: len(row)]
    index = np.arange(len(row))
    return np.asarray(index - np.maximum.accumulate(np.where(opens, index, 0)) + 1)


def _before_edit(orders: Columns, lines: Columns, rng: np.random.Generator) -> tuple[Columns, Columns]:
    """Orders that were edited as they first were: one unit more, one line more, or without the last line."""
    row = np.flatnonzero(orders["edit_at"] < NEVER)
    first = {name: values[row] for name, values in orders.items()} | {"row": row}
    position = np.full(len(orders["channel"]), -1)
    position[row] = np.arange(len(row))
    mine = np.flatnonzero(position[lines["order"]] >= 0)
    old = {name: values[mine] for name, values in lines.items()} | {"order": position[lines["order"][mine]]}
    count = np.bincount(old["order"], minlength=len(row))
    kind = rng.integers(0, 3, len(row))
    kind[(kind == 2) & (count == 1)] = 0
    goods = old["sku"] != GIFT_CARD
    leading = np.full(len(row), len(mine))
    np.minimum.at(leading, old["order"][goods], np.flatnonzero(goods))
    old["qty"] = old["qty"] + ((np.arange(len(mine)) == leading[old["order"]]) & (kind[old["order"]] == 0))
    dropped = (kind[old["order"]] == 2) & (old["line_number"] == count[old["order"]])
    extra = np.flatnonzero(kind == 1)
    added = {
        "order": extra,
        "sku": rng.integers(0, PRODUCTS, len(extra)),
        "qty": np.ones(len(extra), np.int64),
        "discount_percent": np.zeros(len(extra), np.int64),
        "line_number": count[extra] + 1,
    }
    joined = {name: np.concatenate([old[name][~dropped], added[name]]) for name in added}
    arrange = np.lexsort((joined["line_number"], joined["order"]))
    return first, {name: values[arrange] for name, values in joined.items()}


def _versions(orders: Columns, first: Columns) -> pl.DataFrame:
    names = [n for n in orders if n != "row"]
    last = pl.DataFrame({n: orders[n] for n in names}).with_columns(
        version=pl.lit(1), valid_from=pl.when(pl.col("edit_at") < NEVER).then("edit_at").otherwise(-NEVER), valid_to=pl.lit(NEVER)
    )
    before = pl.DataFrame({n: first[n] for n in names}, schema={n: last.schema[n] for n in names}).with_columns(
        version=pl.lit(0), valid_from=pl.lit(-NEVER), valid_to=pl.col("edit_at")
    )
    seen = pl.max_horizontal(pl.when(pl.col(e) < NEVER).then(e).otherwise(-NEVER) for e in EVENTS)
    return pl.concat([last, before], how="vertical_relaxed").with_columns(last_event=seen)


def _line_versions(orders: Columns, lines: Columns, first: Columns, first_lines: Columns) -> pl.DataFrame:
    names = [n for n in lines if n != "order"]
    last = pl.DataFrame({"key": orders["key"][lines["order"]]} | {n: lines[n] for n in names}).with_columns(version=pl.lit(1))
    before = pl.DataFrame(
        {"key": first["key"][first_lines["order"]]} | {n: first_lines[n] for n in names},
        schema={n: last.schema[n] for n in ["key", *names]},
    ).with_columns(version=pl.lit(0))
    return pl.concat([last, before])
