"""A Shopify order → orders and lines. Here: which of its fields means what. Not here: what happened to it (history.py, refunds.py)."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import decode
from pipelines.channels.documents import coded, exploded, instant, summed
from pipelines.channels.shopify import history, refunds
from pipelines.channels.shopify.shape import ORDER
from pipelines.channels.totals import MONEY, ZERO, fill_location, finish_lines, finish_orders, with_skus

FINANCIAL = {
    "PAID": "paid", "PARTIALLY_REFUNDED": "paid", "PARTIALLY_PAID": "partially_paid", "PENDING": "pending", "AUTHORIZED": "pending",
    "REFUNDED": "refunded", "VOIDED": "failed", "EXPIRED": "failed",
}  # fmt: skip
CANCELLED_BY = {
    "CUSTOMER": "customer",
    "INVENTORY": "seller",
    "STAFF": "seller",
    "OTHER": "seller",
    "FRAUD": "fraud",
    "DECLINED": "fraud",
}
PROMISED = ("lineItems", "shippingLines", "transactions", "fulfillments", "refunds")
KEEP = ("record", "channel", "order_id", "currency_code", "ordered_at", "taxes_included", "is_cancelled")
GIFT = r"(?i)gift"


def parse(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """Orders, lines, events, payments, shipments, returns and refunds of Shopify's Order objects."""
    decoded, broken = decode(payloads, ORDER, PROMISED)
    heads = decoded.select("record", channel=pl.lit(context.channel), order_id=pl.col("legacyResourceId").str.strip_chars(), currency_code=pl.col("currencyCode").str.strip_chars(),  # noqa: E501
                           ordered_at=instant(pl.col("createdAt")), taxes_included=pl.col("taxesIncluded") == "true",
                           is_cancelled=pl.col("cancelledAt").is_not_null())  # fmt: skip
    nested = pl.concat([decoded, heads.drop("record")], how="horizontal")
    rows = (
        _orders(decoded, context),
        _lines(nested),
        *history.rows(nested, context),
        *refunds.rows(nested, context),
    )
    return Tables(rows, lambda frames: _finish(frames, context), broken)


def _orders(decoded: pl.DataFrame, context: Context) -> Rows:
    shipping = pl.col("shippingLines").struct.field("nodes")
    kept = shipping.list.eval(pl.element().filter(pl.element().struct.field("isRemoved").fill_null("false") != "true"))
    title = shipping.list.first().struct.field("title")
    keys = pl.col("customAttributes").list.eval(pl.element().struct.field("key")).list.join(" ")
    total = pl.col("totalPriceSet").struct.field("presentmentMoney").struct.field("amount")
    is_foreign = pl.col("presentmentCurrencyCode") != pl.col("currencyCode")
    frame = decoded.select(
        "record",
        channel=pl.lit(context.channel),
        order_id="legacyResourceId",
        order_number="name",
        order_kind=pl.lit("sale"),
        ordered_at="createdAt",
        processed_at="processedAt",
        currency_code="currencyCode",
        customer_key=context.pseudonym(decoded["customer"].struct.field("id")),
        email_key=context.pseudonym(decoded["email"]),
        phone_key=context.pseudonym(decoded["phone"]),
        is_test="test",
        is_changed="edited",
        is_expedited=title.str.contains(context.expedited).fill_null(False),
        is_gift=(keys.str.contains(GIFT) | pl.col("tags").list.join(" ").str.contains(GIFT)).fill_null(False),
        has_note=pl.col("note").is_not_null() & (pl.col("note") != ""),
        is_cancelled=pl.col("cancelledAt").is_not_null(),
        cancelled_at="cancelledAt",
        cancelled_by=coded(pl.col("cancelReason"), CANCELLED_BY),
        cancel_reason=pl.col("cancelReason").str.to_lowercase(),
        payment_status=coded(pl.col("displayFinancialStatus"), FINANCIAL),
        ship_to_country_code=pl.col("shippingAddress").struct.field("countryCodeV2"),
        ship_to_postal_code=pl.col("shippingAddress").struct.field("zip"),
        service_level=title,
        shipping_amount=summed(kept, lambda line: _amount(line, "discountedPriceSet")),
        shipping_tax_amount=_shipping_tax(kept),
        stated_total_amount=_amount(pl.col("totalPriceSet"), None),
        presentment_currency_code=pl.when(is_foreign).then("presentmentCurrencyCode"),
        presentment_total_amount=pl.when(is_foreign).then(total),
        taxes_included=pl.col("taxesIncluded") == "true",
        customised_key=keys.str.len_chars().fill_null(0) > 0,
    )
    required = ("order_id", "ordered_at", "currency_code")
    defaults = {
        "payment_status": "unknown",
        "is_test": False,
        "is_changed": False,
        "shipping_amount": 0,
        "shipping_tax_amount": 0,
    }
    return Rows("orders", frame, required=required, defaults=defaults)


def _shipping_tax(lines: pl.Expr) -> pl.Expr:
    taxes = lines.list.eval(pl.element().struct.field("taxLines")).list.eval(pl.element().explode())
    return summed(taxes, lambda tax: _amount(tax, "priceSet")).fill_null(ZERO)


def _amount(holder: pl.Expr, name: str | None) -> pl.Expr:
    """The shop money of a field, as text."""
    return (holder.struct.field(name) if name else holder).struct.field("shopMoney").struct.field("amount")


def _lines(nested: pl.DataFrame) -> Rows:
    lines = exploded(nested, KEEP, pl.col("lineItems").struct.field("nodes"), "position")
    goods = lines.select(
        *KEEP, "position", "isGiftCard", "requiresShipping",
        line_id="id",
        listing_id=pl.col("variant").struct.field("id").str.strip_prefix("gid://shopify/ProductVariant/"),
        listed_sku="sku",
        description="name",
        ordered_units="quantity",
        unit_price_amount=_amount(pl.col("originalUnitPriceSet"), None),
        gross_amount=_amount(pl.col("originalTotalSet"), None),
        discount_amount=summed(pl.col("discountAllocations"), lambda a: _amount(a, "allocatedAmountSet")),
        tax_amount=summed(pl.col("taxLines"), lambda t: _amount(t, "priceSet")),
        duty_amount=summed(pl.col("duties"), lambda d: _amount(d, "price")),
        current_units=pl.col("currentQuantity").cast(pl.Int64, strict=False),
        is_customised=pl.col("customAttributes").list.eval(~pl.element().struct.field("key").str.starts_with("_")).list.any().fill_null(False),
    )  # fmt: skip
    fees = exploded(nested, KEEP, pl.col("additionalFees"), "position").select(
        *KEEP, "position", description="name", ordered_units=pl.lit("1"), unit_price_amount=_amount(pl.col("price"), None),
        gross_amount=_amount(pl.col("price"), None), isGiftCard=pl.lit("false"), requiresShipping=pl.lit("false"), is_fee=pl.lit(True),
        **dict.fromkeys(("discount_amount", "tax_amount", "duty_amount"), ZERO),
    )  # fmt: skip
    frame = pl.concat([goods, fees], how="diagonal_relaxed") if fees.height else goods
    frame = frame.with_columns(
        line_at="ordered_at", is_goods=pl.col("requiresShipping") == "true", is_gift_card=pl.col("isGiftCard") == "true"
    )
    required = ("ordered_units", "unit_price_amount", "gross_amount", "discount_amount", "tax_amount", "duty_amount")
    return Rows("order_lines", frame, pl.format("lineItems.nodes[{}]", "position"), required)


def _finish(frames: dict[str, pl.DataFrame], context: Context) -> dict[str, pl.DataFrame]:
    lines = refunds.cancelled(frames["order_lines"], frames["refunds"])
    net_of_tax = pl.col("gross_amount") - pl.col("discount_amount") - pl.col("tax_amount")
    gross = pl.when(pl.col("taxes_included")).then(net_of_tax + pl.col("discount_amount")).otherwise(pl.col("gross_amount"))
    lines = finish_lines(lines.with_columns(gross_amount=gross.cast(MONEY), sku=pl.col("listed_sku")))
    lines = lines.with_columns(line_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record"))
    orders = frames["orders"]
    shipping = pl.when(pl.col("taxes_included")).then(pl.col("shipping_amount") - pl.col("shipping_tax_amount"))
    orders = orders.with_columns(shipping_amount=pl.coalesce(shipping, "shipping_amount").cast(MONEY))
    customised = lines.group_by("record").agg(pl.col("is_customised").any())
    orders = orders.join(customised, on="record", how="left").with_columns(
        is_customised=pl.col("is_customised").fill_null(False) | pl.col("customised_key")
    )
    orders = history.with_first_payment(finish_orders(orders, lines, context), frames["payments"])
    orders = fill_location(history.with_location(orders, frames["order_events"]), context)
    frames = refunds.finish(frames | {"orders": orders, "order_lines": lines}, context)
    return with_skus(history.with_mails(frames))
