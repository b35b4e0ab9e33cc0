"""One boosted model that learns from every series. Here: which rows it sees, its mean and quantiles. Not here: features, blending.

Targets are demand ÷ scale, one row per (series, origin, step), so that steps are forecast directly. Means by the Tweedie
deviance, which has the mean as its optimum and bears heavy tails, and by Huber's loss, which large errors pull less; their average
is taken. Rows are weighted so that an error counts as it does in RMSSE.
Quantiles by pinball loss, one model per level; large series count somewhat more in it, since more is bought for them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.accuracy import naive_scale
from models.forecast.features import Features

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = tuple[Ints, Ints, Ints]
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)
MAX_ROWS = 200_000
FEW_ROWS = 20_000  # that a second thread would wait for more than it helps
MIN_ROWS = 500  # fewer teach nothing that the series themselves don't say
HIGHEST_RATIO = 10.0  # of demand to scale that a mean learns from: single bulk orders can't be foreseen
HIGHEST_WEIGHT = 5.0  # of a row: steady series don't rule
SIZE_POWER = 0.25  # of the scale, by which a quantile's row is weighted: 16 times the demand counts double
ROUNDS = 150
COMMON = {
    "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 100, "feature_fraction": 0.6, "bagging_fraction": 0.7, "bagging_freq": 1,
    "lambda_l2": 1.0, "verbosity": -1, "deterministic": True, "force_row_wise": True,
}  # fmt: skip
MEANS = ({"objective": "tweedie", "tweedie_variance_power": 1.3}, {"objective": "huber", "alpha": 1.5})
MODELS = len(MEANS) + len(QUANTILES)


@dataclass(frozen=True)
class Boosted:
    """Trained models as LightGBM's own text: those of the mean and one per quantile level."""

    means: tuple[str, ...]
    quantiles: tuple[str, ...]

    def predict(self, features: Features, rows: Rows) -> tuple[Array, Array]:
        """Mean (rows,) and quantiles (rows, levels) of demand, not below 0 and in order."""
        scale = features.scale(*rows)
        table, _ = features.rows(*rows)
        quantiles = np.sort(np.stack(_said(self.quantiles, table), axis=1), axis=1)
        return self.mean(table, scale), quantiles * scale[:, None]

    def mean(self, table: NDArray[np.float32], scale: Array) -> Array:
        """Mean (rows,) of rows of features (Features.rows) and their scale."""
        return np.asarray(np.mean(_said(self.means, table), axis=0) * scale)


def _said(models: tuple[str, ...], table: NDArray[np.float32]) -> list[Array]:
    """What each model says of rows of features, not below 0."""
    import lightgbm

    return [np.maximum(lightgbm.Booster(model_str=text).predict(table), 0.0) for text in models]


def fit(features: Features, rows: Rows, seed: int, report: Callable[[], None]) -> Boosted:
    """Trains on rows whose target is known; `report` is called after each of the models."""
    import lightgbm

    table, names = features.rows(*rows)
    i, t, h = rows
    scale = features.scale(i, t, h)
    target = features.panel.y[i, t + h] / scale
    data: dict[str, Any] = {"feature_name": names, "categorical_feature": features.categories, "params": {"verbosity": -1}}
    weight = np.nan_to_num(scale**2 / naive_scale(features.panel.y, 2)[i], nan=1.0)  # of what never changed there is no scale
    capped = lightgbm.Dataset(table, np.minimum(target, HIGHEST_RATIO), weight=np.minimum(weight, HIGHEST_WEIGHT), **data)
    size = scale**SIZE_POWER
    whole = lightgbm.Dataset(table, target, weight=np.minimum(size / size.mean(), HIGHEST_WEIGHT), **data)
    common = COMMON | {"seed": seed, "num_threads": 1 if len(i) < FEW_ROWS else 2}
    made = []
    for settings, known in [
        *((mean, capped) for mean in MEANS),
        *(({"objective": "quantile", "alpha": q}, whole) for q in QUANTILES),
    ]:
        made.append(lightgbm.train(common | settings, known, ROUNDS).model_to_string())
        report()
    return Boosted(tuple(made[: len(MEANS)]), tuple(made[len(MEANS) :]))


def training_rows(features: Features, horizon: int, back: int, rng: np.random.Generator) -> Rows:
    """(series, origin, step) of up to MAX_ROWS random targets that are known `back` periods before each series' end."""
    panel = features.panel
    length = np.maximum(panel.last - back - panel.first, 0)
    if not length.any():
        return _none()
    if int(length.sum()) * horizon <= 2 * MAX_ROWS:
        i, t, h = every_row(panel.first, length, horizon)
    else:
        i = rng.choice(len(length), size=2 * MAX_ROWS, p=length / length.sum())
        t, h = panel.first[i] + rng.integers(0, length[i]), rng.integers(1, horizon + 1, size=len(i))
    return known_rows(features, (i, t, h), back, rng)


def known_rows(features: Features, rows: Rows, back: int, rng: np.random.Generator) -> Rows:
    """Those of the rows whose target is known `back` periods before the series' end, MAX_ROWS of them at most."""
    panel = features.panel
    i, t, h = rows
    target = np.minimum(t + h, panel.y.shape[1] - 1)
    good = np.flatnonzero((t + h <= panel.last[i] - back) & np.isfinite(panel.y[i, target]) & (features.past.level[i, t] > 0))
    if len(good) > MAX_ROWS:
        good = rng.choice(good, size=MAX_ROWS, replace=False)
    return i[good], t[good], h[good]


def every_row(start: Ints, length: Ints, horizon: int) -> Rows:
    """Every (series, origin, step) of `length` origins from `start` on."""
    i = np.repeat(np.arange(len(length)), length)
    t = start[i] + np.arange(len(i)) - np.repeat(np.cumsum(length) - length, length)
    return np.repeat(i, horizon), np.repeat(t, horizon), np.tile(np.arange(1, horizon + 1), len(i))


def _none() -> Rows:
    return (np.zeros(0, dtype=np.int64),) * 3
