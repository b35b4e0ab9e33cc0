"""The pages in a real browser: no error, figures equal to the snapshot, filters, downloads, a refresh in mid-session, an empty start."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from pipelines.settings import PROJECT
from pipelines.warehouse.snapshots import current, open_snapshot
from tests.conftest import environment, require

pytestmark = pytest.mark.e2e
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--no-first-run", "--disable-sync", "--disable-quic"]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require(Path(CHROMIUM).exists(), "Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def dashboard(home: Path) -> Iterator[str]:
    """The dashboard of a home on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(PROJECT / "dashboards" / "app.py"), "--server.port", str(port)]
    server = subprocess.Popen(
        command, env=os.environ | {"FULCAST_HOME": str(home)}, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str) -> None:
    for _ in range(150):
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the dashboard did not start")


@pytest.fixture(scope="module")
def site(demo_home: Path) -> Iterator[str]:
    with dashboard(demo_home) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 1200}, accept_downloads=True)
    page.set_default_timeout(20_000)
    yield page
    page.close()


def open_page(page: Page, url: str, title: str) -> None:
    page.goto(url)
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def metric(page: Page, label: str) -> str:
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()


def test_the_overview_shows_what_the_snapshot_says(page: Page, site: str, demo_home: Path) -> None:
    open_page(page, site, "Overview")
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        net = connection.sql(
            "SELECT sum(reporting_net_sales_amount) FROM daily_sales, run_info WHERE business_date >= as_of::DATE - 28 AND business_date < as_of::DATE"
        ).fetchall()[0][0]
        soon = connection.sql(
            "SELECT count(*) FROM reorder_suggestions, run_info WHERE stock_out_date <= as_of::DATE + 14"
        ).fetchall()[0][0]
        best = connection.sql("SELECT sku FROM best_sellers WHERE period_days = 28 ORDER BY sales_rank, sku LIMIT 1").fetchall()[
            0
        ][0]
    assert metric(page, "Net sales, 28 days (EUR)") == f"{net:,.0f}"
    assert metric(page, "Run out within 14 days") == f"{soon:,}"
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").get_by_role("button", name="CSV").first.click()
    assert pl.read_csv(download.value.path())["sku"][0] == best


def test_a_period_changes_the_best_sellers(page: Page, site: str, demo_home: Path) -> None:
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        year = connection.sql("SELECT sku FROM best_sellers WHERE period_days = 365 ORDER BY sales_rank, sku LIMIT 10").fetchall()
    open_page(page, site, "Overview")
    page.get_by_role("radio", name="365 days").or_(page.get_by_role("button", name="365 days")).first.click()
    for _ in range(10):  # the page answers within a second or so
        with page.expect_download() as download:
            page.get_by_test_id("stDownloadButton").get_by_role("button", name="CSV").first.click()
        shown = pl.read_csv(download.value.path())["sku"].to_list()
        if shown == [sku for (sku,) in year]:
            return
        page.wait_for_timeout(500)
    assert shown == [sku for (sku,) in year]


def test_the_reorder_page_filters_and_downloads_what_it_shows(page: Page, site: str, demo_home: Path, tmp_path: Path) -> None:
    open_page(page, f"{site}/reorder", "Reorder")
    with open_snapshot(current(demo_home / "snapshots")) as connection:
        rows = connection.sql("SELECT * FROM reorder_suggestions WHERE order_quantity_units > 0").pl()
    assert metric(page, "Suggested orders") == f"{rows.height:,}"
    assert metric(page, "Worth (EUR)") == f"{rows['order_amount'].sum():,.0f}"
    sku = rows.sort("sku")["sku"][0]
    page.get_by_label("Search SKU or name").fill(sku)
    page.keyboard.press("Enter")
    expected = rows.filter(pl.col("sku") == sku)
    value = page.get_by_test_id("stMetric").filter(has_text="Suggested orders").get_by_test_id("stMetricValue")
    expect(value).to_have_text(f"{expected.height:,}")
    expect(page.get_by_role("heading", name=f"Why: {sku} at")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").get_by_role("button", name="XLSX").first.click()
    download.value.save_as(tmp_path / "reorder.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "reorder.xlsx")["Reorder"]
    header = [cell.value for cell in sheet[1]]
    assert sheet.max_row == expected.height + 1
    assert {row[header.index("sku")].value for row in sheet.iter_rows(min_row=2)} == {sku}
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_refresh_in_mid_session_shows_the_new_snapshot(page: Page, demo_home: Path, demo_files: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    with dashboard(home) as url:
        open_page(page, url, "Overview")
        before = current(home / "snapshots").version
        expect(page.get_by_text(before)).to_be_visible()
        with environment(home, demo_files / "inbox"):
            subprocess.run(
                [Path(sys.executable).with_name("fulcast"), "run", "--job", "refresh_orders"], check=True, capture_output=True
            )
        page.get_by_role("link", name="Reorder").click()
        expect(page.get_by_role("heading", name="Reorder", exact=True)).to_be_visible()
        expect(page.get_by_text(current(home / "snapshots").version)).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_an_empty_start_says_what_to_do(page: Page, tmp_path: Path) -> None:
    with dashboard(tmp_path / "empty") as url:
        page.goto(url)
        expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
        expect(page.get_by_text("make run")).to_be_visible()
