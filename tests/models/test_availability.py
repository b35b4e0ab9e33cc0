"""Transfers and offers: hand-built cases, and properties of random ones."""

from random import Random

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from models.availability import TransferCosts, channel_offers, suggest_transfers
from tests.models.builders import QUICK, frame

POSITION = dict.fromkeys(("sku", "location_id"), pl.String) | dict.fromkeys(
    ("available_units", "on_order_units", "backordered_units", "decided_units", "leaving_units", "reorder_point_units", "order_up_to_level_units"), pl.Int64
) | dict.fromkeys(
    ("mean_demand_units", "expected_lost_units", "demand_std_units", "protection_interval_days", "unit_cost_amount"), pl.Float64
)  # fmt: skip
SELLS = dict.fromkeys(("channel", "sku", "location_id"), pl.String)


def at(place: str, available: int | None, reorder_point: int, up_to: int, **more: float) -> dict[str, object]:
    usual = {"sku": "CUP", "on_order_units": 0, "backordered_units": 0, "decided_units": 0, "leaving_units": 0}
    usual |= {
        "expected_lost_units": 0,
        "mean_demand_units": 0.6 * reorder_point,
        "demand_std_units": 0.25 * reorder_point,
        "protection_interval_days": 14,
    }
    levels = {"available_units": available, "reorder_point_units": reorder_point - 1, "order_up_to_level_units": up_to}
    return usual | levels | {"location_id": place} | more


def moves(*rows: dict[str, object], costs: TransferCosts | None = None) -> list[tuple]:
    return (
        suggest_transfers(frame(POSITION, list(rows)), costs).select("from_location_id", "location_id", "transfer_units").rows()
    )


def test_the_docstrings_example():
    found = suggest_transfers(frame(POSITION, [at("A", 50, 10, 20), at("B", 2, 12, 25)]))
    assert found.rows() == [("CUP", "A", "B", 10, 30, 10)]


def test_a_move_also_serves_what_a_purchase_would_be_too_late_for():
    """B's level leaves out 5 that are lost before a purchase arrives; a move comes sooner."""
    assert moves(at("A", 50, 10, 20), at("B", 2, 12, 25, expected_lost_units=5.0)) == [("A", "B", 15)]


def test_the_largest_shortage_is_filled_first_from_the_largest_surplus():
    rows = [at("A", 25, 10, 20), at("B", 28, 10, 20), at("C", 0, 3, 5), at("D", 0, 9, 12)]
    assert moves(*rows) == [("B", "D", 8), ("A", "D", 1), ("A", "C", 3)]


def test_too_little_surplus_goes_where_it_most_likely_serves_somebody():
    empty = at("B", 0, 10, 12, mean_demand_units=8, demand_std_units=3)
    rather_full = at("C", 14, 30, 40, mean_demand_units=10, demand_std_units=12)
    assert moves(at("A", 26, 10, 20), empty, rather_full) == [("A", "B", 6)]
    assert sum(units for _, _, units in moves(at("A", 50, 10, 20), empty, rather_full)) == 26


def test_a_move_must_save_more_than_it_costs():
    rows = [at("A", 50, 10, 20, unit_cost_amount=4), at("B", 2, 12, 25, unit_cost_amount=4)]
    move = [("A", "B", 10)]
    assert moves(*rows) == move
    assert moves(*rows, costs=TransferCosts(line_amount=5)) == move
    assert moves(*rows, costs=TransferCosts(line_amount=50)) == []
    assert moves(*rows, costs=TransferCosts(unit_amount=3)) == []
    dead = [rows[0] | {"mean_demand_units": 0.0}, rows[1]]
    assert moves(*rows, costs=TransferCosts(line_amount=20, holding_rate=0.25)) == []
    assert moves(*dead, costs=TransferCosts(line_amount=20, holding_rate=0.25)) == move
    assert moves(*({**row, "unit_cost_amount": None} for row in rows), costs=TransferCosts(line_amount=50)) == move


def test_ties_go_by_name_whatever_the_row_order():
    rows = [at(place, 25, 10, 20) for place in "FBDA"] + [at(place, 2, 7, 9) for place in "GCE"]
    assert moves(*rows) == moves(*rows[::-1]) == [("A", "C", 5), ("B", "E", 5), ("D", "G", 5)]


def test_what_is_on_its_way_is_no_shortage_and_what_leaves_is_no_surplus():
    assert moves(at("A", 50, 10, 20), at("B", 2, 12, 25, on_order_units=10)) == []
    assert moves(at("A", 50, 10, 20), at("B", 2, 12, 25, decided_units=4)) == [("A", "B", 6)]
    assert moves(at("A", 50, 10, 20, decided_units=-25, leaving_units=25), at("B", 2, 12, 25)) == [("A", "B", 5)]
    assert moves(at("A", 20, 10, 20, on_order_units=99), at("B", 2, 12, 25)) == []


def test_unknown_stock_neither_gives_nor_takes():
    assert moves(at("A", None, 10, 20), at("B", 2, 12, 25), at("C", None, 12, 25)) == []
    assert moves() == []


def test_other_skus_are_no_help():
    assert moves(at("A", 50, 10, 20), at("B", 2, 12, 25, sku="POT")) == []


@QUICK
@given(st.integers(0, 10**6))
def test_random_transfers(seed: int):
    rng = Random(seed)
    rows = [
        at(
            place, rng.choice([None, 0, rng.randint(0, 60)]), point := rng.randint(0, 25), point + rng.randint(0, 9), sku=sku,
            on_order_units=rng.choice([0, 0, 5]), backordered_units=rng.choice([0, 0, 4]), decided_units=rng.choice([0, 0, 6, -6]),
            leaving_units=rng.choice([0, 0, 6]),
        )
        for sku in "XY" for place in "ABCD"
    ]  # fmt: skip
    found = suggest_transfers(frame(POSITION, rows))
    surplus, shortage = {}, {}
    for r in rows:
        key, known = (r["sku"], r["location_id"]), r["available_units"] is not None
        net = (r["available_units"] or 0) - r["backordered_units"]
        surplus[key] = max(net - r["leaving_units"] - r["order_up_to_level_units"], 0) * known
        shortage[key] = max(r["reorder_point_units"] + 1 - net - r["on_order_units"] - r["decided_units"], 0) * known
    given_away, received = dict.fromkeys(surplus, 0), dict.fromkeys(surplus, 0)
    for move in found.rows(named=True):
        giver, taker = (move["sku"], move["from_location_id"]), (move["sku"], move["location_id"])
        assert giver != taker
        assert move["transfer_units"] > 0
        assert (move["surplus_units"], move["shortage_units"]) == (surplus[giver], shortage[taker])
        given_away[giver] += move["transfer_units"]
        received[taker] += move["transfer_units"]
    assert all(given_away[key] <= surplus[key] and received[key] <= shortage[key] for key in surplus)
    for sku in "XY":
        keys = [key for key in surplus if key[0] == sku]
        assert sum(given_away[k] for k in keys) == min(sum(surplus[k] for k in keys), sum(shortage[k] for k in keys))
    rng.shuffle(rows)
    assert suggest_transfers(frame(POSITION, rows)).equals(found)


def test_offers_by_hand():
    position = frame(POSITION, [at("A", 10, 0, 0), at("B", 1, 0, 0), at("C", None, 0, 0)])
    sells = frame(SELLS, [("web", "CUP", "A"), ("shop", "CUP", "B"), ("ebay", "CUP", "C"), ("amazon", "POT", "A")])
    offers = channel_offers(position, sells, 2)
    assert offers.select("channel", "available_units", "buffer_units", "offered_units").rows() == [
        ("shop", 1, 2, 0),
        ("web", 10, 2, 8),
    ]
    assert channel_offers(position[::-1], sells[::-1], 2).equals(offers)
    assert channel_offers(position.clear(), sells, 0).is_empty()


@QUICK
@given(st.integers(-5, 20), st.integers(0, 9))
def test_an_offer_is_never_negative(available: int, buffer: int):
    offered = channel_offers(frame(POSITION, [at("A", available, 0, 0)]), frame(SELLS, [("web", "CUP", "A")]), buffer)
    assert offered["offered_units"].item() == max(available - buffer, 0)
