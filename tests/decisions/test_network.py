"""Locations supplied by a location: what the source orders for, what is shipped, who gets a shortage."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from scipy import special

from pipelines.decisions import Inputs
from tests.decisions.house import AS_OF, decided, house, term

WAY = {
    "supplied_by_location_id": "DC",
    "supply_lead_time_days": 3.0,
    "supply_lead_time_std_days": 0.0,
    "supply_review_period_days": 7.0,
}
COST = [{"sku": sku, "unit_cost_amount": "5", "origin": "product_costs"} for sku in ("A", "B")]


def network(
    stock: dict[str, int], way: dict[str, Any] | None = None, weekly: dict[str, float] | None = None, **tables: Any
) -> Inputs:
    """A shop and an FBA warehouse behind DC, which sells nothing itself unless `weekly` says so."""
    places = [{"location_id": "DC"}, {"location_id": "FBA", **WAY, **(way or {})}, {"location_id": "SHOP", **WAY}]
    wanted = {("A", place): mean for place, mean in (weekly or {"FBA": 14.0, "SHOP": 7.0}).items()}
    shelves = {("A", place): units for place, units in stock.items()}
    return house(wanted, shelves, locations=places, supplier_terms=[term("A")], unit_costs=COST, **tables)


def rows(frames: dict[str, pl.DataFrame]) -> dict[str, dict[str, Any]]:
    return {row["location_id"]: row for row in frames["reorder_suggestions"].iter_rows(named=True)}


def moves(frames: dict[str, pl.DataFrame]) -> dict[str, int]:
    return dict(frames["transfer_suggestions"].filter(pl.col("kind") == "restock").select("location_id", "transfer_units").rows())


def test_a_source_orders_for_all_behind_it_and_they_order_from_it() -> None:
    found = decided(network({"DC": 100, "FBA": 0, "SHOP": 0}))
    row = rows(found)
    assert row["DC"]["mean_demand_units"] == pytest.approx(21 * (10 + 7 + 3 + 7) / 7), (
        "both places' demand, until it is on their shelves"
    )
    assert row["FBA"]["mean_demand_units"] == pytest.approx(14 * (3 + 7) / 7)
    assert row["DC"]["arrival_date"] == AS_OF.date() + timedelta(days=10), "its supplier needs ten days"
    assert row["FBA"]["order_quantity_units"] == row["SHOP"]["order_quantity_units"] == 0
    assert row["FBA"]["supplier_id"] is None
    shipped = moves(found)
    assert shipped["FBA"] == row["FBA"]["order_up_to_level_units"]
    assert row["DC"]["inventory_position_units"] == 100, "what is shipped stays in the echelon"
    assert row["DC"]["transfer_units"] == -sum(shipped.values())
    assert row["FBA"]["reason"].startswith(f"Supplied by DC: {shipped['FBA']} come from there")
    assert found["order_exceptions"].is_empty()


def test_a_purchase_counts_stock_behind_the_source_once() -> None:
    """The same units order the same, wherever in the echelon they stand."""
    here, there = (rows(decided(network({"DC": dc, "FBA": fba, "SHOP": 0})))["DC"] for dc, fba in ((30, 0), (10, 20)))
    assert here["inventory_position_units"] == there["inventory_position_units"] == 30
    assert here["order_quantity_units"] == there["order_quantity_units"] > 0


def test_a_shortage_goes_where_it_most_likely_serves_somebody() -> None:
    shipped = moves(decided(network({"DC": 12, "FBA": 0, "SHOP": 9})))
    assert sum(shipped.values()) <= 12
    assert shipped["FBA"] > shipped.get("SHOP", 0)


def test_the_sources_own_customers_keep_their_share() -> None:
    alone = moves(decided(network({"DC": 20, "FBA": 0, "SHOP": 0})))
    beside = moves(decided(network({"DC": 20, "FBA": 0, "SHOP": 0}, weekly={"DC": 14.0, "FBA": 14.0, "SHOP": 7.0})))
    assert sum(alone.values()) == 20
    assert sum(beside.values()) < 20


def test_packs_and_a_restock_limit_of_the_place() -> None:
    packed = moves(decided(network({"DC": 100, "FBA": 0, "SHOP": 0}, {"supply_pack_units": 12})))
    assert packed["FBA"] % 12 == 0
    limited = moves(decided(network({"DC": 100, "FBA": 2, "SHOP": 0}, {"stock_limit_units": 15})))
    assert limited["FBA"] == 13


def test_a_source_without_stock_ships_nothing_and_says_what_waits() -> None:
    found = decided(network({"DC": 0, "FBA": 0, "SHOP": 0}))
    assert moves(found) == {}
    assert "wait for its stock" in rows(found)["FBA"]["reason"]
    assert rows(found)["DC"]["order_quantity_units"] > 0


def test_a_place_of_unknown_stock_is_left_out_of_the_echelon() -> None:
    found = decided(network({"DC": 100, "SHOP": 0}))
    assert moves(found).keys() == {"SHOP"}
    assert rows(found)["DC"]["mean_demand_units"] == pytest.approx(7 * 27 / 7)
    assert rows(found)["FBA"]["order_quantity_units"] is None


def test_a_chain_ends_at_two_echelons_and_says_so() -> None:
    """DC is said to be supplied by SHOP, which DC supplies: both buy, FBA is still behind DC."""
    given = network({"DC": 10, "FBA": 0, "SHOP": 0})
    circle = given.locations.with_columns(
        supplied_by_location_id=pl.when(pl.col("location_id") == "DC").then(pl.lit("SHOP")).otherwise("supplied_by_location_id")
    )
    found = decided(replace(given, locations=circle))
    assert moves(found).keys() == {"FBA"}
    assert rows(found)["SHOP"]["order_quantity_units"] > 0
    listed = found["order_exceptions"].filter(pl.col("kind") == "supplied by")
    assert set(listed["location_id"]) == {"DC", "SHOP"}
    assert set(listed["treatment"]) == {"suppliers deliver to it"}


def test_safety_stock_is_placed_by_the_published_optimiser() -> None:
    """Two equal places behind a source without customers: the tree of guaranteed service, solved here by trying every promise of the source."""
    found = decided(network({"DC": 100, "FBA": 0, "SHOP": 0}, weekly={"FBA": 14.0, "SHOP": 14.0}))
    levels, placed = found["safety_stock"], found["stock_placements"]
    row = {one["location_id"]: one for one in placed.iter_rows(named=True)}
    known = {one["location_id"]: one for one in levels.iter_rows(named=True)}
    z = float(special.ndtri(min(known["DC"]["level_quantile"], 0.999)))
    days = {
        place: one["protection_interval_days"] * (1 - one["expected_lost_units"] / one["mean_demand_units"])
        for place, one in known.items()
    }
    std = {place: one["demand_std_units"] / days[place] ** 0.5
           for place, one in known.items() if place != "DC"}  # fmt: skip
    pooled = sum(s**2 for s in std.values()) ** 0.5
    costs = [z * (pooled * (17 - s) ** 0.5 + sum(one * (s + 10) ** 0.5 for one in std.values())) for s in range(18)]
    assert placed["safety_stock_units"].sum() == pytest.approx(min(costs), rel=1e-6)
    assert row["DC"]["promised_days"] == costs.index(min(costs))
    assert row["DC"]["source_location_id"] == row["FBA"]["source_location_id"] == "DC"
    assert placed["safety_stock_units"].sum() <= placed["alone_safety_stock_units"].sum()


def test_without_a_network_nothing_is_placed() -> None:
    alone = house({("A", "DC"): 7.0}, {("A", "DC"): 3}, supplier_terms=[term("A")], unit_costs=COST)
    assert decided(alone)["stock_placements"].is_empty()
