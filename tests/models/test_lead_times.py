"""Lead times: rows by hand, estimates against a simulated truth, and what must not happen with few or bad orders."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from benchmarks.lead_times import AS_OF, ORDERS, RECEIPTS, SERIES, compared, short_history, world
from models.lead_times import learned_lead_times, observed_lead_times
from tests.models.builders import frame


def before(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def observed(orders: list[tuple], receipts: list[tuple]) -> pl.DataFrame:
    return observed_lead_times(frame(ORDERS, orders), frame(RECEIPTS, receipts), AS_OF)


def test_parts_open_rests_and_shortfalls_by_hand():
    orders = [
        ("P1", "S", "CUP", "L", 10, before(20), False), ("P2", "S", "CUP", "L", 10, before(30), True), ("P3", "S", "POT", "L", 5, before(4), False),
        ("P4", "S", "POT", "L", 5, before(-1), False), ("P5", "S", "POT", "L", 5, before(9), True), ("P6", "S", "POT", "L", 0, before(9), True),
    ]  # fmt: skip
    receipts = [
        ("P1", "CUP", "L", 6, before(11)), ("P2", "CUP", "L", 7, before(18)), ("P2", "POT", "L", 7, before(18)), ("P5", "POT", "L", 5, before(12)),
    ]  # fmt: skip
    rows = observed(orders, receipts).select("purchase_order_id", "days", pl.col("share").round(6), "is_open", "problem").rows()
    assert rows == [
        ("P1", 9, 0.6, False, None), ("P1", 20, 0.4, True, None), ("P2", 12, 0.7, False, None), ("P3", 4, 1, True, None),
        ("P4", 0.5, 1, True, "ordered in the future"), ("P5", 0.5, 1, False, "received before it was ordered"),
    ]  # fmt: skip


def test_what_arrives_after_the_day_of_judgement_is_still_open():
    rows = observed([("P1", "S", "CUP", "L", 10, before(20), False)], [("P1", "CUP", "L", 10, before(-2))])
    assert rows.select("days", "share", "is_open").rows() == [(20, 1, True)]


def test_without_orders_everything_stays_as_stated():
    series = frame(SERIES, [("CUP", "L", "S", 14.0, 3.0), ("POT", "L", None, 9.0, 0.0)])
    found = learned_lead_times(series, observed([], []))
    assert found.select("lead_time_days", "lead_time_std_days", "stated_lead_time_days", "lead_time_orders").rows() == [
        (14, 3, 14, 0),
        (9, 0, 9, 0),
    ]
    assert learned_lead_times(series.clear(), observed([], [])).is_empty()


def taken(days: float, count: int, spread: float = 0.0) -> tuple[list[tuple], list[tuple]]:
    orders = [(f"P{n}", "S", "CUP", "L", 10, before(300 - n), True) for n in range(count)]
    receipts = [(f"P{n}", "CUP", "L", 10, before(300 - n - days - spread * (-1) ** n)) for n in range(count)]
    return orders, receipts


def test_the_docstrings_examples():
    series = frame(SERIES, [("CUP", "L", "S", 14.0, 3.0)])
    many = learned_lead_times(series, observed(*taken(20, 40, 4))).row(0, named=True)
    assert many["lead_time_days"] == pytest.approx(20, abs=0.5)
    assert many["lead_time_std_days"] == pytest.approx(4.5, abs=0.7)
    assert (many["stated_lead_time_days"], many["lead_time_orders"]) == (14, 40)
    one = learned_lead_times(series, observed(*taken(28, 1))).row(0, named=True)
    assert 14 < one["lead_time_days"] < 22


def test_the_more_orders_the_nearer_to_what_they_took():
    series = frame(SERIES, [("CUP", "L", "S", 14.0, 3.0)])
    means = [learned_lead_times(series, observed(*taken(28, count)))["lead_time_days"].item() for count in (1, 3, 10, 80)]
    misses = [abs(mean - 28) for mean in means]
    assert misses == sorted(misses, reverse=True)
    assert misses[-1] < 0.1


def test_an_order_that_nobody_closed_says_nothing_and_an_overdue_one_does():
    series = frame(SERIES, [("CUP", "L", "S", 14.0, 3.0)])
    orders, receipts = taken(14, 20, 2)
    usual = learned_lead_times(series, observed(orders, receipts))["lead_time_days"].item()
    forgotten = [*orders, ("P99", "S", "CUP", "L", 10, before(290), False)]
    assert learned_lead_times(series, observed(forgotten, receipts))["lead_time_days"].item() == pytest.approx(usual)
    overdue = [*orders, *(("Q" + str(n), "S", "CUP", "L", 10, before(40), False) for n in range(5))]
    assert learned_lead_times(series, observed(overdue, receipts))["lead_time_days"].item() > usual * 1.2


def test_a_supplier_of_whom_nothing_is_known_is_as_late_as_the_others():
    series = frame(SERIES, [("CUP", "L", "S", 14.0, 3.0), ("POT", "L", "T", 30.0, 5.0), ("PAN", "L", None, 30.0, 5.0)])
    found = learned_lead_times(series, observed(*taken(28, 30, 2)))["lead_time_days"].to_list()
    assert found[0] == pytest.approx(28, rel=0.05)
    assert 30 < found[1] < 60
    assert found[2] == pytest.approx(found[1])


def test_learned_lead_times_are_nearer_to_the_truth_than_stated_and_plain_means():
    found = compared(6)
    assert np.mean(found["learned"]) < 0.9 * np.mean(found["receipts"])
    assert np.mean(found["learned"]) < 0.7 * np.mean(found["stated"])
    by_learned, by_stated = np.mean(found["covered"], axis=0)
    assert 0.9 < by_learned < 0.97
    assert by_stated < 0.7


def test_open_orders_keep_the_estimate_from_the_quick_ones_bias():
    seen, blind = short_history(4)
    assert np.mean(blind) < -0.08
    assert abs(np.mean(seen)) < 0.05


def test_the_order_of_rows_makes_no_difference():
    one = world(3, 200, (1, 3, 10))
    found = learned_lead_times(one.series, one.observed)
    shuffled = learned_lead_times(one.series, one.observed.sample(fraction=1, shuffle=True, seed=1))
    assert np.allclose(found["lead_time_days"].to_numpy(), shuffled["lead_time_days"].to_numpy())
