"""Why a suggestion is what it is. Here: cost of ordering now against waiting, what changed since the last run. Not here: the quantity, the sentence
(models/reorder.py).
"""

import polars as pl

from models.demand import SERIES
from models.reorder import is_held_back
from models.safety_stock import Wanted, turn_amounts
from models.wording import short
from models.worklist import with_risk

FIGURES = {  # what may have moved a quantity, and what a planner calls it
    "inventory_position_units": "position", "mean_demand_units": "forecast over lead time and review",
    "expected_lost_units": "lost before it arrives", "order_up_to_level_units": "order-up-to level",
    "lead_time_days": "lead time", "lead_time_std_days": "its spread", "unit_cost_amount": "unit cost", "shortage_amount": "cost of a missing unit",
    "holding_rate": "holding rate", "target_rate": "target", "moq_units": "MOQ", "case_pack_units": "case pack",
}  # fmt: skip
NOTICED = 0.02  # relative change that is worth a word


def weighed(rows: pl.DataFrame, known: Wanted, previous: pl.DataFrame) -> pl.DataFrame:
    """Adds now_amount and waiting_amount, what the turn of this review's order is expected to cost with the order and without it (blank where
    stock or cost is unknown), at_risk_amount, last_quantity_units and changed_since, what changed since the run before.

    rows: sorted as known.series, with inventory_position_units, order_quantity_units and sku_quantity_units, which is the order where the basket
    holds it back; previous: reorder_suggestions of the run before.
    """
    position = rows["inventory_position_units"].cast(pl.Float64)
    ordered = pl.when(is_held_back()).then("sku_quantity_units").otherwise("order_quantity_units").cast(pl.Float64)
    after = position + rows.select(ordered).to_series()
    now, waiting = (turn_amounts(known, units.fill_null(float("nan")).to_numpy()) for units in (after, position))
    is_valued = pl.col("unit_cost_amount").is_not_null()
    rows = rows.with_columns(now_amount=pl.Series(now).fill_nan(None), waiting_amount=pl.Series(waiting).fill_nan(None))
    rows = rows.with_columns(pl.when(is_valued).then(pl.col("now_amount", "waiting_amount").round(4).cast(pl.Decimal(18, 4))))
    return _against(with_risk(rows, known), previous)


def _against(rows: pl.DataFrame, previous: pl.DataFrame) -> pl.DataFrame:
    before = previous.select(*SERIES, last_quantity_units="order_quantity_units", **{f"{name}_before": name for name in FIGURES})
    both = rows.join(before, on=SERIES, how="left", maintain_order="left")
    quantity, last = pl.col("order_quantity_units"), pl.col("last_quantity_units")
    moved = pl.concat_str([_moved(name, words) for name, words in FIGURES.items()], separator="; ", ignore_nulls=True)
    words = (
        pl.when(last.is_null()).then(pl.lit("first suggestion"))
        .when(quantity == last).then(pl.concat_str(pl.lit("same quantity"), pl.when(moved != "").then(moved), separator=": ", ignore_nulls=True))
        .otherwise(pl.concat_str(pl.format("{} before", last), pl.when(moved != "").then(moved), separator=": ", ignore_nulls=True))
    )  # fmt: skip
    return both.with_columns(changed_since=words).drop(f"{name}_before" for name in FIGURES)


def _moved(name: str, words: str) -> pl.Expr:
    """ "lead time 14 → 16" where it moved by more than a word is worth, else blank."""
    old, new = (pl.col(column).cast(pl.Float64) for column in (f"{name}_before", name))
    is_noticed = (new - old).abs() > NOTICED * pl.max_horizontal(old.abs(), pl.lit(0.05))
    return pl.when(is_noticed).then(pl.format(f"{words} {{}} → {{}}", short(old), short(new)))
