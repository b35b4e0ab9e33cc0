"""Suppliers and what they ask: minimum, containers, order days; per product lead time, packs, price breaks, sizes. Written once, by `master`."""

from typing import Any

import numpy as np

from pipelines.demo.exports.common import euro
from pipelines.demo.plan import NEVER
from pipelines.demo.stock import Terms
from pipelines.demo.world import CATEGORIES, PRODUCTS, SUPPLIERS, World

# m³ and kg of one unit as packed
_SIZES = {
    "Kitchen": (0.004, 1.1), "Coffee": (0.003, 0.8), "Garden": (0.012, 1.6), "Lighting": (0.015, 1.4), "Textiles": (0.006, 0.7), "Bath": (0.005, 0.6),
    "Office": (0.002, 0.4), "Toys": (0.005, 0.6), "Outdoor": (0.006, 0.9), "Travel": (0.008, 0.8), "Candles": (0.0015, 0.5), "Storage": (0.02, 1.2),
}  # fmt: skip
SHELF_LIFE_DAYS = {"Candles": 540}
_DAYS = ("tue thu", "mon", "wed", "fri", "tue", "tue", "mon thu", "", "thu", "wed", "mon wed fri", "")
_CLOCKS = {"NL": "Europe/Amsterdam", "LT": "Europe/Vilnius", "PT": "Europe/Lisbon", "CN": "Asia/Shanghai", "AT": "Europe/Vienna", "TR": "Europe/Istanbul",
           "DK": "Europe/Copenhagen", "PL": "Europe/Warsaw"}  # fmt: skip
_CLOSED = {
    "CN": "2025-01-27/2025-02-09 2026-02-14/2026-03-01 2027-02-05/2027-02-21",
    "PT": "2025-08-11/2025-08-22 2026-08-10/2026-08-21",
}
# m³, kg and euros of a pallet, a van, a 20-foot and a 40-foot container
_CONTAINERS = ((1.4, 700, 95), (6.8, 3_000, 420), (28.0, 21_700, 1_900), (58.0, 26_500, 2_900))


def suppliers(world: World, terms: Terms, rate: np.ndarray) -> list[dict[str, Any]]:
    """One row per supplier; rate: units a day by product. Those from overseas fill containers, of a size that two months' goods fill."""
    volume = np.array([_SIZES[CATEGORIES[c]][0] for c in world.category[:PRODUCTS]]) * rate
    rows = []
    for n, (name, country, postal_code, *_rest) in enumerate(SUPPLIERS):
        two_months = 60 * float(volume[world.supplier == n].sum())
        fitting = [box for box in _CONTAINERS if box[0] <= two_months] or [_CONTAINERS[0]]
        room, weight, amount = fitting[-1] if country == "CN" else (None, None, None)
        minimum = int(terms.order_minimum[n])
        rows.append(
            {
                "supplier_id": f"SUP-{n + 1:02d}", "name": name, "country": country, "postal_code": postal_code, "order_minimum": euro(minimum),
                "order_budget": euro(40 * minimum) if country == "US" else None, "currency": "EUR", "container_m3": room, "container_kg": weight,
                "container_cost": amount, "container_fill": 0.5 if room else None, "order_days": _DAYS[n] or None,
                "cutoff": "14:00" if _DAYS[n] else None, "clock": _CLOCKS.get(country), "closed": _CLOSED.get(country),
            }
        )  # fmt: skip
    return rows


def supplier_terms(world: World, terms: Terms) -> list[dict[str, Any]]:
    """The main supplier, and for some products a second one that is dearer."""
    rows = []
    for p in range(PRODUCTS):
        main, second, cost = int(world.supplier[p]), int(world.second_supplier[p]), int(world.cost_on(NEVER)[p])
        offers = [(1, main, cost)] + ([(2, second, cost * 108 // 100)] if second not in (-1, main) else [])
        for priority, n, unit_cost in offers:
            s = SUPPLIERS[n]
            rows.append(
                {
                    "supplier_id": f"SUP-{n + 1:02d}", "sku": world.sku[p], "priority": priority, "lead_time_days": s[3], "lead_time_std_days": s[4],
                    "review_period_days": s[5], "moq": int(terms.moq[p]), "case_pack": int(terms.case_pack[p]), "unit_cost": euro(unit_cost),
                    "currency": "EUR", **_more(world, terms, p, unit_cost),
                }
            )  # fmt: skip
    return rows


def _more(world: World, terms: Terms, p: int, unit_cost: int) -> dict[str, Any]:
    """Pallet, price break, sizes, shelf life and room: some products have one or the other."""
    category, moq, pack = CATEGORIES[world.category[p]], int(terms.moq[p]), int(terms.case_pack[p])
    volume, weight = _SIZES[category]
    has_break = p % 9 == 4
    return {
        "pallet": 24 * pack if p % 5 == 1 and pack > 1 else None, "break_units": 4 * moq if has_break else None,
        "break_cost": euro(unit_cost * 96 // 100) if has_break else None, "unit_m3": volume, "unit_kg": weight,
        "shelf_life_days": SHELF_LIFE_DAYS.get(category), "room_units": 15 * moq if category == "Storage" else None,
    }  # fmt: skip
