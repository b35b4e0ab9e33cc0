"""What stands on the shelves. Here: loops over shelves as inventory health has them, by location. Not here: how health is told."""

from decimal import Decimal
from typing import Any

from tests.metrics.loops.basis import Keep, Loop, Row, Tables, total


def _shelves(t: Tables, keep: Keep) -> list[Row]:
    return [shelf for shelf in t["inventory_health"] if keep(shelf["location_id"], shelf["as_of_date"])]


def _sum(column: str) -> Loop:
    return lambda t, keep: total(shelf[column] for shelf in _shelves(t, keep))


def _in_stock(t: Tables, keep: Keep) -> Any:
    known = [shelf for shelf in _shelves(t, keep) if shelf["on_hand_units"] is not None]
    wanted = sum(shelf["demand_28d_units"] for shelf in known)
    return Decimal(sum(s["demand_28d_units"] for s in known if s["on_hand_units"] > 0)) / wanted if wanted else None


def _sold_out(t: Tables, keep: Keep) -> int:
    known = [shelf for shelf in _shelves(t, keep) if shelf["on_hand_units"] is not None]
    return sum(1 for shelf in known if shelf["on_hand_units"] <= 0 and shelf["demand_28d_units"])


LOOPS: dict[str, Loop] = {
    "on_hand_units 1": _sum("on_hand_units"),
    "stock_value 1": _sum("stock_value_amount"),
    "excess_value 1": _sum("excess_value_amount"),
    "dead_stock_value 1": lambda t, keep: total(shelf["stock_value_amount"] for shelf in _shelves(t, keep) if shelf["is_dead"]),
    "stocked_out_positions 1": _sold_out,
    "in_stock_rate 1": _in_stock,
}
