"""Lead times: rows by hand, estimates against a simulated truth, and what must not happen with few or bad orders."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from scipy import stats

from models.lead_times import learned_lead_times, observed_lead_times
from tests.models.builders import frame

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
ORDERS = {
    "purchase_order_id": pl.String, "supplier_id": pl.String, "sku": pl.String, "location_id": pl.String, "ordered_units": pl.Int64,
    "ordered_at": INSTANT, "is_closed": pl.Boolean,
}  # fmt: skip
RECEIPTS = {
    "purchase_order_id": pl.String,
    "sku": pl.String,
    "location_id": pl.String,
    "received_units": pl.Int64,
    "received_at": INSTANT,
}
SERIES = {"sku": pl.String, "location_id": pl.String, "supplier_id": pl.String, "lead_time_days": pl.Float64, "lead_time_std_days": pl.Float64}  # fmt: skip


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


class World(NamedTuple):
    series: pl.DataFrame
    observed: pl.DataFrame
    median: np.ndarray
    sigma: np.ndarray

    @property
    def true_mean(self) -> np.ndarray:
        return self.median * np.exp(self.sigma**2 / 2)

    def covered(self, found: pl.DataFrame) -> float:
        """True chance of staying within what should be the 95 % quantile."""
        mean, std = found["lead_time_days"].to_numpy(), found["lead_time_std_days"].to_numpy()
        spread = np.sqrt(np.log1p((std / mean) ** 2))
        quantile = np.exp(np.log(mean) - spread**2 / 2 + 1.645 * spread)
        return float(stats.norm.cdf(np.log(quantile / self.median) / self.sigma).mean())


def world(seed: int, window: float, orders_of: tuple[int, ...]) -> World:
    """Suppliers that are later than they state, on two lanes, with SKUs that differ a little; those still on their way are open."""
    rng = np.random.default_rng(seed)
    orders, receipts, series, median, sigma = [], [], [], [], []
    for number in range(12):
        supplier, stated, cv, bias = (
            f"s{number}",
            float(rng.integers(7, 45)),
            float(rng.uniform(0.1, 0.35)),
            rng.normal(0.15, 0.25),
        )
        lanes, skus, s = rng.normal(0, 0.1, 2), rng.normal(0, 0.08, 5), float(np.sqrt(np.log1p(cv**2)))
        for lane, k in np.ndindex(2, 5):
            series.append((f"{supplier}k{k}", f"L{lane}", supplier, stated, stated * cv * rng.uniform(0.5, 1)))
            median.append(stated * np.exp(bias + lanes[lane] + skus[k]))
            sigma.append(s)
        for n in range(orders_of[number % len(orders_of)]):
            name, lane, at, shock = f"{supplier}P{n}", int(rng.integers(2)), before(rng.uniform(0, window)), rng.normal(0, s)
            for k in rng.choice(5, 3, replace=False):
                arrives = at + timedelta(days=float(stated * np.exp(bias + lanes[lane] + skus[k] + shock)))
                orders.append((name, supplier, f"{supplier}k{k}", f"L{lane}", 10, at, arrives <= AS_OF))
                receipts.append((name, f"{supplier}k{k}", f"L{lane}", 10, arrives))
    return World(frame(SERIES, series), observed(orders, receipts), np.array(median), np.array(sigma))


def error(world: World, days: pl.Series) -> float:
    return float(np.abs(np.log(days.to_numpy() / world.true_mean)).mean())


def test_learned_lead_times_are_nearer_to_the_truth_than_stated_and_plain_means():
    learned, stated, plain, covered = [], [], [], []
    for seed in range(6):
        one = world(seed, 200, (0, 1, 3, 10, 40))
        found = learned_lead_times(one.series, one.observed)
        means = one.observed.filter(~pl.col("is_open")).group_by("supplier_id").agg(mean=pl.col("days").mean())
        raw = one.series.join(means, on="supplier_id", how="left", maintain_order="left")
        learned.append(error(one, found["lead_time_days"]))
        stated.append(error(one, one.series["lead_time_days"]))
        plain.append(error(one, raw.select(pl.coalesce("mean", "lead_time_days")).to_series()))
        covered.append((one.covered(found), one.covered(one.series)))
    assert np.mean(learned) < 0.9 * np.mean(plain)
    assert np.mean(learned) < 0.7 * np.mean(stated)
    by_learned, by_stated = np.mean(covered, axis=0)
    assert 0.9 < by_learned < 0.97
    assert by_stated < 0.7


def test_open_orders_keep_the_estimate_from_the_quick_ones_bias():
    seen, blind = [], []
    for seed in range(4):
        one = world(seed, 40, (5, 10, 40))
        for bias, rows in ((seen, one.observed), (blind, one.observed.filter(~pl.col("is_open")))):
            bias.append(np.log(learned_lead_times(one.series, rows)["lead_time_days"].to_numpy() / one.true_mean).mean())
    assert np.mean(blind) < -0.08
    assert abs(np.mean(seen)) < 0.05


def test_the_order_of_rows_makes_no_difference():
    one = world(3, 200, (1, 3, 10))
    found = learned_lead_times(one.series, one.observed)
    shuffled = learned_lead_times(one.series, one.observed.sample(fraction=1, shuffle=True, seed=1))
    assert np.allclose(found["lead_time_days"].to_numpy(), shuffled["lead_time_days"].to_numpy())
