"""Spreading stock: transfers between locations and what each channel may offer. Not here: buying more (reorder)."""

import polars as pl


def suggest_transfers(position: pl.DataFrame) -> pl.DataFrame:
    """Moves surplus to shortage, per SKU: the largest shortage is filled first, from the largest surplus.

    position: sku, location_id, available_units, on_order_units, backordered_units, decided_units, reorder_point_units,
    order_up_to_level_units. A location's surplus is what it has on the shelf, less what decisions take away, beyond its own
    order-up-to level; its shortage is what shelf, orders and decisions lack to its reorder point. Unknown stock neither gives nor takes.
    Example: A holds 50 and needs up to 20, B holds 2 with reorder point 12: 10 move from A to B.
    Returns sku, from_location_id, location_id, transfer_units, surplus_units, shortage_units.
    """
    net = pl.col("available_units") - pl.col("backordered_units")
    supply = net + pl.col("on_order_units") + pl.col("decided_units")
    rows = position.filter(pl.col("available_units").is_not_null()).with_columns(
        surplus=(net + pl.col("decided_units").clip(upper_bound=0) - pl.col("order_up_to_level_units")).clip(0),
        shortage=(pl.col("reorder_point_units") - supply).clip(0),
    )
    has_both = (pl.col("surplus").max().over("sku") > 0) & (pl.col("shortage").max().over("sku") > 0)
    moves: list[tuple[object, ...]] = []
    for (sku,), places in rows.filter(has_both).sort("sku").group_by("sku", maintain_order=True):
        moves.extend((sku, *move) for move in _match(places))
    schema = {
        "sku": pl.String,
        "from_location_id": pl.String,
        "location_id": pl.String,
        "transfer_units": pl.Int64,
        "surplus_units": pl.Int64,
        "shortage_units": pl.Int64,
    }
    return pl.DataFrame(moves, schema=schema, orient="row")


def _match(places: pl.DataFrame) -> list[tuple[str, str, int, int, int]]:
    surpluses = _largest_first(places, "surplus")
    left = dict(surpluses)
    moves = []
    for taker, shortage in _largest_first(places, "shortage"):
        lacking = shortage
        for giver, surplus in surpluses:
            units = min(lacking, left[giver])
            if units > 0:
                moves.append((giver, taker, units, surplus, shortage))
                left[giver] -= units
                lacking -= units
    return moves


def _largest_first(places: pl.DataFrame, what: str) -> list[tuple[str, int]]:
    ordered = places.filter(pl.col(what) > 0).sort(what, "location_id", descending=[True, False])
    return ordered.select("location_id", what).rows()


def channel_offers(position: pl.DataFrame, sells: pl.DataFrame, buffer_units: int) -> pl.DataFrame:
    """What each channel may offer: available at the location that serves it, less a buffer, not below 0.

    position: location_id, sku, available_units; sells: channel, sku, location_id. SKUs of unknown stock get no offer.
    """
    rows = sells.join(position.filter(pl.col("available_units").is_not_null()), on=["location_id", "sku"])
    offered = (pl.col("available_units") - buffer_units).clip(0)
    return rows.select(
        "channel", "sku", "location_id", "available_units", buffer_units=pl.lit(buffer_units, pl.Int64), offered_units=offered
    ).sort("channel", "sku", "location_id")
