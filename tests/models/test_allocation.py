"""Order allocation: hand-built cases, and properties of random ones."""

from datetime import UTC, datetime, timedelta
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.allocation import BACKORDER, SCHEMA, allocate, distance_km
from tests.models.builders import QUICK, frame

START = datetime(2026, 3, 1, tzinfo=UTC)
LINES = {
    "channel": pl.String, "order_id": pl.String, "sku": pl.String, "ordered_at": pl.Datetime("us", "UTC"), "is_expedited": pl.Boolean,
    "ship_to_country_code": pl.String, "home_location_id": pl.String, "open_units": pl.Int64,
}  # fmt: skip
STOCK = {"location_id": pl.String, "sku": pl.String, "on_hand_units": pl.Int64}
PLACES = {"location_id": pl.String, "latitude": pl.Float64, "longitude": pl.Float64}
LONDON, PARIS, WARSAW, NOWHERE = ("LONDON", 51.5, -0.1), ("PARIS", 48.9, 2.3), ("WARSAW", 52.2, 21.0), ("NOWHERE", None, None)
COUNTRIES = pl.DataFrame({"country_code": ["GB", "FR", "PL"], "latitude": [54.0, 46.6, 52.1], "longitude": [-2.5, 2.5, 19.4]})


def line(order_id: str, units: int, **facts: object) -> dict[str, object]:
    usual = {"channel": "web", "sku": "CUP", "ordered_at": START, "is_expedited": False, "ship_to_country_code": "GB"}
    return usual | {"order_id": order_id, "open_units": units, "home_location_id": "WARSAW"} | facts


def served(lines: list[dict], stock: list[tuple], places: tuple = (LONDON, PARIS, WARSAW, NOWHERE)) -> pl.DataFrame:
    return allocate(frame(LINES, lines), frame(STOCK, stock), frame(PLACES, list(places)), COUNTRIES)


def units(found: pl.DataFrame) -> list[tuple]:
    return found.select("order_id", "location_id", "allocated_units").rows()


def test_london_to_paris():
    assert distance_km(51.5, -0.1, 48.9, 2.3) == pytest.approx(340, abs=5)
    assert distance_km(10, 20, 10, 20) == 0
    assert distance_km(0, 0, 0, 180) == pytest.approx(20015, abs=1)


def test_the_nearest_with_stock_serves_and_the_runner_up_is_named():
    found = served([line("o", 2)], [("PARIS", "CUP", 5), ("WARSAW", "CUP", 5), ("LONDON", "CUP", 0)])
    row = found.row(0, named=True)
    assert (row["location_id"], row["allocated_units"], row["runner_up_location_id"]) == ("PARIS", 2, "WARSAW")
    assert row["reason"].startswith("nearest with stock left (")
    assert "1 nearer without" in row["reason"]
    assert "WARSAW is" in row["reason"]


def test_a_line_is_split_and_its_rest_waits():
    found = served([line("o", 9)], [("LONDON", "CUP", 4), ("PARIS", "CUP", 3)])
    assert units(found) == [("o", "LONDON", 4), ("o", "PARIS", 3), ("o", BACKORDER, 0)]
    assert found["reason"].to_list()[-1] == "no location has stock for the rest of it: 2 units wait for the next receipt"


def test_expedited_first_then_the_oldest():
    hour, day = timedelta(hours=1), timedelta(days=1)
    lines = [line("old", 1), line("new", 1, ordered_at=START + hour), line("fast", 1, is_expedited=True, ordered_at=START + day)]
    found = served(lines, [("LONDON", "CUP", 2)])
    assert units(found) == [("fast", "LONDON", 1), ("old", "LONDON", 1), ("new", BACKORDER, 0)]
    assert found["reason"][0].startswith("expedited: nearest with stock (")
    assert found["reason"][0].endswith("; no other has stock")


@pytest.mark.parametrize("country", [None, "XX"])
def test_where_distance_is_unknown_the_orders_own_location_serves_first(country: str | None):
    found = served([line("o", 3, ship_to_country_code=country)], [(p, "CUP", 1) for p in ("LONDON", "PARIS", "WARSAW")])
    assert units(found) == [("o", "WARSAW", 1), ("o", "LONDON", 1), ("o", "PARIS", 1)]
    assert found["reason"][0] == "first with stock (distance unknown)"
    assert found["distance_km"].null_count() == 3


def test_a_place_without_coordinates_serves_last_unless_it_is_the_orders_own():
    stock = [("NOWHERE", "CUP", 1), ("WARSAW", "CUP", 1)]
    assert units(served([line("o", 1)], stock)) == [("o", "WARSAW", 1)]
    assert units(served([line("o", 1, home_location_id="NOWHERE")], stock)) == [("o", "NOWHERE", 1)]


@pytest.mark.parametrize("on_hand", [None, 0, -3])
def test_unknown_empty_and_negative_stock_serve_nothing(on_hand: int | None):
    assert units(served([line("o", 2)], [("LONDON", "CUP", on_hand)])) == [("o", BACKORDER, 0)]


def test_nothing_open_and_nothing_in_stock():
    assert served([], [("LONDON", "CUP", 1)]).columns == [*LINES, *SCHEMA]
    assert units(served([line("o", 1)], [], places=())) == [("o", BACKORDER, 0)]


@QUICK
@given(st.integers(0, 10**6))
def test_random_allocations(seed: int):
    rng = Random(seed)
    lines = [
        line(
            f"{i}", rng.randint(1, 6), sku=rng.choice("XYZ"), channel=rng.choice(["web", "shop"]), is_expedited=rng.random() < 0.3,
            ordered_at=START + timedelta(hours=rng.randint(0, 3)), ship_to_country_code=rng.choice(["GB", "FR", "PL", None]),
        )
        for i in range(rng.randint(1, 12))
    ]  # fmt: skip
    stock = [(place, sku, rng.choice([None, -1, 0, 3, 8])) for place in ("LONDON", "PARIS", "NOWHERE") for sku in "XYZ"]
    found = served(lines, stock)
    rng.shuffle(lines)
    rng.shuffle(stock)
    places = rng.sample([LONDON, PARIS, WARSAW, NOWHERE], 4)
    assert served(lines, stock, tuple(places)).equals(found)

    held = {(place, sku): max(n or 0, 0) for place, sku, n in stock}
    for place, sku, total in found.group_by("location_id", "sku").agg(pl.col("allocated_units").sum()).rows():
        assert total <= held.get((place, sku), 0)
    per_line = found.group_by("order_id").agg(
        pl.col("open_units", "sku", "is_expedited", "ordered_at").first(),
        pl.col("allocated_units").sum(),
        waits=(pl.col("location_id") == BACKORDER).any(),
    )
    assert per_line.height == len(lines)
    for row in per_line.rows(named=True):
        lacking = row["open_units"] - row["allocated_units"]
        assert lacking >= 0
        assert row["waits"] == (lacking > 0)
        if row["waits"]:
            later = [r for r in per_line.rows(named=True) if r["sku"] == row["sku"] and _turn(r) > _turn(row)]
            assert all(r["allocated_units"] == 0 for r in later)
            sold = per_line.filter(pl.col("sku") == row["sku"])["allocated_units"].sum()
            assert sold == sum(n for (_, sku), n in held.items() if sku == row["sku"])


def _turn(row: dict) -> tuple:
    return not row["is_expedited"], row["ordered_at"]
