"""An Amazon order (Orders API 2026-01-01) → ledger rows. Here: which of its fields means what. Not here: reports, stock."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, Maybe, decode
from pipelines.channels.documents import exploded, instant, money
from pipelines.channels.totals import MONEY, ZERO, finish_lines, finish_orders, with_skus

_MONEY = {"amount": TEXT, "currencyCode": TEXT}
SHAPE = {
    **dict.fromkeys(("orderId", "createdTime", "lastUpdatedTime"), TEXT),
    "orderAliases": [{"aliasId": TEXT}],
    "programs": [TEXT],
    "buyer": Maybe({"buyerEmail": TEXT}),
    "recipient": Maybe({"deliveryAddress": {"postalCode": TEXT, "countryCode": TEXT, "phone": TEXT}}),
    "proceeds": Maybe({"grandTotal": _MONEY}),
    "fulfillment": Maybe({"fulfillmentStatus": TEXT, "fulfilledBy": TEXT, "fulfillmentServiceLevel": TEXT,
                          "shipByWindow": {"latestDateTime": TEXT}, "deliverByWindow": {"latestDateTime": TEXT}}),
    "orderItems": [{
        "orderItemId": TEXT, "quantityOrdered": TEXT,
        "product": {"asin": TEXT, "title": TEXT, "sellerSku": TEXT, "price": {"unitPrice": _MONEY}, "customization": {"customizedUrl": TEXT}},
        "proceeds": {"breakdowns": [{"type": TEXT, "subtotal": _MONEY, "detailedBreakdowns": [{"subtype": TEXT, "value": _MONEY}]}]},
        "cancellation": {"cancellationExecution": {"cancelledBy": TEXT, "cancelReason": TEXT}},
        "fulfillment": {"quantityFulfilled": TEXT, "quantityUnfulfilled": TEXT, "packing": {"giftOption": {"giftMessage": TEXT, "giftWrapLevel": TEXT}}}}],
    "packages": [{
        **dict.fromkeys(("packageReferenceId", "createdTime", "carrier", "shipTime", "shippingService", "trackingNumber"), TEXT),
        "packageStatus": {"status": TEXT}, "packageItems": [{"orderItemId": TEXT, "quantity": TEXT}]}],
}  # fmt: skip
PROMISED = ("orderItems",)
KEEP = ("record", "channel", "order_id", "currency_code", "ordered_at", "status")
UNPRICED = (
    "PENDING",
    "PENDING_AVAILABILITY",
    "CANCELLED",
    "UNFULFILLABLE",
)  # Amazon gives no price before the payment is authorised
STATUSES = (*UNPRICED, "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED")
CANCELLED_BY = {"BUYER": "customer", "MERCHANT": "seller", "AMAZON": "fraud"}
FAST = ("EXPEDITED", "NEXT_DAY", "PRIORITY", "SAME_DAY", "SECOND_DAY")
FBA = "AMAZON"


def parse(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """Orders, lines, events and parcels of Amazon's order objects."""
    decoded, broken = decode(payloads, SHAPE, PROMISED)
    fulfillment = pl.col("fulfillment").struct
    heads = decoded.select(channel=pl.lit(context.channel), order_id=pl.col("orderId").str.strip_chars(), currency_code=_currency(context).str.strip_chars(),
                           ordered_at=instant(pl.col("createdTime")), status=fulfillment.field("fulfillmentStatus"))  # fmt: skip
    nested = pl.concat([decoded, heads], how="horizontal")
    rows = (_orders(nested, context), _lines(nested), _shipments(nested, context), _events(nested))
    return Tables(rows, lambda frames: _finish(frames, context), broken)


def _currency(context: Context) -> pl.Expr:
    first_price = (
        pl.col("orderItems")
        .list.first()
        .struct.field("product")
        .struct.field("price")
        .struct.field("unitPrice")
        .struct.field("currencyCode")
    )
    stated = pl.col("proceeds").struct.field("grandTotal").struct.field("currencyCode")
    return pl.coalesce(stated, first_price, pl.lit(context.currency, pl.String))


def _orders(nested: pl.DataFrame, context: Context) -> Rows:
    fulfillment, address = pl.col("fulfillment").struct, pl.col("recipient").struct.field("deliveryAddress").struct
    is_fba = fulfillment.field("fulfilledBy") == FBA
    level = fulfillment.field("fulfillmentServiceLevel")
    own_place = pl.lit(context.location, pl.String)
    frame = nested.select(
        "record", "channel", "order_id", "currency_code", "status",
        order_kind=pl.lit("sale"),
        ordered_at="createdTime",
        email_key=context.pseudonym(nested["buyer"].struct.field("buyerEmail")),
        customer_key=context.pseudonym(nested["buyer"].struct.field("buyerEmail")),
        phone_key=context.pseudonym(nested["recipient"].struct.field("deliveryAddress").struct.field("phone")),
        is_test=pl.lit(False),
        is_changed=pl.lit(False),
        is_expedited=level.is_in(FAST).fill_null(False),
        has_note=pl.lit(False),
        is_cancelled=(pl.col("status") == "CANCELLED").fill_null(False),
        payment_status=pl.when(pl.col("status").is_in(["PENDING", "PENDING_AVAILABILITY"])).then(pl.lit("pending"))
        .when(pl.col("status").is_in(["UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"])).then(pl.lit("paid"))
        .when(pl.col("status").is_in(STATUSES)).then(pl.lit("unknown")).otherwise("status"),
        ship_by_at=pl.when(~is_fba.fill_null(False)).then(fulfillment.field("shipByWindow").struct.field("latestDateTime")),
        deliver_by_at=fulfillment.field("deliverByWindow").struct.field("latestDateTime"),
        ship_to_country_code=address.field("countryCode"),
        ship_to_postal_code=address.field("postalCode"),
        service_level=level,
        location_id=pl.when(is_fba).then(pl.lit(context.locations.get(FBA, "FBA"))).otherwise(own_place),
        stated_total_amount=pl.col("proceeds").struct.field("grandTotal").struct.field("amount"),
    )  # fmt: skip
    return Rows("orders", frame, required=("order_id", "ordered_at", "currency_code"), defaults={"payment_status": "unknown"})


def _part(kind: str) -> pl.Expr:
    """The subtotal of one kind of proceeds of an item, as text; a discount may be stated with either sign."""
    breakdowns = pl.col("proceeds").struct.field("breakdowns")
    found = breakdowns.list.eval(
        pl.when(pl.element().struct.field("type") == kind).then(pl.element().struct.field("subtotal").struct.field("amount"))
    )
    return found.list.drop_nulls().list.first()


def _discount_on_shipping() -> pl.Expr:
    breakdowns = pl.col("proceeds").struct.field("breakdowns")
    details = breakdowns.list.eval(
        pl.when(pl.element().struct.field("type") == "DISCOUNT").then(pl.element().struct.field("detailedBreakdowns"))
    ).list.drop_nulls().list.first()  # fmt: skip
    found = details.list.eval(
        pl.when(pl.element().struct.field("subtype") == "SHIPPING").then(
            pl.element().struct.field("value").struct.field("amount")
        )
    )
    return money(found.list.drop_nulls().list.first()).abs().fill_null(ZERO)


def _lines(nested: pl.DataFrame) -> Rows:
    items = exploded(nested.drop("fulfillment", "proceeds"), KEEP, pl.col("orderItems"), "position")
    product, packing = pl.col("product").struct, pl.col("fulfillment").struct.field("packing").struct.field("giftOption").struct
    unit = product.field("price").struct.field("unitPrice").struct.field("amount")
    units = pl.col("quantityOrdered").cast(pl.Int64, strict=False)
    reckoned = (money(unit).cast(pl.Decimal(38, 4)) * units).cast(MONEY, strict=False).cast(pl.String)
    unpriced = pl.when(pl.col("status").is_in(UNPRICED)).then(pl.lit("0"))
    execution = pl.col("cancellation").struct.field("cancellationExecution")
    executed = execution.struct.field("cancelledBy")
    shipped, waiting = (
        pl.col("fulfillment").struct.field(f"quantity{n}").cast(pl.Int64, strict=False) for n in ("Fulfilled", "Unfulfilled")
    )
    goods = items.select(
        *KEEP, "position",
        line_id="orderItemId",
        listing_id=product.field("asin"),
        listed_sku=product.field("sellerSku"),
        sku=product.field("sellerSku"),
        description=product.field("title"),
        ordered_units="quantityOrdered",
        unit_price_amount=pl.coalesce(unit, unpriced, pl.lit("0")),
        gross_amount=pl.coalesce(_part("ITEM"), reckoned, unpriced),
        discount_amount=(money(pl.coalesce(_part("DISCOUNT"), pl.lit("0"))).abs() - _discount_on_shipping()).cast(MONEY),
        shipping_amount=(money(pl.coalesce(_part("SHIPPING"), pl.lit("0"))) - _discount_on_shipping()).cast(MONEY),
        tax_amount=pl.coalesce(_part("TAX"), pl.lit("0")),
        cancelled_by=executed,
        cancel_reason=execution.struct.field("cancelReason").str.to_lowercase(),
        left_units=units - shipped - waiting,
        is_gift=packing.field("giftWrapLevel").is_not_null() | packing.field("giftMessage").is_not_null(),
        is_customised=product.field("customization").struct.field("customizedUrl").is_not_null(),
        is_goods=pl.lit(True),
        gift_wrap=_part("GIFT_WRAP"),
        other_fee=pl.coalesce(_part("COD_FEE"), _part("OTHER")),
    )  # fmt: skip
    fees = [_fee(goods, column, name) for column, name in (("gift_wrap", "Gift wrap"), ("other_fee", "Other charges"))]
    frame = pl.concat([goods, *(fee for fee in fees if fee.height)], how="diagonal_relaxed").with_columns(
        duty_amount=ZERO, line_at="ordered_at", is_gift_card=pl.lit(False)
    )
    required = ("ordered_units", "unit_price_amount", "gross_amount", "discount_amount", "shipping_amount", "tax_amount")
    return Rows("order_lines", frame, pl.format("orderItems[{}]", "position"), required)


def _fee(goods: pl.DataFrame, column: str, name: str) -> pl.DataFrame:
    """What an item is charged beside goods and shipping, as a line of its own that is no stocked article."""
    charged = goods.filter(money(pl.col(column)) > 0)
    return charged.select(
        *KEEP, "position", "is_gift", line_id=pl.format("{}-{}", "line_id", pl.lit(column)), description=pl.lit(name), ordered_units=pl.lit("1"),
        unit_price_amount=column, gross_amount=column, discount_amount=ZERO, shipping_amount=ZERO, tax_amount=pl.lit("0"), is_goods=pl.lit(False),
    )  # fmt: skip


def _shipments(nested: pl.DataFrame, context: Context) -> Rows:
    gone = exploded(nested.select(*KEEP, "packages"), KEEP, pl.col("packages"), "position")
    gone = gone.filter((pl.col("packageStatus").struct.field("status") != "CANCELLED").fill_null(True))
    kept = [*KEEP, "position", "shipment_id", "shipped_at", "carrier_code", "tracking_number", "service_level"]
    named = gone.with_columns(
        shipment_id=pl.format("{}-{}", "order_id", "packageReferenceId"), shipped_at=pl.coalesce("shipTime", "createdTime"), carrier_code="carrier",
        tracking_number="trackingNumber", service_level="shippingService",
    )  # fmt: skip
    lines = exploded(named, kept, pl.col("packageItems"), "inner").with_columns(
        line_number=pl.col("inner") + 1, line_id="orderItemId", shipped_units="quantity", sku=pl.lit(None, pl.String),
        location_id=pl.lit(context.location, pl.String),
    )  # fmt: skip
    place = pl.format("packages[{}].packageItems[{}]", "position", "inner")
    return Rows("shipments", lines, place, ("shipment_id", "line_id", "shipped_units", "shipped_at"))


def _events(nested: pl.DataFrame) -> Rows:
    """When parcels got their labels; the rest is in orders and shipments."""
    gone = exploded(nested.select(*KEEP, "packages"), KEEP, pl.col("packages"), "position")
    gone = gone.filter(
        (pl.col("packageStatus").struct.field("status") != "CANCELLED").fill_null(True) & pl.col("createdTime").is_not_null()
    )
    frame = gone.select(
        "record",
        "channel",
        "order_id",
        event_kind=pl.lit("labelled"),
        event_number="packageReferenceId",
        occurred_at="createdTime",
    )
    return Rows("order_events", frame, pl.format("{} event", "event_kind"), ("event_number", "occurred_at"))


def _finish(frames: dict[str, pl.DataFrame], context: Context) -> dict[str, pl.DataFrame]:
    ordered = pl.max_horizontal("ordered_units", pl.lit(0))
    is_off = pl.col("cancelled_by").is_not_null() | (pl.col("status") == "CANCELLED").fill_null(False)
    cancelled = (
        pl.when(is_off)
        .then(ordered)
        .otherwise(pl.min_horizontal(pl.max_horizontal(pl.col("left_units").fill_null(0), pl.lit(0)), ordered))
    )
    lines = finish_lines(frames["order_lines"].with_columns(cancelled_units=cancelled, cancelled_net_amount=pl.lit(None, MONEY)))
    lines = lines.with_columns(line_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record"))
    of_lines = lines.group_by("record").agg(
        pl.col("is_gift", "is_customised").any(),
        pl.col("shipping_amount").sum(),
        by=pl.col("cancelled_by").drop_nulls().first(),
        reason=pl.col("cancel_reason").drop_nulls().first(),
    )
    orders = frames["orders"].join(of_lines, on="record", how="left").with_columns(
        pl.col("is_gift", "is_customised").fill_null(False), pl.col("shipping_amount").fill_null(ZERO).cast(MONEY), shipping_tax_amount=ZERO,
        cancel_reason="reason",
        cancelled_by=pl.col("by").replace_strict(CANCELLED_BY, default=None, return_dtype=pl.String),
    )  # fmt: skip
    return with_skus(frames | {"orders": finish_orders(orders, lines, context), "order_lines": lines})
