"""The parts of a forecast add up to it, with the boosted model too, and each says what its name says."""

import numpy as np
import polars as pl
import pytest

from models.forecast import boosting
from models.forecast.ahead import read_ahead
from models.forecast.blend import plain
from models.forecast.boosting import every_row
from models.forecast.engine import LEVELS, Made, forecast_series
from models.forecast.explain import PARTS, parts_of
from models.forecast.features import Features
from models.forecast.panel import read_panel

WEEKS, SERIES, HORIZON = 64, 10, 3


def history() -> pl.DataFrame:
    """Weekly demand that doubles in weeks of promotion, every fifth; the first half of the series is promoted at the end too."""
    rng = np.random.default_rng(2)
    level = rng.gamma(4, 5, SERIES)[:, None]
    promoted = np.zeros((SERIES, WEEKS))
    promoted[:, ::5] = 1.0
    promoted[: SERIES // 2, -1] = 1.0
    units = rng.poisson(level * (1 + promoted))
    starts = pl.date_range(pl.date(2025, 1, 6), pl.date(2025, 1, 6) + pl.duration(weeks=WEEKS - 1), "1w", eager=True)
    return pl.DataFrame({
        "unique_id": np.repeat(np.arange(SERIES), WEEKS), "ds": pl.concat([starts] * SERIES), "y": units.ravel(), "promotion": promoted.ravel(),
    })  # fmt: skip


COUNTRIES = pl.DataFrame({"unique_id": range(SERIES), "country_code": ["DE", "GB"] * (SERIES // 2)})


@pytest.fixture(scope="module")
def features() -> Features:
    panel = read_panel(history(), "W-MON", COUNTRIES)
    return Features(panel, HORIZON, read_ahead(panel, HORIZON, None, []))


@pytest.fixture(scope="module")
def made() -> Made:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boosting, "ROUNDS", 3)
        return forecast_series(history(), "W-MON", HORIZON, explained=True)


def test_parts_sum_to_the_mean_of_every_row(made: Made):
    assert made.parts is not None and made.selection.boosted is not None
    assert made.parts.units.sum(axis=1) == pytest.approx(made.table["mean"].to_numpy(), abs=1e-9)
    blended = made.parts.share * made.parts.boosted + (1 - made.parts.share) * made.parts.own
    correction = made.parts.units[:, PARTS.index("correction")]
    assert blended + correction == pytest.approx(made.table["mean"].to_numpy(), abs=1e-9)


def test_recent_is_the_mean_of_the_last_thirteen_weeks(made: Made):
    assert made.parts is not None
    units = history()["y"].to_numpy().reshape(SERIES, WEEKS)
    recent = made.parts.units[:, PARTS.index("recent")].reshape(SERIES, HORIZON)
    assert recent[:, 0] == pytest.approx(units[:, -13:].mean(axis=1))
    assert (recent == recent[:, :1]).all()


class Said:
    """In the place of the boosted model: half as much again in weeks of promotion, a tenth more for each public holiday."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def mean(self, table: np.ndarray, scale: np.ndarray) -> np.ndarray:
        promotion, holidays = (np.nan_to_num(table[:, self.names.index(name)]) for name in ("promotion", "holidays"))
        return scale * (1 + 0.5 * promotion) * (1 + 0.1 * holidays)


def test_promotion_and_holidays_are_told_apart(features: Features):
    rows = every_row(features.panel.last, np.ones(SERIES, dtype=np.int64), HORIZON)
    table, names = features.rows(*rows)
    scale = features.scale(*rows)
    found = parts_of(features, rows, Said(names), plain(LEVELS, 0.5))  # type: ignore[arg-type]
    promotion, holidays = (found.units[:, PARTS.index(name)] for name in ("promotion", "holidays"))
    days = table[:, names.index("holidays")]
    assert holidays == pytest.approx(0.5 * scale * 0.1 * days, rel=1e-5) and days.max() > 0
    is_promoted = rows[0] < SERIES // 2
    assert promotion == pytest.approx(0.5 * scale * 0.5 * is_promoted * (1 + 0.1 * days), rel=1e-5)
    assert found.units.sum(axis=1) == pytest.approx(found.share * found.boosted + (1 - found.share) * found.own)


def test_without_a_boosted_model_the_parts_are_the_series_own():
    rows = history().filter(pl.col("unique_id") < 2)
    made = forecast_series(rows.tail(40), "W-MON", HORIZON, explained=True)
    assert made.selection.boosted is None and made.parts is not None
    assert made.parts.units.sum(axis=1) == pytest.approx(made.table["mean"].to_numpy(), abs=1e-9)
    assert not made.parts.units[:, PARTS.index("others") :].any()
