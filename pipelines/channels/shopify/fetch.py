"""Shopify's Admin GraphQL: pages, ids, bulk operations, tokens. Here: sending queries. Not here: their text, what records mean."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
from requests import Response

from pipelines.channels.base import CURSOR_AT_MOST, ChannelError, Listed, Record, Session
from pipelines.channels.days import day_bounds
from pipelines.channels.graphql import first_error
from pipelines.channels.http import THROTTLED, ExpiringToken, cut, digest, plain, rest_client
from pipelines.channels.patience import Patience
from pipelines.channels.shopify import queries

PATH = f"admin/api/{queries.VERSION}/graphql.json"
PAGE, LISTING_PAGE, IDS = 50, 250, 50
BULK_PAUSE = 1.0  # seconds between two looks at a bulk operation, growing
STATIC_SECONDS = 365 * 86_400.0
MISSING_SCOPE = "the app lacks a permission: {}; grant it the scopes read_all_orders, read_returns, read_shopify_payments_payouts"


def open_session(channel: str, settings: Mapping[str, str], time_zone: str, patience: Patience) -> Session:
    """A session with the shop; either a fixed access_token, or client_id and client_secret that buy one for a day at a time."""
    shop = settings["shop"]
    base = shop if "://" in shop else f"https://{shop}"
    plain_client = rest_client(base, patience)

    def ask() -> tuple[str, float]:
        if settings.get("access_token"):
            return settings["access_token"], STATIC_SECONDS
        grant = {
            "grant_type": "client_credentials",
            "client_id": settings.get("client_id", ""),
            "client_secret": settings.get("client_secret", ""),
        }
        answer = plain_client.post("admin/oauth/access_token", json=grant)
        answer.raise_for_status()
        return answer.json()["access_token"], float(answer.json().get("expires_in", 86_400))

    client = rest_client(base, patience, ExpiringToken("X-Shopify-Access-Token", ask))
    return Session(channel, settings, time_zone, client, patience.longest_pause)


def check(session: Session) -> str:
    """Who answers, in a sentence."""
    shop = plain(ask(session, queries.SHOP))["data"]["shop"]
    return f"{shop['name']} answers: time zone {shop['ianaTimezone']}, currency {shop['currencyCode']}."


def about(session: Session) -> dict[str, str]:
    """The shop's own clock and currency."""
    shop = plain(ask(session, queries.SHOP))["data"]["shop"]
    return {"time_zone": shop["ianaTimezone"], "currency": shop["currencyCode"]}


def ask(session: Session, query: str, /, **variables: Any) -> bytes:
    """The answer to one query.

    Raises ChannelError for errors that Shopify names in its answer.
    """
    answer = session.client.post(PATH, json={"query": query, "variables": variables})
    answer.raise_for_status()
    _raise_named(answer)
    return answer.content


def changed(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Orders that changed since an instant, oldest change first; all of them, by a bulk operation, where that is None."""
    if since is None:
        yield from _everything(session)
        return
    stamp = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for page in _pages(session, queries.ORDERS, ("orders",), PAGE, f"updated_at:>='{stamp}'"):
        yield [_record(session, order) for order in page]


def by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Orders by their ids; one that is gone is left out."""
    for start in range(0, len(ids), IDS):
        nodes = cut(ask(session, queries.ORDERS_BY_ID, ids=list(ids[start : start + IDS])), "data", "nodes")
        yield [_record(session, node) for node in nodes if node != b"null"]


def listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every order that was created on the shop's days from `first` to `last`."""
    start, end = (bound.strftime("%Y-%m-%dT%H:%M:%SZ") for bound in day_bounds(first, last, session.time_zone))
    for page in _pages(session, queries.LISTING, ("orders",), LISTING_PAGE, f"created_at:>='{start}' AND created_at:<'{end}'"):
        yield [_listed(plain(order)) for order in page]


def payouts(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Payouts issued since an instant."""
    yield from _money(session, queries.PAYOUTS, "payouts", "issued_at", "issuedAt", since)


def balance(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Entries behind payouts, since an instant."""
    yield from _money(session, queries.BALANCE, "balanceTransactions", "processed_at", "transactionDate", since)


def _money(session: Session, query: str, name: str, field: str, stamp: str, since: datetime | None) -> Iterator[list[Record]]:
    wanted = f"{field}:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'" if since else ""
    for page in _pages(session, query, ("shopifyPaymentsAccount", name), PAGE, wanted):
        values = [plain(record) for record in page]
        yield [
            Record(str(v.get("id") or ""), str(v.get(stamp) or ""), digest(record), record)
            for v, record in zip(values, page, strict=True)
        ]


def _pages(session: Session, query: str, path: tuple[str, ...], size: int, wanted: str) -> Iterator[list[bytes]]:
    where = ".".join(("data", *path))
    paginator = JSONResponseCursorPaginator(
        cursor_path=f"{where}.pageInfo.endCursor",
        cursor_body_path="variables.after",
        has_more_path=f"{where}.pageInfo.hasNextPage",
    )
    body = {"query": query, "variables": {"first": session.note.get("page", size), "after": None, "filter": wanted}}
    hooks = {"response": [lambda answer, **_: answer.raise_for_status(), lambda answer, **_: _raise_named(answer)]}
    for page in session.client.paginate(
        PATH, method="POST", json=body, paginator=paginator, data_selector=f"{where}.nodes", hooks=hooks
    ):
        yield cut(page.response.content, "data", *path, "nodes")


def _raise_named(answer: Response) -> None:
    if THROTTLED in answer.content:
        return  # what is throttled is asked for again
    named = first_error(answer.content)
    if named:
        message, code = named
        raise ChannelError(MISSING_SCOPE.format(message) if code == "ACCESS_DENIED" else f"Shopify says: {message}")


def _everything(session: Session) -> Iterator[list[Record]]:
    """The back-fill: one bulk operation, then by id the orders whose parcels, refunds and returns it can't hold."""
    waiting: list[str] = []
    batch: list[Record] = []
    for order in _bulk_orders(session):
        value = plain(order)
        if value.get("fulfillments") or value.get("refunds") or value.get("returnStatus") not in (None, "NO_RETURN"):
            waiting.append(str(value.get("id")))
        else:
            batch.append(Record(str(value.get("id") or ""), str(value.get("updatedAt") or ""), _fingerprint(value), order))
    yield batch
    yield from by_id(session, waiting)


def _bulk_orders(session: Session) -> Iterator[bytes]:
    """Orders of a finished bulk operation, each with its children back inside it."""
    started = plain(ask(session, queries.RUN_BULK, query=queries.BULK))["data"]["bulkOperationRunQuery"]
    if started["userErrors"]:
        raise ChannelError(f"Shopify refused the back-fill: {started['userErrors'][0]['message']}")
    session.note[CURSOR_AT_MOST] = started["bulkOperation"]["createdAt"]
    pause = min(BULK_PAUSE, session.longest_pause)
    while True:
        state = plain(ask(session, queries.BULK_STATE, id=started["bulkOperation"]["id"]))["data"]["node"]
        if state["status"] == "COMPLETED":
            break
        if state["status"] in ("FAILED", "CANCELED", "EXPIRED"):
            raise ChannelError(
                f"Shopify's bulk operation ended as {state['status']} ({state['errorCode']}); the next run tries anew."
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 30 * BULK_PAUSE, session.longest_pause)
    if not state["url"]:
        return
    answer = session.client.get(state["url"])
    answer.raise_for_status()
    yield from assembled(answer.content.split(b"\n"), int(state.get("objectCount") or 0))


def assembled(lines: Sequence[bytes], expected: int = 0) -> Iterator[bytes]:
    """The documents of a bulk file: a line without __parentId opens one, those with it are its children, by their id's type.

    Raises ChannelError when the file holds fewer objects than the operation counted.
    """
    given = [line for line in lines if line.strip()]
    if len(given) < expected:
        raise ChannelError(f"The bulk file holds {len(given)} of {expected} objects; the next run fetches it again.")
    parent = b""
    children: dict[str, list[bytes]] = {"lineItems": [], "shippingLines": []}
    for line in given:
        if b'"__parentId"' in line:
            kind = "lineItems" if b"gid://shopify/LineItem/" in line[:200] else "shippingLines"
            children[kind].append(line)
            continue
        if parent:
            yield _with_children(parent, children)
        parent, children = line, {"lineItems": [], "shippingLines": []}
    if parent:
        yield _with_children(parent, children)


def _with_children(parent: bytes, children: dict[str, list[bytes]]) -> bytes:
    lists = b"".join(b',"%s":{"nodes":[%s]}' % (name.encode(), b",".join(lines)) for name, lines in children.items())
    none = b"".join(b',"%s":{"nodes":[]}' % name for name in (b"returns", b"events", b"fulfillmentOrders"))
    return parent.rstrip()[:-1] + lists + none + b"}"


def _record(session: Session, order: bytes) -> Record:
    if b'"hasNextPage":true' in order or b'"hasNextPage": true' in order:
        order = _completed(session, order)
    value = plain(order)
    return Record(str(value.get("id") or ""), str(value.get("updatedAt") or ""), _fingerprint(value), order)


def _completed(session: Session, order: bytes) -> bytes:
    """The order with every inner list read to its end."""
    value = msgspec.json.decode(order)
    for path, owner, fields in queries.LONG:
        *above, connection = path.split(".")
        for holder in _holders(value, above):
            inner = holder[connection]
            while inner["pageInfo"]["hasNextPage"]:
                answer = ask(
                    session, queries.rest_of(owner, connection, fields), id=holder["id"], after=inner["pageInfo"]["endCursor"]
                )
                more = plain(answer)["data"]["node"][connection]
                inner = holder[connection] = {"pageInfo": more["pageInfo"], "nodes": inner["nodes"] + more["nodes"]}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _holders(value: Any, path: Sequence[str]) -> list[Any]:
    for key in path:
        value = [inner for one in (value if isinstance(value, list) else [value]) for inner in _listed_under(one, key)]
    return value if isinstance(value, list) else [value]


def _listed_under(value: Any, key: str) -> list[Any]:
    inner = value.get(key)
    return inner if isinstance(inner, list) else [inner]


def _fingerprint(order: dict[str, Any]) -> str:
    """What a listing shows of an order: its modified date, and its parcels and refunds, for which that date may stand still."""
    parcels = [f"{p.get('displayStatus')}@{p.get('deliveredAt')}" for p in order.get("fulfillments") or [] if isinstance(p, dict)]
    refunds = [str(r.get("id")) for r in order.get("refunds") or [] if isinstance(r, dict)]
    return f"{order.get('updatedAt')} {','.join(sorted(parcels))} {','.join(sorted(refunds))}"


def _listed(order: dict[str, Any]) -> Listed:
    created = datetime.fromisoformat(order["createdAt"])
    return Listed(order["id"], _fingerprint(order), created, Decimal(order["totalPriceSet"]["shopMoney"]["amount"]))
