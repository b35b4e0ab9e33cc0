"""Per-series models and their choice. Here: statsforecast, run on a block of series, and the backtest. Not here: seasons, distributions."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.float64]
BACKTEST_WINDOWS = 3
BACKTEST_WEEKS = 8
MIN_TRAINING_WEEKS = 13
FALLBACK = "WindowAverage"
MODELS = (FALLBACK, "ETS", "Theta", "CrostonSBA", "TSB", "IMAPA")


def _models(names: tuple[str, ...]) -> list[Any]:
    from statsforecast import models as sf

    every: list[Any] = [
        sf.WindowAverage(window_size=13, alias=FALLBACK),
        sf.AutoETS(season_length=1, model="ZNN", alias="ETS"),
        sf.Theta(season_length=1, alias="Theta"),
        sf.CrostonSBA(alias="CrostonSBA"),
        sf.TSB(alpha_d=0.1, alpha_p=0.1, alias="TSB"),
        sf.IMAPA(alias="IMAPA"),
    ]
    return [model for model in every if model.alias in names]


def forecast_all(history: list[Array], horizon: int, names: tuple[str, ...] = MODELS) -> dict[str, Array]:
    """Mean forecasts of the named models: name → (series, horizon), never negative.

    `history` holds one array per series, oldest week first. A series too short for a model gets the mean of its last 13 weeks.
    """
    from statsforecast import StatsForecast
    from statsforecast.models import HistoricAverage

    long = [i for i, y in enumerate(history) if len(y) >= MIN_TRAINING_WEEKS]
    simple = np.array([y[-13:].mean() if len(y) else 0.0 for y in history])
    means = {model.alias: np.repeat(simple[:, None], horizon, axis=1) for model in _models(names)}
    if not long:
        return means
    frame = pl.DataFrame({
        "unique_id": np.repeat(np.array(long), [len(history[i]) for i in long]),
        "ds": np.concatenate([np.arange(len(history[i])) for i in long]),
        "y": np.concatenate([history[i] for i in long]),
    })  # fmt: skip
    runner = StatsForecast(models=_models(names), freq=1, n_jobs=1, fallback_model=HistoricAverage())
    result = runner.forecast(df=frame, h=horizon).sort("unique_id", "ds")
    for name, mean in means.items():
        values = result[name].to_numpy().reshape(len(long), horizon)
        mean[long] = np.where(np.isfinite(values), np.maximum(values, 0.0), simple[long][:, None])
    return means


def backtest(history: list[Array], factors: list[Array]) -> tuple[dict[str, Array], Array]:
    """Rolling origins: name → forecasts and the actuals, both (windows × series, weeks), not-a-number where a series is too short.

    `history` is without season; `factors` are the season of each week, so that forecasts and actuals are compared as sold.
    Each window sees only the weeks before its origin.
    """
    forecasts: dict[str, list[Array]] = {}
    actuals = []
    for window in range(BACKTEST_WINDOWS):
        cut = BACKTEST_WEEKS * (window + 1)
        is_long = np.array([len(y) - cut >= MIN_TRAINING_WEEKS for y in history])
        season = np.stack([_tail(f, cut) for f in factors])
        actual = np.stack([_tail(y, cut) for y in history]) * season
        actual[~is_long] = np.nan
        actuals.append(actual)
        for name, mean in forecast_all(
            [y[: len(y) - cut] if keep else y[:0] for y, keep in zip(history, is_long, strict=True)], BACKTEST_WEEKS
        ).items():
            forecasts.setdefault(name, []).append(mean * season)
    return {name: np.concatenate(parts) for name, parts in forecasts.items()}, np.concatenate(actuals)


def _tail(values: Array, cut: int) -> Array:
    """The `BACKTEST_WEEKS` that follow an origin `cut` weeks before the end; not-a-number where there are none."""
    if len(values) < cut:
        return np.full(BACKTEST_WEEKS, np.nan)
    return values[len(values) - cut : len(values) - cut + BACKTEST_WEEKS]


def scaled_error(forecast: Array, actual: Array, scale: Array) -> float:
    """Mean over series of the absolute error of the window's total, relative to each series' own level; the bias counts half again.

    Totals, since a stock decision rests on demand over an interval, not on a single week.
    """
    valid = np.isfinite(actual).all(axis=1) & (scale > 0)
    if not valid.any():
        return float("inf")
    error = (forecast[valid].sum(axis=1) - actual[valid].sum(axis=1)) / (scale[valid] * actual.shape[1])
    return float(np.abs(error).mean() + 0.5 * abs(error.mean()))
