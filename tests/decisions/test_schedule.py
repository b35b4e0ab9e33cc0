"""The stock that levels follow: it is the position that suggestions state, and more of it never asks for more."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from models.demand import SERIES
from pipelines.decisions import Inputs, to_suggestions
from tests.decisions.house import AS_OF, CUTOFF, Rows, decided, house, replace, term

COST = [{"sku": "A", "unit_cost_amount": "5", "origin": "product_costs"}]
LATER = {"sku": "A", "location_id": "DC", "ordered_at": AS_OF - timedelta(days=4)}


def coming(*lines: tuple[int | None, int]) -> Rows:
    """Open lines of purchase orders: due in so many days, so many units."""
    return [LATER | {"due_in_days": due, "open_units": units} for due, units in lines]


def row(stock: int, lines: Rows, **planning: Any) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
    inputs = house({("A", "DC"): 14.0}, {("A", "DC"): stock}, supplier_terms=[term("A")], unit_costs=COST, open_lines=lines)
    on_order = sum(line["open_units"] for line in lines)
    frames = decided(replace_position(inputs, on_order_units=pl.lit(on_order)), **planning)
    return frames["reorder_suggestions"].row(0, named=True), frames


def replace_position(inputs: Inputs, **columns: pl.Expr) -> Inputs:
    return replace(inputs, position=inputs.position.with_columns(**columns))


def test_an_empty_shelf_is_not_stocked_for_what_is_lost_before_the_order_arrives():
    """Ten days at 2 a day are lost on an empty shelf, none on a full one; what comes on day 5 serves the other five days."""
    empty, full, late = row(0, []), row(60, []), row(0, coming((5, 60)))
    assert empty[0]["expected_lost_units"] == pytest.approx(20, abs=1.2) and full[0]["expected_lost_units"] == 0
    assert late[0]["expected_lost_units"] == pytest.approx(10, abs=1.0)
    assert full[0]["order_up_to_level_units"] - empty[0]["order_up_to_level_units"] >= 18
    assert " are expected to be lost before it can arrive" in empty[0]["reason"]
    assert "to be lost before" not in full[0]["reason"]


@pytest.mark.parametrize("aim", ["cost", "cycle_service_level", "unit_fill_rate"])
def test_level_is_mean_less_what_is_lost_and_safety_stock(aim: str):
    for stock, lines in ((0, []), (7, coming((3, 5), (12, 30)))):
        found, _ = row(stock, lines, aim=aim)
        answered = found["mean_demand_units"] - found["expected_lost_units"]
        assert answered + found["safety_stock_units"] == pytest.approx(found["reorder_point_units"] + 1)


def test_days_of_what_is_on_its_way():
    """Overdue is due now; without a date a lead time after it was ordered (ten days, four of which are gone)."""
    _, frames = row(3, coming((-2, 8), (None, 9), (21, 10)))
    schedule = frames["position_schedule"].filter(pl.col("part") == "on_order").sort("due_days")
    assert schedule.select("due_days", "units").rows() == [(0, 8), (6, 9), (21, 10)]


def test_what_is_on_its_way_longer_than_the_order_serves_nothing_before_it():
    assert row(0, coming((10, 60)))[0]["expected_lost_units"] == row(0, [])[0]["expected_lost_units"]


def test_parts_equal_the_position_but_for_what_sources_ship():
    """Stock, what is owed, orders and decisions of every kind, and this run's moves between places of which none supplies the other."""
    decision = {"decision_id": "D", "kind": "reorder", "sku": "A", "location_id": "DC", "from_location_id": None, "quantity_units": 4,
                "state": "sent", "changed_at": AS_OF - timedelta(days=3)}  # fmt: skip
    supply = [decision, decision | {"decision_id": "T", "kind": "transfer", "location_id": "SHOP", "from_location_id": "DC"}]
    weekly = {("A", place): 7.0 for place in ("DC", "SHOP", "WEB", "FULL")}
    stock = {("A", "DC"): 30, ("A", "SHOP"): 2, ("A", "WEB"): 0, ("A", "FULL"): 300}
    way = {
        "supplied_by_location_id": "DC",
        "supply_lead_time_days": 3.0,
        "supply_lead_time_std_days": 0.0,
        "supply_review_period_days": 7.0,
    }
    inputs = house(weekly, stock, supplier_terms=[term("A")], unit_costs=COST, supply=supply, open_lines=coming((5, 6)),
                   locations=[{"location_id": "DC"}, {"location_id": "SHOP"} | way, {"location_id": "WEB"}, {"location_id": "FULL"}])  # fmt: skip
    at = pl.col("location_id")
    owed, ordered = pl.when(at == "WEB").then(5).otherwise(0), pl.when(at == "DC").then(6).otherwise(0)
    frames = decided(replace_position(inputs, on_order_units=ordered, backordered_units=owed))
    suggested, moves = frames["reorder_suggestions"], frames["transfer_suggestions"]
    assert set(moves["kind"]) == {"restock", "balance"}
    shipped = moves.filter(pl.col("kind") == "restock").select(*SERIES, "transfer_units")
    gone = shipped.with_columns(location_id=pl.lit("DC"), transfer_units=-pl.col("transfer_units"))
    restocked = pl.concat([shipped, gone]).group_by(SERIES).agg(shipped=pl.col("transfer_units").sum())
    parts = frames["position_schedule"].group_by(SERIES).agg(pl.col("units").sum())
    both = suggested.join(parts, on=SERIES).join(restocked, on=SERIES, how="left").with_columns(pl.col("shipped").fill_null(0))
    assert both.height == len(weekly)
    assert both.select(pl.col("units") + pl.col("shipped") + pl.col("downstream_units")).to_series().to_list() == (
        both["inventory_position_units"].to_list()
    )
    moved = frames["position_schedule"].filter(pl.col("part") == "transfer")
    assert moved["units"].sum() == 0 and set(moved["location_id"]) >= {"WEB", "FULL"}
    web = suggested.filter(pl.col("location_id") == "WEB").row(0, named=True)
    assert web["expected_lost_units"] < 1, "what comes from FULL is there before the order"


def test_what_is_owed_takes_from_what_arrives():
    """20 are due now and 15 of them are owed; ten days want 20."""
    inputs = house({("A", "DC"): 14.0}, {("A", "DC"): 0}, supplier_terms=[term("A")], unit_costs=COST, open_lines=coming((0, 20)))
    owing = decided(replace_position(inputs, on_order_units=pl.lit(20), backordered_units=pl.lit(15)))["reorder_suggestions"].row(
        0, named=True
    )
    assert owing["expected_lost_units"] == pytest.approx(20 - 5, abs=1.0), "5 of the 20 are free"


def test_an_order_is_needed_when_what_is_on_its_way_is_used_up():
    """Nothing stands, two a day are wanted: a stock-out today, but 20 units come, so that a new order is needed on the eleventh day."""
    found, frames = row(0, coming((2, 20)))
    assert (found["stock_out_date"], found["position_out_date"]) == (CUTOFF + timedelta(days=1), CUTOFF + timedelta(days=11))
    assert to_suggestions(frames)[0][0].needed_by == CUTOFF + timedelta(days=11)


def test_what_comes_after_the_interval_serves_none_of_it():
    """90 are due in 60 days; what ten days' wait and a week then sell is at risk, though the position is full."""
    late, soon = row(0, coming((60, 90)))[0], row(0, coming((3, 90)))[0]
    assert (late["late_units"], soon["late_units"]) == (90, 0)
    assert late["order_quantity_units"] == soon["order_quantity_units"] == 0
    assert late["at_risk_amount"] == pytest.approx((late["mean_demand_units"] - late["expected_lost_units"]) * 5, rel=0.05)
    assert soon["at_risk_amount"] < 1


def test_room_at_a_place_is_for_what_comes_there():
    """A source with room for 12 and nothing on its shelf takes an order; what its shop holds stands elsewhere."""
    places = [{"location_id": "W"}, {"location_id": "S", "supplied_by_location_id": "W", "supply_lead_time_days": 2.0}]
    inputs = house({("A", "W"): 1.0, ("A", "S"): 7.0}, {("A", "W"): 0, ("A", "S"): 15}, supplier_terms=[term("A", storage_limit_units=12)],
                   unit_costs=COST, locations=places)  # fmt: skip
    found = decided(inputs)["reorder_suggestions"].filter(pl.col("location_id") == "W").row(0, named=True)
    assert (found["storage_units"], found["order_quantity_units"], found["order_exception"]) == (12, 12, "")


def test_a_shelf_does_not_promise_a_unit_twice():
    """Of 50 forty are to leave; a purchase that is decided for the same place does not bring them back onto the shelf."""
    away = {"decision_id": "T", "kind": "transfer", "sku": "A", "location_id": "B", "from_location_id": "W", "quantity_units": 40,
            "state": "approved", "changed_at": AS_OF}  # fmt: skip
    bought = away | {"decision_id": "P", "kind": "reorder", "location_id": "W", "from_location_id": None, "quantity_units": 100}
    weekly, stock = {("A", "W"): 1.0, ("A", "B"): 0.1, ("A", "C"): 30.0}, {("A", "W"): 50, ("A", "B"): 0, ("A", "C"): 0}
    given = {"supplier_terms": [term("A")], "unit_costs": COST}
    for supply in ([away], [away, bought]):
        moves = decided(house(weekly, stock, supply=supply, **given))["transfer_suggestions"]
        assert 0 < moves.filter(pl.col("from_location_id") == "W")["transfer_units"].sum() <= 10


@pytest.mark.parametrize("weeks", [3, 2])
def test_nothing_is_ordered_ahead_for_what_ends(weeks: int):
    """A cost of placing a line lifts no order of a product that ends: three weeks before, it ends before the order comes."""
    inputs = house(
        {("A", "DC"): 7.0},
        {("A", "DC"): 0},
        supplier_terms=[term("A", lead_time_days=30.0 if weeks == 3 else 10.0)],
        unit_costs=COST,
    )
    ends = pl.when(pl.col("horizon") > weeks).then(0.0)
    inputs = replace(
        inputs, means=inputs.means.with_columns(mean_units=ends.otherwise("mean_units")),
        quantiles=inputs.quantiles.with_columns(forecast_units=ends.otherwise("forecast_units")),
    )  # fmt: skip
    lifted, plain = (
        decided(inputs, **cost)["reorder_suggestions"].row(0, named=True) for cost in ({"order_line_amount": 10}, {})
    )
    assert lifted["policy"] == ("run-down" if weeks == 3 else "newsvendor")
    assert lifted["order_quantity_units"] == plain["order_quantity_units"] <= 4
    assert lifted["now_amount"] <= lifted["waiting_amount"]


def test_waiting_for_the_order_day_asks_for_no_more():
    """Nothing stands. What sells until the order day and ten days on is lost whatever is ordered then; of a weekly order each day's takes a week's."""
    found = {}
    for day in ("mon", "sun"):  # today is Monday
        suppliers = [{"supplier_id": "ACME", "supplier_name": "Acme", "order_days": day}]
        inputs = house({("A", "DC"): 14.0}, {("A", "DC"): 0}, supplier_terms=[term("A")], unit_costs=COST, suppliers=suppliers)
        found[day] = decided(inputs)["reorder_suggestions"].row(0, named=True)
    assert found["sun"]["order_wait_days"] > found["mon"]["order_wait_days"] + 5
    assert found["sun"]["expected_lost_units"] == pytest.approx(2 * (10 + found["sun"]["order_wait_days"]), rel=0.06)
    assert found["sun"]["order_quantity_units"] == pytest.approx(found["mon"]["order_quantity_units"], abs=2)
    assert found["sun"]["policy"] == found["mon"]["policy"] == "R,S"


def test_what_a_transfer_leaves_lacking_is_moved_too():
    """What arrives is no longer lost, so that more is wanted than before: the giver's shelf serves that as well before anything is bought."""
    inputs = house(
        {("A", "DC"): 21.0, ("A", "EU"): 0.5}, {("A", "DC"): 4, ("A", "EU"): 400}, supplier_terms=[term("A")], unit_costs=COST
    )
    found = decided(inputs)
    at = {row["location_id"]: row for row in found["reorder_suggestions"].iter_rows(named=True)}
    (move,) = found["transfer_suggestions"].iter_rows(named=True)
    assert at["DC"]["order_quantity_units"] == 0 and at["DC"]["inventory_position_units"] > at["DC"]["reorder_point_units"]
    assert move["transfer_units"] == at["DC"]["transfer_units"] == -at["EU"]["transfer_units"]
    assert at["EU"]["inventory_position_units"] >= at["EU"]["order_up_to_level_units"]
