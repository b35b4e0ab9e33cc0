"""How wide demand over several weeks has to be drawn. Here: a spread per series, learnt from forecasts of the past and from what came. Not here:
forecasts, widths learnt by playing a policy (width.py).

A forecast that covers each week as it says can be too wide or too narrow over several. So each series is forecast from its own history as of some
weeks of the past, totals over some weeks are drawn, and squared errors are held against the variance drawn. A series' own errors are few: they
are drawn towards those of series of its volume (empirical Bayes; Morris 1983).
"""

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast.blend import plain
from models.forecast.engine import LEVELS, Selection, forecast_series
from models.forecast.paths import whole_paths

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
CLASSES = np.array([1.0, 4.0, 16.0, 64.0])  # units over the interval that part classes of volume
MOST_WEEKS = 8  # that are added up; longer intervals are as wide as these, for their length
ORIGINS, APART = 12, 2  # forecasts of the past, and weeks between them
LEAST_WEEKS = 26  # of history before the first of them
FUTURES = 200
OWN_WEIGHT = 4.0  # origins that a series' class counts for beside its own
NARROWEST, WIDEST = 0.25, 2.0


def learned_spreads(history: pl.DataFrame, freq: str, together: float, interval: pl.DataFrame, seed: int = 0) -> pl.DataFrame:
    """unique_id, spread_rate: by what deviations from the median of demand over lead time and review are to be multiplied; 1 where the past is too
    short.

    history: unique_id, ds, y (blank where unknown) per week; together: correlation of weeks; interval: unique_id, days of lead time and review.
    Example: forecasts of every series of a class erred half as far as they said: about 0.5.
    """
    weeks, ids = history["ds"].unique().sort(), history["unique_id"].unique().sort()
    last = len(weeks) - 1 - MOST_WEEKS
    rng = np.random.default_rng(seed)
    seen = []
    for at in list(range(last, LEAST_WEEKS, -APART))[:ORIGINS]:
        quantiles, came, theirs = _looked_back(history, freq, weeks[at])
        days = theirs.to_frame().join(interval, on="unique_id", how="left", maintain_order="left")["days"]
        seen.append(squared_errors(quantiles, came, together, whole_weeks(days.to_numpy()), rng).with_columns(unique_id=theirs))
    if not seen:
        return pl.DataFrame({"unique_id": ids, "spread_rate": 1.0})
    found = ids.to_frame().join(spreads_of(pl.concat(seen)), on="unique_id", how="left").sort("unique_id")
    return found.with_columns(pl.col("spread_rate").fill_null(1.0))


def whole_weeks(days: Array) -> Ints:
    """Weeks over which an interval's errors are looked at. Example: 20 days: 3; 80 days: 8."""
    return np.clip(np.rint(np.nan_to_num(days, nan=14.0) / 7), 1, MOST_WEEKS).astype(np.int64)


def spreads_of(errors: pl.DataFrame) -> pl.DataFrame:
    """unique_id, spread_rate from `squared_errors` with their unique_id, of any number of origins."""
    own = errors.drop_nans("square").group_by("unique_id").agg(
        pl.col("square", "variance").sum(), origins=pl.len(), kind=pl.col("kind").median().round().cast(pl.Int64)
    )  # fmt: skip
    usual = own.group_by("kind").agg(usual=pl.col("square").sum() / pl.col("variance").sum())
    drawn = (OWN_WEIGHT * pl.col("usual") + pl.col("origins") * pl.col("square") / pl.col("variance")) / (
        OWN_WEIGHT + pl.col("origins")
    )
    return own.join(usual, on="kind").select("unique_id", spread_rate=drawn.sqrt().clip(NARROWEST, WIDEST)).sort("unique_id")


def applied(units: NDArray[np.float32], spread: Array) -> NDArray[np.float32]:
    """Totals (n, P) whose distance from their median is multiplied by `spread` (n,), whole and not below 0. Example: 4, 10, 20 by 0.5: 7, 10, 15."""
    middle = np.median(units, axis=1, keepdims=True)
    wide = np.rint(middle + spread[:, None].astype(np.float32) * (units - middle))
    return np.where((spread == 1.0)[:, None], units, np.maximum(wide, 0.0)).astype(np.float32)


def squared_errors(quantiles: Array, came: Array, together: float, weeks: Ints, rng: np.random.Generator) -> pl.DataFrame:
    """square: squared error of the total over each series' `weeks`, not a number where unknown; variance: what was drawn; kind: class of volume and length.

    quantiles: (n, MOST_WEEKS or more, levels); came: (n, MOST_WEEKS), not a number where unknown; weeks: (n,) whole, 1 to MOST_WEEKS.
    """
    paths = whole_paths(quantiles, LEVELS, together, FUTURES, MOST_WEEKS, np.ones(len(came), dtype=np.bool_), rng)
    last = (weeks - 1)[:, None]
    total = np.take_along_axis(np.cumsum(paths, axis=2), last[:, :, None], axis=2)[:, :, 0]
    actual = np.take_along_axis(np.cumsum(came, axis=1), last, axis=1)[:, 0]
    mean = total.mean(axis=1)
    variance = np.maximum(total.var(axis=1), np.maximum(mean, 1 / FUTURES))  # at least Poisson's
    kind = np.searchsorted(CLASSES, mean, side="right") * (MOST_WEEKS + 1) + weeks
    return pl.DataFrame({"square": (actual - mean) ** 2, "variance": variance, "kind": kind})


def _looked_back(history: pl.DataFrame, freq: str, origin: date) -> tuple[Array, Array, pl.Series]:
    """Quantiles (n, weeks, levels) as of `origin`, each series by its own history, what came (n, weeks), not a number where unknown, and the ids."""
    horizon = MOST_WEEKS
    before = history.filter(pl.col("ds") <= origin).select("unique_id", "ds", "y")
    made = forecast_series(before, freq, horizon, selection=Selection(freq, horizon, None, plain(LEVELS, 0.0))).table
    came = made.join(history.select("unique_id", "ds", "y"), on=["unique_id", "ds"], how="left", maintain_order="left")
    quantiles = came.select(pl.col("^q0.*$")).to_numpy().reshape(-1, horizon, len(LEVELS))
    actual = came["y"].cast(pl.Float64).fill_null(float("nan")).to_numpy().reshape(-1, horizon)
    return quantiles, actual, came["unique_id"].gather_every(horizon)
