"""Spreading stock: transfers between locations and what each channel may offer. Not here: buying more (reorder), what a unit is worth (sharing)."""

from typing import NamedTuple

import numpy as np
import polars as pl

from models.sharing import shared, unit_values

MOVES = {
    "sku": pl.String, "from_location_id": pl.String, "location_id": pl.String, "transfer_units": pl.Int64, "surplus_units": pl.Int64,
    "shortage_units": pl.Int64,
}  # fmt: skip
HORIZON_DAYS = 365.0  # what would lie longer is held for a year: by then it is dead stock, and somebody else's question


class TransferCosts(NamedTuple):
    """What moving costs, per line and per unit, and what it saves: holding, as a rate of cost per year, and missed sales, as one of cost."""

    line_amount: float = 0.0
    unit_amount: float = 0.0
    holding_rate: float = 0.2
    shortage_rate: float = 0.5


def suggest_transfers(position: pl.DataFrame, costs: TransferCosts | None = None) -> pl.DataFrame:
    """Moves surplus to shortage, per SKU, where that is cheaper than buying.

    position: sku, location_id, available_units, on_order_units, backordered_units, decided_units (net), leaving_units (promised elsewhere, still on
    the shelf), reorder_point_units, order_up_to_level_units, mean_demand_units, expected_lost_units, demand_std_units, protection_interval_days,
    unit_cost_amount (may be blank). A location's surplus is what it has on the shelf, less what leaves, beyond its own order-up-to level; its
    shortage is what shelf, orders and decisions lack to be above its reorder point and to what would be lost before a purchase arrives, as a move comes
    sooner. Unknown stock neither gives nor takes. Where downstream_units are given (stock of the places that a location supplies), its levels are
    for all of them, and so is its stock; it gives what is on its own shelf.

    Where surplus is too small for all shortages, each unit goes where it most likely serves somebody. A move stays if it saves more than it
    costs: the surplus would else be held until its own location sells it, and the shortage last until a purchase arrives; where no cost is
    known it stays.
    Example: A holds 50 and needs up to 20, B holds 2 with reorder point 11: 10 move from A to B, so that it orders nothing.
    Returns sku, from_location_id, location_id, transfer_units, surplus_units, shortage_units.
    """
    behind = pl.col("downstream_units") if "downstream_units" in position.columns else pl.lit(0)
    net = pl.col("available_units") - pl.col("backordered_units")
    supply = net + pl.col("on_order_units") + pl.col("decided_units") + behind
    on_shelf = net - pl.col("leaving_units")
    rows = position.filter(pl.col("available_units").is_not_null()).with_columns(
        supply=supply,
        surplus=pl.min_horizontal(on_shelf + behind - pl.col("order_up_to_level_units"), on_shelf).clip(0),
        shortage=(pl.col("reorder_point_units") + 1 + pl.col("expected_lost_units").round(0).cast(pl.Int64) - supply).clip(0),
    )
    has_both = (pl.col("surplus").max().over("sku") > 0) & (pl.col("shortage").max().over("sku") > 0)
    moves: list[tuple[object, ...]] = []
    for (sku,), places in rows.filter(has_both).sort("sku", "location_id").group_by("sku", maintain_order=True):
        moves.extend((sku, *move) for move in _match(places, costs or TransferCosts()))
    return pl.DataFrame(moves, schema=MOVES, orient="row")


def _match(places: pl.DataFrame, costs: TransferCosts) -> list[tuple[str, str, int, int, int]]:
    """Moves of one SKU: the largest surplus serves the largest share first."""
    givers = places.filter(pl.col("surplus") > 0).sort("surplus", "location_id", descending=[True, False]).to_dicts()
    takers = places.filter(pl.col("shortage") > 0).sort("shortage", "location_id", descending=[True, False])
    values = _values(takers)
    shares = shared(sum(giver["surplus"] for giver in givers), values)
    left = {giver["location_id"]: giver["surplus"] for giver in givers}
    moves = []
    for taker, share, value in zip(takers.iter_rows(named=True), shares, values, strict=True):
        served = 0
        for giver in givers:
            units = min(int(share) - served, left[giver["location_id"]])
            if units > 0 and _is_cheaper(giver, taker, float(value[served : served + units].sum()), units, costs):
                moves.append((giver["location_id"], taker["location_id"], units, giver["surplus"], taker["shortage"]))
                left[giver["location_id"]] -= units
                served += units
    return moves


def _values(takers: pl.DataFrame) -> list[np.ndarray]:
    """Chance that each missing unit of each location serves somebody before a purchase would; never quite 0, as the reorder point wants it."""
    rows = zip(*(takers[name] for name in ("supply", "mean_demand_units", "demand_std_units", "shortage")), strict=True)
    return [np.maximum(unit_values(supply, m, s, shortage), 1e-12) for supply, m, s, shortage in rows]


def _is_cheaper(giver: dict, taker: dict, served: float, units: int, costs: TransferCosts) -> bool:  # type: ignore[type-arg]
    """Whether a move saves more than it costs; served: expected units that it serves in time."""
    if taker["unit_cost_amount"] is None:
        return True
    cost = float(taker["unit_cost_amount"])
    daily = giver["mean_demand_units"] / giver["protection_interval_days"]
    held_days = min(giver["surplus"] / daily, HORIZON_DAYS) if daily > 0 else HORIZON_DAYS
    saved = cost * (units * costs.holding_rate * held_days / 365 + served * costs.shortage_rate)
    return saved > costs.line_amount + costs.unit_amount * units


def channel_offers(position: pl.DataFrame, sells: pl.DataFrame, buffer_units: int) -> pl.DataFrame:
    """What each channel may offer: available at the location that serves it, less a buffer, not below 0.

    position: location_id, sku, available_units; sells: channel, sku, location_id. SKUs of unknown stock get no offer.
    """
    rows = sells.join(position.filter(pl.col("available_units").is_not_null()), on=["location_id", "sku"])
    offered = (pl.col("available_units") - buffer_units).clip(0)
    return rows.select(
        "channel", "sku", "location_id", "available_units", buffer_units=pl.lit(buffer_units, pl.Int64), offered_units=offered
    ).sort("channel", "sku", "location_id")
