"""Rows of an order file → orders and their lines. Here: what makes an order, its arithmetic, its local date. Not here: any platform's columns."""

import polars as pl

from pipelines.channels.fields import LARGEST
from pipelines.channels.mapping import ORDER_AMOUNTS, ROW, Config, Feed
from pipelines.contracts import table

DOCUMENT = ("channel", "order_id", "source_version")
MONEY = pl.Decimal(18, 4)
WIDE = pl.Decimal(38, 4)
ONE = 10_000  # money is split over lines in whole ten-thousandths


def can_derive(field: str, feed: Feed) -> bool:
    """True for a required field that is computed from others."""
    derived = {"unit_price_amount": "gross_amount", "gross_amount": "unit_price_amount", "line_at": "ordered_at"}
    return (feed.is_order_feed and derived.get(field) in feed.columns) or field in ("business_date", "line_number")


def business_date(rows: pl.DataFrame, instant: str, config: Config) -> pl.Series:
    """Local date of `instant` (UTC) on each row's channel."""
    local = pl.lit(None, pl.Date)
    for name in rows["channel"].unique().drop_nulls():
        zone = config.channel(name).time_zone
        local = pl.when(pl.col("channel") == name).then(pl.col(instant).dt.convert_time_zone(zone).dt.date()).otherwise(local)
    return rows.with_columns(local.alias("business_date"))["business_date"]


def build(rows: pl.DataFrame, feed: Feed, config: Config) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """`orders` and `order_lines` of a file, and the rows of orders whose own fields nowhere can be read (with `rejection`).

    An order's own fields are the first value that any of its rows states, so that exports which give them on the first
    line only need nothing special.
    """
    named = rows.filter(pl.col("order_id").is_not_null())
    lines = _lines(rows.filter(pl.col("problem").is_null()), feed)
    orders = _own_fields(named, feed, config)
    orders = orders.with_columns(_rejection(orders, lines).alias("rejection"))
    unreadable = orders.filter(pl.col("rejection").is_not_null()).select(*DOCUMENT, "rejection")
    late = lines.join(unreadable, on=DOCUMENT, how="inner").select(ROW, "channel", "order_id", "rejection")
    orders = orders.filter(pl.col("rejection").is_null()).drop("rejection")
    lines = lines.join(
        orders.select(*DOCUMENT, "currency_code", "ordered_at", "is_cancelled"), on=DOCUMENT, how="inner", maintain_order="left"
    )
    lines = _finish_lines(lines, feed)
    lines = _share_order_discount(lines, orders)
    return {"orders": _totals(orders, lines, named), "order_lines": lines}, late


def _rejection(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.Series:
    """Why an order can't be kept: an own field that no row states, or amounts beyond what the ledger's type holds."""
    amounts = [f"{what}_amount" for what in ("gross", "discount", "shipping", "tax", "duty")]
    sizes = lines.group_by(*DOCUMENT).agg(pl.sum_horizontal(pl.col(amounts).cast(WIDE).abs()).sum().alias("size"))
    size = pl.col("size").fill_null(0) + pl.sum_horizontal(pl.col(name).cast(WIDE).abs() for name in ORDER_AMOUNTS)
    blank = [
        pl.when(pl.col(name).is_null()).then(pl.lit(f"no row of the order has a readable {name}"))
        for name in ("ordered_at", "currency_code")
    ]
    too_large = pl.when(size >= LARGEST).then(pl.lit("the order's amounts are too large to be meant"))
    judged = orders.join(sizes, on=DOCUMENT, how="left", maintain_order="left")
    return judged.select(pl.coalesce(*blank, too_large).alias("rejection"))["rejection"]


def refuse_contradictions(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the problem of those that cancel more than they order, or less than nothing."""
    cancelled, ordered = pl.col("cancelled_units"), pl.max_horizontal("ordered_units", 0)
    is_wrong = pl.col("problem").is_null() & ~cancelled.is_between(0, ordered)
    found = {
        "problem": pl.format("{} cancelled units are not between 0 and the {} ordered", cancelled, ordered),
        "problem_field": pl.lit("cancelled_units"),
        "problem_value": cancelled.cast(pl.String),
    }
    return rows.with_columns(pl.when(is_wrong).then(value).otherwise(pl.col(name)).alias(name) for name, value in found.items())


def _own_fields(rows: pl.DataFrame, feed: Feed, config: Config) -> pl.DataFrame:
    names = [name for name in (*table("orders").columns, *ORDER_AMOUNTS)
             if name in rows.columns and name not in (*DOCUMENT, "discount_amount", "shipping_amount", "tax_amount", "duty_amount", "gross_amount")]  # fmt: skip  # noqa: E501
    orders = rows.group_by(*DOCUMENT, maintain_order=True).agg(_stated(name) for name in names)
    if "is_cancelled" not in feed.columns and "cancelled_at" in orders.columns:
        orders = orders.with_columns(is_cancelled=pl.col("cancelled_at").is_not_null())
    if "ship_by_at" not in orders.columns and feed.ship_within_hours:
        orders = orders.with_columns(ship_by_at=pl.col("ordered_at") + pl.duration(hours=feed.ship_within_hours))
    if "deliver_by_at" not in orders.columns and feed.deliver_within_days:
        orders = orders.with_columns(deliver_by_at=pl.col("ordered_at") + pl.duration(hours=24 * feed.deliver_within_days))
    if "processed_at" in orders.columns:
        orders = orders.with_columns(processed_date=business_date(orders, "processed_at", config))
    return orders.with_columns(business_date(orders, "ordered_at", config))


def _stated(name: str) -> pl.Expr:
    """The earliest time placed; the one amount or flag that differs from its default; else the first that is stated."""
    values = pl.col(name).drop_nulls()
    if name == "ordered_at":
        return values.min()
    if name.startswith(("is_", "has_")):
        return values.any().alias(name)
    if name.startswith("order_") and name.endswith("_amount"):
        return values.filter(values != 0).first().fill_null(0).alias(name)
    if name == "payment_status":
        return values.filter(values != "unknown").first().fill_null("unknown").alias(name)
    return values.first()


def _lines(rows: pl.DataFrame, feed: Feed) -> pl.DataFrame:
    if "unit_price_amount" not in feed.columns:
        per_unit = pl.col("gross_amount") / pl.when(pl.col("ordered_units") != 0).then(pl.col("ordered_units")).cast(WIDE)
        rows = rows.with_columns(unit_price_amount=per_unit.round(4).cast(MONEY).fill_null(0))
    if "gross_amount" not in feed.columns:
        rows = rows.with_columns(gross_amount=pl.col("unit_price_amount").cast(WIDE) * pl.col("ordered_units"))
    drop = [name for name in ("currency_code", "is_cancelled") if name in rows.columns]
    if "line_at" not in rows.columns:
        rows = rows.with_columns(line_at=pl.col("ordered_at"))
    return rows.drop(*drop, "ordered_at")


def _finish_lines(lines: pl.DataFrame, feed: Feed) -> pl.DataFrame:
    cancelled = pl.col("cancelled_units")
    if "cancelled_units" not in feed.columns:
        cancelled = pl.when("is_cancelled").then(pl.max_horizontal("ordered_units", 0)).otherwise(cancelled)
    return lines.with_columns(
        line_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(*DOCUMENT),
        line_at=pl.coalesce("line_at", "ordered_at"),
        listed_sku=pl.col("sku") if "sku" in lines.columns else pl.lit(None, pl.String),
        cancelled_units=cancelled,
    )


def _share_order_discount(lines: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Adds each line's share of the order's discount, in proportion to its value; gift cards bear none; what
    rounding leaves goes to the first line that bears any."""
    tenthousandths = pl.Int128
    shared = lines.join(
        orders.select(*DOCUMENT, "order_discount_amount"), on=DOCUMENT, how="left", maintain_order="left", suffix="_of_order"
    )
    discount = (pl.col("order_discount_amount_of_order") * ONE).cast(tenthousandths)
    value = pl.max_horizontal(
        ((pl.col("gross_amount") - pl.col("discount_amount")) * ONE).cast(tenthousandths), pl.lit(0, tenthousandths)
    )
    value = pl.when("is_gift_card").then(pl.lit(0, tenthousandths)).otherwise(value)
    total = value.sum().over(*DOCUMENT)
    shared = shared.with_columns(
        _share=pl.when(total > 0).then(discount * value // total).otherwise(pl.lit(0, tenthousandths)), _whole=discount
    )
    rest = pl.col("_whole") - pl.col("_share").sum().over(*DOCUMENT)
    bears = (value > 0) | (total == 0)
    is_first = bears & (bears.cum_sum().over(*DOCUMENT) == 1)
    share = pl.col("_share") + pl.when(is_first).then(rest).otherwise(pl.lit(0, tenthousandths))
    amount = pl.col("discount_amount") + (share.cast(pl.Decimal(38, 0)).cast(pl.Decimal(38, 4)) / ONE).cast(MONEY)
    shared = shared.with_columns(discount_amount=amount.cast(MONEY))
    return shared.with_columns(
        gross_amount=pl.col("gross_amount").cast(MONEY),
        net_amount=(pl.col("gross_amount") - pl.col("discount_amount")).cast(MONEY),
        cancelled_gross_amount=cancelled_part("gross_amount"),
        cancelled_discount_amount=cancelled_part("discount_amount"),
    )


def cancelled_part(amount: str) -> pl.Expr:
    """The cancelled units' share of a line's amount, in whole ten-thousandths; the whole amount where all units are cancelled."""
    cancelled, ordered = pl.col("cancelled_units"), pl.col("ordered_units")
    part = (pl.col(amount) * ONE).cast(pl.Int128) * cancelled // pl.when(ordered != 0).then(ordered)
    money = (part.cast(pl.Decimal(38, 0)).cast(pl.Decimal(38, 4)) / ONE).cast(MONEY).fill_null(0)
    return pl.when(cancelled == ordered).then(pl.col(amount).cast(MONEY)).otherwise(money)


def _totals(orders: pl.DataFrame, lines: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    summed = lines.group_by(*DOCUMENT).agg(
        pl.col(f"{what}_amount").sum() for what in ("gross", "discount", "shipping", "tax", "duty")
    )
    rejected = named.group_by(*DOCUMENT).agg(is_incomplete=pl.col("problem").is_not_null().any())
    orders = orders.join(summed, on=DOCUMENT, how="inner", maintain_order="left").join(
        rejected, on=DOCUMENT, how="left", maintain_order="left"
    )
    orders = orders.with_columns(
        shipping_amount=pl.col("shipping_amount") + pl.col("order_shipping_amount"),
        tax_amount=pl.col("tax_amount") + pl.col("order_tax_amount"),
        duty_amount=pl.col("duty_amount") + pl.col("order_duty_amount"),
    )
    total = pl.col("gross_amount") - pl.col("discount_amount") + pl.sum_horizontal("shipping_amount", "tax_amount", "duty_amount")
    stated = pl.col("stated_total_amount") if "stated_total_amount" in orders.columns else pl.lit(None, MONEY)
    orders = orders.with_columns(total_amount=total)
    return orders.with_columns(is_balanced=((stated - pl.col("total_amount")).abs() < 0.01).fill_null(True))
