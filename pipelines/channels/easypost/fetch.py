"""EasyPost's API: trackers, and the shipments whose labels were bought. Here: requests and pages. Not here: what records mean.

Lists go from the newest back and can be asked for by the day of creation alone, not by change: each poll asks for all since
some days, and the nightly listing for those of two months. A list without an end would end a month after its start.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from requests.auth import HTTPBasicAuth

from pipelines.channels.base import Listed, Record, Session
from pipelines.channels.days import day_bounds
from pipelines.channels.http import amount, cut, digest, instant, member, plain, rest_client
from pipelines.channels.patience import Patience

ADDRESS = "https://api.easypost.com"
TRACKERS, LABELS = "trackers", "shipments"
PAGE = 100
BEGINNING = datetime(2012, 1, 1, tzinfo=UTC)  # EasyPost was not there before


def open_session(channel: str, settings: Mapping[str, str], time_zone: str, patience: Patience) -> Session:
    """A session with the account that the key is of."""
    client = rest_client(settings.get("address", ADDRESS), patience, HTTPBasicAuth(settings["api_key"], ""))
    return Session(channel, settings, time_zone, client, patience.longest_pause)


def check(session: Session) -> str:
    """The newest parcel that is followed, in a sentence."""
    page = _page(session, TRACKERS, {"page_size": 1})[0]
    newest = plain(page[0]) if page else {}
    told = f"the newest parcel is {newest.get('tracking_code')} ({newest.get('carrier')}, {newest.get('status')})"
    return f"EasyPost answers: {told if newest else 'no parcel is followed yet'}."


def trackers(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Parcels that are followed since an instant, as they stand."""
    yield from _records(session, TRACKERS, since or BEGINNING)


def trackers_by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Parcels one by one."""
    yield from _one_by_one(session, TRACKERS, ids)


def tracker_listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every parcel that is followed since the channel's days from `first` to `last`."""
    yield from _listing(session, TRACKERS, first, last)


def labels(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Shipments that were made since an instant and whose label was bought."""
    yield from _records(session, LABELS, since or BEGINNING)


def labels_by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Shipments one by one."""
    yield from _one_by_one(session, LABELS, ids)


def label_listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every shipment that was made on the channel's days from `first` to `last` and whose label was bought."""
    yield from _listing(session, LABELS, first, last)


def _records(session: Session, name: str, start: datetime, end: datetime | None = None) -> Iterator[list[Record]]:
    end = end or datetime.now(UTC) + timedelta(days=1)
    asked: dict[str, Any] = {"page_size": PAGE, "start_datetime": _stamp(start), "end_datetime": _stamp(end)}
    if name == LABELS:
        asked |= {"purchased": "true"}
    before: dict[str, str] = {}
    while True:
        page, has_more = _page(session, name, {**asked, **before})
        yield [_record(record) for record in page]
        if not page or not has_more:
            return
        before = {"before_id": str(plain(page[-1]).get("id"))}


def _page(session: Session, name: str, asked: Mapping[str, Any]) -> tuple[list[bytes], bool]:
    answer = session.client.get(f"v2/{name}", params=dict(asked))
    answer.raise_for_status()
    return cut(answer.content, name), member(answer.content, "has_more") == b"true"


def _one_by_one(session: Session, name: str, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Records by their ids; one that is gone is left out."""
    for source_id in ids:
        answer = session.client.get(f"v2/{name}/{source_id}")
        if answer.status_code == 404:
            continue
        answer.raise_for_status()
        yield [_record(answer.content)]


def _listing(session: Session, name: str, first: date, last: date) -> Iterator[list[Listed]]:
    start, end = day_bounds(first, last, session.time_zone)
    for page in _records(session, name, start, end):
        told = [(record, plain(record.payload)) for record in page]
        yield [
            Listed(r.source_id, r.fingerprint, instant(v.get("created_at")) or start, amount(v, "selected_rate", "rate"))
            for r, v in told
        ]


def _record(record: bytes) -> Record:
    value = plain(record)
    return Record(str(value.get("id") or ""), str(value.get("updated_at") or ""), _fingerprint(value), record)


def _fingerprint(value: Mapping[str, Any]) -> str:
    """Time of change, states and number of scans."""
    details = value.get("tracking_details")
    facts = [value.get(name) for name in ("updated_at", "status", "refund_status", "tracking_code")]
    return digest(f"{facts} {len(details) if isinstance(details, list) else 0}".encode())


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
