"""Polls and reconciliations step by step: cursors, what adds nothing, what is caught, what fails alone. Not here: whole lives."""

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.channels.base import Record
from pipelines.intake.connection import feed_name
from pipelines.intake.index import FOLDED_FROM, Index
from pipelines.intake.overview import overview
from pipelines.intake.poll import _is_possible, batches
from pipelines.intake.state import States
from pipelines.warehouse.landing import Landing, Shelf
from pipelines.warehouse.sealing import Seal, is_sealed
from tests.connected import Connect

KINDS = ("shopify", "woocommerce", "amazon")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_poll_of_the_same_state_lands_nothing(connect: Connect, kind: str) -> None:
    shop = connect(kind)
    first, second = shop.poll(), shop.poll()
    assert first.failures == second.failures == []
    assert first.landed[f"{shop.shop.channel}.orders"] == 120
    assert sum(second.landed.values()) == 0
    assert shop.load().refused == []
    assert shop.orders() == 120
    assert shop.load().balances == []


def test_a_poll_that_dies_is_repeated_and_doubles_nothing(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after its first batch, the cursor stands where it stood and what has landed is known."""
    shop = connect("woocommerce")

    def dying(pages: object) -> object:
        for number, batch in enumerate(batches(page for page in pages)):  # type: ignore[attr-defined]
            yield batch[:40]
            if number == 0:
                raise KeyboardInterrupt

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr("pipelines.intake.poll.batches", dying)
        shop.poll()
    assert States(shop.landing.folder).read("shop_uk.orders").cursor == ""
    assert shop.poll().landed["shop_uk.orders"] == 80
    shop.load()
    assert shop.orders() == 120


def test_what_no_poll_brought_is_caught_counted_and_landed(connect: Connect) -> None:
    shop = connect("shopify", orders=80)
    shop.poll()
    feed = feed_name("shop_eu", "orders")
    lost = Landing(shop.landing.folder / "elsewhere")
    payload = next(iter(shop.landing.payloads(feed)))
    payload.path.parent.rename(lost.folder.parent / "gone")  # as if it had never been fetched
    found = shop.reconcile()
    within = sum(order.placed_at > shop.clock.now - timedelta(days=60) for order in shop.shop.orders)
    assert found.missed[feed] >= within - 5 > 0
    shop.load()
    days = shop.warehouse.query(
        "SELECT sum(missed_records)::BIGINT AS missed, sum(channel_records)::BIGINT AS records FROM channel_days"
    )
    assert days.row(0) == (found.missed[feed], found.missed[feed])
    assert shop.reconcile().missed[feed] == 0


def test_a_bulk_back_fill_moves_the_cursor_only_to_when_it_began(connect: Connect) -> None:
    shop = connect("shopify")
    shop.clock.step = timedelta(minutes=20)  # the operation takes its time, and orders change meanwhile
    shop.clock.now = shop.shop.orders[60].placed_at
    began = shop.clock.now + 3 * shop.clock.step
    shop.poll()
    assert States(shop.landing.folder).read("shop_eu.orders").cursor <= f"{began:%Y-%m-%dT%H:%M:%SZ}"
    assert shop.clock.now > began


def test_a_damaged_date_does_not_move_the_cursor(connect: Connect) -> None:
    now = connect("amazon").clock.now
    assert _is_possible("2026-01-01T00:00:00Z", now)
    assert _is_possible(f"{now + 10 * HOUR:%Y-%m-%dT%H:%M:%S}", now)
    assert not _is_possible("2999-01-01T00:00:00Z", now)
    assert not _is_possible("soon", now)


def test_a_channel_that_refuses_is_named_and_others_go_on(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = connect("shopify")
    other = shop.config.channels[0].model_copy(
        update={"name": "elsewhere", "connection": {"shop": "http://127.0.0.1:9", "client_id": "x"}}
    )
    monkeypatch.setenv("FULCAST_ELSEWHERE_CLIENT_SECRET", "hidden-secret")
    shop.config = shop.config.model_copy(update={"channels": (other, *shop.config.channels)})
    polled = shop.poll()
    assert polled.landed["shop_eu.orders"] == 120
    assert polled.failures[0].startswith("elsewhere.orders: elsewhere can't be reached")
    assert not any("hidden-secret" in sentence for sentence in polled.failures)
    assert States(shop.landing.folder).read("elsewhere.orders").last_error != ""


def test_a_secret_in_the_configuration_is_refused(connect: Connect) -> None:
    shop = connect("shopify", connection={"shop": "x", "client_secret": "s"})
    assert "must not stand in the configuration" in shop.poll().failures[0]


def test_a_missing_secret_is_named(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = connect("woocommerce")
    monkeypatch.delenv("FULCAST_SHOP_UK_CONSUMER_KEY")
    assert "set FULCAST_SHOP_UK_CONSUMER_KEY" in shop.poll().failures[0]


def test_tables_that_another_feed_tells_are_left_out(connect: Connect) -> None:
    shop = connect("woocommerce", leave_out=("shipments",))
    shop.poll()
    shop.load()
    assert shop.warehouse.query("SELECT count(*) FROM shipments").item() == 0
    assert shop.orders() == 120


def test_the_index_knows_only_the_newest_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A, B and A again: the third differs from what is known and lands; and folding the small files changes nothing."""
    landing = Landing(tmp_path_factory.mktemp("index"))
    shelf = Shelf("shop.orders", "shop", "orders")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for number, content in enumerate((b"A", b"A", b"B", b"A")):
        landed = Index(landing, shelf).land([Record("1", f"{number}", content.decode(), content)], moment + number * HOUR)
        assert landed == (0 if number == 1 else 1)
    for number in range(FOLDED_FROM + 5):
        Index(landing, shelf).land([Record("2", f"{number}", "", b"%d" % number)], moment + (10 + number) * HOUR)
    newest = dict(Index(landing, shelf).newest.select("source_id", "fingerprint").iter_rows())
    assert newest["1"] == "A"
    assert Index(landing, shelf).land([Record("2", "", "", b"%d" % (FOLDED_FROM + 4))], moment) == 0
    assert (landing.folder / "shop.orders" / "index.json").exists()


def test_landing_is_encrypted_with_a_key_and_unreadable_without(connect: Connect) -> None:
    shop = connect("woocommerce", seal=Seal("a key"))
    shop.poll()
    payloads = list(shop.landing.folder.glob("*/*/payload"))
    assert payloads
    assert all(is_sealed(path.read_bytes()) and b"example.com" not in path.read_bytes() for path in payloads)
    shop.load()
    assert shop.orders() == 120
    for key, sentence in ((None, "set FULCAST_LANDING_KEY"), ("another", "another key")):
        with pytest.raises(Exception, match=sentence):
            next(iter(Landing(shop.landing.folder, Seal(key)).payloads("shop_uk.orders"))).content()


def test_what_landed_before_the_key_is_encrypted_later(connect: Connect) -> None:
    shop = connect("woocommerce")
    shop.poll()
    sealed = Landing(shop.landing.folder, Seal("a key"))
    assert sealed.seal_all() > 0
    assert sealed.seal_all() == 0
    shop.landing = sealed
    shop.load()
    assert shop.orders() == 120


def test_the_overview_tells_of_every_stream(connect: Connect) -> None:
    shop = connect("amazon")
    assert set(overview(shop.config, shop.landing, None)["last_success"]) == {"never"}
    shop.poll()
    shop.load()
    with shop.warehouse.open() as connection:
        rows = overview(shop.config, shop.landing, connection, shop.clock.now + 3 * HOUR)
    told = {row["feed"]: row for row in rows.iter_rows(named=True)}
    assert (told["amazon_us.orders"]["records"], told["amazon_us.orders"]["lag"]) == (120, "3 h 0 min")
    assert told["amazon_us.settlements"]["records"] > 0
