"""Amazon's Selling Partner API over the demo merchant's marketplace shop. Page tokens are places in a list that moves, parcels
may be confirmed days late without moving the order, and orders have no price while their payment is pending."""

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pipelines.demo.servers import amazon_reports
from pipelines.demo.servers.faults import Faults, Weather
from pipelines.demo.servers.server import Clock, Reply, Request
from pipelines.demo.servers.shop import Line, Order, Parcel, Shop
from pipelines.demo.servers.views import Views

ORDERS, REPORTS, STOCK = "/orders/2026-01-01/orders", "/reports/2021-06-30", "/fba/inventory/v1/summaries"
PENDING_FOR = timedelta(minutes=30)
LATE_EVERY, LATE_BY = 25, timedelta(days=9)  # every so many-th parcel is confirmed so late
SKEWLESS = timedelta(0)


def moving(order: Order) -> list[datetime]:
    """Moments that move an order's lastUpdatedTime; a parcel that is confirmed late does not."""
    times = [order.placed_at, order.placed_at + PENDING_FOR, *(p.shipped_at for p in order.parcels if not is_late(p))]
    return [*times, *(at for at in (order.cancelled_at, order.edited_at) if at)]


def is_late(parcel: Parcel) -> bool:
    """True for a parcel whose confirmation reaches Amazon days later."""
    return parcel.id % LATE_EVERY == 0


def shown_from(parcel: Parcel) -> datetime:
    """From when on Amazon shows a parcel."""
    return parcel.shipped_at + (LATE_BY if is_late(parcel) else SKEWLESS)


class AmazonPlatform:
    """One seller in one marketplace."""

    def __init__(self, shop: Shop, clock: Clock, weather: Weather | None = None, seed: int = 0) -> None:
        self.faults, self.clock = Faults(weather or Weather(), seed), clock
        self.views = Views(shop, moving, seed)
        self.base = ""
        self._by_number = {order.number: order for order in shop.orders}
        self._tokens: set[str] = set()
        self._given = 0
        self._documents: dict[str, bytes] = {}
        self._reports: dict[str, str | None] = {}

    def list_of(self, request: Request) -> str:
        return request.asked if request.path == ORDERS else ""

    def throttled(self) -> Reply:
        return Reply.json(
            {
                "errors": [
                    {"code": "QuotaExceeded", "message": "You exceeded your quota for the requested resource.", "details": ""}
                ]
            },
            429,
        )

    def forget_tokens(self) -> None:
        self._tokens.clear()

    def records(self, stream: str) -> list[dict[str, Any]]:
        if stream == "orders":
            return [self._order(order, self.clock.now) for order in self.views.shop.orders]
        return json.loads(self._stock({}).body)["payload"]["inventorySummaries"]  # type: ignore[no-any-return]

    def answer(self, request: Request) -> Reply:
        if request.path == "/auth/o2/token":
            self._given += 1
            self._tokens.add(f"Atza|{self._given}")
            return Reply.json({"access_token": f"Atza|{self._given}", "token_type": "bearer", "expires_in": 3600})
        if request.path.startswith("/document/"):
            return Reply(
                200,
                gzip.compress(self._documents[request.path.removeprefix("/document/")]),
                content_type="application/octet-stream",
            )
        if request.headers.get("x-amz-access-token") not in self._tokens:
            return _error(401, "Unauthorized", "Access token is missing or invalid.")
        if request.path == ORDERS:
            return self._search(request.query)
        if request.path.startswith(f"{ORDERS}/"):
            order = self._by_number.get(request.path.rsplit("/", 1)[1])
            if order is None or order.placed_at > self.clock.now:
                return _error(404, "NotFound", "The order does not exist.")
            return Reply.json({"order": self._order(order, self.clock.now)})
        if request.path == STOCK:
            return self._stock(request.query)
        return self._report(request)

    def _search(self, asked: Mapping[str, str]) -> Reply:
        now, size = self.clock.now, int(asked.get("maxResultsPerPage", 100))
        start = 0
        if "paginationToken" in asked:
            start = int(base64.b64decode(asked["paginationToken"]).decode())
            if self.faults.is_hit(0.03):
                return _error(400, "InvalidInput", "The pagination token has expired.")
        if "createdAfter" in asked:
            first, last = (self._moment(asked.get(name)) for name in ("createdAfter", "createdBefore"))
            found = [
                (order, now) for order in self.views.created_between(first or now, (last or now) + timedelta(seconds=1), now)
            ]
        else:
            since = self._moment(asked["lastUpdatedAfter"])
            found = [(seen.order, seen.at) for seen in self.views.changed_since(since, None, now, self.faults)]
        page = found[start : start + size]
        told: dict[str, Any] = {"orders": [self._order(order, at) for order, at in page]}
        if start + size < len(found):
            told["pagination"] = {"nextToken": base64.b64encode(str(start + size).encode()).decode()}
        return Reply.json(told)

    def _moment(self, text: str | None) -> datetime | None:
        return datetime.fromisoformat(text) - self.faults.weather.skew if text else None

    def _at(self, moment: datetime) -> str:
        return f"{moment + self.faults.weather.skew:%Y-%m-%dT%H:%M:%SZ}"

    def _order(self, order: Order, now: datetime) -> dict[str, Any]:
        is_edited = order.edited_at is None or order.edited_at <= now
        is_pending = now < order.placed_at + PENDING_FOR
        is_cancelled = order.cancelled_at is not None and order.cancelled_at <= now
        parcels = [p for p in order.parcels if shown_from(p) <= now]
        out = dict.fromkeys(range(1, len(order.lines) + 1), 0)
        for parcel in parcels:
            for number, units in parcel.units:
                out[number] += units
        whole = all(out[x.number] >= x.units for x in order.lines if not x.is_gift_card)
        status = ("CANCELLED" if is_cancelled else "PENDING" if is_pending else "SHIPPED" if whole and parcels
                  else "PARTIALLY_SHIPPED" if parcels else "UNSHIPPED")  # fmt: skip
        items = [self._item(order, x, 0 if is_edited else x.removed_units, out[x.number], status) for x in order.lines]
        told: dict[str, Any] = {
            "orderId": order.number, "createdTime": self._at(order.placed_at), "lastUpdatedTime": self._at(self.views.changed_at(order, now) or order.placed_at),  # noqa: E501
            "salesChannel": {"channelName": "AMAZON", "marketplaceId": "ATVPDKIKX0DER", "marketplaceName": "Amazon.com"},
            "buyer": {"buyerName": f"Customer {order.customer}", "buyerEmail": f"customer{order.customer}@marketplace.amazon.com"},
            "recipient": {"deliveryAddress": {"name": f"Customer {order.customer}", "addressLine1": f"Street {order.customer}", "city": "Town",
                                              "postalCode": order.postal_code, "countryCode": order.country, "phone": f"1{order.customer:09d}"}},
            "fulfillment": {"fulfillmentStatus": status, "fulfilledBy": "MERCHANT", "fulfillmentServiceLevel": "EXPEDITED" if order.is_expedited else "STANDARD",  # noqa: E501
                            "shipByWindow": {"earliestDateTime": self._at(order.placed_at), "latestDateTime": self._at(order.placed_at + timedelta(hours=48))}},
            "orderItems": items,
            "packages": [self._package(order, p) for p in parcels],
        }  # fmt: skip
        if not is_pending:
            more = 0 if is_edited else order.removed
            told["proceeds"] = {"grandTotal": self._money(order.total + more)}
        return told

    def _item(self, order: Order, line: Line, more: int, out: int, status: str) -> dict[str, Any]:
        item: dict[str, Any] = {
            "orderItemId": self._item_id(order, line.number), "quantityOrdered": line.units + more,
            "product": {"asin": f"B{abs(order.id + line.number) % 10**9:09d}", "title": f"Article {line.sku}", "sellerSku": line.sku},
            "fulfillment": {"quantityFulfilled": out, "quantityUnfulfilled": 0 if status == "CANCELLED" else line.units + more - out},
        }  # fmt: skip
        if status == "CANCELLED":
            item["cancellation"] = {
                "cancellationExecution": {
                    "cancelledBy": "BUYER" if order.cancelled_by == "customer" else "MERCHANT",
                    "cancelReason": "OTHER",
                }
            }
        if status != "PENDING":
            item["product"]["price"] = {"unitPrice": self._money(line.price)}
            is_first = line.number == 1
            parts = {"ITEM": line.gross + line.price * more, "DISCOUNT": -line.discount, "TAX": line.tax + (order.shipping_tax if is_first else 0),
                     "SHIPPING": order.shipping if is_first else 0}  # fmt: skip
            item["proceeds"] = {
                "proceedsTotal": self._money(sum(parts.values())),
                "breakdowns": [
                    {"type": kind, "subtotal": self._money(cents)} for kind, cents in parts.items() if cents or kind == "ITEM"
                ],
            }
        return item

    def _package(self, order: Order, parcel: Parcel) -> dict[str, Any]:
        return {
            "packageReferenceId": str(parcel.id), "createdTime": self._at(parcel.shipped_at - timedelta(hours=1)), "shipTime": self._at(parcel.shipped_at),
            "carrier": "UPS", "shippingService": "Ground", "trackingNumber": f"1Z{parcel.id}", "packageStatus": {"status": "SHIPPED"},
            "packageItems": [{"orderItemId": self._item_id(order, number), "quantity": units} for number, units in parcel.units],
        }  # fmt: skip

    def _item_id(self, order: Order, number: int) -> str:
        return f"{order.id * 10 + number}"

    def _money(self, cents: int) -> dict[str, str]:
        return {"amount": amazon_reports.money(cents), "currencyCode": self.views.shop.currency}

    def _stock(self, asked: Mapping[str, str]) -> Reply:
        start = int(asked.get("nextToken") or 0)
        skus = sorted(self.views.shop.stock)
        page = [
            {
                "asin": "B000000000", "sellerSku": sku, "condition": "NewItem", "lastUpdatedTime": self._at(self.clock.now.replace(minute=0, second=0)),
                "inventoryDetails": {"fulfillableQuantity": self.views.shop.stock[sku][0], "reservedQuantity": {"totalReservedQuantity": 0},
                                     "unfulfillableQuantity": {"totalUnfulfillableQuantity": self.views.shop.stock[sku][1]}},
            }
            for sku in skus[start : start + 50]
        ]  # fmt: skip
        told: dict[str, Any] = {
            "payload": {
                "granularity": {"granularityType": "Marketplace", "granularityId": "ATVPDKIKX0DER"},
                "inventorySummaries": page,
            }
        }
        if start + 50 < len(skus):
            told["pagination"] = {"nextToken": str(start + 50)}
        return Reply.json(told)

    def _report(self, request: Request) -> Reply:
        path = request.path.removeprefix(REPORTS)
        if request.method == "POST" and path == "/reports":
            asked = json.loads(request.body)
            content = amazon_reports.made(
                self.views.shop, asked["reportType"], asked.get("dataStartTime", ""), asked.get("dataEndTime", ""), self.clock.now
            )
            number = f"{len(self._reports) + 1}"
            self._reports[number] = self._keep(content) if content else None
            return Reply.json({"reportId": number}, 202)
        if path == "/reports":
            return Reply.json({"reports": [
                {"reportId": number, "reportType": request.query["reportTypes"], "processingStatus": "DONE", "reportDocumentId": self._keep(content)}
                for number, content in amazon_reports.settlements(self.views.shop, self.clock.now)
            ]})  # fmt: skip
        if path.startswith("/reports/"):
            document = self._reports[path.rsplit("/", 1)[1]]
            return Reply.json({"processingStatus": "DONE" if document else "CANCELLED", "reportDocumentId": document})
        if path.startswith("/documents/"):
            return Reply.json({"url": f"{self.base}/document/{path.rsplit('/', 1)[1]}", "compressionAlgorithm": "GZIP"})
        return _error(404, "NotFound", "No such resource.")

    def _keep(self, content: bytes) -> str:
        number = f"doc-{hashlib.sha256(content).hexdigest()[:16]}"
        self._documents[number] = content
        return number


def _error(status: int, code: str, message: str) -> Reply:
    return Reply.json({"errors": [{"code": code, "message": message, "details": ""}]}, status)
