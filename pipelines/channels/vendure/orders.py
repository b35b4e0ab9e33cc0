"""A Vendure order → orders and lines, as they were placed. Not here: what happened to it since (history.py).

Vendure takes what is cancelled, or comes back, off the order: quantities and totals are those of what is left. What was placed is put
together again from the quantity at that time.
"""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, Maybe, decode
from pipelines.channels.documents import LARGEST, exploded, instant
from pipelines.channels.minor_units import major
from pipelines.channels.totals import MONEY, ZERO, fill_location, finish_lines, finish_orders, with_skus
from pipelines.channels.vendure import history

_PART = dict.fromkeys(("id", "state", "method", "createdAt", "updatedAt"), TEXT)
_LINES = [{"orderLineId": TEXT, "quantity": TEXT}]
SHAPE = {
    **dict.fromkeys(("id", "code", "state", "orderPlacedAt", "updatedAt", "currencyCode", "totalWithTax", "shipping", "shippingWithTax"), TEXT),
    "channels": [{"code": TEXT, "pricesIncludeTax": TEXT}],
    "customer": Maybe(dict.fromkeys(("id", "emailAddress", "phoneNumber"), TEXT)),
    "shippingAddress": Maybe({"countryCode": TEXT, "postalCode": TEXT}),
    "lines": [{
        **dict.fromkeys(("id", "quantity", "orderPlacedQuantity", "taxRate", "unitPrice", "unitPriceWithTax", "linePrice",
                         "proratedUnitPrice", "proratedUnitPriceWithTax", "proratedLinePrice", "proratedLinePriceWithTax"), TEXT),
        "productVariant": dict.fromkeys(("id", "sku", "name"), TEXT)}],
    "surcharges": [dict.fromkeys(("id", "description", "sku", "price", "priceWithTax"), TEXT)],
    "shippingLines": [{"shippingMethod": {"name": TEXT}, "discounts": [dict.fromkeys(("adjustmentSource", "amount", "amountWithTax"), TEXT)]}],
    "modifications": [{"id": TEXT}],
    "payments": [{**_PART, "amount": TEXT, "refunds": [{**_PART, "total": TEXT, "reason": TEXT, "lines": _LINES}]}],
    "fulfillments": [{**_PART, "trackingCode": TEXT, "lines": _LINES}],
    "history": {"items": [{"type": TEXT, "createdAt": TEXT, "data": {
        **dict.fromkeys(("paymentId", "fulfillmentId", "refundId", "to", "reason"), TEXT), "lines": _LINES}}]},
}  # fmt: skip
PROMISED = ("lines", "surcharges", "shippingLines")
KEEP = ("record", "channel", "order_id", "currency_code", "ordered_at", "is_tax_included")
DEFAULT_CHANNEL = "__default_channel__"
CANCELLED, SHIPPING_CANCELLED = "Cancelled", "CANCEL_ORDER"
MOST_UNITS = 10**9
CENTS = (
    "unitPrice",
    "unitPriceWithTax",
    "linePrice",
    "proratedUnitPrice",
    "proratedUnitPriceWithTax",
    "proratedLinePrice",
    "proratedLinePriceWithTax",
)


def parse(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """Orders, lines, payments, shipments, refunds and returns of Vendure's Order objects."""
    decoded, broken = decode(payloads, SHAPE, PROMISED)
    channels = pl.col("channels")
    own = channels.list.eval(pl.element().filter(pl.element().struct.field("code") != DEFAULT_CHANNEL)).list.first()
    includes = pl.coalesce(own.struct.field("pricesIncludeTax"), channels.list.first().struct.field("pricesIncludeTax"))
    heads = decoded.select(
        channel=pl.lit(context.channel), order_id=pl.col("id").str.strip_chars(), currency_code=pl.col("currencyCode").str.strip_chars(),
        ordered_at=instant(pl.col("orderPlacedAt")), is_tax_included=(includes == "true").fill_null(False),
    )  # fmt: skip
    nested = pl.concat([decoded, heads], how="horizontal")
    rows = (_orders(nested, context), _lines(nested), *history.rows(nested))
    return Tables(rows, lambda frames: _finish(frames, context), broken)


def _orders(nested: pl.DataFrame, context: Context) -> Rows:
    happened = history.moments(nested)
    ended = history.reached(happened, "ORDER_STATE_TRANSITION", CANCELLED, ("record",)).rename({"at": "cancelled_at"})
    reasons = (
        happened.filter(pl.col("type") == history.CANCELLATION).group_by("record").agg(cancel_reason=pl.col("reason").last())
    )
    told = nested
    for more in (ended, reasons):
        told = told.join(more, on="record", how="left", maintain_order="left")
    method = pl.col("shippingLines").list.first().struct.field("shippingMethod").struct.field("name")
    is_cancelled = (pl.col("state") == CANCELLED).fill_null(False)
    customer = nested["customer"].struct
    frame = told.select(
        "record", "channel", "order_id", "currency_code",
        order_number="code",
        order_kind=pl.lit("sale"),
        ordered_at="orderPlacedAt",
        customer_key=context.pseudonym(customer.field("id")),
        email_key=context.pseudonym(customer.field("emailAddress")),
        phone_key=context.pseudonym(customer.field("phoneNumber")),
        is_test=pl.lit(False), is_gift=pl.lit(False), is_customised=pl.lit(False), has_note=pl.lit(False),
        is_changed=(pl.col("modifications").list.len() > 0).fill_null(False),
        is_expedited=method.str.contains(context.expedited).fill_null(False),
        is_cancelled=is_cancelled,
        cancelled_at=pl.when(is_cancelled).then(pl.coalesce("cancelled_at", "updatedAt")),
        cancel_reason=pl.when(is_cancelled).then("cancel_reason"),
        ship_to_country_code=pl.col("shippingAddress").struct.field("countryCode"),
        ship_to_postal_code=pl.col("shippingAddress").struct.field("postalCode"),
        location_id=pl.lit(None, pl.String),
        service_level=method,
        shipping_amount=hundredths("shipping"),
        stated_total_amount=hundredths("totalWithTax"),
        shipping_with_tax=amount(_cents("shippingWithTax")),
        waived_amount=_waived("amount"), waived_with_tax=_waived("amountWithTax"),
        touched_at=instant(pl.col("updatedAt")),
    )  # fmt: skip
    return Rows("orders", frame, required=("order_id", "ordered_at", "currency_code", "shipping_amount"))


def hundredths(name: str) -> pl.Expr:
    """An amount that Vendure keeps in hundredths, whatever the currency, as text: 1999 is 19.99."""
    return major(pl.col(name), pl.lit("EUR"))


def amount(cents: pl.Expr) -> pl.Expr:
    """Whole hundredths as an amount: 1999 is 19.99."""
    return (cents.cast(pl.Decimal(38, 4)) / 100).cast(MONEY)


def _cents(name: str) -> pl.Expr:
    whole = pl.col(name).cast(pl.Int64, strict=False)
    return pl.when(whole.is_between(-LARGEST * 100, LARGEST * 100)).then(whole)


def _rounded(cents: pl.Expr) -> pl.Expr:
    """Half up, as Vendure's own JavaScript rounds; null beyond what can be meant."""
    whole = (cents + 0.5).floor()
    return pl.when(whole.is_between(-LARGEST * 100, LARGEST * 100)).then(whole).cast(pl.Int64)


def _waived(name: str) -> pl.Expr:
    """What cancelling the order took off the shipping that had been charged."""
    off = pl.element().filter(pl.element().struct.field("adjustmentSource") == SHIPPING_CANCELLED).struct.field(name)
    per_line = pl.element().struct.field("discounts").list.eval(off.cast(pl.Int64, strict=False)).list.sum()
    total = pl.col("shippingLines").list.eval(per_line).list.sum()
    return amount(pl.when(total.is_between(-LARGEST * 100, 0)).then(-total).otherwise(0))


def _lines(nested: pl.DataFrame) -> Rows:
    taken = history.taken_off(nested)
    taken = taken.group_by("record", id="line_id").agg(taken=pl.col("returned_units").cast(pl.Int64, strict=False).sum())
    goods = exploded(nested.drop("channels"), KEEP, pl.col("lines"), "position")
    goods = _as_placed(goods.join(taken, on=["record", "id"], how="left", maintain_order="left"))
    variant = pl.col("productVariant").struct
    units = pl.coalesce(
        pl.col("units").cast(pl.String), pl.when(pl.col("placed").is_null()).then("orderPlacedQuantity"), "quantity"
    )
    goods = goods.select(
        *KEEP, "position", "left",
        line_id="id", listing_id=variant.field("id"), listed_sku=variant.field("sku"), description=variant.field("name"), ordered_units=units,
        unit_price_amount=hundredths("unitPrice"), gross_amount=amount(pl.col("gross")), discount_amount=amount(pl.col("discount")),
        tax_amount=amount(pl.col("tax")), is_goods=pl.lit(True),
        left_amount=amount(_cents("proratedLinePrice")), left_with_tax=amount(_cents("proratedLinePriceWithTax")),
        paid_unit=amount(_cents("proratedUnitPrice")),
        paid_unit_with_tax=amount(_cents("proratedUnitPriceWithTax")),
    )  # fmt: skip
    price, with_tax = amount(_cents("price")), amount(_cents("priceWithTax"))
    fees = exploded(nested.drop("channels"), KEEP, pl.col("surcharges"), "position").select(
        *KEEP, "position", left=pl.lit(1, pl.Int64), line_id=pl.format("surcharge-{}", "id"), listed_sku="sku", description="description",
        ordered_units=pl.lit("1"), unit_price_amount=hundredths("price"), gross_amount=price, discount_amount=ZERO,
        tax_amount=(with_tax - price).cast(MONEY), is_goods=pl.lit(False), left_amount=price, left_with_tax=with_tax,
        paid_unit=price, paid_unit_with_tax=with_tax,
    )  # fmt: skip
    frame = pl.concat([goods, fees], how="diagonal").with_columns(
        line_at="ordered_at", duty_amount=ZERO, is_gift_card=pl.lit(False)
    )
    required = ("ordered_units", "unit_price_amount", "gross_amount", "discount_amount", "tax_amount")
    place = pl.format("{}[{}]", pl.when("is_goods").then(pl.lit("lines")).otherwise(pl.lit("surcharges")), "position")
    return Rows("order_lines", frame, place, required)


def _as_placed(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with the hundredths of all `units` that were placed, where only `left` of them are on the order still.

    2 of 3 units at 9.99 and 21 % are left: Vendure states 19.98 and 24.18 with tax; placed were 29.97, tax 6.29. A discount is
    the same for each unit; what a line had that is gone whole is not told. Units that were added later are no part of
    `orderPlacedQuantity`: the order's history tells what was taken off, of which what is left and that are the whole.
    """
    placed, left = (pl.col(name).cast(pl.Int64, strict=False) for name in ("orderPlacedQuantity", "quantity"))
    is_read = placed.is_between(0, MOST_UNITS) & left.is_between(0, MOST_UNITS)
    lines = lines.with_columns(
        placed=placed, left=left, units=pl.when(is_read).then(pl.max_horizontal(placed, left + pl.col("taken").fill_null(0).clip(0, MOST_UNITS))),
        rate=pl.col("taxRate").cast(pl.Float64, strict=False).fill_null(0), **{f"{name} in cents": _cents(name) for name in CENTS},
    )  # fmt: skip
    unit, with_tax, gross, net, total = (
        pl.col(f"{name} in cents")
        for name in ("unitPrice", "unitPriceWithTax", "linePrice", "proratedLinePrice", "proratedLinePriceWithTax")
    )
    units, is_whole = pl.col("units").cast(pl.Float64), pl.col("left") == pl.col("units")
    all_with_tax = _rounded(with_tax * units)
    full = (
        pl.when("is_tax_included")
        .then(_rounded(with_tax * units * 100 / (100 + pl.col("rate"))))
        .otherwise(_rounded(unit * units))
    )
    part = pl.when(pl.col("left") > 0).then(_rounded((gross - net) * units / pl.col("left"))).otherwise(0)
    lines = lines.with_columns(
        gross=pl.when(is_whole).then(gross).otherwise(full), discount=pl.when(is_whole).then(gross - net).otherwise(part)
    )
    plain = pl.col("is_tax_included") & (pl.col("discount") == 0)
    off = (
        pl.when(plain)
        .then(all_with_tax - pl.col("gross"))
        .otherwise(_rounded((pl.col("gross") - pl.col("discount")) * pl.col("rate") / 100))
    )
    return lines.with_columns(tax=pl.when(is_whole).then(total - net).otherwise(off))


def _finish(frames: dict[str, pl.DataFrame], context: Context) -> dict[str, pl.DataFrame]:
    gone = frames["shipments"].group_by("record", "line_id").agg(gone=pl.col("shipped_units").sum())
    lines = frames["order_lines"].join(gone, on=["record", "line_id"], how="left", maintain_order="left")
    lines = lines.with_columns(gone=pl.min_horizontal(pl.col("gone").fill_null(0), "ordered_units"))
    lines = lines.with_columns(
        cancelled_units=pl.col("ordered_units") - pl.max_horizontal("left", "gone"), sku="listed_sku",
        returned=pl.max_horizontal(pl.col("gone") - pl.col("left"), pl.lit(0)),
        off_amount=(pl.col("gross_amount") - pl.col("discount_amount") + pl.col("tax_amount") - pl.col("left_with_tax")).fill_null(ZERO).cast(MONEY),
    )  # fmt: skip
    stayed = pl.col("left_amount") + pl.col("paid_unit") * pl.col("returned")
    lines = lines.with_columns(cancelled_net_amount=(pl.col("gross_amount") - pl.col("discount_amount") - stayed).cast(MONEY))
    lines = finish_lines(lines).with_columns(line_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record"))
    of_lines = lines.group_by("record").agg(off_amount=pl.col("off_amount").sum(), has_left=(pl.col("gone") > 0).any())
    orders = (
        frames["orders"]
        .join(of_lines, on="record", how="left")
        .with_columns(pl.col("off_amount").fill_null(ZERO), pl.col("has_left").fill_null(False))
    )
    shipping = pl.col("shipping_amount") + pl.col("waived_amount")
    with_tax = pl.coalesce("shipping_with_tax", "shipping_amount") + pl.col("waived_with_tax")
    orders = orders.with_columns(
        shipping_amount=shipping.cast(MONEY), shipping_tax_amount=(with_tax - shipping).cast(MONEY),
        stated_total_amount=(pl.col("stated_total_amount") + pl.col("off_amount") + pl.col("waived_with_tax")).cast(MONEY),
        is_cancelled=pl.col("is_cancelled") & ~pl.col("has_left"),
    )  # fmt: skip
    orders = orders.with_columns(pl.when("is_cancelled").then(name).alias(name) for name in ("cancelled_at", "cancel_reason"))
    orders = fill_location(history.with_payment(finish_orders(orders, lines, context), frames["payments"]), context)
    frames = history.finish(frames | {"orders": orders, "order_lines": lines}, context)
    return with_skus(frames)
