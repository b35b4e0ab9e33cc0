"""Exports: types as a spreadsheet knows them, nothing that it would run, files there whole or not at all."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl  # type: ignore[import-untyped, unused-ignore]
import polars as pl
import pytest

from pipelines.operations import exports, safe_text, write_csv, write_xlsx, written_aside

EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"]


@pytest.fixture
def frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "sku": ["MUG-RED", "=HYPERLINK(1)"],
            "quantity_units": [24, None],
            "amount": pl.Series([Decimal("60.3000"), None], dtype=pl.Decimal(18, 4)),
            "rate": [0.5, float("nan")],
            "is_urgent": [True, None],
            "needed_by": [date(2026, 12, 1), None],
            "cutoff_at": pl.Series([datetime(2026, 11, 23, 9, 30, tzinfo=UTC), None], dtype=pl.Datetime("us", "UTC")),
            "explanation": [{"lead_time_days": 5}, None],
            "sizes": [[1, 2], None],
            "demand_class": pl.Series(["smooth", None], dtype=pl.Categorical),
            "nothing": [None, None],
        }
    )


@pytest.mark.parametrize("text", EVIL)
def test_formulas_are_neutralised(text: str, tmp_path: Path) -> None:
    assert safe_text(text) == f"'{text}"
    write_csv(pl.DataFrame({text: [text, "a=b"]}), tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="") as opened:
        assert list(csv.reader(opened)) == [[f"'{text}"], [f"'{text}"], ["a=b"]]
    write_xlsx({"Reorder": pl.DataFrame({text: [text]})}, tmp_path / "x.xlsx", text, {text: text})
    for sheet in openpyxl.load_workbook(tmp_path / "x.xlsx"):
        assert all(
            cell.data_type in ("s", "n") and (cell.value is None or cell.data_type == "s") for row in sheet for cell in row
        )


def test_csv_keeps_numbers_and_says_utc(frame: pl.DataFrame, tmp_path: Path) -> None:
    write_csv(frame, tmp_path / "exports" / "reorder.csv")
    with (tmp_path / "exports" / "reorder.csv").open() as opened:
        first, second = csv.DictReader(opened)
    assert (first["amount"], first["quantity_units"], first["cutoff_at"]) == ("60.3000", "24", "2026-11-23T09:30:00Z")
    assert (first["explanation"], first["sizes"], second["sku"]) == ('{"lead_time_days": 5}', "[1, 2]", "'=HYPERLINK(1)")


def test_negative_numbers_stay_numbers(tmp_path: Path) -> None:
    write_csv(pl.DataFrame({"safety_stock_units": [-3]}), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == "safety_stock_units\n-3\n"


def test_the_workbook_opens_as_a_planner_expects(frame: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "reorder.xlsx"
    write_xlsx({"Reorder": frame}, path, "20261123T093000Z", {"sku": "Stock keeping unit"})
    workbook = openpyxl.load_workbook(path)
    sheet = workbook["Reorder"]
    names = [cell.value for cell in sheet[1]]
    assert names == [name if name != "cutoff_at" else "cutoff_at (UTC)" for name in frame.columns]
    assert sheet["A1"].font.bold
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:K3")
    cells = dict(zip(frame.columns, sheet[2], strict=True))
    assert (cells["amount"].value, cells["amount"].number_format) == (60.3, "0.00")
    assert (cells["needed_by"].value, cells["needed_by"].number_format) == (datetime(2026, 12, 1), "yyyy-mm-dd")
    assert cells["cutoff_at"].value == datetime(2026, 11, 23, 9, 30)
    assert (cells["is_urgent"].value, cells["quantity_units"].value) == (True, 24)
    assert cells["explanation"].value == '{"lead_time_days": 5}'
    assert [cell.value for cell in sheet[3]] == ["=HYPERLINK(1)"] + [None] * 10
    assert sheet["A3"].data_type == "s"
    about = workbook["About"]
    assert (about["B1"].value, about["A4"].value, about["B4"].value) == ("20261123T093000Z", "sku", "Stock keeping unit")


def test_an_empty_frame_and_no_columns_at_all_still_open(frame: pl.DataFrame, tmp_path: Path) -> None:
    for empty in (frame.clear(), pl.DataFrame()):
        write_xlsx({"Reorder": empty}, tmp_path / "x.xlsx", "v1")
        assert openpyxl.load_workbook(tmp_path / "x.xlsx").sheetnames == ["Reorder", "About"]


def test_more_rows_than_a_sheet_are_refused(frame: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MAX_ROWS", 1)
    with pytest.raises(ValueError, match="this export has 2"):
        write_xlsx({"Reorder": frame}, tmp_path / "x.xlsx", "v1")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), written_aside(path) as aside:
        aside.with_suffix(".gone").read_text()
    with pytest.raises(UnicodeEncodeError), written_aside(path) as aside:
        aside.write_text("half \ud800", encoding="utf-8")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("x.txt", "old")]
