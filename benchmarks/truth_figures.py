"""What the demo merchant's figures really are, by plain loops over its truth. Here: every figure that it tells. Not here: the registry's answers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from currency_converter import CurrencyConverter

from pipelines.demo.exports.operations import LABEL_CENTS, PIECE_CENTS
from pipelines.demo.world import CHANNELS

END = date(2026, 1, 20)
AS_OF = datetime.combine(END + timedelta(days=1), time(6, 30), UTC)
SHIP, ARRIVE = timedelta(hours=48), timedelta(days=7)  # what the demo's mappings promise
WITHOUT_PROMISE = ("stores",)
BY_ORDER = ("shop_eu",)  # gives its discount on the whole order
KNOWS_CUSTOMERS = ("shop_eu", "shop_uk")
ZONES = {channel.code: channel.time_zone for channel in CHANNELS}

PARTS = ("orders", "order_lines", "shipments", "returns", "payments")
PLACES, RATE_PLACES, CENT = Decimal("0.0001"), Decimal("0.0000000001"), Decimal("0.01")
Row = dict[str, Any]
Key = tuple[str, str]
Values = dict[str, Any]


class Truth:
    """The truth's tables as rows, with what belongs to each order beside it."""

    def __init__(self, folder: Path, channel: str = "") -> None:
        """Of one channel, or of all."""
        frames = {name: pl.read_parquet(folder / name / "*.parquet") for name in PARTS}
        read = {
            name: [row for row in rows.iter_rows(named=True) if channel in {"", row["channel"]}] for name, rows in frames.items()
        }
        self.orders = [order for order in read["orders"] if not order["is_test"]]
        self.returns: list[Row] = read["returns"]
        self.lines, self.parcels, self.payments = (_by_order(read[name]) for name in ("order_lines", "shipments", "payments"))
        self.costs = pl.read_parquet(folder / "product_costs.parquet").sort("valid_from_date").to_dicts()
        self.stock = pl.read_parquet(folder / "stock_end.parquet").to_dicts()

    def sold(self) -> Iterator[tuple[Row, list[Row]]]:
        """Paid orders that were not cancelled, with their goods: gift cards are a liability."""
        for order in self.orders:
            goods = [line for line in self.lines[key(order)] if not line["is_gift_card"]]
            if goods and not order["is_payment_failed"] and not order["is_cancelled"]:
                yield order, goods

    def unit_cost(self, sku: str, on: date) -> Decimal | None:
        """In euros; None for bundles, which have no cost of their own."""
        known = [c["unit_cost_amount"] for c in self.costs if c["sku"] == sku and c["valid_from_date"] <= on]
        return known[-1] if known else None


def key(row: Row) -> Key:
    return row["channel"], row["order_id"]


def _by_order(rows: list[Row]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def expected(folder: Path, channel: str = "") -> Values:
    """Every figure that the truth tells, by the metric's name: None where nothing counts, of a distribution three percentiles.

    Stock is nobody's: only the figures of all channels have it.
    """
    truth = Truth(folder, channel)
    lines, lives = list(_leaving(truth)), _lives(truth)
    told = (
        _sales(truth),
        _promises(lines),
        _stages(lives),
        _costs(truth, lives),
        _returns(truth),
        _payments(truth, lives),
        _customers(truth),
    )
    of_stock = {} if channel else _stock(truth)
    return {name: value for part in (*told, of_stock) for name, value in part.items()}


@cache
def _worth(currency: str, on: date) -> Decimal:
    """Euros for one of a currency, by the European Central Bank's fixing of the day or the last before it."""
    if currency == "EUR":
        return Decimal(1)
    return (1 / Decimal(_fixings().convert(1, "EUR", currency, date=on))).quantize(RATE_PLACES)


@cache
def _fixings() -> CurrencyConverter:
    return CurrencyConverter(
        decimal=True, fallback_on_wrong_date=True, fallback_on_missing_rate=True, fallback_on_missing_rate_method="last_known"
    )


def _euros(amount: Decimal, currency: str, on: date) -> Decimal:
    return (amount * _worth(currency, on)).quantize(PLACES, ROUND_HALF_UP)


def _sales(truth: Truth) -> Values:
    gross = discounts = Decimal(0)
    entries = []  # SKU, day, units and euros of everything that moves sales
    for order, goods in truth.sold():
        for line, discount in zip(goods, _discounts(order, goods), strict=True):
            gross, discounts = gross + line["gross_amount"], discounts + discount
            net = _euros(line["gross_amount"] - discount, order["currency_code"], order["business_date"])
            entries.append((line["sku"], order["business_date"], line["ordered_units"], net))
    for back in truth.returns:
        day = back["returned_at"].astimezone(ZoneInfo(ZONES[back["channel"]])).date()
        entries.append((back["sku"], day, -back["returned_units"], -_euros(back["refund_amount"], back["currency_code"], day)))
    costed = [(net, truth.unit_cost(sku, day), units) for sku, day, units, net in entries]
    known = sum(net for net, cost, _ in costed if cost is not None)
    margin = known - sum(cost * units for _, cost, units in costed if cost is not None)
    net_sales = sum(net for *_, net in entries)
    return {
        "orders": sum(1 for _ in truth.sold()), "net_sales": net_sales, "sold_units": sum(units for _, _, units, _ in entries),
        "discount_rate": ratio(discounts, gross), "gross_margin": margin, "gross_margin_rate": ratio(margin, known),
        "margin_coverage_rate": ratio(known, net_sales),
    }  # fmt: skip


def _discounts(order: Row, goods: list[Row]) -> list[Decimal]:
    """What each line bears: its own discount, or its share of the order's by value; what rounding leaves is the first line's."""
    if order["channel"] not in BY_ORDER:
        return [line["discount_amount"] for line in goods]
    whole = sum(line["gross_amount"] for line in goods)
    shares = [(order["discount_amount"] * line["gross_amount"] / whole * 10_000 // 1) / 10_000 for line in goods]
    return [shares[0] + order["discount_amount"] - sum(shares), *shares[1:]]


def _leaving(truth: Truth) -> Iterator[Row]:
    """Orders and SKUs that had to leave a building, with what happened to them."""
    for order in truth.orders:
        if order["is_payment_failed"]:
            continue
        promise = None if order["channel"] in WITHOUT_PROMISE else order["ordered_at"] + SHIP
        for sku, ordered in _units(truth.lines[key(order)]).items():
            gone = [p for p in truth.parcels[key(order)] if p["sku"] == sku and p["shipped_at"] <= AS_OF]
            due, refused = (0, ordered if order["cancelled_by"] == "seller" else 0) if order["is_cancelled"] else (ordered, 0)
            if (due or refused) and (promise or gone):
                shipped = sum(p["shipped_units"] for p in gone)
                yield {
                    "order": order, "promise": promise, "arrival": order["ordered_at"] + ARRIVE, "due": due, "refused": refused, "parcels": gone,
                    "is_open": shipped < due, "left_at": max(p["shipped_at"] for p in gone) if shipped >= due > 0 else None,
                }  # fmt: skip


def _units(lines: list[Row]) -> dict[str, int]:
    units: dict[str, int] = defaultdict(int)
    for line in lines:
        if not line["is_gift_card"]:
            units[line["sku"]] += line["ordered_units"]
    return units


def _promises(leaving: list[Row]) -> Values:
    due = [x for x in leaving if x["promise"] and x["promise"] <= AS_OF]
    arriving = [x for x in leaving if x["order"]["channel"] not in WITHOUT_PROMISE and x["arrival"] <= AS_OF]
    in_time = [sum(p["shipped_units"] for p in x["parcels"] if p["shipped_at"] <= x["promise"]) for x in due]
    complete = [x["due"] > 0 and not x["refused"] and _arrived(x, x["arrival"]) >= x["due"] for x in arriving]
    orders: dict[Key, list[bool]] = defaultdict(list)
    for x, is_complete in zip(arriving, complete, strict=True):
        orders[key(x["order"])].append(is_complete)
    served = sum(min(left, x["due"]) for left, x in zip(in_time, due, strict=True))
    return {
        "on_time_ship_rate": share(bool(x["left_at"] and x["left_at"] <= x["promise"]) for x in due),
        "late_open_lines": sum(1 for x in due if x["is_open"]),
        "unit_fill_rate": ratio(served, sum(x["due"] + x["refused"] for x in due)),
        "line_fill_rate": share(left >= x["due"] + x["refused"] for left, x in zip(in_time, due, strict=True)),
        "on_time_delivery_rate": share(_arrived(x, x["arrival"]) >= x["due"] for x in arriving if x["due"]),
        "otif_rate": share(complete),
        "otif_order_rate": share(all(lines) for lines in orders.values()),
        "delivery_coverage_rate": share(_arrived(x, AS_OF) >= x["due"] for x in arriving if x["left_at"]),
    }


def _arrived(line: Row, until: datetime) -> int:
    return sum(p["shipped_units"] for p in line["parcels"] if p["delivered_at"] and p["delivered_at"] <= min(until, AS_OF))


def _lives(truth: Truth) -> list[Row]:
    """Every order with the moments of its life; an order has left, or arrived, when all of it has."""
    lines: dict[Key, list[Row]] = defaultdict(list)
    for line in _leaving(truth):
        lines[key(line["order"])].append(line)
    found = []
    for order in truth.orders:
        own, sent = lines[key(order)], truth.parcels[key(order)]
        is_open = any(x["is_open"] for x in own)
        has_arrived = bool(own) and not is_open and all(p["delivered_at"] and p["delivered_at"] <= AS_OF for p in sent)
        found.append({
            "order": order, "parcels": len({p["shipment_id"] for p in sent}), "is_open": is_open, "placed": order["ordered_at"],
            "paid": min((p["paid_at"] for p in truth.payments[key(order)] if p["payment_kind"] == "capture"), default=None),
            "shipped": max((x["left_at"] for x in own if x["left_at"]), default=None) if not is_open else None,
            "delivered": max((p["delivered_at"] for p in sent), default=None) if has_arrived else None,
        })  # fmt: skip
    return found


def _stages(lives: list[Row]) -> Values:
    lives = [life | {"ready": life["paid"] or life["placed"]} for life in lives if not life["order"]["is_payment_failed"]]
    return {
        "split_shipment_rate": share(life["parcels"] > 1 for life in lives if life["parcels"]),
        "cancellation_rate": share(bool(life["order"]["is_cancelled"]) for life in lives),
        "open_orders": sum(1 for life in lives if life["is_open"]),
        "to_paid_hours": cuts(hours(life["placed"], life["paid"]) for life in lives),
        "to_shipped_hours": cuts(hours(life["ready"], life["shipped"]) for life in lives),
        "to_delivered_hours": cuts(hours(life["shipped"], life["delivered"]) for life in lives),
        "placed_to_shipped_hours": cuts(hours(life["placed"], life["shipped"]) for life in lives),
        "placed_to_delivered_hours": cuts(hours(life["placed"], life["delivered"]) for life in lives),
    }


def _costs(truth: Truth, lives: list[Row]) -> Values:
    """What carriers charged for each SKU in a parcel, in euros; of fees the demo's files tell nothing."""
    charged = []
    for life in lives:
        if life["parcels"]:
            tariff = LABEL_CENTS["express" if life["order"]["is_expedited"] else "standard"]
            charged.append(sum(tariff + PIECE_CENTS * p["shipped_units"] for p in truth.parcels[key(life["order"])]))
    return {"cost_to_serve": ratio(sum(charged) / 100, len(charged)), "cost_to_serve_coverage_rate": share(True for _ in charged)}


def _returns(truth: Truth) -> Values:
    back = _by_order(truth.returns)
    sold, came, excess, days = 0, 0, 0, []
    for order, goods in truth.sold():
        for sku, units in _units(goods).items():
            own = [r for r in back[key(order)] if r["sku"] == sku]
            returned = sum(r["returned_units"] for r in own)
            sold, came, excess = sold + units, came + min(returned, units), excess + max(returned - units, 0)
            waited = hours(order["ordered_at"], min((r["returned_at"] for r in own), default=None))
            days.append(None if waited is None else waited / 24)
    return {
        "return_rate": ratio(came, sold),
        "returned_units": came,
        "excess_returned_units": excess,
        "days_to_return": cuts(days),
    }


def _payments(truth: Truth, lives: list[Row]) -> Values:
    channels = {channel for (channel, _), rows in truth.payments.items() if rows}
    agreed, unexplained, excess, shipped_unpaid, paid_open = [], Decimal(0), Decimal(0), 0, 0
    for life in lives:
        order = life["order"]
        if order["channel"] not in channels:
            continue
        captured, refunded = (
            sum((p["amount"] for p in truth.payments[key(order)] if p["payment_kind"] == kind), Decimal(0))
            for kind in ("capture", "refund")
        )
        apart = abs(captured - order["total_amount"])
        agreed.append(captured > 0 and apart < CENT)
        unexplained += _euros(apart, order["currency_code"], order["business_date"]) if captured and apart >= CENT else 0
        excess += _euros(max(refunded - captured, Decimal(0)), order["currency_code"], order["business_date"])
        shipped_unpaid += bool(life["shipped"] and not captured)
        paid_open += bool(life["is_open"] and captured)
    return {
        "payment_agreement_rate": share(agreed), "unexplained_payment_amount": unexplained, "refund_excess_amount": excess,
        "shipped_unpaid_orders": shipped_unpaid, "paid_unshipped_orders": paid_open,
    }  # fmt: skip


def _customers(truth: Truth) -> Values:
    """Each shop knows its customers by a name of its own."""
    known = [o for o in truth.orders if o["channel"] in KNOWS_CUSTOMERS and not o["is_cancelled"] and not o["is_payment_failed"]]
    last: dict[tuple[str, int], datetime] = {}
    waits = []
    for order in sorted(known, key=lambda o: (o["ordered_at"], o["channel"], o["order_id"])):
        customer = (order["channel"], order["customer"])
        waits.append(hours(last.get(customer), order["ordered_at"]))
        last[customer] = order["ordered_at"]
    return {
        "repeat_order_rate": share(wait is not None for wait in waits), "customers": len(last), "new_customers": len(last),
        "days_between_orders": cuts(None if wait is None else wait / 24 for wait in waits),
    }  # fmt: skip


def _stock(truth: Truth) -> Values:
    held = [(shelf["sku"], shelf["on_hand"] + shelf["committed"]) for shelf in truth.stock]
    return {
        "on_hand_units": sum(units for _, units in held),
        "stock_value": sum((truth.unit_cost(sku, AS_OF.date()) or 0) * max(units, 0) for sku, units in held),
    }


def ratio(part: Any, whole: Any) -> Any:
    return part / whole if whole else None


def share(parts: Iterable[bool]) -> float | None:
    given = list(parts)
    return ratio(sum(given), len(given))


def hours(earlier: datetime | None, later: datetime | None) -> float | None:
    return (later - earlier).total_seconds() / 3600 if earlier and later else None


def cuts(values: Iterable[float | None]) -> tuple[float | None, ...]:
    """Median, 90th and 95th percentile, linear between observations."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None, None, None
    places = [part * (len(known) - 1) for part in (0.5, 0.9, 0.95)]
    above = [known[min(int(place) + 1, len(known) - 1)] for place in places]
    return tuple(
        known[int(place)] + (later - known[int(place)]) * (place - int(place)) for place, later in zip(places, above, strict=True)
    )
