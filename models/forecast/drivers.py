"""What each series' forecast is made of, in units a week, and which model weighed most. Here: engine's parts, look-alikes, days on sale.

Not here: the parts themselves (explain.py), what people change (models/knowledge.py), what changed since the last run (models/changes.py).
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.demand import SERIES
from models.forecast.explain import PARTS

Array = NDArray[np.float64]
DRIVERS = (*(f"{part}_units" for part in PARTS), "look_alikes_units", "life_units")
MODELS = ("own history", "all series", "look-alikes")
COLUMNS = {
    **dict.fromkeys(SERIES, pl.String), **dict.fromkeys(DRIVERS, pl.Float64), "winner": pl.String, "winner_share": pl.Float64,
    "winner_units": pl.Float64, "runner_up": pl.String, "runner_up_share": pl.Float64, "runner_up_units": pl.Float64,
}  # fmt: skip


def drivers(series: pl.DataFrame, table: pl.DataFrame, drawn: Array, weight: Array, on_sale: Array) -> pl.DataFrame:
    """One row per series, COLUMNS: drivers that sum to the mean forecast of a week, over all weeks ahead, and the two models that weigh most.

    series: (n); table: (n × weeks) in that order, with mean, PARTS, own, boosted and share as the engine made them (blank without history);
    drawn: (n, weeks) means drawn to look-alikes, `weight` (n,) far; on_sale: (n, weeks) share of each week. look_alikes is what that drawing
    changed, life what launch and end did. Shares say how much of the mean each model's alone makes; *_units what it would be alone.
    """
    n = series.height
    made = table.select("mean", *PARTS).fill_null(0.0).to_numpy().reshape(n, -1, 1 + len(PARTS))
    mean, parts = made[:, :, 0], made[:, :, 1:]
    sums = np.stack([*np.moveaxis(parts, 2, 0), drawn - mean, drawn * (on_sale - 1)], axis=2).mean(axis=1)
    sums[:, PARTS.index("correction")] += (mean - parts.sum(axis=2)).mean(axis=1)  # where a model failed on the way
    frame = series.select(*SERIES).with_columns(pl.Series(name, sums[:, k]) for k, name in enumerate(DRIVERS))
    return frame.with_columns(_ranked(table, drawn, mean, weight))


def _ranked(table: pl.DataFrame, drawn: Array, mean: Array, weight: Array) -> list[pl.Series]:
    n = len(weight)
    own, boosted, share = (
        table[name].cast(pl.Float64).to_numpy().reshape(n, -1).mean(axis=1) for name in ("own", "boosted", "share")
    )
    share = np.nan_to_num(share)
    pulled = np.divide(
        drawn - (1 - weight[:, None]) * mean, weight[:, None], out=np.full(drawn.shape, np.nan), where=weight[:, None] > 0
    )
    alone = np.stack([own, boosted, pulled.mean(axis=1)], axis=1)
    shares = np.stack([(1 - share) * (1 - weight), share * (1 - weight), weight], axis=1)
    shares = np.where(np.isfinite(alone), shares, -1.0)
    order = np.argsort(-shares, axis=1, kind="stable")[:, :2]
    names = np.array(MODELS)
    made = []
    for place, who in enumerate(("winner", "runner_up")):
        at = order[:, [place]]
        units, part = (np.take_along_axis(a, at, axis=1)[:, 0] for a in (alone, shares))
        is_there = part >= 0
        made += [
            pl.Series(who, np.where(is_there, names[at[:, 0]], "")).replace("", None),
            pl.Series(f"{who}_share", np.where(is_there, part, np.nan)).fill_nan(None),
            pl.Series(f"{who}_units", np.where(is_there, units, np.nan)).fill_nan(None),
        ]
    return made
