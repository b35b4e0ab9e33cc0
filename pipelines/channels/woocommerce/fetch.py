"""WooCommerce's REST v3: pages that lose nothing while orders change. Here: requests. Not here: what records mean.

A page number counts from the newest state of the list: an order that changes between two pages moves all others up by one,
and one is skipped. So each page starts from the last date seen instead, a second earlier, and page numbers are used only
among orders of one and the same second.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from requests.auth import HTTPBasicAuth

from pipelines.channels.base import ChannelError, Listed, Record, Session
from pipelines.channels.days import day_bounds
from pipelines.channels.http import cut, plain, rest_client
from pipelines.channels.patience import Patience

API = "wp-json/wc/v3"
PAGE = 100
STAMP = "%Y-%m-%dT%H:%M:%S"
SAME_ANSWER = 4  # how often a page that holds nothing new is asked for again before it is believed
LISTED = "id,date_created_gmt,date_modified_gmt,status,total,refunds"


def open_session(channel: str, settings: Mapping[str, str], time_zone: str, patience: Patience) -> Session:
    """A session with the shop, signed with its consumer key and secret."""
    shop = settings["shop"]
    auth = HTTPBasicAuth(settings["consumer_key"], settings["consumer_secret"])
    base = shop if "://" in shop else f"https://{shop}"
    return Session(channel, settings, time_zone, rest_client(base, patience, auth), patience.longest_pause)


def check(session: Session) -> str:
    """How many orders answer, in a sentence."""
    answer = session.client.get(f"{API}/orders", params={"per_page": 1, "status": "any"})
    answer.raise_for_status()
    return f"The shop answers: {int(answer.headers.get('X-WP-Total', 0)):,} orders."


def about(session: Session) -> dict[str, str]:
    """The shop's own clock, as WordPress tells it; its orders tell their currency."""
    answer = session.client.get("wp-json/", params={"_fields": "timezone_string"})
    zone = plain(answer.content).get("timezone_string") if answer.ok else None
    return {"time_zone": str(zone)} if zone else {}


def changed(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Orders by the date they were modified, oldest first."""
    for page in _by_date(session, "orders", "modified_after", "modified", "date_modified_gmt", since):
        yield [_order(record) for record in page]


def refunds(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Refunds by the date they were made: a refund does not move its order's modified date."""
    for page in _by_date(session, "refunds", "after", "date", "date_created_gmt", since):
        yield [_refund(record) for record in page]


def by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Orders by their ids; one that is gone is left out."""
    for start in range(0, len(ids), PAGE):
        wanted = ",".join(ids[start : start + PAGE])
        yield [_order(record) for record in _page(session, "orders", {"include": wanted, "per_page": PAGE, "status": "any"})]


def refunds_by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Refunds by their ids."""
    for start in range(0, len(ids), PAGE):
        wanted = ",".join(ids[start : start + PAGE])
        yield [_refund(record) for record in _page(session, "refunds", {"include": wanted, "per_page": PAGE})]


def listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every order that was created on the shop's days from `first` to `last`, by id, so that nothing moves between pages."""
    for page in _days(session, "orders", {"status": "any", "_fields": LISTED, "orderby": "id"}, first, last):
        yield [
            Listed(str(v.get("id")), _fingerprint(v), _created(v), _total(v.get("total")))
            for v in map(plain, page)
        ]  # fmt: skip


def refund_listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every refund that was made on the shop's days from `first` to `last`."""
    for page in _days(session, "refunds", {"_fields": "id,date_created_gmt,amount", "orderby": "id"}, first, last):
        yield [Listed(str(v.get("id")), _refund_fingerprint(v), _created(v), _total(v.get("amount"))) for v in map(plain, page)]


def _by_date(session: Session, path: str, after: str, orderby: str, field: str, since: datetime | None) -> Iterator[list[bytes]]:
    start = (since or datetime(1970, 1, 2, tzinfo=UTC)).astimezone(UTC).replace(tzinfo=None)
    number, seen, again = 1, set[str](), 0
    while True:
        asked = {after: f"{start - timedelta(seconds=1):{STAMP}}", "dates_are_gmt": "true", "orderby": orderby, "order": "asc",
                 "per_page": PAGE, "page": number, "status": "any"}  # fmt: skip
        page = _page(session, path, asked)
        states = {f"{v.get('id')} {v.get(field)}" for v in map(plain, page)}
        if len(page) >= PAGE and states <= seen and again < SAME_ANSWER:
            again += 1  # a page sent twice; asking again is cheaper than losing one
            continue
        seen |= states
        again = 0
        yield page
        if len(page) < PAGE:
            return
        last = max((at for v in map(plain, page) if (at := _instant(v.get(field)))), default=start)
        start, number = (last, 1) if last > start else (start, number + 1)


def _days(session: Session, path: str, asked: Mapping[str, Any], first: date, last: date) -> Iterator[list[bytes]]:
    start, end = day_bounds(first, last, session.time_zone)
    window = {
        "after": f"{start - timedelta(seconds=1):{STAMP}}",
        "before": f"{end:{STAMP}}",
        "dates_are_gmt": "true",
        "order": "asc",
    }
    number = 1
    while True:
        page = _page(session, path, {**asked, **window, "per_page": PAGE, "page": number})
        yield page
        if len(page) < PAGE:
            return
        number += 1


def _page(session: Session, path: str, params: Mapping[str, Any]) -> list[bytes]:
    answer = session.client.get(f"{API}/{path}", params=dict(params))
    if answer.status_code == 400 and b"rest_post_invalid_page_number" in answer.content:
        return []
    if answer.status_code == 404:
        raise ChannelError(f"The shop has no {API}/{path}; WooCommerce 9 or newer with permalinks switched on is needed.")
    answer.raise_for_status()
    return cut(answer.content)


def _order(record: bytes) -> Record:
    value = plain(record)
    return Record(str(value.get("id") or ""), str(value.get("date_modified_gmt") or ""), _fingerprint(value), record)


def _refund(record: bytes) -> Record:
    value = plain(record)
    return Record(str(value.get("id") or ""), str(value.get("date_created_gmt") or ""), _refund_fingerprint(value), record)


def _fingerprint(order: Mapping[str, Any]) -> str:
    refunds = order.get("refunds")
    ids = sorted(str(r.get("id")) for r in refunds if isinstance(r, dict)) if isinstance(refunds, list) else []
    return f"{order.get('date_modified_gmt')} {order.get('status')} {order.get('total')} {','.join(ids)}"


def _refund_fingerprint(refund: Mapping[str, Any]) -> str:
    return f"{refund.get('date_created_gmt')} {refund.get('amount')}"


def _instant(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    except ValueError:
        return None


def _created(value: Mapping[str, Any]) -> datetime:
    return (_instant(value.get("date_created_gmt")) or datetime(1970, 1, 1)).replace(tzinfo=UTC)


def _total(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
