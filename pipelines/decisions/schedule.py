"""The inventory position by day. Here: what stands, is owed, and comes when. Not here: levels that follow it (models), the position itself (orders)."""

from datetime import date

import polars as pl

from models.demand import SERIES
from models.open_orders import LINE
from pipelines.decisions.inputs import Inputs

PART = [*SERIES, "part", "due_days"]
MOVES = ("transfer", "redirect")  # parts that this run moves


def position_schedule(
    terms: pl.DataFrame, inputs: Inputs, moves: pl.DataFrame | None = None, redirected: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Rows of position_schedule, without the snapshot's version: of every series whose stock is known its units by part and day; 0 is today.

    terms: lead_time_days and supplied_by_location_id of each series. moves: this run's transfers between places of which none supplies the
    other; they and what they take away count at once, as nobody states how long such a way is. What a source ships to a place behind it is
    that place's order and no part of this. redirected: units of open lines that are to come to another place than the line says, on its day.
    Purchase orders come on the day that their lines state, without one a lead time after they were ordered; decisions
    that the ERP doesn't show a lead time after they were approved or sent. What is overdue may come any moment: 0.
    """
    known = inputs.position.filter(pl.col("available_units").is_not_null())
    ways = terms.select(*SERIES, "lead_time_days", "supplied_by_location_id")
    at_once = {"available": pl.col("available_units"), "backordered": -pl.col("backordered_units")}
    parts = [known.select(*SERIES, part=pl.lit(part), due_days=pl.lit(0.0), units=units) for part, units in at_once.items()]
    parts += [_ordered(inputs, ways), *_moved(_decided(inputs, ways), "decided")]
    if moves is not None:
        parts += _moved(moves.select(*SERIES, "from_location_id", due_days=pl.lit(0.0), units="transfer_units"), "transfer")
    if redirected is not None:
        units, here = pl.col("redirect_units"), redirected.select(*SERIES, "from_location_id", "due_in_days", "redirect_units")
        there = here.with_columns(location_id="from_location_id", redirect_units=-units)
        parts += [rows.select(*SERIES, part=pl.lit("redirect"), due_days="due_in_days", units=units) for rows in (here, there)]
    rows = pl.concat(parts, how="vertical_relaxed").join(known, on=SERIES, how="semi")
    whole = rows.with_columns(pl.col("due_days").fill_null(0.0).ceil().clip(0).cast(pl.Int64))
    sums = whole.group_by(PART).agg(pl.col("units").sum())
    return sums.filter((pl.col("units") != 0) | (pl.col("part") == "available")).sort(PART)  # an empty shelf is known, too


def before_moves(schedule: pl.DataFrame) -> pl.DataFrame:
    """What of a schedule was there before the run moved any of it."""
    return schedule.filter(~pl.col("part").is_in(MOVES))


def of_moved(schedule: pl.DataFrame) -> pl.DataFrame:
    """The schedule of those series alone that the run's moves bring or take something."""
    return schedule.join(schedule.filter(pl.col("part").is_in(MOVES)), on=SERIES, how="semi", maintain_order="left")


def followed(schedule: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """What levels follow, as `models.safety_stock.wanted` takes it. A source's shelf is not its echelon's: its levels follow none."""
    alone = terms.filter(pl.col("downstream_days") == 0)
    return schedule.join(alone, on=SERIES, how="semi").select(*SERIES, "units", days="due_days")


def with_late(rows: pl.DataFrame, schedule: pl.DataFrame) -> pl.DataFrame:
    """Adds late_units: what of the position comes after lead time and review. rows: lead_time_days, review_period_days."""
    interval = pl.col("lead_time_days") + pl.col("review_period_days")
    days = schedule.join(rows.select(*SERIES, interval=interval), on=SERIES)
    late = days.filter(pl.col("due_days") > pl.col("interval")).group_by(*SERIES).agg(late_units=pl.col("units").sum())
    return rows.join(late, on=SERIES, how="left", maintain_order="left").with_columns(pl.col("late_units").fill_null(0))


def open_lines(purchase_orders: pl.DataFrame, receipts: pl.DataFrame, today: date) -> pl.DataFrame:
    """What orders that are not closed still lack, due_in_days (blank: nobody said when); lines of one order for the same SKU and location are one."""
    ordered = purchase_orders.filter(~pl.col("is_closed")).group_by(LINE).agg(
        pl.col("supplier_id", "expected_at", "ordered_at").min(), pl.col("ordered_units").sum(), is_shipped=pl.col("shipped_at").is_not_null().all()
    )  # fmt: skip
    arrived = receipts.group_by(LINE).agg(pl.col("received_units").sum())
    lacking = pl.col("ordered_units") - pl.col("received_units").fill_null(0)
    due = (pl.col("expected_at").dt.date() - pl.lit(today)).dt.total_days()
    rows = ordered.join(arrived, on=LINE, how="left").with_columns(open_units=lacking, due_in_days=due)
    return rows.filter(pl.col("open_units") > 0).sort(LINE)


def _ordered(inputs: Inputs, ways: pl.DataFrame) -> pl.DataFrame:
    lines = inputs.open_lines.join(ways, on=SERIES, how="left")
    due = pl.coalesce(pl.col("due_in_days").cast(pl.Float64), _lasting(inputs, "ordered_at"))
    return lines.select(*SERIES, part=pl.lit("on_order"), due_days=due, units="open_units")


def _decided(inputs: Inputs, ways: pl.DataFrame) -> pl.DataFrame:
    """What is approved or sent. A way that isn't that from the place's own source has no known length."""
    rows = inputs.supply.join(ways, on=SERIES, how="left")
    has_term = pl.col("from_location_id").is_null() | (pl.col("from_location_id") == pl.col("supplied_by_location_id"))
    days = pl.when(has_term.fill_null(False)).then(_lasting(inputs, "changed_at")).otherwise(0.0)
    return rows.select(*SERIES, "from_location_id", due_days=days, units="quantity_units")


def _lasting(inputs: Inputs, since: str) -> pl.Expr:
    """Days of the lead time that are left of what was ordered at `since`."""
    return pl.col("lead_time_days") - (pl.lit(inputs.as_of) - pl.col(since)).dt.total_seconds() / 86400


def _moved(rows: pl.DataFrame, part: str) -> list[pl.DataFrame]:
    """What comes, and what leaves its own location at once."""
    leaving = rows.filter(pl.col("from_location_id").is_not_null())
    gone = leaving.select("sku", location_id="from_location_id", part=pl.lit(part), due_days=pl.lit(0.0), units=-pl.col("units"))
    return [rows.select(*SERIES, part=pl.lit(part), due_days="due_days", units="units"), gone]
