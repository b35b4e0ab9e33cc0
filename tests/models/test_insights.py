"""Classes, trends, lateness, scorecards: the examples of their sources, worked by hand."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.classes import abc_classes, xyz_classes
from models.lateness import late_probability
from models.scorecards import evaluation_days, judge
from models.trends import changes


def test_abc_is_by_where_a_skus_own_value_begins() -> None:
    found = abc_classes(pl.DataFrame({"sku": ["a", "b", "c", "d", "e"], "value": [70, 20, 6, 4, 0]}))
    assert dict(found.select("sku", "abc_class").rows()) == {"a": "A", "b": "A", "c": "B", "d": "C", "e": "C"}
    assert found["cumulative_rate"].to_list() == pytest.approx([0.7, 0.9, 0.96, 1.0, 1.0])


@given(st.lists(st.integers(-5, 10_000), min_size=1, max_size=40))
def test_the_first_80_percent_are_a(values: list[int]) -> None:
    found = abc_classes(pl.DataFrame({"sku": [f"{n:02}" for n in range(len(values))], "value": values}))
    total = sum(v for v in values if v > 0)
    before = 0
    for value, abc in found.select("value", "abc_class").rows():
        expected = "C" if value <= 0 or before >= 0.95 * total - 1e-6 else "A" if before < 0.8 * total - 1e-6 else "B"
        assert abc == expected
        before += max(value, 0)


def weeks(sku: str, units: list[int], promoted: tuple[int, ...] = (), group: str = "g") -> pl.DataFrame:
    start = date(2026, 1, 5)
    return pl.DataFrame({"sku": sku, "week": [start + timedelta(weeks=n) for n in range(len(units))], "season_group": group, "units": units,
                         "is_promoted": [n in promoted for n in range(len(units))], "is_full": True})  # fmt: skip


def test_xyz_takes_season_and_promotions_out() -> None:
    season = [10, 20, 40, 20, 10, 20, 40, 20, 10, 20]
    steady = weeks("steady", [2 * n for n in season])
    promoted = weeks("promoted", [*season[:4], 400, *season[5:]], promoted=(4,))
    wild = weeks("wild", [0, 60, 0, 0, 90, 0, 0, 0, 80, 0])
    young = weeks("young", [5, 5, 5])
    found = xyz_classes(pl.concat([steady, promoted, wild, young]))
    classes = dict(found.select("sku", "xyz_class").rows())
    assert (classes["wild"], classes["young"]) == ("Z", None)
    assert classes["steady"] in "XY" and classes["promoted"] in "XY"
    alone = dict(xyz_classes(pl.concat([steady, weeks("twin", season)])).select("sku", "xyz_class").rows())
    assert alone == {"steady": "X", "twin": "X"}, "what sells as its group does is steady"


def test_a_change_beyond_noise_is_significant_and_noise_is_not() -> None:
    rng = np.random.default_rng(5)
    before, now = rng.poisson(50, 300), rng.poisson(50, 300)
    now[0], before[0] = 20, 80
    found = changes(pl.DataFrame({"sku": range(300), "units_before": before, "units_now": now}))
    assert found["is_significant"][0]
    assert found["is_significant"].sum() <= 4
    alone = changes(pl.DataFrame({"units_before": [80], "units_now": [20]}))
    assert alone["z_score"][0] < 0


def test_noise_alone_is_called_news_in_at_most_one_run_of_ten() -> None:
    """The rate of false discoveries over 100 worlds without any change; overdispersed counts included."""
    rng = np.random.default_rng(7)
    wrong = 0
    for _ in range(100):
        level = rng.gamma(4, 10, 200)
        draws = [rng.negative_binomial(8, 8 / (8 + level)) for _ in range(2)]
        wrong += changes(pl.DataFrame({"units_before": draws[0], "units_now": draws[1]}))["is_significant"].any()
    assert wrong <= 20


def test_the_chance_to_be_late_is_the_share_of_past_lines_as_old_that_took_longer() -> None:
    history = pl.DataFrame({"group": ["w"] * 4, "hours": [10.0, 20.0, 30.0, 50.0]})
    lines = pl.DataFrame({"group": ["w", "w", "new"], "age_hours": [15.0, 60.0, 0.0], "hours_left": [10.0, -1.0, 100.0]})
    assert late_probability(lines, history).to_list() == pytest.approx([0.6, 1.0, 1 / 6])


def test_chances_are_calibrated() -> None:
    """Of lines said to be late with a chance of about p, a share of about p is late."""
    rng = np.random.default_rng(3)
    past, coming = rng.gamma(2, 12, 4000), rng.gamma(2, 12, 4000)
    age = rng.uniform(0, 30, 4000)
    alive = coming > age
    lines = pl.DataFrame({"group": "w", "age_hours": age[alive], "hours_left": 36 - age[alive]}).filter(pl.col("hours_left") > 0)
    said = late_probability(lines, pl.DataFrame({"group": "w", "hours": past})).to_numpy()
    late = coming[alive][(36 - age[alive]) > 0] > 36
    for low in (0.1, 0.2, 0.3):
        part = (said >= low) & (said < low + 0.1)
        if part.sum() > 100:
            assert late[part].mean() == pytest.approx(said[part].mean(), abs=0.06)


def test_a_scorecard_counts_its_window_and_says_when_it_breaks() -> None:
    bad, counted = np.zeros(40, dtype=np.int64), np.full(40, 100, dtype=np.int64)
    bad[-3:] = 8
    found = judge(bad, counted, window=30, lag=0, bound=0.04, young=0)
    assert (found.bad, found.all, found.rate, found.days_to_breach) == (24, 3000, 0.008, None)
    worse = judge(np.full(40, 8, dtype=np.int64), counted, window=30, lag=0, bound=0.04, young=0)
    assert (worse.rate, worse.days_to_breach) == (0.08, 0)
    bad[-14:] = 8
    heading = judge(bad, counted, window=30, lag=0, bound=0.04, young=0)
    assert heading.rate == pytest.approx(14 * 8 / 3000)
    assert heading.days_to_breach == 2, "14 + 2 bad days of 30: 128/3000 = 4.27 %; a day earlier 120/3000 = 4 % exactly"


def test_a_lagged_window_ends_before_today_and_young_days_are_left_out_of_the_mature_rate() -> None:
    bad = np.array([0] * 20 + [5] * 7, dtype=np.int64)
    counted = np.full(27, 10, dtype=np.int64)
    assert judge(bad, counted, window=14, lag=7, bound=0.1, young=0).rate == 0.0
    assert judge(bad, counted, window=7, lag=0, bound=0.9, young=7).mature_rate is None
    assert judge(bad, counted, window=10, lag=0, bound=0.9, young=7).mature_rate == 0.0


def test_few_transactions_lengthen_the_window() -> None:
    assert evaluation_days(np.full(400, 4, dtype=np.int64), 400, 90, 365) == 365
    assert evaluation_days(np.full(400, 5, dtype=np.int64), 400, 90, 365) == 90
