"""The engine as a whole: honest intervals, coherent quantiles, no look ahead, and an answer for every odd series."""

import importlib
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from models.forecast import boosting, engine
from models.forecast.engine import COLUMNS, Made, Selection, backtest_series, forecast_series
from models.forecast.problem import Problem
from tests.conftest import require

HORIZON, WEEKS = 4, 70
MONDAY = date(2024, 1, 1)


def long(series: dict[Any, np.ndarray | list[float]]) -> pl.DataFrame:
    """Weekly rows of series that end together."""
    last = max(map(len, series.values()))
    return pl.concat([
        pl.DataFrame({
            "unique_id": [name] * len(y), "ds": [MONDAY + timedelta(weeks=last - len(y) + k) for k in range(len(y))],
            "y": np.asarray(y, dtype=float),
        }) for name, y in series.items()
    ])  # fmt: skip


def simulated(n: int, mean: float, weeks: int = WEEKS + HORIZON, seed: int = 0) -> np.ndarray:
    """Negative binomial demand around levels of its own."""
    rng = np.random.default_rng(seed)
    levels = mean * rng.gamma(4, 0.25, n)[:, None]
    return rng.poisson(levels * rng.gamma(5, 0.2, (n, weeks))).astype(float)


def values(made: Made) -> np.ndarray:
    return made.table.select(COLUMNS).to_numpy().reshape(-1, HORIZON, len(COLUMNS))


def has_boosting() -> bool:
    try:
        importlib.import_module("lightgbm")
    except OSError:
        return False
    return True


@pytest.fixture(autouse=True, scope="module")
def quick() -> Any:
    """Fewer trees and rows: what is tested here doesn't hang on the last of them."""
    require(has_boosting(), "LightGBM can't be loaded: the system's OpenMP library is missing (libgomp1)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boosting, "ROUNDS", 20)
        patch.setattr(boosting, "MAX_ROWS", 15_000)
        yield


@pytest.fixture(scope="module")
def many() -> tuple[np.ndarray, Made]:
    units = np.concatenate([simulated(100, 30), simulated(50, 0.4, seed=1)])
    return units, forecast_series(long({f"{i:03}": y[:WEEKS] for i, y in enumerate(units)}), "W-MON", HORIZON)


def test_every_series_and_period_has_a_coherent_row(many: tuple[np.ndarray, Made]):
    table = many[1].table
    assert table.columns == ["unique_id", "ds", *COLUMNS, "model"]
    assert table.height == 150 * HORIZON and table.select("unique_id", "ds").is_unique().all()
    assert table["ds"].dtype == pl.Date and table["ds"].min() == MONDAY + timedelta(weeks=WEEKS)
    found = values(many[1])
    assert np.isfinite(found).all() and (found >= 0).all()
    assert (np.diff(found[:, :, 1:], axis=2) >= 0).all()
    assert (found[:, :, 1:] == np.rint(found[:, :, 1:])).all()
    assert not many[1].notes and set(table["model"]) == {"boosted and own"}


@pytest.mark.parametrize(("low", "high", "least", "most"), [(2, 4, 0.40, 0.62), (1, 5, 0.72, 0.88), (0, 6, 0.84, 0.95)])
def test_intervals_cover_what_they_say(many: tuple[np.ndarray, Made], low: int, high: int, least: float, most: float):
    units, made = many
    found, came = values(made)[:, :, 1:], units[:, WEEKS:]
    inside = (came >= found[:, :, low]) & (came <= found[:, :, high])
    assert least <= inside[:100].mean() <= most
    assert inside[100:].mean() >= least


def test_the_mean_is_a_mean_and_the_median_a_median(many: tuple[np.ndarray, Made]):
    units, made = many
    found, came = values(made), units[:, WEEKS:]
    assert found[:, :, 0].sum() == pytest.approx(came.sum(), rel=0.06)
    assert (found[100:, :, 4] < 0.5).mean() > 0.5, "sparse demand has a median of 0"
    assert found[100:, :, 0].min() > 0


def test_a_refresh_with_what_was_kept_gives_the_same(many: tuple[np.ndarray, Made]):
    units, made = many
    history = long({f"{i:03}": y[:WEEKS] for i, y in enumerate(units)})
    kept = Selection.from_json(made.selection.to_json())
    again = forecast_series(history, "W-MON", HORIZON, selection=kept)
    assert again.table.equals(made.table)
    with pytest.raises(Problem, match="is for 4 periods of W-MON, not 5 of W-MON"):
        forecast_series(history, "W-MON", 5, selection=kept)


def test_a_backtest_whose_future_is_noise_gives_the_same_forecast():
    units = simulated(12, 8)
    noise = units.copy()
    noise[:, -HORIZON:] = np.random.default_rng(9).random((12, HORIZON)) * 1000
    made = [
        backtest_series(long({f"{i:02}": y for i, y in enumerate(u)}), "W-MON", HORIZON, windows=1)[0] for u in (units, noise)
    ]
    assert made[0].drop("y").equals(made[1].drop("y"))
    assert made[0]["y"].to_list() == units[:, -HORIZON:].ravel().tolist()


def test_one_failing_model_falls_back_and_says_so(monkeypatch: pytest.MonkeyPatch, many: tuple[np.ndarray, Made]):
    def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError("out of luck")

    units, made = many
    history = long({f"{i:03}": y[:WEEKS] for i, y in enumerate(units[:20])})
    with monkeypatch.context() as patch:
        patch.setattr(boosting, "fit", fails)
        found = forecast_series(history, "W-MON", HORIZON)
    assert "out of luck" in found.notes[0].sentence and set(found.table["model"]) == {"own"}
    monkeypatch.setattr(boosting.Boosted, "predict", fails)
    refreshed = forecast_series(history, "W-MON", HORIZON, selection=made.selection)
    assert "out of luck" in refreshed.notes[0].sentence and np.isfinite(values(refreshed)).all()


def test_odd_series_get_a_sensible_forecast():
    odd = {"single": [7.0], "zeros": [0.0] * 30, "constant": [5.0] * 40, "late": [0.0] * 39 + [3.0], "gone": [6.0] * 20 + [0.0] * 60,
           "short": [2.0, 3.0, 1.0]}  # fmt: skip
    made = forecast_series(long(odd), "W-MON", HORIZON)
    mean = dict(zip(sorted(odd), values(made)[:, 0, 0], strict=True))
    assert mean["zeros"] == 0 and mean["constant"] == pytest.approx(5, rel=0.1) and mean["single"] == pytest.approx(7, rel=0.3)
    assert mean["gone"] < 1 and 0 < mean["late"] <= 3 and 1 <= mean["short"] <= 3
    assert np.isfinite(values(made)).all()
    assert dict(made.table.select("unique_id", "model").iter_rows())["zeros"] == "never sold"
    assert "too little history" in made.notes[0].sentence


def test_what_never_changed_goes_on_as_it_was():
    made = forecast_series(long({"a": [1.0] * 120, "b": [5.0] * 120, "c": [100.0] * 120}), "W-MON", 2)
    assert np.allclose(made.table["mean"].to_numpy().reshape(3, 2), [[1], [5], [100]], rtol=0.01)


def test_identical_series_get_identical_forecasts_and_numbers_stay_ids():
    y = simulated(1, 12)[0]
    made = forecast_series(long(dict.fromkeys(range(30), y)), "W-MON", HORIZON)
    assert made.table["unique_id"].dtype == pl.Int64
    assert (values(made) == values(made)[0]).all()


def test_broken_demand_stays_broken():
    y = simulated(5, 12) / 3
    found = values(forecast_series(long({str(i): row for i, row in enumerate(y)}), "W-MON", HORIZON))
    assert (found[:, :, 1:] != np.rint(found[:, :, 1:])).any()


def test_a_horizon_of_nothing_gets_a_sentence():
    with pytest.raises(Problem, match="--horizon 0 is no number of periods"):
        forecast_series(long({"a": [1.0, 2.0]}), "W-MON", 0)
    with pytest.raises(Problem, match="long enough for a backtest"):
        backtest_series(long({"a": [1.0, 2.0]}), "W-MON", HORIZON)


def test_trainings_are_reported(monkeypatch: pytest.MonkeyPatch):
    told: list[tuple[int, int]] = []
    forecast_series(
        long({str(i): y for i, y in enumerate(simulated(10, 5))}), "W-MON", HORIZON, report=lambda *step: told.append(step)
    )
    assert told == [(k, engine.TRAININGS) for k in range(1, engine.TRAININGS + 1)]
