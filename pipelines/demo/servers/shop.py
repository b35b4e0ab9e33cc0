"""One channel of the demo merchant as its platform would hold it, at any moment of its history. Here: truth. Not here: any API."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

FEE_RATE, FEE_CENTS = Decimal("0.029"), 30
REMOVED_SHARE, REMOVED_AFTER = 23, timedelta(minutes=40)  # every n-th order had a unit more, taken off again after a while


@dataclass
class Line:
    """`units` are those that stayed on the order; amounts are cents of these, `removed_units` came off before shipping."""

    number: int
    sku: str
    units: int
    price: int
    gross: int
    discount: int
    tax: int
    is_gift_card: bool
    removed_units: int = 0


@dataclass
class Parcel:
    id: int
    shipped_at: datetime
    delivered_at: datetime | None
    units: list[tuple[int, int]]  # line number, units


@dataclass
class Payment:
    id: int
    kind: str
    cents: int
    at: datetime
    method: str


@dataclass
class Refund:
    """Goods lines as (line number, units, cents without tax, tax cents, what became of them), and what no line bears."""

    id: int
    at: datetime
    lines: list[tuple[int, int, int, int, str]]
    adjustment: int
    reason: str | None


@dataclass
class Return:
    id: str
    at: datetime
    sku: str
    units: int
    cents: int
    reason: str


@dataclass
class Order:
    id: int
    number: str
    placed_at: datetime
    customer: int
    country: str
    postal_code: str
    shipping: int
    shipping_tax: int
    total: int
    is_expedited: bool
    is_customised: bool
    has_note: bool
    is_test: bool
    is_failed: bool
    cancelled_at: datetime | None
    cancelled_by: str | None
    location: str
    lines: list[Line]
    edited_at: datetime | None = None
    payments: list[Payment] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)

    @property
    def removed(self) -> int:
        """Cents of the units that came off again."""
        return sum(line.price * line.removed_units for line in self.lines)

    def moments(self) -> list[datetime]:
        """Everything that happened to it, in order."""
        times = [
            self.placed_at,
            *(p.at for p in self.payments),
            *(r.at for r in self.refunds),
            *(p.shipped_at for p in self.parcels),
        ]
        return sorted([*times, *filter(None, (self.cancelled_at, self.edited_at))])


@dataclass
class Shop:
    """A channel's orders, oldest first."""

    channel: str
    currency: str
    orders: list[Order]
    stock: dict[str, tuple[int, int]]

    @property
    def last_moment(self) -> datetime:
        times = [
            at for order in self.orders for at in (*order.moments(), *(p.delivered_at for p in order.parcels if p.delivered_at))
        ]
        return max(times)

    def payout_days(self) -> dict[Any, list[tuple[Order, Payment]]]:
        """Captures and refunds by the day on which they are settled."""
        days: dict[Any, list[tuple[Order, Payment]]] = defaultdict(list)
        for order in self.orders:
            for payment in order.payments:
                if payment.kind in ("capture", "refund"):
                    days[payment.at.date()].append((order, payment))
        return dict(sorted(days.items()))


def fee(payment: Payment) -> int:
    """What the platform keeps of a capture, in cents; nothing of a refund."""
    return int(payment.cents * FEE_RATE) + FEE_CENTS if payment.kind == "capture" else 0


def load_shop(truth: Path, channel: str, limit: int | None = None) -> Shop:
    """The channel as the truth folder of a demo merchant tells it; `limit` keeps its newest orders."""
    read = {name: _of_channel(truth / name, channel) for name in ("orders", "order_lines", "payments", "shipments", "returns")}
    orders = read["orders"].sort("ordered_at", "order_id")
    orders = orders.tail(limit) if limit else orders
    kept = set(orders["order_id"])
    grouped = {
        name: _grouped([row for row in frame.iter_rows(named=True) if row["order_id"] in kept])
        for name, frame in read.items()
        if name != "orders"
    }
    built = [_order(number, row, grouped) for number, row in enumerate(orders.iter_rows(named=True))]
    stock = pl.read_parquet(truth / "stock_end.parquet").filter(pl.col("location_id") == orders["location_id"][0])
    levels = {row["sku"]: (row["on_hand"], row["unsellable"]) for row in stock.iter_rows(named=True)}
    return Shop(channel, orders["currency_code"][0], built, levels)


def _of_channel(folder: Path, channel: str) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(part) for part in sorted(folder.glob("*.parquet"))]).filter(pl.col("channel") == channel)


def _grouped(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["order_id"]].append(row)
    return groups


def _cents(amount: Decimal) -> int:
    return int(amount * 100)


def _order(number: int, row: dict[str, Any], told: dict[str, dict[str, list[dict[str, Any]]]]) -> Order:
    order_id = row["order_id"]
    lines = _lines(row, told["order_lines"][order_id])
    goods_tax = sum(line.tax for line in lines)
    order = Order(
        id=5_000_000_000 + number, number=order_id, placed_at=row["ordered_at"], customer=1 + number * 7919 % 900, country=row["ship_to_country_code"] or "NL",
        postal_code=row["ship_to_postal_code"] or "", shipping=_cents(row["shipping_amount"]), shipping_tax=_cents(row["tax_amount"]) - goods_tax,
        total=_cents(row["total_amount"]), is_expedited=row["is_expedited"], is_customised=row["is_customised"], has_note=row["has_note"],
        is_test=row["is_test"], is_failed=row["is_payment_failed"], cancelled_at=row["cancelled_at"], cancelled_by=row["cancelled_by"],
        location=row["location_id"], lines=lines,
    )  # fmt: skip
    order.payments = [Payment(_digits(p["payment_id"]), p["payment_kind"], _cents(p["amount"]), p["paid_at"], p["method"])
                      for p in told["payments"][order_id]]  # fmt: skip
    order.parcels = _parcels(order, told["shipments"][order_id])
    order.refunds = _refunds(order, told["returns"][order_id])
    order.returns = [Return(r["return_id"], r["returned_at"], r["sku"], r["returned_units"], _cents(r["refund_amount"]), r["reason"])
                     for r in told["returns"][order_id]]  # fmt: skip
    first_parcel = min((p.shipped_at for p in order.parcels), default=None)
    edited_at = order.placed_at + REMOVED_AFTER
    if number % REMOVED_SHARE == 0 and order.cancelled_at is None and first_parcel and first_parcel > edited_at:
        order.edited_at = edited_at
        order.lines[0].removed_units = 1
    return order


def _lines(row: dict[str, Any], given: list[dict[str, Any]]) -> list[Line]:
    """The order's lines; tax and discount that the merchant reckons on the order are spread, the rest on the first that bears any."""
    lines = [
        Line(n, r["sku"], r["ordered_units"], _cents(r["unit_price_amount"]), _cents(r["gross_amount"]), _cents(r["discount_amount"]),
             _cents(r["tax_amount"]), r["is_gift_card"])
        for n, r in enumerate(sorted(given, key=lambda r: r["line_number"]), 1)
    ]  # fmt: skip
    bearing = [line for line in lines if not line.is_gift_card] or lines
    bearing[0].discount += _cents(row["discount_amount"]) - sum(line.discount for line in lines)
    tax = _cents(row["tax_amount"])
    if not any(line.tax for line in lines) and tax:
        net = sum(line.gross - line.discount for line in bearing)
        paid = net + _cents(row["shipping_amount"])
        goods_tax = tax * net // paid if paid else 0
        for line in bearing:
            line.tax = goods_tax * (line.gross - line.discount) // net if net else 0
        bearing[0].tax += goods_tax - sum(line.tax for line in lines)
    return lines


def _parcels(order: Order, rows: list[dict[str, Any]]) -> list[Parcel]:
    parcels: dict[str, Parcel] = {}
    left = {line.number: line.units for line in order.lines}
    for row in sorted(rows, key=lambda r: (r["shipment_id"], r["sku"])):
        parcel = parcels.setdefault(
            row["shipment_id"], Parcel(_digits(row["shipment_id"]), row["shipped_at"], row["delivered_at"], [])
        )
        wanted = row["shipped_units"]
        for line in order.lines:
            taken = min(left[line.number], wanted) if line.sku == row["sku"] else 0
            if taken:
                parcel.units.append((line.number, taken))
                left[line.number] -= taken
                wanted -= taken
    return list(parcels.values())


def _refunds(order: Order, returned: list[dict[str, Any]]) -> list[Refund]:
    """One refund per refunding payment: of returned goods where the payment is theirs, else of nothing in particular."""
    refunds = []
    open_returns = sorted(returned, key=lambda r: r["returned_at"])
    for payment in order.payments:
        if payment.kind != "refund":
            continue
        if order.cancelled_at and abs((payment.at - order.cancelled_at).total_seconds()) <= 60:
            lines = [(x.number, x.units, x.gross - x.discount, x.tax, "cancelled") for x in order.lines]
            refunds.append(Refund(payment.id, payment.at, lines, payment.cents - sum(x[2] + x[3] for x in lines), None))
            continue
        match = next((r for r in open_returns if abs((payment.at - r["returned_at"]).total_seconds()) <= 60), None)
        if match is None:
            refunds.append(Refund(payment.id, payment.at, [], payment.cents, "goodwill"))
            continue
        open_returns.remove(match)
        line = next(x for x in order.lines if x.sku == match["sku"])
        goods = _cents(match["refund_amount"])
        lines = [(line.number, match["returned_units"], goods, payment.cents - goods, "returned")]
        refunds.append(Refund(payment.id, payment.at, lines, 0, match["reason"]))
    return refunds


def _digits(text: str) -> int:
    return int("".join(c for c in text if c.isdigit()))
