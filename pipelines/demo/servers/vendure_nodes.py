"""How Vendure shows an order as of a moment: quantities and totals of what is left on it. Here: nodes. Not here: requests."""

from datetime import datetime, timedelta
from typing import Any

from pipelines.demo.servers.shop import Line, Order, Parcel, Payment, Refund, Shop

PACKED_BEFORE, ASKED_BEFORE = (
    timedelta(hours=2),
    timedelta(minutes=10),
)  # a parcel is made up, a refund is asked for, this long before
Happened = tuple[datetime, str, dict[str, Any]]


def moving(order: Order) -> list[datetime]:
    """Moments that move an order's updatedAt: payments, parcels and refunds don't, what comes off it does."""
    return [
        at for at in (order.placed_at, order.edited_at, order.cancelled_at, *(r.at for r in order.refunds if came_back(r))) if at
    ]


def came_back(refund: Refund) -> list[tuple[int, int]]:
    """Lines (number, units) of a refund whose goods came back: Vendure takes them off the order."""
    return [(number, units) for number, units, _, _, fate in refund.lines if fate == "returned"]


def line_id(order: Order, number: int) -> str:
    """Vendure's own id of a line."""
    return f"{order.id}{number:02d}"


def tax_rate(line: Line) -> float:
    """Per cent, such that the line's tax comes out."""
    net = line.gross - line.discount
    return line.tax * 100 / net if net else 0.0


def price_of(line: Line, units: int) -> tuple[int, int, int]:
    """Cents of so many units before discount, after it, and with tax, each rounded half up as Vendure does."""
    net = (line.gross - line.discount) / line.units * units if line.units else 0.0
    return line.price * units, _rounded(net), _rounded(net * (1 + tax_rate(line) / 100))


def left_of(order: Order, line: Line, now: datetime) -> int:
    """Units of a line that are on the order at a moment."""
    if order.cancelled_at and order.cancelled_at <= now:
        return 0
    edited = order.edited_at is not None and order.edited_at <= now
    back = sum(units for r in order.refunds if r.at <= now for number, units in came_back(r) if number == line.number)
    return line.units + (0 if edited else line.removed_units) - back


def paid(order: Order) -> list[tuple[Payment, datetime]]:
    """Payments with the moment they were begun: an authorisation becomes the first capture."""
    authorised = next((p for p in order.payments if p.kind == "authorisation"), None)
    captures = [p for p in order.payments if p.kind == "capture"]
    told = [(p, authorised.at if authorised and n == 0 else p.at) for n, p in enumerate(captures)]
    others = [p for p in order.payments if p.kind == "failed" or (p is authorised and not captures)]
    return [*told, *((p, p.at) for p in others)]


class Nodes:
    """The nodes of one shop; `skew` is how far its clock is off."""

    def __init__(self, shop: Shop, skew: timedelta) -> None:
        self.shop, self._skew = shop, skew

    def at(self, moment: datetime) -> str:
        """A moment as Vendure writes it, by its own clock."""
        return f"{moment + self._skew:%Y-%m-%dT%H:%M:%S}.000Z"

    def order(self, order: Order, now: datetime) -> dict[str, Any]:
        """The order as it was at `now`."""
        lines = [self._line(order, line, left_of(order, line, now)) for line in order.lines]
        with_tax = order.shipping + order.shipping_tax
        return {
            "__typename": "Order", "id": str(order.id), "code": order.number, "state": state(order, now), "type": "Regular", "active": False,
            "orderPlacedAt": self.at(order.placed_at), "updatedAt": self.at(max(at for at in moving(order) if at <= now)), "currencyCode": self.shop.currency,
            "totalQuantity": sum(line["quantity"] for line in lines), "totalWithTax": sum(line["proratedLinePriceWithTax"] for line in lines) + with_tax,
            "shipping": order.shipping, "shippingWithTax": with_tax, "channels": [{"code": "__default_channel__", "pricesIncludeTax": False}],
            "customer": {"id": str(order.customer), "emailAddress": f"customer{order.customer}@example.com", "phoneNumber": None},
            "shippingAddress": {"countryCode": order.country, "postalCode": order.postal_code}, "lines": lines, "surcharges": [],
            "shippingLines": [{"shippingMethod": {"name": "Express" if order.is_expedited else "Standard"}, "discounts": []}], "modifications": [],
            "payments": self._payments(order, now),
            "fulfillments": [self._parcel(order, parcel, now) for parcel in order.parcels if self._packed(order, parcel) <= now],
            "history": {"items": self._history(order, now)},
        }  # fmt: skip

    def _line(self, order: Order, line: Line, left: int) -> dict[str, Any]:
        gross, net, total = price_of(line, left)
        _, unit, unit_with_tax = price_of(line, 1) if left else (0, line.price, _rounded(line.price * (1 + tax_rate(line) / 100)))
        return {
            "id": line_id(order, line.number), "quantity": left, "orderPlacedQuantity": line.units + line.removed_units, "taxRate": tax_rate(line),
            "unitPrice": line.price, "unitPriceWithTax": _rounded(line.price * (1 + tax_rate(line) / 100)), "linePrice": gross,
            "proratedUnitPrice": unit, "proratedUnitPriceWithTax": unit_with_tax, "proratedLinePrice": net, "proratedLinePriceWithTax": total,
            "productVariant": {"id": f"V{line.sku}", "sku": line.sku, "name": f"Article {line.sku}"},
        }  # fmt: skip

    def _payments(self, order: Order, now: datetime) -> list[dict[str, Any]]:
        told = []
        for payment, begun in paid(order):
            if begun <= now:
                is_settled = payment.kind == "capture" and payment.at <= now
                state = "Declined" if payment.kind == "failed" else "Settled" if is_settled else "Authorized"
                told.append({"id": str(payment.id), "state": state, "method": payment.method, "amount": payment.cents, "createdAt": self.at(begun),
                             "updatedAt": self.at(payment.at if is_settled else begun), "refunds": []})  # fmt: skip
        if told:
            told[0]["refunds"] = [self._refund(order, refund, now) for refund in order.refunds if refund.at - ASKED_BEFORE <= now]
        return told

    def _refund(self, order: Order, refund: Refund, now: datetime) -> dict[str, Any]:
        total = sum(goods + tax for _, _, goods, tax, _ in refund.lines) + refund.adjustment
        is_settled, asked = refund.at <= now, refund.at - ASKED_BEFORE
        return {
            "id": str(refund.id), "state": "Settled" if is_settled else "Pending", "method": "card", "total": total, "reason": refund.reason,
            "createdAt": self.at(asked), "updatedAt": self.at(refund.at if is_settled else asked),
            "lines": [{"orderLineId": line_id(order, number), "quantity": units} for number, units in came_back(refund)],
        }  # fmt: skip

    def _packed(self, order: Order, parcel: Parcel) -> datetime:
        return max(order.placed_at, parcel.shipped_at - PACKED_BEFORE)

    def _parcel(self, order: Order, parcel: Parcel, now: datetime) -> dict[str, Any]:
        reached = [("Pending", self._packed(order, parcel)), ("Shipped", parcel.shipped_at), ("Delivered", parcel.delivered_at)]
        state, at = [(name, at) for name, at in reached if at and at <= now][-1]
        return {
            "id": str(parcel.id), "state": state, "method": "PostNL", "trackingCode": f"3S{parcel.id}", "createdAt": self.at(self._packed(order, parcel)),
            "updatedAt": self.at(at), "lines": [{"orderLineId": line_id(order, number), "quantity": units} for number, units in parcel.units],
        }  # fmt: skip

    def _history(self, order: Order, now: datetime) -> list[dict[str, Any]]:
        told = sorted((one for one in happened(order) if one[0] <= now), key=lambda one: one[0])
        return [{"type": kind, "createdAt": self.at(at), "data": data} for at, kind, data in told]


def state(order: Order, now: datetime) -> str:
    """The order's state, as Vendure's own process names it."""
    if order.cancelled_at and order.cancelled_at <= now:
        return "Cancelled"
    wanted = sum(line.units for line in order.lines)
    sent = sum(units for p in order.parcels if p.shipped_at <= now for _, units in p.units)
    arrived = sum(units for p in order.parcels if p.delivered_at and p.delivered_at <= now for _, units in p.units)
    for units, name in ((arrived, "Delivered"), (sent, "Shipped")):
        if units:
            return name if units >= wanted else f"Partially{name}"
    return "PaymentSettled" if any(p.kind == "capture" and p.at <= now for p in order.payments) else "PaymentAuthorized"


def happened(order: Order) -> list[Happened]:
    """What the order's own history tells; ids stand in it as numbers."""
    told: list[Happened] = [(p.at, "ORDER_PAYMENT_TRANSITION", {"paymentId": p.id, "from": "Authorized", "to": "Settled"})
                            for p, _ in paid(order) if p.kind == "capture"]  # fmt: skip
    for parcel in order.parcels:
        moves = [(parcel.shipped_at, "Shipped"), (parcel.delivered_at, "Delivered")]
        told += [(at, "ORDER_FULFILLMENT_TRANSITION", {"fulfillmentId": parcel.id, "to": to}) for at, to in moves if at]
    for refund in order.refunds:
        told.append((refund.at, "ORDER_REFUND_TRANSITION", {"refundId": refund.id, "from": "Pending", "to": "Settled"}))
        if came_back(refund):
            told.append(
                (
                    refund.at,
                    "ORDER_CANCELLATION",
                    _off([(line_id(order, n), units) for n, units in came_back(refund)], refund.reason),
                )
            )
    if order.edited_at:
        told.append(
            (
                order.edited_at,
                "ORDER_CANCELLATION",
                _off([(line_id(order, x.number), x.removed_units) for x in order.lines if x.removed_units], None),
            )
        )
    if order.cancelled_at:
        told.append(
            (
                order.cancelled_at,
                "ORDER_CANCELLATION",
                _off([(line_id(order, x.number), x.units) for x in order.lines], order.cancelled_by),
            )
        )
        told.append((order.cancelled_at, "ORDER_STATE_TRANSITION", {"from": "PaymentSettled", "to": "Cancelled"}))
    return told


def _off(lines: list[tuple[str, int]], reason: str | None) -> dict[str, Any]:
    return {
        "lines": [{"orderLineId": int(name), "quantity": units} for name, units in lines],
        "reason": reason,
        "shippingCancelled": False,
    }


def _rounded(cents: float) -> int:
    return int(cents + 0.5)
