"""Square's API: orders, payments, refunds, catalogue, stock. Here: requests and pages. Not here: what records mean."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

from pipelines.channels.base import Listed, Record, Session
from pipelines.channels.days import day_bounds
from pipelines.channels.http import cut, digest, instant, member, plain, rest_client
from pipelines.channels.patience import Patience

ADDRESS = "https://connect.squareup.com"
VERSION = "2026-01-22"
PAGE = 100
LOCATIONS_AT_ONCE = 10
STATES = ["OPEN", "COMPLETED", "CANCELED"]  # drafts are no orders yet
BEGINNING = datetime(2009, 1, 1, tzinfo=UTC)  # Square takes no payments from before


def open_session(channel: str, settings: Mapping[str, str], time_zone: str, patience: Patience) -> Session:
    """A session with the seller whose token it is."""
    headers = {"Authorization": f"Bearer {settings['access_token']}", "Square-Version": VERSION}
    client = rest_client(settings.get("address", ADDRESS), patience, headers=headers)
    return Session(channel, settings, time_zone, client, patience.longest_pause)


def check(session: Session) -> str:
    """The seller's locations, in a sentence."""
    names = [f"{place.get('name')} ({place.get('id')})" for place in _places(session)]
    return f"Square answers: {len(names)} locations, {', '.join(names)}."


def about(session: Session) -> dict[str, str]:
    """Clock and currency of the seller's locations, where all have the same."""
    told = {
        name: {place.get(key) for place in _places(session)}
        for name, key in (("time_zone", "timezone"), ("currency", "currency"))
    }
    return {name: str(next(iter(values))) for name, values in told.items() if len(values) == 1 and None not in values}


def changed(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Orders by the time they were updated, oldest first."""
    yield from _orders(session, "updated_at", "UPDATED_AT", {"start_at": _stamp(since or BEGINNING)})


def by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Orders by their ids; one that is gone is left out."""
    for start in range(0, len(ids), PAGE):
        answer = session.client.post("v2/orders/batch-retrieve", json={"order_ids": list(ids[start : start + PAGE])})
        answer.raise_for_status()
        yield [_record(record) for record in _listed(answer.content, "orders")]


def listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every order that was created on the seller's days from `first` to `last`."""
    start, end = day_bounds(first, last, session.time_zone)
    for page in _orders(session, "created_at", "CREATED_AT", {"start_at": _stamp(start), "end_at": _stamp(end)}):
        yield _shown(page)


def payments(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Payments by the time they were updated, oldest first."""
    for page in _moved(session, "payments", since):
        yield [_record(record) for record in page]


def payments_by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Payments one by one."""
    for record in _one_by_one(session, "payments", "payment", ids):
        yield [_record(record)]


def payment_listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every payment that was made on the seller's days from `first` to `last`."""
    for page in _made(session, "payments", first, last):
        yield _shown([_record(record) for record in page])


def refunds(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Refunds by the time they were updated, each with the order that its payment was for: its own order is that of the return."""
    for page in _moved(session, "refunds", since):
        yield [_refund(session, record) for record in page]


def refunds_by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Refunds one by one."""
    for record in _one_by_one(session, "refunds", "refund", ids):
        yield [_refund(session, record)]


def refund_listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every refund that was made on the seller's days from `first` to `last`."""
    for page in _made(session, "refunds", first, last):
        yield _shown([_record(record) for record in page])


def variations(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """What the catalogue sells: an item variation has the SKU that order lines lack."""
    for page in _pages(session, "GET", "v2/catalog/list", "objects", {"types": "ITEM_VARIATION"}):
        yield [_record(record) for record in page]


def stock(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Counts that changed since an instant, each with the SKU of its variation."""
    skus = _skus(session)
    for places in _place_groups(session):
        asked = {"location_ids": places, "updated_after": _stamp(since or BEGINNING), "states": ["IN_STOCK"]}
        for page in _pages(session, "POST", "v2/inventory/counts/batch-retrieve", "counts", asked):
            yield [_count(record, skus) for record in page]


def _skus(session: Session) -> dict[Any, Any]:
    """SKUs by the id of their variation; the catalogue is read once per session."""
    if "skus" not in session.note:
        session.note["skus"] = {
            v.get("id"): (v.get("item_variation_data") or {}).get("sku")
            for page in variations(session, None)
            for v in map(_plain, page)
        }
    return dict(session.note["skus"])


def _plain(record: Record) -> dict[str, Any]:
    return plain(record.payload)


def _orders(session: Session, filtered: str, sorted_by: str, window: Mapping[str, str]) -> Iterator[list[Record]]:
    for places in _place_groups(session):
        query = {"filter": {"date_time_filter": {filtered: window}, "state_filter": {"states": STATES}},
                 "sort": {"sort_field": sorted_by, "sort_order": "ASC"}}  # fmt: skip
        for page in _pages(
            session, "POST", "v2/orders/search", "orders", {"location_ids": places, "limit": PAGE, "query": query}
        ):
            yield [_record(record) for record in page]


def _moved(session: Session, name: str, since: datetime | None) -> Iterator[list[bytes]]:
    asked = {
        "begin_time": _stamp(BEGINNING),
        "updated_at_begin_time": _stamp(since or BEGINNING),
        "sort_field": "UPDATED_AT",
        "sort_order": "ASC",
        "limit": PAGE,
    }
    yield from _pages(session, "GET", f"v2/{name}", name, asked)


def _made(session: Session, name: str, first: date, last: date) -> Iterator[list[bytes]]:
    start, end = day_bounds(first, last, session.time_zone)
    yield from _pages(
        session,
        "GET",
        f"v2/{name}",
        name,
        {"begin_time": _stamp(start), "end_time": _stamp(end), "sort_order": "ASC", "limit": PAGE},
    )


def _pages(session: Session, method: Any, path: str, name: str, asked: Mapping[str, Any]) -> Iterator[list[bytes]]:
    """Pages of a list; one that is empty comes without the list."""
    place = {"cursor_param": "cursor"} if method == "GET" else {"cursor_body_path": "cursor"}
    told = {"params": dict(asked)} if method == "GET" else {"json": dict(asked)}
    hooks = {"response": [lambda answer, **_: answer.raise_for_status()]}
    paginator = JSONResponseCursorPaginator(cursor_path="cursor", **place)  # type: ignore[arg-type]
    for page in session.client.paginate(path, method=method, paginator=paginator, data_selector="$", hooks=hooks, **told):
        yield _listed(page.response.content, name)


def _listed(content: bytes, name: str) -> list[bytes]:
    return cut(content, name) if member(content, name) else []


def _one_by_one(session: Session, path: str, name: str, ids: Sequence[str]) -> Iterator[bytes]:
    """Records by their ids; one that is gone is left out."""
    for source_id in ids:
        answer = session.client.get(f"v2/{path}/{source_id}")
        if answer.status_code == 404:
            continue
        answer.raise_for_status()
        yield member(answer.content, name) or b"{}"


def _places(session: Session) -> list[dict[str, Any]]:
    if "places" not in session.note:
        answer = session.client.get("v2/locations")
        answer.raise_for_status()
        session.note["places"] = [plain(place) for place in _listed(answer.content, "locations")]
    return list(session.note["places"])


def _place_groups(session: Session) -> Iterator[list[str]]:
    ids = [str(place["id"]) for place in _places(session)]
    for start in range(0, len(ids), LOCATIONS_AT_ONCE):
        yield ids[start : start + LOCATIONS_AT_ONCE]


def _record(record: bytes) -> Record:
    value = plain(record)
    return Record(str(value.get("id") or ""), str(value.get("updated_at") or ""), _fingerprint(value), record)


def _refund(session: Session, record: bytes) -> Record:
    told = _record(record)
    paid = next(_one_by_one(session, "payments", "payment", [str(plain(record).get("payment_id"))]), b"{}")
    order_id = json.dumps(plain(paid).get("order_id")).encode()
    return Record(told.source_id, told.version, told.fingerprint, b'{"order_paid":%s,' % order_id + record.strip()[1:])


def _count(record: bytes, skus: Mapping[Any, Any]) -> Record:
    value = plain(record)
    sku = json.dumps(skus.get(value.get("catalog_object_id"))).encode()
    source_id = f"{value.get('catalog_object_id')} {value.get('location_id')} {value.get('state')}"
    return Record(source_id, str(value.get("calculated_at") or ""), digest(record), b'{"sku":%s,' % sku + record.strip()[1:])


def _fingerprint(value: Mapping[str, Any]) -> str:
    return f"{value.get('updated_at')} {value.get('state') or value.get('status')} {value.get('version')}"


def _shown(records: Sequence[Record]) -> list[Listed]:
    return [
        Listed(record.source_id, record.fingerprint, instant(_plain(record).get("created_at")) or BEGINNING) for record in records
    ]


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
