"""What to tell suppliers about orders under way. Here: expedite, postpone, redirect, reduce, cancel, and what it is worth. Not here: new orders
(reorder).

The messages of material requirements planning (Silver, Pyke & Thomas 2017, section 15.5), on projected stock: lines are used up in the
order of their due dates, expected demand is spread evenly over each week.
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.demand import SERIES

Array = NDArray[np.float64]
ACTIONS = ("cancel", "reduce", "redirect", "expedite", "chase", "postpone", "ask", "none")
DAYS_A_YEAR = 365
LINE = ["purchase_order_id", *SERIES]
NOTHING_REDIRECTED = pl.DataFrame(schema={
    "purchase_order_id": pl.String, "sku": pl.String, "from_location_id": pl.String, "location_id": pl.String, "due_in_days": pl.Int64,
    "redirect_units": pl.Int64,
})  # fmt: skip


def needs(lines: pl.DataFrame, stock: pl.DataFrame, means: pl.DataFrame) -> pl.DataFrame:
    """`lines` with needed_in_days, needed_units, runs_out_in_days, at_risk_units, is_near, is_overdue, kept_units and before_units.

    lines: open order lines: purchase_order_id, sku, location_id, supplier_id, due_in_days (below 0: overdue, null: no date is known), open_units,
    is_shipped, moq_units, case_pack_units, review_period_days, unit_cost_amount (null: unknown). stock: sku, location_id, stock_units (what is there
    less what is owed; null: unknown), safety_stock_units, order_up_to_level_units. means: sku, location_id, horizon (weeks from 1), mean_units.

    A line is needed when the stock before it falls to the safety stock, and in part where demand of the horizon and the order-up-to level take only a
    part. kept_units of it stay where it goes: what is needed, in whole case packs and at least the MOQ; all of what a supplier has sent, or is due
    within its review period (is_near), as whoever hears of it with the next order hears too late.
    Example: 30 on the shelf, 1 a day, no safety stock; 20 are due in 5 days: needed in 30, and within 4 weeks not at all.
    """
    placed = _before(lines.join(stock, on=SERIES, how="left", maintain_order="left"))
    wanted = _cumulated(placed, means)
    before = placed["before_units"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    safety = np.maximum(placed["safety_stock_units"].fill_null(0).to_numpy(), 0)
    level = placed["order_up_to_level_units"].fill_null(0).to_numpy()
    due = placed["due_in_days"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    late = np.where(due < 0, placed["review_period_days"].to_numpy(), due)
    needed = np.clip(np.maximum(wanted[:, -1] + safety, level) - before, 0.0, placed["open_units"].to_numpy())
    risk = np.maximum(_at(wanted, late) - np.maximum(before, 0.0), 0.0)
    rows = _named(placed, _reached(wanted, before - safety), np.ceil(needed), _reached(wanted, before), np.floor(risk), due)
    return _kept(rows).drop("stock_units", "safety_stock_units", "order_up_to_level_units")


def redirects(needed: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Units of open lines, not kept where they go, that serve what is to be ordered of the same supplier elsewhere: purchase_order_id, sku,
    from_location_id, location_id, due_in_days, redirect_units.

    needed: rows of `needs` that may be redirected. wanted: sku, location_id, supplier_id, needed_units, order_quantity_units, moq_units,
    case_pack_units, arrival_in_days: when an order of today would be there; a line that comes later can't stand for it. The largest orders are
    served first, by the lines that come first. Never so that the rest of a need would fall below the MOQ: rounded up to it, more would come than
    without a redirect.
    Example: 28 are needed in packs of 12, of 40 to spare 36 are sent there; of 24 to spare 24, where the rest of 4 can be ordered, else none.
    """
    spare: dict[tuple[str, str], list[dict[str, Any]]] = {}
    is_spare = (pl.col("kept_units") < pl.col("open_units")) & pl.col("due_in_days").is_not_null()
    for line in needed.filter(is_spare).sort("due_in_days", "purchase_order_id", "location_id").iter_rows(named=True):
        left = line["open_units"] - line["kept_units"]
        spare.setdefault((line["sku"], line["supplier_id"]), []).append(line | {"left_units": left})
    ordered = wanted.filter(pl.col("order_quantity_units") > 0).sort(
        "order_quantity_units", "location_id", descending=[True, False]
    )
    found = []
    for want in ordered.iter_rows(named=True):
        lines = [
            line for line in spare.get((want["sku"], want["supplier_id"]), [])
            if line["due_in_days"] <= want["arrival_in_days"] and line["location_id"] != want["location_id"]
        ]  # fmt: skip
        units = _redirected_units(want, sum(line["left_units"] for line in lines))
        for line in lines:
            taken = min(units, line["left_units"])
            line["left_units"] -= taken
            units -= taken
            found.append((*(line[name] for name in LINE), want["location_id"], line["due_in_days"], taken))
    return pl.DataFrame(found, schema=NOTHING_REDIRECTED.schema, orient="row").filter(pl.col("redirect_units") > 0)


def _redirected_units(want: dict[str, Any], spare: int) -> int:
    """How many of so many units to spare serve a need, in whole case packs."""
    needed, pack = want["needed_units"], want["case_pack_units"]
    whole = min(-(-needed // pack) * pack, want["order_quantity_units"])
    if spare >= whole:
        return int(whole)
    units = spare // pack * pack
    return int(units if needed - units >= want["moq_units"] else max((needed - want["moq_units"]) // pack * pack, 0))


def messages(needed: pl.DataFrame, redirected: pl.DataFrame, ordered: pl.DataFrame, holding_rate: float) -> pl.DataFrame:
    """Rows of `needs` with action, message_units, redirect_units, redirect_to and cash_effect_amount.

    redirected: rows of `redirects`; ordered: sku, location_id, supplier_id of what this run orders.

    A line is cancelled or reduced beyond what of it is kept, unless the same location orders anew; what of it is redirected is neither. It is
    expedited where stock runs out before it is due; chased when overdue; postponed when needed more than a review period after its date. What
    a supplier has sent can only be chased.
    message_units: what the supplier is asked to bring in all, redirect_units among it; redirect_to: these by location, "BHX 4, EWR 2".
    cash_effect_amount: value not bought, or holding cost saved (above 0) or added (below 0) by another date.
    Example: needed in 30 days, due in 5: postpone by 25 days.
    """
    by_line = redirected.sort("redirect_units", "location_id", descending=[True, False]).group_by(
        "purchase_order_id", "sku", location_id="from_location_id"
    ).agg(pl.col("redirect_units").sum(), redirect_to=pl.format("{} {}", "location_id", "redirect_units").str.join(", "))  # fmt: skip
    anew = ordered.select(*SERIES, "supplier_id", is_ordered=pl.lit(True))
    rows = needed.join(by_line, on=LINE, how="left", maintain_order="left")
    rows = rows.join(anew, on=[*SERIES, "supplier_id"], how="left", maintain_order="left").with_columns(
        pl.col("redirect_units").fill_null(0), pl.col("redirect_to").fill_null("")
    )
    left = pl.col("open_units") - pl.col("redirect_units")
    least = pl.when(pl.col("redirect_units") > 0).then(pl.min_horizontal("moq_units", "open_units") - pl.col("redirect_units"))
    rows = rows.with_columns(
        kept_units=pl.when(pl.col("is_ordered")).then(left).otherwise(pl.max_horizontal("kept_units", least))
    )
    return _worth(_decided(rows), holding_rate).drop("kept_units", "before_units", "is_ordered")


def _before(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines in the order of their dates, undated ones last, each with the stock and earlier lines that serve demand before it."""
    ordered = lines.sort(*SERIES, "due_in_days", nulls_last=True, maintain_order=True)
    earlier = pl.col("open_units").cum_sum().over(SERIES) - pl.col("open_units")
    return ordered.with_columns(before_units=pl.col("stock_units") + earlier)


def _cumulated(lines: pl.DataFrame, means: pl.DataFrame) -> Array:
    """(lines, days + 1) expected demand up to the end of each day of the horizon, from 0; none where nothing was forecast."""
    weeks = max([1, *means["horizon"].unique()])
    ours = means.join(lines.select(*SERIES).unique(), on=SERIES, how="semi")
    weekly = ours.sort(*SERIES, "horizon").group_by(*SERIES, maintain_order=True).agg(pl.col("mean_units"))
    known = lines.select(*SERIES).join(weekly, on=SERIES, how="left", maintain_order="left")
    nothing = pl.Series([[0.0] * weeks])
    rows = known.with_columns(pl.col("mean_units").fill_null(nothing.first()))["mean_units"].explode()
    daily = np.repeat(rows.to_numpy().reshape(-1, weeks) / 7, 7, axis=1)
    return np.concatenate([np.zeros((len(daily), 1)), np.cumsum(daily, axis=1)], axis=1)


def _reached(wanted: Array, units: Array) -> Array:
    """Days from today to the first whose demand goes beyond `units`; not-a-number beyond the horizon or where stock is unknown. Today is 0.

    Example: 30 units, 1 a day: today and 29 days more are served, so 30.
    """
    beyond = wanted > units[:, None] + 1e-9
    day = np.where(units < 0, 0, np.maximum(beyond.argmax(axis=1) - 1, 0))
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
