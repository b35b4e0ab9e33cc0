"""What each forecast rests on and what has changed since the last run, in units a week. Pure. Here: adding up. Not here: models' parts (forecast/)."""

from dataclasses import dataclass

import polars as pl

from models.demand import SERIES
from models.forecast.drivers import DRIVERS

RECENT_WEEKS = 13
CHANGES = {
    "new_demand_units": "new demand",
    "selection_units": "models chosen again",
    "promotion_change_units": "price or promotion",
    "people_change_units": "what people know",
}
LEAST_SHOWN = 0.05  # units a week


@dataclass(frozen=True)
class Means:
    """Means per series and week (sku, location_id, mean_units): before people changed them, with what people know, and before people changed
    them had the models of the last run been kept (the first again, where they were)."""

    statistical: pl.DataFrame
    final: pl.DataFrame
    with_last_models: pl.DataFrame


def explained(
    drivers: pl.DataFrame, imported: pl.DataFrame, shaped: pl.DataFrame, means: Means, last: pl.DataFrame
) -> pl.DataFrame:
    """One row per series: drivers that sum to mean_units, the mean forecast of a week over all weeks ahead, and what changed since `last`.

    drivers: models.forecast.drivers. imported, shaped: models.demand.weekly_history as imported, and with every layer but lost demand. last: the
    rows that this made in the run before, empty without one.
    imported_units + layers_units + stock_out_units + trend + season + others + holidays + promotion + correction + look_alikes + life + people = mean_units.
    new_demand + selection + promotion_change + people_change = mean_units − previous_units.
    Example: 10 a week before, 13 now; the models of the last run would say 12, people added 0 then and 0.5 now, no promotion: new demand 2,
    models chosen again 0.5, what people know 0.5.
    """
    rows = drivers
    for name, weekly in (("imported_units", imported), ("shaped_units", shaped)):
        rows = rows.join(_sold(weekly, name), on=SERIES, how="left").with_columns(pl.col(name).fill_null(0.0))
    for name, frame in (("statistical", means.statistical), ("mean_units", means.final), ("kept", means.with_last_models)):
        rows = rows.join(_weekly_mean(frame, name), on=SERIES, how="left")
    rows = rows.with_columns(
        layers_units=pl.col("shaped_units") - pl.col("imported_units"),
        stock_out_units=pl.col("recent_units") - pl.col("shaped_units"),
        people_units=pl.col("mean_units") - pl.col("statistical"),
    )
    before = last.select(
        *SERIES,
        previous_cutoff_date="cutoff_date",
        previous_units="mean_units",
        promotion_before="promotion_units",
        people_before="people_units",
    )
    rows = rows.join(before, on=SERIES, how="left").with_columns(
        selection_units=pl.col("statistical") - pl.col("kept"),
        promotion_change_units=pl.col("promotion_units") - pl.col("promotion_before"),
        people_change_units=pl.col("people_units") - pl.col("people_before"),
    )
    known = pl.col("previous_units").is_not_null()
    parts = [pl.col(name) for name in CHANGES if name != "new_demand_units"]
    rest = pl.col("mean_units") - pl.col("previous_units") - pl.sum_horizontal(parts)
    rows = rows.with_columns(pl.when(known).then(part) for part in parts).with_columns(new_demand_units=pl.when(known).then(rest))
    return rows.with_columns(reason=_reason()).drop(
        "recent_units", "shaped_units", "statistical", "kept", "promotion_before", "people_before"
    )


def drivers_shown() -> tuple[str, ...]:
    """Names of the drivers in the order in which they add up."""
    return ("imported_units", "layers_units", "stock_out_units", *DRIVERS[1:], "people_units")


def _sold(weekly: pl.DataFrame, name: str) -> pl.DataFrame:
    """Mean units of the last 13 weeks."""
    recent = weekly.filter(pl.col("week") > -RECENT_WEEKS)
    return recent.group_by(SERIES).agg(pl.col("units").mean().alias(name))


def _weekly_mean(means: pl.DataFrame, name: str) -> pl.DataFrame:
    return means.group_by(SERIES).agg(pl.col("mean_units").mean().alias(name))


def _reason() -> pl.Expr:
    """Such as: +2.1 a week since 2026-11-28: +1.5 new demand, +0.6 models chosen again."""
    by_size = [
        pl.when(pl.col(name).abs() >= LEAST_SHOWN).then(pl.format(f"{{}} {words}", _signed(pl.col(name))))
        for name, words in CHANGES.items()
    ]
    change = pl.col("mean_units") - pl.col("previous_units")
    parts = pl.concat_str(by_size, separator=", ", ignore_nulls=True)
    return (
        pl.when(pl.col("previous_units").is_null()).then(pl.lit("First forecast of this series."))
        .when(parts == "").then(pl.format("As on {}.", "previous_cutoff_date"))
        .otherwise(pl.format("{} a week since {}: {}.", _signed(change), "previous_cutoff_date", parts))
    )  # fmt: skip


def _signed(value: pl.Expr) -> pl.Expr:
    sign = pl.when(value.round(1) >= 0).then(pl.lit("+")).otherwise(pl.lit("−"))
    return pl.concat_str(sign, value.abs().round(1).cast(pl.String))
