"""A merchant's series through the engine. Here: what the engine is told of them, and what is known of products' lives. Not here: the engine.

Weeks end on the cutoff (ADR 3). Each call forecasts every series; which models are used was chosen before, by `choose`.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.demand import SERIES, told_units
from models.forecast import blend
from models.forecast.boosting import MIN_ROWS
from models.forecast.drivers import COLUMNS as DRIVER_COLUMNS
from models.forecast.drivers import drivers
from models.forecast.engine import COLUMNS, LEVELS, TOGETHER, Made, Selection, forecast_series
from models.forecast.explain import PARTS
from models.forecast.lookalikes import drawn_to_lookalikes, like_another
from models.forecast.paths import correlation
from models.forecast.problem import Note, Problem

Array = NDArray[np.float64]
WEEK = "1w"
ATTRIBUTES = ("category", "brand", "supplier_id", "location_id", "country_code")
NEVER_SOLD = "never sold"
PART_COLUMNS = (*PARTS, "own", "boosted", "share")
NEAR_WEEKS = 8  # by whose error a forecast is judged
_IDENTITY = {"sku": pl.String, "location_id": pl.String, "cutoff_date": pl.Date}
_MEANS = {
    **_IDENTITY,
    "horizon": pl.Int64,
    "mean_units": pl.Float64,
    "model": pl.String,
    "backtest_wape": pl.Float64,
    "week_correlation": pl.Float64,
}
_OWN = {"sku": pl.String, "location_id": pl.String, "horizon": pl.Int64, "own_units": pl.Float64}
_QUANTILES = {**_IDENTITY, "horizon": pl.Int64, "quantile": pl.Float64, "forecast_units": pl.Float64}


@dataclass(frozen=True)
class Forecast:
    """means: one row per series and week with its model; quantiles: one row per series, week and level; notes: what was said on the way.

    drivers: one row per series (drivers.py); own: sku, location_id, horizon and own_units, what its history alone says; both where asked for.
    """

    means: pl.DataFrame
    quantiles: pl.DataFrame
    notes: tuple[Note, ...] = ()
    drivers: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DRIVER_COLUMNS))
    own: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_OWN))


def choose(
    weekly: pl.DataFrame, series: pl.DataFrame, cutoff: date, horizon: int, planned: pl.DataFrame | None = None
) -> tuple[Selection, tuple[Note, ...]]:
    """What `forecast` forecasts with from now on: models trained and blended on the whole history. Takes minutes.

    Raises Problem where there is no history at all.
    """
    ordered = series.sort(*SERIES).with_row_index("unique_id")
    made = forecast_series(
        _history(weekly, ordered, cutoff), WEEK, horizon, statics=_statics(ordered), planned=_planned(planned, ordered, cutoff)
    )
    return made.selection, made.notes


def forecast(
    weekly: pl.DataFrame,
    series: pl.DataFrame,
    cutoff: date,
    horizon: int,
    selection: Selection | None = None,
    planned: pl.DataFrame | None = None,
    *,
    explained: bool = False,
) -> Forecast:
    """Forecasts the `horizon` weeks after `cutoff` for every series; without a `selection` each from its own history.

    weekly: models.demand.weekly_history, with promoted_rate and price_rate where known. series: sku, location_id, demand_class, category,
    brand, supplier_id, country_code (of the location), launched_date, discontinued_date. planned: models.demand.promoted_ahead. Weeks
    seen on under three days are unknown, weeks seen in part hold an estimate of the rest.
    A new series is drawn to what its look-alikes are forecast to sell, or like_sku where `series` names one (like_another); a product ends
    on its last day on sale.
    """
    ordered = series.sort(*SERIES).with_row_index("unique_id")
    if ordered.is_empty():
        return Forecast(pl.DataFrame(schema=_MEANS), pl.DataFrame(schema=_QUANTILES))
    history = _history(weekly, ordered, cutoff)
    table, learnt, notes = _made(history, ordered, horizon, selection, _planned(planned, ordered, cutoff), explained=explained)
    back = _looked_back(history, horizon)
    together = _together(back) if learnt is None else learnt
    values = table.select(*COLUMNS).fill_null(0.0).to_numpy().reshape(ordered.height, horizon, -1)
    model = table["model"].gather_every(horizon).fill_null(NEVER_SOLD)
    drawn, weight = like_another(values, *drawn_to_lookalikes(values, LEVELS, ordered, weekly), ordered)
    on_sale, before = _on_sale(ordered, cutoff, horizon), drawn[:, :, 0]
    drawn = drawn * on_sale[:, :, None]
    drawn[:, :, 1:] = np.rint(drawn[:, :, 1:])
    named = ordered.select(*SERIES, cutoff_date=pl.lit(cutoff), model=_named(model, weight), week_correlation=pl.lit(together))
    named = named.with_columns(ordered["demand_class"]).join(
        _errors(back, ordered), on="demand_class", how="left", maintain_order="left"
    )
    grid = named.with_columns(horizon=pl.int_ranges(1, horizon + 1, dtype=pl.Int64)).explode("horizon")
    means = grid.with_columns(mean_units=drawn[:, :, 0].reshape(-1)).select(*_MEANS)
    quantiles = grid.with_columns(quantile=pl.lit(LEVELS.tolist())).explode("quantile")
    quantiles = quantiles.with_columns(forecast_units=drawn[:, :, 1:].reshape(-1)).select(*_QUANTILES)
    if not explained:
        return Forecast(means, quantiles, tuple(notes))
    own = table.select(pl.col("own").fill_nan(None).fill_null(0.0)).to_series() * on_sale.reshape(-1)
    alone = means.select(*SERIES, "horizon").with_columns(own_units=own)
    return Forecast(means, quantiles, tuple(notes), drivers(ordered, table, before, weight, on_sale), alone)


def _made(
    history: pl.DataFrame,
    ordered: pl.DataFrame,
    horizon: int,
    selection: Selection | None,
    planned: pl.DataFrame | None,
    *,
    explained: bool,
) -> tuple[pl.DataFrame, float | None, list[Note]]:
    """One row per series and week in order, blank for series without history; how far weeks go together, where it was learnt; what was said."""
    notes: list[Note] = []
    if history.is_empty():
        figures = dict.fromkeys((*COLUMNS, *PART_COLUMNS), pl.Float64)
        made = pl.DataFrame(schema={"unique_id": pl.UInt32, "ds": pl.Date, **figures, "model": pl.String})
        return _on_grid(made, ordered, horizon), None, notes
    if selection:
        try:
            found = forecast_series(
                history, WEEK, horizon, statics=_statics(ordered), planned=planned, selection=selection, explained=explained
            )
        except Problem as problem:
            notes.append(Note(f"{problem} Until models are chosen again each series is forecast from its own history."))
        else:
            return _on_grid(_with_parts(found), ordered, horizon), found.selection.together, list(found.notes)
    found = forecast_series(history, WEEK, horizon, selection=_own(horizon), explained=explained)
    return _on_grid(_with_parts(found), ordered, horizon), None, [*notes, *found.notes]


def _with_parts(made: Made) -> pl.DataFrame:
    """The engine's table, with columns PART_COLUMNS of what sold where parts were asked for."""
    if made.parts is None:
        return made.table
    values = [*made.parts.units.T, made.parts.own, made.parts.boosted, made.parts.share]
    sold = pl.col("model") != NEVER_SOLD
    columns = [pl.Series(name, value) for name, value in zip(PART_COLUMNS, values, strict=True)]
    return made.table.with_columns(columns).with_columns(pl.when(sold).then(pl.col(name)).alias(name) for name in PART_COLUMNS)


def _looked_back(history: pl.DataFrame, horizon: int) -> pl.DataFrame:
    """Forecasts from own histories as of `horizon` weeks ago, beside what came (y); no rows where nothing is that old."""
    last = history["ds"].unique().sort()
    before = history.filter(pl.col("ds") <= last[-horizon - 1]) if len(last) > horizon + 1 else history.clear()
    if before.is_empty():
        return pl.DataFrame(schema={"unique_id": pl.UInt32, "ds": pl.Date, **dict.fromkeys((*COLUMNS, "y"), pl.Float64)})
    made = forecast_series(before, WEEK, horizon, selection=_own(horizon)).table
    return made.join(history.select("unique_id", "ds", "y").drop_nulls(), on=["unique_id", "ds"]).filter(pl.col("mean") > 0)


def _own(horizon: int) -> Selection:
    return Selection(WEEK, horizon, None, blend.plain(LEVELS, 0.0))


def _together(back: pl.DataFrame) -> float:
    """How far weeks went together in forecasts looked back at; the engine's usual value where they are too few to tell."""
    if back.height < MIN_ROWS:
        return TOGETHER
    return correlation(
        back["y"].to_numpy(), back.select(*COLUMNS[1:]).to_numpy(), LEVELS, back["unique_id"].to_numpy().astype(np.int64)
    )


def _errors(back: pl.DataFrame, ordered: pl.DataFrame) -> pl.DataFrame:
    """WAPE per demand_class of the first weeks looked back at; blank where nothing was wanted."""
    near = back.filter(pl.col("ds").rank("dense") <= NEAR_WEEKS).join(ordered.select("unique_id", "demand_class"), on="unique_id")
    sums = near.group_by("demand_class").agg(missed=(pl.col("mean") - pl.col("y")).abs().sum(), wanted=pl.col("y").sum())
    return sums.select(
        "demand_class", backtest_wape=(pl.col("missed") / pl.when(pl.col("wanted") > 0).then(pl.col("wanted"))).round(6)
    )


def _on_grid(table: pl.DataFrame, ordered: pl.DataFrame, horizon: int) -> pl.DataFrame:
    rows = table.with_columns(horizon=pl.col("ds").rank("ordinal").over("unique_id").cast(pl.Int64)).drop("ds")
    grid = ordered.select("unique_id", horizon=pl.int_ranges(1, horizon + 1, dtype=pl.Int64)).explode("horizon")
    return grid.join(rows, on=["unique_id", "horizon"], how="left", maintain_order="left")


def _history(weekly: pl.DataFrame, ordered: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """The engine's long frame; ds is the first day of the week. Every week is one on sale, so that those before the first demand count."""
    known = {"promotion": "promoted_rate", "price": "price_rate"}
    extra = {name: column for name, column in known.items() if column in weekly.columns}
    rows = weekly.join(ordered.select("unique_id", *SERIES), on=SERIES, how="inner")
    return rows.select("unique_id", ds=_first_day(cutoff), y=told_units(), **extra).with_columns(
        is_in_stock=pl.col("y").is_not_null()
    )


def _planned(planned: pl.DataFrame | None, ordered: pl.DataFrame, cutoff: date) -> pl.DataFrame | None:
    if planned is None:
        return None
    rows = planned.join(ordered.select("unique_id", *SERIES), on=SERIES, how="inner")
    return rows.select("unique_id", ds=_first_day(cutoff), promotion="promoted_rate")


def _first_day(cutoff: date) -> pl.Expr:
    return pl.lit(cutoff - timedelta(days=6)) + pl.duration(days=7 * pl.col("week"))


def _statics(ordered: pl.DataFrame) -> pl.DataFrame:
    return ordered.select("unique_id", *(pl.col(name).cast(pl.String) for name in ATTRIBUTES))


def _on_sale(ordered: pl.DataFrame, cutoff: date, horizon: int) -> Array:
    """(series, horizon) share of each coming week on which the product is sold: from its launch, where it hasn't sold, to its last day."""
    weeks = 7 * np.arange(horizon)
    last = (ordered["discontinued_date"] - cutoff).dt.total_days().cast(pl.Float64).fill_null(np.inf).to_numpy()
    waits = pl.when(pl.col("last_demand_date").is_null()).then(pl.col("launched_date") - cutoff).dt.total_days()
    before = ordered.select(waits.cast(pl.Float64).fill_null(0.0)).to_series().to_numpy() - 1
    until, since = (np.clip((days[:, None] - weeks) / 7, 0.0, 1.0) for days in (last, before))
    return np.asarray(np.maximum(until - since, 0.0))


def _named(model: pl.Series, weight: Array) -> pl.Series:
    """What made each forecast; weight: the look-alikes' share in it."""
    alone = np.where((model == NEVER_SOLD).to_numpy() | (weight == 1), "look-alikes", (model + " and look-alikes").to_numpy())
    return pl.Series("model", np.where(weight > 0, alone, model.to_numpy()))
