"""Refunds and returns of a Shopify order, line by line. Not here: payments of refunds (history.py)."""

import polars as pl

from pipelines.channels.base import Context, Rows
from pipelines.channels.documents import coded, exploded, local_date, numbered, summed
from pipelines.channels.totals import MONEY, ZERO

KEEP = ("record", "channel", "order_id", "currency_code")
RESTOCKS = {"RETURN": "returned", "LEGACY_RESTOCK": "returned", "CANCEL": "cancelled", "NO_RESTOCK": "kept"}
TAIL = r"(\d+)$"
PARTS = ("goods_amount", "shipping_amount", "tax_amount", "duty_amount", "adjustment_amount")
DOCUMENT = ("record", "refund_id")


def rows(nested: pl.DataFrame, context: Context) -> tuple[Rows, ...]:
    """Refunds per line and what no line bears, the returns among them, and requests for them."""
    given = exploded(nested, KEEP, pl.col("refunds"), "position").with_columns(
        refund_id=pl.col("id").str.extract(TAIL), refunded_at=pl.coalesce("processedAt", "createdAt")
    )
    returns = exploded(nested, KEEP, pl.col("returns").struct.field("nodes"), "position")
    return _refunds(given), _exchanged(returns, given), _events(returns)


def _amount(holder: pl.Expr, name: str) -> pl.Expr:
    return holder.struct.field(name).struct.field("shopMoney").struct.field("amount")


def _refunds(given: pl.DataFrame) -> Rows:
    kept = (*KEEP, "position", "refund_id", "refunded_at", "note")
    lines = exploded(given, kept, pl.col("refundLineItems").struct.field("nodes"), "inner").select(
        *kept, "inner", line_id=pl.col("lineItem").struct.field("id"), refunded_units="quantity",
        goods_amount=pl.col("subtotalSet").struct.field("shopMoney").struct.field("amount"),
        tax_amount=pl.col("totalTaxSet").struct.field("shopMoney").struct.field("amount"),
        restock_kind=coded(pl.col("restockType"), RESTOCKS),
    )  # fmt: skip
    shipping, adjustments = (pl.col(name).struct.field("nodes") for name in ("refundShippingLines", "orderAdjustments"))
    rest = given.select(
        *kept, inner=pl.lit(None, pl.Int64), line_id=pl.lit(None, pl.String), refunded_units=pl.lit("0"), goods_amount=pl.lit("0"),
        restock_kind=pl.lit("unknown"),
        shipping_amount=summed(shipping, lambda s: _amount(s, "subtotalAmountSet")),
        duty_amount=summed(pl.col("duties"), lambda d: _amount(d, "amountSet")),
        shipping_tax=summed(shipping, lambda s: _amount(s, "taxAmountSet")),
        adjustment_amount=(ZERO - summed(adjustments, lambda a: _amount(a, "amountSet"))).cast(MONEY),
        adjustment_tax=(ZERO - summed(adjustments, lambda a: _amount(a, "taxAmountSet"))).cast(MONEY),
    )  # fmt: skip
    rest = rest.with_columns(tax_amount=(pl.col("shipping_tax") + pl.col("adjustment_tax")).cast(pl.String)).filter(
        pl.sum_horizontal(pl.col("shipping_amount", "duty_amount", "adjustment_amount").abs()).fill_null(1) > 0
    )
    frame = pl.concat([lines, rest.drop("shipping_tax", "adjustment_tax")], how="diagonal").rename({"note": "reason"})
    place = pl.format(
        "refunds[{}]{}",
        "position",
        pl.when(pl.col("inner").is_not_null()).then(pl.format(".refundLineItems.nodes[{}]", "inner")).otherwise(pl.lit("")),
    )
    required = ("refund_id", "refunded_units", "goods_amount", "tax_amount", "refunded_at")
    defaults = {"shipping_amount": 0, "duty_amount": 0, "adjustment_amount": 0, "restock_kind": "unknown"}
    return Rows("refunds", frame, place, required, defaults)


def _exchanged(returns: pl.DataFrame, given: pl.DataFrame) -> Rows:
    """Goods of closed returns that no refund speaks of: they came back for others."""
    refunded = given.select("record", id=pl.col("return").struct.field("id")).drop_nulls()
    closed = returns.filter(pl.col("status") == "CLOSED").join(refunded, on=["record", "id"], how="anti")
    kept = (*KEEP, "position", "return_id", "returned_at")
    named = closed.with_columns(return_id=pl.col("id").str.extract(TAIL), returned_at=pl.coalesce("closedAt", "createdAt"))
    frame = exploded(named, kept, pl.col("returnLineItems").struct.field("nodes"), "inner").select(
        *kept, "inner", reason="returnReasonNote", returned_units="quantity", refund_amount=ZERO,
        line_id=pl.col("fulfillmentLineItem").struct.field("lineItem").struct.field("id"),
    )  # fmt: skip
    place = pl.format("returns.nodes[{}].returnLineItems.nodes[{}]", "position", "inner")
    return Rows("returns", frame, place, ("return_id", "returned_units", "returned_at"))


def _events(returns: pl.DataFrame) -> Rows:
    number = pl.col("id").str.extract(TAIL)
    frame = returns.select(*KEEP, event_kind=pl.lit("return_requested"), event_number=number, occurred_at="createdAt")
    return Rows("order_events", frame, pl.format("{} event", "event_kind"), ("event_number", "occurred_at"))


def cancelled(lines: pl.DataFrame, refunds: pl.DataFrame) -> pl.DataFrame:
    """Lines with the units that were taken off them before shipping, and the net amount that this took off."""
    off = refunds.filter(pl.col("line_id").is_not_null()).group_by("record", "line_id").agg(
        refunded=pl.col("refunded_units").sum(),
        off_units=pl.col("refunded_units").filter(pl.col("restock_kind") == "cancelled").sum(),
        cancelled_net_amount=pl.col("goods_amount").filter(pl.col("restock_kind") == "cancelled").sum(),
    )  # fmt: skip
    lines = lines.join(off, on=["record", "line_id"], how="left")
    off_units = pl.col("off_units").fill_null(0)
    edited = pl.col("ordered_units") - pl.col("current_units") - pl.col("refunded").fill_null(0)
    units = off_units + pl.max_horizontal(edited.fill_null(0), pl.lit(0))
    units = pl.when("is_cancelled").then("ordered_units").otherwise(units)
    is_stated = (off_units > 0) & (units == off_units)
    return lines.with_columns(
        cancelled_units=pl.min_horizontal(units, pl.max_horizontal("ordered_units", pl.lit(0))),
        cancelled_net_amount=pl.when(is_stated).then("cancelled_net_amount").cast(MONEY),
    )


def finish(frames: dict[str, pl.DataFrame], context: Context) -> dict[str, pl.DataFrame]:
    """Refunds with their totals and dates, and returns made of those whose goods weren't cancelled."""
    refunds = frames["refunds"].with_columns(total_amount=pl.sum_horizontal(pl.col(PARTS).fill_null(ZERO)).cast(MONEY))
    refunds = numbered(refunds.with_columns(business_date=local_date(pl.col("refunded_at"), context)), *DOCUMENT)
    came_back = pl.col("restock_kind") == "returned"
    of_refunds = refunds.filter(pl.col("line_id").is_not_null() & (pl.col("restock_kind") != "cancelled")).select(
        *KEEP, "line_id", "reason", return_id="refund_id", returned_units=pl.when(came_back).then("refunded_units").otherwise(0),
        refund_amount="goods_amount", returned_at="refunded_at",
    )  # fmt: skip
    returns = pl.concat([of_refunds, frames["returns"].select(of_refunds.columns)], how="vertical_relaxed")
    returns = numbered(returns.with_columns(business_date=local_date(pl.col("returned_at"), context)), "record", "return_id")
    return frames | {"refunds": refunds, "returns": returns}
