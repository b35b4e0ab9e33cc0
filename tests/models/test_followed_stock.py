"""Levels that follow stock: more on its way never raises an order, whole weeks equal days, and unknown stock changes nothing."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from models.levels import AIMS, COST
from models.safety_stock import Wanted, stock_levels, wanted

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
N = 16


def levels(aim: str, stock: pl.DataFrame | None, lead: list[float], **columns: object) -> pl.DataFrame:
    return stock_levels(known_of(aim, stock, lead, **columns))


def known_of(aim: str, stock: pl.DataFrame | None, lead: list[float], only: list[str] | None = None, **columns: object) -> Wanted:
    """N series, or the ones named."""
    rng = np.random.default_rng(1)
    names, weekly = [f"S{i:02}" for i in range(N)], rng.uniform(0.3, 20, N)
    series = pl.DataFrame(
        {"sku": names, "location_id": "L", "lead_time_days": np.resize(lead, N), "lead_time_std_days": 0.0, "review_period_days": 7.0, "aim": aim,
         "target_rate": pl.Series([None if aim == COST else 0.95] * N, dtype=pl.Float64), "holding_amount": 0.01, "shortage_amount": 3.0,
         "is_lost": True, "dispersion_rate": 1.5} | columns
    )  # fmt: skip
    means = pl.DataFrame(
        {"sku": np.repeat(names, 8), "location_id": "L", "horizon": [*range(1, 9)] * N, "mean_units": np.repeat(weekly, 8), "week_correlation": 0.2}
    )  # fmt: skip
    units = stats.poisson.ppf(np.tile(QUANTILES, 8 * N), np.repeat(weekly, 8 * len(QUANTILES)))
    quantiles = means.join(pl.DataFrame({"quantile": QUANTILES}), how="cross", maintain_order="left_right")
    part = series if only is None else series.filter(pl.col("sku").is_in(only))
    return wanted(part, means, quantiles.with_columns(forecast_units=units), stock=stock)


def standing(units: int, days: list[int] | int = 0, there: int = 0) -> pl.DataFrame:
    """So many of each series on the shelf, and `units` more in `days`."""
    rows = {"sku": [f"S{i:02}" for i in range(N)], "location_id": "L"}
    now = pl.DataFrame(rows | {"days": [0] * N, "units": there})
    return pl.concat([now, pl.DataFrame(rows | {"days": np.resize(days, N).tolist(), "units": units})])


@pytest.mark.parametrize("aim", AIMS)
def test_more_on_its_way_never_raises_an_order_and_lowers_it_by_no_more_than_itself(aim: str):
    days, lead = [0, 3, 9, 16, 30], [4.0, 11.5, 28.0, 35.0]
    steps = [0, 1, 3, 10, 40, 400]
    orders = [
        (levels(aim, standing(units, days, 3), lead)["order_up_to_level_units"] - 3 - units).to_numpy()
        for units in steps
    ]  # fmt: skip
    for fewer, more, units in zip(orders, orders[1:], np.diff(steps), strict=False):
        assert (np.maximum(more, 0) <= np.maximum(fewer, 0)).all() and (more >= fewer - units).all()


def test_what_is_followed_is_told_apart():
    """Level = mean − lost + safety stock; nothing is lost with plenty, all of the lead time without any."""
    none, plenty = (levels("cost", standing(units), [14.0]) for units in (0, 10_000))
    assert plenty["expected_lost_units"].to_list() == [0.0] * N
    lead_units = none["mean_demand_units"] * 2 / 3
    assert none["expected_lost_units"].to_numpy() == pytest.approx(lead_units.to_numpy(), rel=0.12, abs=0.2)
    for found in (none, plenty):
        adds_up = found["mean_demand_units"] - found["expected_lost_units"] + found["safety_stock_units"]
        assert adds_up.to_list() == pytest.approx(found["order_up_to_level_units"].to_list())


def test_whole_weeks_are_followed_as_days_are():
    weeks, lead = standing(9, [7, 14], 4), [14.0, 28.0]
    one = pl.DataFrame(
        {"sku": ["S00"], "location_id": "L", "days": [100], "units": [0]}, schema=weeks.schema
    )  # asks for days, and changes nothing else
    by_week, by_day = (levels("cost", stock, lead) for stock in (weeks, pl.concat([weeks, one])))
    assert by_day["order_up_to_level_units"].to_list() == by_week["order_up_to_level_units"].to_list()
    assert by_day["expected_lost_units"].to_list() == pytest.approx(by_week["expected_lost_units"].to_list(), abs=1e-2)


def test_unknown_stock_and_a_width_of_one_change_nothing():
    plain = levels("cost", None, [14.0])
    assert levels("cost", standing(5).clear(), [14.0]).equals(plain)
    owed = levels("cost", None, [14.0], is_lost=False)
    assert levels("cost", standing(5), [14.0], is_lost=False).equals(owed), "what is missing there is waited for"
    assert levels("cost", None, [14.0], width=1.0).select(plain.columns).equals(plain)
    assert (levels("cost", None, [14.0], width=0.5)["order_up_to_level_units"] <= plain["order_up_to_level_units"]).all()


def test_series_drawn_anew_are_as_if_drawn_alone_and_the_others_stay():
    """Every other series gets 8 more."""
    named = [f"S{i:02}" for i in range(1, N, 2)]
    before, more = known_of("cost", standing(3), [14.0, 28.0]), standing(8, 7)
    alone = known_of("cost", more, [14.0, 28.0], named)
    after = stock_levels(before.renewed(alone))
    is_new = pl.col("sku").is_in(named)
    assert after.filter(is_new).equals(stock_levels(alone))
    assert after.filter(~is_new).equals(stock_levels(before).filter(~is_new))
    assert not after.equals(stock_levels(before))
