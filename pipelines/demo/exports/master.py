"""Master data, written once: products, costs, suppliers, terms, places, bundles, promotions. Not here: anything that happens."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.demo.exports.common import euro
from pipelines.demo.exports.suppliers import supplier_terms, suppliers
from pipelines.demo.plan import NEVER, Plan
from pipelines.demo.seasons import Promotions
from pipelines.demo.stock import Terms
from pipelines.demo.world import CATEGORIES, COSTED_DAYS, GIFT_CARD, PRODUCTS, SELLABLES, WAREHOUSES, World

UNITS_PER_LINE = 1.4
_POSTAL_CODES = ("1118 CP", "B26 3QJ", "07114")


def write_master(folder: Path, world: World, promotions: Promotions, terms: Terms, plan: Plan, expected: np.ndarray) -> None:
    """Writes every master table as CSV into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[dict[str, Any]]] = {
        "products": [_product(world, plan, p) for p in range(SELLABLES)],
        "product_costs": _costs(world, plan),
        "suppliers": suppliers(world, terms, UNITS_PER_LINE * expected[:, :PRODUCTS].sum(axis=2).mean(axis=0)),
        "supplier_terms": supplier_terms(world, terms),
        "locations": [
            {
                "location_id": w[0],
                "name": w[1],
                "kind": "warehouse",
                "country": w[2],
                "postal_code": code,
                "latitude": w[3],
                "longitude": w[4],
            }
            for w, code in zip(WAREHOUSES, _POSTAL_CODES, strict=True)
        ],
        "bundles": _bundles(world),
        "promotions": _promotions(world, promotions, plan),
        "sales_plan": _sales_plan(world, plan, expected),
    }
    for name, rows in tables.items():
        pl.DataFrame(rows, infer_schema_length=None).write_csv(folder / f"{name}.csv")


def _product(world: World, plan: Plan, p: int) -> dict[str, Any]:
    prices: Sequence[int] = [int(x) for x in world.list_price[p, :3]]
    row: dict[str, Any] = {
        "sku": world.sku[p],
        "description": world.description[p],
        "category": "Bundle",
        "brand": world.brand[p],
        "style_id": None,
        "launched_date": None,
        "discontinued_date": None,
    }
    if p == GIFT_CARD:
        row["category"] = "Gift card"
    if p < PRODUCTS:
        last = int(world.last_day[p])
        row |= {
            "category": CATEGORIES[world.category[p]],
            "style_id": f"ST-{world.style[p]:03d}",
            "launched_date": str(plan.date_of(world.launch_day[p])),
            "discontinued_date": None if last == NEVER else str(plan.date_of(last)),
        }
    return row | {"list_price_eur": euro(prices[0]), "list_price_usd": euro(prices[1]), "list_price_gbp": euro(prices[2])}


def _costs(world: World, plan: Plan) -> list[dict[str, Any]]:
    rows = []
    for p in range(PRODUCTS):
        rows.append(
            {
                "sku": world.sku[p],
                "valid_from": str(plan.date_of(-COSTED_DAYS)),
                "unit_cost": euro(int(world.cost[p])),
                "currency": "EUR",
            }
        )
        if world.cost_change_day[p] < NEVER:
            changed = str(plan.date_of(world.cost_change_day[p]))
            rows.append(
                {"sku": world.sku[p], "valid_from": changed, "unit_cost": euro(int(world.later_cost[p])), "currency": "EUR"}
            )
    return rows


def _bundles(world: World) -> list[dict[str, Any]]:
    rows = []
    for b in range(PRODUCTS, GIFT_CARD):
        first = world.component_first[b]
        for c in range(first, first + world.component_count[b]):
            rows.append(
                {
                    "bundle_sku": world.sku[b],
                    "component_sku": world.sku[world.component_sku[c]],
                    "units": int(world.component_units[c]),
                }
            )
    return rows


def _promotions(world: World, promotions: Promotions, plan: Plan) -> list[dict[str, Any]]:
    columns = zip(promotions.product, promotions.first_day, promotions.last_day, promotions.percent, strict=True)
    return [
        {
            "promotion_id": f"PR-{n:04d}",
            "sku": world.sku[p],
            "start_date": str(plan.date_of(a)),
            "end_date": str(plan.date_of(b)),
            "discount_rate": f"0.{c:02d}",
        }
        for n, (p, a, b, c) in enumerate(columns, 1)
    ]


def _sales_plan(world: World, plan: Plan, expected: np.ndarray) -> list[dict[str, Any]]:
    """What the merchandisers planned per category and week: near what is expected, in round figures; half of it bought at cost."""
    worth = expected[:, :PRODUCTS].sum(axis=2) * world.list_price[:PRODUCTS, 0] / 100 * UNITS_PER_LINE
    weeks: dict[tuple[str, str], float] = {}
    for day, amounts in enumerate(worth):
        monday = plan.date_of(day) - timedelta(days=plan.date_of(day).weekday())
        for n, category in enumerate(CATEGORIES):
            key = (category, str(monday))
            weeks[key] = weeks.get(key, 0.0) + float(amounts[world.category == n].sum())
    return [
        {"category": category, "week": week, "net_sales": round(amount / 50) * 50, "receipts": round(amount / 100) * 50}
        for (category, week), amount in sorted(weeks.items())
    ]
