"""Demand of an echelon and shipments within it: the docstrings' examples, sums by simulation, limits that hold."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.echelon import echelon_dispersions, echelon_means, echelon_quantiles, restocks
from tests.models.builders import QUICK

KEYS = {"sku": "A", "cutoff_date": date(2026, 3, 1), "horizon": 1}
MEMBERS = pl.DataFrame({"sku": "A", "location_id": ["DC", "SHOP"], "source_location_id": "DC"})


def means(dc: float, shop: float) -> pl.DataFrame:
    rows = [
        KEYS | {"location_id": place, "mean_units": mean, "model": "own", "week_correlation": 0.0}
        for place, mean in (("DC", dc), ("SHOP", shop))
    ]
    return pl.DataFrame(rows)


def test_the_docstrings_examples() -> None:
    found = echelon_means(means(2, 5), MEMBERS)
    assert dict(found.select("location_id", "mean_units").rows()) == {"DC": 7, "SHOP": 5}
    given = pl.DataFrame(
        [
            KEYS | {"location_id": "DC", "quantile": 0.9, "forecast_units": 13.0},
            KEYS | {"location_id": "SHOP", "quantile": 0.9, "forecast_units": 24.0},
        ]
    )
    summed = echelon_quantiles(given, means(10, 20), MEMBERS)
    assert dict(summed.select("location_id", "forecast_units").rows()) == {"DC": 35, "SHOP": 24}


def test_a_quantile_of_a_sum_against_drawn_demand() -> None:
    rng, levels = np.random.default_rng(0), (0.1, 0.5, 0.9, 0.99)
    drawn = np.quantile(rng.poisson(30, 200_000) + rng.poisson(50, 200_000), levels)
    rows = [KEYS | {"location_id": place, "quantile": q, "forecast_units": float(stats.poisson.ppf(q, mean))}
            for place, mean in (("DC", 30), ("SHOP", 50)) for q in levels]  # fmt: skip
    found = echelon_quantiles(pl.DataFrame(rows), means(30, 50), MEMBERS).filter(pl.col("location_id") == "DC").sort("quantile")
    assert found["forecast_units"].to_numpy() == pytest.approx(drawn, abs=1.5)


def places(*wanted: tuple[str, int, int], pack: int = 1, value: float = 1.0) -> pl.DataFrame:
    """Places of SKU A: name, position, level; they want half their level until it is refilled."""
    return pl.DataFrame([
        {"sku": "A", "location_id": name, "source_location_id": "DC", "position_units": position,
         "reorder_point_units": level, "order_up_to_level_units": level,
         "mean_demand_units": level / 2, "expected_lost_units": 0.0,
         "demand_std_units": 0.3 * level, "case_pack_units": pack, "unit_value": value}
        for name, position, level in wanted
    ])  # fmt: skip


def source(free: int, own: float = 0.0) -> pl.DataFrame:
    return pl.DataFrame(
        {"sku": ["A"], "location_id": ["DC"], "free_units": [free], "own_mean_units": [own], "own_std_units": [own**0.5]}
    )


def shipped(found: pl.DataFrame) -> dict[str, int]:
    return dict(found.select("location_id", "transfer_units").rows())


def test_equal_places_share_a_shortage_equally() -> None:
    assert shipped(restocks(places(("X", 0, 20), ("Y", 0, 20)), source(30), {})) == {"X": 15, "Y": 15}


def test_own_customers_come_before_units_that_hardly_serve_anybody() -> None:
    assert shipped(restocks(places(("X", 0, 20)), source(20, own=10.0), {}))["X"] < 20


@QUICK
@given(
    st.lists(st.tuples(st.integers(-5, 30), st.integers(0, 40)), min_size=1, max_size=4),
    st.integers(0, 60),
    st.integers(1, 7),
    st.integers(0, 25),
)
def test_what_holds_of_all_shipments(wanted: list[tuple[int, int]], free: int, pack: int, room: int) -> None:
    rows = places(*((f"P{n}", position, level) for n, (position, level) in enumerate(wanted)), pack=pack)
    found = shipped(restocks(rows, source(free), {"P0": room}))
    assert sum(found.values()) <= free
    assert found.get("P0", 0) <= room
    for n, (position, level) in enumerate(wanted):
        assert found.get(f"P{n}", 0) <= max(-(-max(level - position, 0) // pack) * pack, 0)
        assert found.get(f"P{n}", 0) % pack == 0


def test_variances_of_an_echelon_add() -> None:
    """By hand, (1·1 + 70·20) ÷ 71; what nobody knows of does not count."""
    means = pl.DataFrame({"sku": "A", "location_id": ["DC", "SHOP"], "horizon": [1, 1], "mean_units": [1.0, 70.0]})
    members = pl.DataFrame({"sku": "A", "location_id": ["DC", "SHOP"], "source_location_id": "DC"})
    spreads = pl.DataFrame({"sku": "A", "location_id": ["DC", "SHOP"], "dispersion_rate": [1.0, 20.0]})
    found = dict(echelon_dispersions(spreads, means, members).select("location_id", "dispersion_rate").rows())
    assert found == {"DC": pytest.approx(1401 / 71), "SHOP": 20.0}
    unknown = spreads.with_columns(dispersion_rate=pl.Series([None, 20.0]))
    assert echelon_dispersions(unknown, means, members).filter(pl.col("location_id") == "DC")["dispersion_rate"].to_list() == [
        20.0
    ]
