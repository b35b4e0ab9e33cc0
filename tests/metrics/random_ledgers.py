"""Random small ledgers that reach what metrics can see. Here: rows of the record. Not here: what they come to (loops)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.marts.ledgers import DAY
from tests.metrics.ledger import AS_OF, Ledger, day

HOUR = timedelta(hours=1)
CURRENCIES = {"shop": "EUR", "mart": "USD", "till": "GBP"}
SHIPPING = ("shop", "mart")  # nothing has to leave the till's building
EVENTS = ("allocated", "picked", "packed", "first_scan", "order_confirmed", "shipping_confirmed", "delivery_confirmed", "paid", "shipped",
          "returned", "refunded")  # fmt: skip
CUTOFF, PACKING = 12, 5 * HOUR  # place X promises by itself: ordered until noon UTC, it leaves by 17:00
CLOCK = (time(0), time(12), time(23, 59, 59))  # a day's first and last second; the run is at noon
Row = dict[str, Any]


@dataclass
class Draw:
    """Chance, and the ledger that what it brings goes into."""

    chance: Random
    ledger: Ledger
    has_scans: dict[str, bool]
    has_payments: tuple[str, ...]

    def one(self, *choices: Any) -> Any:
        return self.chance.choice(choices)

    def number(self, low: int, high: int) -> int:
        return self.chance.randint(low, high)

    def seldom(self) -> bool:
        return self.number(0, 7) == 7

    def later(self, moment: datetime, low: int, high: int) -> datetime:
        return moment + self.number(low, high) * HOUR + self.one(0, 1, 1799) * timedelta(seconds=1)

    def others(self, name: str, row: Row) -> None:
        self.ledger.others.setdefault(name, []).append(row)


SEEDS = st.integers(0, 2**32)
ORDERS = st.lists(st.tuples(st.sampled_from(["shop", "mart", "shop", "mart", "till"]), SEEDS), min_size=1, max_size=12)
PURCHASES = st.lists(SEEDS, min_size=1, max_size=6)


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """A handful of orders on three channels and currencies, with all that can happen to them, payouts, and purchase orders.

    Each order is its own seed's: what fails is cut down order by order, and seeds reach further than choices one by one.
    """
    d = Draw(Random(draw(SEEDS)), Ledger(), {}, ())
    d.has_scans, d.has_payments = (
        {"shop": d.one(True, False), "mart": True},
        d.one(("shop",), ("shop", "mart"), ("shop", "mart"), ()),
    )
    _references(d)
    for channel in SHIPPING:
        if not d.seldom():  # else what was ordered before the first parcel is unknown
            parcel = {"channel": channel, "order_id": "before", "shipment_id": "before", "shipped_at": DAY - 50 * HOUR}
            d.ledger.shipments.append(parcel | ({"delivered_at": DAY} if d.has_scans[channel] else {}))
    for channel in d.has_payments:
        if d.seldom():
            _payment(d, channel, "nowhere", DAY, Decimal(7))
        for number in range(d.number(0, 2)):
            _payout(d, channel, str(number))
    for channel, seed in draw(ORDERS):
        d.chance = Random(seed)
        before = sum(order["channel"] == channel for order in d.ledger.orders)
        _order(d, channel, str(before))  # the same number on two channels is two orders
    for number, seed in enumerate(draw(PURCHASES)):
        d.chance = Random(seed)
        _purchase(d, f"P{number}")
    return d.ledger


def _references(d: Draw) -> None:
    """Rates that change, and one day without; costs that are dated, quoted by suppliers, and unknown; how place X works."""
    days = [day(n) for n in range(-10, 30)]
    rates = [
        (code, on, rate)
        for on in days
        for code, rate in (("EUR", "1"), ("USD", "0.9" if on < day(3) else "0.8"), ("GBP", "1.25"))
    ]
    d.ledger.references["fx_rates"] = [
        {"currency_code": code, "rate_date": on, "reporting_rate": Decimal(rate)}
        for code, on, rate in rates if (code, on) != ("GBP", day(5))
    ]  # fmt: skip
    d.ledger.others["product_costs"] = [
        {"sku": "A", "valid_from_date": day(start), "unit_cost_amount": cost, "currency_code": code}
        for start, cost, code in ((2, "4.00", "EUR"), (5, "5.50", d.one("EUR", "USD", "GBP")))
    ]  # fmt: skip
    d.ledger.others["supplier_terms"] = [
        {"sku": sku, "supplier_id": supplier, "priority": priority, "unit_cost_amount": cost, "currency_code": code}
        for sku, supplier, priority, cost, code in (
            ("A", "S1", 1, "1.00", "EUR"), ("B", "S2", 2, "3.00", "EUR"), ("B", "S1", d.one(1, 2, 3), d.one("2.00", None), "USD"), ("C", "S1", 1, None, None),
        )
    ]  # fmt: skip
    noon = DAY.replace(hour=CUTOFF)
    d.ledger.references["ship_by_windows"] = [
        {"location_id": "X", "utc_date": utc_date, "from_at": until - 24 * HOUR, "until_at": until, "promised_at": until + PACKING}
        for until in (noon + n * 24 * HOUR for n in range(-1, 15)) for utc_date in (until.date() - timedelta(days=1), until.date())
    ]  # fmt: skip


def _order(d: Draw, channel: str, number: str) -> None:
    placed = DAY + d.number(0, 8) * 24 * HOUR if d.seldom() else d.later(DAY, 0, 200)  # at times at the cut-off
    is_cancelled = d.one(False, False, False, True)
    cancelled_by = d.one("seller", "customer", None)
    kind = d.one(*["sale"] * 8, "credit", "adjustment")
    lines = [_line(d, channel, number, n + 1, kind, is_cancelled) for n in range(d.number(1, 3))]
    total = (
        sum((_net(line) for line in lines), Decimal(0)) + d.one(Decimal(0), Decimal("4.95")) + d.one(Decimal(0), Decimal("1.05"))
    )
    d.ledger.order_lines += lines
    d.ledger.orders.append({
        "channel": channel, "order_id": number, "ordered_at": placed, "business_date": placed.date() - timedelta(days=d.seldom()), "total_amount": total,
        "order_kind": kind, "currency_code": CURRENCIES[channel], "is_test": d.seldom(), "payment_status": d.one(*["paid"] * 6, "pending", "failed"),
        "is_cancelled": is_cancelled, "cancelled_by": cancelled_by if any(line["cancelled_units"] for line in lines) else None,
        "cancelled_at": placed + HOUR if is_cancelled else None, "paid_at": d.one(None, placed + HOUR),
        "ship_by_at": d.one(None, placed + 48 * HOUR, placed + 4 * HOUR) if channel in SHIPPING else None,
        "deliver_by_at": d.one(None, placed + 40 * HOUR, placed + 96 * HOUR, placed + 150 * HOUR),
        "customer_key": d.one(None, "ann", "bob"), "location_id": d.one(None, "X", "Y"),
    })  # fmt: skip
    for line in lines:
        if channel in SHIPPING and line["sku"]:
            for _ in range(d.one(0, 1, 1, 1, 2)):
                _parcel(d, line, placed)
        for _ in range(d.one(0, 0, 0, 1, 1, 2)):
            _return(d, line, placed)
    if channel in d.has_payments:
        for _ in range(d.one(0, 1, 1, 1, 2, 3)):
            _payment(d, channel, number, placed, total)
    for _ in range(d.one(0, 0, 1, 1, 2)):
        _kept(d, channel, number)
    for event in EVENTS if d.number(0, 2) else ():
        if d.one(True, False):
            d.others("order_events", {"channel": channel, "order_id": number, "event_kind": event, "event_number": d.one("1", f"{number}-1"),
                                      "occurred_at": d.later(placed, -2, 100)})  # fmt: skip


def _line(d: Draw, channel: str, number: str, position: int, kind: str, is_cancelled: bool) -> Row:
    units = -d.number(1, 3) if kind == "credit" else d.one(1, 2, 3, 1, 2, 3, 4, 0)
    cancelled = max(units, 0) if is_cancelled else int(units > 1 and d.one(True, False, False))
    return {
        "channel": channel, "order_id": number, "line_number": position, "sku": d.one("A", "B", "C", "A", "B", None), "ordered_units": units,
        "cancelled_units": cancelled, "unit_price_amount": d.one(*["9.99", "5", "0.5"] * 3, "0", "-2"),
        "discount_amount": d.one(Decimal(0), Decimal("0.25")) * max(units, 0), "currency_code": CURRENCIES[channel],
        "is_gift_card": d.seldom(), "is_goods": not d.seldom(), "tax_amount": d.one("0", "1.05"),
    }  # fmt: skip


def _net(line: Row) -> Decimal:
    return Decimal(line["unit_price_amount"]) * line["ordered_units"] - line["discount_amount"]


def _parcel(d: Draw, line: Row, placed: datetime) -> None:
    just_in_time = (placed + 4 * HOUR, placed + 48 * HOUR)
    shipped_at = d.one(d.later(placed, -1, 90), d.later(placed, -1, 10), *just_in_time)
    scans = (None, *(shipped_at + after * HOUR for after in (20, 30, 80))) if d.has_scans[line["channel"]] else (None,)
    d.ledger.shipments.append({
        "channel": line["channel"], "order_id": line["order_id"], "shipment_id": f"{line['order_id']}-{d.number(1, 2)}",
        "line_number": len(d.ledger.shipments), "sku": line["sku"],
        "shipped_units": d.one(*[max(line["ordered_units"], 1)] * 3, 1, max(line["ordered_units"], 0) + 1),
        "shipped_at": shipped_at, "delivered_at": d.one(*scans), "location_id": d.one(None, "X", "Y"),
        "label_cost_amount": None if d.seldom() else d.one(Decimal("4.25"), Decimal("9.9"), Decimal(0)),
        "label_currency_code": d.one("EUR", "EUR", "USD", "GBP", None) if d.seldom() else "EUR",
    })  # fmt: skip


def _return(d: Draw, line: Row, placed: datetime) -> None:
    back = d.later(placed, -2, 120)
    d.ledger.returns.append({
        "channel": line["channel"], "order_id": "nowhere" if d.seldom() else line["order_id"], "return_id": f"r{len(d.ledger.returns)}",
        "sku": d.one(line["sku"], line["sku"], "A"), "returned_units": d.number(0, 4), "refund_amount": d.one("3", "0", "9.99"),
        "currency_code": line["currency_code"], "returned_at": back, "business_date": back.date(),
    })  # fmt: skip


def _payment(d: Draw, channel: str, order_id: str, placed: datetime, total: Decimal) -> None:
    amount = d.one(
        total, total, total - 1, total + Decimal("0.01"), total - Decimal("0.009"), total / 2 if total * 100 % 2 == 0 else total
    )
    d.ledger.payments.append({
        "channel": channel, "order_id": order_id, "payment_id": f"p{len(d.ledger.payments)}", "amount": amount, "currency_code": CURRENCIES[channel],
        "payment_kind": d.one("capture", "capture", "capture", "refund", "authorisation", "failed"), "paid_at": d.one(d.later(placed, -1, 60), None),
    })  # fmt: skip


def _payout(d: Draw, channel: str, number: str) -> None:
    """A payout and its entries; what they come to, or a little, or much else."""
    net = Decimal(0)
    for _ in range(d.number(0, 3)):
        net += _entry(d, channel, None if d.seldom() else number, d.one(None, "0", "1", "nowhere"))
    paid_out = net + d.one(Decimal(0), Decimal(0), Decimal("0.009"), Decimal("-0.01"), Decimal(5))
    d.others("payouts", {"channel": channel, "payout_id": number, "paid_at": d.later(DAY, 0, 200), "currency_code": CURRENCIES[channel],
                         "net_amount": paid_out})  # fmt: skip


def _kept(d: Draw, channel: str, number: str) -> None:
    """An entry that names an order and is paid out later, at times in another currency."""
    _entry(d, channel, None, number, d.one(CURRENCIES[channel], CURRENCIES[channel], "GBP"))


def _entry(d: Draw, channel: str, payout_id: str | None, order_id: str | None, currency: str = "") -> Decimal:
    amount, fee = d.one(Decimal("20"), Decimal("-3.5")), d.one(Decimal(0), Decimal("-0.3"), Decimal("0.2"))
    kind = d.one("charge", "refund", "fee", "fee", "chargeback", "transfer")
    d.others("payout_entries", {
        "channel": channel, "entry_id": str(len(d.ledger.others.get("payout_entries", []))), "payout_id": payout_id, "order_id": order_id,
        "entry_kind": kind, "amount": amount, "fee_amount": fee, "net_amount": amount + fee, "currency_code": currency or CURRENCIES[channel],
        "occurred_at": DAY,
    })  # fmt: skip
    return amount + fee


def _purchase(d: Draw, number: str) -> None:
    """A purchase order, at times with two lines of the same SKU, and what arrived of it, on the expected day to the second or late by one."""
    supplier, ordered_at, is_closed = d.one("S1", "S2"), d.later(DAY, -100, 48), d.one(False, False, True)
    for position in range(1, d.number(1, 3) + 1):
        expected_at = (
            None
            if d.seldom()
            else datetime.combine(d.one(day(2), day(6), day(d.number(0, 9)), day(10), day(11)), d.one(*CLOCK), UTC)
        )
        line = {
            "purchase_order_id": number, "line_number": position, "supplier_id": supplier, "sku": d.one("A", "B", "B"), "location_id": d.one("X", "X", "Y"),
            "ordered_units": 0 if d.seldom() else d.number(1, 9), "ordered_at": ordered_at, "expected_at": expected_at, "is_closed": is_closed,
        }  # fmt: skip
        d.others("purchase_orders", line)
        for _ in range(d.one(0, 1, 1, 2, 3)):
            _receipt(d, line)


def _receipt(d: Draw, line: Row) -> None:
    """All or a part of a line, or more than it; of what is to arrive after the run nothing is told."""
    on = (line["expected_at"] or line["ordered_at"]).date() + timedelta(days=d.one(0, 0, 1, -1, 3))
    received_at = datetime.combine(on, d.one(*CLOCK), UTC)
    if received_at <= AS_OF:
        units = line["ordered_units"]
        d.others("receipts", {
            "receipt_id": f"g{len(d.ledger.others.get('receipts', []))}",
            "purchase_order_id": d.one("unknown", None) if d.seldom() else line["purchase_order_id"],
            "sku": line["sku"], "location_id": d.one("X", "Y") if d.seldom() else line["location_id"],
            "received_units": d.one(units, units, units // 2, 1, units + 2), "received_at": received_at,
        })  # fmt: skip


UNITS = st.sampled_from([None, 0, 1, 5, 40, -2])
MONEY = st.sampled_from([None, Decimal(0), Decimal("12.5"), Decimal("99.99")])
SHELF = st.fixed_dictionaries({
    "location_id": st.sampled_from(["X", "Y", "Z"]), "as_of_date": st.sampled_from([day(3), day(10)]), "on_hand_units": UNITS,
    "stock_value_amount": MONEY, "excess_value_amount": MONEY, "is_dead": st.booleans(), "demand_28d_units": st.integers(0, 9),
    "lost_28d_units": st.sampled_from([None, 0.0, 0.5, 3.25]), "in_transit_units": UNITS,
})  # fmt: skip
OFFER = st.fixed_dictionaries({
    "channel": st.sampled_from(list(CURRENCIES)), "as_of_date": st.sampled_from([day(3), day(10)]), "demand_91d_units": st.integers(0, 9),
    "is_available": st.sampled_from([True, False, None]),
})  # fmt: skip


def shelves() -> st.SearchStrategy[list[Row]]:
    """What stands at three locations, as inventory health has it."""
    plain = {"censored_28d_days": 0, "backordered_units": 0, "on_order_units": 0}
    return st.lists(SHELF, max_size=8).map(lambda found: [plain | row | {"sku": str(n)} for n, row in enumerate(found)])


def offers() -> st.SearchStrategy[list[Row]]:
    """What three channels can have, as channel availability has it."""
    return st.lists(OFFER, max_size=8).map(lambda found: [row | {"sku": str(n)} for n, row in enumerate(found)])


PAST = st.fixed_dictionaries({
    "location_id": st.sampled_from(["X", "Y", "Z"]), "week_end_date": st.sampled_from([day(3), day(10)]), "naive_units": st.integers(0, 9),
    "mean_units": st.sampled_from([0.0, 1.5, 4.25]), "q10_units": st.integers(0, 2), "q90_units": st.integers(2, 6),
    "actual_units": st.sampled_from([None, 0.0, 2.0, 5.0]),
})  # fmt: skip


def past_forecasts() -> st.SearchStrategy[list[Row]]:
    """Weeks of three locations as they were forecast, as the history of forecasts has them."""
    plain = {"cutoff_date": day(1), "horizon": 1, "is_backtest": False}
    return st.lists(PAST, max_size=8).map(lambda found: [plain | row | {"sku": str(n)} for n, row in enumerate(found)])
