"""Real exports of the platforms, read by the mappings that Fulcast brings. Not here: records of their APIs (tests/channels/api)."""

from pathlib import Path

import pytest

from pipelines.channels.amazon import reports
from pipelines.channels.files import parse
from pipelines.channels.mapping import Config, Feed, load_config
from pipelines.channels.payloads import Payload
from pipelines.settings import DEMO_CONFIG

pytestmark = pytest.mark.reference


def test_a_shopify_orders_export_of_79_columns(reference_data: Path) -> None:
    """121 lines of 51 orders, whose own columns stand on each order's first line only."""
    config = load_config(DEMO_CONFIG)
    feed = next(feed for feed in config.feeds if feed.name == "shop_eu_orders")
    file = reference_data / "channel_payloads/shopify/orders_export_79col_pseudonymised.csv"
    parsed = parse(feed, config, Payload(file, "orders_2026-01-01.csv", "hash"), b"key")
    assert parsed.quarantine.is_empty(), parsed.quarantine.head(3).rows()
    assert (parsed.frames["orders"].height, parsed.frames["order_lines"].height) == (51, 121)
    assert parsed.frames["orders"]["is_balanced"].all()


@pytest.mark.parametrize("name", ["flat_file_all_orders_32col_one_scrubbed_row.txt"])
def test_amazons_all_orders_report(reference_data: Path, name: str) -> None:
    feed = Feed.model_validate({**reports.ALL_ORDERS, "name": "report", "channel": "amazon", "files": "x"})
    config = Config.model_validate(
        {"merchant": {"name": "m"}, "channel": [{"name": "amazon", "currency": "EUR"}], "feed": [feed.model_dump()]}
    )
    parsed = parse(feed, config, Payload(reference_data / "channel_payloads/amazon" / name, name, "hash"), b"key")
    assert parsed.quarantine.is_empty(), parsed.quarantine.rows()
    assert parsed.frames["orders"].select("currency_code", "location_id", "is_expedited").rows() == [("EUR", "FBA", True)]


def test_the_report_of_29_columns_has_all_that_the_mapping_reads(reference_data: Path) -> None:
    header = (reference_data / "channel_payloads/amazon/flat_file_all_orders_header_29col.txt").read_text().strip().split("\t")
    feed = Feed.model_validate({**reports.ALL_ORDERS, "name": "report", "channel": "amazon", "files": "x"})
    assert set(feed.source_columns()) <= set(header)
