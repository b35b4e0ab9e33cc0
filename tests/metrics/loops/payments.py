"""What was paid against what orders came to, and payouts against their entries. Here: loops of payments. Not here: when it was paid (lives)."""

from decimal import Decimal
from typing import Any

from tests.metrics.loops.basis import Keep, Loop, Row, Tables, rate, same_order, share, total
from tests.metrics.loops.lives import lives

CENT = Decimal("0.01")


def _balance(t: Tables, keep: Keep) -> list[Row]:
    """Every order and every payment on channels whose payments are loaded."""
    loaded = {p["channel"] for p in t["payments"]}
    state = {id(life["order"]): life for life in lives(t, lambda channel, day: True)}
    orders = [o for o in t["orders"] if o["channel"] in loaded and not o["is_test"] and o["order_kind"] == "sale"]
    tests = [o for o in t["orders"] if o["is_test"]]
    payments = [p for p in t["payments"] if not any(same_order(o, p) for o in tests)]
    keys = {(row["channel"], row["order_id"]) for row in [*orders, *payments]}
    found = []
    for channel, order_id in sorted(keys):
        head = {"channel": channel, "order_id": order_id}
        order = next((o for o in orders if same_order(o, head)), None)
        paid = [p for p in payments if same_order(p, head)]
        day = order["business_date"] if order else min((p["paid_at"].date() for p in paid if p["paid_at"]), default=None)
        if keep(channel, day):
            worth = rate(t, (order or paid[0])["currency_code"], day)
            found.append(_row(order, paid, worth, state.get(id(order))))
    return found


def _row(order: Row | None, paid: list[Row], worth: Decimal | None, life: Row | None) -> Row:
    captured = sum((p["amount"] for p in paid if p["payment_kind"] == "capture"), Decimal(0))
    refunded = sum((p["amount"] for p in paid if p["payment_kind"] == "refund"), Decimal(0))
    difference = captured - (order["total_amount"] if order else 0)
    return {
        "has_order": order is not None, "is_unpaid": order is not None and captured == 0, "worth": worth,
        "agrees": order is not None and captured != 0 and abs(difference) < CENT, "difference": abs(difference), "excess": max(refunded - captured, Decimal(0)),
        "is_shipped": bool(life and life["shipped"]), "is_open": bool(life and life["is_open"]),
    }  # fmt: skip


def _worth(amount: Decimal, rate_of_day: Decimal | None) -> Decimal | None:
    return None if rate_of_day is None else amount * rate_of_day


def _unexplained(t: Tables, keep: Keep) -> Any:
    odd = [x for x in _balance(t, keep) if not x["agrees"] and not x["is_unpaid"]]
    return total(_worth(x["difference"], x["worth"]) for x in odd)


def _residual(t: Tables, keep: Keep) -> Any:
    """What payouts paid beyond, or less than, their entries, where that is a cent or more."""
    found = []
    for payout in t.get("payouts", []):
        day = payout["paid_at"].date()
        worth = rate(t, payout["currency_code"], day)
        if keep(payout["channel"], day):
            own = [
                e
                for e in t.get("payout_entries", [])
                if e["channel"] == payout["channel"] and e["payout_id"] == payout["payout_id"]
            ]
            entries = sum((e["net_amount"] for e in own if e["entry_kind"] != "transfer"), Decimal(0))
            residual = abs(payout["net_amount"] - entries)
            found.append(_worth(residual if residual >= CENT else Decimal(0), worth))
    return total(found)


def _chargebacks(t: Tables, keep: Keep) -> Any:
    found = []
    for payout in t.get("payouts", []):
        day = payout["paid_at"].date()
        if keep(payout["channel"], day):
            own = [
                e
                for e in t.get("payout_entries", [])
                if e["channel"] == payout["channel"] and e["payout_id"] == payout["payout_id"]
            ]
            taken = sum((e["amount"] for e in own if e["entry_kind"] == "chargeback"), Decimal(0))
            found.append(_worth(abs(taken), rate(t, payout["currency_code"], day)))
    return total(found)


LOOPS: dict[str, Loop] = {
    "payment_agreement_rate 1": lambda t, keep: share(x["agrees"] for x in _balance(t, keep) if x["has_order"]),
    "unexplained_payment_amount 1": _unexplained,
    "shipped_unpaid_orders 1": lambda t, keep: sum(1 for x in _balance(t, keep) if x["is_unpaid"] and x["is_shipped"]),
    "paid_unshipped_orders 1": lambda t, keep: sum(1 for x in _balance(t, keep) if not x["is_unpaid"] and x["is_open"]),
    "refund_excess_amount 1": lambda t, keep: total(_worth(x["excess"], x["worth"]) for x in _balance(t, keep)),
    "payout_residual_amount 1": _residual,
    "chargeback_amount 1": _chargebacks,
}
