"""Which location serves which open order line. Here: nearest with stock, expedited first. Not here: splitting cost, carriers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

EARTH_RADIUS_KM = 6371.0
BACKORDER = "backorder"
SCHEMA = {
    "location_id": pl.String,
    "allocated_units": pl.Int64,
    "distance_km": pl.Float64,
    "runner_up_location_id": pl.String,
    "reason": pl.String,
}


def distance_km(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    """Great-circle distance by the haversine formula. Example: London (51.5, −0.1) to Paris (48.9, 2.3) is about 340 km."""
    a, b, c, d = np.radians([latitude_a, longitude_a, latitude_b, longitude_b])
    h = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return float(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(h)))


@dataclass(frozen=True)
class _Place:
    location_id: str
    distance: float | None


def allocate(open_lines: pl.DataFrame, available: pl.DataFrame, locations: pl.DataFrame, countries: pl.DataFrame) -> pl.DataFrame:
    """Serves open lines from stock: expedited first, then the oldest; each from the nearest location that has units left.

    open_lines: channel, order_id, sku, ordered_at, is_expedited, ship_to_country_code, home_location_id, open_units.
    available: location_id, sku, on_hand_units (units that may be promised; null is unknown and serves nothing).
    locations, countries: latitude and longitude. Returns one row per line and serving location, with the runner-up and why;
    what no stock covers is one row with location_id 'backorder' and 0 allocated units. Never more than is available.
    """
    left = {
        (row[0], row[1]): row[2]
        for row in available.select("sku", "location_id", "on_hand_units").drop_nulls().rows()
        if row[2] > 0
    }
    order = open_lines.sort(
        ["is_expedited", "ordered_at", "channel", "order_id", "sku"], descending=[True, False, False, False, False]
    )
    nearest = _nearest_first(locations, countries)
    rows: list[tuple[object, ...]] = []
    for line in order.iter_rows(named=True):
        places = nearest(line["ship_to_country_code"], line["home_location_id"])
        rows.extend((*(line[c] for c in order.columns), *served) for served in _serve(line, places, left))
    return pl.DataFrame(rows, schema={**order.schema, **SCHEMA}, orient="row")


def _serve(line: dict, places: list[_Place], left: dict[tuple[str, str], int]) -> Iterator[tuple]:  # type: ignore[type-arg]
    lacking, sku = line["open_units"], line["sku"]
    stocked = [place for place in places if left.get((sku, place.location_id), 0) > 0]
    for rank, place in enumerate(stocked):
        if lacking == 0:
            return
        units = min(lacking, left[sku, place.location_id])
        left[sku, place.location_id] -= units
        lacking -= units
        runner_up = stocked[rank + 1] if rank + 1 < len(stocked) else None
        yield (
            place.location_id,
            units,
            place.distance,
            runner_up and runner_up.location_id,
            _why(place, runner_up, places, is_expedited=line["is_expedited"]),
        )
    if lacking > 0:
        some = "the rest of it" if lacking < line["open_units"] else "it"
        wait = "1 unit waits" if lacking == 1 else f"{lacking} units wait"
        yield BACKORDER, 0, None, None, f"no location has stock for {some}: {wait} for the next receipt"


def _why(place: _Place, runner_up: _Place | None, places: list[_Place], *, is_expedited: bool) -> str:
    before = places.index(place)
    where, nearest, nearer = (
        ("distance unknown", "first", "before it")
        if place.distance is None
        else (f"{place.distance:,.0f} km", "nearest", "nearer")
    )
    reason = f"{nearest} with stock left ({where}); {before} {nearer} without" if before else f"{nearest} with stock ({where})"
    if runner_up is None:
        reason += "; no other has stock"
    elif runner_up.distance is not None and place.distance is not None:
        reason += f"; {runner_up.location_id} is {runner_up.distance - place.distance:,.0f} km farther"
    return f"expedited: {reason}" if is_expedited else reason


def _nearest_first(locations: pl.DataFrame, countries: pl.DataFrame) -> Callable[[str | None, str | None], list[_Place]]:
    """A lookup from country and home location to all places, nearest first."""
    centre = {row[0]: (row[1], row[2]) for row in countries.select("country_code", "latitude", "longitude").rows()}
    spots = locations.select("location_id", "latitude", "longitude").sort("location_id").rows()
    known: dict[tuple[str | None, str | None], list[_Place]] = {}

    def places(country: str | None, home: str | None) -> list[_Place]:
        if (country, home) not in known:
            found = [_Place(name, _distance(centre.get(country or ""), lat, lon)) for name, lat, lon in spots]
            known[country, home] = sorted(found, key=lambda place: (_rank(place, home), place.location_id))
        return known[country, home]

    return places


def _rank(place: _Place, home: str | None) -> float:
    """Kilometres; where they are unknown the order's own location comes first and the others last."""
    if place.distance is not None:
        return place.distance
    return -1.0 if place.location_id == home else float("inf")


def _distance(centre: tuple[float, float] | None, latitude: float | None, longitude: float | None) -> float | None:
    if centre is None or latitude is None or longitude is None:
        return None
    return distance_km(centre[0], centre[1], latitude, longitude)
