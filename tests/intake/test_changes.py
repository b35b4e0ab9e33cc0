"""What a channel does to whoever reads it: withdraws a token, changes its clock or currency, reuses a listing. Not here: webhooks."""

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from requests import HTTPError, Response

from pipelines.channels.base import ChannelError
from pipelines.channels.http import ExpiringToken
from pipelines.channels.mapping import Config
from pipelines.intake.overview import overview
from pipelines.ledger.flags import all_notes, flags
from pipelines.ledger.load import land, load
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing
from tests.connected import Connect
from tests.ledger.merchant import AT


def test_a_token_that_is_withdrawn_in_mid_run_is_named_and_costs_nothing(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = connect("tiktok", orders=120)
    platform: Any = shop.server.platform
    answer, number = platform.answer, itertools.count()

    def revoking(request: Any) -> Any:
        if next(number) == 3:  # the second page of orders
            platform.is_revoked = True
            platform.forget_tokens()
        return answer(request)

    monkeypatch.setattr(platform, "answer", revoking)
    failures = shop.poll().failures
    assert "amazon_us.orders: TikTok Shop answered 36004004" in failures[0]
    assert "authorise the app anew and set the new refresh token" in failures[0]
    platform.is_revoked = False
    assert shop.poll().landed["amazon_us.orders"] == 120
    assert shop.load().refused == []
    assert shop.orders() == 120


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refresh_token_that_is_refused_is_no_answer_to_be_tried_again(status: int) -> None:
    def ask() -> tuple[str, float]:
        response = Response()
        response.status_code = status
        raise HTTPError("https://api.example/token?client_secret=hidden", response=response)

    with pytest.raises(
        ChannelError, match=rf"No access token is given any more \({status}\); authorise the application anew"
    ) as told:
        ExpiringToken("Authorization", ask)._renew()
    assert "hidden" not in str(told.value)


def test_a_shop_with_another_clock_than_configured_is_told_and_read_all_the_same(connect: Connect) -> None:
    shop = connect("shopify", orders=40, time_zone="America/New_York", currency="USD")
    shop.poll()
    failures = shop.reconcile().failures
    assert [sentence.split(";")[0] for sentence in failures] == [
        "shop_eu: the shop's time zone is Europe/Amsterdam, the configuration says America/New_York",
        "shop_eu: the shop's currency is EUR, the configuration says USD",
    ]
    shop.load()
    assert shop.orders() == 40
    with shop.warehouse.open() as connection:
        problem = overview(shop.config, shop.landing, connection, shop.clock.now + timedelta(hours=1))["problem"][0]
    assert all(sentence in problem for sentence in failures)
    assert "40 orders since" in problem
    assert "are in EUR, the configuration says USD; they are kept in their own currency" in problem


COLUMNS = {
    "orders": (
        "order_id",
        "sku",
        "listing_id",
        "description",
        "ordered_units",
        "unit_price_amount",
        "ordered_at",
        "currency_code",
    ),
    "listings": ("listing_id", "valid_from_date", "sku"),
    "products": ("sku",),
}


def flagged(folder: Path, *orders: str, listings: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """The sentences on a market whose orders are these lines."""
    feeds = [
        {"name": name, "table": name, "files": f"{name}.csv", "columns": {c: c for c in columns}, **({} if name == "products" else {"channel": "market"})}
        for name, columns in COLUMNS.items()
    ]  # fmt: skip
    config = Config.model_validate({"merchant": {"name": "m"}, "channel": [{"name": "market", "currency": "EUR"}], "feed": feeds})
    rows = {"orders": orders, "listings": listings or ("none,2026-01-01,CUP",), "products": ("CUP", "MUG")}
    for name, lines in rows.items():
        (folder / f"{name}.csv").write_text("\n".join([",".join(COLUMNS[name]), *lines]) + "\n")
    landing, warehouse = Landing(folder / "landing"), Warehouse(folder / "w.duckdb")
    land(config, folder, landing, AT)
    load(config, landing, warehouse, b"key", AT)
    with warehouse.open() as connection:
        told, notes = flags(connection, config), all_notes(connection, config, {})
    assert notes["sentence"].to_list() == told.get("market", [])
    return told


def test_a_listing_that_was_renamed_alone_needs_no_look(tmp_path: Path) -> None:
    assert flagged(tmp_path, "1,CUP,110,Cup,1,5,2026-01-05,EUR", "2,CUP,110,The new cup,1,5,2026-01-12,EUR") == {}


def test_a_listing_that_the_crosswalk_knows_as_another_product_is_told(tmp_path: Path) -> None:
    orders = ("1,CUP,110,Cup,1,5,2026-01-05,EUR", "2,MUG,110,Mug,1,5,2026-01-12,EUR")
    told = flagged(tmp_path, *orders, listings=("110,2025-01-01,CUP",))["market"]
    assert told[0].startswith(
        "1 listings are another product by the crosswalk than the channel says, such as 110: CUP by the crosswalk, MUG by the channel since 2026-01-12."
    )


def test_a_listing_that_changes_its_sku_is_told(tmp_path: Path) -> None:
    told = flagged(
        tmp_path, "1,CUP,110,Cup,1,5,2026-01-05,EUR", "2,MUG,110,Mug,1,5,2026-01-12,EUR", "3,CUP,111,Cup,1,5,2026-01-13,CHF"
    )["market"]
    assert told[0].startswith("1 orders since 2026-01-13 are in CHF, the configuration says EUR")
    assert told[1].startswith("1 listings have another SKU than before, such as 110: CUP, since 2026-01-12 MUG.")
