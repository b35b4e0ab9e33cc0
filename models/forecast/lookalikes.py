"""Products too new to speak for themselves. Here: forecasts drawn to those of look-alikes, or to the one that people name. Not here: others."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.demand import NEW_BELOW_WEEKS, SERIES, full_week_units
from models.forecast.paths import at

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
MIN_ALIKE, MAX_ALIKE = 5, 200
RECENT_WEEKS = 26
CHANCES = (np.arange(99) + 0.5) / 99


def drawn_to_lookalikes(values: Array, levels: Array, series: pl.DataFrame, weekly: pl.DataFrame) -> tuple[Array, Array]:
    """`values` (series, weeks, 1 + levels: mean and quantiles) with those of new series drawn to their look-alikes', and (series,) how far.

    Look-alikes are series that aren't new: of the same category and location, or where those are under five of the category, of the
    location, of all. What they are forecast to sell differs between them, which makes the range wide. n known weeks of a
    series weigh n ÷ (n + k) with k = variance within series ÷ variance between their means (Bühlmann 1967).
    Example: a variance of 6 within and 2 between make k = 3: three weeks count half.
    """
    drawn, weight = values.copy(), np.zeros(len(values))
    is_new = (series["demand_class"] == "new").to_numpy()
    if not is_new.any() or is_new.all():
        return drawn, weight
    known, mean, variance = _recent(series, weekly)
    category, location = (series[c].fill_null("").to_physical().to_numpy() for c in ("category", "location_id"))
    for kind, place in {(category[i], location[i]) for i in np.flatnonzero(is_new)}:
        mine = np.flatnonzero(is_new & (category == kind) & (location == place))
        alike = _alike(~is_new & (known > 1), category == kind, location == place)
        if not len(alike):
            continue
        k = _credibility(known[alike], mean[alike], variance[alike])
        weight[mine] = k / (known[mine] + k)
        part = weight[mine][:, None, None]
        drawn[mine] = (1 - part) * values[mine] + part * _mixture(values[alike], levels)
    return drawn, weight


def like_another(values: Array, drawn: Array, weight: Array, series: pl.DataFrame) -> tuple[Array, Array]:
    """`drawn` and `weight` of drawn_to_lookalikes, in which series that are said to be like another SKU sell as that one does at the
    location, × like_rate; other look-alikes have no say in them. `values` are the engine's, from the history that they were given.

    series: with like_sku, like_rate and like_weeks (since its first day) where such is said. Its own weeks take over within 13.
    Example: the other is forecast at 10, the rate said is 0.8: 8 on the first day; with 6.5 weeks and 12 in the engine, 10.
    """
    if "like_sku" not in series.columns:
        return drawn, weight
    rows = series.select(*SERIES, "like_sku", "like_rate", "like_weeks").with_row_index("row")
    others = rows.select("location_id", like_sku="sku", other="row")
    said = rows.filter(pl.col("like_weeks") < NEW_BELOW_WEEKS).join(others, on=["like_sku", "location_id"])
    mine, other, rate = (said[name].to_numpy() for name in ("row", "other", "like_rate"))
    part = 1 - np.clip(said["like_weeks"].to_numpy() / NEW_BELOW_WEEKS, 0.0, 1.0)
    moved, far = drawn.copy(), weight.copy()
    moved[mine] = (1 - part)[:, None, None] * values[mine] + (part * rate)[:, None, None] * drawn[other]
    far[mine] = part
    return moved, far


def _alike(usual: NDArray[np.bool_], same_kind: NDArray[np.bool_], same_place: NDArray[np.bool_]) -> Ints:
    """The narrowest group of at least five, thinned evenly to 200."""
    groups = [np.flatnonzero(usual & near) for near in (same_kind & same_place, same_kind, same_place, np.ones_like(usual))]
    chosen = next((group for group in groups if len(group) >= MIN_ALIKE), groups[-1])
    return chosen[:: -(-len(chosen) // MAX_ALIKE)] if len(chosen) else chosen


def _recent(series: pl.DataFrame, weekly: pl.DataFrame) -> tuple[Array, Array, Array]:
    """(series,) known weeks of the last 26, their mean and variance."""
    recent = weekly.filter(pl.col("week") > -RECENT_WEEKS).with_columns(full_units=full_week_units())
    wanted = pl.col("full_units")
    facts = recent.group_by(*SERIES).agg(known=wanted.count(), mean=wanted.mean().round(9), variance=wanted.var().round(9))
    rows = series.select(*SERIES).join(facts, on=SERIES, how="left", maintain_order="left").fill_null(0)
    known, mean, variance = (rows[c].cast(pl.Float64).to_numpy() for c in ("known", "mean", "variance"))
    return known, mean, variance


def _credibility(known: Array, mean: Array, variance: Array) -> float:
    """k: variance within series ÷ variance between their means, the latter less what the former adds to it."""
    within = variance.mean()
    between = mean.var(ddof=1) - np.mean(variance / known) if len(mean) > 1 else mean.mean() ** 2
    return float(within / max(between, 0.01 * within, 1e-9))


def _mixture(values: Array, levels: Array) -> Array:
    """(weeks, 1 + levels) mean and quantiles of demand of one of the series, no matter which."""
    made = np.empty(values.shape[1:])
    made[:, 0] = values[:, :, 0].mean(axis=0)
    for week in range(values.shape[1]):
        draws = at(values[:, week, 1:], levels, np.broadcast_to(CHANCES, (len(values), len(CHANCES))))
        made[week, 1:] = np.quantile(draws, levels, method="inverted_cdf")
    return made
