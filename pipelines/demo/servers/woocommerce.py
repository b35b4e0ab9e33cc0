"""WooCommerce's REST v3 over the demo merchant's shop. A refund does not move its order's modified date, and page numbers
count from the newest state of a list, as on the real platform."""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.demo.servers.faults import Faults, Weather
from pipelines.demo.servers.server import Clock, Reply, Request
from pipelines.demo.servers.shop import Line, Order, Refund, Shop
from pipelines.demo.servers.views import Views

API = "/wp-json/wc/v3/"


def moving(order: Order) -> list[datetime]:
    """Moments that move an order's modified date: all but refunds."""
    captured = [p.at for p in order.payments if p.kind != "refund"]
    others = [at for at in (order.cancelled_at, order.edited_at) if at]
    return [order.placed_at, *captured, *others, *(p.shipped_at for p in order.parcels)]


class WooCommercePlatform:
    """One shop."""

    def __init__(self, shop: Shop, clock: Clock, weather: Weather | None = None, seed: int = 0) -> None:
        self.faults, self.clock = Faults(weather or Weather(), seed), clock
        self.views = Views(shop, moving, seed)
        self.base = ""
        self._refunds = {refund.id: (order, refund) for order in shop.orders for refund in order.refunds}

    def list_of(self, request: Request) -> str:
        return request.asked if request.path.startswith(API) else ""

    def throttled(self) -> Reply:
        return Reply.json(
            {"code": "too_many_requests", "message": "Too many requests", "data": {"status": 429}}, 429, Retry_After="1"
        )

    def forget_tokens(self) -> None:
        """Keys of this platform don't expire."""

    def records(self, stream: str) -> list[dict[str, Any]]:
        if stream == "orders":
            return [self._order(order, self.clock.now) for order in self.views.shop.orders]
        return [self._refund(*refund) for refund in self._refunds.values()]

    def answer(self, request: Request) -> Reply:
        if not request.headers.get("Authorization", "").startswith("Basic ") or not _password(request):
            error = {
                "code": "woocommerce_rest_cannot_view",
                "message": "Sorry, you cannot list resources.",
                "data": {"status": 401},
            }
            return Reply.json(error, 401)
        if request.path == "/wp-json/":
            return Reply.json({"timezone_string": "Europe/London"})
        path, asked = request.path.removeprefix(API), request.query
        if path == "orders":
            return self._page(self._wanted_orders(asked), self._order, asked)
        if path == "refunds":
            return self._page(self._wanted_refunds(asked), self._refund, asked)
        return Reply.json(
            {
                "code": "rest_no_route",
                "message": "No route was found matching the URL and request method.",
                "data": {"status": 404},
            },
            404,
        )

    def _wanted_orders(self, asked: Mapping[str, str]) -> list[tuple[Order, datetime]]:
        now = self.clock.now
        if "include" in asked:
            wanted = [self.views.by_id.get(int(number)) for number in asked["include"].split(",")]
            return [(order, now) for order in wanted if order and order.placed_at <= now]
        if "modified_after" in asked:
            since = self._moment(asked["modified_after"]) + timedelta(seconds=1)
            found = self.views.changed_since(since, None, now, self.faults)
            return [(seen.order, seen.at) for seen in found]
        start, end = (
            self._moment(asked.get(name, default))
            for name, default in (("after", "1970-01-02T00:00:00"), ("before", "9000-01-01T00:00:00"))
        )
        return [(order, now) for order in self.views.created_between(start + timedelta(seconds=1), end, now)]

    def _wanted_refunds(self, asked: Mapping[str, str]) -> list[tuple[Order, Refund]]:
        now = self.clock.now
        if "include" in asked:
            wanted = [self._refunds.get(int(number)) for number in asked["include"].split(",")]
            return [known for known in wanted if known and known[1].at <= now]
        since = self._moment(asked.get("after", "1970-01-02T00:00:00")) + timedelta(seconds=1)
        until = self._moment(asked.get("before", "9000-01-01T00:00:00"))
        lag = self.faults.weather.lag if "before" not in asked else timedelta(0)
        found = [(o, r) for o, r in self._refunds.values() if since <= r.at.replace(microsecond=0) < until and r.at <= now - lag]
        return sorted(found, key=lambda known: (known[1].at, known[1].id))

    def _page(self, records: list[Any], shown: Callable[..., dict[str, Any]], asked: Mapping[str, str]) -> Reply:
        size, number = int(asked.get("per_page", 10)), int(asked.get("page", 1))
        start = (number - 1) * size
        page = [shown(*record) for record in records[start : start + size]]
        if "_fields" in asked:
            names = asked["_fields"].split(",")
            page = [{name: record[name] for name in names if name in record} for record in page]
        return Reply.json(page, 200, X_WP_Total=str(len(records)), X_WP_TotalPages=str(-(-len(records) // size)))

    def _moment(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) - self.faults.weather.skew

    def _at(self, moment: datetime | None) -> str | None:
        return f"{moment + self.faults.weather.skew:%Y-%m-%dT%H:%M:%S}" if moment else None

    def _order(self, order: Order, now: datetime) -> dict[str, Any]:
        is_edited = order.edited_at is None or order.edited_at <= now
        lines = [_line(order, line, 0 if is_edited else line.removed_units) for line in order.lines]
        more = 0 if is_edited else order.removed
        paid = next((p.at for p in sorted(order.payments, key=lambda p: p.at) if p.kind == "capture" and p.at <= now), None)
        gone = [p.shipped_at for p in order.parcels]
        completed = max(gone) if gone and max(gone) <= now and _all_out(order) else None
        title = "Express" if order.is_expedited else "Standard"
        person = {"first_name": "A.", "last_name": f"Customer {order.customer}", "company": "", "address_1": f"Street {order.customer}", "address_2": "",
                  "city": "Town", "state": "", "postcode": order.postal_code, "country": order.country}  # fmt: skip
        return {
            "id": order.id, "parent_id": 0, "number": order.number, "status": _status(order, now, paid, completed), "currency": self.views.shop.currency,
            "date_created_gmt": self._at(order.placed_at), "date_modified_gmt": self._at(self.views.changed_at(order, now)),
            "date_paid_gmt": self._at(paid), "date_completed_gmt": self._at(completed),
            "discount_total": _money(sum(x.discount for x in order.lines)), "shipping_total": _money(order.shipping), "shipping_tax": _money(order.shipping_tax),  # noqa: E501
            "total": _money(order.total + more), "total_tax": _money(sum(x.tax for x in order.lines) + order.shipping_tax), "prices_include_tax": False,
            "customer_id": order.customer, "customer_note": "Please ring twice" if order.has_note else "", "payment_method": "card", "transaction_id": "",
            "billing": person | {"email": f"customer{order.customer}@example.com", "phone": f"0{order.customer:09d}"}, "shipping": person,
            "meta_data": [], "line_items": lines,
            "shipping_lines": [{"id": order.id * 10, "method_title": title, "total": _money(order.shipping), "total_tax": _money(order.shipping_tax)}],
            "fee_lines": [], "coupon_lines": [],
            "refunds": [{"id": r.id, "reason": r.reason or "", "total": _money(-_refunded(r))} for r in order.refunds if r.at <= now],
        }  # fmt: skip

    def _refund(self, order: Order, refund: Refund) -> dict[str, Any]:
        return {
            "id": refund.id, "parent_id": order.id, "date_created_gmt": self._at(refund.at), "amount": _money(_refunded(refund)), "reason": refund.reason or "",
            "refunded_payment": True, "meta_data": [], "shipping_lines": [], "fee_lines": [],
            "line_items": [
                {"id": refund.id * 10 + n, "quantity": -units, "total": _money(-goods), "total_tax": _money(-tax),
                 "sku": order.lines[number - 1].sku, "meta_data": [{"id": n, "key": "_refunded_item_id", "value": str(order.id * 10 + number)}]}
                for n, (number, units, goods, tax, _) in enumerate(refund.lines)
            ],
        }  # fmt: skip


def _password(request: Request) -> bool:
    return base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).count(b":") == 1


def _all_out(order: Order) -> bool:
    goods = sum(line.units for line in order.lines if not line.is_gift_card)
    return sum(units for parcel in order.parcels for _, units in parcel.units) >= goods


def _refunded(refund: Refund) -> int:
    return sum(goods + tax for _, _, goods, tax, _ in refund.lines) + refund.adjustment


def _status(order: Order, now: datetime, paid: datetime | None, completed: datetime | None) -> str:
    if order.is_failed:
        return "failed"
    if order.cancelled_at and order.cancelled_at <= now:
        return "cancelled"
    return "completed" if completed else "processing" if paid else "pending"


def _line(order: Order, line: Line, more: int) -> dict[str, Any]:
    extra = line.price * more
    return {
        "id": order.id * 10 + line.number, "name": f"Article {line.sku}", "product_id": 1000 + line.number, "variation_id": 0, "quantity": line.units + more,
        "subtotal": _money(line.gross + extra), "total": _money(line.gross - line.discount + extra), "total_tax": _money(line.tax), "sku": line.sku,
        "price": line.price / 100, "meta_data": [],
    }  # fmt: skip


def _money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
