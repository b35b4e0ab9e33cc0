"""Charts that are given to the page as a spec."""

import json
from datetime import date

import altair as alt
import polars as pl

from dashboards import charts

WAREHOUSES = pl.DataFrame(
    {"location_id": ["BHX", "CDG"], "location_name": ["Birmingham", "Paris"], "latitude": [52.5, 49.0], "longitude": [-1.9, 2.5],
     "value": [0.97, None], "counted": [120, 4]}
)  # fmt: skip


def test_the_map_holds_its_warehouses_and_is_a_chart_of_vega_lite() -> None:
    spec = json.loads(json.dumps(charts.places(WAREHOUSES)))
    ground, points = spec["layer"]
    assert [(row["location_id"], row["longitude"], row["value"]) for row in points["data"]["values"]] == [
        ("BHX", -1.9, 0.97),
        ("CDG", 2.5, None),
    ]
    ground["data"] = {"values": []}  # Altair would check each point of the coast
    alt.LayerChart.from_dict(spec | {"$schema": "https://vega.github.io/schema/vega-lite/v6.json"})


def test_the_map_is_the_same_while_another_page_changes_what_altair_keeps_for_the_whole_process() -> None:
    alone = charts.places(WAREHOUSES)
    with alt.theme.enable("none"):
        assert charts.places(WAREHOUSES) == alone


def test_a_fan_draws_no_layer_of_which_there_is_nothing_to_see() -> None:
    """The browser warns of a layer without rows: weeks that were all seen, no year before, nothing that people changed."""
    weeks = pl.DataFrame({"week_end": [date(2026, 11, 22), date(2026, 11, 29)], "actual": [3.0, None], "seen_days": [7.0, None]})
    blank = {name: pl.lit(None, pl.Float64) for name in ("last_year", "statistical", "then")}
    ahead = {name: pl.Series([None, 4.0]) for name in ("mean", "low", "high")}
    fan = weeks.with_columns(**blank, **ahead)
    marks = [layer["mark"]["type"] for layer in charts.forecast_fan(fan).to_dict()["layer"]]
    assert marks == ["bar", "area", "line"]
    hidden = fan.with_columns(seen_days=pl.Series([2.0, None]), last_year=pl.Series([1.0, 2.0]))
    assert [layer["mark"]["type"] for layer in charts.forecast_fan(hidden).to_dict()["layer"]] == [
        "rect",
        "bar",
        "line",
        "area",
        "line",
    ]
    assert charts.forecast_fan(fan.clear()).to_dict()["layer"]
