"""Demand as imported, and what is known better of it: reversible layers beside it. Here: putting them together. Not here: each layer's rule.

A layer is rows of sku, location_id, channel, demand_date, units (what it adds to the demand as imported; negative where it takes away),
reason. Whether it counts is a flag beside it, so that nothing is lost by one and everything can be taken back; is_kept says that a person
has the day count as imported.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from models.demand import DAYS
from models.layers.lost import lost
from models.layers.outliers import outliers
from models.layers.returned import returned
from models.layers.uplift import promoted, uplifts

__all__ = ["COLUMNS", "Switches", "kept_days", "layered", "layers", "returned", "uplifts"]

COLUMNS = [*DAYS, "layer", "units", "is_applied", "is_kept", "reason"]


@dataclass(frozen=True)
class Switches:
    """Which layers the forecast is made from; all are made and shown."""

    outliers: bool = True
    promotions: bool = True
    lost_demand: bool = True
    returns: bool = False


def layers(
    daily: pl.DataFrame, orders: pl.DataFrame, promotions: pl.DataFrame, back: pl.DataFrame, kept: pl.DataFrame,
    switches: Switches, cutoff: date,
) -> pl.DataFrame:  # fmt: skip
    """Every layer of the demand up to `cutoff`: COLUMNS; nothing after it is looked at.

    daily: models.demand.daily_demand; orders: DAYS and order_units, a row per order; promotions: sku, start_date, end_date;
    back: layer rows of returned(); kept: entries of people by which days count as imported: sku, location_id, start_date, end_date.
    """
    known = daily.filter(pl.col("demand_date") <= cutoff)
    bulk = _switched(outliers(known, orders), "outlier", kept, switches.outliers)
    above = _switched(promoted(layered(known, bulk), promotions, cutoff), "promotion", kept, switches.promotions)
    above = pl.concat([bulk, above])
    parts = [
        above,
        _switched(lost(layered(known, above), cutoff), "lost", kept, switches.lost_demand),
        _switched(back.join(known, on=DAYS, how="semi"), "returned", kept, switches.returns),
    ]
    return pl.concat(parts).sort(*DAYS, "layer")


def layered(daily: pl.DataFrame, layers: pl.DataFrame) -> pl.DataFrame:
    """`daily` with demand_units as the layers that are applied leave it, not below 0, and known_rate, the share of the day they stand for.

    That is all of it where the rest was estimated, and what was seen where the estimate is switched off: the rest stays unknown. A day that
    a person keeps as imported counts as fully seen.
    Example: 50 imported, an outlier of −48, 6 a week lost: 50 → 2, and the day's 6 are added where it was not seen.
    """
    sums = layers.filter("is_applied").group_by(DAYS).agg(layer_units=pl.col("units").sum())
    lost = layers.filter((pl.col("layer") == "lost") & ~pl.col("is_applied")).select(*DAYS, pl.col("is_kept").fill_null(False))
    rows = daily.join(sums, on=DAYS, how="left").join(lost, on=DAYS, how="left")
    units = (pl.col("demand_units") + pl.col("layer_units").fill_null(0.0)).clip(lower_bound=0.0)
    seen = pl.when(pl.col("is_kept")).then(1.0).otherwise("seen_rate")
    known = pl.when(pl.col("is_kept").is_null()).then(1.0).otherwise(seen)
    rows = rows.with_columns(demand_units=units.cast(pl.Float64), seen_rate=seen, known_rate=known)
    return rows.select(*daily.columns, "known_rate")


def kept_days(entries: pl.DataFrame) -> pl.DataFrame:
    """Of what people know, the days whose history counts as imported."""
    return entries.filter(pl.col("kind") == "imported").select("sku", "location_id", "start_date", "end_date")


def _switched(rows: pl.DataFrame, layer: str, kept: pl.DataFrame, is_on: bool) -> pl.DataFrame:
    """The rows with their flag: off by configuration, or where a person keeps the day as imported."""
    place = pl.col("location_id_kept")
    taken = rows.join(kept, on="sku", suffix="_kept").filter(
        pl.col("demand_date").is_between("start_date", "end_date") & (place.is_null() | (place == pl.col("location_id")))
    )
    is_kept = taken.select(DAYS).unique().with_columns(is_kept=True)
    flagged = (
        rows.join(is_kept, on=DAYS, how="left")
        .with_columns(layer=pl.lit(layer), is_kept=pl.col("is_kept").fill_null(False))
        .with_columns(is_applied=pl.lit(is_on) & ~pl.col("is_kept"))
    )
    return flagged.select(COLUMNS)
