"""The world that service is played in: demo merchants whose true demand is known, and what the product would have forecast of them week by week.

Here: demand, what the forecast is told, forecasts and how far they had erred by then, lead times. Not here: levels, play (service.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.demand import SERIES, promoted_ahead, series_facts, weekly_history, with_conditions
from models.forecast import Forecast, choose, forecast
from models.forecast.engine import LEVELS
from models.spreads import ORIGINS, dispersions_of, squared_errors
from pipelines.demo.days import DayLoop
from pipelines.demo.plan import Plan
from pipelines.demo.seasons import Promotions, draw_promotions, expected_lines
from pipelines.demo.stock import CELLS, Stock
from pipelines.demo.world import CATEGORIES, PRODUCTS, SUPPLIERS, WAREHOUSES, build_world
from pipelines.demo.world import World as Demo

Array = NDArray[np.float64]
END, DAYS, ORDERS = date(2026, 11, 22), 728, 60_000
WARM_WEEKS, COUNTED_WEEKS, ERROR_WEEKS, HORIZON = 13, 26, 13, 13
PLAYED = WARM_WEEKS + COUNTED_WEEKS
DRAWS = 200
LATE_CHANCE, LATE_DAYS, LEAST_LEAD_DAYS = 0.09, (4, 13), 2  # of the demo's suppliers


@dataclass(frozen=True)
class World:
    """n series: daily demand (n, days), forecasts by the end of each week (origins, n, weeks …), lead times (n, DRAWS) days, terms, cost of a unit."""

    daily: Array
    means: Array
    quantiles: Array
    together: Array
    dispersions: Array
    lead_days: NDArray[np.int64]
    review_days: Array
    unit_cost: Array

    @property
    def weekly(self) -> Array:
        """(n, weeks)."""
        return self.daily.reshape(len(self.daily), -1, 7).sum(axis=2)


def world_of(seed: int, series: int) -> World:
    """The best-selling series of a demo merchant by true demand, forecast at the end of each week as the product would have."""
    plan = Plan(ORDERS, DAYS, seed, END)
    demo = build_world(plan)
    promotions = draw_promotions(demo, plan)
    every = _demand(plan, demo, promotions)
    cells = np.sort(np.argsort(-every.sum(axis=1), kind="stable")[:series])
    daily, product = every[cells], cells % PRODUCTS
    rng = np.random.default_rng(seed)
    mean, std, review = (np.array([row[k] for row in SUPPLIERS], dtype=np.float64)[demo.supplier[product]] for k in (3, 4, 5))
    shape = (len(cells), DRAWS)
    late = np.where(rng.random(shape) < LATE_CHANCE, rng.integers(*LATE_DAYS, shape, endpoint=True), 0)
    lead = np.maximum(np.rint(rng.normal(mean[:, None], std[:, None], shape)), LEAST_LEAD_DAYS) + late
    means, quantiles, together = _figures(_forecasts(plan, demo, promotions, daily, cells), _names(demo, cells))
    weekly = daily.reshape(len(cells), -1, 7).sum(axis=2)
    dispersions = _dispersions(means, weekly)
    return World(daily, means, quantiles, together, dispersions, lead.astype(np.int64), review, demo.cost[product] / 100)


def _demand(plan: Plan, demo: Demo, promotions: Promotions) -> Array:
    """(warehouses × products, days) units wanted, of all channels, as the demo lives through its days."""
    expected = expected_lines(demo, promotions, plan)
    loop = DayLoop(demo, plan, Stock(demo, plan, expected), expected)
    daily = np.zeros((CELLS, DAYS))
    for export in plan.exports():
        wanted_units = loop.run(export.first_day, export.last_day).demand
        np.add.at(daily, (wanted_units["key"] % CELLS, wanted_units["day"]), wanted_units["demand_units"])
    return daily


def _names(demo: Demo, cells: NDArray[np.int64]) -> pl.DataFrame:
    """row, sku, location_id of each series."""
    places = [WAREHOUSES[cell // PRODUCTS][0] for cell in cells]
    return pl.DataFrame({"sku": [demo.sku[cell % PRODUCTS] for cell in cells], "location_id": places}).with_row_index("row")


def _forecasts(plan: Plan, demo: Demo, promotions: Promotions, daily: Array, cells: NDArray[np.int64]) -> Iterator[Forecast]:
    """By the end of each week, oldest first: models chosen once, at the first of them, from what was known then, and refreshed later."""
    history, products, planned = (
        _history(plan, demo, promotions, daily, cells),
        _products(plan, demo),
        _planned(demo, promotions, plan),
    )
    selection = None
    for cutoff in (END - timedelta(weeks=back) for back in range(PLAYED + ERROR_WEEKS, -1, -1)):
        until, begun = history.filter(pl.col("demand_date") <= cutoff), planned.filter(pl.col("start_date") <= cutoff)
        weekly = with_conditions(weekly_history(until, cutoff), until, begun, cutoff)
        ended = pl.when(pl.col("discontinued_date") <= cutoff).then("discontinued_date")
        series = series_facts(until, weekly, until).join(products.with_columns(discontinued_date=ended), on="sku")
        series = series.join(_countries(), on="location_id")
        ahead = promoted_ahead(series, begun, cutoff, HORIZON)
        selection = selection or choose(weekly, series, cutoff, HORIZON, ahead)[0]
        yield forecast(weekly, series, cutoff, HORIZON, selection, ahead)


def _history(plan: Plan, demo: Demo, promotions: Promotions, daily: Array, cells: NDArray[np.int64]) -> pl.DataFrame:
    """models.demand.daily_demand of fully seen days: rows for days with demand and for each one's first on sale; price_rate by the price cuts of
    promotions."""
    launch = np.maximum(demo.launch_day[cells % PRODUCTS], 0)
    has_row = daily > 0
    has_row[np.arange(len(cells)), np.minimum(launch, DAYS - 1)] = True
    row, day = np.nonzero(has_row)
    sold = pl.DataFrame(
        {"row": row.astype(np.uint32), "demand_date": [plan.date_of(int(d)) for d in day], "demand_units": daily[row, day], "seen_rate": 1.0, "channel": "all",
         "price_rate": 1 - promotions.cut[day, cells[row] % PRODUCTS] / 100}
    )  # fmt: skip
    return sold.join(_names(demo, cells), on="row").drop("row")


def _products(plan: Plan, demo: Demo) -> pl.DataFrame:
    days = {"launched_date": demo.launch_day, "discontinued_date": np.minimum(demo.last_day, DAYS + 365)}
    dates = {name: [plan.date_of(day) for day in column] for name, column in days.items()}
    kinds = {"category": [CATEGORIES[c] for c in demo.category], "supplier_id": [SUPPLIERS[s][0] for s in demo.supplier]}
    return pl.DataFrame({"sku": demo.sku[:PRODUCTS], "brand": demo.brand[:PRODUCTS], **kinds, **dates})


def _planned(demo: Demo, promotions: Promotions, plan: Plan) -> pl.DataFrame:
    first, last = ([plan.date_of(day) for day in days] for days in (promotions.first_day, promotions.last_day))
    return pl.DataFrame({"sku": [demo.sku[p] for p in promotions.product], "start_date": first, "end_date": last})


def _countries() -> pl.DataFrame:
    return pl.DataFrame({"location_id": [place[0] for place in WAREHOUSES], "country_code": [place[2] for place in WAREHOUSES]})


def _figures(made: Iterator[Forecast], names: pl.DataFrame) -> tuple[Array, Array, Array]:
    """Means (origins, n, weeks), quantiles (origins, n, weeks, levels), and how far weeks go together (origins,); 0 of series not yet sold."""
    n, many = names.height, PLAYED + ERROR_WEEKS + 1
    means, quantiles, together = np.zeros((many, n, HORIZON)), np.zeros((many, n, HORIZON, len(LEVELS))), np.zeros(many)
    for at, one in enumerate(made):
        rows = one.means.join(names, on=SERIES)
        means[at, rows["row"], rows["horizon"] - 1] = rows["mean_units"]
        levels = one.quantiles.join(names, on=SERIES).sort("row", "horizon", "quantile")
        quantiles[at, levels["row"].unique(maintain_order=True)] = (
            levels["forecast_units"].to_numpy().reshape(-1, HORIZON, len(LEVELS))
        )
        together[at] = rows["week_correlation"][0]
    return means, quantiles, together


def _dispersions(means: Array, weekly: Array) -> Array:
    """(weeks, n) what dispersions had been learnt by the end of each played week, from the forecasts made until then."""
    last = weekly.shape[1] - len(means) + 1
    ids = pl.int_range(len(weekly), eager=True)
    errors = [squared_errors(ids, means[at, :, 0], weekly[:, last + at]) for at in range(len(means) - 1)]
    found = np.full((PLAYED + 1, len(weekly)), np.nan)
    for week in range(PLAYED + 1):
        learnt = dispersions_of(pl.concat(errors[: ERROR_WEEKS + week][-ORIGINS:]))
        found[week, learnt["unique_id"].to_numpy()] = learnt["dispersion_rate"].to_numpy()
    return found
