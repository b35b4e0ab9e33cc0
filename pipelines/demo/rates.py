"""The demand that the demo merchant's products would have on average: what chance is drawn around. Not here: chance, stock, orders."""

from datetime import date

import numpy as np
import polars as pl

from pipelines.demo.plan import Plan
from pipelines.demo.seasons import LUMPY_CHANCE, LUMPY_LEAST, LUMPY_MOST, QUANTITIES, draw_promotions, expected_lines
from pipelines.demo.world import CHANNELS, LUMPY, PRODUCTS, SELLABLES, SHOP_EU, WAREHOUSES, World, build_world

# Orders that are no demand: what customers cancel, failed payments, tests (DayLoop._fates), per channel
NO_DEMAND = np.array([0.04, 0.02, 0.035, 0.0, 0.02])
OTHER_WAREHOUSE, OTHER_COUNTRY = 1, "IE"  # the European shop's orders to Ireland are served from Birmingham


def expected_demand(orders: int, days: int, seed: int, end: date) -> pl.DataFrame:
    """Expected units per sku, location_id and demand_date of the merchant that `generate` makes of the same arguments, also for 140
    days after `end`; bundles as their components.

    Example: a product of which 0.1 lines a day are expected, of 1.34 units each, on a channel where 2 % are cancelled: 0.131 a day.
    """
    plan = Plan(orders, days, seed, end)
    world = build_world(plan)
    units = _units(world, expected_lines(world, draw_promotions(world, plan), plan))
    away = dict(CHANNELS[SHOP_EU].countries)[OTHER_COUNTRY]
    served = np.zeros((len(units), len(WAREHOUSES), PRODUCTS))
    for c, channel in enumerate(CHANNELS):
        share = away if c == SHOP_EU else 0.0
        served[:, channel.warehouse] += units[:, :, c] * (1 - share)
        served[:, OTHER_WAREHOUSE] += units[:, :, c] * share
    day, place, product = np.nonzero(served)
    dates = pl.Series([plan.date_of(d) for d in range(len(units))])
    return pl.DataFrame({
        "sku": pl.Series(world.sku[:PRODUCTS]).gather(product),
        "location_id": pl.Series([w[0] for w in WAREHOUSES]).gather(place),
        "demand_date": dates.gather(day),
        "expected_units": served[day, place, product],
    })  # fmt: skip


def _units(world: World, lines: np.ndarray) -> np.ndarray:
    """[day, product, channel] units that are demand, bundles taken apart."""
    mean = np.full(SELLABLES, float((QUANTITIES * (1, 2, 3)).sum()))
    lumps = np.arange(1, 400)
    chance = LUMPY_CHANCE * (1 - LUMPY_CHANCE) ** (lumps - 1)
    mean[:PRODUCTS][world.demand_class == LUMPY] = (np.minimum(LUMPY_LEAST - 1 + lumps, LUMPY_MOST) * chance).sum()
    units = lines * mean[None, :, None] * (1 - NO_DEMAND)
    for bundle in range(PRODUCTS, len(world.component_count)):
        parts = slice(world.component_first[bundle], world.component_first[bundle] + world.component_count[bundle])
        for product, each in zip(world.component_sku[parts], world.component_units[parts], strict=True):
            units[:, product] += units[:, bundle] * each
    return units[:, :PRODUCTS]
