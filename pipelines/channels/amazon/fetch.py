"""Amazon's Selling Partner API: orders, stock, reports. Here: requests and tokens. Not here: what records mean."""

import gzip
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
from requests import HTTPError

from pipelines.channels.amazon.health import stated
from pipelines.channels.base import ChannelError, Listed, Record, Report, Session
from pipelines.channels.days import day_bounds
from pipelines.channels.http import ExpiringToken, amount, cut, digest, instant, member, plain, rest_client
from pipelines.channels.patience import Patience

ORDERS = "orders/2026-01-01/orders"
REPORTS = "reports/2021-06-30"
STOCK = "fba/inventory/v1/summaries"
EVERYTHING = "BUYER,RECIPIENT,PROCEEDS,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES"
REGIONS = {
    "na": "https://sellingpartnerapi-na.amazon.com",
    "eu": "https://sellingpartnerapi-eu.amazon.com",
    "fe": "https://sellingpartnerapi-fe.amazon.com",
}
TOKENS = "https://api.amazon.com/auth/o2/token"
DELAY = timedelta(minutes=2)  # Amazon refuses windows that end less than two minutes ago
LONGEST_REPORT = timedelta(days=30)
RESTARTS = 20
HEALTH, HEALTH_EVERY = "GET_V2_SELLER_PERFORMANCE_REPORT", timedelta(hours=20)


def open_session(channel: str, settings: Mapping[str, str], time_zone: str, patience: Patience) -> Session:
    """A session with the region's endpoint; the refresh token buys an access token for an hour at a time."""
    region = settings.get("region", "na")
    base = region if "://" in region else REGIONS.get(region)
    if base is None:
        raise ChannelError(f"{channel}: '{region}' is not a region; there are {', '.join(REGIONS)}.")
    tokens = rest_client(base, patience)

    def ask() -> tuple[str, float]:
        grant = {
            "grant_type": "refresh_token",
            **{name: settings[name] for name in ("refresh_token", "client_id", "client_secret")},
        }
        answer = tokens.post(f"{base}/auth/o2/token" if "://" in region else TOKENS, json=grant)
        answer.raise_for_status()
        return answer.json()["access_token"], float(answer.json().get("expires_in", 3600))

    client = rest_client(base, patience, ExpiringToken("x-amz-access-token", ask))
    return Session(channel, settings, time_zone, client, patience.longest_pause)


def check(session: Session) -> str:
    """Whether orders of the last day answer, in a sentence."""
    since = datetime.now(UTC) - timedelta(days=1)
    answer = session.client.get(ORDERS, params={**_market(session), "createdAfter": _stamp(since), "maxResultsPerPage": 1})
    answer.raise_for_status()
    return f"Amazon answers for marketplace {session.settings['marketplace_id']}."


def changed(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Orders by the time they were updated."""
    if session.settings.get("orders_from") == "report":
        return
    start = since or datetime.now(UTC) - timedelta(days=730)
    for page in _orders(session, "lastUpdatedAfter", start, {"includedData": EVERYTHING}):
        yield [_record(order) for order in page]


def by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Orders one by one; one that is gone is left out."""
    for order_id in ids:
        answer = session.client.get(f"{ORDERS}/{order_id}", params={"includedData": EVERYTHING})
        if answer.status_code == 404:
            continue
        answer.raise_for_status()
        order = member(answer.content, "order")
        if order:
            yield [_record(order)]


def listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every order that was created on the channel's days from `first` to `last`."""
    if session.settings.get("orders_from") == "report":
        return
    start, end = day_bounds(first, last, session.time_zone)
    end = min(end - timedelta(seconds=1), datetime.now(UTC) - DELAY)
    asked = {"createdBefore": _stamp(max(start, end)), "includedData": "PROCEEDS,PACKAGES"}
    for page in _orders(session, "createdAfter", start, asked):
        yield [
            Listed(str(v.get("orderId")), _fingerprint(v), instant(v.get("createdTime")) or start, amount(v, "proceeds", "grandTotal", "amount"))
            for v in map(plain, page)
        ]  # fmt: skip


def stock(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """What Amazon's own warehouses hold, as it is now, SKU by SKU."""
    market = session.settings["marketplace_id"]
    asked = {"details": "true", "granularityType": "Marketplace", "granularityId": market, "marketplaceIds": market}
    paginator = JSONResponseCursorPaginator(cursor_path="pagination.nextToken", cursor_param="nextToken")
    for page in session.client.paginate(STOCK, params=asked, paginator=paginator, data_selector="payload.inventorySummaries"):
        records = cut(page.response.content, "payload", "inventorySummaries")
        values = [plain(record) for record in records]
        yield [
            Record(str(v.get("sellerSku") or ""), str(v.get("lastUpdatedTime") or ""), digest(r), r)
            for v, r in zip(values, records, strict=True)
        ]


def account_health(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Amazon's report on the seller's performance, once a day."""
    now = datetime.now(UTC)
    if since and now - since < HEALTH_EVERY:
        return
    answer = session.client.post(
        f"{REPORTS}/reports", json={"reportType": HEALTH, "marketplaceIds": [session.settings["marketplace_id"]]}
    )
    answer.raise_for_status()
    document = _finished(session, answer.json()["reportId"])
    if document:
        yield [Record(name, now.isoformat(), digest(part), part) for name, part in stated(_download(session, document))]


def requested(kind: str) -> Any:
    """A function that has a report made for a span of time, in parts of thirty days at most."""

    def reports(session: Session, start: datetime, end: datetime) -> Iterator[Report]:
        if kind.startswith("GET_FLAT_FILE_ALL_ORDERS") and session.settings.get("orders_from") != "report":
            return
        while start < end:
            stop = min(start + LONGEST_REPORT, end)
            body = {
                "reportType": kind,
                "marketplaceIds": [session.settings["marketplace_id"]],
                "dataStartTime": _stamp(start),
                "dataEndTime": _stamp(stop),
            }
            answer = session.client.post(f"{REPORTS}/reports", json=body)
            answer.raise_for_status()
            document = _finished(session, answer.json()["reportId"])
            if document:
                yield Report(f"{kind} {_stamp(start)} {_stamp(stop)}.txt", _download(session, document))
            start = stop

    return reports


def published(kind: str) -> Any:
    """A function that finds the reports that Amazon made of its own accord since an instant."""

    def reports(session: Session, start: datetime, end: datetime) -> Iterator[Report]:
        asked = {
            "reportTypes": kind,
            "createdSince": _stamp(max(start, end - timedelta(days=89))),
            "pageSize": 100,
            "processingStatuses": "DONE",
        }
        paginator = JSONResponseCursorPaginator(cursor_path="nextToken", cursor_param="nextToken")
        for page in session.client.paginate(f"{REPORTS}/reports", params=asked, paginator=paginator, data_selector="reports"):
            for report in page.response.json()["reports"]:
                yield Report(f"{kind} {report['reportId']}.txt", _download(session, report["reportDocumentId"]))

    return reports


def _finished(session: Session, report_id: str) -> str | None:
    pause = min(1.0, session.longest_pause)
    while True:
        answer = session.client.get(f"{REPORTS}/reports/{report_id}")
        answer.raise_for_status()
        told = answer.json()
        if told["processingStatus"] == "DONE":
            return str(told["reportDocumentId"])
        if told["processingStatus"] == "CANCELLED":  # no data in the span
            return None
        if told["processingStatus"] == "FATAL":
            raise ChannelError(f"Amazon could not make report {report_id}; the next run asks for it again.")
        time.sleep(pause)
        pause = min(pause * 1.5, session.longest_pause)


def _download(session: Session, document_id: str) -> bytes:
    answer = session.client.get(f"{REPORTS}/documents/{document_id}")
    answer.raise_for_status()
    told = answer.json()
    content = session.client.get(told["url"])
    content.raise_for_status()
    return gzip.decompress(content.content) if told.get("compressionAlgorithm") == "GZIP" else content.content


def _orders(session: Session, after: str, start: datetime, asked: Mapping[str, Any]) -> Iterator[list[bytes]]:
    """Pages of orders since `start`; when a page token expires on the way, they go on from the last date that was seen."""
    dated = {"createdAfter": "createdTime", "lastUpdatedAfter": "lastUpdatedTime"}[after]
    for restart in range(RESTARTS):
        paginator = JSONResponseCursorPaginator(cursor_path="pagination.nextToken", cursor_param="paginationToken")
        params = {**_market(session), "maxResultsPerPage": 100, after: _stamp(start), **asked}
        try:
            for page in session.client.paginate(ORDERS, params=params, paginator=paginator, data_selector="orders"):
                orders = cut(page.response.content, "orders")
                yield orders
                start = max([start, *filter(None, (instant(plain(order).get(dated)) for order in orders))])
            return
        except HTTPError as problem:
            if problem.response is None or problem.response.status_code != 400 or restart == RESTARTS - 1:
                raise


def _market(session: Session) -> dict[str, str]:
    return {"marketplaceIds": session.settings["marketplace_id"]}


def _record(order: bytes) -> Record:
    value = plain(order)
    return Record(str(value.get("orderId") or ""), str(value.get("lastUpdatedTime") or ""), _fingerprint(value), order)


def _fingerprint(order: Mapping[str, Any]) -> str:
    """Modified time and parcels: those of a late shipment come long after the order's own last change."""
    packages = order.get("packages") if isinstance(order.get("packages"), list) else []
    parcels = sorted(f"{p.get('packageReferenceId')}@{p.get('shipTime')}" for p in packages or [] if isinstance(p, dict))
    return f"{order.get('lastUpdatedTime')} {','.join(parcels)}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
