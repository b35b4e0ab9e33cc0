"""A figure that can't be meant is unknown and said, and costs no other series anything."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from models.forecast.engine import COLUMNS, forecast_series
from models.forecast.panel import read_panel
from models.forecast.problem import Note
from models.forecast.slips import without_slips

START, WEEKS = date(2024, 1, 1), 60


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


@pytest.fixture(scope="module")
def usual() -> tuple[np.ndarray, np.ndarray]:
    y = np.random.default_rng(2).poisson(np.linspace(5, 40, 12)[:, None], (12, WEEKS)).astype(float)
    return y, figures(y)


def figures(y: np.ndarray) -> np.ndarray:
    return forecast_series(history(y), "W-MON", 2).table.sort("unique_id", "ds").select(*COLUMNS).to_numpy()


@pytest.mark.parametrize("slip", [8_712_345_678_901.0, 1e300])
def test_one_figure_moves_no_forecast_of_another_series(usual: tuple[np.ndarray, np.ndarray], slip: float):
    """Within what a row less of training changes; the series itself goes on as it was."""
    wrong = usual[0].copy()
    wrong[9, -5] = slip
    told = figures(wrong)
    assert np.isfinite(told).all()
    assert told[:, 0] == pytest.approx(usual[1][:, 0], rel=0.1, abs=0.5)
    assert np.abs(told[:, 1:] - usual[1][:, 1:]).mean() < 0.06 * usual[1][:, 1:].mean()
