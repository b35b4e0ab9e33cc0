"""A Square order → ledger rows. Here: which of its fields means what. Not here: payments, the SKUs of its lines (catalog.py)."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, decode
from pipelines.channels.documents import exploded, instant, local_date, money, numbered
from pipelines.channels.minor_units import major
from pipelines.channels.totals import MONEY, ZERO, finish_lines, finish_orders, placed, with_skus

_MONEY = {"amount": TEXT, "currency": TEXT}
_GOODS = {
    **dict.fromkeys(("uid", "name", "variation_name", "quantity", "catalog_object_id", "item_type", "note"), TEXT),
    **dict.fromkeys(
        ("base_price_money", "total_tax_money", "total_discount_money", "total_money", "total_service_charge_money"), _MONEY
    ),
    "modifiers": [{"uid": TEXT}],
}
SHAPE = {
    **dict.fromkeys(("id", "location_id", "reference_id", "customer_id", "created_at", "updated_at", "closed_at", "state", "ticket_name"), TEXT),
    "total_money": _MONEY, "total_tip_money": _MONEY,
    "line_items": [_GOODS],
    "service_charges": [{"uid": TEXT, "name": TEXT, "applied_money": _MONEY, "total_money": _MONEY, "total_tax_money": _MONEY}],
    "fulfillments": [{
        "uid": TEXT, "type": TEXT, "state": TEXT, "entries": [{"line_item_uid": TEXT, "quantity": TEXT}],
        "shipment_details": {**dict.fromkeys(("carrier", "tracking_number", "shipping_type", "packaged_at", "expected_shipped_at", "shipped_at"), TEXT),
                             "recipient": {"address": {"postal_code": TEXT, "country": TEXT}}}}],
    "returns": [{"uid": TEXT, "source_order_id": TEXT, "return_line_items": [
        {**_GOODS, "source_line_item_uid": TEXT}], "return_amounts": {"total_money": _MONEY}}],
}  # fmt: skip
KEEP = ("record", "channel", "order_id", "currency_code", "ordered_at", "is_cancelled", "location_id")
STATES = {"OPEN": "pending", "COMPLETED": "paid", "CANCELED": "unknown"}
SHIPPING = r"(?i)shipping|delivery|postage"
GIFT_CARD = "GIFT_CARD"


def parse(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """Orders, lines, parcels and what came back; an order that only takes goods back is a credit of the order that sold them."""
    decoded, broken = decode(payloads, SHAPE)
    total = pl.col("total_money").struct.field("currency")
    returned = pl.col("returns").list.first().struct.field("return_amounts").struct.field("total_money").struct.field("currency")
    heads = decoded.select(
        channel=pl.lit(context.channel), order_id=pl.col("id").str.strip_chars(), currency_code=pl.coalesce(total, returned).str.strip_chars(),
        ordered_at=instant(pl.col("created_at")), is_cancelled=(pl.col("state") == "CANCELED").fill_null(False),
    )  # fmt: skip
    nested = pl.concat([decoded, heads], how="horizontal").with_columns(location_id=placed(pl.col("location_id"), context))
    rows = (_orders(nested, context), _lines(nested), _shipments(nested), *_returned(nested))
    return Tables(rows, lambda frames: _finish(frames, context), broken)


def _amount(name: str, currency: str = "currency_code") -> pl.Expr:
    """A money field as text; none where the field is not there."""
    return major(pl.col(name).struct.field("amount"), pl.col(currency))


def _cents(name: str) -> pl.Expr:
    return money(_amount(name)).fill_null(ZERO)


def _orders(nested: pl.DataFrame, context: Context) -> Rows:
    shipped = pl.col("fulfillments").list.eval(pl.element().filter(pl.element().struct.field("type") == "SHIPMENT")).list.first()
    details = shipped.struct.field("shipment_details").struct
    address, method = details.field("recipient").struct.field("address").struct, details.field("shipping_type")
    is_credit = (pl.col("line_items").list.len().fill_null(0) == 0) & (pl.col("returns").list.len().fill_null(0) > 0)
    frame = nested.select(
        "record", "channel", "order_id", "currency_code", "is_cancelled", "location_id",
        order_number="reference_id",
        order_kind=pl.when(is_credit).then(pl.lit("credit")).otherwise(pl.lit("sale")),
        ordered_at="created_at",
        customer_key=context.pseudonym(nested["customer_id"]),
        is_test=pl.lit(False), is_changed=pl.lit(False), is_gift=pl.lit(False), has_note=pl.lit(False),
        is_expedited=method.str.contains(context.expedited).fill_null(False),
        cancelled_at=pl.when("is_cancelled").then(pl.coalesce("closed_at", "updated_at")),
        payment_status=pl.when(is_credit).then(pl.lit("refunded")).otherwise(pl.col("state").replace_strict(STATES, default=pl.col("state"))),
        ship_by_at=details.field("expected_shipped_at"),
        ship_to_country_code=address.field("country"),
        ship_to_postal_code=address.field("postal_code"),
        service_level=method,
        stated_total_amount=pl.when(~is_credit).then(_amount("total_money")),
    )  # fmt: skip
    return Rows("orders", frame, required=("order_id", "ordered_at", "currency_code"), defaults={"payment_status": "unknown"})


def _whole(quantity: str) -> pl.Expr:
    return pl.col(quantity).str.replace(r"\.0+$", "")


def _lines(nested: pl.DataFrame) -> Rows:
    goods = exploded(nested, KEEP, pl.col("line_items"), "position")
    before_tax = (
        _cents("total_money") - _cents("total_tax_money") + _cents("total_discount_money") - _cents("total_service_charge_money")
    )
    goods = goods.select(
        *KEEP, "position", line_id="uid", listing_id="catalog_object_id", description=pl.concat_str("name", "variation_name", separator=" ", ignore_nulls=True),
        listed_sku=pl.lit(None, pl.String), ordered_units=_whole("quantity"), unit_price_amount=_amount("base_price_money"),
        gross_amount=pl.when(_amount("total_money").is_not_null() & money(_amount("total_money")).is_not_null()).then(before_tax).cast(MONEY),
        discount_amount=_cents("total_discount_money"), tax_amount=_cents("total_tax_money"), shipping_amount=ZERO,
        is_goods=pl.lit(True), is_gift_card=(pl.col("item_type") == GIFT_CARD).fill_null(False),
        is_customised=(pl.col("modifiers").list.len() > 0).fill_null(False), is_noted=(pl.col("note") != "").fill_null(False),
    )  # fmt: skip
    parts = [goods, *_charges(nested)]
    frame = pl.concat([part for part in parts if part.height] or [goods], how="diagonal_relaxed").with_columns(
        duty_amount=ZERO, line_at="ordered_at"
    )
    required = ("ordered_units", "unit_price_amount", "gross_amount", "discount_amount", "tax_amount")
    return Rows("order_lines", frame, pl.format("line_items[{}]", "position"), required)


def _charges(nested: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Service charges and tips as lines that are no stocked article; a charge for shipping counts as shipping and not as a line's price."""
    charges = exploded(nested.drop("total_money"), KEEP, pl.col("service_charges"), "position").with_columns(
        net=(_cents("total_money") - _cents("total_tax_money")).cast(MONEY),
        is_shipping=pl.col("name").str.contains(SHIPPING).fill_null(False),
    )
    fee, shipping = pl.when("is_shipping").then(ZERO).otherwise("net"), pl.when("is_shipping").then("net").otherwise(ZERO)
    plain = {"discount_amount": ZERO, "is_goods": pl.lit(False), "is_gift_card": pl.lit(False), "ordered_units": pl.lit("1")}
    of_charges = charges.select(
        *KEEP, "position", line_id="uid", description="name", unit_price_amount=fee, gross_amount=fee, shipping_amount=shipping,
        tax_amount=_cents("total_tax_money"), **plain,
    )  # fmt: skip
    tips = nested.with_columns(tip=_cents("total_tip_money")).filter(pl.col("tip") > 0).select(
        *KEEP, position=pl.lit(0, pl.Int64), line_id=pl.lit("tip"), description=pl.lit("Tip"), unit_price_amount="tip", gross_amount="tip",
        shipping_amount=ZERO, tax_amount=ZERO, **plain,
    )  # fmt: skip
    return of_charges, tips


def _shipments(nested: pl.DataFrame) -> Rows:
    gone = exploded(nested, KEEP, pl.col("fulfillments"), "position").filter(
        ((pl.col("type") == "SHIPMENT") & (pl.col("state") == "COMPLETED")).fill_null(False)
    )
    details = pl.col("shipment_details").struct
    kept = [*KEEP, "position", "shipment_id", "shipped_at", "carrier_code", "tracking_number", "service_level"]
    named = gone.with_columns(
        shipment_id=pl.format("{}-{}", "order_id", "uid"), shipped_at=details.field("shipped_at"), carrier_code=details.field("carrier"),
        tracking_number=details.field("tracking_number"), service_level=details.field("shipping_type"),
    )  # fmt: skip
    lines = exploded(named, kept, pl.col("entries"), "inner").with_columns(
        line_number=pl.col("inner") + 1, line_id="line_item_uid", shipped_units=_whole("quantity"), sku=pl.lit(None, pl.String)
    )
    place = pl.format("fulfillments[{}].entries[{}]", "position", "inner")
    return Rows("shipments", lines, place, ("shipment_id", "line_id", "shipped_units", "shipped_at"))


def _returned(nested: pl.DataFrame) -> tuple[Rows, Rows]:
    """What came back: goods by the line that sold them, and amounts that no line bears."""
    kept = ("record", "channel", "currency_code", "position", "refund_id", "of_order", "refunded_at")
    given = exploded(
        nested, ("record", "channel", "currency_code", "created_at", "order_id"), pl.col("returns"), "position"
    ).with_columns(
        refund_id=pl.format("{}-{}", "order_id", "uid"),
        of_order=pl.coalesce("source_order_id", "order_id"),
        refunded_at="created_at",
    )
    lines = exploded(given, kept, pl.col("return_line_items"), "inner")
    is_line = pl.col("source_line_item_uid").is_not_null()
    net = (money(_amount("total_money")) - _cents("total_tax_money")).cast(MONEY)
    lines = lines.with_columns(
        line_id="source_line_item_uid", units=_whole("quantity"), net=net, tax=_cents("total_tax_money"), is_line=is_line
    )
    refunds = lines.select(
        "record", "channel", "currency_code", "position", "inner", "refund_id", "of_order", "line_id", "refunded_at",
        refunded_units=pl.when("is_line").then("units").otherwise(pl.lit("0")), goods_amount=pl.when("is_line").then("net").when(pl.col("net").is_not_null()).then(ZERO),  # noqa: E501
        adjustment_amount=pl.when("is_line").then(ZERO).otherwise("net"), tax_amount="tax", shipping_amount=ZERO, duty_amount=ZERO, reason="note",
        restock_kind=pl.lit("unknown"),
    )  # fmt: skip
    returns = lines.filter("is_line").select(
        "record", "channel", "currency_code", "position", "inner", "of_order", "line_id", return_id="refund_id", returned_units="units",
        refund_amount="net", returned_at="refunded_at", reason="note",
    )  # fmt: skip
    place = pl.format("returns[{}].return_line_items[{}]", "position", "inner")
    return (
        Rows("refunds", refunds, place, ("refund_id", "refunded_units", "goods_amount", "adjustment_amount", "refunded_at")),
        Rows("returns", returns, place, ("return_id", "returned_units", "refund_amount", "returned_at")),
    )


def _finish(frames: dict[str, pl.DataFrame], context: Context) -> dict[str, pl.DataFrame]:
    cancelled = pl.when("is_cancelled").then(pl.max_horizontal("ordered_units", pl.lit(0))).otherwise(0)
    lines = frames["order_lines"].with_columns(
        cancelled_units=cancelled, cancelled_net_amount=pl.lit(None, MONEY), sku=pl.lit(None, pl.String)
    )
    lines = finish_lines(lines).with_columns(line_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("record"))
    is_kept = pl.col("is_goods") | (pl.col("gross_amount") != 0)
    of_lines = lines.group_by("record").agg(
        pl.col("shipping_amount").sum(), is_customised=pl.col("is_customised").any(), is_noted=pl.col("is_noted").any()
    )
    lines_kept = lines.filter(is_kept).with_columns(shipping_amount=ZERO)
    orders = frames["orders"].join(of_lines, on="record", how="left").with_columns(
        pl.col("shipping_amount").fill_null(ZERO).cast(MONEY), pl.col("is_customised").fill_null(False),
        has_note=pl.col("is_noted").fill_null(False), shipping_tax_amount=ZERO,
    )  # fmt: skip
    orders = finish_orders(orders, lines, context)
    named = {
        name: numbered(
            frames[name].with_columns(order_id="of_order", business_date=local_date(pl.col(at), context)), "record", key
        )
        for name, at, key in (("refunds", "refunded_at", "refund_id"), ("returns", "returned_at", "return_id"))
    }
    parts = ("goods_amount", "shipping_amount", "tax_amount", "duty_amount", "adjustment_amount")
    named["refunds"] = named["refunds"].with_columns(total_amount=pl.sum_horizontal(parts).cast(MONEY))
    return with_skus(frames | named | {"orders": orders, "order_lines": lines_kept})
