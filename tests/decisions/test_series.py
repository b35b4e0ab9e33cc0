"""Series come and go between two forecasts; the others are decided about all the same."""

import polars as pl
import pytest

from models.demand import SERIES
from tests.decisions.house import decided, house, replace, term


@pytest.mark.parametrize(("gone", "left"), [("A", ["B"]), ("B", ["A"])])
def test_a_series_whose_only_orders_were_edited_away_is_left_out(gone: str, left: list[str]) -> None:
    inputs = house({("A", "DC"): 14.0, ("B", "DC"): 7.0}, {("A", "DC"): 0, ("B", "DC"): 0}, supplier_terms=[term("A"), term("B")])
    edited = replace(inputs, series=inputs.series.filter(pl.col("sku") != gone))
    frames = decided(edited)
    assert frames["reorder_suggestions"]["sku"].to_list() == left
    whole = decided(inputs)["reorder_suggestions"].filter(pl.col("sku") != gone)
    same = [*SERIES, "mean_demand_units", "days_of_cover", "stock_out_date"]
    assert frames["reorder_suggestions"].select(same).equals(whole.select(same))


def test_a_series_that_has_appeared_since_the_forecast_waits_for_the_next_one() -> None:
    inputs = house({("A", "DC"): 14.0, ("B", "DC"): 7.0}, {("A", "DC"): 0, ("B", "DC"): 0})
    means, quantiles = (frame.filter(pl.col("sku") == "A") for frame in (inputs.means, inputs.quantiles))
    assert decided(replace(inputs, means=means, quantiles=quantiles))["reorder_suggestions"]["sku"].to_list() == ["A"]
