"""TikTok Shop's API over the demo merchant's marketplace shop. Each unit is a line item; page tokens are places in a list that moves, and
an item that is cancelled alone does not move its order's time."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from pipelines.channels.tiktok.signing import HEADER, signature
from pipelines.demo.servers.amazon_reports import money
from pipelines.demo.servers.faults import Faults, Weather
from pipelines.demo.servers.server import Clock, Reply, Request
from pipelines.demo.servers.shop import Line, Order, Parcel, Return, Shop
from pipelines.demo.servers.views import Views

SHOP_ID, CIPHER = "7494049642642441621", "GCP_demo"
SECRET = "demo"  # noqa: S105  (servers here take this one only)
PAID_AFTER, ASKED_BEFORE = timedelta(minutes=2), timedelta(days=3)
COMMISSION = 8  # percent
Dated = tuple[datetime, datetime, str, Callable[[], dict[str, Any]]]  # created, updated, id, how the record is made


def moving(order: Order) -> list[datetime]:
    """Moments that move an order's update_time; one item that is cancelled does not."""
    parcels = [at for p in order.parcels for at in (p.shipped_at, p.delivered_at) if at]
    return [order.placed_at, order.placed_at + PAID_AFTER, *parcels, *([order.cancelled_at] if order.cancelled_at else [])]


def asked_at(order: Order, back: Return) -> datetime:
    """When the buyer asked for a return."""
    return max(back.at - ASKED_BEFORE, order.placed_at + PAID_AFTER)


def commission(cents: int) -> int:
    """What the platform keeps of what was settled for an order, in cents."""
    return abs(cents) * COMMISSION // 100


def arrived(order: Order) -> datetime | None:
    """When the last parcel of an order arrived, once all have."""
    times = [parcel.delivered_at for parcel in order.parcels]
    return max(filter(None, times)) if times and all(times) else None


class TiktokPlatform:
    """One shop of one seller."""

    def __init__(self, shop: Shop, clock: Clock, weather: Weather | None = None, seed: int = 0) -> None:
        self.faults, self.clock, self.shop = Faults(weather or Weather(), seed), clock, shop
        self.views = Views(shop, moving, seed)
        self.base = ""
        self.is_revoked = False  # the seller has withdrawn the authorisation
        self._tokens: set[str] = set()
        self._given = 0

    def list_of(self, request: Request) -> str:
        body = json.loads(request.body or b"{}")
        return f"{request.path} {sorted(body.items())}" if "page_size" in request.query else ""

    def throttled(self) -> Reply:
        return _error(429, 36009002, "Too many requests.")

    def forget_tokens(self) -> None:
        self._tokens.clear()

    def records(self, stream: str) -> list[dict[str, Any]]:
        now = self.clock.now
        if stream == "orders":
            return [self._order(order, now) for order in self.shop.orders]
        if stream in ("returns", "cancellations"):
            return [make() for *_, make in (self._returns(now) if stream == "returns" else self._cancellations(now))]
        days = settled(self.shop)
        if stream == "payouts":
            return [self._statement(day, now) for day in days]
        return [
            {"currency": self.shop.currency, "statement_time": self._at(_closed(day)), "statement_id": statement_number(day)} | self._transaction(*moved)
            for day, moves in days.items() for moved in moves
        ]  # fmt: skip

    def answer(self, request: Request) -> Reply:
        path, asked, now = request.path, request.query, self.clock.now
        if path == "/api/v2/token/refresh":
            return self._token(asked)
        if request.headers.get(HEADER) not in self._tokens:
            return _error(401, 105002, "Expired credentials, access_token is expired.")
        if asked.get("sign") != signature(SECRET, path, asked, request.body):
            return _error(401, 106001, "Invalid credentials. The 'sign' is invalid.")
        if path == "/authorization/202309/shops":
            return _data({"shops": [{"id": SHOP_ID, "name": "Demo", "region": "US", "cipher": CIPHER, "code": "USDEMO"}]})
        if asked.get("shop_cipher") != CIPHER:
            return _error(400, 106011, "Invalid shop_cipher.")
        if path == "/order/202309/orders":
            known = {str(order.id): order for order in self.shop.orders if order.placed_at <= now}
            return _data({"orders": [self._order(known[name], now) for name in asked["ids"].split(",") if name in known]})
        return self._list(path, asked, json.loads(request.body or b"{}"))

    def _token(self, asked: Mapping[str, str]) -> Reply:
        if self.is_revoked or asked.get("app_secret") != SECRET:
            return Reply.json({"code": 36004004, "message": "The refresh token is invalid or has expired.", "data": None})
        self._given += 1
        self._tokens.add(f"ROW_{self._given}")
        until = int((datetime.now(UTC) + timedelta(days=7)).timestamp())
        return _data(
            {"access_token": f"ROW_{self._given}", "access_token_expire_in": until, "refresh_token": asked["refresh_token"]}
        )

    def _list(self, path: str, asked: Mapping[str, str], body: Mapping[str, Any]) -> Reply:
        now = self.clock.now
        if path == "/order/202309/orders/search":
            return self._search("orders", self._orders(body, now), asked, body)
        if path == "/return_refund/202309/returns/search":
            return self._search("return_orders", self._returns(now), asked, body, body.get("return_ids"))
        if path == "/return_refund/202309/cancellations/search":
            return self._search("cancellations", self._cancellations(now), asked, body, body.get("cancel_ids"))
        days = {day: moves for day, moves in settled(self.shop).items() if _closed(day) <= now}
        if path == "/finance/202309/statements":
            since = self._moment(int(asked["statement_time_ge"]))
            return self._page("statements", [self._statement(day, now) for day in days if _closed(day) >= since], asked)
        number = path.removeprefix("/finance/202501/statements/").removesuffix("/statement_transactions")
        moves = next((moves for day, moves in days.items() if statement_number(day) == number), None)
        if moves is None:
            return _error(404, 36009009, "Invalid path.")
        return self._page("transactions", [self._transaction(*moved) for moved in moves], asked)

    def _search(
        self, name: str, records: list[Dated], asked: Mapping[str, str], body: Mapping[str, Any], ids: list[str] | None = None
    ) -> Reply:
        """Records by time, oldest first."""
        is_moved = "update_time_ge" in body
        field = "update_time" if is_moved else "create_time"
        start = self._moment(body.get(f"{field}_ge", 0))
        end = self._moment(body[f"{field}_lt"]) if f"{field}_lt" in body else self.clock.now + timedelta(days=1)
        dated = [(updated if is_moved else created, number, make) for created, updated, number, make in records]
        found = sorted((r for r in dated if start <= r[0] < end and (ids is None or r[1] in ids)), key=lambda r: r[:2])
        return self._page(name, [make for *_, make in found], asked)

    def _page(self, name: str, records: list[Any], asked: Mapping[str, str]) -> Reply:
        first, size = int(base64.b64decode(asked.get("page_token") or b"MA==")), int(asked["page_size"])
        page = [record() if callable(record) else record for record in records[first : first + size]]
        more = base64.b64encode(f"{first + size}".encode()).decode() if first + size < len(records) else ""
        return _data({"total_count": len(records), "next_page_token": more, **({name: page} if page else {})})

    def _orders(self, body: Mapping[str, Any], now: datetime) -> list[Dated]:
        if "update_time_ge" in body:
            since = self._moment(body["update_time_ge"])
            seen = [(s.order, s.at, s.changed_at) for s in self.views.changed_since(since, None, now, self.faults)]
        else:
            seen = [(order, now, order.placed_at) for order in self.shop.orders if order.placed_at <= now]
        return [(o.placed_at.replace(microsecond=0), changed, str(o.id), partial(self._order, o, at)) for o, at, changed in seen]

    def _returns(self, now: datetime) -> list[Dated]:
        """Returns by now, first asked for, then done."""
        found: list[Dated] = []
        for order in self.shop.orders:
            for back in order.returns:
                asked, is_done = asked_at(order, back).replace(microsecond=0), back.at <= now
                if asked <= now:
                    changed = back.at.replace(microsecond=0) if is_done else asked
                    found.append((asked, changed, f"40{back.id}", partial(self._return, order, back, is_done)))
        return found

    def _cancellations(self, now: datetime) -> list[Dated]:
        """Orders that were cancelled, and items."""
        found: list[Dated] = []
        for order in self.shop.orders:
            for at, number, items, cents in cancelled(order):
                if at <= now:
                    made = at.replace(microsecond=0)
                    found.append((made, made, number, partial(self._cancellation, order, at, number, items, cents)))
        return found

    def _order(self, order: Order, now: datetime) -> dict[str, Any]:
        is_cancelled = order.cancelled_at is not None and order.cancelled_at <= now
        is_paid = order.placed_at + PAID_AFTER <= now
        gone = [parcel for parcel in order.parcels if parcel.shipped_at <= now]
        arrived_at = arrived(order)
        is_there = arrived_at is not None and arrived_at <= now and gone == order.parcels
        whole = sum(units for parcel in gone for _, units in parcel.units) >= sum(line.units for line in order.lines)
        status = (CANCELLED if is_cancelled else "UNPAID" if not is_paid else "DELIVERED" if is_there else "IN_TRANSIT" if gone and whole
                  else "PARTIALLY_SHIPPING" if gone else "AWAITING_SHIPMENT")  # fmt: skip
        items = [self._item(order, line, unit, now) for line in order.lines for unit in range(line.units + line.removed_units)]
        product_tax, paid = sum(line.tax for line in order.lines), order.total + order.removed
        told: dict[str, Any] = {
            "id": str(order.id), "status": status, "create_time": self._at(order.placed_at),
            "update_time": self._at(self.views.changed_at(order, now) or order.placed_at), "user_id": f"{7_000_000_000 + order.customer}",
            "buyer_email": f"customer{order.customer}@scs.tiktokw.us", "buyer_message": "Please ring twice" if order.has_note else "",
            "payment_method_name": "Credit card", "shipping_type": "SELLER", "fulfillment_type": "FULFILLMENT_BY_SELLER", "is_sample_order": False,
            "delivery_option_name": "Express Shipping" if order.is_expedited else "Standard Shipping", "warehouse_id": "6955005333819123123",
            "rts_sla_time": self._at(order.placed_at + timedelta(days=2)),
            "payment": {
                "currency": self.shop.currency, "total_amount": money(paid), "shipping_fee": money(order.shipping),
                "sub_total": money(sum(line.gross - line.discount for line in order.lines) + order.removed), "tax": money(product_tax + order.shipping_tax),
                "product_tax": money(product_tax), "shipping_fee_tax": money(order.shipping_tax),
            },
            "recipient_address": {"name": f"Customer {order.customer}", "phone_number": f"(+1)213***{order.customer:04d}", "region_code": order.country,
                                  "postal_code": order.postal_code, "full_address": f"Street {order.customer}"},
            "line_items": items,
        }  # fmt: skip
        if is_paid:
            told["paid_time"] = self._at(order.placed_at + PAID_AFTER)
        if is_cancelled and order.cancelled_at:
            told |= {"cancel_time": self._at(order.cancelled_at), "cancellation_initiator": "BUYER" if order.cancelled_by == "customer" else "SELLER",
                     "cancel_reason": "No longer needed"}  # fmt: skip
        if is_there and arrived_at:
            told["delivery_time"] = self._at(arrived_at)
        return told

    def _item(self, order: Order, line: Line, unit: int, now: datetime) -> dict[str, Any]:
        """A unit of a line: its share of what the line took off and was taxed; a unit that was removed bears neither."""
        is_extra = unit >= line.units
        off, tax = (0, 0) if is_extra else (share(line.discount, line.units, unit), share(line.tax, line.units, unit))
        is_gone = is_extra and order.edited_at is not None and order.edited_at <= now
        is_cancelled = is_gone or (order.cancelled_at is not None and order.cancelled_at <= now)
        parcel = None if is_extra else parcel_of(order, line, unit)
        told = {
            "id": item_number(order, line, unit), "sku_id": f"17{line.number:04d}", "seller_sku": line.sku, "product_name": f"Article {line.sku}",
            "sku_name": "Default", "currency": self.shop.currency, "original_price": money(line.price), "sale_price": money(line.price - off),
            "seller_discount": money(off), "platform_discount": "0", "sku_type": "NORMAL", "is_gift": False,
            "display_status": CANCELLED if is_cancelled else "AWAITING_SHIPMENT",
            "item_tax": [{"tax_type": "SALES_TAX", "tax_amount": money(tax), "tax_rate": "0.08"}],
        }  # fmt: skip
        if parcel and parcel.shipped_at <= now:
            arrived_at = arrived(order)
            is_there = arrived_at is not None and arrived_at <= now
            told |= {"package_id": str(parcel.id), "package_status": "COMPLETED" if is_there else "FULFILLING", "rts_time": self._at(parcel.shipped_at),
                     "tracking_number": f"94{parcel.id}", "shipping_provider_name": "USPS"}  # fmt: skip
        return told

    def _return(self, order: Order, back: Return, is_done: bool) -> dict[str, Any]:
        line = next(line for line in order.lines if line.sku == back.sku)
        items = [
            {"return_line_item_id": f"41{back.id}{unit}", "order_line_item_id": item_number(order, line, unit), "seller_sku": back.sku,
             "refund_amount": self._refunded(share(back.cents, back.units, unit))}
            for unit in range(back.units)
        ]  # fmt: skip
        return {
            "return_id": f"40{back.id}", "order_id": str(order.id), "return_type": "RETURN_AND_REFUND", "role": "BUYER",
            "return_status": "RETURN_OR_REFUND_REQUEST_COMPLETE" if is_done else "AWAITING_BUYER_SHIP", "return_reason_text": back.reason,
            "create_time": self._at(asked_at(order, back)), "update_time": self._at(back.at if is_done else asked_at(order, back)),
            "refund_amount": self._refunded(back.cents), "return_line_items": items,
        }  # fmt: skip

    def _cancellation(self, order: Order, at: datetime, number: str, items: list[str], cents: int) -> dict[str, Any]:
        return {
            "cancel_id": number, "order_id": str(order.id), "cancel_type": "BUYER_CANCEL", "cancel_status": "CANCELLATION_REQUEST_COMPLETE", "role": "BUYER",
            "cancel_reason_text": "No longer needed", "create_time": self._at(at), "update_time": self._at(at), "refund_amount": self._refunded(cents),
            "cancel_line_items": [{"cancel_line_item_id": f"{number}{item}", "order_line_item_id": item} for item in items],
        }  # fmt: skip

    def _refunded(self, cents: int) -> dict[str, str]:
        nothing = dict.fromkeys(("refund_shipping_fee", "refund_tax", "retail_delivery_fee", "buyer_service_fee"), "0")
        return {"currency": self.shop.currency, "refund_total": money(cents), "refund_subtotal": money(cents), **nothing}

    def _statement(self, day: date, now: datetime) -> dict[str, Any]:
        moves = settled(self.shop)[day]
        revenue, fees = sum(cents for _, _, cents in moves), sum(commission(cents) for _, _, cents in moves)
        is_paid = _closed(day) + timedelta(days=1) <= now
        paid = {"payment_time": self._at(_closed(day) + timedelta(days=1)), "payment_id": f"34{day:%Y%m%d}"} if is_paid else {}
        return {
            "id": statement_number(day), "statement_time": self._at(_closed(day)), "currency": self.shop.currency, "revenue_amount": money(revenue),
            "fee_amount": money(-fees), "adjustment_amount": "0", "settlement_amount": money(revenue - fees),
            "payment_status": "PAID" if is_paid else "PROCESSING", **paid,
        }  # fmt: skip

    def _transaction(self, number: str, order: Order, cents: int) -> dict[str, Any]:
        return {
            "id": number, "type": "ORDER", "order_id": str(order.id), "adjustment_id": "0", "order_create_time": self._at(order.placed_at),
            "revenue_amount": money(cents), "fee_tax_amount": money(-commission(cents)), "shipping_cost_amount": "0", "adjustment_amount": "0",
            "settlement_amount": money(cents - commission(cents)),
        }  # fmt: skip

    def _at(self, moment: datetime) -> int:
        return int((moment + self.faults.weather.skew).timestamp())

    def _moment(self, seconds: int) -> datetime:
        return datetime.fromtimestamp(seconds, UTC) - self.faults.weather.skew if seconds else datetime(1970, 1, 1, tzinfo=UTC)


CANCELLED = "CANCELLED"


def share(cents: int, units: int, unit: int) -> int:
    """A unit's share of a line's amount in cents; the first bears what is left over."""
    return cents // units + (cents % units if unit == 0 else 0)


def item_number(order: Order, line: Line, unit: int) -> str:
    """The line item of a unit."""
    return f"{order.id}{line.number:02d}{unit:03d}"


def parcel_of(order: Order, line: Line, unit: int) -> Parcel | None:
    """The parcel that a unit leaves in, if it leaves."""
    before = 0
    for parcel in order.parcels:
        for number, units in parcel.units:
            before += units if number == line.number else 0
            if number == line.number and unit < before:
                return parcel
    return None


def cancelled(order: Order) -> list[tuple[datetime, str, list[str], int]]:
    """Cancellations of an order: when, their id, the items, what is paid back in cents."""
    found = []
    if order.cancelled_at:
        items = [item_number(order, line, unit) for line in order.lines for unit in range(line.units)]
        is_paid = order.cancelled_at >= order.placed_at + PAID_AFTER
        found.append((order.cancelled_at, f"42{order.id}", items, order.total if is_paid else 0))
    if order.edited_at:
        items = [item_number(order, line, line.units + unit) for line in order.lines for unit in range(line.removed_units)]
        found.append((order.edited_at, f"43{order.id}", items, order.removed))
    return found


def settled(shop: Shop) -> dict[date, list[tuple[str, Order, int]]]:
    """What is in each day's statement: orders when they have arrived, returns; number, order, cents before fees."""
    days: dict[date, list[tuple[str, Order, int]]] = {}
    for order in shop.orders:
        at = arrived(order)
        moves = [(at, f"50{order.id}", order.total)] if at and not order.cancelled_at else []
        for when, number, cents in [*moves, *((back.at, f"51{back.id}", -back.cents) for back in order.returns)]:
            days.setdefault(when.date(), []).append((number, order, cents))
    return dict(sorted(days.items()))


def statement_number(day: date) -> str:
    """The statement of a day."""
    return f"72{day:%Y%m%d}"


def _closed(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _data(value: dict[str, Any]) -> Reply:
    return Reply.json({"code": 0, "message": "Success", "request_id": "2026", "data": value})


def _error(status: int, code: int, message: str) -> Reply:
    return Reply.json({"code": code, "message": message, "request_id": "2026"}, status)
