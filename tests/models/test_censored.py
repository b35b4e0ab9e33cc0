"""The benchmark of censored demand on the small demo merchant: days masked beat raw sales where it can be told from chance."""

from datetime import timedelta
from pathlib import Path

import polars as pl

from benchmarks.censored import END, WEEKS, errors, with_stock_outs
from models.demand import SERIES
from pipelines.demo.rates import expected_demand


def test_masked_days_find_again_what_raw_sales_forget(demo_files: Path) -> None:
    truth = pl.read_parquet(demo_files / "truth" / "demand" / "*.parquet")
    wanted = truth.group_by(*SERIES, demand_date="date").agg(pl.col("demand_units").sum())
    sold = with_stock_outs(wanted, END, 200)
    assert 0.17 < sold["is_censored"].mean() < 0.23
    assert sold.filter("is_censored")["demand_units"].sum() == 0
    seen = sold.filter(~pl.col("is_censored"), pl.col("demand_units") > 0).drop("is_censored")
    assert seen.join(wanted, on=wanted.columns, how="anti").is_empty()
    found = errors(wanted, sold, expected_demand(2500, 200, 11, END), END - timedelta(weeks=WEEKS))
    assert found["raw"]["bias, wanted"] < found["masked"]["bias, wanted"] - 0.1
    assert abs(found["masked"]["bias, expected"]) < abs(found["raw"]["bias, expected"]) - 0.1
    assert found["masked"]["WAPE of each series' total, expected"] < found["raw"]["WAPE of each series' total, expected"]
