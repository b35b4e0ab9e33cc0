"""What a forecast rests on adds up to it, and so does what changed; the example of the docstring."""

import polars as pl
import pytest

from models.changes import Means, drivers_shown, explained
from models.forecast import forecast
from models.forecast.drivers import COLUMNS, DRIVERS
from tests.models.builders import CUTOFF, series_of, weekly_of


def means(units: float) -> pl.DataFrame:
    return pl.DataFrame({"sku": "S000", "location_id": "L", "horizon": [1, 2], "mean_units": [units - 1, units + 1]})


def drivers(promotion: float = 0.0, total: float = 12.5) -> pl.DataFrame:
    row = (
        {"sku": "S000", "location_id": "L"}
        | dict.fromkeys(DRIVERS, 0.0)
        | {"recent_units": total - promotion, "promotion_units": promotion}
    )
    return pl.DataFrame([row | {name: None for name in COLUMNS if name not in row}], schema=COLUMNS)


WEEKLY = weekly_of([[8, 12, 10]])
NONE_BEFORE = pl.DataFrame(schema={"sku": pl.String, "location_id": pl.String, "cutoff_date": pl.Date, "mean_units": pl.Float64,
                                   "promotion_units": pl.Float64, "people_units": pl.Float64})  # fmt: skip
BEFORE = pl.DataFrame({"sku": "S000", "location_id": "L", "cutoff_date": CUTOFF, "mean_units": 10.0, "promotion_units": 0.0, "people_units": 0.0},
                      schema=NONE_BEFORE.schema)  # fmt: skip


def test_the_docstrings_example():
    row = explained(drivers(), WEEKLY, WEEKLY, Means(means(12.5), means(13.0), means(12.0)), BEFORE).row(0, named=True)
    assert (row["new_demand_units"], row["selection_units"], row["promotion_change_units"], row["people_change_units"]) == (
        2.0,
        0.5,
        0.0,
        0.5,
    )
    assert row["reason"] == f"+3.0 a week since {CUTOFF}: +2.0 new demand, +0.5 models chosen again, +0.5 what people know."
    assert row["imported_units"] == 10.0
    assert row["stock_out_units"] == pytest.approx(2.5)


def test_weeks_on_sale_before_the_first_demand_count_as_in_the_forecast():
    late = weekly_of([[0, 0, 8, 12, 10]])
    row = explained(drivers(total=6.0), late, late, Means(means(6.0), means(6.0), means(6.0)), NONE_BEFORE).row(0, named=True)
    assert (row["imported_units"], row["stock_out_units"]) == (6.0, 0.0)


def test_a_promotion_that_began_is_told_apart_from_new_demand():
    row = explained(drivers(promotion=2.0), WEEKLY, WEEKLY, Means(means(12.5), means(12.5), means(12.5)), BEFORE).row(
        0, named=True
    )
    assert (row["promotion_change_units"], row["new_demand_units"]) == (2.0, 0.5)


def test_the_first_forecast_has_nothing_to_differ_from():
    row = explained(drivers(), WEEKLY, WEEKLY, Means(means(12.5), means(12.5), means(12.5)), NONE_BEFORE).row(0, named=True)
    assert (
        row["reason"] == "First forecast of this series." and row["new_demand_units"] is None and row["selection_units"] is None
    )


def test_drivers_of_a_real_forecast_sum_to_it_for_every_kind_of_series():
    """With a hidden week, a new product, one that never sold, one that ends, and a promotion."""
    weekly = weekly_of([[5, 7, 9, 4, 6] * 5 + [5, 7, 1, 4, 6], [3, 0, 0, 5, 0] * 6, [4, 6], [0] * 10, [9] * 20],
                       [[7, 7, 7, 7, 7] * 5 + [7, 7, 1, 7, 7], [7] * 30, [7] * 2, [7] * 10, [7] * 20])  # fmt: skip
    promoted = pl.when(pl.col("week") > -2).then(0.5).otherwise(0.0)
    weekly = weekly.with_columns(promoted_rate=promoted, price_rate=pl.lit(1.0))
    kinds = pl.when(pl.col("sku").is_in(["S002", "S003"])).then(pl.lit("new")).otherwise(pl.lit("smooth"))
    series = series_of(weekly, discontinued={"S004": CUTOFF.replace(day=20)}).with_columns(demand_class=kinds)
    made = forecast(weekly, series, CUTOFF, 6, explained=True)
    rows = explained(made.drivers, weekly, weekly, Means(made.means, made.means, made.means), NONE_BEFORE)
    sums = rows.select("sku", "mean_units", total=pl.sum_horizontal(drivers_shown()))
    assert sums["total"].to_list() == pytest.approx(sums["mean_units"].to_list(), abs=1e-9)
    by_sku = {row["sku"]: row for row in rows.iter_rows(named=True)}
    assert by_sku["S000"]["stock_out_units"] > 0
    assert by_sku["S002"]["look_alikes_units"] != 0 and by_sku["S003"]["winner"] == "look-alikes"
    assert by_sku["S004"]["life_units"] < 0
