"""A WooCommerce refund → ledger rows, line by line. Not here: the order that it is of."""

import polars as pl

from pipelines.channels.base import Context, Rows, Tables
from pipelines.channels.decode import TEXT, decode
from pipelines.channels.documents import exploded, local_date, money, numbered, summed
from pipelines.channels.totals import MONEY, ZERO

_LINE = dict.fromkeys(("id", "quantity", "total", "total_tax", "sku"), TEXT)
SHAPE = {
    **dict.fromkeys(("id", "parent_id", "date_created_gmt", "amount", "reason"), TEXT),
    "line_items": [{**_LINE, "meta_data": [{"key": TEXT, "value": TEXT}]}],
    "shipping_lines": [_LINE],
    "fee_lines": [_LINE],
}
PROMISED = ("line_items",)
KEEP = ("record", "channel", "order_id", "currency_code", "refund_id", "refunded_at", "reason")
REFUNDED_ITEM = "_refunded_item_id"


def parse(payloads: pl.Series, records: pl.DataFrame, context: Context) -> Tables:
    """Refunds per line, the returns and the payment that they are; what no line bears is a row of its own."""
    decoded, broken = decode(payloads, SHAPE, PROMISED)
    nested = decoded.with_columns(
        channel=pl.lit(context.channel), order_id=pl.col("parent_id").str.strip_chars(), currency_code=pl.lit(context.currency, pl.String),
        refund_id=pl.col("id"), refunded_at=pl.col("date_created_gmt"),
    )  # fmt: skip
    rows = (_head(nested), _lines(nested), _payments(nested))
    return Tables(rows, lambda frames: _finish(frames, context), broken)


def _head(nested: pl.DataFrame) -> Rows:
    """The refund as a whole; its row stands for what its lines leave over."""
    shipping = pl.col("shipping_lines")
    frame = nested.select(
        *KEEP, line_id=pl.lit(None, pl.String), whole_amount=money(pl.col("amount")), total_amount="amount",
        shipping_amount=(ZERO - summed(shipping, lambda s: s.struct.field("total"))).cast(MONEY),
        shipping_tax=(ZERO - summed(shipping, lambda s: s.struct.field("total_tax"))).cast(MONEY),
    )  # fmt: skip
    required = ("refund_id", "order_id", "total_amount", "refunded_at", "currency_code")
    return Rows("refunds", frame, required=required, defaults={"shipping_amount": 0})


def _lines(nested: pl.DataFrame) -> Rows:
    lines = exploded(nested, KEEP, pl.col("line_items"), "position")
    item = pl.col("meta_data").list.eval(
        pl.when(pl.element().struct.field("key") == REFUNDED_ITEM).then(pl.element().struct.field("value"))
    ).list.drop_nulls().list.first()  # fmt: skip
    units = pl.col("quantity").cast(pl.Int64, strict=False)
    frame = lines.select(
        *KEEP, "position", line_id=item, returned_units=units.abs(), refund_amount=(ZERO - money(pl.col("total"))).cast(MONEY),
        tax_amount=(ZERO - money(pl.col("total_tax"))).cast(MONEY), return_id="refund_id", returned_at="refunded_at",
    )  # fmt: skip
    required = ("return_id", "returned_units", "refund_amount", "returned_at")
    return Rows("returns", frame, pl.format("line_items[{}]", "position"), required)


def _payments(nested: pl.DataFrame) -> Rows:
    frame = nested.select(
        "record", "channel", "order_id", "currency_code", payment_id=pl.format("{}-refund", "id"), payment_kind=pl.lit("refund"),
        amount="amount", paid_at="date_created_gmt",
    )  # fmt: skip
    return Rows("payments", frame, pl.lit("amount"), ("payment_id", "amount", "order_id", "currency_code"))


def _finish(frames: dict[str, pl.DataFrame], context: Context) -> dict[str, pl.DataFrame]:
    lines = frames["returns"].with_columns(pl.col("tax_amount").fill_null(ZERO))
    of_lines = lines.drop("refunded_at").select(
        *KEEP[:-2], "reason", "line_id", refunded_at="returned_at",
        tax_amount="tax_amount", goods_amount="refund_amount", refunded_units="returned_units", shipping_amount=ZERO, adjustment_amount=ZERO,
        restock_kind=pl.lit("unknown"),
    )  # fmt: skip
    sums = of_lines.group_by("record").agg(by_lines=(pl.col("goods_amount") + pl.col("tax_amount")).sum())
    heads = frames["refunds"].join(sums, on="record", how="left")
    rest = (
        pl.col("whole_amount")
        - pl.col("by_lines").fill_null(ZERO)
        - pl.col("shipping_amount")
        - pl.col("shipping_tax").fill_null(ZERO)
    )
    of_heads = heads.select(
        *KEEP, "line_id", "shipping_amount", tax_amount=pl.col("shipping_tax").fill_null(ZERO), goods_amount=ZERO, refunded_units=pl.lit(0, pl.Int64),
        adjustment_amount=rest.cast(MONEY), restock_kind=pl.lit("unknown"),
    )  # fmt: skip
    parts = ("goods_amount", "shipping_amount", "tax_amount", "adjustment_amount")
    refunds = pl.concat([of_heads, of_lines.select(of_heads.columns)], how="vertical_relaxed").with_columns(
        total_amount=pl.sum_horizontal(parts).cast(MONEY),
        duty_amount=ZERO,
        business_date=local_date(pl.col("refunded_at"), context),
    )
    returns = numbered(lines.with_columns(business_date=local_date(pl.col("returned_at"), context)), "record")
    return frames | {"refunds": numbered(refunds, "record"), "returns": returns}
