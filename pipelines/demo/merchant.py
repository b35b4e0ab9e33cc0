"""The merchant's months, one after the other: live one, keep its truth, write its exports. Not here: any detail of these."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from pipelines.demo.damage import plan_damage, write_malformed
from pipelines.demo.days import DayLoop
from pipelines.demo.exports import amazon, marketplace, operations, pos, shopify, woocommerce
from pipelines.demo.exports.common import Desk
from pipelines.demo.exports.master import write_master
from pipelines.demo.fulfilment import release
from pipelines.demo.orders import Counters, Month, complete
from pipelines.demo.plan import Plan
from pipelines.demo.pool import Pool
from pipelines.demo.seasons import draw_promotions, expected_lines
from pipelines.demo.stock import Stock
from pipelines.demo.truth import Truth
from pipelines.demo.world import AMAZON_US, CHANNELS, MARKET_DE, SHOP_EU, SHOP_UK, STORES, build_world

_FORMATS = {SHOP_EU: shopify.write, AMAZON_US: amazon.write, STORES: pos.write, MARKET_DE: marketplace.write}


class Feeds:
    """The feeds beside the channels."""

    def __init__(self) -> None:
        self.payments = operations.Feed("paid_at")
        self.shipments = operations.Feed("shipped_at", "delivered_at")
        self.returns = operations.Feed("returned_at")

    def add(self, month: Month) -> None:
        self.payments.add(month.payments)
        self.shipments.add(month.shipments)
        self.returns.add(month.returns)

    def write(self, desk: Desk) -> None:
        operations.write_payments(self.payments.take(desk.export), desk)
        operations.write_shipments(self.shipments.take(desk.export), desk)
        operations.write_returns(self.returns.take(desk.export), desk)


def run(folder: Path, orders: int, days: int, seed: int, end: date, progress: Callable[[int, int], None] | None) -> None:
    """Lives through all months and writes files and truth under `folder`."""
    plan = Plan(orders, days, seed, end)
    world = build_world(plan)
    promotions = draw_promotions(world, plan)
    expected = expected_lines(world, promotions, plan)
    stock = Stock(world, plan, expected)
    opening = stock.on_hand.copy()
    loop, pool, feeds, counters = DayLoop(world, plan, stock, expected), Pool(), Feeds(), Counters()
    truth, exports = Truth(folder / "truth", world, plan), plan.exports()
    damages, found = plan_damage(len(exports), plan.rng(30)), []
    write_master(folder / "inbox" / "master", world, promotions, stock.terms, plan, expected)
    for export in exports:
        raw = loop.run(export.first_day, export.last_day)
        month = complete(raw, world, promotions, plan, export, counters)
        release(month.final_orders, month.final_lines, world, plan, loop.journal.released)
        truth.add(month, raw.demand, export)
        pool.add(month)
        feeds.add(month)
        desk = Desk(folder / "inbox", world, export, [d for d in damages if d.export == export.number])
        _write_channels(pool, desk, plan.rng(31, export.number))
        feeds.write(desk)
        operations.write_stock(loop.journal, opening, plan, desk)
        operations.write_purchase_orders(stock.orders, desk)
        operations.write_receipts(stock.receipts, desk)
        pool.forget(export)
        found += desk.found
        if progress is not None:
            progress(export.last_day + 1, days)
    write_malformed(found, folder / "truth" / "malformed.parquet")
    truth.finish(loop.journal, stock, exports, plan.final)


def _write_channels(pool: Pool, desk: Desk, rng: np.random.Generator) -> None:
    for channel in range(len(CHANNELS)):
        own = replace(desk, damages=[d for d in desk.damages if d.channel == channel])  # shares `found`
        batch = pool.batch(channel, desk.export, own.damages, rng)
        if channel == SHOP_UK:
            woocommerce.write(batch, own, rng)
        else:
            _FORMATS[channel](batch, own)
