"""Amazon's tab-separated reports over the demo merchant's shop: settlements and returns. Not here: how they are asked for."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.demo.servers.shop import Order, Shop

PERIOD = timedelta(days=14)
COMMISSION = 15  # percent
HEALTH = {
    "lateShipmentRate": 0.031,
    "prefulfillmentCancelRate": 0.006,
    "validTrackingRate": 0.982,
    "unitOnTimeDeliveryRate": 0.941,
}
SETTLEMENT = ("settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency", "transaction-type", "order-id",
              "merchant-order-id", "adjustment-id", "shipment-id", "marketplace-name", "amount-type", "amount-description", "amount", "fulfillment-id",
              "posted-date", "posted-date-time", "order-item-code", "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased",
              "promotion-id")  # fmt: skip
RETURNS = ("Order ID", "Order date", "Return request date", "Return request status", "Amazon RMA ID", "Merchant RMA ID", "Currency code", "ASIN",
           "Merchant SKU", "Item Name", "Return quantity", "Return Reason", "Resolution", "Order Amount", "Order quantity", "Refunded Amount")  # fmt: skip


def money(cents: int) -> str:
    """Cents as an amount."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def made(shop: Shop, kind: str, start: str, end: str, now: datetime) -> bytes | None:
    """A report of a span that was asked for; None where it holds nothing."""
    if kind == "GET_V2_SELLER_PERFORMANCE_REPORT":
        return _performance(now)
    if kind != "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE":
        return None
    first, last = datetime.fromisoformat(start), min(datetime.fromisoformat(end), now)
    rows = [
        {"Order ID": order.number, "Order date": _at(order.placed_at), "Return request date": _at(back.at), "Return request status": "Approved",
         "Amazon RMA ID": back.id, "Currency code": shop.currency, "Merchant SKU": back.sku, "Return quantity": str(back.units), "Return Reason": back.reason,
         "Refunded Amount": money(back.cents)}
        for order in shop.orders for back in order.returns if first <= back.at < last
    ]  # fmt: skip
    return _written(RETURNS, rows) if rows else None


def _performance(now: datetime) -> bytes:
    """The account's health as the marketplace sees it; its range ended yesterday."""
    until = {
        "reportingDateFrom": f"{now - timedelta(days=30):%Y-%m-%d}T00:00Z",
        "reportingDateTo": f"{now - timedelta(days=1):%Y-%m-%d}T23:59Z",
    }
    told = {name: {"rate": rate, "status": "GOOD", "reportingDateRange": until} for name, rate in HEALTH.items()}
    defects = {
        kind: {"rate": 0.004, "status": "GOOD", "fulfillmentType": kind, "reportingDateRange": until} for kind in ("mfn", "afn")
    }
    metrics = [{"marketplaceId": "ATVPDKIKX0DER", **told, "orderDefectRate": defects}]
    return json.dumps({"accountStatuses": [], "performanceMetrics": metrics}, indent=2).encode()


def settlements(shop: Shop, now: datetime) -> Iterator[tuple[str, bytes]]:
    """Every fortnight's settlement that is closed: its number and its file."""
    start = shop.orders[0].placed_at.replace(hour=0, minute=0, second=0, microsecond=0)
    number = 19_000_000_001
    while start + PERIOD <= now:
        rows = list(_entries(shop, start, start + PERIOD))
        total = sum(row["cents"] for row in rows)
        period = {"settlement-id": str(number), "settlement-start-date": _at(start), "settlement-end-date": _at(start + PERIOD),
                  "deposit-date": _at(start + PERIOD), "total-amount": money(total), "currency": shop.currency}  # fmt: skip
        told = [{"settlement-id": str(number), "amount": money(row["cents"]), **row["told"]} for row in rows]
        yield str(number), _written(SETTLEMENT, [period, *told])
        start, number = start + PERIOD, number + 1


def _entries(shop: Shop, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    for order in shop.orders:
        first_parcel = min((p.shipped_at for p in order.parcels), default=None)
        if first_parcel and start <= first_parcel < end:
            yield from _charges(order, first_parcel)
        for back in order.returns:
            if start <= back.at < end:
                told = _told("Refund", order, back.at, "ItemPrice", "Principal") | {
                    "sku": back.sku,
                    "adjustment-id": back.id,
                    "order-item-code": order.number,
                }
                yield {"cents": -back.cents, "told": told}


def _charges(order: Order, at: datetime) -> Iterator[dict[str, Any]]:
    for line in order.lines:
        item = {"sku": line.sku, "order-item-code": str(order.id * 10 + line.number), "quantity-purchased": str(line.units)}
        net = line.gross - line.discount
        yield {"cents": net, "told": _told("Order", order, at, "ItemPrice", "Principal") | item}
        yield {"cents": -(net * COMMISSION // 100), "told": _told("Order", order, at, "ItemFees", "Commission") | item}


def _told(kind: str, order: Order, at: datetime, amount_type: str, description: str) -> dict[str, str]:
    return {"transaction-type": kind, "order-id": order.number, "marketplace-name": "Amazon.com", "amount-type": amount_type,
            "amount-description": description, "posted-date": f"{at:%Y-%m-%d}", "posted-date-time": _at(at)}  # fmt: skip


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _written(header: tuple[str, ...], rows: list[dict[str, str]]) -> bytes:
    lines = ["\t".join(header), *("\t".join(row.get(name, "") for name in header) for row in rows)]
    return ("\n".join(lines) + "\n").encode()
