"""Every metric that the ledger alone answers, on random small ledgers, against a loop in plain Python that shares no code with it."""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.metrics import all_metrics
from pipelines.metrics.ask import groups_of
from tests.marts.ledgers import DAY
from tests.metrics.ledger import AS_OF, Ledger, ask, snapshot, value

HOUR = timedelta(hours=1)
Line = dict[str, Any]


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """A handful of orders on two channels, some cancelled, tests, unpaid, partly shipped, returned, paid otherwise than they came to."""
    ledger = Ledger()
    ledger.shipments.append({"channel": "shop", "order_id": "before", "shipment_id": "s", "shipped_at": DAY - 50 * HOUR})
    ledger.shipments.append(
        {
            "channel": "mart",
            "order_id": "before",
            "shipment_id": "m",
            "shipped_at": DAY - 50 * HOUR,
            "delivered_at": DAY - 40 * HOUR,
        }
    )
    for number in range(draw(st.integers(1, 6))):
        _order(draw, ledger, f"o{number}", draw(st.sampled_from(["shop", "mart"])))
    return ledger


def _order(draw: st.DrawFn, ledger: Ledger, order_id: str, channel: str) -> None:
    placed = DAY + draw(st.integers(0, 200)) * HOUR
    is_cancelled = draw(st.sampled_from([False, False, False, True]))
    lines = [
        {"channel": channel, "order_id": order_id, "line_number": n + 1, "sku": draw(st.sampled_from(["A", "B", None])),
         "ordered_units": draw(st.integers(1, 4)), "unit_price_amount": draw(st.sampled_from(["9.99", "5", "0.5"]))}
        for n in range(draw(st.integers(1, 3)))
    ]  # fmt: skip
    for line in lines:
        line["cancelled_units"] = line["ordered_units"] if is_cancelled else draw(st.integers(0, 1)) * (line["ordered_units"] > 1)
    total = sum((Decimal(line["unit_price_amount"]) * line["ordered_units"] for line in lines), Decimal(0))
    ledger.order_lines += lines
    ledger.orders.append({
        "channel": channel, "order_id": order_id, "ordered_at": placed, "business_date": placed.date(), "total_amount": total,
        "is_test": draw(st.sampled_from([False, False, False, True])), "is_cancelled": is_cancelled,
        "cancelled_by": draw(st.sampled_from(["seller", "customer"])) if is_cancelled else None, "cancelled_at": placed + HOUR if is_cancelled else None,
        "ship_by_at": draw(st.sampled_from([None, placed + 48 * HOUR])), "deliver_by_at": draw(st.sampled_from([None, placed + 40 * HOUR, placed + 96 * HOUR])),
        "customer_key": draw(st.sampled_from([None, "ann", "bob"])), "location_id": draw(st.sampled_from([None, "X"])),
    })  # fmt: skip
    for n, line in enumerate(lines):
        left = line["ordered_units"] - line["cancelled_units"]
        if left and line["sku"] and draw(st.sampled_from([True, True, False])):
            shipped_at = placed + draw(st.integers(1, 90)) * HOUR
            arrived = draw(st.sampled_from([None, shipped_at + 30 * HOUR, shipped_at + 80 * HOUR]))
            ledger.shipments.append({"channel": channel, "order_id": order_id, "shipment_id": f"{order_id}-{n}", "sku": line["sku"],
                                     "shipped_units": draw(st.integers(1, left)), "shipped_at": shipped_at, "delivered_at": arrived})  # fmt: skip
        if left and line["sku"] and draw(st.sampled_from([False, False, True])):
            back = placed + draw(st.integers(20, 100)) * HOUR
            ledger.returns.append({"channel": channel, "order_id": order_id, "return_id": f"r{order_id}-{n}", "sku": line["sku"],
                                   "returned_units": draw(st.integers(1, 3)),
                                   "refund_amount": 3, "returned_at": back, "business_date": back.date()})  # fmt: skip
    if channel == "shop":
        paid = draw(st.sampled_from([None, total, total - 1, total + Decimal("0.01")]))
        if paid is not None:
            ledger.payments.append(
                {
                    "channel": channel,
                    "order_id": order_id,
                    "payment_id": f"p{order_id}",
                    "amount": paid,
                    "paid_at": placed + 2 * HOUR,
                }
            )


def _sales(ledger: Ledger) -> list[Line]:
    return [order for order in ledger.orders if not order["is_test"]]


def _lines(ledger: Ledger, order: Line) -> list[Line]:
    return [line for line in ledger.order_lines if (line["channel"], line["order_id"]) == (order["channel"], order["order_id"])]


def _net_sales(ledger: Ledger) -> Decimal | None:
    amounts = [
        Decimal(line["unit_price_amount"]) * (line["ordered_units"] - line["cancelled_units"])
        for order in _sales(ledger) for line in _lines(ledger, order)
        if not (order["is_cancelled"] and line["cancelled_units"] >= line["ordered_units"])
    ]  # fmt: skip
    back = [
        Decimal(0)
        if any(o["is_cancelled"] for o in ledger.orders if o["order_id"] == r["order_id"])
        else Decimal(r["refund_amount"])
        for r in ledger.returns
    ]
    return sum(amounts, Decimal(0)) - sum(back, Decimal(0)) if amounts or back else None


def _orders(ledger: Ledger) -> int:
    return sum(1 for order in _sales(ledger) if not order["is_cancelled"])


def _leaving(ledger: Ledger) -> list[Line]:
    """Orders and SKUs that had to leave a building, with what happened to them by AS_OF."""
    found = []
    for order in _sales(ledger):
        units: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for line in _lines(ledger, order):
            if line["sku"]:
                units[line["sku"]][0] += line["ordered_units"]
                units[line["sku"]][1] += line["cancelled_units"]
        for sku, (ordered, cancelled) in units.items():
            parcels = [
                s
                for s in ledger.shipments
                if (s["channel"], s["order_id"], s.get("sku")) == (order["channel"], order["order_id"], sku)
                and s["shipped_at"] <= AS_OF
            ]
            due, refused = ordered - cancelled, cancelled if order["cancelled_by"] == "seller" else 0
            shipped = sum(s["shipped_units"] for s in parcels)
            if (due or refused) and (order["ship_by_at"] or shipped):
                found.append({"order": order, "due": due, "refused": refused, "shipped": shipped, "parcels": parcels,
                              "left_at": max((s["shipped_at"] for s in parcels), default=None) if shipped >= due > 0 else None})  # fmt: skip
    return found


def _share(parts: list[bool]) -> float | None:
    return sum(parts) / len(parts) if parts else None


def _on_time(ledger: Ledger, with_refused: bool) -> float | None:
    due = [
        x
        for x in _leaving(ledger)
        if x["order"]["ship_by_at"] and x["order"]["ship_by_at"] <= AS_OF and (x["due"] or with_refused)
    ]
    return _share([bool(x["left_at"] and x["left_at"] <= x["order"]["ship_by_at"]) for x in due])


def _scanned(ledger: Ledger, channel: str) -> bool:
    return any(s["delivered_at"] for s in ledger.shipments if s["channel"] == channel and "delivered_at" in s)


def _promised(ledger: Ledger) -> list[Line]:
    return [
        x
        for x in _leaving(ledger)
        if x["order"]["deliver_by_at"] and x["order"]["deliver_by_at"] <= AS_OF and _scanned(ledger, x["order"]["channel"])
    ]


def _arrived_in_time(x: Line) -> int:
    return sum(
        s["shipped_units"]
        for s in x["parcels"]
        if s["delivered_at"] and s["delivered_at"] <= min(AS_OF, x["order"]["deliver_by_at"])
    )


def _otif(ledger: Ledger) -> float | None:
    return _share([x["due"] > 0 and x["refused"] == 0 and _arrived_in_time(x) >= x["due"] for x in _promised(ledger)])


def _on_time_delivery(ledger: Ledger) -> float | None:
    return _share([_arrived_in_time(x) >= x["due"] for x in _promised(ledger) if x["due"]])


def _unit_fill(ledger: Ledger) -> float | None:
    lines = [x for x in _leaving(ledger) if x["order"]["ship_by_at"] and x["order"]["ship_by_at"] <= AS_OF]
    wanted = sum(x["due"] + x["refused"] for x in lines)
    served = sum(
        min(x["due"], sum(s["shipped_units"] for s in x["parcels"] if s["shipped_at"] <= x["order"]["ship_by_at"])) for x in lines
    )
    return served / wanted if wanted else None


def _whole_hours(ledger: Ledger) -> float | None:
    by_order: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for x in _leaving(ledger):
        by_order[x["order"]["channel"], x["order"]["order_id"]].append(x)
    hours = [
        (max(x["left_at"] for x in lines if x["due"]) - lines[0]["order"]["ordered_at"]) / HOUR
        for lines in by_order.values() if any(x["due"] for x in lines) and all(x["left_at"] for x in lines if x["due"])
    ]  # fmt: skip
    return median(hours) if hours else None


def _sold_lines(ledger: Ledger) -> dict[tuple[str, str, str], int]:
    sold: dict[tuple[str, str, str], int] = defaultdict(int)
    for order in _sales(ledger):
        for line in _lines(ledger, order):
            if line["sku"] and not order["is_cancelled"]:
                sold[order["channel"], order["order_id"], line["sku"]] += line["ordered_units"] - line["cancelled_units"]
    return {key: units for key, units in sold.items() if units > 0}


def _back(ledger: Ledger, key: tuple[str, str, str]) -> int:
    return sum(r["returned_units"] for r in ledger.returns if (r["channel"], r["order_id"], r["sku"]) == key)


def _return_rate(ledger: Ledger) -> float | None:
    sold = _sold_lines(ledger)
    return sum(min(units, _back(ledger, key)) for key, units in sold.items()) / sum(sold.values()) if sold else None


def _excess(ledger: Ledger) -> int | None:
    sold = _sold_lines(ledger)
    return sum(max(_back(ledger, key) - units, 0) for key, units in sold.items()) if sold else None


def _agreement(ledger: Ledger) -> float | None:
    if not ledger.payments:
        return None
    orders = [o for o in _sales(ledger) if o["channel"] == "shop"]
    paid = {p["order_id"]: p["amount"] for p in ledger.payments}
    return _share([abs(paid.get(o["order_id"], 0) - o["total_amount"]) < Decimal("0.01") for o in orders])


def _repeat(ledger: Ledger) -> float | None:
    known = sorted(
        (o for o in _sales(ledger) if o["customer_key"] and not o["is_cancelled"]),
        key=lambda o: (o["ordered_at"], o["channel"], o["order_id"]),
    )
    seen: set[str] = set()
    repeats = []
    for order in known:
        repeats.append(order["customer_key"] in seen)
        seen.add(order["customer_key"])
    return _share(repeats)


LOOPS: dict[str, Callable[[Ledger], Any]] = {
    "net_sales": _net_sales,
    "orders": _orders,
    "on_time_ship_rate": lambda ledger: _on_time(ledger, with_refused=True),
    "on_time_ship_rate 1": lambda ledger: _on_time(ledger, with_refused=False),
    "on_time_delivery_rate": _on_time_delivery,
    "otif_rate": _otif,
    "unit_fill_rate": _unit_fill,
    "placed_to_shipped_hours": _whole_hours,
    "return_rate": _return_rate,
    "excess_returned_units": _excess,
    "payment_agreement_rate": _agreement,
    "repeat_order_rate": _repeat,
    "cancellation_rate": lambda ledger: _share([o["is_cancelled"] for o in _sales(ledger)]),
    "customers": lambda ledger: len({o["customer_key"] for o in _sales(ledger) if o["customer_key"] and not o["is_cancelled"]}),
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ledgers())
def test_every_metric_equals_its_loop(ledger: Ledger) -> None:
    with snapshot(ledger) as connection:
        for name, loop in LOOPS.items():
            metric_name, _, version = name.partition(" ")
            found, expected = value(connection, metric_name, int(version) if version else None), loop(ledger)
            if expected is None or found is None:
                assert not found and not expected, (name, found, expected)
            else:
                assert float(found) == pytest.approx(float(expected), abs=1e-9), name


def test_every_metric_can_be_asked_by_its_groups() -> None:
    ledger = Ledger(
        orders=[{"order_id": "1", "ship_by_at": DAY + HOUR}],
        order_lines=[{"order_id": "1"}],
        shipments=[{"order_id": "1", "shipment_id": "s"}],
    )
    with snapshot(ledger) as connection:
        asked = [m for m in all_metrics(every_version=True) if m.subject != "stock"]
        assert len(asked) > 40
        for one in asked:
            groups = groups_of(one)
            for group in {groups[0], groups[len(groups) // 2], groups[-1]}:
                found = ask(connection, one.name, one.version, by=(group,))
                assert found.columns[0] == group
