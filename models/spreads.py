"""How far demand over lead time and review strays from its forecast. Here: variance ÷ mean per series, learnt from forecasts of the past and from
what came. Not here: forecasts, widths learnt by playing a policy (width.py).

What a forecast says of its own width is learnt over all series of a kind; for a single one it can be several times too wide, and levels lie in the
tail. So squared errors of past totals are held against what was expected. A series' own errors are few: they are drawn towards those of series of
its volume (empirical Bayes; Morris 1983). The shape of the distribution stays the forecast's.
"""

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast.blend import plain
from models.forecast.engine import LEVELS, Selection, forecast_series

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
CLASSES = np.array([1.0, 4.0, 16.0, 64.0])  # units over the interval that part classes of volume
MOST_WEEKS = 4  # that are added up; longer intervals stray as these do, for their mean
ORIGINS = 26  # forecasts of the past, one a week
LEAST_WEEKS = 26  # of history before the first of them
OWN_WEIGHT = 4.0  # origins that a series' class counts for beside its own
LEAST_RATE, MOST_RATE = 1.0, 100.0  # Poisson's, and beyond what a forecast can be trusted for
NARROWEST, WIDEST = 0.2, 4.0


def learned_dispersions(history: pl.DataFrame, freq: str, interval: pl.DataFrame) -> pl.DataFrame:
    """unique_id, dispersion_rate (variance ÷ mean of demand over lead time and review; blank where the past is too short), from forecasts of own
    histories.

    history: unique_id, ds, y (blank where unknown) per week; interval: unique_id, days of lead time and review.
    Example: totals of 40 that were missed by 8 on average (root mean square): 1.6.
    """
    weeks, ids = history["ds"].unique().sort(), history["unique_id"].unique().sort()
    last = len(weeks) - 1 - MOST_WEEKS
    seen = []
    for at in list(range(last, LEAST_WEEKS, -2))[: ORIGINS // 2]:
        means, came, theirs = _looked_back(history, freq, weeks[at])
        days = theirs.to_frame().join(interval, on="unique_id", how="left", maintain_order="left")["days"]
        seen.append(squared_errors(means, came, whole_weeks(days.to_numpy())).with_columns(unique_id=theirs))
    if not seen:
        return pl.DataFrame({"unique_id": ids, "dispersion_rate": pl.Series([None] * len(ids), dtype=pl.Float64)})
    return ids.to_frame().join(dispersions_of(pl.concat(seen)), on="unique_id", how="left").sort("unique_id")


def whole_weeks(days: Array) -> Ints:
    """Weeks over which an interval's errors are looked at. Example: 20 days: 3; 80 days: 4."""
    return np.clip(np.rint(np.nan_to_num(days, nan=14.0) / 7), 1, MOST_WEEKS).astype(np.int64)


def squared_errors(means: Array, came: Array, weeks: Ints) -> pl.DataFrame:
    """square: squared error of the total over each series' `weeks`, not a number where unknown; expected: that total; kind: class of volume.

    means, came: (n, MOST_WEEKS or more), the latter not a number where unknown; weeks: (n,) whole, 1 to MOST_WEEKS.
    """
    last = (weeks - 1)[:, None]
    expected, actual = (np.take_along_axis(np.cumsum(values, axis=1), last, axis=1)[:, 0] for values in (means, came))
    kind = np.searchsorted(CLASSES, expected, side="right")
    return pl.DataFrame({"square": (actual - expected) ** 2, "expected": expected, "kind": kind})


def dispersions_of(errors: pl.DataFrame) -> pl.DataFrame:
    """unique_id, dispersion_rate from `squared_errors` with their unique_id, of any number of origins."""
    own = errors.drop_nans("square").filter(pl.col("expected") > 0).group_by("unique_id").agg(
        pl.col("square", "expected").sum(), origins=pl.len(), kind=pl.col("kind").median().round().cast(pl.Int64)
    )  # fmt: skip
    own = own.with_columns(rate=pl.col("square") / pl.col("expected"))
    usual = own.group_by("kind").agg(usual=pl.col("rate").mean())
    drawn = (OWN_WEIGHT * pl.col("usual") + pl.col("origins") * pl.col("rate")) / (OWN_WEIGHT + pl.col("origins"))
    return own.join(usual, on="kind").select("unique_id", dispersion_rate=drawn.clip(LEAST_RATE, MOST_RATE)).sort("unique_id")


def applied(units: NDArray[np.float32], spread: Array) -> NDArray[np.float32]:
    """Totals (n, P) whose distance from their median is multiplied by `spread` (n,), whole and not below 0. Example: 4, 10, 20 by 0.5: 7, 10, 15."""
    middle = np.median(units, axis=1, keepdims=True)
    wide = np.rint(middle + spread[:, None].astype(np.float32) * (units - middle))
    return np.where((spread == 1.0)[:, None], units, np.maximum(wide, 0.0)).astype(np.float32)


def spread_to(std: Array, drawn: Array) -> Array:
    """(n,) by what deviations are multiplied so that they come to `std`; 1 where it is unknown or nothing was drawn."""
    rate = np.divide(std, drawn, out=np.ones_like(std), where=(drawn > 0) & np.isfinite(std))
    return np.clip(rate, NARROWEST, WIDEST)


def _looked_back(history: pl.DataFrame, freq: str, origin: date) -> tuple[Array, Array, pl.Series]:
    """Means (n, weeks) as of `origin`, each series by its own history, what came (n, weeks), not a number where unknown, and the ids."""
    before = history.filter(pl.col("ds") <= origin).select("unique_id", "ds", "y")
    made = forecast_series(before, freq, MOST_WEEKS, selection=Selection(freq, MOST_WEEKS, None, plain(LEVELS, 0.0))).table
    came = made.join(history.select("unique_id", "ds", "y"), on=["unique_id", "ds"], how="left", maintain_order="left")
    actual = came["y"].cast(pl.Float64).fill_null(float("nan")).to_numpy().reshape(-1, MOST_WEEKS)
    return made["mean"].to_numpy().reshape(-1, MOST_WEEKS), actual, came["unique_id"].gather_every(MOST_WEEKS)
