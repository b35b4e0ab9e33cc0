"""What had to leave a building, order by order and SKU by SKU. Here: loops of lines against promises. Not here: stages of orders (lives)."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.metrics.loops.basis import AS_OF, Keep, Loop, Row, Tables, lines_of, same_order, share
from tests.metrics.random_ledgers import CUTOFF, PACKING


def leaving(t: Tables) -> Iterator[Row]:
    """Orders and SKUs that had to leave, with what happened to them until now."""
    for order in t["orders"]:
        recorded = [p["shipped_at"] for p in t["shipments"] if p["channel"] == order["channel"]]
        if order["is_test"] or order["payment_status"] == "failed" or order["order_kind"] != "sale" or not recorded:
            continue
        promise = _promise(order)
        for sku, (ordered, cancelled) in _units(t, order).items():
            parcels = [p for p in t["shipments"] if same_order(p, order) and p["sku"] == sku and p["shipped_at"] <= AS_OF]
            due, refused = ordered - cancelled, cancelled if order["cancelled_by"] == "seller" else 0
            shipped = sum(p["shipped_units"] for p in parcels)
            is_known = promise and order["ordered_at"] >= min(recorded)
            if (due or refused) and (shipped or is_known):
                yield {
                    "order": order, "channel": order["channel"], "due": due, "refused": refused, "parcels": parcels, "open": max(due - shipped, 0),
                    "ship_by": promise, "deliver_by": order["deliver_by_at"],
                    "left_at": max((p["shipped_at"] for p in parcels), default=None) if shipped >= due > 0 else None,
                }  # fmt: skip


def _units(t: Tables, order: Row) -> dict[str, list[int]]:
    """Ordered and cancelled units of each stocked SKU."""
    units: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for line in lines_of(t, order):
        if line["sku"] and line["is_goods"] and not line["is_gift_card"] and line["ordered_units"] > 0:
            units[line["sku"]][0] += line["ordered_units"]
            units[line["sku"]][1] += line["cancelled_units"]
    return units


def _promise(order: Row) -> datetime | None:
    """The channel's own; else place X, which works every day, has its own."""
    if order["ship_by_at"] or order["location_id"] != "X":
        return order["ship_by_at"]
    cutoff = order["ordered_at"].replace(hour=CUTOFF, minute=0, second=0)
    if order["ordered_at"] > cutoff:
        cutoff += timedelta(days=1)
    return cutoff + PACKING


def _due_to_ship(t: Tables, keep: Keep) -> list[Row]:
    """Lines whose promise to ship has passed, by the day of the promise."""
    return [x for x in leaving(t) if x["ship_by"] and x["ship_by"] <= AS_OF and keep(x["channel"], x["ship_by"].date())]


def _due_to_arrive(t: Tables, keep: Keep) -> list[Row]:
    return [x for x in leaving(t) if x["deliver_by"] and x["deliver_by"] <= AS_OF and keep(x["channel"], x["deliver_by"].date())]


def _scanned(t: Tables, keep: Keep) -> list[Row]:
    """Of them, those on channels whose parcels tell when they arrive."""
    channels = {p["channel"] for p in t["shipments"] if p["delivered_at"]}
    return [x for x in _due_to_arrive(t, keep) if x["channel"] in channels]


def _on_time(x: Row) -> bool:
    return bool(x["left_at"] and x["left_at"] <= x["ship_by"])


def _units_left_in_time(x: Row) -> int:
    return sum(p["shipped_units"] for p in x["parcels"] if p["shipped_at"] <= x["ship_by"])


def _units_arrived(x: Row, until: datetime) -> int:
    return sum(p["shipped_units"] for p in x["parcels"] if p["delivered_at"] and p["delivered_at"] <= until)


def _arrived_in_time(x: Row) -> bool:
    return _units_arrived(x, min(AS_OF, x["deliver_by"])) >= x["due"]


def _in_full_on_time(x: Row) -> bool:
    return x["due"] > 0 and not x["refused"] and _arrived_in_time(x)


def _whole_orders(t: Tables, keep: Keep) -> list[bool]:
    """Of each order promised to have arrived, whether all its lines did, complete and in time."""
    orders: dict[int, list[bool]] = defaultdict(list)
    for x in _scanned(t, keep):
        orders[id(x["order"])].append(_in_full_on_time(x))
    return [all(lines) for lines in orders.values()]


def _unit_fill(t: Tables, keep: Keep) -> Any:
    lines = _due_to_ship(t, keep)
    wanted = sum(x["due"] + x["refused"] for x in lines)
    return sum(min(x["due"], _units_left_in_time(x)) for x in lines) / wanted if wanted else None


LOOPS: dict[str, Loop] = {
    "on_time_ship_rate 1": lambda t, keep: share(_on_time(x) for x in _due_to_ship(t, keep) if x["due"]),
    "on_time_ship_rate 2": lambda t, keep: share(_on_time(x) for x in _due_to_ship(t, keep)),
    "late_open_lines 1": lambda t, keep: sum(1 for x in _due_to_ship(t, keep) if x["open"]),
    "on_time_delivery_rate 1": lambda t, keep: share(_arrived_in_time(x) for x in _scanned(t, keep) if x["due"]),
    "delivery_coverage_rate 1": lambda t, keep: share(
        _units_arrived(x, AS_OF) >= x["due"] for x in _due_to_arrive(t, keep) if x["left_at"]
    ),
    "otif_rate 1": lambda t, keep: share(_in_full_on_time(x) for x in _scanned(t, keep)),
    "otif_order_rate 1": lambda t, keep: share(_whole_orders(t, keep)),
    "unit_fill_rate 1": _unit_fill,
    "line_fill_rate 1": lambda t, keep: share(_units_left_in_time(x) >= x["due"] + x["refused"] for x in _due_to_ship(t, keep)),
}
