"""Open lines by how they stand against their promise. Here: on track, at risk, late. Not here: the chance itself (models/lateness)."""

from datetime import datetime, timedelta

import polars as pl

from models.lateness import late_probability
from pipelines.contracts import table

HISTORY_DAYS, AT_RISK = 56, 0.5


def ship_risk(
    fulfilment_lines: pl.DataFrame, order_lives: pl.DataFrame, unit_prices: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """Every open line with its bucket: late past its promise, at risk if it will be late more likely than not, else on track.

    How long lines take is what those of the same location and speed took in the last 56 days.
    """
    lines = fulfilment_lines.with_columns(
        group=pl.concat_str("location_id", pl.col("is_expedited").cast(pl.String), separator=" ")
    )
    gone = lines.filter(pl.col("shipped_at").is_not_null() & (pl.col("ordered_at") >= as_of - timedelta(days=HISTORY_DAYS)))
    history = gone.select("group", hours=(pl.col("shipped_at") - pl.col("ordered_at")).dt.total_seconds() / 3600)
    waiting = lines.filter((pl.col("open_units") > 0) & pl.col("ship_by_at").is_not_null()).with_columns(
        age_hours=(pl.lit(as_of) - pl.col("ordered_at")).dt.total_seconds() / 3600,
        hours_left=(pl.col("ship_by_at") - pl.lit(as_of)).dt.total_seconds() / 3600,
    )  # fmt: skip
    waiting = waiting.with_columns(late_probability(waiting, history))
    bucket = (
        pl.when(pl.col("hours_left") <= 0).then(pl.lit("late")).when(pl.col("late_probability") > AT_RISK).then(pl.lit("at risk"))
        .otherwise(pl.lit("on track"))
    )  # fmt: skip
    flags = order_lives.select("channel", "order_id", "is_gift", "is_customised", "has_note", "is_changed")
    risk = waiting.with_columns(ship_by_bucket=bucket).join(flags, on=["channel", "order_id"], how="left")
    risk = risk.join(unit_prices, on=["channel", "order_id", "sku"], how="left").with_columns(
        pl.col("is_gift", "is_customised", "has_note", "is_changed").fill_null(False)
    )
    return table("ship_risk").conform(risk)
