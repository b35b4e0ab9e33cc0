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
from models.safety_stock import stock_levels, wanted
from models.simulate import Bounded, MinMax, Shelf, outcome, simulate
from models.spreads import ORIGINS, dispersions_of, looked_back, squared_errors

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
WEEKS_A_YEAR = 52
WEEK = "W-MON"
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
    past = past_forecasts(known)
    played = {TEXTBOOK: textbook_levels(known), BY_HAND: by_hand_levels(known)}
    found = {name: play(known, *levels, seed) for name, levels in played.items()}
    ours = play(known, *our_levels(known, past, seed), seed)
    if budget is not None and _capital(ours) > budget:
        low, high = known.holding_rate, known.holding_rate * 2**10
        for _ in range(7):
            rate = float(np.sqrt(low * high))
            tried = play(known, *our_levels(replace(known, holding_rate=rate), past, seed), seed)
            low, high, ours = (low, rate, tried) if _capital(tried) <= budget else (rate, high, ours)
    return {OURS: ours} | found


@dataclass(frozen=True)
class Made:
    """What would have been known by the end of each week before a played one: means (weeks, n, horizon), quantiles (weeks, n, horizon, levels),
    correlation of weeks, and dispersions (weeks, n), not a number where nothing was known of errors yet.
    """

    means: Array
    quantiles: Array
    together: float
    dispersions: Array


def past_forecasts(known: Known) -> Made:
    """Forecasts as they would have been made. What was chosen is chosen before the first of them; later ones only refresh."""
    horizon = int(known.lead_times.max(initial=0)) + 2
    dates = known.weekly["ds"].unique().sort()
    means, quantiles = [], []
    selection: Selection | None = None
    for origin in dates[-known.weeks - 1 : -1]:
        forecast = forecast_series(known.weekly.filter(pl.col("ds") <= origin), WEEK, horizon, selection=selection)
        selection = forecast.selection
        means.append(forecast.table["mean"].to_numpy().reshape(len(known.demand), horizon))
        quantiles.append(forecast.table.select(pl.col("^q0.*$")).to_numpy().reshape(len(known.demand), horizon, -1))
    together = selection.together if selection else 0.0
    return Made(np.stack(means), np.stack(quantiles), together, _dispersions(known, np.stack(means)[:, :, 0]))


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


def our_levels(known: Known, past: Made, seed: int = 0) -> tuple[Array, Array]:
    """Reorder point and order-up-to level (n, weeks) at each week's end: what the product decides by costs from the forecast made then."""
    names, horizon = [f"{i:07}" for i in range(len(known.demand))], past.means.shape[2]
    series = pl.DataFrame(
        {"sku": names, "location_id": "", "lead_time_days": 7.0 * known.lead_times.mean(axis=1), "lead_time_std_days": 7.0 * known.lead_times.std(axis=1),
         "review_period_days": 7.0, "aim": COST, "holding_amount": known.holding_amount / 7, "shortage_amount": known.margin_amount,
         "moq_units": known.moq, "case_pack_units": known.pack, "is_lost": True}
    )  # fmt: skip
    grid = series.select("sku", "location_id").join(
        pl.DataFrame({"horizon": range(1, horizon + 1)}), how="cross", maintain_order="left_right"
    )
    point, level = np.empty((len(names), known.weeks)), np.empty((len(names), known.weeks))
    for week, (mean, quantile) in enumerate(zip(past.means, past.quantiles, strict=True)):
        means = grid.with_columns(mean_units=pl.Series(mean.ravel()), week_correlation=pl.lit(past.together))
        quantiles = grid.with_columns(quantile=pl.lit(LEVELS.tolist())).explode("quantile")
        quantiles = quantiles.with_columns(forecast_units=pl.Series(quantile.ravel()))
        apart = series.with_columns(dispersion_rate=pl.Series(past.dispersions[week]).fill_nan(None))
        found = stock_levels(wanted(apart, means, quantiles, seed=seed + week))
        point[:, week], level[:, week] = found.select("reorder_point_units", "order_up_to_level_units").to_numpy().T
    return point, level


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


def play(known: Known, point: Array, level: Array, seed: int = 0) -> pl.DataFrame:
    """What these levels would have cost over the played weeks; the first turn, which nobody's order reaches, is not counted."""
    n, lead = len(known.demand), int(known.lead_times.max(initial=0))
    at_last = np.concatenate([point[:, 1:], point[:, -1:]], axis=1), np.concatenate([level[:, 1:], level[:, -1:]], axis=1)
    mean = _recent(known)[0][:, 0]
    start = np.ceil(mean * (known.lead_times.mean(axis=1) + 1))
    shelf = Shelf(
        start, np.zeros((n, 0)), known.lead_times, known.holding_amount, known.margin_amount, np.zeros(n), review=1, is_lost=True
    )
    policy = Bounded(MinMax(*at_last), known.moq, known.pack)
    counted = np.arange(known.weeks) > lead
    found = simulate(policy, shelf, known.demand[:, -known.weeks :], counted=counted, seed=seed)
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
