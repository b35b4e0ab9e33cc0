"""Stripe's API over what the demo merchant's shop was paid. Lists begin with the newest, and a transaction doesn't name its payout."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pipelines.demo.servers.faults import Faults, Weather
from pipelines.demo.servers.server import Clock, Reply, Request
from pipelines.demo.servers.shop import Order, Payment, Shop, fee
from pipelines.demo.servers.views import LATE_SHARE

ARRIVES_AFTER = timedelta(days=2)


class StripePlatform:
    """One account, with a payout a day."""

    def __init__(self, shop: Shop, clock: Clock, weather: Weather | None = None, seed: int = 0) -> None:
        self.faults, self.clock, self.shop = Faults(weather or Weather(), seed), clock, shop
        self.base = ""
        self._settled = shop.payout_days()

    def list_of(self, request: Request) -> str:
        return f"{request.path} {request.query.get('payout')} {request.query.get('created[gte]')}"

    def throttled(self) -> Reply:
        return _error(429, "rate_limit", "Too many requests hit the API too quickly.")

    def forget_tokens(self) -> None:
        """Keys of this platform don't expire."""

    def records(self, stream: str) -> list[dict[str, Any]]:
        now = self.clock.now
        if stream == "payouts":
            return [self._payout(day, now) for day in self._settled]
        return [
            {"payout": _number(day)} | self._entry(order, payment)
            for day, settled in self._settled.items()
            for order, payment in settled
        ]

    def answer(self, request: Request) -> Reply:
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return _error(401, "invalid_request_error", "You did not provide an API key.")
        asked, now = request.query, self.clock.now
        if request.path == "/v1/balance":
            return Reply.json(
                {"object": "balance", "available": [], "pending": [{"amount": 0, "currency": self.shop.currency.lower()}]}
            )
        if request.path == "/v1/payouts":
            return self._page([self._payout(day, now) for day in self._settled if _made(day) <= now], asked)
        if request.path != "/v1/balance_transactions":
            return _error(404, "invalid_request_error", f"Unrecognized request URL ({request.method}: {request.path}).")
        if "payout" in asked:
            day = next((day for day in self._settled if _number(day) == asked["payout"] and _made(day) <= now), None)
            if day is None:
                return _error(404, "invalid_request_error", f"No such payout: '{asked['payout']}'")
            return self._page(
                [self._entry(order, payment) for order, payment in self._settled[day]] + [self._transfer(day)], asked
            )
        return self._page(self._shown(now), asked)

    def _shown(self, now: datetime) -> Iterable[dict[str, Any]]:
        """Transactions by now; some show late."""
        lag = self.faults.weather.lag
        for day, settled in self._settled.items():
            for order, payment in settled:
                if payment.at <= (now - lag if lag and self.faults.is_hit(LATE_SHARE) else now):
                    yield self._entry(order, payment)
            if _made(day) <= now:
                yield self._transfer(day)

    def _page(self, records: Iterable[dict[str, Any]], asked: Mapping[str, str]) -> Reply:
        since = int(asked.get("created[gte]", 0))
        wanted = sorted((r for r in records if r["created"] >= since), key=lambda r: (r["created"], r["id"]), reverse=True)
        if "starting_after" in asked:
            places = [n for n, record in enumerate(wanted) if record["id"] == asked["starting_after"]]
            if not places:
                return _error(400, "invalid_request_error", f"No such object: '{asked['starting_after']}'")
            wanted = wanted[places[0] + 1 :]
        size = int(asked.get("limit", 10))
        return Reply.json({"object": "list", "url": "/v1", "has_more": len(wanted) > size, "data": wanted[:size]})

    def _payout(self, day: date, now: datetime) -> dict[str, Any]:
        arrives = _made(day) + ARRIVES_AFTER
        return {
            "id": _number(day), "object": "payout", "amount": self._net(day), "arrival_date": self._at(arrives), "automatic": True,
            "balance_transaction": f"txn_{_number(day)}", "created": self._at(_made(day)), "currency": self.shop.currency.lower(),
            "description": "STRIPE PAYOUT", "failure_code": None, "livemode": False, "metadata": {}, "method": "standard", "reconciliation_status": "completed",
            "status": "paid" if arrives <= now else "in_transit", "type": "bank_account",
        }  # fmt: skip

    def _entry(self, order: Order, payment: Payment) -> dict[str, Any]:
        is_charge = payment.kind == "capture"
        cents, kept = payment.cents if is_charge else -payment.cents, fee(payment)
        charge = {
            "id": f"ch_{payment.id}", "object": "charge", "metadata": {"order_id": str(order.id)}, "receipt_email": f"customer{order.customer}@example.com",
            "billing_details": {"email": f"customer{order.customer}@example.com", "name": f"Customer {order.customer}"},
        }  # fmt: skip
        refund = {"id": f"re_{payment.id}", "object": "refund", "charge": f"ch_of_{order.id}", "metadata": {}}
        return {
            "id": f"txn_{payment.id}", "object": "balance_transaction", "amount": cents, "available_on": self._at(payment.at + timedelta(days=2)),
            "created": self._at(payment.at), "currency": self.shop.currency.lower(), "description": f"Order {order.number}", "exchange_rate": None,
            "fee": kept, "fee_details": [{"amount": kept, "type": "stripe_fee"}] if kept else [], "net": cents - kept,
            "reporting_category": "charge" if is_charge else "refund", "source": charge if is_charge else refund, "status": "available",
            "type": "charge" if is_charge else "refund",
        }  # fmt: skip

    def _transfer(self, day: date) -> dict[str, Any]:
        """The payout itself, as the account's balance shows it."""
        return {
            "id": f"txn_{_number(day)}", "object": "balance_transaction", "amount": -self._net(day), "available_on": self._at(_made(day)),
            "created": self._at(_made(day)), "currency": self.shop.currency.lower(), "description": "STRIPE PAYOUT", "fee": 0, "fee_details": [],
            "net": -self._net(day), "reporting_category": "payout", "source": {"id": _number(day), "object": "payout", "metadata": {}},
            "status": "available", "type": "payout",
        }  # fmt: skip

    def _net(self, day: date) -> int:
        return sum((p.cents if p.kind == "capture" else -p.cents) - fee(p) for _, p in self._settled[day])

    def _at(self, moment: datetime) -> int:
        return int((moment + self.faults.weather.skew).timestamp())


def _made(day: date) -> datetime:
    """When the payout of a day's money is made: the night after."""
    return datetime.combine(day + timedelta(days=1), time(1), UTC)


def _number(day: date) -> str:
    return f"po_{day:%Y%m%d}"


def _error(status: int, kind: str, message: str) -> Reply:
    return Reply.json({"error": {"type": kind, "message": message}}, status)
