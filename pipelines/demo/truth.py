"""What really happened, one part per month: final orders, true demand, closing stock; and what units cost. Not here: what the files say of it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.demo.days import CUSTOMER_CANCELLED, FAILED, SELLER_CANCELLED, TEST, Columns, Journal
from pipelines.demo.exports.common import lookup, warehouse
from pipelines.demo.exports.operations import stock_values
from pipelines.demo.orders import Month
from pipelines.demo.plan import NEVER, Export, Plan
from pipelines.demo.stock import CELLS, Stock
from pipelines.demo.world import CHANNELS, COSTED_DAYS, GIFT_CARD, PRODUCTS, World

_CHANNELS = [c.code for c in CHANNELS]
_CURRENCIES = [c.currency for c in CHANNELS]


class Truth:
    """Writes the months as they come and adds up the facts."""

    def __init__(self, folder: Path, world: World, plan: Plan) -> None:
        self.folder, self.world, self.plan = folder, world, plan
        self.facts: Counter[str] = Counter()

    def add(self, month: Month, demand: Columns, export: Export) -> None:
        orders = self._orders(month.orders.filter(pl.col("version") == 1))
        lines = self._lines(month)
        frames = {
            "orders": orders,
            "order_lines": lines,
            "payments": self._payments(month.payments),
            "shipments": self._shipments(month.shipments),
            "returns": self._returns(month.returns),
            "demand": self._demand(demand),
        }
        for name, frame in frames.items():
            (self.folder / name).mkdir(parents=True, exist_ok=True)
            frame.write_parquet(self.folder / name / f"{export.date:%Y-%m}.parquet")
        self._count(orders, lines, frames, month)

    def finish(self, journal: Journal, stock: Stock, exports: list[Export], seconds_open: int) -> None:
        values = stock_values(journal, self.plan.days)[-1]
        cell = pl.DataFrame({"location": np.arange(CELLS) // PRODUCTS, "product": np.arange(CELLS) % PRODUCTS})
        cell.select(
            location_id=warehouse(),
            sku=lookup("product", self.world.sku),
            on_hand=pl.Series(values[:, 0]),
            unsellable=pl.Series(values[:, 1]),
            committed=pl.Series(values[:, 2]),
            on_order=pl.Series(stock.on_order),
        ).write_parquet(self.folder / "stock_end.parquet")
        self._costs().write_parquet(self.folder / "product_costs.parquet")
        on_sale = stock.expected[: self.plan.days] > 0
        out = (journal.on_hand == 0) & on_sale
        facts: dict[str, Any] = {
            "orders_wanted": self.plan.orders,
            "days": self.plan.days,
            "seed": self.plan.seed,
            "start": str(self.plan.start),
            "end": str(self.plan.end),
            "last_instant_epoch_seconds": seconds_open,
            "exports": [str(e.date) for e in exports],
            "stock_out_rate": round(float(out.sum() / on_sale.sum()), 6),
            "purchase_orders": len(stock.orders),
            "receipts": len(stock.receipts),
        }
        facts |= {name: self.facts[name] for name in sorted(self.facts)}
        (self.folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    def _costs(self) -> pl.DataFrame:
        """What a unit of each product cost in euros, and from which day on."""
        world, every = self.world, np.arange(PRODUCTS)
        since = np.concatenate([np.full(PRODUCTS, -COSTED_DAYS), world.cost_change_day])
        cents = np.concatenate([world.cost, world.later_cost])
        told = pl.DataFrame({"product": np.tile(every, 2), "day": since, "cents": cents}).filter(pl.col("day") < NEVER)
        return told.select(sku=lookup("product", world.sku), valid_from_date=self._date("day"), unit_cost_amount=amount("cents"))

    def _orders(self, orders: pl.DataFrame) -> pl.DataFrame:
        fate = pl.col("fate")
        by = pl.when(fate == CUSTOMER_CANCELLED).then(pl.lit("customer")).when(fate == SELLER_CANCELLED).then(pl.lit("seller"))
        places = self.world.places
        return orders.select(
            channel=lookup("channel", _CHANNELS),
            order_id="order_id",
            ordered_at=_utc("ordered_at"),
            business_date=self._date("day"),
            currency_code=lookup("channel", _CURRENCIES),
            is_test=fate == TEST,
            is_payment_failed=fate == FAILED,
            is_cancelled=pl.col("cancel_at") < NEVER,
            cancelled_at=_utc("cancel_at"),
            cancelled_by=by,
            is_expedited="is_expedited",
            is_customised="is_customised",
            has_note="has_note",
            customer="customer",
            location_id=warehouse(),
            ship_to_country_code=lookup("place", places.country),
            ship_to_postal_code=lookup("place", places.postal_code),
            **{f"{name}_amount": amount(name) for name in ("gross", "discount", "shipping", "tax", "total")},
        ).sort("channel", "ordered_at", "order_id")

    def _lines(self, month: Month) -> pl.DataFrame:
        heads = month.orders.filter(pl.col("version") == 1).select("key", "channel", "order_id", "cancel_at", "ordered_at")
        lines = month.lines.filter(pl.col("version") == 1).join(heads, on="key", how="left", maintain_order="left")
        lines = lines.with_columns(code=lookup("channel", _CHANNELS)).sort("code", "ordered_at", "order_id", "line_number")
        return lines.select(
            channel="code",
            order_id="order_id",
            line_number="line_number",
            sku=lookup("sku", self.world.sku),
            ordered_units="qty",
            cancelled_units=pl.when(pl.col("cancel_at") < NEVER).then("qty").otherwise(0),
            unit_price_amount=amount("price"),
            gross_amount=amount("gross"),
            discount_amount=amount(pl.col("gross") - pl.col("net")),
            tax_amount=amount("tax"),
            is_gift_card=pl.col("sku") == GIFT_CARD,
        )

    def _payments(self, rows: pl.DataFrame) -> pl.DataFrame:
        number = pl.format("PAY-{}", pl.col("number").cast(pl.String).str.zfill(8))
        return rows.select(
            channel=lookup("channel", _CHANNELS),
            payment_id=number,
            order_id="order_id",
            payment_kind="kind",
            method="method",
            amount=amount("cents"),
            currency_code="currency",
            paid_at=_utc("paid_at"),
        )

    def _shipments(self, rows: pl.DataFrame) -> pl.DataFrame:
        number = pl.format("SH-{}", pl.col("number").cast(pl.String).str.zfill(8))
        return rows.select(
            channel=lookup("channel", _CHANNELS),
            shipment_id=number,
            order_id="order_id",
            sku=lookup("sku", self.world.sku),
            shipped_units="units",
            shipped_at=_utc("shipped_at"),
            delivered_at=_utc("delivered_at"),
            location_id=warehouse(),
        )

    def _returns(self, rows: pl.DataFrame) -> pl.DataFrame:
        number = pl.format("RT-{}", pl.col("number").cast(pl.String).str.zfill(7))
        return rows.select(
            channel=lookup("channel", _CHANNELS),
            return_id=number,
            order_id="order_id",
            sku=lookup("sku", self.world.sku),
            returned_units="units",
            refund_amount=amount("refund"),
            currency_code="currency",
            returned_at=_utc("returned_at"),
            reason="reason",
        )

    def _demand(self, demand: Columns) -> pl.DataFrame:
        frame = pl.DataFrame(demand).with_columns(
            c=pl.col("key") // CELLS, w=pl.col("key") % CELLS // PRODUCTS, s=pl.col("key") % PRODUCTS
        )
        return frame.select(
            date=self._date("day"),
            sku=lookup("s", self.world.sku),
            location_id=warehouse("w"),
            channel=lookup("c", _CHANNELS),
            demand_units="demand_units",
            lost_units="lost_units",
            seller_cancelled_units="seller_cancelled_units",
        ).sort("date", "sku", "location_id", "channel")

    def _date(self, day: str) -> pl.Expr:
        return pl.lit(self.plan.start) + pl.duration(days=pl.col(day))

    def _count(self, orders: pl.DataFrame, lines: pl.DataFrame, frames: dict[str, pl.DataFrame], month: Month) -> None:
        for channel, currency, count, gross, discount, net in _sums(orders):
            self.facts[f"orders_{channel}"] += count
            for name, value in (("gross", gross), ("discount", discount), ("net", net)):
                self.facts[f"{name}_cents_{channel}_{currency.lower()}"] += value
        for channel, count in lines.group_by("channel").len().sort("channel").iter_rows():
            self.facts[f"order_lines_{channel}"] += count
        for name, frame in frames.items():
            self.facts[name] += len(frame)
        for name in ("demand_units", "lost_units", "seller_cancelled_units"):
            self.facts[name] += int(frames["demand"][name].sum())
        for name in ("is_test", "is_payment_failed", "is_cancelled", "is_expedited", "is_customised"):
            self.facts[f"orders_{name}"] += int(orders[name].sum())
        self.facts["orders_edited"] += int((month.orders["version"] == 0).sum())
        final = month.orders.filter(pl.col("version") == 1)["first_export"]
        self.facts["orders_late_in_export"] += int((final > final.min()).sum()) if len(final) else 0


def amount(cents: str | pl.Expr) -> pl.Expr:
    """Cents as an exact decimal with four places."""
    value = pl.col(cents) if isinstance(cents, str) else cents
    return (value.cast(pl.Decimal(18, 4)) / 100).cast(pl.Decimal(18, 4))


def _utc(seconds: str) -> pl.Expr:
    known = pl.when(pl.col(seconds) < NEVER).then(seconds)
    return pl.from_epoch(known, "s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _sums(orders: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Per channel: orders, gross, discount and net in cents; net leaves out tests, failed payments and cancelled orders."""
    sold = ~(pl.col("is_test") | pl.col("is_payment_failed") | pl.col("is_cancelled"))
    gross, discount = ((pl.col(f"{n}_amount") * 100).cast(pl.Int64) for n in ("gross", "discount"))
    sums = orders.group_by("channel", "currency_code").agg(
        count=pl.len(),
        gross=gross.filter(sold).sum(),
        discount=discount.filter(sold).sum(),
        net=(gross - discount).filter(sold).sum(),
    )
    return list(sums.sort("channel").iter_rows())
