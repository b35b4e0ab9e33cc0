"""An empty data folder in a real browser: a file is dropped, a channel is tried, and both end in a configuration and a command."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipelines.channels.mapping import Config
from tests.connected import Connect
from tests.e2e.driving import dashboard, open_page

pytestmark = pytest.mark.e2e
ORDERS = "Order No;Article;Qty;Unit price;Placed\nA1;CUP;2;9,50;31.01.2026 10:00\nA2;CUP;two;9,50;01.02.2026 11:00\n"


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[str]:
    with dashboard(tmp_path / "empty") as url:
        yield url


def downloaded(page: Page) -> Config:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download it").click()
    return Config.model_validate(tomllib.loads(download.value.path().read_text()))


def test_a_dropped_file_is_tried_and_ends_in_a_configuration(page: Page, empty: str, tmp_path: Path) -> None:
    open_page(page, empty, "Nothing here yet")
    expect(page.get_by_text("make run")).to_be_visible()
    page.get_by_role("tab", name="Drop a file").click()
    file = tmp_path / "orders_2026-01-31.csv"
    file.write_text(ORDERS)
    page.get_by_role("tabpanel").locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("2 records → 1 order, 1 order line")).to_be_visible()
    expect(page.get_by_text("can't be read: row 2, A2: Qty can't be read as a whole number: two")).to_be_visible()
    expect(page.get_by_text("fulcast run --config my-mappings/ --input my-exports/ --home my-data/")).to_be_visible()
    config = downloaded(page)
    assert (config.feeds[0].delimiter, config.feeds[0].decimal_comma, config.feeds[0].columns["sku"].column) == (
        ";",
        True,
        "Article",
    )
    assert not (tmp_path / "empty").exists(), "nothing is kept"
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_channel_is_tried_by_secrets_of_the_environment_alone(connect: Connect, page: Page, tmp_path: Path) -> None:
    shop = connect("vendure")
    with dashboard(tmp_path / "empty") as url:  # begun after the secret is in the environment
        open_page(page, url, "Nothing here yet")
        page.get_by_label("Your name of the channel").first.fill("shop_uk")
        page.get_by_label("Its platform").click()
        page.get_by_role("option", name="Vendure").click()
        page.get_by_label("Address of the server").fill(shop.server.url)
        page.get_by_label("Name of an administrator").fill("demo")
        page.keyboard.press("Enter")
        expect(page.get_by_text("FULCAST_SHOP_UK_PASSWORD")).to_be_visible()
        expect(page.locator("input[type=password]")).to_have_count(0)
        page.get_by_role("button", name="Try it").click()
        expect(page.get_by_text("Vendure answers: channel __default_channel__")).to_be_visible()
        expect(page.get_by_text("products: ")).to_be_visible()
        channel = downloaded(page).channel("shop_uk")
        assert (channel.kind, channel.connection) == ("vendure", {"shop": shop.server.url, "username": "demo"})
        expect(page.get_by_test_id("stException")).to_have_count(0)
        shop.server.close()
        page.get_by_role("button", name="Try it").click()
        expect(page.get_by_text("can't be reached")).to_be_visible()
