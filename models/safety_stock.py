"""Levels of many series: from terms, forecasts and aims to safety stock. Here: frames. Not here: what a level has to reach (levels.py), quantities to
order (reorder.py).
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from models.chance import Chance, Source, keys_of
from models.demand import SERIES
from models.futures import WEEK, Futures, Shelf, draw, put
from models.levels import (
    AIMS,
    Aim,
    Interval,
    cycle_services,
    expected_amounts,
    fill_rates,
    least_levels,
    least_of,
    least_stock,
    mean_stock,
    reaches,
    within_budget,
)
from models.protection import moments_of, week_variances, within
from models.quantity import YEARS_OF_DEMAND

Array = NDArray[np.float64]
DRAWN_AT_ONCE = 2  # blocks; each needs about a hundred MB
BLOCK, BLOCK_DAYS = 100, 91.0  # series whose futures are drawn together, where none lasts longer; of longer ones fewer
YEAR_DAYS = 365.0
MOST_DAYS = 728.0  # no lead time is drawn beyond these 104 weeks
ONE_DAY = 1.0
LEAST_REVIEW_DAYS = 1.0  # nobody looks more often than a run is made
PATHS = 2000  # levels lie far out in the tail
SAMPLED_MOST = 10_000  # series whose futures are drawn; of more the moments are taken
ALL_BUT = 0.5 / PATHS  # chance that futures can still tell
DEFAULTS = {
    "aim": pl.lit("cycle_service_level"), "target_rate": pl.lit(None, pl.Float64), "holding_amount": pl.lit(0.0), "shortage_amount": pl.lit(0.0),
    "left_amount": pl.lit(0.0), "moq_units": pl.lit(1), "case_pack_units": pl.lit(1), "eoq_units": pl.lit(0),
    "dispersion_rate": pl.lit(None, pl.Float64), "width": pl.lit(1.0), "is_lost": pl.lit(False),
    "unit_cost_amount": pl.lit(None, pl.Float64), "order_wait_days": pl.lit(0.0),
}  # fmt: skip
LEVELS = {
    "mean_demand_units": pl.Float64, "demand_std_units": pl.Float64, "expected_lost_units": pl.Float64, "safety_stock_units": pl.Float64,
    "reorder_point_units": pl.Int64, "order_up_to_level_units": pl.Int64, "most_level_units": pl.Int64, "is_level_bounded": pl.Boolean,
    "level_quantile": pl.Float64, "cycle_service_level": pl.Float64, "unit_fill_rate": pl.Float64, "mean_stock_units": pl.Float64,
    "textbook_safety_stock_units": pl.Float64, "demand_from": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """(n,) each. dispersion_rate: variance ÷ mean of demand (spreads.py), not a number where the forecast's own width counts; width: by what its
    standard deviation is multiplied to decide by (width.py).
    """

    lead_days: Array
    lead_std_days: Array
    review_days: Array
    dispersion_rate: Array
    width: Array

    @property
    def days(self) -> Array:
        """(n,) of lead time and review, on average."""
        return self.lead_days + self.review_days

    def part(self, rows: NDArray[np.int64]) -> "Terms":
        """Some of the series."""
        return Terms(**{name: value[rows] for name, value in self.__dict__.items()})

    def std(self, demand: Array, variance: Array) -> Array:
        """(n,) of demand over lead time and review: √(σ² + d̄²·σ_L²), with σ² by the dispersion, `variance` where that is unknown."""
        error = np.where(np.isfinite(self.dispersion_rate), self.dispersion_rate * demand, variance) * self.width**2
        return np.sqrt(error + (demand / np.maximum(self.days, 1.0) * self.lead_std_days) ** 2)


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

    @property
    def is_sampled(self) -> bool:
        """Whether futures were drawn."""
        return isinstance(self.interval, Futures)

    def aiming(self, kind: str, rate: float) -> "Wanted":
        """The same demand for another aim: `kind` of levels.AIMS, at `rate` where it is a service."""
        many = len(self.mean_units)
        return replace(self, aim=replace(self.aim, kind=np.full(many, kind), target_rate=np.full(many, rate)))

    def renewed(self, newer: "Wanted") -> "Wanted":
        """The same with those of its series that `newer` holds as they are there; futures of both were drawn."""
        if not (isinstance(self.interval, Futures) and isinstance(newer.interval, Futures)):
            raise ValueError("Only series whose futures were drawn are drawn anew.")
        at = self.series.select(*SERIES).with_row_index("row").join(newer.series, on=SERIES, how="semi", maintain_order="left")
        rows = at["row"].to_numpy().astype(np.int64)
        aim = Aim(**{name: put(value, rows, getattr(newer.aim, name)) for name, value in self.aim.__dict__.items()})
        return replace(self, interval=self.interval.renewed(rows, newer.interval), aim=aim)


def wanted(
    series: pl.DataFrame, means: pl.DataFrame, quantiles: pl.DataFrame, seed: int = 0, sampled_most: int = SAMPLED_MOST,
    stock: pl.DataFrame | None = None,
) -> Wanted:  # fmt: skip
    """Joins each series with its forecast; futures are drawn of up to `sampled_most` series, of more the moments are taken.

    series: sku, location_id, lead_time_days, lead_time_std_days, review_period_days, and what DEFAULTS names: aim (of levels.AIMS),
    target_rate, holding_amount (per unit and day), shortage_amount (per unit), left_amount, moq_units,
    case_pack_units, eoq_units, is_lost. means: mean_units per week (horizon) and week_correlation; quantiles: forecast_units per week
    and quantile, of the same series. dispersion_rate: of models.spreads; blank leaves the forecast as wide as it says. width: of models.width.
    stock: sku, location_id, days until it is there (0 for what is on hand), units (below 0: owed, or leaving). Where missing units are lost, sampled
    futures follow the stock of series that it names, and what that can't serve before this order arrives needs none. Stock is followed week by
    week where all of it comes in whole weeks, else day by day; it arrives at the start of its day.
    """
    ordered = completed(series).sort(*SERIES)
    mean, weeks, levels, together = _forecast_of(ordered, means, quantiles)
    terms = terms_of(ordered)
    demand = within(mean, terms.days)
    std = replace(terms, width=np.ones(len(demand))).std(demand, within(week_variances(weeks, levels), terms.days))
    is_sampled, shelf = ordered.height <= sampled_most, _shelf(ordered, stock)
    if is_sampled:
        interval: Interval = sampled(mean, weeks, levels, together, terms, seed, shelf, keys=_keys(ordered))
    else:
        own = (terms.lead_days, terms.lead_std_days, terms.review_days)
        interval = moments_of(mean, weeks, levels, together, own, terms.dispersion_rate * terms.width**2)
    aim = aim_of(ordered, terms.review_days, interval.review_units, most_level(mean))
    aim = replace(aim, is_lost=aim.is_lost & (np.isnan(shelf.on_hand) | (not is_sampled)))
    return Wanted(ordered, interval, aim, demand, std)


def completed(series: pl.DataFrame) -> pl.DataFrame:
    """`series` with every column that it may leave out, see `wanted`."""
    return series.with_columns(default.alias(name) for name, default in DEFAULTS.items() if name not in series.columns)


def terms_of(series: pl.DataFrame) -> Terms:
    """Terms of `completed` series, in their order. What an order waits for the supplier's next order day is lead time, not a part of the turn that
    it answers for: stock bought for these days would come too late.
    """
    names = ("lead_time_days", "lead_time_std_days", "review_period_days", "dispersion_rate", "width")
    terms = Terms(*(series[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in names))
    wait = series["order_wait_days"].cast(pl.Float64).to_numpy()
    return replace(terms, lead_days=terms.lead_days + wait, review_days=np.maximum(terms.review_days - wait, LEAST_REVIEW_DAYS))


def _shelf(ordered: pl.DataFrame, stock: pl.DataFrame | None) -> Shelf:
    """What stands and comes where missing units are lost; unknown elsewhere."""
    if stock is None or stock.is_empty():
        return Shelf(np.full(ordered.height, np.nan), np.zeros((ordered.height, 0)))
    at = stock.join(ordered.select(*SERIES, "is_lost").with_row_index("_i"), on=SERIES).filter("is_lost")
    days = at["days"].cast(pl.Float64).clip(0, MOST_DAYS).to_numpy()
    span = WEEK if (days % WEEK == 0).all() else ONE_DAY
    place, row = np.ceil(days / span).astype(np.int64), at["_i"].to_numpy()
    on_hand, due = np.full(ordered.height, np.nan), np.zeros((ordered.height, int(place.max(initial=0)) + 1))
    on_hand[row] = 0.0
    np.add.at(due, (row, place), at["units"].to_numpy())
    return Shelf(on_hand, due, span)


def stock_levels(known: Wanted, budget_amount: float | None = None, is_together: bool = False) -> pl.DataFrame:
    """Adds the columns of LEVELS to each series; capital_dearer_rate, by how much a budget makes capital dearer; with a budget
    asked_stock_units and least_stock_units, mean stock as asked for and the least that a budget leaves.

    The level is the least that meets the series' aim; the reorder point is one below it, so that an order goes out at each review in
    which anything was wanted. Orders fill up to the level, or where placing one costs something to the EOQ above the reorder point; what is not to be
    stocked, or loses its worth when the next order comes, is not lifted so. Where missing units are lost and no stock is followed, what is lost of
    the lead time's demand leaves stock for later, in the level and in what it reaches.
    expected_lost_units is what today's stock and what is on its way are expected to be too little for before this order arrives, where that is
    followed: the level doesn't answer for it. So level = mean_demand_units − expected_lost_units + safety_stock_units: safety stock is what the
    level holds beyond the mean demand that it answers for; demand_std_units is that demand's standard deviation, level_quantile the chance that it
    is at most the level, cycle_service_level of the cycles that begin with an order those without a shortage, see levels.cycle_services;
    textbook_safety_stock_units z·√((L + R)·σ_e² + d̄²·σ_L²) at the level's quantile, σ_e by the forecast (Silver, Pyke & Thomas 2017, 6.7).
    A service asks for no level above most_level_units, see `most_level`; is_level_bounded where it would.
    is_together: series of one aim and target reach it all together, at the least stock value, see levels.least_stock.

    Example: Poisson demand of 7 a week, lead time 7 days, review 7, cycle service 0.95: mean 14, order up to 20 or, by chance of sampling, 21.
    """
    lot, one = known.aim.lot, np.ones(known.series.height)
    cost = known.series["unit_cost_amount"].cast(pl.Float64).fill_null(0.0).to_numpy()
    asked = least_levels(known.interval, known.aim)
    if is_together:
        asked = _together(known, asked)
    level, dearer = asked, 1.0
    if budget_amount is not None:
        level, dearer = within_budget(known.interval, known.aim, asked, cost, budget_amount)
    eoq = known.series["eoq_units"].cast(pl.Float64).to_numpy()
    is_lifted = (eoq > known.interval.review_units) & (level > 0) & (known.aim.left_amount == 0)
    filled = level + np.where(is_lifted, eoq - 1, 0.0)
    served = known.interval.served(np.where(known.aim.is_lost, fill_rates(known.interval, level, lot), 1.0))
    chance = np.clip(known.interval.chances(level, one)[1], ALL_BUT, 1 - ALL_BUT)
    lost = known.interval.lost_units
    columns = [
        known.mean_units, known.interval.std_units, lost, level - (known.mean_units - lost), np.maximum(level - 1, 0.0), filled,
        known.aim.most_units, _is_bounded(replace(known, interval=served), asked, level, is_together),
        chance, cycle_services(served, level), fill_rates(served, level, lot),
        np.maximum(mean_stock(served, level, lot), 0.0), special.ndtri(chance) * known.textbook_std,
    ]  # fmt: skip
    found = pl.DataFrame(columns, schema=list(LEVELS)[:-1]).cast({name: LEVELS[name] for name in list(LEVELS)[:-1]})  # type: ignore[arg-type]
    drawn = pl.lit("sampled futures" if known.is_sampled else "moments")
    around = {} if budget_amount is None else {"asked": asked, "least": least_of(known.interval, asked)}
    stocks = {f"{name}_stock_units": np.maximum(mean_stock(known.interval, units, lot), 0.0) for name, units in around.items()}
    found = found.with_columns(
        demand_from=drawn, capital_dearer_rate=pl.lit(dearer), **{n: pl.Series(v) for n, v in stocks.items()}
    )
    return pl.concat([known.series, found], how="horizontal")


def _is_bounded(known: Wanted, asked: Array, level: Array, is_together: bool) -> NDArray[np.bool_]:
    """Where most_units alone, and no budget and no class, keeps a level below what its service takes."""
    is_held = (level == asked) & (level >= known.aim.ceiling)
    if not is_together:
        return is_held & ~reaches(known.interval, level, known.aim)
    return is_held & (level == 0)


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


def missing_units(known: Wanted, position: Array) -> Array:
    """(n,) E[(D − position)⁺], what each position is expected to be too small for of the demand that levels answer for; not a number where it is unknown."""
    missing = known.interval.missing(np.nan_to_num(position), np.ones(len(position)))[1]
    return np.where(np.isfinite(position), missing, np.nan)


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


def sampled(
    means: Array, quantiles: Array, levels: Array, together: float, terms: Terms, seed: int, shelf: Shelf, paths: int | None = None,
    keys: NDArray[np.int64] | None = None,
) -> Futures:  # fmt: skip
    """Futures of means (n, weeks) and quantiles (n, weeks, levels), as wide as `terms` say.

    Series with alike intervals are drawn together, so that none is drawn for longer than it has to be. Each series has chance of its own, told by its
    key (its place unless given), so that it is drawn the same whichever others are drawn, and however many at once.
    """
    own = np.arange(len(means)) if keys is None else keys
    order = np.argsort(terms.days, kind="stable")
    cuts = list(_blocks(order, terms.days[order]))

    def drawn(cut: NDArray[np.int64]) -> Futures:
        part, chance = terms.part(cut), Chance(seed, own[cut])
        days = _lead_times(part.lead_days, part.lead_std_days, chance, paths or PATHS)
        std = part.std(within(means[cut], part.days), np.full(len(cut), np.nan))
        is_whole = np.ones(len(cut), dtype=np.bool_)
        return draw(quantiles[cut], levels, together, days, part.review_days, is_whole, chance, std, part.width, shelf.part(cut))

    with ThreadPoolExecutor(DRAWN_AT_ONCE) as pool:
        parts = list(pool.map(drawn, cuts))
    names = ("lead_units", "interval_units", "review_units", "idle_rate", "lost_units")
    return Futures(*(np.concatenate([getattr(part, name) for part in parts]) for name in names)).part(np.argsort(order))


def _keys(ordered: pl.DataFrame) -> NDArray[np.int64]:
    return keys_of(ordered.select(pl.concat_str(*SERIES, separator="\x1f")).to_series().to_list())


def _blocks(order: NDArray[np.int64], days: Array) -> Iterator[NDArray[np.int64]]:
    """`order` in parts; days: ascending, (n,). Every path of a part is as long as its longest interval: of long ones there are fewer.

    Example: 60 series of 21 days, one of a year: the one is drawn apart.
    """
    sizes, start = np.arange(1, BLOCK + 1), 0
    while start == 0 or start < len(order):
        some = days[start : start + BLOCK]
        many = max(int((sizes[: len(some)] * some <= BLOCK * BLOCK_DAYS).sum()), 1)
        yield order[start : start + many]
        start += many


def most_level(weekly: Array) -> Array:
    """(n,) whole units of two years' demand, above which no level, nor what an order lifts it to, goes for the sake of a service; weekly: mean demand
    (n, weeks).

    What isn't wanted once in two years isn't stocked then. Example: 0.02 a week: 2.
    """
    return np.floor(YEARS_OF_DEMAND * YEAR_DAYS / WEEK * weekly.mean(axis=1))


def aim_of(ordered: pl.DataFrame, review: Array, review_units: Array, most: Array) -> Aim:
    """Aim of `completed` series, in their order; review: days, review_units: mean demand of each, most: of `most_level` (n,). Raises ValueError
    for an aim that isn't one.
    """
    columns = ("target_rate", "holding_amount", "shortage_amount", "left_amount")
    target, holding, shortage, left = (ordered[name].cast(pl.Float64).fill_null(0.0).to_numpy() for name in columns)
    kind = ordered["aim"].to_numpy().astype(np.str_)
    if not np.isin(kind, AIMS).all():
        raise ValueError(f"A series aims at {', '.join(AIMS)}, not at {sorted(set(kind) - set(AIMS))}.")
    lot = _lots(ordered, review_units)
    bound = np.maximum(most - (lot - 1), np.minimum(most, 1.0))
    return Aim(kind, target, holding, shortage, left, review, lot, ordered["is_lost"].to_numpy(), bound)


def _lots(ordered: pl.DataFrame, review_units: Array) -> Array:
    """Units by which orders lift the position beyond its level: whole packs always, MOQ and EOQ where a review sells less; no EOQ of what ends."""
    pack, moq, lasting = (ordered[name].cast(pl.Float64).to_numpy() for name in ("case_pack_units", "moq_units", "eoq_units"))
    eoq = np.where(ordered["left_amount"].cast(pl.Float64).fill_null(0.0).to_numpy() > 0, 1.0, lasting)
    return np.maximum(np.maximum(pack, 1.0), np.where(np.maximum(moq, eoq) > review_units, np.maximum(moq, eoq), 1.0))


def _lead_times(mean: Array, std: Array, rng: Source, paths: int) -> Array:
    """(series, paths) days, gamma distributed, at most MOST_DAYS; exactly the mean where the standard deviation is 0."""
    spread = np.maximum(std, 1e-6 * np.maximum(mean, 1.0))
    shape = (np.maximum(mean, 1e-9) / spread) ** 2
    drawn = rng.gamma(shape[:, None], (np.maximum(mean, 1e-9) / shape)[:, None], (len(mean), paths))
    return np.minimum(np.where(std[:, None] > 0, drawn, mean[:, None]), MOST_DAYS)
