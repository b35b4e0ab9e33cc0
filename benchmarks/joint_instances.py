"""Suppliers' baskets made by chance: SKUs with uneven sales, packs, price breaks, volumes, and limits that bite. Not here: solving them."""

import numpy as np
import polars as pl

from models.joint.problem import Limits
from models.joint.values import allowed_quantities, bought_at, candidates_of, expected_costs

SAMPLES = 200


def basket(skus: int, seed: int) -> pl.DataFrame:
    """Candidate quantities of so many SKUs: demand of four weeks plus lead time as gamma-mixed Poisson, positions from empty to full."""
    rng = np.random.default_rng(seed)
    return pl.concat([_sku(f"S{number:05d}", rng) for number in range(skus)])


def _sku(name: str, rng: np.random.Generator) -> pl.DataFrame:
    mean, cost = float(rng.lognormal(3, 1.2)), float(rng.lognormal(2, 0.8))
    demand = rng.poisson(rng.gamma(4, mean / 4, SAMPLES))
    pack = int(rng.choice([1, 6, 12, 24]))
    moq = int(rng.choice([1, pack, 2 * pack, max(pack, int(mean / 2))]))
    layer = pack * int(rng.integers(4, 12)) if rng.random() < 0.4 else None
    breaks = (0, pack * int(rng.integers(5, 30))) if rng.random() < 0.3 else (0,)
    prices = tuple(cost * 0.94**place for place in range(len(breaks)))
    position = float(rng.uniform(0, 1.1) * mean)
    most = max(float(np.quantile(demand, 0.995)) - position, 1.0) * rng.uniform(1, 1.5)
    quantities = allowed_quantities(most, moq, pack, layer, breaks[1:])
    holding, shortage = cost * rng.uniform(0.01, 0.05), cost * rng.uniform(0.2, 1.2)
    costs = expected_costs(position, demand, np.append(0, quantities), holding, shortage)
    amounts = bought_at(quantities, breaks, prices)
    volume, weight = float(rng.lognormal(-6.5, 1)), float(rng.lognormal(-0.7, 1))
    return candidates_of(name, quantities, costs[1:], float(costs[0]), amounts, cost, volume, weight)


def limits_for(candidates: pl.DataFrame, kind: str, rng: np.random.Generator) -> Limits:
    """Limits of one kind, so tight that they bite: measured by what would be ordered without them."""
    best = candidates.filter(pl.col("value_amount") > 0).sort("value_amount").group_by("sku").last()
    amount, volume, weight = (float(best[name].sum()) for name in ("amount", "volume", "weight"))
    budget = amount * rng.uniform(0.3, 0.8)
    room = volume / rng.uniform(0.8, 6 if candidates["sku"].n_unique() < 1000 else 60)
    filled = Limits(
        container_volume=room, container_weight=weight / volume * room * rng.uniform(0.8, 1.3), container_amount=amount * 0.02
    )
    kinds = {
        "budget": Limits(budget_amount=budget),
        "supplier minimum": Limits(minimum_amount=amount * rng.uniform(1.05, 1.3), order_amount=25),
        "containers": filled,
        "full containers": Limits(
            container_volume=room, container_amount=amount * 0.02, least_fill_rate=0.95, order_amount=25,
        ),
        "everything": Limits(
            minimum_amount=amount * 0.2, budget_amount=budget, container_volume=room, container_weight=filled.container_weight,
            container_amount=amount * 0.02, least_fill_rate=0.85, order_amount=25,
        ),
    }  # fmt: skip
    return kinds[kind]


KINDS = ("budget", "supplier minimum", "containers", "full containers", "everything")
