"""What came back of what was sold. Here: one row per order and SKU, on the day of the order (cohort). Not here: rates, refunds of other kinds."""

from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import hours_between

Frame = nw.LazyFrame[Any]
SOURCES = ("sales_entries", "orders", "returns")
KEYS = ("channel", "order_id", "sku")


def return_lines(sales_entries: Frame, orders: Frame, returns: Frame) -> Frame:
    """Units sold per order and SKU with what came back; a return counts on its order's day, never for more than was sold.

    What came back beyond that (another order's goods, a doubled record) is `excess_units`, so that nothing disappears.
    """
    is_sale = (nw.col("entry_kind") == "sale") & nw.col("is_goods") & (~nw.col("sku").is_null())
    sold = (
        sales_entries.filter(is_sale).group_by(*KEYS, "business_date", "currency_code").agg(sold_units=nw.col("sold_units").sum())
    )
    placed = orders.select("channel", "order_id", "ordered_at")
    brought = nw.when(nw.col("returned_units") > 0).then(nw.col("returned_at"))
    back = returns.filter(~nw.col("sku").is_null()).with_columns(brought_at=brought).group_by(*KEYS).agg(
        back_units=nw.col("returned_units").sum(),
        refund_amount=nw.col("refund_amount").sum(),
        first_returned_at=nw.col("brought_at").min(),
        reason=nw.col("reason").min(),
    )  # fmt: skip
    lines = (
        sold.filter(nw.col("sold_units") > 0)
        .join(placed, on=["channel", "order_id"], how="left")
        .join(back, on=list(KEYS), how="left")
    )
    came_back = nw.col("back_units").fill_null(0)
    returned = nw.min_horizontal(came_back, nw.col("sold_units"))
    return lines.select(
        *KEYS, "business_date", "sold_units", "reason", "currency_code",
        returned_units=returned,
        excess_units=came_back - returned,
        days_to_return=hours_between(lines, nw.col("ordered_at"), nw.col("first_returned_at")) * (1 / 24),
        refund_amount=nw.coalesce(nw.col("refund_amount"), nw.lit(0)),
    )  # fmt: skip
