"""The competition's game by hand on two series, the organiser's policy on numbers that one can check, and our order's shape."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from benchmarks import vn2

MONDAY = date(2022, 1, 3)


def sales(weeks: int, *series: list[int], out: tuple[tuple[int, int], ...] = ()) -> pl.DataFrame:
    rows = [
        (0, product, MONDAY + timedelta(weeks=k), 0 if (product, k) in out else units[k % len(units)], (product, k) not in out)
        for product, units in enumerate(series)
        for k in range(weeks)
    ]
    return pl.DataFrame(rows, schema=["Store", "Product", "week", "sales", "in_stock"], orient="row")


def always(units: int) -> vn2.Policy:
    return lambda known, state, week: state.select(*vn2.KEY).with_columns(order=pl.lit(units))


def test_the_order_of_events_by_hand():
    """Demand 10 a week; opening 14, 0, 11: weeks 1 and 2 leave 4 and 5 (4 + 11 − 10); an order of 8 a week arrives from week 3 on."""
    holding, shortage = vn2.play(sales(40, [10]), 25, always(8))
    # week 3: 5 + 8 − 10 = 3 left; week 4: 1 left; weeks 5 to 8: 1, 2, 2, 2 missed
    assert (holding, shortage) == (pytest.approx(0.2 * 4), 7)


def test_weeks_without_stock_move_the_stock_and_cost_nothing():
    holding, shortage = vn2.play(sales(40, [10], out=((0, 28), (0, 33))), 25, always(8))
    assert (holding, shortage) == (pytest.approx(0.2 * 1), 5)


def test_the_organisers_policy_without_a_season_orders_up_to_four_weeks():
    known = sales(60, [10], [3, 5], out=((1, 58),))
    state = pl.DataFrame({"Store": [0, 0], "Product": [0, 1], "on_hand": [5, 30], "in_transit_1": [0, 0], "in_transit_2": [7, 0]})
    assert vn2.benchmark_order(known.filter(Product=0), state.head(1), 1)["order"].to_list() == [28]
    assert vn2.benchmark_order(known, state, 1)["order"].to_list()[1] == 0


@pytest.mark.parametrize("weeks", [36, 60])
def test_our_order_keeps_the_competitions_shape_in_every_round(weeks: int):
    """With a history that is too short to play, and with one that isn't."""
    vn2._KEPT.clear()
    known = sales(weeks, [10, 12, 9], [0, 0, 1], [4, 4, 5], out=((2, 30),))
    for week in (1, 2, 6):
        state = pl.DataFrame(
            {"Store": 0, "Product": [2, 0, 1], "on_hand": [1, 5, 9], "in_transit_1": [0, 3, 0], "in_transit_2": [2, 3, 0]}
        )
        upto = MONDAY + timedelta(weeks=weeks - 7 + week)
        found = vn2.order(known.filter(pl.col("week") < upto), state, week)
        assert found.columns == ["Store", "Product", "order"] and found["order"].dtype == pl.Int64
        assert found["Product"].to_list() == [2, 0, 1] and found["order"].min() >= 0
        steady = found.filter(Product=0)["order"].item()
        assert 9 <= steady <= 14, "what the empty shelf loses until then is not ordered again"
    assert len({name[0] for name in vn2._KEPT}) == 1, "later rounds refresh what the first one learnt"


def test_estimates_take_the_four_nearest_weeks():
    assert vn2.estimated(np.array([[2.0, 4, np.nan, 6, 9, 50]])).tolist() == [[2, 4, 5, 6, 9, 50]]
