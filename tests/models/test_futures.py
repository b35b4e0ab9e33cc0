"""Sampled futures by hand: what a shelf can't serve is lost before the order arrives; levels follow from the shelf, and textbook ones are met."""

import numpy as np
import pytest
from scipy import stats

from models.futures import Shelf, draw
from models.levels import COST, Aim, least_levels

DENSE = np.linspace(0.005, 0.995, 199)


def cheapest(weekly: float, shelf: Shelf | None, shortage: float, left: float, weeks: int = 2) -> float:
    """Level of a series of Poisson weeks, `weeks` of lead time and one of review."""
    quantiles = np.tile(stats.poisson.ppf(DENSE, weekly), (1, 4, 1))
    rng, one = np.random.default_rng(0), np.ones(1)
    futures = draw(quantiles, DENSE, 0.0, np.full((1, 8000), 7.0 * weeks), 7 * one, one > 0, rng, shelf=shelf)
    return float(
        least_levels(
            futures, Aim(np.full(1, COST), one, 0 * one, shortage * one, left * one, 7 * one, one, one < 0, np.inf * one)
        )[0]
    )


def certain(*weeks: float, shelf: Shelf, lead_days: float = 14.0) -> tuple[float, float]:
    """Lead time's and interval's demand of weeks that are known."""
    quantiles, one = np.repeat(np.array(weeks)[None, :, None], 3, axis=2), np.ones(1)
    rng = np.random.default_rng(0)
    drawn = draw(quantiles, np.array([0.1, 0.5, 0.9]), 0.0, np.full((1, 4), lead_days), 7 * one, one > 0, rng, shelf=shelf)
    return float(drawn.lead_units[0, 0]), float(drawn.interval_units[0, 0])


@pytest.mark.parametrize(
    ("on_hand", "due", "used"),
    [(5.0, [], 5), (30.0, [], 17), (5.0, [0.0, 4.0], 9), (5.0, [1.0, 40.0], 13), (0.0, [0.0, 0.0, 50.0], 0), (np.nan, [], 17)],
)
def test_what_the_shelf_cannot_serve_is_lost(on_hand: float, due: list[float], used: int):
    """Weeks of 10, 7 and 6; two weeks' lead time; what comes in the second week is too late for the first."""
    shelf = Shelf(np.array([on_hand]), np.array([due]))
    assert certain(10, 7, 6, shelf=shelf) == (used, used + 6)


@pytest.mark.parametrize(("shortage", "left"), [(4.0, 1.0), (19.0, 1.0), (1.0, 0.2), (1.0, 1.0)])
def test_an_empty_shelf_leaves_the_newsvendor(shortage: float, left: float):
    """Nothing stands or comes, so all of the lead time is lost, and one week is left to order for: the quantile at the critical ratio."""
    found = cheapest(6.0, Shelf(np.zeros(1), np.zeros((1, 0))), shortage, left)
    assert abs(found - stats.poisson.ppf(shortage / (shortage + left), 6.0)) <= 1


def test_a_full_shelf_is_base_stock_and_one_between_lies_between():
    """Snyder & Shen (2019), 4.3.4: the quantile of demand over lead time and review."""
    empty, some, full = (cheapest(30.0, Shelf(np.array([units]), np.zeros((1, 0))), 9.0, 1.0) for units in (0.0, 40.0, 500.0))
    assert abs(full - stats.poisson.ppf(0.9, 90.0)) <= 2
    assert abs(some - (40 + stats.poisson.ppf(0.9, 30.0))) <= 2
    assert empty < some < full


def test_a_width_is_kept_to():
    quantiles, one = np.tile(stats.norm.ppf(DENSE, 100, 10), (1, 3, 1)), np.ones(1)
    for std, width, expected in ((None, None, 10), (None, 0.5, 5), (20.0, 0.5, 20), (np.nan, 0.7, 7)):
        given = {"std": None if std is None else std * one, "width": None if width is None else width * one}
        drawn = draw(quantiles, DENSE, 0.0, np.zeros((1, 20_000)), 7 * one, one > 0, np.random.default_rng(0), **given)
        assert drawn.interval_units.std() == pytest.approx(expected, rel=0.06)
