"""What the ledger has to hold of a demo shop, computed from the merchant's truth in plain loops, per platform and table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.demo.servers.amazon_reports import settlements
from pipelines.demo.servers.ebay import moves, payout_number, sale_fee
from pipelines.demo.servers.ebay import settled as ebay_settled
from pipelines.demo.servers.shop import Order, Shop, fee

MONEY = pl.Decimal(18, 4)
AT = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Asked:
    """How far the platform's clock was off, and when it was asked last."""

    skew: timedelta
    until: datetime


EDITS_STAY = ("shopify", "tiktok")  # an order's total is the one of before units were taken off it


def euros(cents: int) -> Decimal:
    return Decimal(cents) / 100


def frame(rows: Iterable[tuple[Any, ...]], **schema: Any) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def order_ids(kind: str, order: Order) -> str:
    return {"amazon": order.number, "ebay": order.number, "square": f"O{order.id}"}.get(kind, str(order.id))


def orders(kind: str) -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = (
            (order_ids(kind, o), second(o.placed_at + asked.skew), euros(o.total + (o.removed if kind in EDITS_STAY else 0)), euros(o.shipping),
             euros(_tax(o)), o.cancelled_at is not None, True, False)
            for o in shop.orders
        )  # fmt: skip
        return frame(rows, order_id=pl.String, ordered_at=AT, total_amount=MONEY, shipping_amount=MONEY, tax_amount=MONEY,
                     is_cancelled=pl.Boolean, is_balanced=pl.Boolean, is_incomplete=pl.Boolean)  # fmt: skip

    read = """SELECT order_id, ordered_at, total_amount, shipping_amount, tax_amount, is_cancelled, is_balanced, is_incomplete FROM orders
              WHERE order_kind = 'sale'"""
    return ["order_id"], expect, read


def lines(kind: str) -> Any:
    """Units and net sales per SKU that stayed on the order."""

    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for o in shop.orders:
            gone = o.cancelled_at is not None
            rows += [
                (order_ids(kind, o), x.sku, 0 if gone else x.units, euros(0 if gone else x.gross - x.discount)) for x in o.lines
            ]
        told = frame(rows, order_id=pl.String, sku=pl.String, units=pl.Int64, net=MONEY)
        return told.group_by("order_id", "sku").agg(
            pl.len().alias("rows"), pl.col("units").sum(), pl.col("net").sum().cast(MONEY)
        )

    read = """SELECT order_id, sku, count(*) AS rows, sum(ordered_units - cancelled_units) AS units,
              sum(net_amount - (cancelled_gross_amount - cancelled_discount_amount)) AS net FROM order_lines GROUP BY ALL"""
    return ["order_id", "sku"], expect, read


def payments() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = (
            (str(p.id), str(o.id), p.kind, euros(p.cents), second(p.at + asked.skew)) for o in shop.orders for p in o.payments
        )
        return frame(rows, payment_id=pl.String, order_id=pl.String, payment_kind=pl.String, amount=MONEY, paid_at=AT)

    return ["payment_id"], expect, "SELECT payment_id, order_id, payment_kind, amount, paid_at FROM payments"


def paid_in_woocommerce() -> Any:
    """WooCommerce tells when an order was first paid, and its refunds one by one."""

    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for o in shop.orders:
            captured = sorted(p.at for p in o.payments if p.kind == "capture")
            rows += [(f"{o.id}-paid", "capture", euros(o.total), second(captured[0] + asked.skew))] if captured else []
            rows += [
                (f"{p.id}-refund", "refund", euros(p.cents), second(p.at + asked.skew)) for p in o.payments if p.kind == "refund"
            ]
        return frame(rows, payment_id=pl.String, payment_kind=pl.String, amount=MONEY, paid_at=AT)

    return ["payment_id"], expect, "SELECT payment_id, payment_kind, amount, paid_at FROM payments"


def shipments(kind: str, *, with_delivery: bool) -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for o in shop.orders:
            sku = {x.number: x.sku for x in o.lines}
            for p in o.parcels:
                delivered = second(p.delivered_at + asked.skew) if p.delivered_at and with_delivery else None
                name = str(p.id) if kind in ("shopify", "vendure") else f"{o.number}-{p.id}"
                rows += [(name, sku[n], units, second(p.shipped_at + asked.skew), delivered) for n, units in p.units]
        told = frame(rows, shipment_id=pl.String, sku=pl.String, units=pl.Int64, shipped_at=AT, delivered_at=AT)
        return told.group_by("shipment_id", "sku").agg(
            pl.col("units").sum(), pl.col("shipped_at").max(), pl.col("delivered_at").max()
        )

    read = """SELECT shipment_id, sku, sum(shipped_units)::BIGINT AS units, max(shipped_at) AS shipped_at, max(delivered_at) AS delivered_at
              FROM shipments GROUP BY ALL"""
    return ["shipment_id", "sku"], expect, read


def paid_at_square() -> Any:
    """One payment per order, and what was given back, on the order that was paid."""

    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = [(f"P{o.id}", f"O{o.id}", "capture", euros(o.total)) for o in shop.orders]
        rows += [(f"F{r.id}", f"O{o.id}", "refund", euros(r.cents)) for o in shop.orders for r in o.returns]
        return frame(rows, payment_id=pl.String, order_id=pl.String, payment_kind=pl.String, amount=MONEY)

    return ["payment_id"], expect, "SELECT payment_id, order_id, payment_kind, amount FROM payments"


def returned_at_square(table: str, key: str, units: str, amount: str) -> Any:
    """Goods that came back, by an order of their own, told of the order that sold them."""

    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = ((f"R{r.id}-1", f"O{o.id}", r.sku, r.units, euros(r.cents)) for o in shop.orders for r in o.returns)
        return frame(rows, id=pl.String, order_id=pl.String, sku=pl.String, units=pl.Int64, amount=MONEY)

    return ["id"], expect, f"SELECT {key} AS id, order_id, sku, {units} AS units, {amount} AS amount FROM {table}"


def paid_at_ebay() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = [(f"pay-{o.id}", o.number, "capture", euros(o.total)) for o in shop.orders]
        rows += [(f"re-{r.id}", o.number, "refund", euros(r.cents)) for o in shop.orders for r in o.returns]
        return frame(rows, payment_id=pl.String, order_id=pl.String, payment_kind=pl.String, amount=MONEY)

    return ["payment_id"], expect, "SELECT payment_id, order_id, payment_kind, amount FROM payments"


def refunded_at_ebay() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = ((f"re-{r.id}", o.number, r.sku, euros(r.cents), euros(0)) for o in shop.orders for r in o.returns)
        return frame(rows, refund_id=pl.String, order_id=pl.String, sku=pl.String, goods_amount=MONEY, adjustment_amount=MONEY)

    return ["refund_id"], expect, "SELECT refund_id, order_id, sku, goods_amount, adjustment_amount FROM refunds"


def settled_at_ebay() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        return frame(
            ((payout_number(day), euros(cents)) for day, cents in ebay_settled(shop).items()),
            payout_id=pl.String,
            net_amount=MONEY,
        )

    return ["payout_id"], expect, "SELECT payout_id, net_amount FROM payouts"


def moved_at_ebay() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for kind, o, at, cents, number in moves(shop):
            signed, kept = (cents, sale_fee(cents)) if kind == "SALE" else (-cents, 0)
            rows.append(
                (f"{number}-{kind}", payout_number(at.date()), o.number, euros(signed), euros(-kept), euros(signed - kept))
            )
        return frame(
            rows, entry_id=pl.String, payout_id=pl.String, order_id=pl.String, amount=MONEY, fee_amount=MONEY, net_amount=MONEY
        )

    return ["entry_id"], expect, "SELECT entry_id, payout_id, order_id, amount, fee_amount, net_amount FROM payout_entries"


def refunds(kind: str) -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = [
            (str(r.id), order_ids(kind, o), euros(sum(x[2] for x in r.lines)), euros(sum(x[3] for x in r.lines)), euros(r.adjustment), second(r.at + asked.skew))  # noqa: E501
            for o in shop.orders for r in o.refunds
        ]  # fmt: skip
        if kind == "shopify":
            rows += [(f"{o.id * 10 + 9}", str(o.id), euros(o.removed), euros(0), euros(0), second(o.edited_at + asked.skew))
                     for o in shop.orders if o.edited_at]  # fmt: skip
        return frame(rows, refund_id=pl.String, order_id=pl.String, goods=MONEY, tax=MONEY, adjustment=MONEY, refunded_at=AT)

    read = """SELECT refund_id, order_id, sum(goods_amount) AS goods, sum(tax_amount) AS tax, sum(adjustment_amount) AS adjustment,
              max(refunded_at) AS refunded_at FROM refunds GROUP BY ALL"""
    return ["refund_id", "order_id"], expect, read


def returns() -> Any:
    """Goods that came back, with their refund."""

    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = (
            (str(r.id), units, euros(goods)) for o in shop.orders for r in o.refunds for _, units, goods, _, fate in r.lines if fate == "returned"
        )  # fmt: skip
        return frame(rows, return_id=pl.String, returned_units=pl.Int64, refund_amount=MONEY)

    return ["return_id"], expect, "SELECT return_id, returned_units, refund_amount FROM returns"


def entries(kind: str) -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        return frame(
            _entries(kind, shop),
            entry_id=pl.String,
            payout_id=pl.String,
            order_id=pl.String,
            amount=MONEY,
            fee_amount=MONEY,
            net_amount=MONEY,
        )

    return ["entry_id"], expect, "SELECT entry_id, payout_id, order_id, amount, fee_amount, net_amount FROM payout_entries"


def _entries(kind: str, shop: Shop) -> Iterator[tuple[Any, ...]]:
    """Captures and refunds; Stripe's balance shows each payout too, and of a refund it does not say the order."""
    is_stripe = kind == "stripe"
    for day, settled in shop.payout_days().items():
        payout, net = payout_of(kind, day), 0
        for o, p in settled:
            signed = p.cents if p.kind == "capture" else -p.cents
            net += signed - fee(p)
            order_id = None if is_stripe and p.kind == "refund" else str(o.id)
            yield (
                f"txn_{p.id}" if is_stripe else str(p.id),
                payout,
                order_id,
                euros(signed),
                euros(-fee(p)),
                euros(signed - fee(p)),
            )
        if is_stripe:
            yield f"txn_{payout}", payout, None, euros(-net), euros(0), euros(-net)


def payout_of(kind: str, day: date) -> str:
    return f"po_{day:%Y%m%d}" if kind == "stripe" else f"{day:%Y%m%d}"


def payouts(kind: str) -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = ((payout_of(kind, day), euros(sum((p.cents if p.kind == "capture" else -p.cents) - fee(p) for _, p in settled)))
                for day, settled in shop.payout_days().items())  # fmt: skip
        return frame(rows, payout_id=pl.String, net_amount=MONEY)

    return ["payout_id"], expect, "SELECT payout_id, net_amount FROM payouts"


def settled() -> Any:
    """Amazon's settlements that were closed by the end: their totals and how many entries stand behind each."""

    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for number, content in settlements(shop, asked.until):
            told = [line.split("\t") for line in content.decode().splitlines()[1:]]
            if len(told) == 1:
                continue  # a fortnight in which nothing moved
            rows.append((number, Decimal(told[0][4]), len(told) - 1, sum((Decimal(line[14]) for line in told[1:]), Decimal(0))))
        return frame(rows, payout_id=pl.String, net_amount=MONEY, entries=pl.Int64, entries_amount=MONEY)

    read = """SELECT payout_id, any_value(p.net_amount) AS net_amount, count(*) AS entries, sum(e.net_amount) AS entries_amount
              FROM payouts p JOIN payout_entries e USING (payout_id) GROUP BY ALL"""
    return ["payout_id"], expect, read


def returned_to_seller() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = ((r.id, r.sku, r.units, euros(r.cents)) for o in shop.orders for r in o.returns)
        return frame(rows, return_id=pl.String, sku=pl.String, returned_units=pl.Int64, refund_amount=MONEY)

    return ["return_id"], expect, "SELECT return_id, sku, returned_units, refund_amount FROM returns"


def stock(*, with_unsellable: bool = True) -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = ((sku, on_hand, unsellable if with_unsellable else 0) for sku, (on_hand, unsellable) in shop.stock.items())
        return frame(rows, sku=pl.String, on_hand_units=pl.Int64, unsellable_units=pl.Int64)

    read = "SELECT DISTINCT ON (sku) sku, on_hand_units, unsellable_units FROM stock_levels ORDER BY observed_at DESC"
    return ["sku"], expect, read


def _tax(order: Order) -> int:
    return sum(line.tax for line in order.lines) + order.shipping_tax


def second(at: Any) -> Any:
    return at.replace(microsecond=0)


EXPECTED: dict[str, dict[str, Any]] = {
    "shopify": {
        "orders": orders("shopify"), "order_lines": lines("shopify"), "payments": payments(), "shipments": shipments("shopify", with_delivery=True),
        "refunds": refunds("shopify"), "returns": returns(), "payouts": payouts("shopify"), "payout_entries": entries("shopify"),
    },
    "woocommerce": {"orders": orders("woocommerce"), "order_lines": lines("woocommerce"), "refunds": refunds("woocommerce"), "payments": paid_in_woocommerce()},
    "amazon": {
        "orders": orders("amazon"), "order_lines": lines("amazon"), "shipments": shipments("amazon", with_delivery=False),
        "settlements": settled(), "returns": returned_to_seller(), "stock_levels": stock(),
    },
    "square": {
        "orders": orders("square"), "order_lines": lines("square"), "payments": paid_at_square(), "stock_levels": stock(with_unsellable=False),
        "returns": returned_at_square("returns", "return_id", "returned_units", "refund_amount"),
        "refunds": returned_at_square("refunds", "refund_id", "refunded_units", "goods_amount"),
    },
    "ebay": {
        "orders": orders("ebay"), "order_lines": lines("ebay"), "shipments": shipments("ebay", with_delivery=False), "payments": paid_at_ebay(),
        "refunds": refunded_at_ebay(), "payouts": settled_at_ebay(), "payout_entries": moved_at_ebay(),
    },
    "stripe": {"payouts": payouts("stripe"), "payout_entries": entries("stripe")},
}  # fmt: skip
