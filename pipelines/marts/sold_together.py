"""What sells together: pairs of SKUs in one order. Global and dependent on the clock: recomputed whole."""

from datetime import date, timedelta
from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import distinct, ratio

Frame = nw.LazyFrame[Any]
SOURCES = ("sales_entries",)
WINDOW_DAYS, FEWEST_ORDERS = 365, 5


def sold_together(sales_entries: Frame, as_of_date: date) -> Frame:
    """Pairs bought in the same order at least five times in 365 days, with their lift.

    Lift = orders with both × all orders ÷ (orders with one × orders with the other): 1 is chance. Of 1,000 orders 100 hold a cup,
    50 a saucer and 20 both: 20 × 1,000 ÷ (100 × 50) = 4.
    """
    day = nw.col("business_date")
    lines = sales_entries.filter(
        (nw.col("entry_kind") == "sale") & nw.col("is_goods") & (~nw.col("sku").is_null())
        & (day >= as_of_date - timedelta(days=WINDOW_DAYS)) & (day < as_of_date)
    )  # fmt: skip
    held = distinct(lines, "channel", "order_id", "sku")
    alone = held.group_by("sku").agg(orders=nw.len())
    other = held.rename({"sku": "other_sku"})
    pairs = held.join(other, on=["channel", "order_id"], how="inner").filter(nw.col("sku") < nw.col("other_sku"))
    both = pairs.group_by("sku", "other_sku").agg(orders_together=nw.len()).filter(nw.col("orders_together") >= FEWEST_ORDERS)
    all_orders = distinct(held, "channel", "order_id").select(all_orders=nw.len()).with_columns(one=nw.lit(1))
    counted = both.join(alone, on="sku", how="inner").join(
        alone.rename({"sku": "other_sku", "orders": "other_orders"}), on="other_sku", how="inner"
    )
    counted = counted.with_columns(one=nw.lit(1)).join(all_orders, on="one", how="inner")
    expected = nw.col("orders").cast(nw.Float64) * nw.col("other_orders").cast(nw.Float64)
    chance = nw.col("orders_together").cast(nw.Float64) * nw.col("all_orders").cast(nw.Float64)
    return counted.with_columns(lift=ratio(chance, expected)).drop("one", "all_orders")
