"""A series is drawn the same whichever others are drawn beside it, and as its distribution says."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from models.chance import Chance, keys_of
from models.safety_stock import stock_levels, wanted


def test_draws_follow_their_distributions_and_belong_to_their_key():
    both, one = Chance(3, np.array([7, 8])), Chance(3, np.array([8]))
    normal, alone = both.standard_normal((2, 20_000)), one.standard_normal((1, 20_000))
    assert (normal[1] == alone[0]).all() and stats.kstest(normal[0], "norm").pvalue > 0.01
    assert abs(np.corrcoef(normal)[0, 1]) < 0.03
    days = both.gamma(np.array([[4.0], [9.0]]), np.array([[2.0], [1.0]]), (2, 20_000))
    assert days.mean(axis=1) == pytest.approx([8, 9], rel=0.02) and stats.kstest(days[1], "gamma", (9.0,)).pvalue > 0.01
    some = both.binomial(np.full((2, 20_000), 10), 0.3)
    assert some.mean(axis=1) == pytest.approx([3, 3], rel=0.03)
    assert Chance(3, np.zeros(0, np.int64)).standard_normal((0, 5)).shape == (0, 5)
    assert keys_of(["A\x1fDC"]).tolist() == [1_851_170_338], "another number would move every level by chance"


def test_levels_of_a_series_are_the_same_beside_any_others():
    rng = np.random.default_rng(1)
    names = [f"S{i:02}" for i in range(40)]
    series = pl.DataFrame({
        "sku": names, "location_id": "L", "lead_time_days": rng.uniform(3, 60, 40), "lead_time_std_days": 2.0, "review_period_days": 7.0,
        "target_rate": 0.95,
    })  # fmt: skip
    weeks = pl.DataFrame({"horizon": range(1, 14)})
    means = (
        series.select("sku", "location_id", mean_units=pl.Series(rng.uniform(0.1, 9, 40)))
        .join(weeks, how="cross")
        .with_columns(week_correlation=0.1)
    )
    quantiles = means.join(pl.DataFrame({"quantile": [0.1, 0.5, 0.9], "rate": [0.2, 0.9, 2.0]}), how="cross")
    quantiles = quantiles.with_columns(forecast_units=(pl.col("mean_units") * pl.col("rate")).round())
    every = stock_levels(wanted(series, means, quantiles))
    some = stock_levels(wanted(series[5:9], means, quantiles))
    assert some.equals(every.join(some.select("sku"), on="sku", how="semi"))
