"""Levels of series that tell little of themselves."""

import numpy as np
import polars as pl
import pytest

from models.forecast.blend import plain
from models.forecast.engine import LEVELS, Selection, forecast_series

WEEKS = 40
OWN = Selection("1w", 1, None, plain(LEVELS, 0.0))


def next_week(units: np.ndarray) -> np.ndarray:
    """(n,) mean of the week after `units` (n, weeks), by each series' own history."""
    n, weeks = units.shape
    dates = pl.date_range(pl.date(2025, 1, 6), pl.date(2025, 1, 6) + pl.duration(weeks=weeks - 1), "1w", eager=True)
    rows = pl.DataFrame({
        "unique_id": np.repeat(np.arange(n), weeks), "ds": pl.concat([dates] * n), "y": units.reshape(-1), "is_in_stock": True,
    })  # fmt: skip
    return forecast_series(rows, "1w", 1, selection=OWN).table.sort("unique_id")["mean"].to_numpy()


def test_a_rare_seller_that_has_just_sold_is_not_expected_to_sell_on() -> None:
    rng = np.random.default_rng(4)
    others = rng.binomial(1, 0.1, (300, WEEKS)) * rng.integers(1, 6, (300, WEEKS))
    spike = np.append(np.zeros(WEEKS - 1), 12)[None]
    alone, among = next_week(spike)[0], next_week(np.concatenate([spike, others]))[0]
    assert 12 / WEEKS <= among < 0.75 * alone


def test_what_a_series_shows_of_itself_outweighs_the_others() -> None:
    rng = np.random.default_rng(5)
    steady = rng.poisson(20, (300, WEEKS))
    moved = np.concatenate([np.full(WEEKS // 2, 20), np.full(WEEKS // 2, 60)])[None]
    found = next_week(np.concatenate([moved, steady]))
    assert found[0] == pytest.approx(60, rel=0.1), "the level that it moved to"
    assert found[1:].mean() == pytest.approx(20, rel=0.03)
    assert found[1:].std() < 2, "about the standard error of a mean of all weeks, 0.7, not that of a week, 4.5"
