"""An eBay order → ledger rows. Here: which of its fields means what. Not here: payouts and fees (payouts.py)."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, Maybe, decode
from pipelines.channels.documents import coded, exploded, instant, local_date, money, numbered, summed
from pipelines.channels.totals import MONEY, ZERO, fill_location, finish_lines, finish_orders, with_skus

_AMOUNT = {"value": TEXT, "currency": TEXT}
SHAPE = {
    **dict.fromkeys(("orderId", "salesRecordReference", "creationDate", "lastModifiedDate", "orderPaymentStatus", "buyerCheckoutNotes"), TEXT),
    "buyer": Maybe({"username": TEXT, "buyerRegistrationAddress": {"email": TEXT, "primaryPhone": {"phoneNumber": TEXT}}}),
    "cancelStatus": Maybe({"cancelState": TEXT, "cancelledDate": TEXT, "cancelRequests": [{"cancelInitiator": TEXT, "cancelReason": TEXT}]}),
    "pricingSummary": Maybe(dict.fromkeys(("priceSubtotal", "deliveryCost", "deliveryDiscount", "adjustment", "fee", "tax", "total"), _AMOUNT)),
    "fulfillmentStartInstructions": [{"shippingStep": {"shippingServiceCode": TEXT, "shipTo": {
        "email": TEXT, "primaryPhone": {"phoneNumber": TEXT}, "contactAddress": {"countryCode": TEXT, "postalCode": TEXT}}}}],
    "paymentSummary": Maybe({"payments": [{**dict.fromkeys(("paymentReferenceId", "paymentMethod", "paymentStatus", "paymentDate"), TEXT), "amount": _AMOUNT}],
                             "refunds": [{**dict.fromkeys(("refundId", "refundDate", "refundStatus"), TEXT), "amount": _AMOUNT}]}),
    "lineItems": [{
        **dict.fromkeys(("lineItemId", "legacyItemId", "legacyVariationId", "sku", "title", "quantity"), TEXT),
        "lineItemCost": _AMOUNT, "discountedLineItemCost": _AMOUNT, "taxes": [{"amount": _AMOUNT}], "giftDetails": {"message": TEXT},
        "lineItemFulfillmentInstructions": {"shipByDate": TEXT, "maxEstimatedDeliveryDate": TEXT},
        "refunds": [{**dict.fromkeys(("refundId", "refundDate"), TEXT), "amount": _AMOUNT}]}],
    "shippingFulfillments": [{**dict.fromkeys(("fulfillmentId", "shipmentTrackingNumber", "shippedDate", "shippingCarrierCode"), TEXT),
                              "lineItems": [{"lineItemId": TEXT, "quantity": TEXT}]}],
}  # fmt: skip
PROMISED = ("lineItems",)
KEEP = ("record", "channel", "order_id", "currency_code", "ordered_at", "is_cancelled")
STATES = {"PAID": "paid", "PARTIALLY_REFUNDED": "paid", "FULLY_REFUNDED": "refunded", "PENDING": "pending", "FAILED": "failed"}
PAYMENTS = {"PAID": "capture", "PENDING": "pending", "FAILED": "failed"}
REFUNDS = {"REFUNDED": "refund", "PENDING": "pending", "FAILED": "failed"}
CANCELLED_BY = {"BUYER": "customer", "SELLER": "seller"}


def parse(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """Orders, lines, payments, parcels and refunds of eBay's order objects."""
    decoded, broken = decode(payloads, SHAPE, PROMISED)
    pricing = pl.col("pricingSummary").struct
    heads = decoded.select(
        channel=pl.lit(context.channel), order_id=pl.col("orderId").str.strip_chars(),
        currency_code=pl.coalesce(pricing.field("total").struct.field("currency"), pricing.field("priceSubtotal").struct.field("currency")).str.strip_chars(),
        ordered_at=instant(pl.col("creationDate")), is_cancelled=(pl.col("cancelStatus").struct.field("cancelState") == "CANCELED").fill_null(False),
    )  # fmt: skip
    nested = pl.concat([decoded, heads], how="horizontal")
    rows = (
        _orders(nested, context),
        _lines(nested),
        *_payments(nested),
        _shipments(nested, context),
        _whole_refunds(nested),
        _line_refunds(nested),
    )
    return Tables(rows, lambda frames: _finish(frames, context), broken)


def _value(name: str) -> pl.Expr:
    return pl.col(name).struct.field("value")


def _orders(nested: pl.DataFrame, context: Context) -> Rows:
    first = pl.col("lineItems").list.first().struct.field("lineItemFulfillmentInstructions").struct
    step = pl.col("fulfillmentStartInstructions").list.first().struct.field("shippingStep").struct
    to, pricing, cancel = step.field("shipTo").struct, pl.col("pricingSummary").struct, pl.col("cancelStatus").struct
    request = cancel.field("cancelRequests").list.first().struct
    people = nested.select(
        user=pl.col("buyer").struct.field("username"),
        email=to.field("email"),
        phone=to.field("primaryPhone").struct.field("phoneNumber"),
    )
    delivery, discount = (money(pricing.field(name).struct.field("value")) for name in ("deliveryCost", "deliveryDiscount"))
    frame = nested.select(
        "record", "channel", "order_id", "currency_code", "is_cancelled",
        order_number="salesRecordReference",
        order_kind=pl.lit("sale"),
        ordered_at="creationDate",
        customer_key=context.pseudonym(people["user"]),
        email_key=context.pseudonym(people["email"]),
        phone_key=context.pseudonym(people["phone"]),
        is_test=pl.lit(False), is_changed=pl.lit(False), is_customised=pl.lit(False),
        is_expedited=step.field("shippingServiceCode").str.contains(context.expedited).fill_null(False),
        is_gift=pl.col("lineItems").list.eval(pl.element().struct.field("giftDetails").struct.field("message").is_not_null()).list.any().fill_null(False),
        has_note=(pl.col("buyerCheckoutNotes") != "").fill_null(False),
        cancelled_at=pl.when("is_cancelled").then(cancel.field("cancelledDate")),
        cancelled_by=pl.when("is_cancelled").then(request.field("cancelInitiator").replace_strict(CANCELLED_BY, default=None, return_dtype=pl.String)),
        cancel_reason=pl.when("is_cancelled").then(request.field("cancelReason").str.to_lowercase()),
        payment_status=coded(pl.col("orderPaymentStatus"), STATES),
        ship_by_at=first.field("shipByDate"),
        deliver_by_at=first.field("maxEstimatedDeliveryDate"),
        ship_to_country_code=to.field("contactAddress").struct.field("countryCode"),
        ship_to_postal_code=to.field("contactAddress").struct.field("postalCode"),
        service_level=step.field("shippingServiceCode"),
        shipping_amount=(delivery.fill_null(ZERO) - discount.abs().fill_null(ZERO)).cast(MONEY),
        stated_total_amount=pricing.field("total").struct.field("value"),
        location_id=pl.lit(context.location, pl.String),
        adjustment=money(pricing.field("adjustment").struct.field("value")).fill_null(ZERO) + money(pricing.field("fee").struct.field("value")).fill_null(ZERO),
        stated_tax=money(pricing.field("tax").struct.field("value")).fill_null(ZERO),
    )  # fmt: skip
    return Rows("orders", frame, required=("order_id", "ordered_at", "currency_code"), defaults={"payment_status": "unknown"})


def _lines(nested: pl.DataFrame) -> Rows:
    """A line's cost is of all its units; what a promotion takes off is the difference to the discounted cost."""
    lines = exploded(nested, KEEP, pl.col("lineItems"), "position")
    units = pl.when(pl.col("quantity").cast(pl.Int64, strict=False) > 0).then(pl.col("quantity").cast(pl.Int64, strict=False))
    cost, discounted = money(_value("lineItemCost")), money(pl.coalesce(_value("discountedLineItemCost"), _value("lineItemCost")))
    taxes = summed(pl.col("taxes"), lambda tax: tax.struct.field("amount").struct.field("value"))
    frame = lines.select(
        *KEEP, "position", line_id="lineItemId", listing_id=pl.coalesce(pl.concat_str("legacyItemId", "legacyVariationId", separator="-"), "legacyItemId"),
        listed_sku="sku", sku="sku", description="title", ordered_units="quantity",
        unit_price_amount=(cost.cast(pl.Decimal(38, 4)) / units).round(4).cast(MONEY).fill_null(ZERO),
        gross_amount=_value("lineItemCost"), discount_amount=(cost - discounted).cast(MONEY),
        tax_amount=pl.when(pl.col("taxes").is_null()).then(ZERO).otherwise(taxes),
        duty_amount=ZERO, line_at="ordered_at", is_goods=pl.lit(True), is_gift_card=pl.lit(False),
    )  # fmt: skip
    required = ("ordered_units", "gross_amount", "discount_amount", "tax_amount")
    return Rows("order_lines", frame, pl.format("lineItems[{}]", "position"), required)


def _payments(nested: pl.DataFrame) -> tuple[Rows, Rows]:
    summary = pl.col("paymentSummary").struct
    required = ("payment_id", "payment_kind", "amount")
    paid = exploded(nested, KEEP, summary.field("payments"), "position").select(
        *KEEP, "position", payment_id=pl.coalesce("paymentReferenceId", pl.format("{}-{}", "order_id", "position")),
        payment_kind=coded(pl.col("paymentStatus"), PAYMENTS), method=pl.col("paymentMethod").str.to_lowercase(), amount=_value("amount"),
        paid_at="paymentDate",
    )  # fmt: skip
    back = exploded(nested, KEEP, summary.field("refunds"), "position").select(
        *KEEP, "position", payment_id="refundId", payment_kind=coded(pl.col("refundStatus"), REFUNDS), amount=_value("amount"), paid_at="refundDate",
    )  # fmt: skip
    return (
        Rows("payments", paid, pl.format("paymentSummary.payments[{}]", "position"), required),
        Rows("payments", back, pl.format("paymentSummary.refunds[{}]", "position"), required),
    )


def _shipments(nested: pl.DataFrame, context: Context) -> Rows:
    kept = [*KEEP, "position", "shipment_id", "shipped_at", "carrier_code", "tracking_number"]
    gone = exploded(nested.drop("lineItems"), KEEP, pl.col("shippingFulfillments"), "position").with_columns(
        shipment_id=pl.format("{}-{}", "order_id", "fulfillmentId"), shipped_at="shippedDate", carrier_code="shippingCarrierCode",
        tracking_number="shipmentTrackingNumber",
    )  # fmt: skip
    lines = exploded(gone, kept, pl.col("lineItems"), "inner").with_columns(
        line_number=pl.col("inner") + 1, line_id="lineItemId", shipped_units="quantity", sku=pl.lit(None, pl.String),
        location_id=pl.lit(context.location, pl.String),
    )  # fmt: skip
    place = pl.format("shippingFulfillments[{}].lineItems[{}]", "position", "inner")
    return Rows("shipments", lines, place, ("shipment_id", "line_id", "shipped_units", "shipped_at"))


def _whole_refunds(nested: pl.DataFrame) -> Rows:
    """What was refunded of the order; its row stands for what its lines leave over."""
    given = exploded(nested, KEEP, pl.col("paymentSummary").struct.field("refunds"), "position").filter(
        (pl.col("refundStatus") == "REFUNDED").fill_null(False)
    )
    frame = given.select(*KEEP, "position", refund_id="refundId", line_id=pl.lit(None, pl.String), total_amount=_value("amount"), refunded_at="refundDate",
                         is_whole=pl.lit(True))  # fmt: skip
    return Rows(
        "refunds", frame, pl.format("paymentSummary.refunds[{}]", "position"), ("refund_id", "total_amount", "refunded_at")
    )


def _line_refunds(nested: pl.DataFrame) -> Rows:
    lines = exploded(nested, KEEP, pl.col("lineItems"), "position")
    given = exploded(lines, [*KEEP, "position", "lineItemId"], pl.col("refunds"), "inner")
    frame = given.select(*KEEP, "position", "inner", refund_id="refundId", line_id="lineItemId", total_amount=_value("amount"), refunded_at="refundDate",
                         is_whole=pl.lit(False))  # fmt: skip
    return Rows(
        "refunds",
        frame,
        pl.format("lineItems[{}].refunds[{}]", "position", "inner"),
        ("refund_id", "total_amount", "refunded_at"),
    )


def _finish(frames: dict[str, pl.DataFrame], context: Context) -> dict[str, pl.DataFrame]:
    cancelled = pl.when("is_cancelled").then(pl.max_horizontal("ordered_units", pl.lit(0))).otherwise(0)
    charged = frames["orders"].filter(pl.col("adjustment") != 0).select(
        "record", "channel", "order_id", "currency_code", "is_cancelled", line_at="ordered_at", description=pl.lit("Adjustment"),
        ordered_units=pl.lit(1, pl.Int64),
        unit_price_amount="adjustment", gross_amount="adjustment", discount_amount=ZERO, tax_amount=ZERO, duty_amount=ZERO, is_goods=pl.lit(False),
        is_gift_card=pl.lit(False), position=pl.lit(10**6, pl.Int64),
    )  # fmt: skip
    lines = pl.concat([frames["order_lines"], charged], how="diagonal_relaxed").sort("record", "position", maintain_order=True)
    lines = finish_lines(lines.with_columns(cancelled_units=cancelled, cancelled_net_amount=pl.lit(None, MONEY)))
    lines = lines.with_columns(line_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record"))
    taxes = lines.group_by("record").agg(by_lines=pl.col("tax_amount").sum())
    orders = frames["orders"].join(taxes, on="record", how="left").with_columns(
        shipping_tax_amount=pl.max_horizontal(pl.col("stated_tax") - pl.col("by_lines").fill_null(ZERO), ZERO).cast(MONEY)
    )  # fmt: skip
    orders = fill_location(finish_orders(orders, lines, context), context)
    return with_skus(frames | {"orders": orders, "order_lines": lines, "refunds": _refunds(frames["refunds"], context)})


def _refunds(given: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Refunds per line, and of each what no line bears."""
    sums = given.filter(~pl.col("is_whole")).group_by("record", "refund_id").agg(by_lines=pl.col("total_amount").sum())
    given = given.join(sums, on=["record", "refund_id"], how="left", maintain_order="left")
    rest = (pl.col("total_amount") - pl.col("by_lines").fill_null(ZERO)).cast(MONEY)
    given = given.with_columns(
        goods_amount=pl.when("is_whole").then(ZERO).otherwise("total_amount"), adjustment_amount=pl.when("is_whole").then(rest).otherwise(ZERO),
        total_amount=pl.when("is_whole").then(rest).otherwise("total_amount"), refunded_units=pl.lit(0, pl.Int64), shipping_amount=ZERO, tax_amount=ZERO,
        duty_amount=ZERO, restock_kind=pl.lit("unknown"), business_date=local_date(pl.col("refunded_at"), context),
    )  # fmt: skip
    return numbered(given.filter(~pl.col("is_whole") | (pl.col("total_amount") != 0)), "record", "refund_id")
