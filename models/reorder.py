"""How much to order. Here: inventory position against levels, days of cover, sentences. Not here: levels themselves, rounding (quantity)."""

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.demand import SERIES
from models.levels import CYCLE
from models.quantity import order_quantities
from models.wording import are, percent, short

Array = NDArray[np.float64]


def suggest_orders(position: pl.DataFrame) -> pl.DataFrame:
    """Adds inventory_position_units, needed_units, and by `quantity` order_quantity_units, rounding_rule and order_exception.

    position: available_units (null where stock is unknown), on_order_units, decided_units, transfer_units, backordered_units,
    reorder_point_units, order_up_to_level_units, moq_units, case_pack_units, and the optional columns of `quantity.order_quantities`,
    downstream_units, redirect_units and supplied_by_location_id: what a location supplies is not bought for it.

    At or below the reorder point (and below the order-up-to level) order up to the level: at least the MOQ, then up to whole
    case packs. Where stock is unknown the position is unknown, not zero, and the quantity stays blank.
    Example: position 12, reorder point 15, up to 40, MOQ 25, case pack 12: needed 28, ordered 36.
    """
    rows = position.with_columns(inventory_position_units=inventory_position(position))
    gap = pl.col("order_up_to_level_units") - pl.col("inventory_position_units")
    is_due = (pl.col("inventory_position_units") <= pl.col("reorder_point_units")) & (gap > 0)
    rows = rows.with_columns(needed_units=pl.when(is_due).then(gap).when(gap.is_not_null()).then(0))
    return _bought(order_quantities(rows))


def _bought(rows: pl.DataFrame) -> pl.DataFrame:
    """No supplier is asked for what a location supplies: its order is a transfer, and its source's order counts what is lacking."""
    if "supplied_by_location_id" not in rows.columns:
        return rows
    inside = pl.col("supplied_by_location_id").is_not_null() & pl.col("order_quantity_units").is_not_null()
    return rows.with_columns(
        order_quantity_units=pl.when(inside).then(0).otherwise("order_quantity_units"),
        rounding_rule=pl.when(inside).then(pl.lit("none")).otherwise("rounding_rule"),
        order_exception=pl.when(inside).then(pl.lit("")).otherwise("order_exception"),
    )


def inventory_position(rows: pl.DataFrame) -> pl.Expr:
    """available + on order + decided + transfers + redirected + downstream − backordered; unknown where stock is.

    Of rows that have them: downstream_units, the position of the places that a location supplies; redirect_units, net units of open orders
    that are to come here instead of elsewhere.
    """
    more = [pl.col(name) for name in ("downstream_units", "redirect_units") if name in rows.columns]
    return (
        pl.col("available_units")
        + pl.col("on_order_units")
        + pl.col("decided_units")
        + pl.col("transfer_units")
        + pl.sum_horizontal(pl.lit(0), *more)
        - pl.col("backordered_units")
    )


def days_of_cover(available: Array, mean: Array) -> Array:
    """Days until expected demand exhausts `available`, capped at the horizon; not-a-number where stock is unknown or no demand is expected.

    mean: (series, weeks), spread evenly over each week's days. Example: 10 available, 7 a week: 10 days.
    """
    left = available[:, None] - (np.cumsum(mean, axis=1) - mean)
    share_of_week = np.where(mean > 0, left / np.where(mean > 0, mean, 1.0), left > 1e-9)
    days = 7.0 * np.clip(share_of_week, 0.0, 1.0).sum(axis=1)
    return np.where(np.isfinite(available) & (mean.sum(axis=1) > 0), days, np.nan)


def stock_out_dates(cover: Array, horizon_days: float, cutoff: date) -> pl.Series:
    """First day without stock: the day after `cutoff` plus whole days of cover; blank beyond the horizon or where cover is unknown.

    Example: 2.5 days of cover at a cutoff of 1 March: 4 March, which starts with half a day's stock.
    """
    days = np.where(cover < horizon_days, cover, np.nan)
    whole = pl.Series("stock_out_date", days).fill_nan(None).floor().cast(pl.Int64)
    return pl.select(stock_out_date=pl.lit(cutoff) + pl.duration(days=pl.lit(whole) + 1)).to_series()


def reasons(rows: pl.DataFrame) -> pl.Series:
    """Each suggestion in a sentence: what the SKU needs alone (sku_quantity_units, of rows that have it), whatever its basket makes of that."""
    alone = pl.col("sku_quantity_units" if "sku_quantity_units" in rows.columns else "order_quantity_units")
    is_own = alone == pl.col("order_quantity_units")
    known = pl.format(
        "Position {} against reorder point {}; {} {} to reach {} ({} of them safety stock){}.",
        "inventory_position_units", "reorder_point_units", pl.when(is_own).then(pl.lit("order")).otherwise(pl.lit("alone it would order")),
        alone, "order_up_to_level_units", pl.col("safety_stock_units").round(0).cast(pl.Int64), _by_rules(alone),
    )  # fmt: skip
    nothing = pl.when(is_own).then(pl.lit("nothing to order")).otherwise(pl.lit("alone it would order nothing"))
    above = pl.format("Position {} is above reorder point {}; {}.", "inventory_position_units", "reorder_point_units", nothing)
    full = pl.format(
        "Position {} has reached order-up-to level {}; {}.", "inventory_position_units", "order_up_to_level_units", nothing
    )
    unknown = pl.format(
        "Stock is unknown; order when it falls to {} and fill up to {}.", "reorder_point_units", "order_up_to_level_units"
    )
    excepted = pl.format("Needs {}, but {}.", "needed_units", "order_exception")
    sentence = (
        pl.when(pl.col("order_quantity_units").is_null())
        .then(unknown)
        .when(pl.col("order_exception") != "")
        .then(excepted)
        .when(alone > 0)
        .then(known)
        .when(pl.col("inventory_position_units") > pl.col("reorder_point_units"))
        .then(above)
        .otherwise(full)
    )
    return rows.select(reason=sentence)["reason"]


def _by_rules(ordered: pl.Expr) -> pl.Expr:
    """What rules made of the need, such as ": 28 units are needed, 36 by moq and case pack"; nothing where they changed nothing."""
    rules = pl.col("rounding_rule").str.replace_all("_", " ")
    changed = pl.format(": {} needed, {} by {}", are(pl.col("needed_units"), "unit"), ordered, rules)
    return pl.when((pl.col("rounding_rule") != "none") & (pl.col("needed_units") != ordered)).then(changed).otherwise(pl.lit(""))


def worth() -> pl.Expr:
    """What ordering is expected to cost against waiting (now_amount, waiting_amount) in a sentence; blank where nothing is needed or it isn't known."""
    now, waiting = (
        pl.col(name).cast(pl.Float64).round(2).cast(pl.Decimal(18, 2)).cast(pl.String)
        for name in ("now_amount", "waiting_amount")
    )
    dearer = (pl.col("now_amount") > pl.col("waiting_amount")) & pl.col("target_rate").is_not_null()
    service = pl.when(dearer.fill_null(False)).then(pl.lit("; the service asked for takes it")).otherwise(pl.lit(""))
    with_order = pl.format("Its turn is expected to cost {} with this order, {} without it{}.", now, waiting, service)
    waits = pl.format("Its turn is expected to cost {} as it waits, {} with {} ordered now.", waiting, now, "sku_quantity_units")
    return pl.when(pl.col("order_quantity_units") > 0).then(with_order).when(is_held_back()).then(waits)


def bounded() -> pl.Expr:
    """What a level that two years' demand bounds comes to, in a sentence; blank where nothing bounds it."""
    begun, wanted = (percent(pl.col(name)) for name in ("cycle_service_level", "unit_fill_rate"))
    served = (
        pl.when(pl.col("aim") == CYCLE)
        .then(pl.format("{} of the cycles that begin end without a shortage", begun))
        .otherwise(pl.format("{} of the units are served at once", wanted))
    )
    none = pl.lit("Less than one unit is wanted in two years, so none is stocked.")
    words = pl.format("The level is held at two years' demand: {}, {} are asked for.", served, percent(pl.col("target_rate")))
    return pl.when("is_level_bounded").then(pl.when(pl.col("most_level_units") == 0).then(none).otherwise(words))


def is_held_back() -> pl.Expr:
    """A need that its basket leaves out: the SKU alone would be ordered, and the supplier's order waits or has no room for it."""
    return ((pl.col("order_quantity_units") == 0) & (pl.col("sku_quantity_units") > 0)).fill_null(False)


def lost() -> pl.Expr:
    """What no order can serve any more (expected_lost_units), in a sentence; blank where that rounds to nothing."""
    units = pl.col("expected_lost_units").round(0).cast(pl.Int64)
    words = pl.format("{} expected to be lost before it can arrive, which the level doesn't hold stock for.", are(units, "unit"))
    return pl.when((units > 0) & (pl.col("order_quantity_units") > 0)).then(words)


def taken_wider() -> pl.Expr:
    """How wide the forecast was taken to decide by costs (width), in a sentence; blank where it is as wide as past errors."""
    words = pl.format(
        "Its spread is taken {} times as wide as past errors: played over the past that would have cost least.", short(pl.col("width"))
    )  # fmt: skip
    return pl.when((pl.col("width") != 1) & (pl.col("order_quantity_units") > 0)).then(words)


def by_series(frame: pl.DataFrame) -> pl.DataFrame:
    """Weekly means as one list per series, in week order."""
    return frame.sort(*SERIES, "horizon").group_by(*SERIES, maintain_order=True).agg("mean_units")
