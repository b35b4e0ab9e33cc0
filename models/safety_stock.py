"""Levels of many series: from terms, forecasts and aims to safety stock. Here: frames. Not here: what a level has to reach (levels.py), quantities to
order (reorder.py).
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from models.demand import SERIES
from models.futures import Futures, draw
from models.levels import AIMS, Aim, Interval, expected_amounts, fill_rates, least_levels, least_stock, mean_stock, within_budget
from models.protection import moments_of, week_variances, within
from models.spreads import spread_to

Array = NDArray[np.float64]
BLOCK = 100
LEAST_REVIEW_DAYS = 1.0  # nobody looks more often than a run is made
PATHS = 2000  # levels lie far out in the tail
SAMPLED_MOST = 10_000  # series whose futures are drawn; of more the moments are taken
ALL_BUT = 0.5 / PATHS  # chance that futures can still tell
DEFAULTS = {
    "aim": pl.lit("cycle_service_level"), "target_rate": pl.lit(None, pl.Float64), "holding_amount": pl.lit(0.0), "shortage_amount": pl.lit(0.0),
    "left_amount": pl.lit(0.0), "moq_units": pl.lit(1), "case_pack_units": pl.lit(1), "eoq_units": pl.lit(0),
    "dispersion_rate": pl.lit(None, pl.Float64), "is_lost": pl.lit(False),
    "unit_cost_amount": pl.lit(None, pl.Float64),
}  # fmt: skip
LEVELS = {
    "mean_demand_units": pl.Float64, "safety_stock_units": pl.Float64, "reorder_point_units": pl.Int64, "order_up_to_level_units": pl.Int64,
    "cycle_service_level": pl.Float64, "unit_fill_rate": pl.Float64, "mean_stock_units": pl.Float64, "textbook_safety_stock_units": pl.Float64,
    "demand_from": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What levels are taken from: series sorted by sku and location, their demand over the interval, what they aim at; textbook_std: of demand
    over lead time and review by √((L + R)·σ_e² + d̄²·σ_L²).
    """

    series: pl.DataFrame
    interval: Interval
    aim: Aim
    mean_units: Array
    textbook_std: Array
    is_sampled: bool

    def aiming(self, kind: str, rate: float) -> "Wanted":
        """The same demand for another aim: `kind` of levels.AIMS, at `rate` where it is a service."""
        many = len(self.mean_units)
        return replace(self, aim=replace(self.aim, kind=np.full(many, kind), target_rate=np.full(many, rate)))


def wanted(
    series: pl.DataFrame, means: pl.DataFrame, quantiles: pl.DataFrame, seed: int = 0, sampled_most: int = SAMPLED_MOST
) -> Wanted:
    """Joins each series with its forecast; futures are drawn of up to `sampled_most` series, of more the moments are taken.

    series: sku, location_id, lead_time_days, lead_time_std_days, review_period_days, and what DEFAULTS names: aim (of levels.AIMS),
    target_rate, holding_amount (per unit and day), shortage_amount (per unit), left_amount, moq_units,
    case_pack_units, eoq_units, is_lost. means: mean_units per week (horizon) and week_correlation; quantiles: forecast_units per week
    and quantile, of the same series. dispersion_rate: of models.spreads; blank leaves the forecast as wide as it says.
    """
    missing = [default.alias(name) for name, default in DEFAULTS.items() if name not in series.columns]
    ordered = series.with_columns(missing).sort(*SERIES)
    mean, weeks, levels, together = _forecast_of(ordered, means, quantiles)
    lead, lead_std, review = (
        ordered[name].to_numpy().astype(np.float64) for name in ("lead_time_days", "lead_time_std_days", "review_period_days")
    )
    review = np.maximum(review, LEAST_REVIEW_DAYS)
    days, demand = lead + review, within(mean, lead + review)
    rate = ordered["dispersion_rate"].fill_null(float("nan")).to_numpy()
    daily = demand / np.maximum(days, 1.0)
    error = np.where(np.isfinite(rate), rate * demand, within(week_variances(weeks, levels), days))
    std = np.sqrt(error + (daily * lead_std) ** 2)
    is_sampled = ordered.height <= sampled_most
    if is_sampled:
        rng = np.random.default_rng(seed)
        interval: Interval = _drawn(
            weeks, levels, together, (lead, lead_std, review), np.where(np.isfinite(rate), std, np.nan), rng
        )
    else:
        interval = moments_of(mean, weeks, levels, together, (lead, lead_std, review), rate)
    return Wanted(ordered, interval, _aim_of(ordered, review, interval.review_units), demand, std, is_sampled)


def stock_levels(known: Wanted, budget_amount: float | None = None, is_together: bool = False) -> pl.DataFrame:
    """Adds the columns of LEVELS to each series, and capital_dearer_rate, by how much a budget makes capital dearer.

    The level is the least that meets the series' aim; the reorder point is one below it, so that an order goes out at each review in
    which anything was wanted. Orders fill up to the level, or where placing one costs something to the EOQ above the reorder point.
    Safety stock is what the level holds beyond the mean demand of lead time and review; cycle_service_level the chance that this demand
    is at most the level; textbook_safety_stock_units z·√((L + R)·σ_e² + d̄²·σ_L²) at the same chance, σ_e by the forecast (Silver,
    Pyke & Thomas 2017, 6.7). is_together: series of one aim and target reach it all together, at the least stock value, see levels.least_stock.

    Example: Poisson demand of 7 a week, lead time 7 days, review 7, cycle service 0.95: mean 14, order up to 20 or, by chance of sampling, 21.
    """
    lot, one = known.aim.lot, np.ones(known.series.height)
    cost = known.series["unit_cost_amount"].cast(pl.Float64).fill_null(0.0).to_numpy()
    if budget_amount is None:
        level, dearer = least_levels(known.interval, known.aim), 1.0
    else:
        level, dearer = within_budget(known.interval, known.aim, cost, budget_amount)
    if is_together:
        level = _together(known, level)
    eoq = known.series["eoq_units"].cast(pl.Float64).to_numpy()
    filled = level + np.where(eoq > known.interval.review_units, eoq - 1, 0.0)
    chance = np.clip(known.interval.chances(level, one)[1], ALL_BUT, 1 - ALL_BUT)
    columns = [
        known.mean_units, level - known.mean_units, np.maximum(level - 1, 0.0), filled, chance, fill_rates(known.interval, level, lot),
        np.maximum(mean_stock(known.interval, level, lot), 0.0), special.ndtri(chance) * known.textbook_std,
    ]  # fmt: skip
    found = pl.DataFrame(columns, schema=list(LEVELS)[:-1]).cast({name: LEVELS[name] for name in list(LEVELS)[:-1]})  # type: ignore[arg-type]
    drawn = pl.lit("sampled futures" if known.is_sampled else "moments")
    return pl.concat([known.series, found.with_columns(demand_from=drawn, capital_dearer_rate=pl.lit(dearer))], how="horizontal")


def _together(known: Wanted, level: Array) -> Array:
    """`level` with those of each aim and target that series reach together; the rest as it is."""
    shared = level.copy()
    groups = known.series.select("aim", "target_rate").with_row_index("row").filter(pl.col("target_rate").is_not_null())
    for (kind, rate), rows in groups.group_by("aim", "target_rate", maintain_order=True):
        some = rows["row"].to_numpy().astype(np.int64)
        shared[some] = least_stock(known.interval.part(some), known.aim.part(some), str(kind), float(rate))[0]  # type: ignore[arg-type]
    return shared


def turn_amounts(known: Wanted, position: Array) -> Array:
    """(n,) what each position is expected to cost in the turn that this review's order answers for; not a number where it is unknown."""
    at = np.nan_to_num(position)
    return np.where(np.isfinite(position), expected_amounts(known.interval, at, known.aim), np.nan)


def _forecast_of(ordered: pl.DataFrame, means: pl.DataFrame, quantiles: pl.DataFrame) -> tuple[Array, Array, Array, float]:
    """Means (n, weeks), quantiles (n, weeks, levels), the levels, and how far weeks go together."""
    levels = quantiles["quantile"].unique().sort().to_numpy()
    if ordered.is_empty():
        return np.zeros((0, 1)), np.zeros((0, 1, max(len(levels), 2))), np.linspace(0.1, 0.9, max(len(levels), 2)), 0.0
    keys = ordered.select(*SERIES).with_row_index("_i")
    mean = keys.join(means, on=SERIES).sort("_i", "horizon")
    weeks = keys.join(quantiles, on=SERIES).sort("_i", "horizon", "quantile")["forecast_units"].to_numpy()
    n = ordered.height
    values = mean["mean_units"].to_numpy().astype(np.float64).reshape(n, -1)
    return values, weeks.astype(np.float64).reshape(*values.shape, len(levels)), levels, float(mean["week_correlation"][0])


def _drawn(
    weeks: Array, levels: Array, together: float, terms: tuple[Array, Array, Array], std: Array, rng: np.random.Generator
) -> Futures:
    """Series with alike intervals are drawn together, so that none is drawn for longer than it has to be."""
    lead, lead_std, review = terms
    order = np.argsort(lead + review, kind="stable")
    parts = []
    for start in range(0, max(len(lead), 1), BLOCK):
        cut = order[start : start + BLOCK]
        days = _lead_times(lead[cut], lead_std[cut], rng)
        drawn = draw(weeks[cut], levels, together, days, review[cut], np.ones(len(days), dtype=np.bool_), rng)
        parts.append(drawn.spread(spread_to(std[cut], drawn.interval_units.std(axis=1, dtype=np.float64))))
    names = ("lead_units", "interval_units", "review_units", "idle_rate")
    return Futures(*(np.concatenate([getattr(part, name) for part in parts]) for name in names)).part(np.argsort(order))


def _aim_of(ordered: pl.DataFrame, review: Array, review_units: Array) -> Aim:
    columns = ("target_rate", "holding_amount", "shortage_amount", "left_amount")
    target, holding, shortage, left = (ordered[name].cast(pl.Float64).fill_null(0.0).to_numpy() for name in columns)
    kind = ordered["aim"].to_numpy().astype(np.str_)
    if not np.isin(kind, AIMS).all():
        raise ValueError(f"A series aims at {', '.join(AIMS)}, not at {sorted(set(kind) - set(AIMS))}.")
    lot = _lots(ordered, review_units)
    return Aim(kind, target, holding, shortage, left, review, lot, ordered["is_lost"].to_numpy())


def _lots(ordered: pl.DataFrame, review_units: Array) -> Array:
    """Units by which orders lift the position beyond its level: whole packs always, MOQ and EOQ where a review sells less than that."""
    pack, moq, eoq = (ordered[name].cast(pl.Float64).to_numpy() for name in ("case_pack_units", "moq_units", "eoq_units"))
    return np.maximum(np.maximum(pack, 1.0), np.where(np.maximum(moq, eoq) > review_units, np.maximum(moq, eoq), 1.0))


def _lead_times(mean: Array, std: Array, rng: np.random.Generator) -> Array:
    """(series, paths) days, gamma distributed; exactly the mean where the standard deviation is 0."""
    spread = np.maximum(std, 1e-6 * np.maximum(mean, 1.0))
    shape = (np.maximum(mean, 1e-9) / spread) ** 2
    return rng.gamma(shape[:, None], (np.maximum(mean, 1e-9) / shape)[:, None], (len(mean), PATHS))
