"""What suppliers promised and what arrived. Here: loops of purchase orders against receipts, by supplier. Not here: stock on its way (stock)."""

from datetime import date
from typing import Any

from tests.metrics.loops.basis import AS_OF, Keep, Loop, Row, Tables, cuts, hours, share


def _purchased(t: Tables, keep: Keep) -> list[Row]:
    """Each SKU that a purchase order brings to a location, with its receipts."""
    together: dict[tuple[str, str, str], list[Row]] = {}
    for line in t.get("purchase_orders", []):
        together.setdefault(_key(line), []).append(line)
    found = []
    for key, lines in together.items():
        due = max((line["expected_at"].date() for line in lines if line["expected_at"]), default=None)
        if keep(lines[0]["supplier_id"], due):
            receipts = [r for r in t.get("receipts", []) if _key(r) == key]
            found.append({
                "due": due, "ordered": sum(line["ordered_units"] for line in lines), "receipts": receipts, "arrived": _units(receipts),
                "placed": min(line["ordered_at"] for line in lines), "last": max((r["received_at"] for r in receipts), default=None),
            })  # fmt: skip
    return found


def _key(row: Row) -> tuple[str, str, str]:
    return row["purchase_order_id"], row["sku"], row["location_id"]


def _units(receipts: list[Row], until: date = date.max) -> int:
    return sum(r["received_units"] for r in receipts if r["received_at"].date() <= until)


def _expected(t: Tables, keep: Keep) -> list[Row]:
    """Those whose expected day is over."""
    return [x for x in _purchased(t, keep) if x["due"] and x["due"] < AS_OF.date() and x["ordered"]]


def _fill(t: Tables, keep: Keep) -> Any:
    lines = _expected(t, keep)
    return sum(min(x["arrived"], x["ordered"]) for x in lines) / sum(x["ordered"] for x in lines) if lines else None


def _lead(t: Tables, keep: Keep) -> Any:
    waits = [hours(x["placed"], x["last"]) for x in _purchased(t, keep) if x["arrived"] >= x["ordered"]]
    return cuts(None if wait is None else wait / 24 for wait in waits)


LOOPS: dict[str, Loop] = {
    "supplier_otif_rate 1": lambda t, keep: share(_units(x["receipts"], x["due"]) >= x["ordered"] for x in _expected(t, keep)),
    "supplier_fill_rate 1": _fill,
    "supplier_lead_time_days 1": _lead,
}
