"""A figure that can't be meant is unknown and said, and costs no other series anything."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.forecast.engine import COLUMNS, forecast_series
from models.forecast.panel import read_panel
from models.forecast.problem import Note
from models.forecast.slips import without_slips

START, WEEKS = date(2024, 1, 1), 100


def history(y: np.ndarray) -> pl.DataFrame:
    dates = [START + timedelta(weeks=t) for t in range(y.shape[1])]
    return pl.DataFrame(
        {"unique_id": np.repeat([f"s{i:02}" for i in range(len(y))], y.shape[1]), "ds": dates * len(y), "y": y.ravel()}
    )


def test_the_docstrings_examples():
    usual = np.tile([1.0, 2.0, 3.0], (2, 10))
    usual[0] += 18
    usual[:, 7] = 10_000, 100
    notes: list[Note] = []
    panel = without_slips(read_panel(history(usual), "W-MON"), notes)
    assert np.isnan(panel.y[0, 7]) and panel.y[1, 7] == 100 and np.isfinite(panel.y).sum() == 59
    said = "1 demands above 50 times what is large for their series were taken as unknown (the first: s00, 2024-02-19: 10,000)."
    assert [note.sentence for note in notes] == [said]


def test_of_few_demands_none_is_a_slip():
    y = np.zeros((1, 40))
    y[0, [3, 9, 20, 30]] = 1, 1, 2, 5000
    notes: list[Note] = []
    assert np.nanmax(without_slips(read_panel(history(y), "W-MON"), notes).y) == 5000 and not notes


@pytest.mark.parametrize("slip", [10_000.0, 8_712_345_678_901.0, 1e25, 1e300])
def test_one_figure_moves_no_forecast_of_another_series(slip: float):
    """Within what a few rows less of training change; the series itself goes on as it was."""
    y = np.random.default_rng(2).poisson(np.linspace(5, 40, 30)[:, None], (30, WEEKS)).astype(float)
    wrong = y.copy()
    wrong[9, -5] = slip
    usual, told = (
        forecast_series(history(units), "W-MON", 4).table.sort("unique_id", "ds").select(*COLUMNS).to_numpy()
        for units in (y, wrong)
    )
    assert np.isfinite(told).all()
    assert told[:, 0] == pytest.approx(usual[:, 0], rel=0.1, abs=0.5)
    assert np.abs(told[:, 1:] - usual[:, 1:]).mean() < 0.05 * usual[:, 1:].mean()
