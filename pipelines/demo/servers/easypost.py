"""EasyPost's API over the parcels of one of the demo merchant's channels. Lists go from the newest back and tell no change by its time."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pipelines.demo.servers.amazon_reports import money
from pipelines.demo.servers.faults import Faults, Weather
from pipelines.demo.servers.server import Clock, Reply, Request
from pipelines.demo.servers.shop import Order, Parcel, Shop
from pipelines.demo.servers.views import LATE_SHARE

LABELLED_BEFORE, SCANNED_AFTER = timedelta(hours=2), timedelta(hours=3)
MONTH = timedelta(days=30)  # that a list spans where it isn't told its start or its end
LATE_EVERY, LATE_BY = 20, timedelta(days=12)  # every so many-th delivery scan is passed on so late
RETURNED_EVERY = 31  # every so many-th parcel comes back to its sender


def bought_at(parcel: Parcel) -> datetime:
    """When the label of a parcel was bought."""
    return (parcel.shipped_at - LABELLED_BEFORE).replace(microsecond=0)


def is_turned_back(parcel: Parcel) -> bool:
    """True for a parcel that the carrier can't hand over."""
    return parcel.id % RETURNED_EVERY == 0


def known_from(parcel: Parcel) -> datetime | None:
    """From when on the arrival of a parcel is told."""
    return parcel.delivered_at + (LATE_BY if parcel.id % LATE_EVERY == 0 else timedelta(0)) if parcel.delivered_at else None


def cost(parcel: Parcel) -> int:
    """What a label costs, in cents."""
    return 490 + parcel.id % 7 * 50


class EasypostPlatform:
    """One account, which buys its labels here."""

    def __init__(self, shop: Shop, clock: Clock, weather: Weather | None = None, seed: int = 0) -> None:
        self.faults, self.clock, self.shop = Faults(weather or Weather(), seed), clock, shop
        self.base = ""
        self._parcels = sorted(
            ((o, p) for o in shop.orders for p in o.parcels), key=lambda known: (bought_at(known[1]), known[1].id)
        )

    def list_of(self, request: Request) -> str:
        return (
            f"{request.path} {sorted((n, v) for n, v in request.query.items() if n != 'before_id')}"
            if "page_size" in request.query
            else ""
        )

    def throttled(self) -> Reply:
        return _error(429, "RATE_LIMITED")

    def forget_tokens(self) -> None:
        """Keys of this platform don't expire."""

    def records(self, stream: str) -> list[dict[str, Any]]:
        make = self._tracker if stream == "trackers" else self._label
        return [make(order, parcel, self.clock.now) for order, parcel in self._parcels]

    def answer(self, request: Request) -> Reply:
        given = base64.b64decode(request.headers.get("Authorization", "").removeprefix("Basic "))
        if not given.endswith(b":") or len(given) == 1:
            return _error(401, "APIKEY.INACTIVE")
        _, _, name, *rest = request.path.split("/")
        make, prefix = {"trackers": (self._tracker, "trk_"), "shipments": (self._label, "shp_")}.get(name, (None, ""))
        if make is None:
            return _error(404, "NOT_FOUND")
        shown = [(order, parcel) for order, parcel in self._parcels if bought_at(parcel) <= self.clock.now]
        if rest:
            found = next((known for known in shown if f"{prefix}{known[1].id}" == rest[0]), None)
            return Reply.json(make(*found, self.clock.now)) if found else _error(404, "NOT_FOUND")
        page, has_more = self._page(shown, request.query, prefix)
        return Reply.json({name: [make(order, parcel, at) for order, parcel, at in page], "has_more": has_more})

    def _page(
        self, shown: list[tuple[Order, Parcel]], asked: Mapping[str, str], prefix: str
    ) -> tuple[list[tuple[Order, Parcel, datetime]], bool]:
        """A page from the newest back; some parcels show late, and some as they were before."""
        now, weather, size = self.clock.now, self.faults.weather, int(asked["page_size"])
        start, end = (self._moment(asked.get(name)) for name in ("start_datetime", "end_datetime"))
        start, end = start or (end or now) - MONTH, end or (start + MONTH if start else now + timedelta(days=1))
        known = [(o, p) for o, p in shown if start <= bought_at(p) < end]
        known = [(o, p) for o, p in known if bought_at(p) <= now - weather.lag or not self.faults.is_hit(LATE_SHARE)]
        known.reverse()
        if "before_id" in asked:
            known = known[next((n + 1 for n, (_, p) in enumerate(known) if f"{prefix}{p.id}" == asked["before_id"]), 0) :]
        stale = now - weather.staleness
        page = [
            (o, p, stale if weather.staleness and bought_at(p) <= stale and self.faults.is_hit(LATE_SHARE) else now)
            for o, p in known[:size]
        ]
        return page, len(known) > size

    def _tracker(self, order: Order, parcel: Parcel, now: datetime) -> dict[str, Any]:
        scans = [("pre_transit", bought_at(parcel)), ("in_transit", parcel.shipped_at + SCANNED_AFTER)]
        told_at = known_from(parcel)
        if parcel.delivered_at and told_at and told_at <= now:
            scans += [("return_to_sender", parcel.delivered_at - timedelta(minutes=5))] if is_turned_back(parcel) else []
            scans += [("delivered", parcel.delivered_at)]
        scans = sorted((scan for scan in scans if scan[1] <= now), key=lambda scan: scan[1])
        changed = max([bought_at(parcel), *(at for _, at in scans), *([told_at] if told_at and told_at <= now else [])])
        return {
            "id": f"trk_{parcel.id}", "object": "Tracker", "mode": "production", "tracking_code": tracking_code(parcel), "status": scans[-1][0],
            "created_at": self._at(bought_at(parcel)), "updated_at": self._at(changed), "carrier": "DHLPaket", "shipment_id": f"shp_{parcel.id}",
            "signed_by": f"Customer {order.customer}", "tracking_details": [
                {"object": "TrackingDetail", "status": status, "datetime": self._at(at), "source": "DHLPaket", "message": status} for status, at in scans
            ],
        }  # fmt: skip

    def _label(self, order: Order, parcel: Parcel, now: datetime) -> dict[str, Any]:
        rate = {
            "object": "Rate",
            "carrier": "DHLPaket",
            "service": "Paket",
            "rate": money(cost(parcel)),
            "currency": self.shop.currency,
        }
        return {
            "id": f"shp_{parcel.id}", "object": "Shipment", "tracking_code": tracking_code(parcel), "created_at": self._at(bought_at(parcel)),
            "updated_at": self._at(bought_at(parcel)), "is_return": False, "refund_status": None, "selected_rate": rate,
            "postage_label": {"object": "PostageLabel", "label_date": self._at(bought_at(parcel))},
            "to_address": {"object": "Address", "name": f"Customer {order.customer}", "zip": order.postal_code, "country": order.country},
        }  # fmt: skip

    def _at(self, moment: datetime) -> str:
        return f"{moment + self.faults.weather.skew:%Y-%m-%dT%H:%M:%SZ}"

    def _moment(self, text: str | None) -> datetime | None:
        return datetime.fromisoformat(text) - self.faults.weather.skew if text else None


def tracking_code(parcel: Parcel) -> str:
    """The carrier's number, as the marketplace shop tells it of its parcel."""
    return f"00{parcel.id}"


def _error(status: int, code: str) -> Reply:
    return Reply.json({"error": {"code": code, "message": code, "errors": []}}, status)
