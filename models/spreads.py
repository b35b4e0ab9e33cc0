"""How far demand over lead time and review strays from its forecast. Here: variance ÷ mean per series, learnt from forecasts of the past and from
what came. Not here: forecasts, widths learnt by playing the levels (width.py).

What a forecast says of its own width is learnt over all series of a kind; for a single one it can be several times too wide, and levels lie in the
tail. So squared errors of past weeks, forecast one week ahead, are held against what was expected: each week errs for itself, while totals of
several weeks share theirs, so that there are fewer of them. A series' errors are drawn towards those of series of its volume, the more the less
these differ (empirical Bayes; Morris 1983). The shape of the distribution stays the forecast's.
"""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.forecast.blend import plain
from models.forecast.engine import LEVELS, Selection, forecast_series

Array = NDArray[np.float64]
CLASSES = [0.5, 2.0, 8.0, 32.0]  # units a week that part classes of volume
ORIGINS = 52  # forecasts of the past, one a week
LEAST_WEEKS = 13  # of history before the first of them
ALIKE = 1e-3  # variance between series, of that within, below which they do not differ
LEAST_RATE, MOST_RATE = 1.0, 100.0  # Poisson's, and beyond what a forecast can be trusted for
NARROWEST, WIDEST = 0.2, 4.0


def learned_dispersions(history: pl.DataFrame, freq: str) -> pl.DataFrame:
    """unique_id, dispersion_rate (variance ÷ mean of demand; blank where the past is too short), from forecasts of own histories.

    history: unique_id, ds, y (blank where unknown) per week; weeks before a series' first demand tell nothing, as a forecast of next
    to nothing strays beyond all measure when it first sells. Example: weeks of 40 that were missed by 8 on average (root mean square): 1.6.
    """
    ids = history["unique_id"].unique().sort()
    errors = looked_back(history, freq)
    if errors.is_empty():
        return pl.DataFrame({"unique_id": ids, "dispersion_rate": pl.Series([None] * len(ids), dtype=pl.Float64)})
    return ids.to_frame().join(dispersions_of(errors), on="unique_id", how="left").sort("unique_id")


def looked_back(history: pl.DataFrame, freq: str) -> pl.DataFrame:
    """`squared_errors` of forecasts that own histories would have made in each week of the last year; none where the past is too short."""
    weeks = history["ds"].unique().sort()
    origins = [weeks[at] for at in range(len(weeks) - 2, LEAST_WEEKS, -1)][:ORIGINS]
    nothing = squared_errors(history["unique_id"].clear(), np.empty(0), np.empty(0))
    return pl.concat([nothing, *(_looked_back(history, freq, origin) for origin in origins)])


def squared_errors(ids: pl.Series, means: Array, came: Array) -> pl.DataFrame:
    """unique_id; square: squared error of each series' week, not a number where unknown; expected: its mean. means, came: (n,)."""
    return pl.DataFrame({"unique_id": ids, "square": (came - means) ** 2, "expected": means})


def dispersions_of(errors: pl.DataFrame) -> pl.DataFrame:
    """unique_id, dispersion_rate from `squared_errors` of any number of origins.

    A class counts beside m errors of its own as many as the variance of a single one is of that between its series (Bühlmann's credibility).
    """
    square, expected = pl.col("square"), pl.col("expected")
    own = errors.drop_nans("square").filter(expected > 0).group_by("unique_id", maintain_order=True).agg(
        origins=pl.len(), rate=square.sum() / expected.sum(), noise=(square / expected.mean()).var(),
        kind=pl.lit(pl.Series(CLASSES)).search_sorted(expected.mean(), side="right"),
    )  # fmt: skip
    between = pl.col("rate").var() - (pl.col("noise") / pl.col("origins")).mean()
    noise = pl.col("noise").mean()
    usual = (
        own.sort("unique_id")
        .group_by("kind", maintain_order=True)
        .agg(usual=pl.col("rate").mean(), weight=noise / pl.max_horizontal(between, ALIKE * noise))
    )
    few = own.join(usual, on="kind").with_columns(pl.col("weight").fill_nan(None).fill_null(1 / ALIKE))
    drawn = (pl.col("weight") * pl.col("usual") + pl.col("origins") * pl.col("rate")) / (pl.col("weight") + pl.col("origins"))
    return few.select("unique_id", dispersion_rate=drawn.clip(LEAST_RATE, MOST_RATE)).sort("unique_id")


def widened(values: NDArray[Any], rate: Array) -> NDArray[Any]:
    """Futures (n, P, …) whose distance from their median is multiplied by `rate` (n,), not below 0. Example: 4, 10, 20 by 0.5: 7, 10, 15."""
    middle = np.median(values, axis=1, keepdims=True)
    by = rate.astype(values.dtype).reshape(-1, *[1] * (values.ndim - 1))
    return np.where(by == 1, values, np.maximum(middle + by * (values - middle), 0))


def spread_to(std: Array, drawn: Array, otherwise: Array) -> Array:
    """(n,) by what deviations are multiplied so that they come to `std`; `otherwise` where it is unknown or nothing was drawn."""
    rate = np.divide(std, drawn, out=otherwise.copy(), where=(drawn > 0) & np.isfinite(std))
    return np.clip(rate, NARROWEST, WIDEST)


def _looked_back(history: pl.DataFrame, freq: str, origin: date) -> pl.DataFrame:
    """Squared errors of the week after `origin`, each series forecast from its own history until then."""
    before = history.filter(pl.col("ds") <= origin).select("unique_id", "ds", "y")
    made = forecast_series(before, freq, 1, selection=Selection(freq, 1, None, plain(LEVELS, 0.0))).table
    came = made.join(history.select("unique_id", "ds", "y"), on=["unique_id", "ds"], how="left", maintain_order="left")
    return squared_errors(
        came["unique_id"], came["mean"].to_numpy(), came["y"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    )
