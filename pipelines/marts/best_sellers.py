"""Best sellers by net sales over trailing periods. Global and dependent on the clock: recomputed whole."""

from datetime import date, timedelta
from typing import Any

import narwhals as nw

from pipelines.marts.sales_entries import COUNTED

Frame = nw.LazyFrame[Any]
SOURCES = ("sales_entries", "products")
PERIODS_DAYS = (7, 28, 365)


def best_sellers(sales_entries: Frame, products: Frame, as_of_date: date) -> Frame:
    """SKUs of the periods of 7, 28 and 365 days that end on the day before `as_of_date`, ranked by net sales, goods only.

    A SKU that the product file doesn't describe is called what the channels call it.
    """
    sold = sales_entries.filter(nw.col("entry_kind").is_in(COUNTED) & nw.col("is_goods") & (~nw.col("sku").is_null()))
    ranked = nw.concat([_period(sold, days, as_of_date) for days in PERIODS_DAYS], how="diagonal")
    named = products.select("sku", "category", product_description="description")
    sold_as = sold.group_by("sku").agg(description=nw.col("description").max())
    described = ranked.join(sold_as, on="sku", how="left").join(named, on="sku", how="left")
    return described.with_columns(description=nw.coalesce(nw.col("product_description"), nw.col("description"))).drop(
        "product_description"
    )


def _period(sold: Frame, days: int, as_of_date: date) -> Frame:
    start, before = as_of_date - timedelta(days=days), as_of_date - timedelta(days=2 * days)
    day = nw.col("business_date")
    now = sold.filter((day >= start) & (day < as_of_date)).group_by("sku").agg(
        sold_units=nw.col("sold_units").sum(),
        orders=nw.col("order_id").n_unique(),
        net_sales_amount=nw.col("reporting_net_sales_amount").sum(),
    )  # fmt: skip
    earlier = sold.filter((day >= before) & (day < start)).group_by("sku").agg(
        previous_sold_units=nw.col("sold_units").sum(), previous_net_sales_amount=nw.col("reporting_net_sales_amount").sum()
    )  # fmt: skip
    both = now.join(earlier, on="sku", how="left").with_columns(
        previous_sold_units=nw.col("previous_sold_units").fill_null(0),
        previous_net_sales_amount=nw.coalesce(
            nw.col("previous_net_sales_amount"), nw.col("net_sales_amount") - nw.col("net_sales_amount")
        ),
    )
    return both.with_columns(
        period_days=nw.lit(days),
        sales_rank=nw.col("net_sales_amount").rank("min", descending=True),
    ).select(
        "period_days",
        "sku",
        "sales_rank",
        "sold_units",
        "orders",
        "net_sales_amount",
        "previous_sold_units",
        "previous_net_sales_amount",
    )
