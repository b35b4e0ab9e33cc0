"""Square's API over the demo merchant's stores. Order lines name a catalogue object, not a SKU; what comes back is an order of its own."""

import base64
import json
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pipelines.demo.servers.faults import Faults, Weather
from pipelines.demo.servers.server import Clock, Reply, Request
from pipelines.demo.servers.shop import Line, Order, Return, Shop
from pipelines.demo.servers.views import LATE_SHARE

PLACE = "LDEMO1"
PAID_AFTER = timedelta(seconds=30)
Dated = tuple[datetime, datetime, str, Callable[[], dict[str, Any]]]  # created, updated, id, how the record is made


class SquarePlatform:
    """One seller with one location."""

    def __init__(self, shop: Shop, clock: Clock, weather: Weather | None = None, seed: int = 0) -> None:
        self.faults, self.clock, self.shop = Faults(weather or Weather(), seed), clock, shop
        self.base = ""
        self._by_payment = {f"P{order.id}": order for order in shop.orders}
        self._skus = sorted({line.sku for order in shop.orders for line in order.lines} | set(shop.stock))

    def list_of(self, request: Request) -> str:
        body = json.loads(request.body or b"{}")
        return f"{request.path} {sorted((name, value) for name, value in (request.query or body).items() if name != 'cursor')}"

    def throttled(self) -> Reply:
        return _error(429, "RATE_LIMITED", "RATE_LIMIT_ERROR")

    def forget_tokens(self) -> None:
        """Tokens of this platform last."""

    def records(self, stream: str) -> list[dict[str, Any]]:
        if stream == "listings":
            return [self._variation(sku) for sku in self._skus]
        if stream == "stock":
            return [{"sku": sku} | self._count(sku) for sku in self.shop.stock]
        told = [make() for _, _, _, make in getattr(self, f"_{stream}")(self.clock.now)]
        return [{"order_paid": record["order_id"]} | record for record in told] if stream == "refunds" else told

    def answer(self, request: Request) -> Reply:
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return _error(401, "UNAUTHORIZED", "AUTHENTICATION_ERROR")
        path, now = request.path.removeprefix("/v2/"), self.clock.now
        body = json.loads(request.body) if request.body else {}
        if path == "locations":
            return Reply.json({"locations": [{"id": PLACE, "name": "Store", "currency": self.shop.currency, "status": "ACTIVE"}]})
        if path == "orders/search":
            return self._search(body)
        if path == "orders/batch-retrieve":
            found = {name: make for _, _, name, make in self._orders(now)}
            return Reply.json({"orders": [found[order_id]() for order_id in body["order_ids"] if order_id in found]})
        if path == "catalog/list":
            return self._slice("objects", [self._variation(sku) for sku in self._skus], request.query)
        if path == "inventory/counts/batch-retrieve":
            return self._slice("counts", [self._count(sku) for sku in self.shop.stock], body)
        name, _, number = path.partition("/")
        if name not in ("payments", "refunds"):
            return _error(404, "NOT_FOUND", "INVALID_REQUEST_ERROR")
        if name == "payments" and number:
            order = self._by_payment.get(number)
            records = [self._payment(order, now)] if order and order.placed_at + PAID_AFTER <= now else []
        else:
            records = self._payments(now) if name == "payments" else self._refunds(now)
        if number:
            one = next((make() for _, _, known, make in records if known == number), None)
            return Reply.json({name[:-1]: one}) if one else _error(404, "NOT_FOUND", "INVALID_REQUEST_ERROR")
        return self._list(name, records, request.query)

    def _search(self, body: dict[str, Any]) -> Reply:
        window = body["query"]["filter"]["date_time_filter"]
        if "updated_at" in window:
            return self._list(
                "orders", self._orders(self.clock.now), body | {"updated_at_begin_time": window["updated_at"]["start_at"]}
            )
        made = window["created_at"]
        return self._list(
            "orders", self._orders(self.clock.now), body | {"begin_time": made["start_at"], "end_time": made["end_at"]}
        )

    def _list(self, name: str, records: list[Dated], asked: Mapping[str, Any]) -> Reply:
        """A page by the time of update, or of creation; pages go on from the last record, and some changes show late."""
        is_moved = "updated_at_begin_time" in asked
        start = self._moment(asked.get("updated_at_begin_time") if is_moved else asked.get("begin_time"))
        end = self._moment(asked["end_time"]) if asked.get("end_time") else self.clock.now + timedelta(days=1)
        lag = self.faults.weather.lag if is_moved else timedelta(0)
        found = []
        for created, updated, name_of, make in records:
            at = updated if is_moved else created
            is_shown = not (lag and updated > self.clock.now - lag and self.faults.is_hit(LATE_SHARE))
            if start <= at < end and is_shown:
                found.append((at.isoformat(), name_of, make))
        found.sort(key=lambda known: known[:2])
        if asked.get("cursor"):
            after = tuple(json.loads(base64.b64decode(asked["cursor"])))
            found = [known for known in found if known[:2] > after]
        page, size = found[: int(asked.get("limit", 100))], int(asked.get("limit", 100))
        told: dict[str, Any] = {name: [make() for _, _, make in page]} if page else {}
        if len(found) > size:
            told["cursor"] = base64.b64encode(json.dumps(page[-1][:2]).encode()).decode()
        return Reply.json(told)

    def _slice(self, name: str, records: list[dict[str, Any]], asked: Mapping[str, Any]) -> Reply:
        start = int(asked.get("cursor") or 0)
        more = {"cursor": str(start + 100)} if start + 100 < len(records) else {}
        return Reply.json({name: records[start : start + 100]} | more)

    def _orders(self, now: datetime) -> list[Dated]:
        """Sales, and the orders by which goods came back."""
        told: list[Dated] = []
        for order in self.shop.orders:
            moments = [
                at
                for at in (order.placed_at, order.placed_at + PAID_AFTER, order.cancelled_at, order.edited_at)
                if at and at <= now
            ]
            if order.placed_at <= now:
                told.append((order.placed_at, max(moments), _name(order), partial(self._order, order, now, max(moments))))
            told += [
                (back.at, back.at, f"R{back.id}", partial(self._return, order, back)) for back in order.returns if back.at <= now
            ]
        return told

    def _order(self, order: Order, now: datetime, updated: datetime) -> dict[str, Any]:
        is_edited = order.edited_at is None or order.edited_at <= now
        is_cancelled = order.cancelled_at is not None and order.cancelled_at <= now
        lines = [self._line(order, line, 0 if is_edited else line.removed_units) for line in order.lines]
        total = order.total + (0 if is_edited else order.removed)
        shipping = [{"uid": "shipping", "name": "Shipping", "applied_money": self._money(order.shipping), "total_tax_money": self._money(order.shipping_tax),
                     "total_money": self._money(order.shipping + order.shipping_tax)}]  # fmt: skip
        return {
            "id": _name(order), "location_id": PLACE, "reference_id": order.number, "customer_id": f"C{order.customer}",
            "created_at": self._at(order.placed_at), "updated_at": self._at(updated),
            "state": "CANCELED" if is_cancelled else "COMPLETED" if now >= order.placed_at + PAID_AFTER else "OPEN",
            "version": 1, "line_items": lines, "service_charges": shipping if order.shipping or order.shipping_tax else [],
            "total_money": self._money(total), "total_tip_money": self._money(0),
        }  # fmt: skip

    def _line(self, order: Order, line: Line, more: int) -> dict[str, Any]:
        gross = line.gross + line.price * more
        return {
            "uid": f"{order.id}-{line.number}", "catalog_object_id": _catalog(line.sku), "name": f"Article {line.sku}", "quantity": str(line.units + more),
            "item_type": "GIFT_CARD" if line.is_gift_card else "ITEM", "base_price_money": self._money(line.price), "gross_sales_money": self._money(gross),
            "total_discount_money": self._money(line.discount), "total_tax_money": self._money(line.tax), "total_service_charge_money": self._money(0),
            "total_money": self._money(gross - line.discount + line.tax),
        }  # fmt: skip

    def _return(self, order: Order, back: Return) -> dict[str, Any]:
        line = next(line for line in order.lines if line.sku == back.sku)
        item = {"uid": "r1", "source_line_item_uid": f"{order.id}-{line.number}", "catalog_object_id": _catalog(back.sku), "quantity": str(back.units),
                "total_tax_money": self._money(0), "total_money": self._money(back.cents), "note": back.reason}  # fmt: skip
        return {
            "id": f"R{back.id}", "location_id": PLACE, "created_at": self._at(back.at), "updated_at": self._at(back.at), "state": "COMPLETED", "version": 1,
            "returns": [{"uid": "1", "source_order_id": _name(order), "return_line_items": [item], "return_amounts": {"total_money": self._money(back.cents)}}],
            "total_money": self._money(0),
        }  # fmt: skip

    def _payments(self, now: datetime) -> list[Dated]:
        return [self._payment(order, now) for order in self.shop.orders if order.placed_at + PAID_AFTER <= now]

    def _payment(self, order: Order, now: datetime) -> Dated:
        at = order.placed_at + PAID_AFTER
        changes = [at, *(back.at for back in order.returns if back.at <= now)]
        return at, max(changes), f"P{order.id}", partial(self._paid, order, changes)

    def _paid(self, order: Order, changes: list[datetime]) -> dict[str, Any]:
        return {
            "id": f"P{order.id}", "created_at": self._at(changes[0]), "updated_at": self._at(max(changes)), "status": "COMPLETED", "source_type": "CARD",
            "order_id": _name(order), "location_id": PLACE, "amount_money": self._money(order.total), "total_money": self._money(order.total),
            "buyer_email_address": f"customer{order.customer}@example.com", "version_token": f"{len(changes)}",
        }  # fmt: skip

    def _refunds(self, now: datetime) -> list[Dated]:
        return [
            (back.at, back.at, f"F{back.id}", partial(self._refund, order, back))
            for order in self.shop.orders for back in order.returns if back.at <= now
        ]  # fmt: skip

    def _refund(self, order: Order, back: Return) -> dict[str, Any]:
        return {
            "id": f"F{back.id}", "status": "COMPLETED", "location_id": PLACE, "amount_money": self._money(back.cents), "payment_id": f"P{order.id}",
            "order_id": f"R{back.id}", "reason": back.reason, "created_at": self._at(back.at), "updated_at": self._at(back.at),
        }  # fmt: skip

    def _variation(self, sku: str) -> dict[str, Any]:
        return {"type": "ITEM_VARIATION", "id": _catalog(sku), "updated_at": self._at(self.shop.orders[0].placed_at), "version": 1,
                "item_variation_data": {"sku": sku, "name": "Regular"}}  # fmt: skip

    def _count(self, sku: str) -> dict[str, Any]:
        return {"catalog_object_id": _catalog(sku), "catalog_object_type": "ITEM_VARIATION", "state": "IN_STOCK", "location_id": PLACE,
                "quantity": str(self.shop.stock[sku][0]), "calculated_at": self._at(self.shop.orders[0].placed_at)}  # fmt: skip

    def _money(self, cents: int) -> dict[str, Any]:
        return {"amount": cents, "currency": self.shop.currency}

    def _at(self, moment: datetime) -> str:
        return f"{moment + self.faults.weather.skew:%Y-%m-%dT%H:%M:%S}.000Z"

    def _moment(self, text: Any) -> datetime:
        return datetime.fromisoformat(text) - self.faults.weather.skew


def _name(order: Order) -> str:
    return f"O{order.id}"


def _catalog(sku: str) -> str:
    return f"V{zlib.crc32(sku.encode()):08X}"


def _error(status: int, code: str, category: str) -> Reply:
    return Reply.json({"errors": [{"category": category, "code": code, "detail": ""}]}, status)
