"""A planner's workbook: only two columns can be typed into; what comes back is a difference; stale and damaged rows are refused in a sentence."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import openpyxl  # type: ignore[import-untyped, unused-ignore]
import polars as pl
import pytest

from pipelines.operations import Outbox, Refused, Suggestion, difference, read_plan, write_plan

FIRST, SECOND = "RO-20261123-000001", "RO-20261123-000002"
VERSION = "20261123-040012-123456"


@pytest.fixture
def plan(outbox: Outbox, base: Suggestion, at: datetime, tmp_path: Path) -> Path:
    outbox.suggest("reorder", [base, replace(base, sku="=1+1")], "v1", at)
    rows = outbox.decisions("suggested").select(
        "decision_id", "sku", "location_id", "suggested_quantity_units", "quantity_units", "needed_by"
    )
    write_plan(rows, tmp_path / "plan.xlsx", VERSION, {"sku": "Stock keeping unit"})
    return tmp_path / "plan.xlsx"


def typed(path: Path, cells: dict[str, object], sheet: str = "Plan") -> bytes:
    """The workbook after somebody typed into it, with a spreadsheet's own program."""
    book = openpyxl.load_workbook(path)
    for place, value in cells.items():
        book[sheet][place] = value
    book.save(path)
    return path.read_bytes()


def back(content: bytes, outbox: Outbox, published: set[str] | None = None) -> tuple[pl.DataFrame, list[str]]:
    rows, version = read_plan(content, "plan.xlsx")
    found = difference(rows, version, "plan.xlsx", outbox.decisions(), published or {VERSION}, date(2026, 11, 23))
    return found.changed, found.refused


def test_only_quantity_and_date_can_be_typed_into_and_are_checked(plan: Path) -> None:
    book = openpyxl.load_workbook(plan)
    sheet = book["Plan"]
    assert sheet.protection.sheet
    assert book["About"].protection.sheet
    assert book["About"]["B1"].value == VERSION
    names = [cell.value for cell in sheet[1]]
    assert [names[n] for n, cell in enumerate(sheet[2]) if not cell.protection.locked] == ["quantity_units", "needed_by"]
    checks = {check.type: str(check.sqref) for check in sheet.data_validations.dataValidation}
    assert checks == {"whole": "E2:E3", "date": "F2:F3"}
    assert (sheet["B3"].value, sheet["B3"].data_type) == ("=1+1", "s")


def test_what_was_typed_comes_back_as_a_difference(plan: Path, outbox: Outbox) -> None:
    changed, refused = back(typed(plan, {"E2": 36, "F3": datetime(2026, 12, 24)}), outbox)
    assert refused == []
    assert changed.select("decision_id", "suggested_quantity_units", "quantity_units", "needed_by").rows() == [
        (FIRST, 24, 36, date(2026, 12, 1)),
        (SECOND, 24, 24, date(2026, 12, 24)),
    ]


def test_an_untouched_workbook_changes_nothing(plan: Path, outbox: Outbox) -> None:
    changed, refused = back(plan.read_bytes(), outbox)
    assert (changed.height, refused) == (0, [])


def test_what_was_decided_or_superseded_since_is_refused_and_the_rest_goes_on(
    plan: Path, outbox: Outbox, base: Suggestion, at: datetime
) -> None:
    outbox.suggest("reorder", [replace(base, quantity_units=30), replace(base, sku="=1+1")], "v2", at)
    changed, refused = back(typed(plan, {"E2": 36, "E3": 12}), outbox)
    assert changed["decision_id"].to_list() == [SECOND]
    assert refused == [
        f"plan.xlsx, row 2: {FIRST} is superseded by RO-20261123-000003 since it was exported; export the plan again."
    ]


def test_a_workbook_whose_snapshot_is_gone_is_refused(plan: Path, outbox: Outbox) -> None:
    with pytest.raises(Refused, match="made from snapshot 20261123-040012-123456, which is gone"):
        back(plan.read_bytes(), outbox, {"20261124-040012-123456"})


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"A2": "RO-1"}, "row 2: there is no decision RO-1"),
        ({"A3": FIRST}, f"row 3: {FIRST} stands twice"),
        ({"E2": 2.5}, "row 2: quantity_units '2.5' is no whole number"),
        ({"E2": "many"}, "row 2: quantity_units 'many' is no whole number"),
        ({"E2": -1}, f"row 2: {FIRST}: -1 units is not between 0"),
        ({"F2": "soon"}, "row 2: needed_by 'soon' is no date"),
        ({"F2": "2026-11-22"}, f"row 2: {FIRST}: 2026-11-22 is before today (2026-11-23)"),
        ({"D2": 12}, f"row 2: {FIRST} was suggested with another quantity"),
    ],
)
def test_a_damaged_row_is_refused_in_a_sentence(plan: Path, outbox: Outbox, cells: dict[str, object], sentence: str) -> None:
    _, refused = back(typed(plan, cells), outbox)
    (said,) = refused
    assert sentence in said


def test_a_column_that_is_gone_and_a_file_that_is_none(plan: Path) -> None:
    with pytest.raises(Refused, match="has no column quantity_units any more"):
        read_plan(typed(plan, {"E1": "qty"}), "plan.xlsx")
    with pytest.raises(Refused, match="is no workbook of a plan"):
        read_plan(b"PK", "plan.xlsx")
