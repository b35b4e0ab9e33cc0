"""What a stock policy would have cost on weeks that are known. Here: each policy's levels week by week, from what was known then, and the
comparison. Not here: reading a merchant's tables, playing (simulate.py), the decision itself (levels.py).
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from models.forecast.engine import LEVELS, Selection, forecast_series
from models.levels import COST
from models.safety_stock import SAMPLED_MOST, aim_of, completed, most_level, stock_levels, terms_of, wanted
from models.simulate import Bounded, MinMax, Policy, Shelf, Stock, outcome, simulate
from models.spreads import LEAST_WEEKS, ORIGINS, dispersions_of, looked_back, squared_errors
from models.width import CLASSES, LEAST_ORIGINS, MOST_SERIES, Past, learn_widths, volume_class

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
WEEKS_A_YEAR = 52
WEEK = "W-MON"
LEARNT_WEEKS = 13  # before the played ones, of which widths are learnt
RECENT = 26  # weeks that textbook rules look back
COVER_WEEKS = 2.0, 6.0  # min/max as it is set by hand: cover beyond the lead time at which one orders, and up to which
OURS, TEXTBOOK, BY_HAND = "Fulcast", "z·σ·√L", "min/max"
SHOWN = (
    "total_amount", "holding_amount", "shortage_amount", "unit_fill_rate", "stock_out_weeks", "turns_per_year", "capital_amount", "orders",
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """n series over T weeks, the last `weeks` of which are played.

    weekly: unique_id, ds (Monday), y, is_in_stock, sorted by both, from each series' first week to the last. demand: (n, T) with estimates where it was
    not seen, not a number before a series' first week. lead_times: (n, m) equally likely whole weeks. unit_cost_amount, margin_amount: (n,), the
    latter what a lost unit loses. moq, pack: (n,).
    """

    weekly: pl.DataFrame
    demand: Array
    weeks: int
    lead_times: Ints
    unit_cost_amount: Array
    margin_amount: Array
    moq: Array
    pack: Array
    holding_rate: float
    cycle_service_level: float

    @property
    def holding_amount(self) -> Array:
        """(n,) per unit and week."""
        return self.unit_cost_amount * self.holding_rate / WEEKS_A_YEAR


def compare(known: Known, budget: float | None = None, seed: int = 0) -> dict[str, pl.DataFrame]:
    """Per policy one row per series, with the columns of `outcome`; with a budget ours binds at most so much capital on average.

    The dearer capital is made, the less is held: the holding rate that meets the budget is found by halving (a Lagrange multiplier).
    """
    past = past_forecasts(known, seed)
    played = {TEXTBOOK: textbook_levels(known), BY_HAND: by_hand_levels(known)}
    found = {name: play(known, weekly(*levels), seed) for name, levels in played.items()}
    ours = play(known, Ours(known, past, seed), seed)
    if budget is not None and _capital(ours) > budget:
        low, high = known.holding_rate, known.holding_rate * 2**10
        for _ in range(7):
            rate = float(np.sqrt(low * high))
            tried = play(known, Ours(replace(known, holding_rate=rate), past, seed), seed)
            low, high, ours = (low, rate, tried) if _capital(tried) <= budget else (rate, high, ours)
    return {OURS: ours} | found


@dataclass(frozen=True)
class Made:
    """What would have been known by the end of each week before a played one: means (weeks, n, horizon), quantiles (weeks, n, horizon, levels),
    correlation of weeks, dispersions (weeks, n), not a number where nothing was known of errors yet, and widths per class of volume.
    """

    means: Array
    quantiles: Array
    together: float
    dispersions: Array
    widths: Array


def past_forecasts(known: Known, seed: int = 0) -> Made:
    """Forecasts as they would have been made. What was chosen is chosen before the first of them; later ones only refresh."""
    dates, ids = known.weekly["ds"].unique().sort(), known.weekly["unique_id"].unique().sort()
    means, quantiles, together = _forecast(known, dates[-known.weeks - 1 : -1], ids)
    dispersions = _dispersions(known, means[:, :, 0])
    return Made(means, quantiles, together, dispersions, widths_before(known, dispersions[0], seed))


def _forecast(known: Known, origins: pl.Series, ids: pl.Series) -> tuple[Array, Array, float]:
    """Means (origins, series, horizon) and quantiles (…, levels) of `ids` by the models that the first origin chose, and how far weeks go together."""
    horizon = int(known.lead_times.max(initial=0)) + 2
    means, quantiles = [], []
    selection: Selection | None = None
    for origin in origins:
        forecast = forecast_series(known.weekly.filter(pl.col("ds") <= origin), WEEK, horizon, selection=selection)
        selection = forecast.selection
        of_ids = forecast.table.filter(pl.col("unique_id").is_in(ids.implode()))
        means.append(of_ids["mean"].to_numpy().reshape(len(ids), horizon))
        quantiles.append(of_ids.select(pl.col("^q0.*$")).to_numpy().reshape(len(ids), horizon, -1))
    return np.stack(means), np.stack(quantiles), selection.together if selection else 0.0


def widths_before(known: Known, dispersion: Array, seed: int = 0) -> Array:
    """Width per class of volume, learnt by playing levels over the weeks before the played ones, forecast as they would have been made then; 1 where
    these are fewer than LEAST_ORIGINS. dispersion: (n,) as known before the first played week.

    Time runs in whole weeks and orders come when they should there, so levels are told the same.
    """
    dates = known.weekly["ds"].unique().sort()
    end = len(dates) - known.weeks - 1
    start = max(end - LEARNT_WEEKS, LEAST_WEEKS)
    if end - start < LEAST_ORIGINS:
        return np.ones(len(CLASSES) + 1)
    first = known.weekly.group_by("unique_id").agg(pl.col("ds").min()).sort("unique_id").with_row_index("row")
    old = first.filter(pl.col("ds") <= dates[start - LEAST_WEEKS])
    chosen = old.sample(min(MOST_SERIES, old.height), seed=seed).sort("row")
    if chosen.is_empty():
        return np.ones(len(CLASSES) + 1)
    means, quantiles, together = _forecast(known, dates[start:end], chosen["unique_id"])
    came = known.weekly.filter(pl.col("ds").is_between(dates[start + 1], dates[end])).join(chosen, on="unique_id", how="semi")
    seen = pl.when("is_in_stock").then(pl.col("y").cast(pl.Float64)).fill_null(float("nan"))
    rows = chosen["row"].to_numpy()
    series = completed(_series(known, dispersion))[rows]
    whole = 7.0 * np.rint(known.lead_times.mean(axis=1))[rows]
    terms = replace(terms_of(series), lead_days=whole, lead_std_days=np.zeros_like(whole))
    aim = aim_of(series, terms.review_days, means[:, :, 0].mean(axis=0), most_level(means.mean(axis=0)))
    actual = came.sort("unique_id", "ds").select(seen).to_series().to_numpy().reshape(len(rows), -1)
    return learn_widths(Past(means, quantiles, LEVELS, together, actual, terms, aim), seed)


def _dispersions(known: Known, ahead: Array) -> Array:
    """(weeks, n) by the errors known at each week's end: of the forecasts made until then, ahead (weeks, n), and of own histories before these."""
    ids, dates = known.weekly["unique_id"].unique().sort(), known.weekly["ds"].unique().sort()
    seen = known.weekly.with_columns(y=pl.when("is_in_stock").then(pl.col("y").cast(pl.Float64)))
    came = seen.filter(pl.col("ds") >= dates[-known.weeks])["y"].fill_null(float("nan")).to_numpy().reshape(len(ids), -1)
    before = looked_back(seen.filter(pl.col("ds") < dates[-known.weeks]), WEEK)
    errors = [squared_errors(ids, ahead[week], came[:, week]) for week in range(known.weeks - 1)]
    found = [dispersions_of(pl.concat([before, *errors[:week][-ORIGINS:]])) for week in range(known.weeks)]
    every = [ids.to_frame("unique_id").join(learnt, on="unique_id", how="left", maintain_order="left") for learnt in found]
    return np.stack([one["dispersion_rate"].fill_null(float("nan")).to_numpy() for one in every])


@dataclass(frozen=True)
class Ours:
    """A policy (models.simulate.Policy): what the product decides by costs at each week's end from the forecast made then, after the stock at hand."""

    known: Known
    past: Made
    seed: int

    def __call__(self, period: int, stock: Stock, series: Ints) -> Array:
        """See models.simulate.Policy; the last week's forecast stands for later ones."""
        week, names = min(period + 1, self.known.weeks - 1), pl.col("sku", "location_id")
        mean, quantile = self.past.means[week][series], self.past.quantiles[week][series]
        told = _series(self.known, self.past.dispersions[week])[series]
        told = told.with_columns(width=self.past.widths[volume_class(mean, terms_of(completed(told)))])
        ahead = pl.DataFrame({"horizon": range(1, mean.shape[1] + 1)})
        means = told.select(names).join(ahead, how="cross", maintain_order="left_right")
        means = means.with_columns(mean_units=mean.ravel(), week_correlation=pl.lit(self.past.together))
        quantiles = means.join(pl.DataFrame({"quantile": LEVELS.tolist()}), how="cross", maintain_order="left_right")
        quantiles = quantiles.with_columns(forecast_units=quantile.ravel())
        parts = [(0, stock.net), *((7 * k, units) for k, units in enumerate(stock.due.T))]
        there = pl.concat([told.select(names, days=pl.lit(days), units=units) for days, units in parts])
        most = SAMPLED_MOST if len(self.known.demand) <= SAMPLED_MOST else 0
        found = stock_levels(wanted(told, means, quantiles, self.seed + week, most, there))
        point, level = found.select("reorder_point_units", "order_up_to_level_units").to_numpy().T
        return np.where(stock.position <= point, np.maximum(level - stock.position, 0.0), 0.0)


def _series(known: Known, dispersion: Array) -> pl.DataFrame:
    """What is known of each series, in their order, as `models.safety_stock.wanted` takes it."""
    return pl.DataFrame(
        {"sku": [f"{i:07}" for i in range(len(known.demand))], "location_id": "", "lead_time_days": 7.0 * known.lead_times.mean(axis=1),
         "lead_time_std_days": 7.0 * known.lead_times.std(axis=1), "review_period_days": 7.0, "aim": COST, "holding_amount": known.holding_amount / 7,
         "shortage_amount": known.margin_amount, "moq_units": known.moq, "case_pack_units": known.pack, "is_lost": True,
         "dispersion_rate": pl.Series(dispersion).fill_nan(None)}
    )  # fmt: skip


def textbook_levels(known: Known) -> tuple[Array, Array]:
    """Mean demand over the protection interval and z·√((L + R)·σ² + d̄²·σ_L²), with d̄ and σ of the last 26 weeks.

    Example: d̄ 10, σ 4, lead 2 weeks ± 1, review 1, z 1.645: 30 + 1.645·√(48 + 100) = 50.
    """
    z = float(special.ndtri(known.cycle_service_level))
    lead, spread = known.lead_times.mean(axis=1)[:, None] + 1, known.lead_times.std(axis=1)[:, None]
    mean, deviation = _recent(known)
    levels = np.ceil(mean * lead + z * np.sqrt(lead * deviation**2 + mean**2 * spread**2))
    return levels - 1, levels


def by_hand_levels(known: Known) -> tuple[Array, Array]:
    """Minimum and maximum as many shops set them: weeks of cover beyond the lead time, set once, at the start."""
    mean = _recent(known)[0][:, :1] * np.ones((1, known.weeks))
    lead = known.lead_times.mean(axis=1)[:, None]
    return np.ceil(mean * (lead + COVER_WEEKS[0])), np.ceil(mean * (lead + COVER_WEEKS[1]))


def weekly(point: Array, level: Array) -> MinMax:
    """A policy of the levels (n, weeks) that were set before each week: those of the coming one are kept to at a week's end."""
    return MinMax(*(np.concatenate([units[:, 1:], units[:, -1:]], axis=1) for units in (point, level)))


def play(known: Known, policy: Policy, seed: int = 0) -> pl.DataFrame:
    """What a policy would have cost over the played weeks; the first turn, which nobody's order reaches, is not counted."""
    n, lead = len(known.demand), int(known.lead_times.max(initial=0))
    mean = _recent(known)[0][:, 0]
    start = np.ceil(mean * (known.lead_times.mean(axis=1) + 1))
    shelf = Shelf(
        start, np.zeros((n, 0)), known.lead_times, known.holding_amount, known.margin_amount, np.zeros(n), review=1, is_lost=True
    )
    counted = np.arange(known.weeks) > lead
    found = simulate(Bounded(policy, known.moq, known.pack), shelf, known.demand[:, -known.weeks :], counted=counted, seed=seed)
    weeks = max(int(counted.sum()), 1)
    return outcome(found, known.unit_cost_amount, WEEKS_A_YEAR, weeks).rename({"stock_out_periods": "stock_out_weeks"})


def summed(found: pl.DataFrame) -> dict[str, float]:
    """The policy's figures over all series; rates are rates of sums."""
    total = found.sum()
    demand, stock = total["demand_units"].item(), total["capital_amount"].item()
    served_cost = (found["turns_per_year"].fill_null(0.0) * found["capital_amount"]).sum()
    row = {name: float(total[name].item() or 0.0) for name in SHOWN}
    row["unit_fill_rate"] = total["served_units"].item() / demand if demand else float("nan")
    row["turns_per_year"] = float(served_cost / stock) if stock else float("nan")
    return row


def _recent(known: Known) -> tuple[Array, Array]:
    """(n, weeks) mean and standard deviation of the 26 weeks before each played one."""
    first = known.demand.shape[1] - known.weeks
    windows = [known.demand[:, max(first + k - RECENT, 0) : first + k] for k in range(known.weeks)]
    return np.stack([np.nanmean(w, axis=1) for w in windows], axis=1), np.stack([np.nanstd(w, axis=1) for w in windows], axis=1)


def _capital(found: pl.DataFrame) -> float:
    return float(found["capital_amount"].sum())
