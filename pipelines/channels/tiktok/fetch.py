"""TikTok Shop's API, version 202309: orders, returns, cancellations, statements. Here: requests and pages. Not here: what records mean.

A list by time moves while it is read: a record that changes goes to its end, and a page token would skip the one that takes its
place. So each page starts from the last second that was seen, and tokens are used only within one and the same second.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipelines.channels.base import ChannelError, Listed, Record, Session
from pipelines.channels.days import day_bounds
from pipelines.channels.http import amount, cut, digest, member, plain, rest_client
from pipelines.channels.patience import Patience
from pipelines.channels.tiktok.signing import SignedToken

ADDRESS, AUTH = "https://open-api.tiktokglobalshop.com", "https://auth.tiktok-shops.com"
ORDERS, AFTERSALES = "order/202309/orders", "return_refund/202309"
STATEMENTS, TRANSACTIONS = "finance/202309/statements", "finance/202501/statements/{}/statement_transactions"
PAGE, IDS = 50, 50  # the most that every list takes
BEGINNING = datetime(2021, 1, 1, tzinfo=UTC)  # TikTok Shop sold nothing before
MONTH = timedelta(days=30)


def open_session(channel: str, settings: Mapping[str, str], time_zone: str, patience: Patience) -> Session:
    """A session with the shop; the refresh token buys access tokens for some days at a time."""
    tokens = rest_client(settings.get("address", AUTH), patience)
    names = ("app_key", "app_secret", "refresh_token")

    def ask() -> tuple[str, float]:
        grant = {name: settings[name] for name in names} | {"grant_type": "refresh_token"}
        answer = tokens.get("api/v2/token/refresh", params=grant)
        answer.raise_for_status()
        told = plain(_data(answer.content, "authorise the app anew and set the new refresh token"))
        until = told.get("access_token_expire_in")  # seconds since 1970, not from now
        return str(told.get("access_token")), float(until or 0) - datetime.now(UTC).timestamp()

    token = SignedToken(settings["app_key"], settings["app_secret"], ask)
    client = rest_client(settings.get("address", ADDRESS), patience, token)
    return Session(channel, settings, time_zone, client, patience.longest_pause)


def check(session: Session) -> str:
    """The shop and its orders of the last month, in a sentence."""
    shop, since = _shop(session), int((datetime.now(UTC) - MONTH).timestamp())
    data = _asked(session, f"{ORDERS}/search", {"page_size": 1}, {"create_time_ge": since})
    count = int(member(data, "total_count") or 0)
    return f"TikTok Shop answers: {shop.get('name')} ({shop.get('region')}), {count:,} orders in the last 30 days."


def changed(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Orders by the time they were updated, oldest first."""
    yield from _by_time(session, f"{ORDERS}/search", "orders", "update_time", since)


def by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Orders by their ids; one that is gone is left out."""
    for start in range(0, len(ids), IDS):
        data = _asked(session, ORDERS, {"ids": ",".join(ids[start : start + IDS])})
        yield [_record(record, "orders") for record in _listed(data, "orders")]


def listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every order that was created on the channel's days from `first` to `last`."""
    yield from _shown(session, f"{ORDERS}/search", "orders", first, last)


def returns(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Returns and refunds after delivery by the time they were updated."""
    yield from _by_time(session, f"{AFTERSALES}/returns/search", "return_orders", "update_time", since)


def returns_by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Returns by their ids."""
    yield from _searched(session, f"{AFTERSALES}/returns/search", "return_orders", "return_ids", ids)


def return_listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every return that was asked for on the channel's days from `first` to `last`."""
    yield from _shown(session, f"{AFTERSALES}/returns/search", "return_orders", first, last)


def cancellations(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Cancellations by the time they were updated."""
    yield from _by_time(session, f"{AFTERSALES}/cancellations/search", "cancellations", "update_time", since)


def cancellations_by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Cancellations by their ids."""
    yield from _searched(session, f"{AFTERSALES}/cancellations/search", "cancellations", "cancel_ids", ids)


def cancellation_listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every cancellation that was asked for on the channel's days from `first` to `last`."""
    yield from _shown(session, f"{AFTERSALES}/cancellations/search", "cancellations", first, last)


def statements(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Statements, one a day, each with what is paid out of it."""
    for page in _statements(session, since):
        yield [_record(record, "statements") for record in page]


def transactions(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """What is in the statements of a time, each with the statement that it is in."""
    for statement in (plain(record) for page in _statements(session, since) for record in page):
        head = json.dumps(
            {name: statement.get(name) for name in ("currency", "statement_time")} | {"statement_id": statement.get("id")}
        )
        version = _stamp(statement.get("statement_time"))
        asked = {"sort_field": "order_create_time", "sort_order": "ASC", "page_size": PAGE}
        for page in _pages(session, TRANSACTIONS.format(statement.get("id")), "transactions", asked):
            told = [head.encode()[:-1] + b"," + record.strip()[1:] for record in page]
            yield [Record(str(plain(record).get("id") or ""), version, digest(record), record) for record in told]


def _statements(session: Session, since: datetime | None) -> Iterator[list[bytes]]:
    asked = {
        "sort_field": "statement_time",
        "sort_order": "ASC",
        "page_size": PAGE,
        "statement_time_ge": _seconds(since or BEGINNING),
    }
    yield from _pages(session, STATEMENTS, "statements", asked)


def _pages(session: Session, path: str, name: str, asked: Mapping[str, Any]) -> Iterator[list[bytes]]:
    """Pages of a list that does not move while it is read."""
    token: dict[str, str] = {}
    while True:
        data = _asked(session, path, {**asked, **token})
        yield _listed(data, name)
        token = {"page_token": _token(data)}
        if not token["page_token"]:
            return


def _by_time(
    session: Session, path: str, name: str, field: str, since: datetime | None, until: datetime | None = None
) -> Iterator[list[Record]]:
    start, token = _seconds(since or BEGINNING), ""
    end = {f"{field}_lt": _seconds(until)} if until else {}
    while True:
        asked = {"page_size": PAGE, "sort_field": field, "sort_order": "ASC"} | ({"page_token": token} if token else {})
        data = _asked(session, path, asked, {f"{field}_ge": start, **end})
        page = _listed(data, name)
        yield [_record(record, name) for record in page]
        token = _token(data)
        if not page or not token:
            return
        last = max((at for v in map(plain, page) if isinstance(at := v.get(field), int)), default=start)
        start, token = (last, "") if last > start else (start, token)


def _searched(session: Session, path: str, name: str, key: str, ids: Sequence[str]) -> Iterator[list[Record]]:
    for start in range(0, len(ids), IDS):
        data = _asked(session, path, {"page_size": PAGE}, {key: list(ids[start : start + IDS])})
        yield [_record(record, name) for record in _listed(data, name)]


def _shown(session: Session, path: str, name: str, first: date, last: date) -> Iterator[list[Listed]]:
    start, end = day_bounds(first, last, session.time_zone)
    for page in _by_time(session, path, name, "create_time", start, end):
        told = [(record, plain(record.payload)) for record in page]
        yield [
            Listed(r.source_id, r.fingerprint, _instant(v.get("create_time")) or start, amount(v, "payment", "total_amount"))
            for r, v in told
        ]


def _asked(session: Session, path: str, asked: Mapping[str, Any], body: Mapping[str, Any] | None = None) -> bytes:
    """The data of an answer about the shop; a search states what it wants in its body."""
    params = {"shop_cipher": _shop(session).get("cipher"), **asked}
    client = session.client
    answer = client.get(path, params=params) if body is None else client.post(path, params=params, json=dict(body))
    answer.raise_for_status()
    return _data(answer.content)


def _data(content: bytes, mend: str = "the next run tries anew") -> bytes:
    """What an answer holds; it bears a code beside, which is 0 when all is well."""
    code = member(content, "code")
    if code != b"0":
        message = plain(content).get("message")
        raise ChannelError(f"TikTok Shop answered {(code or b'nothing').decode()}, {message}; {mend}.")
    return member(content, "data") or b"{}"


def _shop(session: Session) -> dict[str, Any]:
    """The shop among those of the authorisation: calls name it by its cipher."""
    if "shop" not in session.note:
        answer = session.client.get("authorization/202309/shops")
        answer.raise_for_status()
        shops = [plain(shop) for shop in _listed(_data(answer.content), "shops")]
        wanted = session.settings["shop_id"]
        found = next((shop for shop in shops if str(shop.get("id")) == wanted), None)
        if found is None:
            names = ", ".join(f"{shop.get('id')} ({shop.get('name')})" for shop in shops)
            raise ChannelError(f"The authorisation holds no shop {wanted}; there are {names or 'none'}: mend shop_id.")
        session.note["shop"] = found
    return dict(session.note["shop"])


def _listed(data: bytes, name: str) -> list[bytes]:
    """Records of a list; one that is empty may not be there."""
    return cut(data, name) if member(data, name) not in (None, b"null") else []


def _token(data: bytes) -> str:
    return str(plain(data).get("next_page_token") or "")


def _record(record: bytes, name: str) -> Record:
    value = plain(record)
    key = {"return_orders": "return_id", "cancellations": "cancel_id"}.get(name, "id")
    changed_at = value.get("statement_time" if name == "statements" else "update_time")
    return Record(str(value.get(key) or ""), _stamp(changed_at), _fingerprint(value, record, name), record)


def _fingerprint(value: Mapping[str, Any], record: bytes, name: str) -> str:
    """Times, states and parcels, as far as lists show them; a statement is known by all of it."""
    if name == "statements":
        return digest(record)
    lines = value.get("line_items")
    facts = ("id", "display_status", "package_status", "package_id", "tracking_number")
    told = [[line.get(fact) for fact in facts] for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []
    states = [value.get(fact) for fact in ("update_time", "status", "delivery_time", "return_status", "cancel_status")]
    return digest(json.dumps([states, told]).encode())


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _instant(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and 0 < seconds < 2**33 else None


def _stamp(seconds: object) -> str:
    at = _instant(seconds)
    return at.isoformat() if at else ""
