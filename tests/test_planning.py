"""The planner's list: what is shared by the page and `fulcast reorder`, on a merchant's own snapshot."""

import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl  # type: ignore[import-untyped, unused-ignore]
import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines import planning
from pipelines.cli import app
from pipelines.errors import InputError
from pipelines.operations import Draft, Drafts, Outbox, Suggestion
from pipelines.settings import Settings
from pipelines.warehouse.snapshots import current, open_snapshot

AT = datetime(2026, 1, 21, 9, tzinfo=UTC)


@pytest.fixture
def home(demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(demo_home, copy, ignore=shutil.ignore_patterns("landing", "dagster", "warehouse.*"))
    monkeypatch.setenv("FULCAST_HOME", str(copy))
    monkeypatch.delenv("FULCAST_OUTBOX_URL", raising=False)
    return copy


def now(home: Path) -> pl.DataFrame:
    with open_snapshot(current(home / "snapshots")) as connection:
        return planning.current(Settings(), connection)


def typed(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["reorder", *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_the_list_is_what_is_suggested_and_follows_drafts_and_decisions(home: Path) -> None:
    database = Settings().outbox
    with Outbox(database) as outbox, Drafts(database) as drafts:
        waiting = outbox.decisions("suggested", "reorder")
        rows = now(home)
        assert set(rows["decision_id"].drop_nulls()) == set(waiting["decision_id"])
        assert rows["amount"].sum() == waiting["amount"].sum()
        first = rows.row(0, named=True)
        assert first["exception"], "exceptions come first"
        drafts.save([Draft(first["decision_id"], first["quantity_units"] + 3)], "ana", AT)
        edited = now(home).row(0, named=True)
        assert (edited["quantity_units"], edited["drafted_by"]) == (first["quantity_units"] + 3, "ana")
        assert edited["amount"] == first["amount"] + 3 * first["unit_cost_amount"]
        assert edited["at_risk_amount"] == first["at_risk_amount"], "the order of the list does not jump while one types"
        edits = planning.edits_of(now(home), [first["decision_id"]])
        outbox.approve([first["decision_id"]], "ana", "ok", None, AT, edits=edits)
        assert first["decision_id"] not in now(home)["decision_id"].to_list()


def test_what_changed_since_the_run_before(home: Path) -> None:
    database = Settings().outbox
    with open_snapshot(current(home / "snapshots")) as connection:
        made_at = connection.sql("SELECT made_at FROM run_info").pl()["made_at"][0]
    with Outbox(database) as outbox:
        assert set(planning.changes(outbox.decisions(kind="reorder"), made_at)["change"]) <= {"new", "waits"}
    common = {"kind": "reorder", "location_id": "DC", "supplier_id": "S", "from_location_id": None, "unit_cost_amount": None,
              "amount": Decimal(9), "currency_code": "EUR", "needed_by": None, "explanation": {}}  # fmt: skip
    with Outbox(f"sqlite:///{home}/other.sqlite") as outbox:
        for hour, quantities in (
            (1, {"A": 1, "B": 2, "C": 3, "D": 4}),
            (2, {"A": 1, "B": 5, "D": 0}),
            (3, {"A": 1, "B": 5, "D": 0}),
        ):
            made = [Suggestion(sku=sku, quantity_units=units, **common) for sku, units in quantities.items()]  # type: ignore[arg-type]
            outbox.suggest("reorder", made, f"v{hour}", AT + timedelta(hours=hour))
        found = outbox.decisions(kind="reorder")
    second = planning.changes(found, AT + timedelta(hours=2))
    assert set(second.select("sku", "change", "previous_quantity_units", "quantity_units").rows()) == {
        ("B", "another quantity", 2, 5),
        ("C", "no longer needed", 3, 0),
        ("D", "waits", 4, 0),
    }
    assert second.filter(pl.col("quantity_units") == 0)["amount"].null_count() == 2, "no old amount beside 0"
    assert planning.changes(found, AT + timedelta(hours=3)).is_empty()


def test_what_waits_for_its_basket_stands_in_the_plan_and_can_be_ordered_all_the_same(home: Path) -> None:
    rows = now(home)
    waits = rows.filter(pl.col("suggested_quantity_units") == 0)
    assert waits.height, "the demo merchant has suppliers whose minimum is not reached"
    assert (waits["sku_quantity_units"] > 0).all()
    assert waits["exception"].str.starts_with("waits for the supplier's order").all()
    assert waits["now_amount"].sum() < waits["waiting_amount"].sum(), "waiting costs something"
    assert waits["reason"].str.contains("alone it would order").all()
    supplier = waits["supplier_id"][0]
    code, told = typed("--supplier", supplier)
    assert (code, " line" in told, "Waiting is expected to cost" in told) == (0, True, True)
    one = waits.row(0, named=True)
    with Outbox(Settings().outbox) as outbox, Drafts(Settings().outbox) as drafts:
        drafts.save([Draft(one["decision_id"], one["sku_quantity_units"])], "ana", AT)
        drafted = now(home).filter(pl.col("decision_id") == one["decision_id"]).row(0, named=True)
        outbox.approve([one["decision_id"]], "ana", "now", None, AT, edits=planning.edits_of(now(home), [one["decision_id"]]))
        approved = outbox.find([one["decision_id"]]).row(0, named=True)
    assert (approved["state"], approved["quantity_units"]) == ("approved", one["sku_quantity_units"])
    assert approved["amount"] == drafted["amount"]


def test_baskets_hold_the_suppliers_minimum_in_the_reporting_currency(home: Path) -> None:
    with open_snapshot(current(home / "snapshots")) as connection:
        limits = planning.limits(connection)
        suppliers = connection.sql("SELECT supplier_id FROM suppliers WHERE order_minimum_amount IS NOT NULL").pl()
    assert set(limits.drop_nulls("order_minimum_amount")["supplier_id"]) == set(suppliers["supplier_id"])


def test_one_suppliers_plan_goes_out_and_comes_back_as_drafts(home: Path, tmp_path: Path) -> None:
    rows = now(home)
    supplier = rows["supplier_id"].drop_nulls()[0]
    ids = rows.filter((pl.col("supplier_id") == supplier) & pl.col("decision_id").is_not_null())["decision_id"].to_list()
    code, told = typed("--supplier", supplier)
    assert (code, "baskets" in told, supplier in told) == (0, True, True)
    file = tmp_path / "plan.xlsx"
    waits = rows.filter(pl.col("decision_id").is_in(ids) & (pl.col("quantity_units") == 0)).height
    tail = f", and {waits} that wait for their supplier's order" if waits else ""
    assert typed("--supplier", supplier, "--output", str(file)) == (0, f"{len(ids) - waits} suggested orders{tail}: {file}\n")
    book = openpyxl.load_workbook(file)
    sheet = book["Plan"]
    names = [cell.value for cell in sheet[1]]
    assert [row[names.index("decision_id")].value for row in sheet.iter_rows(min_row=2)] == ids
    sheet.cell(2, names.index("quantity_units") + 1).value = 999
    book.save(file)
    code, told = typed("--import", str(file), "--by", "ana")
    assert (code, f"1 of {len(ids)} rows changed" in told) == (0, True)
    assert now(home).filter(pl.col("drafted_by") == "ana").select("decision_id", "quantity_units").rows() == [(ids[0], 999)]
    with Outbox(Settings().outbox) as outbox:
        outbox.reject(ids[:1], "bo", "no", AT)
    code, told = typed("--import", str(file), "--by", "ana")
    assert (code, f"{ids[0]} is rejected since it was exported" in told) == (2, True)


def test_what_is_asked_for_wrongly_gets_a_sentence(home: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Nothing is to be ordered from NOBODY; suppliers with suggestions are"):
        typed("--supplier", "NOBODY")
    with pytest.raises(InputError, match=r"neither \.xlsx nor \.csv"):
        typed("--output", str(tmp_path / "plan.pdf"))
    with pytest.raises(InputError, match="can't be read"):
        typed("--import", str(tmp_path / "plan.xlsx"))
    csv = tmp_path / "plan.csv"
    typed("--output", str(csv))
    assert pl.read_csv(csv).columns[:3] == ["decision_id", "sku", "description"]
