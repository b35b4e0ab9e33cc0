"""Returns corrected for orders still young enough to come back. Here: the groups that are looked at. Not here: the arithmetic (models/returns)."""

import numpy as np
import polars as pl

from models.returns import completion, excess_p_values
from models.trends import discovered
from pipelines.contracts import table

WINDOW_DAYS, LONGEST_DAYS = 365, 120
KINDS = ("sku", "category", "channel", "month")


def return_outlook(sold: pl.DataFrame, sku_attributes: pl.DataFrame) -> pl.DataFrame:
    """One row per SKU, category, channel and month of the order, of the last 365 days.

    sold: channel, sku, month, age_days, delay_days (blank where nothing came back), sold_units, returned_units. Mature units are
    units sold, each counted by the share of all returns that orders of its age have seen; the expected rate is returned ÷ mature.
    """
    if sold.is_empty():
        return table("return_outlook").empty()
    back = sold.filter(pl.col("returned_units") > 0)
    age, delay, units = (back[name].to_numpy() for name in ("age_days", "delay_days", "returned_units"))
    share = completion(age, np.clip(delay, 0, LONGEST_DAYS), units.astype(float), LONGEST_DAYS)
    seen = pl.Series(share[np.clip(sold["age_days"].to_numpy(), 0, LONGEST_DAYS)])
    lines = sold.with_columns(mature_units=pl.col("sold_units") * seen).join(
        sku_attributes.select("sku", "category"), on="sku", how="left", maintain_order="left"
    )
    usual = _rate_of(lines)
    groups = [_group(lines, kind) for kind in KINDS]
    of_categories = groups[1].select(category="group_value", usual_rate="expected_return_rate")
    groups[0] = groups[0].join(sku_attributes.select(group_value="sku", category="category"), on="group_value", how="left")
    groups[0] = groups[0].join(of_categories, on="category", how="left").drop("category")
    everything = pl.concat(groups, how="diagonal").with_columns(pl.col("usual_rate").fill_null(usual))
    return table("return_outlook").conform(pl.concat([_flagged(g) for g in everything.partition_by("group_kind")]))


def _rate_of(lines: pl.DataFrame) -> float:
    """Returned ÷ mature units of all lines, at most 1."""
    mature = float(lines["mature_units"].sum())
    return min(float(lines["returned_units"].sum()) / mature, 1.0) if mature else 0.0


def _group(lines: pl.DataFrame, kind: str) -> pl.DataFrame:
    sums = lines.filter(pl.col(kind).is_not_null()).group_by(group_value=pl.col(kind).cast(pl.String)).agg(
        pl.col("sold_units", "returned_units").sum(), pl.col("mature_units").sum().round(6)
    )  # fmt: skip
    return sums.with_columns(
        group_kind=pl.lit(kind),
        return_rate=pl.col("returned_units") / pl.col("sold_units"),
        expected_return_rate=pl.when(pl.col("mature_units") > 0).then(
            (pl.col("returned_units") / pl.col("mature_units")).clip(0, 1)
        ),
    )


def _flagged(group: pl.DataFrame) -> pl.DataFrame:
    returned, mature, usual = (
        group[name].cast(pl.Float64).to_numpy() for name in ("returned_units", "mature_units", "usual_rate")
    )
    p_values = excess_p_values(returned, mature, usual)
    return group.with_columns(p_value=pl.Series(p_values), is_return_prone=pl.Series(discovered(p_values)))
