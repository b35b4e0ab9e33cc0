"""The data sets of the forecasting benchmark. Here: reading them, origins, what is known at each. Not here: forecasts, scores."""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.settings import PROJECT

REFERENCE = Path(os.environ.get("FULCAST_REFERENCE_DATA", PROJECT.parent / "shared" / "data"))
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """rows: unique_id, ds, y and, where it is known, is_in_stock; statics: unique_id and attributes; season: periods a year."""

    name: str
    rows: pl.DataFrame
    statics: pl.DataFrame | None
    freq: str
    season: int
    horizon: int
    origins: int

    def cutoffs(self, skip: int = 0) -> list[date]:
        """Last known periods of the origins, newest first, one horizon apart; `skip` leaves out the newest ones."""
        dates = self.rows["ds"].unique().sort().to_list()
        return [dates[-1 - self.horizon * (k + 1 + skip)] for k in range(self.origins)]

    def known(self, cutoff: date) -> pl.DataFrame:
        """Rows up to the cutoff of the series that had sold by then, from each one's first demand on."""
        rows = self.rows.filter(pl.col("ds") <= cutoff).sort("unique_id", "ds")
        return rows.filter((pl.col("y") > 0).cum_max().over("unique_id"))

    def actual(self, cutoff: date, ids: pl.Series) -> Array:
        """(series, horizon) of what came after the cutoff; not a number where it was not seen."""
        dates = self.rows["ds"].unique().sort()
        ahead = dates.filter(dates > cutoff).head(self.horizon)
        grid = ids.to_frame("unique_id").join(ahead.to_frame("ds"), how="cross")
        return seen(grid.join(self.rows, on=["unique_id", "ds"], how="left", maintain_order="left")).reshape(len(ids), -1)


def seen(rows: pl.DataFrame) -> Array:
    """Demand as numbers; not a number where it is missing or stock was out."""
    known = pl.col("is_in_stock").fill_null(False) if "is_in_stock" in rows.columns else pl.lit(True)
    return rows.select(pl.when(known).then(pl.col("y")).cast(pl.Float64).fill_null(float("nan"))).to_series().to_numpy()


def cases(names: tuple[str, ...] = ("online_retail_ii", "m5_monthly", "vn2")) -> list[Case]:
    """The data sets of these names."""
    readers = {"online_retail_ii": online_retail_ii, "m5_monthly": m5_monthly, "vn2": vn2}
    return [readers[name]() for name in names]


def online_retail_ii() -> Case:
    """Weekly units per stock code of a UK online gift retailer; stock is unknown."""
    rows = pl.read_parquet(REFERENCE / "online_retail_ii" / "weekly_demand.parquet")
    return Case("online_retail_ii", rows, None, "W-MON", 52, 8, 3)


def m5_monthly() -> Case:
    """Monthly units of 30,490 items and stores; the first month holds three days and is left out."""
    sales = pl.read_parquet(REFERENCE / "m5_monthly" / "monthly_sales.parquet").filter(pl.col("month") > date(2011, 1, 31))
    sales = sales.with_columns(pl.col(pl.Categorical).cast(pl.String))
    sales = sales.with_columns(unique_id=pl.format("{}_{}", "item_id", "store_id"))
    statics = (
        sales.select("unique_id", "item_id", "store_id", "dept_id", "cat_id", "state_id").unique("unique_id").sort("unique_id")
    )
    return Case("m5_monthly", sales.select("unique_id", ds="month", y="sales"), statics, "MS", 12, 3, 3)


def vn2() -> Case:
    """Weekly sales of 599 store-products with their in-stock flags."""
    key = pl.format("{}_{}", "Store", "Product")
    sales = pl.read_parquet(REFERENCE / "vn2" / "sales_in_stock_week0.parquet")
    rows = sales.select(unique_id=key, ds="week", y="sales", is_in_stock="in_stock")
    statics = pl.read_parquet(REFERENCE / "vn2" / "master.parquet").select(key.alias("unique_id"), pl.all().cast(pl.String))
    return Case("vn2", rows, statics, "W-MON", 52, 3, 3)
