"""What the ledger has to hold of a demo shop on Vendure, in plain loops: what was placed, though Vendure shows what is left. Not here: other platforms."""

from datetime import UTC, datetime
from typing import Any

import polars as pl

from benchmarks.expected import AT, MONEY, Asked, euros, frame, second, shipments, stock
from pipelines.demo.servers.shop import Order, Refund, Shop
from pipelines.demo.servers.vendure_nodes import came_back, left_of, paid, price_of, tax_rate

LATER = datetime.max.replace(tzinfo=UTC)


def as_placed(order: Order) -> list[tuple[int, int, int]]:
    """Per line the units and cents that were placed, without and with tax; the discount of a line that is gone whole is not told."""
    rows = []
    for x in order.lines:
        units, left = x.units + x.removed_units, left_of(order, x, LATER)
        gross, net, with_tax = price_of(x, units)
        if left < units:  # put together again from what is left
            left_gross, left_net, _ = price_of(x, left)
            net = gross - (int((left_gross - left_net) * units / left + 0.5) if left else 0)
            with_tax = net + int(net * tax_rate(x) / 100 + 0.5)
        rows.append((units, net, with_tax - net))
    return rows


def orders() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for o in shop.orders:
            placed = as_placed(o)
            tax = sum(cents for _, _, cents in placed) + o.shipping_tax
            total = sum(net for _, net, _ in placed) + o.shipping + tax
            rows.append(
                (str(o.id), second(o.placed_at + asked.skew), euros(total), euros(tax), o.cancelled_at is not None, True, False)
            )
        return frame(rows, order_id=pl.String, ordered_at=AT, total_amount=MONEY, tax_amount=MONEY, is_cancelled=pl.Boolean,
                     is_balanced=pl.Boolean, is_incomplete=pl.Boolean)  # fmt: skip

    return (
        ["order_id"],
        expect,
        "SELECT order_id, ordered_at, total_amount, tax_amount, is_cancelled, is_balanced, is_incomplete FROM orders",
    )


def lines() -> Any:
    """Units that stayed sold; net sales of what is left to the cent, of what came back by the price of one unit."""

    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for o in shop.orders:
            for x in o.lines:
                left = left_of(o, x, LATER)
                back = 0 if o.cancelled_at else x.units - left
                unit = price_of(x, 1)[1] if left else x.price
                cents = unit * back + price_of(x, left)[1]
                rows.append((str(o.id), x.sku, left + back, euros(cents)))
        told = frame(rows, order_id=pl.String, sku=pl.String, units=pl.Int64, net=MONEY)
        return told.group_by("order_id", "sku").agg(pl.col("units").sum(), pl.col("net").sum().cast(MONEY))

    read = """SELECT order_id, sku, sum(ordered_units - cancelled_units) AS units,
              sum(net_amount - (cancelled_gross_amount - cancelled_discount_amount)) AS net FROM order_lines GROUP BY ALL"""
    return ["order_id", "sku"], expect, read


def payments() -> Any:
    """One payment per capture, those that failed or only hold money, and each refund."""

    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = []
        for o in shop.orders:
            rows += [(str(p.id), str(o.id), p.kind, euros(p.cents), second(p.at + asked.skew)) for p, _ in paid(o)]
            if paid(o):
                rows += [
                    (f"refund-{r.id}", str(o.id), "refund", euros(_given_back(r)), second(r.at + asked.skew)) for r in o.refunds
                ]
        return frame(rows, payment_id=pl.String, order_id=pl.String, payment_kind=pl.String, amount=MONEY, paid_at=AT)

    return ["payment_id"], expect, "SELECT payment_id, order_id, payment_kind, amount, paid_at FROM payments"


def refunds() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        rows = ((str(r.id), str(o.id), sum(units for _, units in came_back(r)), euros(_given_back(r)), second(r.at + asked.skew))
                for o in shop.orders if paid(o) for r in o.refunds)  # fmt: skip
        return frame(rows, refund_id=pl.String, order_id=pl.String, units=pl.Int64, total=MONEY, refunded_at=AT)

    read = """SELECT refund_id, order_id, sum(refunded_units)::BIGINT AS units, sum(total_amount) AS total, max(refunded_at) AS refunded_at
              FROM refunds GROUP BY ALL"""
    return ["refund_id"], expect, read


def returns() -> Any:
    def expect(shop: Shop, asked: Asked) -> pl.DataFrame:
        skus = {(o.id, x.number): x.sku for o in shop.orders for x in o.lines}
        rows = ((str(o.id), skus[o.id, number], units, second(r.at + asked.skew))
                for o in shop.orders for r in o.refunds for number, units in came_back(r))  # fmt: skip
        return frame(rows, order_id=pl.String, sku=pl.String, units=pl.Int64, returned_at=AT)

    return ["order_id", "sku", "returned_at"], expect, "SELECT order_id, sku, returned_units AS units, returned_at FROM returns"


def _given_back(refund: Refund) -> int:
    return sum(goods + tax for _, _, goods, tax, _ in refund.lines) + refund.adjustment


VENDURE = {
    "orders": orders(), "order_lines": lines(), "payments": payments(), "shipments": shipments("vendure", with_delivery=True),
    "refunds": refunds(), "returns": returns(), "stock_levels": stock(with_unsellable=False),
}  # fmt: skip
