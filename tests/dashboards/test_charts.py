"""Charts that are given to the page as a spec."""

import json

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
