"""Past forecasts scored. Here: which weeks count, groups, layers, series, entries of people. Not here: the measures (accuracy.py), what is kept.

history, everywhere here: models.past_forecasts.with_actuals, with is_backtest. Weeks that aren't over, or weren't fully seen, never count.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models import accuracy
from models.demand import SERIES, full_week_units
from models.forecast.boosting import QUANTILES
from models.past_forecasts import LAYERS, LEVELS, POINTS

Array = NDArray[np.float64]
RANGES = {"coverage_50": (2, 4), "coverage_80": (1, 5), "coverage_90": (0, 6)}  # quantiles that bound them
LEAST_WEEKS = 8  # one week ahead, before a forecast can be called biased
LEAST_SCORED = 2  # weeks of an entry, before it can be judged
NO_DIFFERENCE = 0.01  # of the error


@dataclass(frozen=True)
class Cells:
    """n series side by side: actual (n, cells), a cell for each cutoff and horizon, not a number where it doesn't count; points per layer
    (n, cells); quantiles (n, cells, levels); is_backtest (n, cells); history (n, weeks) known demand."""

    actual: Array
    points: dict[str, Array]
    quantiles: Array
    is_backtest: NDArray[np.bool_]
    history: Array

    def of(self, rows: NDArray[np.bool_], columns: NDArray[np.bool_]) -> "Cells":
        """Those of some series and some cells."""
        at = np.ix_(rows, columns)
        points = {name: values[at] for name, values in self.points.items()}
        return Cells(self.actual[at], points, self.quantiles[at], self.is_backtest[at], self.history[rows])


def scores(history: pl.DataFrame, weekly: pl.DataFrame, categories: pl.DataFrame) -> pl.DataFrame:
    """forecast_accuracy: every measure per group (total, demand_class, category), horizon (0: all) and layer.

    weekly: models.demand.weekly_history, which scales errors. categories: sku, category. The class of a series is that of its newest forecast.
    """
    counted = history.drop_nulls("actual_units")
    if counted.is_empty():
        return pl.DataFrame()
    series = (
        counted.sort("cutoff_date")
        .group_by(SERIES)
        .agg(pl.col("demand_class").last())
        .join(categories, on="sku", how="left")
        .sort(SERIES)
    )
    cells, horizons = _cells(counted, series, weekly)
    made = []
    for grouping, member, rows in _groups(series):
        for horizon in (0, *np.unique(horizons).tolist()):
            part = cells.of(rows, (horizons == horizon) | (horizon == 0))
            made += [{"grouping": grouping, "member": member, "horizon": horizon} | row for row in _layers(part)]
    return pl.DataFrame(made, infer_schema_length=None)


def _groups(series: pl.DataFrame) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    yield "total", "all", np.ones(series.height, dtype=bool)
    for grouping in ("demand_class", "category"):
        column = series[grouping].fill_null("none")
        yield from ((grouping, member, (column == member).to_numpy()) for member in column.unique().sort())


def _cells(counted: pl.DataFrame, series: pl.DataFrame, weekly: pl.DataFrame) -> tuple[Cells, NDArray[np.int64]]:
    """All cells, and the horizon of each."""
    columns = counted.select("cutoff_date", "horizon").unique().sort("cutoff_date", "horizon")
    at = counted.join(series.select(*SERIES).with_row_index("_i"), on=SERIES).join(
        columns.with_row_index("_c"), on=["cutoff_date", "horizon"]
    )
    place, shape = (at["_i"].to_numpy(), at["_c"].to_numpy()), (series.height, columns.height)
    grids = {name: _grid(at[name], place, shape) for name in ("actual_units", *POINTS, *LEVELS)}
    is_backtest = np.zeros(shape, dtype=bool)
    is_backtest[place] = at["is_backtest"].to_numpy()
    points = {layer: grids[name] for layer, name in zip(LAYERS, POINTS, strict=True)}
    quantiles = np.stack([grids[name] for name in LEVELS], axis=2)
    return Cells(grids["actual_units"], points, quantiles, is_backtest, _known(weekly, series)), columns["horizon"].to_numpy()


def _known(weekly: pl.DataFrame, series: pl.DataFrame) -> Array:
    """(n, weeks) known demand of the series, not a number where unknown."""
    rows = weekly.with_columns(units=full_week_units()).join(series.select(*SERIES).with_row_index("_i"), on=SERIES)
    oldest = rows.select(pl.col("week").min().fill_null(0)).item()
    return _grid(rows["units"], (rows["_i"].to_numpy(), (rows["week"] - oldest).to_numpy()), (series.height, 1 - oldest))


def _grid(values: pl.Series, place: tuple[NDArray[np.int64], NDArray[np.int64]], shape: tuple[int, int]) -> Array:
    grid = np.full(shape, np.nan)
    grid[place] = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return grid


def _layers(cells: Cells) -> Iterator[dict[str, object]]:
    """A row per layer; quantiles are those of the last."""
    counts = {
        "series": int(np.isfinite(cells.actual).any(axis=1).sum()), "weeks": int(np.isfinite(cells.actual).sum()),
        "backtest_weeks": int((cells.is_backtest & np.isfinite(cells.actual)).sum()), "actual_units": float(np.nansum(cells.actual)),
    }  # fmt: skip
    if not counts["weeks"]:
        return
    errors = {layer: accuracy.wape(point, cells.actual) for layer, point in cells.points.items()}
    before = LAYERS[0]
    for layer, point in cells.points.items():
        figures = {
            "wape": errors[layer], "bias": accuracy.bias(point, cells.actual), "rmsse": _over_series(accuracy.rmsse(point, cells.actual, cells.history)),
            "value_added_to_naive": accuracy.forecast_value_added(errors[layer], errors[LAYERS[0]]),
            "value_added": accuracy.forecast_value_added(errors[layer], errors[before]),
        }  # fmt: skip
        yield (
            {"layer": layer}
            | counts
            | {name: _known_or_none(value) for name, value in (figures | _of_quantiles(cells, layer)).items()}
        )
        before = layer


def _of_quantiles(cells: Cells, layer: str) -> dict[str, float]:
    names = ("scaled_pinball", *RANGES)
    if layer != LAYERS[-1]:
        return dict.fromkeys(names, float("nan"))
    pinball = _over_series(accuracy.scaled_pinball(cells.quantiles, cells.actual, np.array(QUANTILES), cells.history))
    ranges = [accuracy.coverage(cells.quantiles[:, :, a], cells.quantiles[:, :, b], cells.actual) for a, b in RANGES.values()]
    return dict(zip(names, (pinball, *ranges), strict=True))


def _over_series(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _known_or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def of_series(history: pl.DataFrame) -> pl.DataFrame:
    """series_accuracy: each series' forecasts one week ahead, and whether their errors lean to one side beyond what chance would do."""
    counted = history.filter(pl.col("horizon") == 1).drop_nulls("actual_units").sort(*SERIES, "cutoff_date")
    series = counted.select(SERIES).unique().sort(SERIES)
    if series.is_empty():
        return pl.DataFrame()
    columns = counted.select("cutoff_date").unique().sort("cutoff_date").with_row_index("_c")
    at = counted.join(series.with_row_index("_i"), on=SERIES).join(columns, on="cutoff_date")
    place, shape = (at["_i"].to_numpy(), at["_c"].to_numpy()), (series.height, columns.height)
    actual, mean, naive = (_grid(at[name], place, shape) for name in ("actual_units", "mean_units", "naive_units"))
    weeks = np.isfinite(actual).sum(axis=1)
    error, naive_error, wanted = (np.nansum(np.abs(a), axis=1) for a in (mean - actual, naive - actual, actual))
    signal, bound = accuracy.tracking_signal(mean, actual), accuracy.tracking_bound(weeks)
    return series.with_columns(
        weeks=pl.Series(weeks), wape=_ratio(error, wanted), error_units=pl.Series(error / weeks),
        bias_units=pl.Series(np.nansum(mean - actual, axis=1) / weeks), value_added_to_naive=_ratio(naive_error - error, naive_error),
        tracking_signal=pl.Series(signal), tracking_bound=pl.Series(bound),
        is_biased=pl.Series((weeks >= LEAST_WEEKS) & (np.abs(signal) > bound) & _beyond_counting(mean, actual)),
    )  # fmt: skip


def _beyond_counting(forecast: Array, actual: Array) -> NDArray[np.bool_]:
    """(series,) whether the sum of errors is more than counts of such a mean would make of themselves (Poisson's variance is its mean).

    Example: a product forecast at 0.1 a week that sold nothing in 13 weeks errs by 1.3, which is less than 2.576·√1.3 = 2.9: no.
    """
    known = np.isfinite(actual)
    return np.abs(np.nansum(forecast - actual, axis=1)) > accuracy.ONE_IN_A_HUNDRED * np.sqrt(
        np.where(known, forecast, 0.0).sum(axis=1)
    )


def _ratio(part: Array, whole: Array) -> pl.Series:
    return pl.Series(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)).fill_nan(None)


def of_entries(history: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """knowledge_scores: per entry the error that the weeks it changed would have had, and had.

    entries: entry_id, sku, kind, author. A week that several entries changed counts for each. Forecast 10, said 16, wanted 15: error 5 became 1,
    value added 4 units, or 0.8. One that took no error away after two weeks or more has not paid.
    """
    changed = (
        history.drop_nulls(["actual_units", "entry_ids"])
        .with_columns(entry_id=pl.col("entry_ids").str.split(" "))
        .explode("entry_id")
    )
    before, after = ((pl.col(name) - pl.col("actual_units")).abs() for name in ("statistical_units", "mean_units"))
    sums = changed.group_by("entry_id").agg(weeks=pl.len(), statistical_error_units=before.sum(), error_units=after.sum())
    rows = (
        entries.select("entry_id", "sku", "kind", "author")
        .join(sums, on="entry_id", how="left")
        .with_columns(pl.col("weeks").fill_null(0))
    )
    added = pl.col("statistical_error_units") - pl.col("error_units")
    share = pl.when(pl.col("statistical_error_units") > 0).then(added / pl.col("statistical_error_units"))
    small = added.abs() <= NO_DIFFERENCE * pl.max_horizontal("statistical_error_units", "error_units")
    verdict = (
        pl.when(pl.col("weeks") < LEAST_SCORED).then(pl.lit("too early")).when(small).then(pl.lit("no difference"))
        .when(added > 0).then(pl.lit("paid")).otherwise(pl.lit("has not paid"))
    )  # fmt: skip
    return rows.with_columns(value_added_units=added, value_added=share, verdict=verdict)
