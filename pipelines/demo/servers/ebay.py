"""eBay's Fulfillment and Finances APIs over the demo merchant's marketplace shop. Pages are counted from the newest; parcels are apart."""

import base64
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pipelines.demo.servers.amazon_reports import money
from pipelines.demo.servers.faults import Faults, Weather
from pipelines.demo.servers.server import Clock, Reply, Request
from pipelines.demo.servers.shop import Line, Order, Return, Shop
from pipelines.demo.servers.views import Views

ORDERS, MONEY = "/sell/fulfillment/v1/order", "/sell/finances/v1/"
WINDOW = re.compile(r"(\w+):\[([^.]+\.\d+Z)\.\.(.*)\]")
PAID_AFTER = timedelta(minutes=2)
FEE = 11  # percent
Moved = tuple[str, Order, datetime, int, str]  # kind, order, when, cents before fees, number


def moving(order: Order) -> list[datetime]:
    """Moments that move an order's lastModifiedDate."""
    times = [
        order.placed_at,
        order.placed_at + PAID_AFTER,
        *(p.shipped_at for p in order.parcels),
        *(back.at for back in order.returns),
    ]
    return [*times, *(at for at in (order.cancelled_at, order.edited_at) if at)]


def sale_fee(cents: int) -> int:
    """What eBay keeps of a sale."""
    return cents * FEE // 100


class EbayPlatform:
    """One seller."""

    def __init__(self, shop: Shop, clock: Clock, weather: Weather | None = None, seed: int = 0) -> None:
        self.faults, self.clock, self.shop = Faults(weather or Weather(), seed), clock, shop
        self.views = Views(shop, moving, seed)
        self.base = ""
        self.signed_with: Ed25519PublicKey | None = None  # of a seller in Europe, whose calls about money have to be signed
        self._by_number = {order.number: order for order in shop.orders}
        self._tokens: set[str] = set()
        self._given = 0

    def list_of(self, request: Request) -> str:
        return f"{request.path} {request.query.get('filter')}" if "offset" in request.query else ""

    def throttled(self) -> Reply:
        return _error(429, 2001, "Too many requests.")

    def forget_tokens(self) -> None:
        self._tokens.clear()

    def records(self, stream: str) -> list[dict[str, Any]]:
        now = self.clock.now
        if stream == "orders":
            return [{"shippingFulfillments": self._parcels(order, now)} | self._order(order, now) for order in self.shop.orders]
        if stream == "payouts":
            return [self._payout(day, cents) for day, cents in settled(self.shop).items()]
        return [self._transaction(moved, now) for moved in moves(self.shop)]

    def answer(self, request: Request) -> Reply:
        if request.path == "/identity/v1/oauth2/token":
            self._given += 1
            self._tokens.add(f"Bearer v^1.1#{self._given}")
            return Reply.json({"access_token": f"v^1.1#{self._given}", "expires_in": 7200, "token_type": "User Access Token"})
        if request.headers.get("Authorization") not in self._tokens:
            return _error(401, 1001, "Invalid access token.")
        if self.signed_with and request.path.startswith(MONEY) and not _is_signed(request, self.signed_with):
            return _error(400, 215122, "Signature validation failed")
        now, asked = self.clock.now, request.query
        if request.path == ORDERS:
            return self._search(asked)
        if request.path.endswith("/shipping_fulfillment"):
            order = self._by_number[request.path.removeprefix(f"{ORDERS}/").split("/")[0]]
            parcels = self._parcels(order, now)
            return Reply.json({"fulfillments": parcels, "total": len(parcels)})
        if request.path == f"{MONEY}payout":
            made = [(day, cents) for day, cents in settled(self.shop).items() if _issued(day) <= now]
            return self._page("payouts", made, asked, lambda known: _issued(known[0]), lambda known: self._payout(*known))
        if request.path == f"{MONEY}transaction":
            known = sorted((move for move in moves(self.shop) if move[2] <= now), key=lambda move: move[2], reverse=True)
            return self._page("transactions", known, asked, lambda move: move[2], lambda move: self._transaction(move, now))
        return _error(404, 2002, "Resource not found.")

    def _search(self, asked: Mapping[str, str]) -> Reply:
        now = self.clock.now
        if "orderIds" in asked:
            wanted = [self._by_number.get(number) for number in asked["orderIds"].split(",")]
            return Reply.json(
                {
                    "orders": [self._order(order, now) for order in wanted if order and order.placed_at <= now],
                    "total": len(wanted),
                    "offset": 0,
                }
            )
        name, start, end = self._window(asked)
        if name == "creationdate":
            found = [(order, now) for order in self.views.created_between(start, end + timedelta(milliseconds=1), now)]
        else:
            found = [(seen.order, seen.at) for seen in reversed(self.views.changed_since(start, None, now, self.faults))]
        return self._page(
            "orders",
            found,
            {key: value for key, value in asked.items() if key != "filter"},
            None,
            lambda known: self._order(*known),
        )

    def _window(self, asked: Mapping[str, str]) -> tuple[str, datetime, datetime]:
        name, first, last = WINDOW.findall(asked["filter"])[0]
        skew = self.faults.weather.skew
        end = datetime.fromisoformat(last) - skew if last else self.clock.now + timedelta(days=1)
        return name, datetime.fromisoformat(first) - skew, end

    def _page(
        self,
        name: str,
        records: list[Any],
        asked: Mapping[str, str],
        dated: Callable[[Any], datetime] | None,
        shown: Callable[[Any], dict[str, Any]],
    ) -> Reply:
        if dated:
            _, start, end = self._window(asked)
            records = [record for record in records if start <= dated(record) < end]
        offset, limit = int(asked.get("offset", 0)), int(asked.get("limit", 50))
        if not records and name != "orders":
            return Reply(204, b"")
        page = [shown(record) for record in records[offset : offset + limit]]
        return Reply.json({"total": len(records), "limit": limit, "offset": offset, name: page})

    def _order(self, order: Order, now: datetime) -> dict[str, Any]:
        is_edited = order.edited_at is None or order.edited_at <= now
        is_cancelled = order.cancelled_at is not None and order.cancelled_at <= now
        is_paid = order.placed_at + PAID_AFTER <= now
        more = 0 if is_edited else order.removed
        parcels = [parcel for parcel in order.parcels if parcel.shipped_at <= now]
        backs = [back for back in order.returns if back.at <= now]
        shipped = sum(units for parcel in parcels for _, units in parcel.units)
        whole = shipped >= sum(line.units for line in order.lines)
        paid = {"paymentReferenceId": f"pay-{order.id}", "paymentMethod": "EBAY", "paymentStatus": "PAID" if is_paid else "PENDING",
                "paymentDate": self._at(order.placed_at + PAID_AFTER), "amount": self._money(order.total)}  # fmt: skip
        refunds = [
            {
                "refundId": f"re-{back.id}",
                "refundDate": self._at(back.at),
                "refundStatus": "REFUNDED",
                "amount": self._money(back.cents),
            }
            for back in backs
        ]
        cancel = {"cancelState": "CANCELED", "cancelledDate": self._at(order.cancelled_at or now),
                  "cancelRequests": [{"cancelInitiator": "BUYER" if order.cancelled_by == "customer" else "SELLER", "cancelReason": "OTHER"}]}  # fmt: skip
        to = {"fullName": f"Customer {order.customer}", "email": f"customer{order.customer}@members.ebay.com",
              "primaryPhone": {"phoneNumber": f"0{order.customer:09d}"},
              "contactAddress": {"addressLine1": f"Street {order.customer}", "city": "Town", "postalCode": order.postal_code, "countryCode": order.country}}  # fmt: skip  # noqa: E501
        return {
            "orderId": order.number, "creationDate": self._at(order.placed_at),
            "lastModifiedDate": self._at(self.views.changed_at(order, now) or order.placed_at),
            "orderFulfillmentStatus": "NOT_STARTED" if not parcels else "FULFILLED" if whole else "IN_PROGRESS",
            "orderPaymentStatus": "PARTIALLY_REFUNDED" if backs else "PAID" if is_paid else "PENDING", "sellerId": "demo",
            "buyer": {"username": f"buyer{order.customer}"},
            "cancelStatus": cancel if is_cancelled else {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
            "pricingSummary": {"priceSubtotal": self._money(sum(line.gross for line in order.lines) + more), "deliveryCost": self._money(order.shipping),
                               "tax": self._money(sum(line.tax for line in order.lines) + order.shipping_tax), "total": self._money(order.total + more)},
            "fulfillmentHrefs": [f"{ORDERS}/{order.number}/shipping_fulfillment/{parcel.id}" for parcel in parcels],
            "fulfillmentStartInstructions": [{"shippingStep": {"shippingServiceCode": "DE_Express" if order.is_expedited else "DE_DHLPaket", "shipTo": to}}],
            "paymentSummary": {"payments": [paid], "refunds": refunds, "totalDueSeller": self._money(order.total)},
            "lineItems": [self._line(order, line, 0 if is_edited else line.removed_units, backs) for line in order.lines],
        }  # fmt: skip

    def _line(self, order: Order, line: Line, more: int, backs: list[Return]) -> dict[str, Any]:
        gross = line.gross + line.price * more
        first = next(x.number for x in order.lines if x.sku == line.sku)
        refunds = [
            {"refundId": f"re-{back.id}", "refundDate": self._at(back.at), "amount": self._money(back.cents)}
            for back in backs
            if back.sku == line.sku and line.number == first
        ]
        return {
            "lineItemId": f"{order.id}{line.number}", "legacyItemId": f"{110_000_000_000 + line.number}", "sku": line.sku, "title": f"Article {line.sku}",
            "quantity": line.units + more, "lineItemCost": self._money(gross), "discountedLineItemCost": self._money(gross - line.discount),
            "taxes": [{"amount": self._money(line.tax)}], "refunds": refunds, "soldFormat": "FIXED_PRICE",
            "lineItemFulfillmentInstructions": {"shipByDate": self._at(order.placed_at + timedelta(days=2)), "guaranteedDelivery": False},
        }  # fmt: skip

    def _parcels(self, order: Order, now: datetime) -> list[dict[str, Any]]:
        return [
            {"fulfillmentId": str(parcel.id), "shippedDate": self._at(parcel.shipped_at), "shippingCarrierCode": "DHL",
             "shipmentTrackingNumber": f"00{parcel.id}",
             "lineItems": [{"lineItemId": f"{order.id}{number}", "quantity": units} for number, units in parcel.units]}
            for parcel in order.parcels if parcel.shipped_at <= now
        ]  # fmt: skip

    def _transaction(self, moved: Moved, now: datetime) -> dict[str, Any]:
        kind, order, at, cents, number = moved
        is_sale = kind == "SALE"
        kept = sale_fee(cents) if is_sale else 0
        payout = {"payoutId": payout_number(at.date())} if _issued(at.date()) <= now else {}
        return {
            "transactionId": number, "orderId": order.number, "transactionType": kind, "amount": self._money(cents - kept), "totalFeeAmount": self._money(kept),
            "bookingEntry": "CREDIT" if is_sale else "DEBIT", "transactionDate": self._at(at), "transactionStatus": "PAYOUT" if payout else "FUNDS_PROCESSING",
            "buyer": {"username": f"buyer{order.customer}"}, **payout,
        }  # fmt: skip

    def _payout(self, day: date, cents: int) -> dict[str, Any]:
        return {
            "payoutId": payout_number(day),
            "payoutStatus": "SUCCEEDED",
            "amount": self._money(cents),
            "payoutDate": self._at(_issued(day)),
            "transactionCount": 1,
        }

    def _money(self, cents: int) -> dict[str, str]:
        return {"value": money(cents), "currency": self.shop.currency}

    def _at(self, moment: datetime) -> str:
        return f"{moment + self.faults.weather.skew:%Y-%m-%dT%H:%M:%S}.000Z"


def moves(shop: Shop) -> list[Moved]:
    """Sales and refunds."""
    sales = [("SALE", order, order.placed_at + PAID_AFTER, order.total, f"s{order.id}") for order in shop.orders]
    return sales + [("REFUND", order, back.at, back.cents, f"r{back.id}") for order in shop.orders for back in order.returns]


def settled(shop: Shop) -> dict[date, int]:
    """What is paid out of each day, in cents."""
    days: dict[date, int] = {}
    for kind, _, at, cents, _ in moves(shop):
        days[at.date()] = days.get(at.date(), 0) + (cents - sale_fee(cents) if kind == "SALE" else -cents)
    return dict(sorted(days.items()))


def payout_number(day: date) -> str:
    """The payout of a day."""
    return f"5{day:%Y%m%d}"


def _issued(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=2), time(6), UTC)


def _is_signed(request: Request, key: Ed25519PublicKey) -> bool:
    """Whether the headers hold a signature by RFC 9421 over what eBay wants covered."""
    heads = {name.lower(): value for name, value in request.headers.items()}
    names = heads.get("signature-input", "").removeprefix("sig1=")
    covered = re.findall(r'"([^"]+)"', names)
    if not {"x-ebay-signature-key", "@method", "@path", "@authority"} <= set(covered):
        return False
    told = heads | {"@method": request.method, "@path": request.path, "@authority": heads["host"]}
    base = "\n".join([*(f'"{name}": {told.get(name, "")}' for name in covered), f'"@signature-params": {names}'])
    try:
        key.verify(base64.b64decode(heads.get("signature", "").removeprefix("sig1=:").removesuffix(":")), base.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _error(status: int, number: int, message: str) -> Reply:
    return Reply.json({"errors": [{"errorId": number, "domain": "ACCESS", "category": "REQUEST", "message": message}]}, status)
