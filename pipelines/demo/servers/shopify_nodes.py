"""How Shopify shows an order, a payout, an entry, as of a moment. Here: one node after the other. Not here: requests."""

import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pipelines.demo.servers.graphql import Connection
from pipelines.demo.servers.shop import Line, Order, Parcel, Payment, Refund, Shop, fee

GID = "gid://shopify/{}/{}"
CANCEL_REASONS = {"customer": "CUSTOMER", "seller": "INVENTORY"}
KINDS = {"capture": "CAPTURE", "authorisation": "AUTHORIZATION", "refund": "REFUND", "failed": "SALE"}
RESTOCKS = {"returned": "RETURN", "cancelled": "CANCEL"}
CUSTOMERS_CONFIRMED_AFTER = timedelta(seconds=20)


def moving(order: Order) -> list[datetime]:
    """Moments that move an order's updatedAt: a carrier's delivery does not."""
    return order.moments()


def bag(cents: int) -> dict[str, Any]:
    """Money in the shop's currency and the customer's, which is the same here."""
    amount = f"{cents // 100 if cents >= 0 else -(-cents // 100)}.{abs(cents) % 100:02d}"
    amount = f"-{amount.lstrip('-')}" if cents < 0 else amount
    return {"shopMoney": {"amount": amount}, "presentmentMoney": {"amount": amount}}


class Nodes:
    """The nodes of one shop; `inner_page` bounds the lists inside them, `skew` is how far its clock is off."""

    def __init__(self, shop: Shop, inner_page: int, skew: timedelta) -> None:
        self.shop, self._page, self._skew = shop, inner_page, skew
        self._settled = shop.payout_days()
        self._entries = sorted((e for settled in self._settled.values() for e in settled), key=lambda e: e[1].at)
        self._owner = {f"{kind}/{part.id}": order for order in shop.orders
                       for kind, parts in (("Fulfillment", order.parcels), ("Refund", order.refunds)) for part in parts}  # fmt: skip

    def at(self, moment: datetime | None) -> str | None:
        """A moment as Shopify writes it, by its own clock."""
        return f"{moment + self._skew:%Y-%m-%dT%H:%M:%SZ}" if moment else None

    def inner(self, kind: str, gid: str, now: datetime, shown: Callable[[Order, datetime], dict[str, Any]]) -> Any:
        """A parcel or refund by its own id."""
        order = self._owner.get(f"{kind}/{gid.rsplit('/', 1)[-1]}")
        if order is None:
            return None
        holders = shown(order, now)["fulfillments" if kind == "Fulfillment" else "refunds"]
        return next((holder for holder in holders if holder["id"] == gid), None)

    def order(self, order: Order, now: datetime, changed_at: datetime) -> dict[str, Any]:
        """The order as it was at `now`."""
        is_edited = order.edited_at is not None and order.edited_at <= now
        cancelled = order.cancelled_at is not None and order.cancelled_at <= now
        refunds = [refund for refund in order.refunds if refund.at <= now]
        payments = [payment for payment in order.payments if payment.at <= now]
        parcels = [parcel for parcel in order.parcels if parcel.shipped_at <= now]
        tax = sum(line.tax for line in order.lines) + order.shipping_tax
        total = bag(order.total + order.removed)
        keys = [{"key": "engraving"}] if order.is_customised else []
        return {
            "__typename": "Order", "id": GID.format("Order", order.id), "legacyResourceId": str(order.id), "name": order.number,
            "createdAt": self.at(order.placed_at), "processedAt": self.at(order.placed_at), "updatedAt": self.at(changed_at),
            "cancelledAt": self.at(order.cancelled_at) if cancelled else None,
            "cancelReason": CANCEL_REASONS[order.cancelled_by or "customer"] if cancelled else None,
            "test": order.is_test, "edited": is_edited, "note": "Please leave with the neighbours" if order.has_note else None, "tags": [],
            "email": f"customer{order.customer}@example.com", "phone": None, "currencyCode": self.shop.currency,
            "presentmentCurrencyCode": self.shop.currency, "taxesIncluded": False, "displayFinancialStatus": _financial(order, payments, cancelled),
            "customAttributes": keys, "customer": {"id": GID.format("Customer", order.customer)},
            "shippingAddress": {"countryCodeV2": order.country, "zip": order.postal_code},
            "totalPriceSet": total, "totalTipReceivedSet": bag(0), "totalTaxSet": bag(tax), "totalCashRoundingAdjustment": {"paymentSet": bag(0)},
            "additionalFees": [], "returnStatus": "NO_RETURN",
            "transactions": [self._transaction(payment) for payment in payments],
            "shippingLines": Connection([self._shipping(order)], self._page),
            "lineItems": Connection([self._line(order, line, is_edited, cancelled) for line in order.lines], self._page),
            "fulfillmentOrders": Connection([{"id": GID.format("FulfillmentOrder", order.id), "createdAt": self.at(order.placed_at),
                                              "assignedLocation": {"location": {"id": GID.format("Location", self._place(order))}}}]),
            "fulfillments": [self._parcel(order, parcel, now) for parcel in parcels],
            "refunds": [*(self._removal(order) if is_edited else ()), *(self._refund(order, refund) for refund in refunds)],
            "returns": Connection([], self._page),
            "events": Connection([{"action": "placed", "createdAt": self.at(order.placed_at)},
                                  {"action": "mail_sent", "createdAt": self.at(order.placed_at + CUSTOMERS_CONFIRMED_AFTER)}]),
        }  # fmt: skip

    def _place(self, order: Order) -> int:
        return {"AMS": 71, "BHX": 72, "EWR": 73}.get(order.location, 70)

    def _shipping(self, order: Order) -> dict[str, Any]:
        title = "Express" if order.is_expedited else "Standard"
        return {"id": GID.format("ShippingLine", order.id), "title": title, "code": title.lower(), "isRemoved": False,
                "originalPriceSet": bag(order.shipping), "discountedPriceSet": bag(order.shipping), "taxLines": [{"priceSet": bag(order.shipping_tax)}]}  # fmt: skip  # noqa: E501

    def _line(self, order: Order, line: Line, is_edited: bool, is_cancelled: bool) -> dict[str, Any]:
        units = line.units + line.removed_units
        gone = units if is_cancelled else line.removed_units if is_edited else 0
        return {
            "id": self._line_id(order, line.number), "name": f"Article {line.sku}", "sku": line.sku, "quantity": units, "currentQuantity": units - gone,
            "isGiftCard": line.is_gift_card, "requiresShipping": not line.is_gift_card, "variant": {"id": GID.format("ProductVariant", zlib.crc32(line.sku.encode()))},  # noqa: E501
            "customAttributes": [], "originalUnitPriceSet": bag(line.price), "originalTotalSet": bag(line.gross + line.price * line.removed_units),
            "discountAllocations": [{"allocatedAmountSet": bag(line.discount)}] if line.discount else [],
            "taxLines": [{"priceSet": bag(line.tax)}] if line.tax else [], "duties": [],
        }  # fmt: skip

    def _line_id(self, order: Order, number: int) -> str:
        return GID.format("LineItem", order.id * 10 + number)

    def _transaction(self, payment: Payment) -> dict[str, Any]:
        return {
            "id": GID.format("OrderTransaction", payment.id), "kind": KINDS[payment.kind], "status": "FAILURE" if payment.kind == "failed" else "SUCCESS",
            "gateway": payment.method, "createdAt": self.at(payment.at), "processedAt": self.at(payment.at), "amountSet": bag(payment.cents),
        }  # fmt: skip

    def _parcel(self, order: Order, parcel: Parcel, now: datetime) -> dict[str, Any]:
        delivered = parcel.delivered_at if parcel.delivered_at and parcel.delivered_at <= now else None
        events = [{"status": "DELIVERED", "happenedAt": self.at(delivered)}] if delivered else []
        lines = [{"quantity": units, "lineItem": {"id": self._line_id(order, number)}} for number, units in parcel.units]
        return {
            "__typename": "Fulfillment", "id": GID.format("Fulfillment", parcel.id), "status": "SUCCESS", "createdAt": self.at(parcel.shipped_at),
            "updatedAt": self.at(parcel.shipped_at), "deliveredAt": self.at(delivered), "inTransitAt": None,
            "displayStatus": "DELIVERED" if delivered else "FULFILLED", "location": {"id": GID.format("Location", self._place(order))},
            "trackingInfo": [{"company": "PostNL", "number": f"3S{parcel.id}"}], "events": Connection(events),
            "fulfillmentLineItems": Connection(lines, self._page),
        }  # fmt: skip

    def _refund(self, order: Order, refund: Refund) -> dict[str, Any]:
        lines = [
            {"quantity": units, "restockType": RESTOCKS[fate], "subtotalSet": bag(goods), "totalTaxSet": bag(tax), "lineItem": {"id": self._line_id(order, number)}}  # noqa: E501
            for number, units, goods, tax, fate in refund.lines
        ]  # fmt: skip
        adjustments = [{"amountSet": bag(-refund.adjustment), "taxAmountSet": bag(0)}] if refund.adjustment else []
        return self._refund_node(GID.format("Refund", refund.id), refund.at, refund.reason, lines, adjustments)

    def _removal(self, order: Order) -> list[dict[str, Any]]:
        """What an edit leaves behind: a refund without a payment for the units that came off."""
        lines = [
            {"quantity": line.removed_units, "restockType": "CANCEL", "subtotalSet": bag(line.price * line.removed_units), "totalTaxSet": bag(0),
             "lineItem": {"id": self._line_id(order, line.number)}}
            for line in order.lines if line.removed_units
        ]  # fmt: skip
        return [self._refund_node(GID.format("Refund", order.id * 10 + 9), order.edited_at, None, lines, [])]

    def _refund_node(
        self, gid: str, at: datetime | None, note: str | None, lines: list[Any], adjustments: list[Any]
    ) -> dict[str, Any]:
        return {
            "__typename": "Refund", "id": gid, "createdAt": self.at(at), "processedAt": self.at(at), "note": note, "totalRefundedSet": bag(0), "return": None,
            "refundLineItems": Connection(lines, self._page), "refundShippingLines": Connection([]), "duties": [],
            "orderAdjustments": Connection(adjustments),
        }  # fmt: skip

    def payouts(self, since: datetime | None, now: datetime) -> Connection:
        """One payout a day, issued the morning after."""
        days = [day for day in self._settled if _issued(day) <= now and (since is None or _issued(day) >= since)]
        return Connection(days, made=self._payout)

    def entries(self, since: datetime | None, now: datetime) -> Connection:
        """The entries behind payouts; the payout of one is known once it is issued."""
        known = [e for e in self._entries if e[1].at <= now and (since is None or e[1].at >= since)]
        return Connection(known, made=lambda entry: self._entry(entry[0], entry[1], now))

    def _payout(self, day: date) -> dict[str, Any]:
        settled = self._settled[day]
        charges, refunds = (sum(p.cents for _, p in settled if p.kind == kind) for kind in ("capture", "refund"))
        fees = sum(fee(p) for _, p in settled)
        part = {
            "chargesGross": charges,
            "chargesFee": fees,
            "refundsFeeGross": -refunds,
            "refundsFee": 0,
            "adjustmentsGross": 0,
            "adjustmentsFee": 0,
        }
        return {
            "id": GID.format("ShopifyPaymentsPayout", _payout_number(day)), "legacyResourceId": str(_payout_number(day)), "issuedAt": self.at(_issued(day)),
            "status": "PAID", "net": self._money(charges - refunds - fees), "summary": {name: self._money(cents) for name, cents in part.items()},
        }  # fmt: skip

    def _entry(self, order: Order, payment: Payment, now: datetime) -> dict[str, Any]:
        day, sign = payment.at.date(), 1 if payment.kind == "capture" else -1
        payout = GID.format("ShopifyPaymentsPayout", _payout_number(day)) if _issued(day) <= now else None
        return {
            "id": GID.format("ShopifyPaymentsBalanceTransaction", payment.id), "type": "CHARGE" if sign > 0 else "REFUND", "test": False,
            "transactionDate": self.at(payment.at), "amount": self._money(sign * payment.cents), "fee": self._money(fee(payment)),
            "net": self._money(sign * payment.cents - fee(payment)), "associatedOrder": {"id": GID.format("Order", order.id)},
            "associatedPayout": {"id": payout},
        }  # fmt: skip

    def _money(self, cents: int) -> dict[str, str]:
        return {"amount": bag(cents)["shopMoney"]["amount"], "currencyCode": self.shop.currency}


def _issued(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(6), UTC)


def _payout_number(day: date) -> int:
    return int(f"{day:%Y%m%d}")


def _financial(order: Order, payments: list[Payment], is_cancelled: bool) -> str:
    captured = sum(p.cents for p in payments if p.kind == "capture")
    refunded = sum(p.cents for p in payments if p.kind == "refund")
    if order.is_failed:
        return "VOIDED"
    if captured and refunded >= captured:
        return "REFUNDED"
    if refunded:
        return "PARTIALLY_REFUNDED"
    if is_cancelled and not captured:
        return "VOIDED"
    return "PAID" if captured >= order.total else "PARTIALLY_PAID" if captured else "PENDING"
