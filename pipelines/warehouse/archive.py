"""Past forecasts in the merchant's home, a Parquet file per cutoff, so that they outlive the warehouse. Here: keeping, reading, thinning out.

Every night's forecast is kept for a week, so that orders can be held against it; of older ones the first of each calendar week, for half a
year. A backtest stands where no forecast was made in its week. Files of a version with other columns are passed over.
"""

import os
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from models.past_forecasts import of_each_week
from pipelines.contracts import table

NIGHTLY_DAYS = 8
WEEKS = 26
BACKTEST = ".backtest"


class Archive:
    """Files 2026-11-29.parquet of what was forecast then and 2026-11-22.backtest.parquet of what would have been."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, forecast: pl.DataFrame, *, is_backtest: bool = False) -> None:
        """Keeps a forecast of one cutoff, in the place of one of the same cutoff, and drops what is too old by then."""
        if forecast.is_empty():
            return
        cutoff = forecast["cutoff_date"][0]
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._file(cutoff, is_backtest=is_backtest)
        aside = target.with_suffix(f".{os.getpid()}")
        rows = table("forecast_history").conform(forecast.with_columns(is_backtest=pl.lit(is_backtest)))
        rows.drop("actual_units").write_parquet(aside)
        aside.replace(target)
        self._thin_out()

    def weekly(self) -> pl.DataFrame:
        """One forecast of each calendar week as forecast_history has it, without actuals; the whole empty where nothing is kept."""
        recorded = of_each_week(self._cutoffs(is_backtest=False))
        return self._read([*recorded, *self._uncovered()])

    def made_at(self, cutoffs: list[date]) -> pl.DataFrame:
        """Forecasts made at these cutoffs, backtests left out; none for cutoffs that aren't kept."""
        return self._read([day for day in cutoffs if self._file(day).exists()])

    def lacks(self, cutoffs: list[date]) -> list[date]:
        """Those of the cutoffs in whose calendar week nothing is kept."""
        kept = {_week(day) for day in (*self._cutoffs(is_backtest=False), *self._cutoffs(is_backtest=True))}
        return [day for day in cutoffs if _week(day) not in kept]

    def recorded(self) -> list[date]:
        """Cutoffs at which a forecast was made and is kept, in order."""
        return self._cutoffs(is_backtest=False)

    def _uncovered(self) -> list[date]:
        """Cutoffs of backtests in whose week no forecast was made."""
        covered = {_week(day) for day in self._cutoffs(is_backtest=False)}
        return [day for day in self._cutoffs(is_backtest=True) if _week(day) not in covered]

    def _read(self, cutoffs: list[date]) -> pl.DataFrame:
        files = [
            file for day in cutoffs if (file := self._file(day)).exists() or (file := self._file(day, is_backtest=True)).exists()
        ]
        contract = table("forecast_history")
        kept = [frame for frame in map(pl.read_parquet, files) if set(contract.columns) - {"actual_units"} <= set(frame.columns)]
        return pl.concat([contract.empty(), *(contract.conform(frame) for frame in kept)])

    def _thin_out(self) -> None:
        recorded = self._cutoffs(is_backtest=False)
        newest = max([*recorded, *self._cutoffs(is_backtest=True)])
        firsts = set(of_each_week(recorded))
        for day in recorded:
            age = (newest - day).days
            if age > NIGHTLY_DAYS and (day not in firsts or age > 7 * WEEKS):
                self._file(day).unlink(missing_ok=True)
        uncovered = set(self._uncovered())
        for day in self._cutoffs(is_backtest=True):
            if day not in uncovered or (newest - day).days > 7 * WEEKS:
                self._file(day, is_backtest=True).unlink(missing_ok=True)

    def _cutoffs(self, *, is_backtest: bool) -> list[date]:
        names = [file.name.removesuffix(".parquet") for file in self._folder.glob("*.parquet")]
        wanted = [name.removesuffix(BACKTEST) for name in names if name.endswith(BACKTEST) == is_backtest]
        return sorted(date.fromisoformat(name) for name in wanted)

    def _file(self, cutoff: date, *, is_backtest: bool = False) -> Path:
        return self._folder / f"{cutoff}{BACKTEST if is_backtest else ''}.parquet"


def _week(day: date) -> date:
    return day - timedelta(days=day.weekday())
