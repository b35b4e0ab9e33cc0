"""From weekly history to means and quantiles for every series. Here: the order of the steps. Not here: any one step's mathematics."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.demand import SERIES, full_week_units
from models.forecast import distribution, statistical
from models.forecast.season import WEEKS_A_YEAR, seasonal_factors

Array = NDArray[np.float64]
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)
BLOCK = 500
SAMPLE = 600


_IDENTITY = {"sku": pl.String, "location_id": pl.String, "cutoff_date": pl.Date}
_MEANS = {
    **_IDENTITY, "model": pl.String, "backtest_wape": pl.Float64, "level_cv": pl.Float64, "dispersion": pl.Float64,
    "horizon": pl.Int64, "mean_units": pl.Float64,
}  # fmt: skip
_QUANTILES = {**_IDENTITY, "horizon": pl.Int64, "quantile": pl.Float64, "forecast_units": pl.Float64}


@dataclass(frozen=True)
class Forecast:
    """means: one row per series and week with model, errors and spread; quantiles: one row per series, week and quantile."""

    means: pl.DataFrame
    quantiles: pl.DataFrame


def forecast(
    weekly: pl.DataFrame, facts: pl.DataFrame, products: pl.DataFrame, cutoff: date, horizon: int, seed: int = 0
) -> Forecast:
    """Forecasts the `horizon` weeks after `cutoff` for every series of `facts`.

    weekly: models.demand.weekly_history; facts: models.demand.series_facts; products: sku, category, discontinued_date.
    Weeks seen on under three days are unknown and filled from their neighbours; weeks seen in part are scaled up.
    """
    series = facts.join(products.select("sku", "category", "discontinued_date").unique("sku"), on="sku", how="left").sort(*SERIES)
    if series.is_empty():
        return Forecast(pl.DataFrame(schema=_MEANS), pl.DataFrame(schema=_QUANTILES))
    observed = _filled(weekly.join(series.select(*SERIES, "category"), on=SERIES).sort(*SERIES, "week"))
    season = _seasons(observed)
    history, factors = _without_season(observed, season)
    classes = series["demand_class"].to_list()
    chosen = _choose(history, factors, classes)
    season_ahead = np.stack([season[c][np.arange(1, horizon + 1) % WEEKS_A_YEAR] for c in series["category"].fill_null("")])
    mean = _without_season_ahead(history, classes, chosen, horizon) * season_ahead
    mean = mean * _on_sale(series["discontinued_date"].to_list(), cutoff, horizon)
    alpha = distribution.dispersion(history)
    cv = np.array([chosen[c].level_cv for c in classes])
    return Forecast(
        _means_frame(series, mean, alpha, cv, chosen, cutoff), _quantiles_frame(series, mean, alpha, cv, cutoff, seed)
    )


@dataclass(frozen=True)
class _Choice:
    model: str
    level_cv: float
    wape: float | None


def _filled(observed: pl.DataFrame) -> pl.DataFrame:
    """Adds full_units, unknown where too little was seen, and filled_units, so that a stock-out doesn't pass for a season."""
    rows = observed.with_columns(full_units=full_week_units())
    parts = [fill_unknown(weeks["full_units"].to_numpy()) for _, weeks in rows.group_by(*SERIES, maintain_order=True)]
    return rows.with_columns(filled_units=np.concatenate(parts))


def _seasons(observed: pl.DataFrame) -> dict[str, Array]:
    """Seasonal factors per category from its weekly totals; position 0 is the week that ends on the cutoff."""
    totals = (
        observed.group_by(pl.col("category").fill_null(""), "week")
        .agg(pl.col("filled_units").sum().round(6))
        .sort("category", "week")
    )
    seasons = {}
    for (category,), weeks in totals.group_by("category", maintain_order=True):
        span = pl.DataFrame({"week": np.arange(weeks["week"].to_numpy().min(), 1)})
        filled = span.join(weeks, on="week", how="left", maintain_order="left")["filled_units"].fill_null(0)
        seasons[str(category)] = seasonal_factors(filled.to_numpy())
    return seasons


def _without_season(observed: pl.DataFrame, season: dict[str, Array]) -> tuple[list[Array], list[Array]]:
    """Per series: weekly demand divided by its season, unknown weeks filled, and the season of each week."""
    history, factors = [], []
    for (_, _), weeks in observed.group_by(*SERIES, maintain_order=True):
        factor = season[weeks["category"][0] or ""][weeks["week"].to_numpy() % WEEKS_A_YEAR]
        history.append(fill_unknown(weeks["full_units"].to_numpy() / factor))
        factors.append(factor)
    return history, factors


def fill_unknown(values: Array, neighbours: int = 8) -> Array:
    """Replaces each not-a-number with the mean of the nearest known weeks (eight, fewer where there are fewer; 0 if none).

    Example: 4, nan, 6 becomes 4, 5, 6.
    """
    known = np.flatnonzero(np.isfinite(values))
    filled = values.copy()
    for gap in np.flatnonzero(~np.isfinite(values)):
        nearest = known[np.argsort(np.abs(known - gap), kind="stable")[:neighbours]]
        filled[gap] = values[nearest].mean() if len(nearest) else 0.0
    return filled


def _choose(history: list[Array], factors: list[Array], classes: list[str]) -> dict[str, _Choice]:
    """The model of each demand class with the least backtest error; a new product takes its plain recent mean.

    A large class is judged by `SAMPLE` of its series, evenly spread over the sorted ones.
    """
    alpha = distribution.dispersion(history)
    chosen = {"new": _Choice(statistical.FALLBACK, distribution.NEW_LEVEL_CV, None)}
    for demand_class in sorted(set(classes) - {"new"}):
        members = [i for i, c in enumerate(classes) if c == demand_class]
        sample = members[:: -(-len(members) // SAMPLE)]
        forecasts, actual = statistical.backtest([history[i] for i in sample], [factors[i] for i in sample])
        scale = np.tile([history[i].mean() if len(history[i]) else 0.0 for i in sample], statistical.BACKTEST_WINDOWS)
        errors = {name: statistical.scaled_error(f, actual, scale) for name, f in forecasts.items()}
        best = min(errors, key=lambda name: (errors[name], name != statistical.FALLBACK))
        cv = distribution.level_cv(forecasts[best], actual, np.tile(alpha[sample], statistical.BACKTEST_WINDOWS))
        chosen[demand_class] = _Choice(best, cv, _wape(forecasts[best], actual))
    return chosen


def _wape(forecast: Array, actual: Array) -> float | None:
    known = np.isfinite(actual).all(axis=1)
    sold = actual[known].sum()
    return float(np.abs(forecast[known] - actual[known]).sum() / sold) if sold > 0 else None


def _without_season_ahead(history: list[Array], classes: list[str], chosen: dict[str, _Choice], horizon: int) -> Array:
    """Mean forecasts (series, horizon) of each series' chosen model."""
    mean = np.zeros((len(history), horizon))
    for demand_class in sorted(set(classes)):
        members = [i for i, c in enumerate(classes) if c == demand_class]
        model = chosen[demand_class].model
        mean[members] = statistical.forecast_all([history[i] for i in members], horizon, (model,))[model]
    return mean


def _on_sale(discontinued: list[date | None], cutoff: date, horizon: int) -> Array:
    """Share of each coming week on which the product is still sold."""
    share = np.ones((len(discontinued), horizon))
    for i, last in enumerate(discontinued):
        if last is not None:
            share[i] = np.clip(((last - cutoff).days - 7 * np.arange(horizon)) / 7, 0.0, 1.0)
    return share


def _means_frame(
    series: pl.DataFrame, mean: Array, alpha: Array, cv: Array, chosen: dict[str, _Choice], cutoff: date
) -> pl.DataFrame:
    weeks = mean.shape[1]
    described = series.select(
        *SERIES,
        cutoff_date=pl.lit(cutoff),
        model=pl.col("demand_class").replace_strict({c: choice.model for c, choice in chosen.items()}, return_dtype=pl.String),
        backtest_wape=pl.col("demand_class").replace_strict(
            {c: choice.wape for c, choice in chosen.items()}, return_dtype=pl.Float64
        ),
    ).with_columns(level_cv=cv, dispersion=alpha)
    grid = described.with_columns(horizon=pl.int_ranges(1, weeks + 1, dtype=pl.Int64)).explode("horizon")
    return grid.with_columns(mean_units=mean.reshape(-1))


def _quantiles_frame(series: pl.DataFrame, mean: Array, alpha: Array, cv: Array, cutoff: date, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    levels = np.array(QUANTILES)
    blocks = [
        distribution.weekly_quantiles(mean[i : i + BLOCK], alpha[i : i + BLOCK], cv[i : i + BLOCK], levels, rng)
        for i in range(0, len(mean), BLOCK)
    ]
    grid = series.select(*SERIES, cutoff_date=pl.lit(cutoff)).with_columns(
        horizon=pl.int_ranges(1, mean.shape[1] + 1, dtype=pl.Int64)
    )
    grid = grid.explode("horizon").with_columns(quantile=pl.lit(list(QUANTILES))).explode("quantile")
    return grid.with_columns(forecast_units=np.concatenate(blocks).reshape(-1))
