"""Features: sums and levels against loops, and not one of them changed by what came later."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.forecast.ahead import read_ahead
from models.forecast.features import Features
from models.forecast.index import Index
from models.forecast.neighbours import Neighbours
from models.forecast.panel import Panel, read_panel
from models.forecast.past import Past
from models.forecast.smoothing import RATES, Smoothing
from models.forecast.yearly import Yearly

RNG = np.random.default_rng(3)
HORIZON = 4


def panel_of(y: np.ndarray, freq: str = "W-MON", **columns: np.ndarray) -> Panel:
    """Series 000, 001 … that end together; not a number is null."""
    n, periods = y.shape
    days = {"W-MON": 7, "D": 1}[freq]
    dates = [date(2020, 1, 6) + timedelta(days=days * k) for k in range(periods)]
    rows = {"unique_id": np.repeat([f"{i:03}" for i in range(n)], periods), "ds": dates * n, "y": y.ravel()}
    frame = pl.DataFrame(rows | {name: values.ravel() for name, values in columns.items()})
    statics = pl.DataFrame({"unique_id": [f"{i:03}" for i in range(n)], "group": [f"g{i % 2}" for i in range(n)]})
    return read_panel(frame, freq, statics)


@pytest.fixture(scope="module")
def y() -> np.ndarray:
    units = RNG.poisson(RNG.gamma(2, 4, 50)[:, None] * (1 + 0.5 * np.sin(np.arange(170) / 8.3)), (50, 170)).astype(float)
    units[RNG.random(units.shape) < 0.1] = np.nan
    return units


def test_sums_over_the_past_equal_loops(y: np.ndarray):
    past = Past(panel_of(y))
    for i, t, periods in ((0, 0, 4), (3, 20, 7), (9, 169, 13), (5, 50, 400)):
        window = past.panel.y[i, max(t + 1 - periods, 0) : t + 1]
        known = window[np.isfinite(window)]
        at = np.array([i]), np.array([t])
        if len(known):
            assert past.mean(*at, periods)[0] == pytest.approx(known.mean())
            assert past.std(*at, periods)[0] == pytest.approx(known.std(), abs=1e-6)
            assert past.zero_share(*at, periods)[0] == pytest.approx((known == 0).mean())
        assert past.known_share(*at, periods)[0] == pytest.approx(len(known) / periods)


def test_smoothing_equals_a_loop(y: np.ndarray):
    past = Past(panel_of(y))
    index = Index(past, [], HORIZON)
    smoothing, values = Smoothing(past, index), past.panel.y[7]
    for k, rate in enumerate(RATES):
        level, seen = np.nan, 0
        for t, demand in enumerate(values):
            if np.isfinite(demand):
                seen, now = seen + 1, demand / index.own[7, t]
                level = now if seen == 1 else level + max(rate, 1 / seen) * (now - level)
            if seen:
                assert smoothing.levels[k, 7, t] == pytest.approx(level, rel=1e-5)
    low, high = smoothing.levels[:, 7, -1].min(), smoothing.levels[:, 7, -1].max()
    assert low * 0.8 <= smoothing.mean(np.array([7]), np.array([169]), np.array([1]))[0] / index.own[7, 170] <= high * 1.25


def test_the_index_is_that_of_earlier_years():
    shape = 1 + 0.5 * np.sin(2 * np.pi * np.arange(208) / 52)
    panel = panel_of(np.tile(200 * shape[:156], (30, 1)))
    index = Index(Past(panel), [], HORIZON)
    assert index.years[40] == 0 and index.years[120] == 1 and index.years[156 + HORIZON - 1] == 2
    assert index.pooled[0, 120] == pytest.approx(shape[120] ** (1 / 1.25), rel=0.02), "one year weighs 1 of 1.25"
    assert (index.pooled[:, 40] == 1).all() and index.own[0, 120] == pytest.approx(index.pooled[0, 120], rel=0.02)


def test_a_series_own_index_is_drawn_to_the_others():
    weeks = np.arange(156)
    shape = 1 + 0.5 * np.sin(2 * np.pi * weeks / 52)
    units = np.tile(200 * shape, (30, 1))
    units[0] = 200 * (2 - shape)
    index = Index(Past(panel_of(units)), [], HORIZON)
    peak = 117
    assert index.pooled[0, peak] > index.own[0, peak] > 2 - shape[peak]
    assert index.own[1, peak] == pytest.approx(index.pooled[1, peak], rel=0.1)


def test_neighbours_leave_a_series_itself_out(y: np.ndarray):
    units = np.nan_to_num(y)
    past = Past(panel_of(units))
    found = Neighbours(past, [np.arange(50) % 2, np.arange(50)]).columns(np.array([3]), np.array([100]))
    others = [i for i in range(50) if i % 2 == 1 and i != 3]
    assert found["others0_1"][0] == pytest.approx(units[others, 100].sum() / past.level[others, 100].sum())
    assert np.isnan(found["others1_1"][0]), "it is alone"


def test_the_year_before_tells_the_season():
    shape = 1 + 0.5 * np.sin(2 * np.pi * np.arange(156) / 52)
    panel = panel_of(np.tile(20 * shape, (30, 1)))
    past = Past(panel)
    yearly = Yearly(past, np.zeros(30, dtype=np.int64), HORIZON)
    at = np.array([0]), np.array([150]), np.array([4])
    ratio, years = yearly.ratio(*at)
    assert years[0] == 2
    assert past.level[0, 150] * ratio[0] == pytest.approx(20 * shape[(154) % 52], rel=0.1)
    assert yearly.ratio(at[0], np.array([40]), at[2]) == (1.0, 0)


@pytest.mark.parametrize("freq", ["W-MON", "D"])
def test_nothing_later_changes_a_feature(y: np.ndarray, freq: str):
    extra = {"price": RNG.random(y.shape) + 1, "promotion": (RNG.random(y.shape) < 0.2).astype(float)}
    panel, t = panel_of(y, freq, **extra), 130
    later = panel.until(y.shape[1] - 1 - t)
    rows = tuple(np.repeat([np.arange(50)], HORIZON, axis=0).ravel() if k == 0 else v for k, v in enumerate((
        0, np.full(50 * HORIZON, t), np.repeat(np.arange(1, HORIZON + 1), 50),
    )))  # fmt: skip
    whole, cut = (Features(p, HORIZON, read_ahead(panel, HORIZON, None, [])) for p in (panel, later))
    table, names = whole.rows(*rows)
    assert table.shape == (50 * HORIZON, len(names))
    assert np.array_equal(table, cut.rows(*rows)[0], equal_nan=True)
    assert np.array_equal(whole.scale(*rows), cut.scale(*rows))
