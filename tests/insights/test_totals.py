"""The totals of the demo merchant's forecasts add up to its series'; what is learnt of the past is used."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy import stats

from dashboards.queries import totals as page
from models.forecast.together import UNTOLD
from pipelines.insights.totals import LEVELS, together
from pipelines.warehouse.snapshots import current, open_snapshot


def test_every_level_sums_to_the_series(demo_home) -> None:
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        weeks = connection.sql("""
            WITH series AS (SELECT cutoff_date + 7 * (horizon - 1)::INTEGER + 1 AS week, sum(mean_units) AS units FROM forecast_means GROUP BY ALL)
            SELECT t.level, max(abs(t.units - s.units)) AS off, count(*) AS weeks FROM (
                SELECT level, period_start_date AS week, sum(mean_units) AS units FROM forecast_totals WHERE period_kind = 'week' GROUP BY ALL
            ) t JOIN series s USING (week) GROUP BY level
        """).pl()
        assert sorted(weeks["level"]) == ["category", "location", "sku", "total"]
        assert weeks["off"].max() == pytest.approx(0, abs=0.01) and weeks["weeks"].unique().to_list() == [13]
        for level in ("sku", "category", "location", "total"):
            name = page.names(connection, level)["name"][0]
            for period in ("week", "month"):
                rows = page.fan(connection, level, name, period)
                assert rows["actual_units"].sum() > 0 and rows["mean_units"].sum() > 0
        rates = connection.sql("SELECT sum(weekday_rate) AS whole FROM forecast_weekdays GROUP BY sku, location_id").pl()
        assert rates["whole"].to_numpy() == pytest.approx(1.0)


def test_what_was_forecast_before_tells_how_far_series_go_together() -> None:
    rng, rows = np.random.default_rng(0), []
    for cutoff in range(20):
        for horizon in range(1, 5):
            common = rng.standard_normal()
            for k in range(40):
                z = np.sqrt(0.3) * common + np.sqrt(0.7) * rng.standard_normal()
                actual = float(stats.poisson.ppf(stats.norm.cdf(z), 50))
                rows.append((f"S{k}", "L", date(2025, 1, 1 + cutoff), horizon, 50.0, actual))
    columns = ["sku", "location_id", "cutoff_date", "horizon", "mean_units", "actual_units"]
    history = pl.DataFrame(rows, schema=columns, orient="row")
    history = history.with_columns(pl.lit(float(stats.poisson.ppf(q, 50))).alias(name) for name, q in LEVELS.items())
    products = pl.DataFrame({"sku": [f"S{k}" for k in range(40)], "category": ["A", "B"] * 20})
    found = together(history, products)
    assert found.everything == pytest.approx(0.3, abs=0.07) and found.lasting < 0.2
    assert together(history.clear(), products) == UNTOLD
