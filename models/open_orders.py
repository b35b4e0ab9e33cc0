"""What to tell suppliers about orders under way. Here: expedite, postpone, redirect, reduce, cancel, and what it is worth. Not here: new orders
(reorder).

The messages of material requirements planning (Silver, Pyke & Thomas 2017, section 15.5), on projected stock: lines are used up in the
order of their due dates, expected demand is spread evenly over each week.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.demand import SERIES

Array = NDArray[np.float64]
ACTIONS = ("cancel", "reduce", "redirect", "expedite", "chase", "postpone", "ask", "none")
DAYS_A_YEAR = 365


def messages(
    lines: pl.DataFrame, stock: pl.DataFrame, means: pl.DataFrame, ordered: pl.DataFrame, holding_rate: float
) -> pl.DataFrame:
    """`lines` with needed_in_days, needed_units, runs_out_in_days, at_risk_units, is_near, action, message_units, redirect_units, redirect_to and
    cash_effect_amount.

    lines: open order lines: sku, location_id, supplier_id, due_in_days (below 0: overdue, null: no date is known), open_units, is_shipped,
    moq_units, case_pack_units, review_period_days, unit_cost_amount (null: unknown). stock: sku, location_id, available_units (null:
    unknown), backordered_units, safety_stock_units. means: sku, location_id, horizon (weeks from 1), mean_units. ordered: sku, location_id,
    supplier_id, order_units: what this run orders.

    A line is needed when the stock before it falls to the safety stock, and in part where demand of the horizon takes only a part.
    It is cancelled or reduced (down to MOQ and whole case packs) beyond that; expedited where stock runs out before it is due; chased
    when overdue; postponed when needed more than a review period after its date. What a supplier has sent can only be chased, and what is due
    within its review period (is_near) is taken as sent: whoever hears of it with the next order hears too late. Units beyond the need that this run
    orders of the same supplier are not cut: they are kept where their own location orders them, and redirected to the locations that do.
    message_units: what the supplier is asked to bring in all, redirect_units among it; redirect_to: these by location, "BHX 4, EWR 2".
    cash_effect_amount: value not bought, or holding cost saved (above 0) or added (below 0) by another date.
    Example: 30 on the shelf, 1 a day, no safety stock; 20 are due in 5 days: needed in 30, postpone by 25 days.
    """
    placed = _before(lines.join(stock, on=SERIES, how="left", maintain_order="left"))
    wanted = _cumulated(placed, means)
    before = placed["before_units"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    spare = before - np.maximum(placed["safety_stock_units"].fill_null(0).to_numpy(), 0)
    due = placed["due_in_days"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    late = np.where(due < 0, placed["review_period_days"].to_numpy(), due)
    needed = np.clip(wanted[:, -1] - spare, 0.0, placed["open_units"].to_numpy())
    risk = np.maximum(_at(wanted, late) - np.maximum(before, 0.0), 0.0)
    rows = _named(placed, _reached(wanted, spare), np.ceil(needed), _reached(wanted, before), np.floor(risk), due)
    return _worth(_decided(_used_elsewhere(_kept(rows), ordered)), holding_rate).drop(
        "kept_units", "available_units", "backordered_units", "safety_stock_units", "before_units"
    )


def _before(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines in the order of their dates, undated ones last, each with the stock and earlier lines that serve demand before it."""
    ordered = lines.sort(*SERIES, "due_in_days", nulls_last=True, maintain_order=True)
    earlier = pl.col("open_units").cum_sum().over(SERIES) - pl.col("open_units")
    return ordered.with_columns(before_units=pl.col("available_units") - pl.col("backordered_units").fill_null(0) + earlier)


def _cumulated(lines: pl.DataFrame, means: pl.DataFrame) -> Array:
    """(lines, days + 1) expected demand up to the end of each day of the horizon, from 0; none where nothing was forecast."""
    weeks = max([1, *means["horizon"].unique()])
    weekly = means.sort(*SERIES, "horizon").group_by(*SERIES).agg(pl.col("mean_units"))
    known = lines.select(*SERIES).join(weekly, on=SERIES, how="left", maintain_order="left")
    nothing = pl.Series([[0.0] * weeks])
    rows = known.with_columns(pl.col("mean_units").fill_null(nothing.first()))["mean_units"].explode()
    daily = np.repeat(rows.to_numpy().reshape(-1, weeks) / 7, 7, axis=1)
    return np.concatenate([np.zeros((len(daily), 1)), np.cumsum(daily, axis=1)], axis=1)


def _reached(wanted: Array, units: Array) -> Array:
    """First day whose demand goes beyond `units`; not-a-number beyond the horizon or where stock is unknown. At once is day 0."""
    beyond = wanted > units[:, None] + 1e-9
    day = np.where(units < 0, 0, beyond.argmax(axis=1))
    return np.where((beyond.any(axis=1) | (units < 0)) & np.isfinite(units), day, np.nan)


def _at(wanted: Array, days: Array) -> Array:
    """Demand until `days` from now, at most the horizon's; none for an unknown day."""
    place = np.clip(np.nan_to_num(days), 0, wanted.shape[1] - 1).astype(np.int64)
    return np.where(np.isfinite(days), np.take_along_axis(wanted, place[:, None], axis=1)[:, 0], 0.0)


def _named(rows: pl.DataFrame, needed_in: Array, needed: Array, runs_out: Array, risk: Array, due: Array) -> pl.DataFrame:
    overdue = pl.Series("is_overdue", due < 0, dtype=pl.Boolean)
    values = {"needed_in_days": needed_in, "needed_units": needed, "runs_out_in_days": runs_out, "at_risk_units": risk}
    whole = [pl.Series(name, value, dtype=pl.Float64).fill_nan(None).cast(pl.Int64) for name, value in values.items()]
    return rows.with_columns(*whole, overdue)


def _kept(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds is_near, and kept_units, what of a line is to come where it was ordered for: all of what can't be changed any more."""
    pack = pl.col("case_pack_units")
    is_near = (pl.col("due_in_days") <= pl.col("review_period_days")).fill_null(False)
    least = -(-pl.max_horizontal("needed_units", "moq_units") // pack) * pack
    kept = pl.when(pl.col("needed_units") == 0).then(0).otherwise(pl.min_horizontal(least, "open_units"))
    is_fixed = pl.col("is_shipped") | is_near | pl.col("before_units").is_null()
    return rows.with_columns(is_near=is_near, kept_units=pl.when(is_fixed).then("open_units").otherwise(kept).cast(pl.Int64))


def _used_elsewhere(rows: pl.DataFrame, ordered: pl.DataFrame) -> pl.DataFrame:
    """Rows whose kept_units has what their own location orders in this run; redirect_units and redirect_to, what others do, largest orders first."""
    open_orders: dict[tuple[str, str], dict[str, int]] = {}
    for sku, supplier, place, units in ordered.sort("order_units", "location_id", descending=[True, False]).select(
        "sku", "supplier_id", "location_id", "order_units"
    ).iter_rows():  # fmt: skip
        open_orders.setdefault((sku, supplier), {})[place] = units
    found = []
    for sku, supplier, place, units, kept in rows.select(
        "sku", "supplier_id", "location_id", "open_units", "kept_units"
    ).iter_rows():
        left, wanted, taken = units - kept, open_orders.get((sku, supplier), {}), {}
        for other in sorted(wanted, key=lambda name: name != place):
            taken[other] = min(left, wanted[other])
            wanted[other] -= taken[other]
            left -= taken[other]
        own = taken.pop(place, 0)
        found.append((kept + own, sum(taken.values()), ", ".join(f"{other} {many}" for other, many in taken.items() if many)))
    schema = {"kept_units": pl.Int64, "redirect_units": pl.Int64, "redirect_to": pl.String}
    return rows.drop("kept_units").hstack(pl.DataFrame(found, schema=schema, orient="row"))


def _decided(rows: pl.DataFrame) -> pl.DataFrame:
    """The action of each line, and what the supplier is asked to bring instead."""
    kept, redirected = pl.col("kept_units"), pl.col("redirect_units")
    is_movable = ~pl.col("is_shipped") & pl.col("before_units").is_not_null()
    is_dated = pl.col("due_in_days").is_not_null()
    too_early = pl.col("needed_in_days") > pl.max_horizontal("due_in_days", 0) + pl.col("review_period_days")
    action = (
        pl.when(redirected > 0).then(pl.lit("redirect"))
        .when(kept == 0).then(pl.lit("cancel"))
        .when(kept < pl.col("open_units")).then(pl.lit("reduce"))
        .when(pl.col("is_overdue")).then(pl.lit("chase"))
        .when(~is_dated).then(pl.lit("ask"))
        .when(is_movable & (pl.col("at_risk_units") > 0)).then(pl.lit("expedite"))
        .when(is_movable & too_early & ~pl.col("is_near")).then(pl.lit("postpone"))
        .otherwise(pl.lit("none"))
    )  # fmt: skip
    return rows.with_columns(action=action, message_units=kept + redirected)


def _worth(rows: pl.DataFrame, holding_rate: float) -> pl.DataFrame:
    """Adds cash_effect_amount, unknown where the cost is; holding cost of a year is `holding_rate` of the value."""
    cost = pl.col("unit_cost_amount").cast(pl.Float64)
    moved = (
        pl.when(pl.col("action") == "postpone").then(pl.col("needed_in_days") - pl.col("due_in_days"))
        .when(pl.col("action") == "expedite").then(pl.col("runs_out_in_days") - pl.col("due_in_days")).otherwise(0)
    )  # fmt: skip
    held = cost * pl.col("open_units") * holding_rate * moved / DAYS_A_YEAR
    freed = cost * (pl.col("open_units") - pl.col("message_units"))
    return rows.with_columns(cash_effect_amount=freed + held)
