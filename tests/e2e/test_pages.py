"""The pages in a real browser: no error, figures equal to the snapshot, filters, downloads, a refresh in mid-session, an empty start."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from playwright.sync_api import Page, expect

from dashboards.figures import DIGITS
from dashboards.views import best_sellers, fulfilment, stock, today
from pipelines.metrics import metric
from pipelines.metrics.ask import Question, answer, as_of, orders_behind
from pipelines.warehouse.snapshots import current, open_snapshot
from tests.conftest import environment
from tests.e2e.driving import dashboard, open_page, shown, value_of

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def site(demo_home: Path) -> Iterator[str]:
    with dashboard(demo_home) as url:
        yield url


PAGES = {
    "": "Today",
    "best-sellers": "Best sellers",
    "product": "Product",
    "fulfilment": "Fulfilment",
    "stock": "Stock",
    "forecast": "Forecast",
    "reorder": "Reorder",
    "data": "Data",
}
FIGURES = {
    "": (today.FIGURES, today.STATES, 7), "best-sellers": (best_sellers.FIGURES, [], 28), "fulfilment": (fulfilment.FIGURES, [], 28),
    "stock": ([], stock.FIGURES, 28),
}  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_without_an_error_or_a_warning(page: Page, site: str, path: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    open_page(page, f"{site}/{path}", PAGES[path])
    page.wait_for_timeout(500)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert [text for text in said if "404" not in text] == [], "404: Streamlit looks for its own root below a page's address"


@pytest.mark.parametrize("path", FIGURES)
def test_every_figure_on_a_page_is_the_registrys_answer(page: Page, site: str, demo_home: Path, path: str) -> None:
    figures_of_period, states, days = FIGURES[path]
    open_page(page, f"{site}/{path}", PAGES[path])
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        today_ = as_of(connection).date()
        period = {"since": today_ - timedelta(days=days), "until": today_ - timedelta(days=1)}
        for name in (*figures_of_period, *states):
            one = metric(name)
            found = answer(connection, Question(one, **({} if name in states else period))).row(0, named=True)["value"]
            unit = " (EUR)" if one.unit == "money" else ""
            assert shown(page, f"{one.title}{unit}") == ("–" if found is None else DIGITS[one.unit].format(found)), name


def test_filters_narrow_every_figure_and_stand_in_the_link(page: Page, site: str, demo_home: Path) -> None:
    open_page(page, f"{site}/best-sellers?channel=shop_uk&period=Last+91+days&against=last+year", "Best sellers")
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        last = as_of(connection).date()
        asked = {"since": last - timedelta(days=91), "until": last - timedelta(days=1), "where": {"channel": ("shop_uk",)}}
        units = answer(connection, Question(metric("sold_units"), **asked))["value"][0]
        best = answer(connection, Question(metric("net_sales"), by=("sku",), **asked)).sort(
            "value", "sku", descending=[True, False]
        )
        goods = connection.sql("SELECT DISTINCT sku FROM sales_entries WHERE is_goods AND sku IS NOT NULL").pl()["sku"]
    assert shown(page, "Units sold") == f"{units:,}"
    expect(page.get_by_role("tab", name="Plan")).to_be_visible()  # below the ranking: all of it is drawn
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    page.wait_for_timeout(1_000)
    with page.expect_download() as download:
        page.locator(".st-key-best-sellers-csv").get_by_role("button").click()
    ranked = pl.read_csv(download.value.path())
    expected = best.filter(pl.col("sku").is_in(goods.implode()))
    assert ranked["sku"][0] == expected["sku"][0]
    assert ranked["net_sales_amount"][0] == pytest.approx(float(expected["value"][0]), abs=0.005)


def test_choosing_a_filter_changes_the_page_and_its_link(page: Page, site: str) -> None:
    open_page(page, f"{site}/fulfilment", "Fulfilment")
    before = shown(page, "Unit fill rate")
    page.get_by_label("Channel").first.click()
    page.get_by_role("option", name="amazon_us").click()
    page.keyboard.press("Escape")
    expect(value_of(page, "Unit fill rate")).not_to_have_text(before)
    assert "channel=amazon_us" in page.url


def test_the_orders_behind_a_figure_can_be_opened_and_downloaded(page: Page, site: str, demo_home: Path, tmp_path: Path) -> None:
    open_page(page, f"{site}/fulfilment", "Fulfilment")
    page.get_by_text("Orders behind a figure").click()
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        last = as_of(connection).date()
        question = Question(metric("on_time_ship_rate"), since=last - timedelta(days=28), until=last - timedelta(days=1))
        behind = orders_behind(connection, question)
    section = page.get_by_test_id("stExpander").filter(has_text="Orders behind a figure")
    with page.expect_download() as download:
        section.get_by_role("button", name="XLSX").click()
    download.value.save_as(tmp_path / "behind.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "behind.xlsx").worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    header = [cell.value for cell in sheet[1]]
    assert [row[header.index("order_id")] for row in rows] == behind["order_id"].to_list()
    assert sum(row[header.index("good")] for row in rows) == behind["good"].sum()


def test_a_link_opens_a_product(page: Page, site: str, demo_home: Path) -> None:
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        sku, category = connection.sql(
            "SELECT sku, category FROM product_classes ORDER BY net_sales_amount DESC LIMIT 1"
        ).fetchall()[0]
    open_page(page, f"{site}/product?sku={sku}", "Product")
    expect(page.get_by_text(f"{category} · ")).to_be_visible()
    assert f"sku={sku}" in page.url
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2)


def test_the_reorder_page_filters_and_explains(page: Page, site: str, demo_home: Path) -> None:
    open_page(page, f"{site}/reorder", "Reorder")
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        rows = connection.sql("SELECT * FROM reorder_suggestions WHERE order_quantity_units > 0").pl()
    assert shown(page, "Suggested orders") == f"{rows.height:,}"
    assert shown(page, "Worth (EUR)") == f"{rows['order_amount'].sum():,.0f}"
    sku = rows.sort("sku")["sku"][0]
    page.get_by_label("Search SKU or name").fill(sku)
    page.keyboard.press("Enter")
    expect(value_of(page, "Suggested orders")).to_have_text(f"{rows.filter(pl.col('sku') == sku).height:,}")
    expect(page.get_by_role("heading", name=f"Why: {sku} at")).to_be_visible()
    for tab in ("Suppliers", "What changed", "What if", "Under way", "Transfers", "Backorders", "Workbook"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel")).not_to_be_empty()
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_forecast_page_explains_and_scores(page: Page, site: str) -> None:
    open_page(page, f"{site}/forecast?order=Most+valuable+first", "Forecast")
    for tab in ("Why", "Past forecasts", "What it rests on", "Accuracy of all"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel")).not_to_be_empty()
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
        expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text("No week that was forecast is over yet.")).to_be_visible()


def test_a_refresh_in_mid_session_shows_the_new_snapshot(page: Page, demo_home: Path, demo_files: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    with dashboard(home) as url:
        open_page(page, url, "Today")
        before = current(home / "snapshots").version
        expect(page.get_by_text(before)).to_be_visible()
        with environment(home, demo_files / "inbox"):
            subprocess.run(
                [Path(sys.executable).with_name("fulcast"), "run", "--job", "refresh_orders"], check=True, capture_output=True
            )
        page.get_by_test_id("stSidebarNav").get_by_role("link", name="Reorder").click()
        expect(page.get_by_role("heading", name="Reorder", exact=True)).to_be_visible()
        expect(page.get_by_text(current(home / "snapshots").version)).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_an_empty_start_says_what_to_do(page: Page, tmp_path: Path) -> None:
    with dashboard(tmp_path / "empty") as url:
        page.goto(url)
        expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
        expect(page.get_by_text("make run")).to_be_visible()
