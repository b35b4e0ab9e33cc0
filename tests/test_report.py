"""The weekly report: opened as its reader would, figures equal to the registry's, nothing that a name could break out of."""

from datetime import date, timedelta
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from pipelines.metrics import metric
from pipelines.metrics.ask import Question, answer, as_of
from pipelines.report import page, write_report
from pipelines.warehouse.snapshots import current, open_snapshot


def test_the_workbook_holds_the_weeks_figures(demo_home: Path, tmp_path: Path) -> None:
    workbook, html = write_report(current(demo_home / "snapshots"), tmp_path)
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        until = as_of(connection).date() - timedelta(days=1)
        asked = Question(metric("net_sales"), (), until - timedelta(days=6), until)
        expected = float(answer(connection, asked)["value"][0])
    book = openpyxl.load_workbook(workbook)
    assert book.sheetnames[:2] == ["Key figures", "Best sellers"]
    figures = {row[0].value: row[2].value for row in book["Key figures"].iter_rows(min_row=2)}
    assert figures["Net sales"] == pytest.approx(expected)
    best = [row[3].value for row in book["Best sellers"].iter_rows(min_row=2)]
    assert best == sorted(best, reverse=True)
    assert f"{expected:,.2f}" in html.read_text(encoding="utf-8")


def test_a_name_is_text_in_the_page_not_markup() -> None:
    rows = pl.DataFrame({"sku": ["<script>alert(1)</script>"], "net_sales_amount": [1.5]})
    written = page({"Best <sellers>": rows}, "A & B", "EUR", date(2026, 1, 5), date(2026, 1, 11), "v1")
    assert "<script>" not in written
    assert "&lt;script&gt;" in written and "A &amp; B" in written and "Best &lt;sellers&gt;" in written


def test_a_report_is_made_anew_for_the_same_week_and_twelve_are_kept(demo_home: Path, tmp_path: Path) -> None:
    for number in range(15):
        (tmp_path / f"report-2020-01-{number + 1:02}.html").touch()
    write_report(current(demo_home / "snapshots"), tmp_path)
    write_report(current(demo_home / "snapshots"), tmp_path)
    assert len(list(tmp_path.glob("report-*.html"))) == 12
