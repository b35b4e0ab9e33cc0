"""Files that nobody has described: what they are taken for, how they are then read, and the configuration that comes of it."""

import io
import tomllib
from pathlib import Path

import polars as pl
import pytest

from pipelines.channels.mapping import Config
from pipelines.channels.merchant import Channel
from pipelines.errors import InputError
from pipelines.intake.configuring import channel_toml, feed_toml
from pipelines.intake.sniffing import drafted, guessed, sniff, table_of, time_format
from pipelines.intake.trying import in_words, try_file

SHOP = Channel(name="shop", time_zone="Europe/Amsterdam", currency="EUR")
ORDERS = (
    b"Order No;Article;Qty;Unit price;Placed;Country\nA1;CUP;2;9,50;31.01.2026 10:00;NL\nA1;POT;1;20,00;31.01.2026 10:00;NL\n"
)
ORDERS += b"A2;CUP;two;9,50;01.02.2026 11:00;DE\n"


def test_an_unknown_export_is_read_by_the_names_of_its_columns() -> None:
    sniffed = sniff(ORDERS, "orders_2026-01-31.csv")
    assert (table_of(sniffed), sniffed.like, sniffed.written) == ("orders", None, {"delimiter": ";"})
    columns = guessed(sniffed, "orders")
    assert columns == {"order_id": "Order No", "sku": "Article", "ordered_units": "Qty", "unit_price_amount": "Unit price", "ordered_at": "Placed",
                       "ship_to_country_code": "Country"}  # fmt: skip
    feed = drafted(sniffed, "shop", "orders", columns)
    assert (feed.files, feed.datetime_format, feed.decimal_comma) == ("orders_*.csv", "%d.%m.%Y %H:%M", True)
    said = in_words(try_file(feed, SHOP, ORDERS, "orders_2026-01-31.csv"))
    assert said == [
        "orders_2026-01-31.csv: 3 records → 1 order, 2 order lines",
        "can't be read: row 3, A2: Qty can't be read as a whole number: two",
    ]


def test_the_configuration_that_comes_of_it_is_one_that_fulcast_reads() -> None:
    sniffed = sniff(ORDERS, "orders.csv")
    feed = drafted(sniffed, "shop", "orders", guessed(sniffed, "orders"))
    told = tomllib.loads("\n".join(["[merchant]", 'name = "x"', *channel_toml(SHOP), *feed_toml(feed)]))
    config = Config.model_validate(told)
    assert config.feeds == (feed,)
    assert config.channel("shop") == SHOP
    fetched = SHOP.model_copy(update={"kind": "vendure"})
    told = tomllib.loads("\n".join(channel_toml(fetched, {"shop": 'https://a"b', "username": "x"})))
    assert told["channel"][0]["connection"] == {"shop": 'https://a"b', "username": "x"}


def test_a_known_export_is_recognised_and_read_whole(demo_files: Path) -> None:
    file = next((demo_files / "inbox").rglob("*shop_eu*.csv"), None) or next((demo_files / "inbox" / "shop_eu").rglob("*.csv"))
    content = file.read_bytes()
    sniffed = sniff(content, file.name)
    assert sniffed.like is not None
    feed = drafted(sniffed, "shop", "orders", {})
    assert feed.channel == "shop"
    tried = try_file(feed, SHOP, content, file.name)
    assert tried.rows["orders"] > 50
    assert Config.model_validate(
        tomllib.loads("\n".join(["[merchant]", 'name = "x"', *channel_toml(SHOP), *feed_toml(feed)]))
    ).feeds == (feed,)


def test_workbooks_parquet_and_json_lines_are_looked_at_too() -> None:
    frame = pl.DataFrame({"SKU": ["CUP"], "On hand": [3], "Warehouse": ["AMS"], "Date": ["2026-01-31"]})
    for name, write in (("s.xlsx", frame.write_excel), ("s.parquet", frame.write_parquet), ("s.jsonl", frame.write_ndjson)):
        buffer = io.BytesIO()
        write(buffer)
        sniffed = sniff(buffer.getvalue(), name)
        assert table_of(sniffed) == "stock_levels", name
        feed = drafted(sniffed, "shop", "stock_levels", guessed(sniffed, "stock_levels"))
        assert try_file(feed, SHOP, buffer.getvalue(), name).rows == {"stock_levels": 1}, name


@pytest.mark.parametrize(
    ("values", "form"),
    [(["2026-01-31", "2026-02-01T10:00:00Z"], None), (["31/01/2026"], "%d/%m/%Y"), (["01/31/2026 10:00"], "%m/%d/%Y %H:%M"),
     (["01.02.2026 1:02"], "%d.%m.%Y %H:%M"),
     (["soon"], None), ([], None)],
)  # fmt: skip
def test_the_form_of_times_is_one_that_fits_them_all(values: list[str], form: str | None) -> None:
    assert time_format(pl.Series(values, dtype=pl.String)) == form


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [(b"x", "a.pdf", "no kind that is read"), (b"", "a.csv", "is empty"), (b"PK", "a.xlsx", "not a whole XLSX"), (b"[1]\n", "a.jsonl", "not a JSON object")],
)  # fmt: skip
def test_what_is_no_such_file_gets_a_sentence(content: bytes, name: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        sniff(content, name)
