"""What an order comes to, the same for every platform. Here: lines summed, held against the stated total. Not here: their fields."""

import polars as pl

from pipelines.channels.base import Context
from pipelines.channels.documents import local_date

MONEY = pl.Decimal(18, 4)
ZERO = pl.lit(0).cast(MONEY)


def finish_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Typed lines (gross, discount, tax, duty, cancelled_units, cancelled_net_amount where it is known) with what follows from them.

    A line of units that were cancelled in part has that part's net amount from the platform where it states one, else its share.
    """
    gross, ordered, cancelled = pl.col("gross_amount"), pl.col("ordered_units"), pl.col("cancelled_units")
    wide = gross.cast(pl.Decimal(38, 4))
    share = (wide * cancelled / pl.when(ordered != 0).then(ordered)).round(4).cast(MONEY).fill_null(ZERO)
    lines = lines.with_columns(
        net_amount=(gross - pl.col("discount_amount")).cast(MONEY),
        shipping_amount=pl.col("shipping_amount") if "shipping_amount" in lines.columns else ZERO,
        cancelled_gross_amount=pl.when(cancelled == 0).then(ZERO).when(cancelled == ordered).then(gross).otherwise(share),
    )
    net = pl.col("net_amount").cast(pl.Decimal(38, 4))
    net_share = (net * cancelled / pl.when(ordered != 0).then(ordered)).round(4).cast(MONEY).fill_null(ZERO)
    cancelled_net = pl.coalesce(
        pl.when(cancelled == 0).then(ZERO).when(cancelled == ordered).then(pl.col("net_amount")),
        "cancelled_net_amount",
        net_share,
    )
    return lines.with_columns(cancelled_discount_amount=(pl.col("cancelled_gross_amount") - cancelled_net).cast(MONEY)).drop(
        "cancelled_net_amount"
    )


def finish_orders(orders: pl.DataFrame, lines: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Typed orders (shipping_amount, shipping_tax_amount, stated_total_amount) with their sums, dates and promise.

    Balanced is an order whose stated total is what its parts sum to, to the cent, with or without what was taken off it again.
    """
    removed = pl.col("cancelled_gross_amount") - pl.col("cancelled_discount_amount")
    sums = lines.group_by("record").agg(
        *(pl.col(f"{what}_amount").sum() for what in ("gross", "discount", "tax", "duty")), removed_amount=removed.sum()
    )
    none = [pl.col(f"{what}_amount").fill_null(ZERO) for what in ("gross", "discount", "tax", "duty", "removed")]
    orders = orders.join(sums, on="record", how="left").with_columns(none)
    orders = orders.with_columns(tax_amount=pl.col("tax_amount") + pl.col("shipping_tax_amount"))
    total = pl.col("gross_amount") - pl.col("discount_amount") + pl.sum_horizontal("shipping_amount", "tax_amount", "duty_amount")
    apart = (pl.col("stated_total_amount") - pl.col("total_amount")).abs() < 0.01
    apart_kept = (pl.col("stated_total_amount") - (pl.col("total_amount") - pl.col("removed_amount"))).abs() < 0.01
    orders = orders.with_columns(total_amount=total.cast(MONEY)).with_columns(is_balanced=(apart | apart_kept).fill_null(True))
    orders = orders.with_columns(business_date=local_date(pl.col("ordered_at"), context))
    if "processed_at" in orders.columns:
        orders = orders.with_columns(processed_date=local_date(pl.col("processed_at"), context))
    if "ship_by_at" not in orders.columns and context.ship_within_hours:
        orders = orders.with_columns(ship_by_at=pl.col("ordered_at") + pl.duration(hours=context.ship_within_hours))
    if "deliver_by_at" not in orders.columns and context.deliver_within_days:
        orders = orders.with_columns(deliver_by_at=pl.col("ordered_at") + pl.duration(hours=24 * context.deliver_within_days))
    return orders


def fill_location(orders: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Orders without a location of their own get the channel's."""
    return orders.with_columns(location_id=pl.coalesce("location_id", pl.lit(context.location, pl.String)))


def placed(ids: pl.Expr, context: Context) -> pl.Expr:
    """The merchant's name of a place, by the platform's id of it."""
    names = context.locations
    return ids.replace_strict(list(names), list(names.values()), default=ids, return_dtype=pl.String) if names else ids


def with_skus(frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Parcels, returns and refunds with the SKU of the order line that they name."""
    known = (
        frames["order_lines"]
        .filter(pl.col("line_id").is_not_null())
        .select("record", "line_id", "sku")
        .unique(["record", "line_id"])
    )
    named = {
        name: frames[name].drop("sku", strict=False).join(known, on=["record", "line_id"], how="left", maintain_order="left")
        for name in ("shipments", "returns", "refunds")
        if name in frames
    }
    return frames | named
