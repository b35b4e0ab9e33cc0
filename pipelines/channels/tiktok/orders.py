"""A TikTok Shop order → ledger rows. Here: which of its fields means what. Not here: what came back (aftersales.py), statements."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, Maybe, decode
from pipelines.channels.documents import epoch, exploded, instant, money, summed
from pipelines.channels.totals import MONEY, ZERO, fill_location, finish_lines, finish_orders, placed, with_skus

FEES = ("small_order_fee", "retail_delivery_fee", "buyer_service_fee", "handling_fee", "shipping_insurance_fee", "item_insurance_fee",
        "item_insurance_tax", "distance_shipping_fee", "distance_fee", "payment_discount_service_fee")  # fmt: skip
SHAPE = {
    **dict.fromkeys((
        "id", "status", "create_time", "paid_time", "cancel_time", "update_time", "cancellation_initiator", "cancel_reason", "user_id", "buyer_email",
        "buyer_message", "payment_method_name", "rts_sla_time", "rts_time", "collection_time", "delivery_time", "delivery_sla_time",
        "delivery_option_required_delivery_time", "delivery_option_name", "shipping_type", "warehouse_id", "is_sample_order"), TEXT),
    "payment": Maybe(dict.fromkeys(("currency", "total_amount", "sub_total", "shipping_fee", "tax", "product_tax", "shipping_fee_tax",
                                    "payment_platform_discount", *FEES), TEXT)),
    "recipient_address": Maybe(dict.fromkeys(("phone_number", "postal_code", "region_code"), TEXT)),
    "line_items": [{
        **dict.fromkeys(("id", "sku_id", "seller_sku", "product_name", "sku_name", "original_price", "seller_discount", "platform_discount", "display_status",
                         "package_id", "package_status", "rts_time", "tracking_number", "shipping_provider_name"), TEXT),
        "item_tax": [{"tax_amount": TEXT}]}],
}  # fmt: skip
PROMISED = ("line_items",)
KEEP = ("record", "channel", "order_id", "currency_code", "ordered_at", "is_cancelled", "is_tax_included")
CANCELLED = "CANCELLED"
CANCELLED_BY = {"BUYER": "customer", "SELLER": "seller"}
GONE = ("FULFILLING", "COMPLETED")  # states of a parcel that the carrier has
ARRANGED = "PROCESSING"  # the seller has shipped it; where TikTok's carrier fetches it, it has not left


def parse(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """Orders, lines, payments and parcels of TikTok Shop's order objects; each line item is one unit."""
    decoded, broken = decode(payloads, SHAPE, PROMISED)
    heads = decoded.select(
        channel=pl.lit(context.channel), order_id=pl.col("id").str.strip_chars(), currency_code=_paid("currency").str.strip_chars(),
        ordered_at=instant(_time("create_time")), is_cancelled=(pl.col("status") == CANCELLED).fill_null(False), is_tax_included=_is_tax_included(),
    )  # fmt: skip
    nested = pl.concat([decoded, heads], how="horizontal")
    parcels = _parcels(nested, context)
    rows = (_orders(nested, context), _lines(nested), _payments(nested), _shipments(parcels), _events(parcels))
    return Tables(rows, lambda frames: _finish(frames, context), broken)


def _time(name: str) -> pl.Expr:
    """Seconds since 1970 as ISO text; 0 is no time."""
    return epoch(pl.when(pl.col(name) != "0").then(pl.col(name)))


def _paid(name: str) -> pl.Expr:
    return pl.col("payment").struct.field(name)


def _cents(name: str) -> pl.Expr:
    return money(_paid(name)).fill_null(ZERO)


def _tax() -> pl.Expr:
    return pl.coalesce(money(_paid("tax")), (_cents("product_tax") + _cents("shipping_fee_tax")).cast(MONEY))


def _fees() -> pl.Expr:
    """What the buyer paid beside goods, shipping and tax, less what the platform took off the payment."""
    return (sum((_cents(name) for name in FEES), ZERO) - _cents("payment_platform_discount")).cast(MONEY)


def _is_tax_included() -> pl.Expr:
    """Whether prices include the stated tax: what was paid leaves no room for it beside goods, shipping and fees."""
    beside = _cents("total_amount") - _cents("sub_total") - _cents("shipping_fee") - _fees()
    return (_tax() > 0) & (beside.abs() < 0.01)


def _orders(nested: pl.DataFrame, context: Context) -> Rows:
    to = pl.col("recipient_address").struct
    people = nested.select("user_id", "buyer_email", phone=to.field("phone_number"))
    is_paid, shipping_tax = _time("paid_time").is_not_null(), _cents("shipping_fee_tax")
    frame = nested.select(
        "record", "channel", "order_id", "currency_code", "is_cancelled",
        order_kind=pl.lit("sale"),
        ordered_at=_time("create_time"),
        customer_key=context.pseudonym(people["user_id"]),
        email_key=context.pseudonym(people["buyer_email"]),
        phone_key=context.pseudonym(people["phone"]),
        is_test=(pl.col("is_sample_order") == "true").fill_null(False),
        is_changed=pl.lit(False), is_customised=pl.lit(False), is_gift=pl.lit(False),
        is_expedited=pl.col("delivery_option_name").str.contains(context.expedited).fill_null(False),
        has_note=(pl.col("buyer_message").str.strip_chars() != "").fill_null(False),
        cancelled_at=pl.when("is_cancelled").then(pl.coalesce(_time("cancel_time"), _time("update_time"))),
        cancelled_by=pl.when("is_cancelled").then(pl.col("cancellation_initiator").replace_strict(CANCELLED_BY, default=None, return_dtype=pl.String)),
        cancel_reason=pl.when("is_cancelled").then("cancel_reason"),
        payment_status=pl.when(is_paid).then(pl.lit("paid")).when("is_cancelled").then(pl.lit("unknown")).otherwise(pl.lit("pending")),
        paid_at=_time("paid_time"),
        ship_by_at=_time("rts_sla_time"),
        deliver_by_at=pl.coalesce(_time("delivery_option_required_delivery_time"), _time("delivery_sla_time")),
        ship_to_country_code=to.field("region_code"),
        ship_to_postal_code=to.field("postal_code"),
        service_level="delivery_option_name",
        location_id=placed(pl.col("warehouse_id"), context),
        shipping_amount=(_cents("shipping_fee") - pl.when("is_tax_included").then(shipping_tax).otherwise(ZERO)).cast(MONEY),
        stated_total_amount=_paid("total_amount"),
        fees=_fees(),
        stated_tax=_tax(),
    )  # fmt: skip
    return Rows("orders", frame, required=("order_id", "ordered_at", "currency_code"))


def _lines(nested: pl.DataFrame) -> Rows:
    lines = exploded(nested, KEEP, pl.col("line_items"), "position")
    tax = summed(pl.col("item_tax"), lambda tax: tax.struct.field("tax_amount"))
    tax = pl.when(pl.col("item_tax").is_null()).then(ZERO).otherwise(tax)
    price = (money(pl.col("original_price")) - pl.when("is_tax_included").then(tax).otherwise(ZERO)).cast(MONEY)
    off = [
        pl.when(pl.col(name).is_null()).then(ZERO).otherwise(money(pl.col(name)))
        for name in ("seller_discount", "platform_discount")
    ]
    frame = lines.select(
        *KEEP, "position", line_id="id", listing_id="sku_id", listed_sku="seller_sku", sku="seller_sku",
        description=pl.concat_str("product_name", "sku_name", separator=" ", ignore_nulls=True), ordered_units=pl.lit(1, pl.Int64),
        is_gone=(pl.col("display_status") == CANCELLED).fill_null(False),
        unit_price_amount=price, gross_amount=price, discount_amount=(off[0] + off[1]).cast(MONEY), tax_amount=tax, duty_amount=ZERO,
        line_at=pl.col("ordered_at"), is_goods=pl.lit(True), is_gift_card=pl.lit(False),
    )  # fmt: skip
    required = ("unit_price_amount", "gross_amount", "discount_amount", "tax_amount")
    return Rows("order_lines", frame, pl.format("line_items[{}]", "position"), required)


def _payments(nested: pl.DataFrame) -> Rows:
    frame = nested.filter(_time("paid_time").is_not_null()).select(
        *KEEP, payment_id=pl.format("{}-paid", "order_id"), payment_kind=pl.lit("capture"), method=pl.col("payment_method_name").str.to_lowercase(),
        amount=_paid("total_amount"), paid_at=_time("paid_time"),
    )  # fmt: skip
    return Rows("payments", frame, pl.lit("payment"), ("payment_id", "amount"))


def _parcels(nested: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Line items in parcels that have left. Where the seller ships, that is when he says so; where TikTok's carrier fetches, it is
    when he has, or as long as only a part of the order has left, when the seller said so."""
    kept = nested.with_columns(
        ready_at=_time("rts_time"), collected_at=_time("collection_time"), arrived_at=_time("delivery_time"), is_own=pl.col("shipping_type") == "SELLER",
        location_id=placed(pl.col("warehouse_id"), context),
    ).drop("rts_time")  # fmt: skip
    lines = exploded(
        kept, (*KEEP, "ready_at", "collected_at", "arrived_at", "is_own", "location_id"), pl.col("line_items"), "position"
    )
    lines = lines.with_columns(ready_at=pl.coalesce(_time("rts_time"), "ready_at"), is_own=pl.col("is_own").fill_null(False))
    has_left = pl.col("package_status").is_in(GONE) | (
        pl.col("is_own") & (pl.col("package_status") == ARRANGED) & pl.col("ready_at").is_not_null()
    )
    return lines.filter((pl.col("package_id") != "").fill_null(False) & has_left.fill_null(False))


def _shipments(parcels: pl.DataFrame) -> Rows:
    frame = parcels.select(
        *KEEP, "position", "location_id", "tracking_number", shipment_id="package_id", line_id="id", shipped_units=pl.lit(1, pl.Int64),
        shipped_at=pl.when("is_own").then(pl.coalesce("ready_at", "collected_at")).otherwise(pl.coalesce("collected_at", "ready_at")),
        delivered_at=pl.when(pl.col("package_status") == "COMPLETED").then("arrived_at"), carrier_code="shipping_provider_name",
        sku=pl.lit(None, pl.String),
    ).with_columns(line_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record", "shipment_id"))  # fmt: skip
    return Rows("shipments", frame, pl.format("line_items[{}].package", "position"), ("shipment_id", "line_id", "shipped_at"))


def _events(parcels: pl.DataFrame) -> Rows:
    """The label and the first scan of parcels that TikTok's carrier fetches."""
    fetched = parcels.filter(~pl.col("is_own")).unique(["record", "package_id"], keep="first", maintain_order=True)
    named = (*KEEP, "location_id")
    parts = [
        fetched.filter(pl.col(at).is_not_null()).select(
            *named, event_kind=pl.lit(kind), event_number="package_id", occurred_at=at
        )
        for kind, at in (("labelled", "ready_at"), ("first_scan", "collected_at"))
    ]
    return Rows("order_events", pl.concat(parts), pl.format("{} event", "event_kind"), ("event_number", "occurred_at"))


def _finish(frames: dict[str, pl.DataFrame], context: Context) -> dict[str, pl.DataFrame]:
    charged = frames["orders"].filter(pl.col("fees") != 0).select(
        "record", "channel", "order_id", "currency_code", "is_cancelled", line_at="ordered_at", description=pl.lit("Fees"),
        ordered_units=pl.lit(1, pl.Int64), unit_price_amount="fees", gross_amount="fees", discount_amount=ZERO, tax_amount=ZERO, duty_amount=ZERO,
        is_goods=pl.lit(False), is_gift_card=pl.lit(False), is_gone=pl.lit(False), position=pl.lit(10**6, pl.Int64),
    )  # fmt: skip
    lines = pl.concat([frames["order_lines"], charged], how="diagonal_relaxed").sort("record", "position", maintain_order=True)
    cancelled = (pl.col("is_cancelled") | pl.col("is_gone")).cast(pl.Int64)
    lines = finish_lines(lines.with_columns(cancelled_units=cancelled, cancelled_net_amount=pl.lit(None, MONEY)))
    lines = lines.with_columns(line_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record"))
    sums = lines.group_by("record").agg(by_lines=pl.col("tax_amount").sum())
    orders = frames["orders"].join(sums, on="record", how="left").with_columns(
        shipping_tax_amount=pl.max_horizontal(pl.col("stated_tax") - pl.col("by_lines").fill_null(ZERO), ZERO).cast(MONEY)
    )  # fmt: skip
    orders = fill_location(finish_orders(orders, lines, context), context)
    return with_skus(frames | {"orders": orders, "order_lines": lines})
