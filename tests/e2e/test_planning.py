"""A planner's journey in a real browser: find, edit, reload, still there, approve, export, type into the workbook, bring it back; and an override."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from playwright.sync_api import Error, Locator, Page, expect

from pipelines.operations import Drafts, Knowledge, Outbox, send
from pipelines.warehouse.snapshots import current, open_snapshot
from tests.conftest import environment
from tests.e2e.driving import dashboard, open_page, shown, value_of

pytestmark = pytest.mark.e2e
ROW, QUANTITY, MOVED, TICK = 35, 682, 418, 20  # pixels of the lists: height of a row, middle of the columns that are clicked


@dataclass(frozen=True)
class Shop:
    """A dashboard whose home may be changed."""

    url: str
    home: Path

    @property
    def database(self) -> str:
        return f"sqlite:///{self.home / 'outbox.sqlite'}"

    def decisions(self, state: str, kind: str = "reorder") -> pl.DataFrame:
        with Outbox(self.database) as outbox:
            return outbox.decisions(state=state, kind=kind)  # type: ignore[arg-type]


@pytest.fixture
def shop(demo_home: Path, tmp_path: Path) -> Iterator[Shop]:
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    with dashboard(home) as url:
        yield Shop(url, home)


def settled(page: Page) -> None:
    page.wait_for_timeout(300)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.wait_for_timeout(300)


def find(page: Page, shop: Shop, sku: str) -> None:
    open_page(page, f"{shop.url}/reorder", "Reorder")
    page.get_by_label("Search SKU or name").fill(sku)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Why: {sku} at")).to_be_visible()
    settled(page)


def click(page: Page, column: int, row: int = 1) -> None:
    """Clicks into the list, which is drawn on a canvas: there is no cell to name."""
    grid = page.get_by_test_id("stDataFrame").first
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box
    page.mouse.click(box["x"] + column, box["y"] + ROW * (row + 0.5))


def until(page: Page, act: Callable[[], None], awaited: Locator | Callable[[], bool]) -> None:
    """Acts on the list, and again where one that was still being laid out or drawn anew took no notice, until what is awaited is there, on the page
    or otherwise.
    """
    for _ in range(5):
        try:
            act()
            if isinstance(awaited, Locator):
                return awaited.wait_for(timeout=8_000)
            settled(page)
            if awaited():
                return None
        except Error:
            settled(page)
    pytest.fail(f"the list takes no notice: {awaited} never came")


def type_quantity(page: Page, quantity: int, column: int = QUANTITY) -> None:
    click(page, column)
    page.keyboard.press("Enter")
    page.locator("#portal input").fill(str(quantity), timeout=8_000)
    page.keyboard.press("Enter")


def named(page: Page, name: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.keyboard.press("Enter")
    settled(page)


def test_a_plan_is_edited_reloaded_approved_exported_and_brought_back(page: Page, shop: Shop, tmp_path: Path) -> None:
    waiting = shop.decisions("suggested").filter(pl.col("amount").is_not_null())
    alone = waiting.filter(pl.col("sku").count().over("sku") == 1).sort("amount", descending=True)
    one, other = alone.row(0, named=True), alone.row(1, named=True)
    quantity, worth = one["quantity_units"] + 7, float(one["unit_cost_amount"]) * (one["quantity_units"] + 7)
    find(page, shop, one["sku"])
    until(page, lambda: type_quantity(page, quantity), value_of(page, "Worth (EUR)").get_by_text(f"{worth:,.0f}", exact=True))
    page.reload()
    find(page, shop, one["sku"])
    assert shown(page, "Worth (EUR)") == f"{worth:,.0f}", "a reload loses nothing"
    named(page, "ana")
    until(page, lambda: click(page, TICK), page.get_by_role("button", name="Approve 1 ("))
    settled(page)
    page.get_by_role("button", name="Approve 1 (").click()
    expect(page.get_by_text("1 approved by ana.")).to_be_visible()
    approved = shop.decisions("approved").row(0, named=True)
    assert (approved["decision_id"], approved["quantity_units"]) == (one["decision_id"], quantity)
    assert float(approved["amount"]) == pytest.approx(worth, abs=0.005)

    page.get_by_label("Search SKU or name").fill("")
    page.keyboard.press("Enter")
    page.get_by_role("tab", name="Workbook").click()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Plan as XLSX").click()
    workbook = tmp_path / "plan.xlsx"
    download.value.save_as(workbook)
    typed_into(workbook, other["decision_id"], other["quantity_units"] + 5)
    page.locator("input[type=file]").set_input_files(workbook)
    expect(page.get_by_text("1 of ", exact=False)).to_be_visible()
    page.get_by_role("button", name="Keep as drafts").click()
    expect(page.get_by_text("1 change is kept")).to_be_visible()
    with Drafts(shop.database) as drafts:
        (kept,) = drafts.drafts().to_dicts()
    assert (kept["decision_id"], kept["quantity_units"]) == (other["decision_id"], other["quantity_units"] + 5)

    with Outbox(shop.database) as outbox:
        outbox.reject([other["decision_id"]], "bo", "not now", approved["changed_at"])
    page.locator("input[type=file]").set_input_files(workbook)
    expect(page.get_by_text(f"{other['decision_id']} is rejected since it was exported")).to_be_visible()


def transfers(page: Page, shop: Shop) -> None:
    open_page(page, f"{shop.url}/reorder", "Reorder")
    page.get_by_role("tab", name="Transfers").click()
    expect(page.get_by_text("approved ones go to the warehouse", exact=False)).to_be_visible()
    settled(page)


def listed(page: Page, shop: Shop, tmp_path: Path) -> pl.DataFrame:
    """The list of transfers as its download has it."""
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "transfers.csv")
    return pl.read_csv(tmp_path / "transfers.csv")


def drafted_transfers(shop: Shop) -> int:
    with Drafts(shop.database) as drafts:
        return drafts.drafts("transfer").height


def test_transfers_are_changed_approved_rejected_and_exported(page: Page, shop: Shop, tmp_path: Path) -> None:
    transfers(page, shop)
    first, second, *_ = listed(page, shop, tmp_path).to_dicts()
    named(page, "ana")
    until(page, lambda: type_quantity(page, first["quantity_units"] + 2, MOVED), lambda: drafted_transfers(shop) == 1)
    transfers(page, shop)
    kept = listed(page, shop, tmp_path).row(0, named=True)
    assert (kept["decision_id"], kept["quantity_units"]) == (first["decision_id"], first["quantity_units"] + 2)
    assert (kept["transfer_units"], kept["drafted_by"]) == (first["transfer_units"], "ana")

    named(page, "ana")
    until(page, lambda: click(page, TICK), page.get_by_role("button", name="Approve 1"))
    expect(page.get_by_role("button", name="As suggested")).to_be_enabled()
    settled(page)
    page.get_by_role("button", name="Approve 1").click()
    expect(page.get_by_text("1 approved by ana.")).to_be_visible()
    settled(page)
    until(page, lambda: click(page, TICK), page.get_by_role("button", name="Approve 1"))
    settled(page)
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("1 rejected by ana.")).to_be_visible()

    transfers(page, shop)
    left = listed(page, shop, tmp_path)["decision_id"].to_list()
    assert not {first["decision_id"], second["decision_id"]} & set(left)
    assert shop.decisions("rejected", "transfer")["decision_id"].to_list() == [second["decision_id"]]
    with Outbox(shop.database) as outbox:
        (_, table) = send(outbox, tmp_path / "sent", datetime.now(UTC)).files
    (sent,) = pl.read_csv(table).to_dicts()
    assert (sent["decision_id"], sent["kind"], sent["quantity_units"]) == (
        first["decision_id"],
        "transfer",
        first["quantity_units"] + 2,
    )
    assert (sent["from_location_id"], sent["location_id"]) == (first["from_location_id"], first["location_id"])


def typed_into(workbook: Path, decision_id: str, quantity: int) -> None:
    """Types a quantity as a planner would in a spreadsheet; every other suggestion is there, and one that was approved is not."""
    book = openpyxl.load_workbook(workbook)
    sheet = book["Plan"]
    names = [cell.value for cell in sheet[1]]
    rows = {row[names.index("decision_id")].value: row for row in sheet.iter_rows(min_row=2)}
    rows[decision_id][names.index("quantity_units")].value = quantity
    book.save(workbook)


def entered(page: Page, shop: Shop, reason: str) -> dict[str, object]:
    """Signs what was typed into the form of what people know, enters it, and returns it as it is kept."""
    page.get_by_role("textbox", name="Your name").fill("ana")
    page.get_by_role("textbox", name="Reason").fill(reason)
    page.get_by_role("button", name="Enter", exact=True).click()
    expect(page.get_by_text("is entered; the next nightly run applies it.")).to_be_visible()
    with Knowledge(shop.database) as knowledge:
        return knowledge.entries(date(2026, 1, 21)).row(0, named=True)


def test_an_override_is_entered_and_the_next_forecast_follows_it(page: Page, shop: Shop, demo_files: Path) -> None:
    with open_snapshot(current(shop.home / "snapshots")) as connection:
        sku, place = connection.sql(
            "SELECT sku, location_id FROM demand_series ORDER BY total_units DESC, sku LIMIT 1"
        ).fetchall()[0]
    open_page(page, f"{shop.url}/forecast?search={sku}", "Forecast")
    page.get_by_label("Location").click()
    page.get_by_role("option", name=place, exact=True).click()
    expect(page.get_by_role("heading", name=f"{sku} at {place}")).to_be_visible()
    settled(page)
    page.get_by_role("spinbutton", name="Units a week").fill("77")
    entry = entered(page, shop, "television")
    assert (entry["kind"], entry["sku"], entry["location_id"], entry["weekly_units"]) == ("override", sku, place, 77)
    assert (entry["author"], entry["reason"], entry["state"]) == ("ana", "television", "in force")
    with environment(shop.home, demo_files / "inbox"):
        program = Path(sys.executable).with_name("fulcast")
        subprocess.run([program, "run", "--job", "refresh_forecasts"], check=True, capture_output=True)
    with open_snapshot(current(shop.home / "snapshots")) as connection:
        changed = connection.sql("SELECT * FROM forecast_adjustments ORDER BY horizon").pl()
        means = connection.sql(
            "SELECT mean_units FROM forecast_means WHERE sku = ? AND location_id = ? AND horizon = 2", params=[sku, place]
        )
        assert means.fetchall() == [(77.0,)]
        assert connection.sql("SELECT author, state FROM knowledge").fetchall() == [("ana", "in force")]
        past = connection.sql(
            "SELECT count(DISTINCT cutoff_date), count(DISTINCT cutoff_date) FILTER (is_backtest) FROM forecast_history"
        )
        assert past.fetchall() == [(14, 13)], "the first choice of models rehearses 13 weeks"
        scored = connection.sql("SELECT DISTINCT layer FROM forecast_accuracy WHERE weeks > 0").fetchall()
        assert len(scored) == 5
    by_people = changed.filter(~pl.col("entry_ids").str.starts_with("PR-"))  # the others are promotions that are planned
    assert set(by_people.select("sku", "location_id", "entry_ids").rows()) == {(sku, place, entry["entry_id"])}
    open_page(page, f"{shop.url}/forecast?search={sku}&order=Changed+by+people", "Forecast")
    expect(page.get_by_text("Dashed: the statistical forecast, which people changed in")).to_be_visible()


def test_a_product_that_nobody_has_heard_of_is_launched_where_the_search_finds_nothing(page: Page, shop: Shop) -> None:
    with open_snapshot(current(shop.home / "snapshots")) as connection:
        like = connection.sql("SELECT sku FROM demand_series ORDER BY total_units DESC, sku LIMIT 1").fetchall()[0][0]
    open_page(page, f"{shop.url}/forecast?search=NEW-CUP", "Forecast")
    settled(page)
    page.get_by_label("Sells like").fill(like)
    page.keyboard.press("Enter")
    page.get_by_role("spinbutton", name="Change of demand in %").fill("-20")
    entry = entered(page, shop, "new cup")
    assert (entry["kind"], entry["sku"], entry["other_sku"], entry["location_id"]) == ("launch", "NEW-CUP", like, None)
    assert entry["change_rate"] == pytest.approx(-0.2)
