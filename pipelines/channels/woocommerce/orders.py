"""A WooCommerce order → ledger rows. Here: which of its fields means what. Not here: refunds, which are records of their own."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, Maybe, decode
from pipelines.channels.documents import coded, exploded, instant, money, summed
from pipelines.channels.totals import MONEY, ZERO, fill_location, finish_lines, finish_orders, with_skus

_PERSON = {"postcode": TEXT, "country": TEXT}
SHAPE = {
    **dict.fromkeys(
        ("id", "number", "status", "currency", "date_created_gmt", "date_modified_gmt", "date_paid_gmt", "date_completed_gmt", "shipping_total",
         "shipping_tax", "total", "customer_id", "customer_note", "payment_method", "transaction_id"), TEXT),
    "billing": Maybe({**_PERSON, "email": TEXT, "phone": TEXT}),
    "shipping": Maybe(_PERSON),
    "meta_data": [{"key": TEXT, "value": TEXT}],
    "line_items": [{**dict.fromkeys(("id", "name", "product_id", "variation_id", "quantity", "subtotal", "total", "total_tax", "sku", "price"), TEXT),
                    "meta_data": [{"key": TEXT}]}],
    "shipping_lines": [{"method_title": TEXT, "total": TEXT, "total_tax": TEXT}],
    "fee_lines": [{"id": TEXT, "name": TEXT, "total": TEXT, "total_tax": TEXT}],
}  # fmt: skip
PROMISED = ("line_items", "shipping_lines")
KEEP = ("record", "channel", "order_id", "currency_code", "ordered_at", "is_cancelled")
PAYMENT = {"processing": "paid", "completed": "paid", "refunded": "refunded", "pending": "pending", "on-hold": "pending", "failed": "failed",
           "checkout-draft": "pending"}  # fmt: skip
GIFT_CARD = r"(?i)gift.?card|gift.?certificate|voucher"


def parse(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """Orders, lines, payments and parcels of WooCommerce's order objects."""
    decoded, broken = decode(payloads, SHAPE, PROMISED)
    heads = decoded.select(channel=pl.lit(context.channel), order_id=pl.col("id").str.strip_chars(), currency_code=pl.col("currency").str.strip_chars(),
                           ordered_at=instant(pl.col("date_created_gmt")), is_cancelled=(pl.col("status") == "cancelled").fill_null(False))  # fmt: skip
    nested = pl.concat([decoded, heads], how="horizontal")
    rows = (_orders(decoded, context), _lines(nested), _payments(nested))
    return Tables(rows, lambda frames: _finish(frames, context), broken)


def _orders(decoded: pl.DataFrame, context: Context) -> Rows:
    title = pl.col("shipping_lines").list.first().struct.field("method_title")
    place = {field: pl.coalesce(*(pl.when(pl.col(who).struct.field(field) != "").then(pl.col(who).struct.field(field)) for who in ("shipping", "billing")))
             for field in ("country", "postcode")}  # fmt: skip
    billing = decoded["billing"].struct
    customer = decoded.select(pl.when(pl.col("customer_id") != "0").then("customer_id"))["customer_id"]
    paid = pl.col("date_paid_gmt").is_not_null() & ~pl.col("status").is_in(list(PAYMENT))
    frame = decoded.select(
        "record",
        channel=pl.lit(context.channel),
        order_id="id",
        order_number="number",
        order_kind=pl.lit("sale"),
        ordered_at="date_created_gmt",
        currency_code="currency",
        customer_key=context.pseudonym(customer),
        email_key=context.pseudonym(billing.field("email")),
        phone_key=context.pseudonym(billing.field("phone")),
        is_test=pl.lit(False),
        is_changed=pl.lit(False),
        is_expedited=title.str.contains(context.expedited).fill_null(False),
        is_gift=pl.col("meta_data")
        .list.eval(pl.element().struct.field("key").str.contains("(?i)gift"))
        .list.any()
        .fill_null(False),
        has_note=(pl.col("customer_note") != "").fill_null(False),
        is_cancelled=(pl.col("status") == "cancelled").fill_null(False),
        completed_at=instant(pl.col("date_completed_gmt")),
        payment_status=pl.when(paid | ((pl.col("status") == "cancelled") & pl.col("date_paid_gmt").is_not_null()))
        .then(pl.lit("paid"))
        .when(pl.col("status") == "cancelled")
        .then(pl.lit("unknown"))
        .otherwise(coded(pl.col("status"), PAYMENT)),
        paid_at="date_paid_gmt",
        ship_to_country_code=place["country"],
        ship_to_postal_code=place["postcode"],
        service_level=title,
        shipping_amount="shipping_total",
        shipping_tax_amount=summed(pl.col("shipping_lines"), lambda line: line.struct.field("total_tax")),
        stated_total_amount="total",
        location_id=pl.lit(None, pl.String),
    )
    defaults = {"payment_status": "unknown", "shipping_amount": 0, "shipping_tax_amount": 0}
    return Rows("orders", frame, required=("order_id", "ordered_at", "currency_code"), defaults=defaults)


def _lines(nested: pl.DataFrame) -> Rows:
    lines = exploded(nested, KEEP, pl.col("line_items"), "position")
    variation = pl.when(pl.col("variation_id") != "0").then("variation_id")
    units = pl.when(pl.col("quantity").cast(pl.Int64, strict=False) != 0).then(pl.col("quantity").cast(pl.Int64, strict=False))
    goods = lines.select(
        *KEEP, "position",
        line_id="id",
        listing_id=pl.coalesce(variation, "product_id"),
        listed_sku="sku",
        sku="sku",
        description="name",
        ordered_units="quantity",
        unit_price_amount=(money(pl.col("subtotal")).cast(pl.Decimal(38, 4)) / units).round(4).cast(MONEY).fill_null(ZERO),
        gross_amount="subtotal",
        discount_amount=(money(pl.col("subtotal")) - money(pl.col("total"))).cast(MONEY),
        tax_amount="total_tax",
        is_goods=pl.lit(True),
        is_gift_card=(pl.col("sku").str.contains(GIFT_CARD) | pl.col("name").str.contains(GIFT_CARD)).fill_null(False),
        is_customised=pl.col("meta_data").list.eval(~pl.element().struct.field("key").str.starts_with("_")).list.any().fill_null(False),
    )  # fmt: skip
    fees = exploded(nested, KEEP, pl.col("fee_lines"), "position").select(
        *KEEP, "position", line_id="id", description="name", ordered_units=pl.lit("1"), unit_price_amount=money(pl.col("total")),
        gross_amount="total", discount_amount=ZERO, tax_amount="total_tax", is_goods=pl.lit(False), is_gift_card=pl.lit(False),
    )  # fmt: skip
    frame = pl.concat([goods, fees], how="diagonal_relaxed").with_columns(duty_amount=ZERO, line_at="ordered_at")
    required = ("ordered_units", "gross_amount", "discount_amount", "tax_amount")
    return Rows("order_lines", frame, pl.format("line_items[{}]", "position"), required)


def _payments(nested: pl.DataFrame) -> Rows:
    """What was paid: WooCommerce says when, and not how much; it is the order's total."""
    frame = nested.filter(pl.col("date_paid_gmt").is_not_null()).select(
        "record", "channel", "order_id", "currency_code",
        payment_id=pl.format("{}-paid", "id"), payment_kind=pl.lit("capture"), method="payment_method", amount="total", paid_at="date_paid_gmt",
    )  # fmt: skip
    return Rows("payments", frame, pl.lit("date_paid_gmt"), ("payment_id", "amount"))


def _finish(frames: dict[str, pl.DataFrame], context: Context) -> dict[str, pl.DataFrame]:
    cancelled = pl.when("is_cancelled").then(pl.max_horizontal("ordered_units", pl.lit(0))).otherwise(0)
    lines = frames["order_lines"].with_columns(cancelled_units=cancelled, cancelled_net_amount=pl.lit(None, MONEY))
    lines = finish_lines(lines).with_columns(line_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record"))
    customised = lines.group_by("record").agg(is_customised=pl.col("is_customised").any())
    orders = finish_orders(frames["orders"], lines, context).join(customised, on="record", how="left")
    orders = fill_location(orders.with_columns(pl.col("is_customised").fill_null(False)), context)
    completed = orders.filter(pl.col("completed_at").is_not_null()).select("record", shipped_at="completed_at")
    gone = lines.filter(pl.col("is_goods") & ~pl.col("is_gift_card") & (pl.col("ordered_units") > pl.col("cancelled_units")))
    shipments = gone.join(completed, on="record").select(
        "record", "channel", "order_id", "line_id", "shipped_at", shipment_id="order_id", shipped_units=pl.col("ordered_units") - pl.col("cancelled_units"),
        line_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record"), location_id=pl.lit(context.location, pl.String),
    )  # fmt: skip
    return with_skus(frames | {"orders": orders, "order_lines": lines, "shipments": shipments})
