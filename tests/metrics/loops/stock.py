"""What stands on the shelves and what channels can have of it. Here: loops over both as the marts have them. Not here: how marts tell them."""

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


def _estimated_fill(t: Tables, keep: Keep) -> Any:
    """Of shelves whose stock, and so what was lost on them, is known."""
    known = [s for s in _shelves(t, keep) if s["on_hand_units"] is not None and s["lost_28d_units"] is not None]
    seen, lost = sum(s["demand_28d_units"] for s in known), sum(s["lost_28d_units"] for s in known)
    return seen / (seen + lost) if seen + lost else None


def _available(t: Tables, keep: Keep) -> Any:
    known = [x for x in t["channel_availability"] if keep(x["channel"], x["as_of_date"]) and x["is_available"] is not None]
    wanted = sum(x["demand_91d_units"] for x in known)
    return sum(x["demand_91d_units"] for x in known if x["is_available"]) / wanted if wanted else None


LOOPS: dict[str, Loop] = {
    "on_hand_units 1": _sum("on_hand_units"),
    "stock_value 1": _sum("stock_value_amount"),
    "excess_value 1": _sum("excess_value_amount"),
    "dead_stock_value 1": lambda t, keep: total(shelf["stock_value_amount"] for shelf in _shelves(t, keep) if shelf["is_dead"]),
    "stocked_out_positions 1": _sold_out,
    "in_stock_rate 1": _in_stock,
    "in_transit_units 1": _sum("in_transit_units"),
    "estimated_unit_fill_rate 1": _estimated_fill,
    "availability_rate 1": _available,
}
