"""What an order costs, in whole cents. Not here: what is ordered, or when it is paid."""

import numpy as np

from pipelines.demo.days import Columns
from pipelines.demo.seasons import Promotions
from pipelines.demo.world import AMAZON_US, GIFT_CARD, PRODUCTS, SHOP_EU, SHOP_UK, World


def price(orders: Columns, lines: Columns, world: World, promotions: Promotions) -> None:
    """Adds the amounts. `lines` stand in the order of their orders; every order has a line.

    Gross is units × price, total is gross − discount + shipping + tax. Gift cards bear neither discount nor tax.
    The tax of shop_eu is reckoned on the order, elsewhere on each line.
    """
    row, sku = lines["order"], lines["sku"]
    channel, day = orders["channel"][row], orders["day"][row]
    cut = np.where(sku < PRODUCTS, promotions.cut[day, np.minimum(sku, PRODUCTS - 1)], 0)
    lines["list_price"] = world.list_price[sku, channel]
    lines["price"] = (lines["list_price"] * (100 - cut) + 50) // 100
    lines["gross"] = lines["price"] * lines["qty"]
    is_goods = sku != GIFT_CARD
    lines["discount"] = np.where(is_goods, lines["gross"] * lines["discount_percent"] // 100, 0)
    taxed_by_line = is_goods & np.isin(channel, (AMAZON_US, SHOP_UK))
    rate = orders["tax_basis_points"]
    lines["tax"] = np.where(taxed_by_line, _share(lines["gross"] - lines["discount"], rate[row]), 0)
    goods = _sum(np.where(is_goods, lines["gross"], 0), row)
    code = (goods * orders["discount_percent"] + 50) // 100
    own_shop = np.isin(orders["channel"], (SHOP_EU, SHOP_UK))
    orders["shipping_tax"] = np.where(own_shop, _share(orders["shipping"], rate), 0)
    on_order = np.where(orders["channel"] == SHOP_EU, _share(goods - code + orders["shipping"], rate), orders["shipping_tax"])
    orders["gross"] = _sum(lines["gross"], row)
    orders["discount"] = _sum(lines["discount"], row) + code
    orders["tax"] = _sum(lines["tax"], row) + on_order
    orders["total"] = orders["gross"] - orders["discount"] + orders["shipping"] + orders["tax"]
    share = np.where(is_goods, code[row] * lines["gross"] // np.maximum(goods[row], 1), 0)
    lines["net"] = lines["gross"] - lines["discount"] - share


def _share(cents: np.ndarray, basis_points: np.ndarray) -> np.ndarray:
    return np.asarray((cents * basis_points + 5000) // 10_000)


def _sum(values: np.ndarray, row: np.ndarray) -> np.ndarray:
    if not len(row):
        return np.zeros(0, np.int64)
    first = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
    return np.asarray(np.add.reduceat(values, first))
