"""Locations that are supplied by a location. Here: what a source has to cover, what it ships to whom. Not here: levels, where to hold stock (textbook).

Two echelons: a source buys from suppliers and supplies its own customers and the places behind it. Its echelon is all of them together: their
demand is what it orders for, their stock is part of its position (Clark & Scarf 1960; Snyder & Shen 2019, section 6.2).
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.demand import SERIES
from models.sharing import shared, unit_values

LEAST_VALUE = 1e-12  # of a unit that is wanted: never quite nothing
RESTOCKS = {
    "sku": pl.String, "from_location_id": pl.String, "location_id": pl.String, "transfer_units": pl.Int64, "surplus_units": pl.Int64,
    "shortage_units": pl.Int64,
}  # fmt: skip


def echelon_means(means: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Weekly means in which a source has what its whole echelon expects; other locations keep theirs.

    members: sku, location_id, source_location_id: every location of an echelon, the source itself among them. Example: a source that sells 2
    a week and supplies a shop that sells 5: 7 and 5.
    """
    inside = means.join(members, on=SERIES)
    total = inside.group_by("sku", "source_location_id", "cutoff_date", "horizon").agg(
        pl.col("mean_units").sum(), pl.col("model").first(), pl.col("week_correlation").mean()
    )
    return _with_sources(means, total.rename({"source_location_id": "location_id"}), members)


def echelon_quantiles(quantiles: pl.DataFrame, means: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Weekly quantiles of the same: deviations of independent locations add by their squares, as spreads of sums do.

    A quantile lies Σ mean + √Σ(q − mean)² away from nothing, each square with its sign: exact for independent normal demands. means: before
    `echelon_means`. Example: quantiles 13 of mean 10 and 24 of mean 20: 30 + √(9 + 16) = 35.
    """
    inside = quantiles.join(members, on=SERIES).join(means.select(*SERIES, "horizon", "mean_units"), on=[*SERIES, "horizon"])
    away = pl.col("forecast_units") - pl.col("mean_units")
    sums = inside.group_by("sku", "source_location_id", "cutoff_date", "horizon", "quantile").agg(
        pl.col("mean_units").sum(), squares=(away.sign() * away**2).sum()
    )
    spread = pl.col("squares").sign() * pl.col("squares").abs().sqrt()
    total = sums.with_columns(forecast_units=(pl.col("mean_units") + spread).clip(0)).drop("mean_units", "squares")
    return _with_sources(quantiles, total.rename({"source_location_id": "location_id"}), members)


def echelon_dispersions(spreads: pl.DataFrame, means: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Dispersions (variance ÷ mean) of the same: variances of independent locations add, Σ dispersion·mean ÷ Σ mean; of those that are known.

    Example: a source of 1 a week at a dispersion of 1, a shop of 70 at 20: 1401 ÷ 71 = 19.7.
    """
    weekly = means.group_by(*SERIES).agg(pl.col("mean_units").mean())
    inside = spreads.drop_nulls("dispersion_rate").join(members, on=SERIES).join(weekly, on=SERIES)
    sums = inside.group_by("sku", location_id="source_location_id").agg(
        dispersion_rate=(pl.col("dispersion_rate") * pl.col("mean_units")).sum() / pl.col("mean_units").sum()
    )
    total = sums.with_columns(pl.col("dispersion_rate").fill_nan(None))
    return _with_sources(spreads, total, members)


def _with_sources(frame: pl.DataFrame, total: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    sources = members.select("sku", location_id="source_location_id").unique()
    return pl.concat([frame.join(sources, on=SERIES, how="anti"), total], how="diagonal_relaxed")


def restocks(places: pl.DataFrame, sources: pl.DataFrame, rooms: dict[str, int]) -> pl.DataFrame:
    """What each source ships to the places that it supplies: `RESTOCKS`, with the source's stock and what the place lacks.

    places: sku, location_id, source_location_id, position_units, reorder_point_units, order_up_to_level_units, mean_demand_units,
    expected_lost_units, demand_std_units, case_pack_units, unit_value. sources: sku, location_id, free_units (on the shelf and owed to
    nobody), own_mean_units and own_std_units of what its own customers want until it is delivered again. rooms: the most units that a
    location still takes, of all SKUs; unit_value weighs SKUs there.

    A place at or below its reorder point is filled up to its level in whole packs. Where room or stock is too small, units go where they
    most likely serve somebody, the source's own customers among them.
    Example: 30 at the source whose own customers want nothing, two equal places lack 20 each: 15 to each.
    """
    gap = pl.col("order_up_to_level_units") - pl.col("position_units")
    is_due = (pl.col("position_units") <= pl.col("reorder_point_units")) & (gap > 0)
    packs = pl.col("case_pack_units")
    served = pl.col("mean_demand_units") - pl.col("expected_lost_units")
    due = places.filter(is_due).with_columns(lacking=-(-gap // packs) * packs, served_units=served).sort("location_id", "sku")
    wanted = pl.concat(
        [
            due.clear(),
            *(_within(part, rooms.get(str(name))) for (name,), part in due.group_by("location_id", maintain_order=True)),
        ]
    )
    stock = {(row["sku"], row["location_id"]): row for row in sources.iter_rows(named=True)}
    moves = []
    for (sku, source), part in wanted.sort("sku", "location_id").group_by("sku", "source_location_id", maintain_order=True):
        held = stock.get((sku, source))
        if held is None or held["free_units"] <= 0:
            continue
        own = unit_values(0.0, held["own_mean_units"], held["own_std_units"], held["free_units"], 1.0)
        shares = shared(held["free_units"], [*(_worth(row, 1.0) for row in part.iter_rows(named=True)), own])
        for row, share in zip(part.iter_rows(named=True), shares, strict=False):
            units = int(share) // row["case_pack_units"] * row["case_pack_units"]
            if units > 0:
                moves.append((sku, source, row["location_id"], units, held["free_units"], row["lacking"]))
    return pl.DataFrame(moves, schema=RESTOCKS, orient="row")


def _within(part: pl.DataFrame, room: int | None) -> pl.DataFrame:
    """Lines of one location, cut to its room by what their units are worth."""
    if room is None or part["lacking"].sum() <= room:
        return part
    shares = shared(max(room, 0), [_worth(row, row["unit_value"]) for row in part.iter_rows(named=True)])
    packs = pl.col("case_pack_units")
    return part.with_columns(lacking=pl.Series(shares, dtype=pl.Int64) // packs * packs).filter(pl.col("lacking") > 0)


def _worth(row: dict, value: float) -> NDArray[np.float64]:  # type: ignore[type-arg]
    worth = unit_values(row["position_units"], row["served_units"], row["demand_std_units"], row["lacking"], value)
    return np.maximum(worth, LEAST_VALUE)
