"""Past forecasts in files: the same cutoff replaces itself, growth is bounded, a backtest gives way to what was really forecast."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipelines.contracts import table
from pipelines.warehouse.archive import WEEKS, Archive

SUNDAY = date(2026, 3, 1)


def forecast(cutoff: date, mean: float = 1.0) -> pl.DataFrame:
    contract = table("forecast_history")
    row = {
        "sku": "A",
        "location_id": "L",
        "cutoff_date": cutoff,
        "horizon": 1,
        "week_end_date": cutoff + timedelta(days=7),
        "mean_units": mean,
    }
    return contract.conform(pl.DataFrame([row]))


def test_the_same_cutoff_again_takes_its_place(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "forecasts")
    for mean in (1.0, 2.0):
        archive.keep(forecast(SUNDAY, mean))
    assert archive.weekly()["mean_units"].to_list() == [2.0]
    assert [file.name for file in (tmp_path / "forecasts").iterdir()] == ["2026-03-01.parquet"]


def test_of_many_nights_one_forecast_a_week_and_the_last_nights_are_kept(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    days = [SUNDAY + timedelta(days=n) for n in (*range(0, 7 * WEEKS, 7), *range(7 * WEEKS, 7 * WEEKS + 25))]
    for day in days:
        archive.keep(forecast(day))
    kept = archive.recorded()
    assert kept[-8:] == days[-8:], "every night of the last week"
    assert len(kept) <= WEEKS + 10
    assert kept[0] >= days[-1] - timedelta(weeks=WEEKS)
    assert len(archive.weekly()) == len({day - timedelta(days=day.weekday()) for day in kept})


def test_backtests_fill_weeks_without_a_forecast_and_give_way(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.keep(forecast(SUNDAY))
    past = [SUNDAY - timedelta(weeks=k) for k in (2, 1, 0)]
    assert archive.lacks(past) == past[:2]
    for cutoff in past[:2]:
        archive.keep(forecast(cutoff), is_backtest=True)
    assert archive.weekly().sort("cutoff_date")["is_backtest"].to_list() == [True, True, False]
    archive.keep(forecast(past[1] - timedelta(days=3)))
    assert archive.weekly().sort("cutoff_date")["is_backtest"].to_list() == [True, False, False]
    assert archive.lacks(past) == []


def test_files_of_another_version_are_passed_over(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.keep(forecast(SUNDAY))
    forecast(SUNDAY - timedelta(weeks=1)).drop("q05_units").write_parquet(tmp_path / "2026-02-22.parquet")
    assert archive.weekly().height == 1
    assert Archive(tmp_path / "none").weekly().is_empty()
