"""Forgetting a person in records and files, in landing, warehouse, snapshots and exports, with the proof. Not here: the command's words."""

import io
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.channels.documents import pseudonyms
from pipelines.channels.mapping import Feed
from pipelines.erasure import _without_in_file, erase
from pipelines.ledger.load import load
from pipelines.settings import Settings
from pipelines.warehouse import snapshots
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing
from pipelines.warehouse.sealing import Seal
from tests.conftest import environment
from tests.connected import KEY, Connect

AT = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(("kind", "seal"), [("woocommerce", None), ("shopify", None), ("woocommerce", Seal("a key"))])
def test_a_customer_of_a_channel_is_gone_from_everywhere(connect: Connect, kind: str, seal: Seal | None, tmp_path: Path) -> None:
    shop = connect(kind, seal=seal)
    shop.poll()
    shop.load()
    snapshots.publish(shop.warehouse, tmp_path / "snapshots", "20260101-000000-000000")
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "old.csv").write_text("x")
    customer = shop.shop.orders[5].customer
    theirs = sum(order.customer == customer for order in shop.shop.orders)
    before = shop.warehouse.query("SELECT count(*) FROM orders WHERE email_key IS NOT NULL").item()
    done = erase(shop.config, tmp_path, shop.landing, shop.warehouse, f"Customer{customer}@example.com", KEY, AT)
    assert (done.ledger_rows, done.snapshots, done.exports, done.remains) == (theirs, 1, 1, [])
    assert done.records >= theirs
    assert shop.warehouse.query("SELECT count(*) FROM orders WHERE email_key IS NOT NULL").item() == before - theirs
    assert shop.orders() == 120
    assert shop.poll().landed[f"{shop.shop.channel}.orders"] == 0  # the platform still has them, and nothing comes back
    rebuilt = Warehouse(tmp_path / "again.duckdb")
    load(shop.config, shop.landing, rebuilt, KEY, AT)
    assert rebuilt.query("SELECT count(*) FROM orders WHERE email_key IS NOT NULL").item() == before - theirs
    with pytest.raises(Exception, match="Nobody is known as"):
        erase(shop.config, tmp_path, shop.landing, shop.warehouse, f"customer{customer}@example.com", KEY, AT)


def test_a_customer_of_files_is_overwritten_in_landing(demo_home: Path, demo_files: Path, tmp_path: Path) -> None:
    import shutil

    from pipelines.ledger.load import pseudonym_key

    shutil.copytree(demo_home, tmp_path / "home")
    with environment(tmp_path / "home", demo_files / "inbox"):
        settings = Settings()
        landing, warehouse = Landing(tmp_path / "home" / "landing"), Warehouse(tmp_path / "home" / "warehouse.duckdb")
        some = next(landing.folder.glob("shop_eu_orders/*/payload")).read_text().split("customer", 1)[1].split("@", 1)[0]
        key, person = pseudonym_key(tmp_path / "home", None), f"customer{some}@example.com"
        theirs = f"customer_key = '{pseudonyms(key)(pl.Series([person]))[0]}'"
        lives, sold = warehouse.query(f"SELECT count(*), count(*) FILTER ({theirs}) FROM order_lives").row(0)
        assert sold > 0
        done = erase(settings.merchant_config, tmp_path / "home", landing, warehouse, person, key, AT)
        assert warehouse.query(f"SELECT count(*), count(*) FILTER ({theirs}) FROM order_lives").row(0) == (lives, 0)
        assert warehouse.query(f"SELECT count(*) FROM customer_orders WHERE {theirs}").item() == 0
    assert done.records > 0
    assert done.ledger_rows > 0
    assert done.remains == []
    files = list(landing.folder.glob("shop_eu_orders/*/payload"))
    assert any(b"erased" in file.read_bytes() for file in files)
    assert not any(f"customer{some}@".encode() in file.read_bytes() for file in files)


def test_nobody_is_everybody(connect: Connect, tmp_path: Path) -> None:
    shop = connect("woocommerce", orders=5)
    with pytest.raises(Exception, match="Name the person"):
        erase(shop.config, tmp_path, shop.landing, shop.warehouse, "  ", KEY, AT)


def test_a_person_in_a_packed_workbook_is_found() -> None:
    """The bytes of a workbook show nobody; its parts do, so that it is refused and not called clean."""
    book = io.BytesIO()
    pl.DataFrame({"Kunde": ["jo@example.com"]}).write_excel(book)
    content = book.getvalue()
    assert b"jo@example.com" not in content
    feed = Feed(name="f", table="customers", files="*.xlsx", columns={})
    with pytest.raises(Exception, match=r"o\.xlsx names the person and is no text"):
        _without_in_file(content, {"jo@example.com"}, feed, "o.xlsx")
    assert _without_in_file(content, {"mo@example.com"}, feed, "o.xlsx") == (content, 0)
