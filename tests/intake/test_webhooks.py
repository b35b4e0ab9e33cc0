"""Deliveries over HTTP: what is landed, what is refused and in which words, and what a poll makes of them. Not here: how fast (benchmarks)."""

import base64
import hashlib
import hmac
import io
import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
import requests
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipelines.channels.base import ChannelError, Delivery, Session
from pipelines.channels.easypost import hook as easypost
from pipelines.channels.ebay import hook as ebay
from pipelines.channels.mapping import Config
from pipelines.channels.shopify import hook as shopify
from pipelines.channels.square import hook as square
from pipelines.channels.stripe import hook as stripe
from pipelines.channels.tiktok import hook as tiktok
from pipelines.defs.resources import Run
from pipelines.defs.sensors import newest_delivery, webhooks_landed
from pipelines.erasure import _without_deliveries
from pipelines.intake.overview import overview
from pipelines.intake.retention import drop_confirmed
from pipelines.intake.tally import Tallies
from pipelines.intake.webhooks import LARGEST, application, endpoints
from pipelines.warehouse.landing import Landing
from tests.conftest import environment
from tests.connected import Connect

SECRET = "whsec"
NOW = 1_768_000_000.0
NOBODY = Session("shop", {}, "UTC", None)


def signed(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


@contextmanager
def served(config: Config, landing: Landing) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(application(endpoints(config), landing), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def landed(landing: Landing, channel: str) -> list[bytes]:
    frames = [pl.read_parquet(io.BytesIO(payload.content())) for payload in landing.payloads(f"{channel}.webhooks")]
    return [body for frame in frames for body in frame["payload"]]


@pytest.fixture
def woo(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FULCAST_SHOP_UK_WEBHOOK_SECRET", SECRET)
    return connect("woocommerce")


def headers(woo: Any, body: bytes, **changed: str) -> dict[str, str]:
    return {
        "X-WC-Webhook-Signature": signed(body),
        "X-WC-Webhook-Source": f"{woo.server.url}/",
        "Content-Type": "application/json",
    } | changed


def test_a_delivery_lands_as_it_came_and_only_once(woo: Any) -> None:
    body = b'{"id": 1,  "line_items": []}'
    with served(woo.config, woo.landing) as url:
        answers = [requests.post(f"{url}/shop_uk", body, headers=headers(woo, body), timeout=5) for _ in range(2)]
    assert [(a.status_code, a.text) for a in answers] == [
        (200, "Landed."),
        (200, "This delivery is here already; it adds nothing."),
    ]
    assert landed(woo.landing, "shop_uk") == [body]
    with served(woo.config, woo.landing) as url:  # started again, it knows what it took
        assert "already" in requests.post(f"{url}/shop_uk", body, headers=headers(woo, body), timeout=5).text


def test_what_is_forged_too_large_or_for_nobody_is_refused_in_a_sentence(woo: Any) -> None:
    body = b'{"id": 1}'
    with served(woo.config, woo.landing) as url:

        def post(path: str, content: Any, **changed: str) -> tuple[int, str]:
            answer = requests.post(f"{url}/{path}", content, headers=headers(woo, body, **changed), timeout=20)
            return answer.status_code, answer.text

        assert post("shop_uk", b'{"id": 2}')[1].startswith("shop_uk: The signature is not the shop's")
        assert post("shop_uk", body, **{"X-WC-Webhook-Signature": ""}) == (
            401, "shop_uk: The delivery bears no x-wc-webhook-signature; only the platform itself may deliver here."
        )  # fmt: skip
        assert post("shop_uk", body, **{"X-WC-Webhook-Source": "https://other.example"})[1].startswith(
            "shop_uk: The delivery is from https://other.example"
        )
        assert post("shop_xx", body) == (404, "No shop 'shop_xx' takes deliveries here; there are shop_uk.")
        assert post("shop_uk", iter([b"x" * 1_000_000] * (LARGEST // 1_000_000 + 1))) == (
            413,
            "The delivery is larger than 5 MB; no order is, and it is not read.",
        )
        assert requests.get(f"{url}/shop_uk", timeout=5).status_code == 405
        assert post("shop_uk", body) == (200, "Landed.")
    assert landed(woo.landing, "shop_uk") == [body]


def test_fifty_megabytes_are_refused_before_they_are_read(woo: Any) -> None:
    with served(woo.config, woo.landing) as url:
        answer = requests.post(f"{url}/shop_uk", headers=headers(woo, b"") | {"Content-Length": "50000000"}, timeout=5, data=b"")
        assert (answer.status_code, answer.text[:35]) == (413, "The delivery is larger than 5 MB; n")


def test_without_its_secret_a_channel_takes_nothing(connect: Connect) -> None:
    shop = connect("woocommerce")
    with served(shop.config, shop.landing) as url:
        answer = requests.post(f"{url}/shop_uk", b"{}", timeout=5)
    assert (answer.status_code, answer.text) == (
        503,
        "shop_uk takes no deliveries until FULCAST_SHOP_UK_WEBHOOK_SECRET is set where `fulcast webhooks` runs.",
    )


def test_a_hundred_at_once_are_all_landed(woo: Any) -> None:
    bodies = [json.dumps({"id": n, "line_items": []}).encode() for n in range(100)]
    with served(woo.config, woo.landing) as url, ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda body: requests.post(f"{url}/shop_uk", body, headers=headers(woo, body), timeout=10).text, bodies)
        )
    assert answers == ["Landed."] * 100
    assert sorted(landed(woo.landing, "shop_uk")) == sorted(bodies)


def test_a_poll_asks_for_what_deliveries_name_once(woo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that the shop's list doesn't show yet comes by its id."""
    woo.poll()
    before, order = woo.clock.now, woo.shop.orders[-1]
    late = woo.shop.orders[0].placed_at + timedelta(days=5)
    assert late < before
    monkeypatch.setattr(
        woo.server.platform, "_wanted_orders", lambda asked: [(order, woo.clock.now)] if "include" in asked else []
    )
    order.has_note = not order.has_note
    body = json.dumps({"id": order.id, "line_items": []}).encode()
    with served(woo.config, woo.landing) as url:
        requests.post(f"{url}/shop_uk", body, headers=headers(woo, body), timeout=5)
    assert woo.poll().landed["shop_uk.orders"] == 1
    assert woo.poll().landed["shop_uk.orders"] == 0


def test_what_came_and_what_was_refused_is_counted(woo: Any) -> None:
    body = b'{"id": 1, "line_items": []}'
    with served(woo.config, woo.landing) as url:
        for content in (body, body, b'{"id": 2}'):
            requests.post(f"{url}/shop_uk", content, headers=headers(woo, body), timeout=5)
        requests.post(f"{url}/shop_xx", body, headers=headers(woo, body), timeout=5)
    tally = Tallies(woo.landing.folder).read("shop_uk")
    assert (tally.taken, tally.refused, tally.last_refusal.split(";")[0]) == (1, 1, "shop_uk: The signature is not the shop's")
    row = overview(woo.config, woo.landing, None).filter(pl.col("feed") == "shop_uk.webhooks").row(0, named=True)
    assert (row["records"], row["refused"], row["lag"]) == (1, 1, "0 min")
    assert row["problem"].startswith("the last one refused, at 20")
    assert (
        newest_delivery(woo.landing.folder) == (woo.landing.folder / "shop_uk.webhooks").stat().st_mtime
    )  # a refused one starts nothing


def test_old_deliveries_go_once_every_stream_was_asked_since_and_stay_known(woo: Any) -> None:
    body = b'{"id": 1, "line_items": []}'
    kept = woo.config.model_copy(update={"merchant": woo.config.merchant.model_copy(update={"keep_deliveries_days": 1})})
    with served(woo.config, woo.landing) as url:
        requests.post(f"{url}/shop_uk", body, headers=headers(woo, body), timeout=5)
    later = datetime.now(UTC) + timedelta(days=2)
    assert drop_confirmed(kept, woo.landing, later) == 0  # nobody has asked the shop since
    woo.clock.now = later
    woo.poll()
    assert drop_confirmed(woo.config, woo.landing, later) == 0  # nothing is dropped unless the merchant wants it
    assert drop_confirmed(kept, woo.landing, later) == 1
    assert landed(woo.landing, "shop_uk") == []
    with served(woo.config, woo.landing) as url:
        assert "already" in requests.post(f"{url}/shop_uk", body, headers=headers(woo, body), timeout=5).text


def test_deliveries_that_name_an_erased_person_go_and_the_others_stay(woo: Any) -> None:
    bodies = [b'{"id": 1, "billing": {"email": "Jo@example.com"}}', b'{"id": 2, "billing": {"email": "bjo@example.com"}}']
    with served(woo.config, woo.landing) as url:
        for body in bodies:
            requests.post(f"{url}/shop_uk", body, headers=headers(woo, body), timeout=5)
    left = []
    for payload in woo.landing.payloads("shop_uk.webhooks"):
        content, _ = _without_deliveries(payload.content(), {"jo@example.com"})
        left += list(pl.read_parquet(io.BytesIO(content))["payload"])
    assert sorted(left) == sorted([b'{"erased":true}', bodies[1]])


def test_shopify_signs_with_the_apps_secret_and_names_its_shop() -> None:
    body = json.dumps({"admin_graphql_api_id": "gid://shopify/Order/7"}).encode()
    settings = {"client_secret": SECRET, "shop": "my.myshopify.com"}
    good = {"x-shopify-hmac-sha256": signed(body), "x-shopify-shop-domain": "my.myshopify.com"}
    shopify.verify(Delivery(good, body), settings, NOW, NOBODY)
    for other in ("other.myshopify.com", "y.myshopify.com", "my"):  # a part of the shop's name is another shop
        with pytest.raises(ChannelError, match=f"is for the shop {re.escape(other)}, not for"):
            shopify.verify(Delivery(good | {"x-shopify-shop-domain": other}, body), settings, NOW, NOBODY)
    assert shopify.named(body) == shopify.named(b'{"id": 1, "order_id": 7}') == [("orders", "gid://shopify/Order/7")]
    assert shopify.named(b"[]") == shopify.named(b"{") == []


def test_stripe_refuses_what_was_signed_long_ago() -> None:
    """Stripe's own scheme: HMAC of time, a dot and the body; two signatures while the secret is changed."""
    body = b'{"id": "evt_1"}'

    def delivery(at: float, secret: str = SECRET) -> Delivery:
        mac = hmac.digest(secret.encode(), f"{at:.0f}.".encode() + body, hashlib.sha256).hex()
        return Delivery({"stripe-signature": f"t={at:.0f},v1={'0' * 64},v1={mac},v0=x"}, body)

    stripe.verify(delivery(NOW - 299), {"webhook_secret": SECRET}, NOW, NOBODY)
    with pytest.raises(ChannelError, match="signed 301 s away"):
        stripe.verify(delivery(NOW - 301), {"webhook_secret": SECRET}, NOW, NOBODY)
    with pytest.raises(ChannelError, match="forged"):
        stripe.verify(delivery(NOW, "other"), {"webhook_secret": SECRET}, NOW, NOBODY)
    with pytest.raises(ChannelError, match="forged"):
        stripe.verify(Delivery({"stripe-signature": "t=,v1=,"}, body), {"webhook_secret": SECRET}, NOW, NOBODY)


def test_square_signs_the_address_too() -> None:
    body = json.dumps({"type": "order.updated", "data": {"id": "O1"}}).encode()
    settings = {"webhook_secret": SECRET, "webhook_url": "https://f.example/stores"}
    good = {"x-square-hmacsha256-signature": signed(b"https://f.example/stores" + body)}
    square.verify(Delivery(good, body), settings, NOW, NOBODY)
    with pytest.raises(ChannelError, match="forged"):
        square.verify(Delivery(good, body), settings | {"webhook_url": "https://g.example"}, NOW, NOBODY)
    assert square.named(body) == [("orders", "O1")]
    assert square.named(b'{"type": "refund.created", "data": {"id": "F1"}}') == [("refunds", "F1")]
    assert square.named(b'{"type": "catalog.version.updated"}') == []


def test_ebay_signs_with_its_own_key_and_asks_a_question_first() -> None:
    body, key = b'{"notification": {"data": {"orderId": "12-34"}}}', ec.generate_private_key(ec.SECP256R1())
    session = Session("ebay", {}, "UTC", None, note={"public_keys": {"k1": key.public_key()}})
    told = {
        "alg": "ECDSA",
        "kid": "k1",
        "digest": "SHA1",
        "signature": base64.b64encode(key.sign(body, ec.ECDSA(SHA1()))).decode(),
    }
    good = {"x-ebay-signature": base64.b64encode(json.dumps(told).encode()).decode()}
    ebay.verify(Delivery(good, body), {}, NOW, session)
    for broken, content in ((good, body + b" "), ({"x-ebay-signature": "e30="}, body), ({"x-ebay-signature": "%"}, body)):
        with pytest.raises(ChannelError, match="forged"):
            ebay.verify(
                Delivery(broken, content),
                {},
                NOW,
                Session("ebay", {}, "UTC", None, note={"public_keys": {"k1": key.public_key(), "None": key.public_key()}}),
            )
    expected = hashlib.sha256(b"codetokenhttps://f.example/ebay").hexdigest()
    assert ebay.answer("code", {"webhook_secret": "token", "webhook_url": "https://f.example/ebay"}) == expected
    assert ebay.named(body) == [("orders", "12-34")]
    assert (
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).startswith(b"-----BEGIN PUBLIC KEY-----")
    )


def test_tiktok_signs_its_key_and_the_body_which_names_the_shop() -> None:
    body = json.dumps({"type": 12, "shop_id": "749", "data": {"order_id": "576", "return_id": "40"}}).encode()
    settings = {"app_key": "key", "app_secret": SECRET, "shop_id": "749"}
    good = {"authorization": hmac.digest(SECRET.encode(), b"key" + body, hashlib.sha256).hex()}
    tiktok.verify(Delivery(good, body), settings, NOW, NOBODY)
    for forged in (Delivery(good, body + b" "), Delivery({"authorization": "0" * 64}, body)):
        with pytest.raises(ChannelError, match="forged"):
            tiktok.verify(forged, settings, NOW, NOBODY)
    with pytest.raises(ChannelError, match="is for the shop 749, not for 750"):
        tiktok.verify(Delivery(good, body), settings | {"shop_id": "750"}, NOW, NOBODY)
    assert tiktok.named(body) == [("orders", "576"), ("returns", "40")]
    parcel = {"data": {"package_list": [{"order_id_list": ["1", "2"]}, None]}}
    assert tiktok.named(json.dumps(parcel).encode()) == [("orders", "1"), ("orders", "2")]
    assert tiktok.named(b'{"data": 7}') == tiktok.named(b"[]") == []


def test_easypost_signs_time_method_path_and_body() -> None:
    body = b'{"description": "tracker.updated", "result": {"object": "Tracker", "id": "trk_1"}}'

    def delivery(at: float, secret: str = SECRET, content: bytes = body) -> Delivery:
        stamp = formatdate(at)
        mac = hmac.digest(secret.encode(), f"{stamp}POST/parcels".encode() + body, hashlib.sha256).hex()
        return Delivery({"x-timestamp": stamp, "x-path": "/parcels", "x-hmac-signature-v2": f"hmac-sha256-hex={mac}"}, content)

    settings = {"webhook_secret": SECRET}
    easypost.verify(delivery(NOW - 299), settings, NOW, NOBODY)
    with pytest.raises(ChannelError, match="signed 301 s away"):
        easypost.verify(delivery(NOW - 301), settings, NOW, NOBODY)
    for forged in (delivery(NOW, "other"), delivery(NOW, content=body + b" ")):
        with pytest.raises(ChannelError, match="forged"):
            easypost.verify(forged, settings, NOW, NOBODY)
    old = {"x-hmac-signature": f"hmac-sha256-hex={hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()}"}
    easypost.verify(Delivery(old, body), settings, NOW, NOBODY)
    with pytest.raises(ChannelError, match="bears no x-hmac-signature"):
        easypost.verify(Delivery({}, body), settings, NOW, NOBODY)
    assert easypost.named(body) == [("trackers", "trk_1")]
    assert easypost.named(b'{"result": {"object": "Batch", "id": "b"}}') == easypost.named(b"7") == []


def test_new_deliveries_start_one_refresh(tmp_path: Path) -> None:
    shelf = tmp_path / "landing" / "shop_uk.webhooks"
    with environment(tmp_path, tmp_path), dg.DagsterInstance.ephemeral() as instance:

        def look(cursor: str | None) -> dg.SensorResult | dg.SkipReason:
            with dg.build_sensor_context(instance=instance, cursor=cursor, resources={"run": Run()}) as context:
                return webhooks_landed(context)  # type: ignore[return-value]

        assert isinstance(look(None), dg.SkipReason)
        shelf.mkdir(parents=True)
        found = look(None)
        assert isinstance(found, dg.SensorResult)
        assert len(found.run_requests or ()) == 1
        assert isinstance(look(found.cursor), dg.SkipReason)
