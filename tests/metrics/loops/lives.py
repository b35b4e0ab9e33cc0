"""How each order lived, from placing to arriving. Here: loops of stages, parcels, cancellations. Not here: promises (fulfilment)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.metrics.loops.basis import AS_OF, Keep, Loop, Row, Tables, cuts, hours, same_order, share
from tests.metrics.loops.fulfilment import leaving


def lives(t: Tables, keep: Keep) -> list[Row]:
    """Every real sale with the moment of each of its stages; None where it is not known to have reached one."""
    lines = list(leaving(t))
    sales = [o for o in t["orders"] if is_sale(o) and keep(o["channel"], o["business_date"])]
    return [_life(t, order, [x for x in lines if x["order"] is order]) for order in sales]


def is_sale(order: Row) -> bool:
    return not order["is_test"] and order["order_kind"] == "sale" and order["payment_status"] != "failed"


def _life(t: Tables, order: Row, lines: list[Row]) -> Row:
    captured = [p["paid_at"] for p in t["payments"] if same_order(p, order) and p["payment_kind"] == "capture" and p["paid_at"]]
    told = [e for e in t.get("order_events", []) if same_order(e, order)]
    first = {kind: min(e["occurred_at"] for e in told if e["event_kind"] == kind) for kind in {e["event_kind"] for e in told}}
    paid = min([*captured, *([first["paid"]] if "paid" in first else [])], default=order["paid_at"])
    back = [r["returned_at"] for r in t["returns"] if same_order(r, order) and r["returned_units"] > 0]
    first["returned"] = min([*back, *([first["returned"]] if "returned" in first else [])], default=None)
    parcels = {p["shipment_id"] for p in t["shipments"] if same_order(p, order)}
    parcels |= {e["event_number"] for e in told if e["event_kind"] == "shipped"}
    has_left = bool(lines) and not any(x["open"] for x in lines)
    sent = [p for x in lines for p in x["parcels"]]
    has_arrived = has_left and all(p["delivered_at"] and p["delivered_at"] <= AS_OF for p in sent)
    return first | {
        "order": order, "placed": order["ordered_at"], "paid": paid, "parcels": parcels, "is_cancelled": order["is_cancelled"],
        "is_open": any(x["open"] for x in lines) and not order["is_cancelled"],
        "shipped": max((x["left_at"] for x in lines if x["left_at"]), default=None) if has_left else None,
        "delivered": max((p["delivered_at"] for p in sent), default=None) if has_arrived else None,
    }  # fmt: skip


def last_known(life: Row, *stages: str) -> datetime | None:
    """The first of these stages that the order is known to have reached."""
    return next((life[stage] for stage in stages if life.get(stage)), None)


def _span(to: str, *since: str) -> Callable[[Tables, Keep], Any]:
    return lambda t, keep: cuts(hours(last_known(life, *since), life.get(to)) for life in lives(t, keep))


LOOPS: dict[str, Loop] = {
    "split_shipment_rate 1": lambda t, keep: share(len(life["parcels"]) > 1 for life in lives(t, keep) if life["parcels"]),
    "cancellation_rate 1": lambda t, keep: share(life["is_cancelled"] for life in lives(t, keep)),
    "open_orders 1": lambda t, keep: sum(1 for life in lives(t, keep) if life["is_open"]),
    "to_paid_hours 1": _span("paid", "placed"),
    "to_allocated_hours 1": _span("allocated", "paid", "placed"),
    "to_picked_hours 1": _span("picked", "allocated", "paid", "placed"),
    "to_packed_hours 1": _span("packed", "picked"),
    "to_shipped_hours 1": _span("shipped", "packed", "picked", "allocated", "paid", "placed"),
    "to_first_scan_hours 1": _span("first_scan", "shipped"),
    "to_delivered_hours 1": _span("delivered", "shipped"),
    "placed_to_shipped_hours 1": _span("shipped", "placed"),
    "placed_to_delivered_hours 1": _span("delivered", "placed"),
    "order_confirmed_hours 1": _span("order_confirmed", "placed"),
    "shipping_confirmed_hours 1": _span("shipping_confirmed", "shipped"),
    "delivery_confirmed_hours 1": _span("delivery_confirmed", "delivered"),
    "to_refunded_hours 1": _span("refunded", "returned"),
}
