"""`fulcast forecast` and `fulcast backtest`: files in and out, sentences and exit codes."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import typer

from models.forecast.engine import COLUMNS
from pipelines import forecasting
from pipelines.errors import InputError

MONDAY = date(2025, 1, 6)
TODAY = date(2026, 11, 24)


def history(weeks: int = 12, names: tuple[str, ...] = ("a", "b")) -> pl.DataFrame:
    dates = [MONDAY + timedelta(weeks=k) for k in range(weeks)]
    return pl.DataFrame({"unique_id": np.repeat(names, weeks), "ds": dates * len(names), "y": [3, 5] * (weeks * len(names) // 2)})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    history().write_parquet(tmp_path / "F.parquet")
    return tmp_path / "F.parquet"


def fulcast(*words: str | Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("fulcast")
    return subprocess.run([program, *map(str, words)], check=False, capture_output=True, text=True, timeout=120)


def test_the_command_writes_forecasts_of_every_series(file: Path, tmp_path: Path):
    output = tmp_path / "made" / "G.parquet"
    done = fulcast("forecast", "--history", file, "--freq", "W-MON", "--horizon", "8", "--output", output)
    assert done.returncode == 0, done.stderr
    assert "2 series, 8 periods of W-MON ahead" in done.stdout
    made = pl.read_parquet(output)
    assert made.columns == ["unique_id", "ds", *COLUMNS, "model"] and made.height == 16
    assert made["ds"].min() == MONDAY + timedelta(weeks=12)


def test_bad_input_ends_with_one_sentence_and_exit_code_2(file: Path, tmp_path: Path):
    done = fulcast("forecast", "--history", file, "--freq", "fortnightly", "--horizon", "8", "--output", tmp_path / "G.parquet")
    assert done.returncode == 2 and "--freq fortnightly is not known" in done.stderr and "Traceback" not in done.stderr


def test_a_backtest_shows_scores_and_writes_what_came(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    forecasting.backtest(file, "W-MON", 2, tmp_path / "B.csv", statics=None, windows=2, as_planned=False, today=TODAY)
    shown = capsys.readouterr().out
    assert "WAPE" in shown and "in 90 %" in shown and "2025-03-10" in shown
    made = pl.read_csv(tmp_path / "B.csv")
    assert made.height == 8 and {"cutoff", "y", "mean", "q0.5"} <= set(made.columns)


def test_a_kept_selection_is_used_the_next_time(file: Path, tmp_path: Path):
    kept, outputs = tmp_path / "S.json", [tmp_path / "1.parquet", tmp_path / "2.parquet"]
    for output in outputs:
        forecasting.forecast(file, "W-MON", 3, output, statics=None, planned=None, selection=kept, today=TODAY)
    assert pl.read_parquet(outputs[0]).equals(pl.read_parquet(outputs[1]))
    with pytest.raises(InputError, match="kept selection is for 3 periods"):
        forecasting.forecast(file, "W-MON", 4, outputs[0], statics=None, planned=None, selection=kept, today=TODAY)
    kept.write_text("{}")
    with pytest.raises(InputError, match="is no kept selection"):
        forecasting.forecast(file, "W-MON", 3, outputs[0], statics=None, planned=None, selection=kept, today=TODAY)


def test_refused_series_end_with_exit_code_2_and_the_others_are_written(tmp_path: Path):
    twice = pl.concat([history(), history(names=("b",)).with_columns(y=pl.lit(9, pl.Int64))])
    twice.write_csv(tmp_path / "F.csv")
    with pytest.raises(typer.Exit) as told:
        forecasting.forecast(
            tmp_path / "F.csv", "W-MON", 2, tmp_path / "G.csv", statics=None, planned=None, selection=None, today=TODAY
        )
    assert told.value.exit_code == 2
    assert pl.read_csv(tmp_path / "G.csv")["unique_id"].unique().to_list() == ["a"]


@pytest.mark.parametrize(("name", "content", "sentence"), [
    ("F.xlsx", b"", "neither .parquet, .csv nor .arrow"), ("F.parquet", b"no", "can't be read"), ("none.csv", None, "can't be read"),
])  # fmt: skip
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None, sentence: str):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        forecasting.read(tmp_path / name)


def test_a_csv_keeps_its_ids_and_reads_numbers_that_come_late(tmp_path: Path):
    rows = [
        f"{name},{date(2026, 1, 5) + timedelta(days=7 * k)},{2.5 if k == 300 else k % 7}"
        for name in ("001", "1")
        for k in range(301)
    ]
    (tmp_path / "F.CSV").write_text("\n".join(["unique_id,ds,y", *rows, "MUG-RED,2026-01-05,n/a"]))
    history = forecasting.read(tmp_path / "F.CSV")
    assert history["unique_id"].unique().sort().to_list() == ["001", "1", "MUG-RED"]
    assert history["y"].cast(pl.Float64, strict=False).null_count() == 1


def test_an_output_of_another_kind_is_refused_before_anything_is_computed(file: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"neither \.parquet, \.csv nor \.arrow"):
        forecasting.forecast(file, "W-MON", 3, tmp_path / "o.xlsx", statics=None, planned=None, selection=None, today=TODAY)
