"""eBay's Fulfillment and Finances APIs. Here: requests, tokens, pages. Not here: what records mean.

Pages are counted from the start of a list: when its length changes while it is read, records have moved, and it is read again.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from requests.auth import HTTPBasicAuth

from pipelines.channels.base import ChannelError, Listed, Record, Session
from pipelines.channels.days import day_bounds
from pipelines.channels.ebay.signing import Signed
from pipelines.channels.http import ExpiringToken, amount, cut, digest, instant, member, plain, rest_client
from pipelines.channels.patience import Patience

ADDRESS, FINANCES = "https://api.ebay.com", "https://apiz.ebay.com"
SCOPES = "https://api.ebay.com/oauth/api_scope/sell.fulfillment.readonly https://api.ebay.com/oauth/api_scope/sell.finances"
ORDERS, MONEY = "sell/fulfillment/v1/order", "sell/finances/v1"
PAGE, IDS = 200, 50
OLDEST = timedelta(days=729)  # eBay shows orders of two years
RESTARTS = 5
UNSHIPPED = "NOT_STARTED"


def open_session(channel: str, settings: Mapping[str, str], time_zone: str, patience: Patience) -> Session:
    """A session with the seller's account; the refresh token buys an access token for two hours at a time. Calls about money are signed
    where there is a key to sign with."""
    base = settings.get("address", ADDRESS)
    tokens = rest_client(base, patience, HTTPBasicAuth(settings["client_id"], settings["client_secret"]))

    def ask() -> tuple[str, float]:
        grant = {"grant_type": "refresh_token", "refresh_token": settings["refresh_token"], "scope": SCOPES}
        answer = tokens.post("identity/v1/oauth2/token", data=grant)
        answer.raise_for_status()
        return answer.json()["access_token"], float(answer.json().get("expires_in", 7200))

    token = ExpiringToken("Authorization", ask, "Bearer ")
    session = Session(channel, settings, time_zone, rest_client(base, patience, token), patience.longest_pause)
    session.note["finances"] = rest_client(settings.get("address", FINANCES), patience, _signed(token, settings))
    return session


def _signed(token: ExpiringToken, settings: Mapping[str, str]) -> ExpiringToken | Signed:
    private_key, jwe = settings.get("signing_key"), settings.get("signing_jwe")
    if private_key and jwe:
        return Signed(token, private_key, jwe)
    if private_key or jwe:
        raise ChannelError("signing_key and signing_jwe belong together; set both or neither.")
    return token


def check(session: Session) -> str:
    """How many orders the last month had, in a sentence."""
    answer = session.client.get(
        ORDERS, params={"limit": 1, "filter": f"creationdate:[{_stamp(datetime.now(UTC) - timedelta(days=30))}..]"}
    )
    answer.raise_for_status()
    return f"eBay answers: {answer.json()['total']:,} orders in the last 30 days."


def changed(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Orders by the time they were modified, each with its parcels."""
    start = since or datetime.now(UTC) - OLDEST
    for page in _pages(session.client, ORDERS, "orders", f"lastmodifieddate:[{_stamp(start)}..]"):
        yield [_with_parcels(session, order) for order in page]


def by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Orders by their ids; one that is gone is left out."""
    for start in range(0, len(ids), IDS):
        answer = session.client.get(ORDERS, params={"orderIds": ",".join(ids[start : start + IDS])})
        answer.raise_for_status()
        yield [_with_parcels(session, order) for order in cut(answer.content, "orders")]


def listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every order that was created on the channel's days from `first` to `last`."""
    start, end = day_bounds(first, last, session.time_zone)
    for page in _pages(
        session.client, ORDERS, "orders", f"creationdate:[{_stamp(start)}..{_stamp(end - timedelta(milliseconds=1))}]"
    ):
        yield [
            Listed(
                str(v.get("orderId")),
                _fingerprint(v),
                instant(v.get("creationDate")) or start,
                amount(v, "pricingSummary", "total", "value"),
            )
            for v in map(plain, page)
        ]


def payouts(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Payouts since an instant."""
    yield from _money(session, "payout", "payouts", "payoutDate", "payoutId", since)


def transactions(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """What moved the seller's balance since an instant."""
    yield from _money(session, "transaction", "transactions", "transactionDate", "transactionId", since)


def _money(session: Session, path: str, name: str, dated: str, key: str, since: datetime | None) -> Iterator[list[Record]]:
    start = since or datetime.now(UTC) - OLDEST
    for page in _pages(session.note["finances"], f"{MONEY}/{path}", name, f"{dated}:[{_stamp(start)}..]"):
        values = [plain(record) for record in page]
        yield [
            Record(
                f"{v.get(key) or ''} {v.get('transactionType') or ''}".strip(), str(v.get(dated) or ""), digest(record), record
            )
            for v, record in zip(values, page, strict=True)
        ]


def _pages(client: Any, path: str, name: str, wanted: str) -> Iterator[list[bytes]]:
    """Pages of a list, from its start again when its length changes on the way; what comes twice adds nothing."""
    for restart in range(RESTARTS):
        offset, length = 0, None
        while True:
            answer = client.get(path, params={"filter": wanted, "limit": PAGE, "offset": offset})
            if answer.status_code == 204:  # nothing in this span
                return
            if not answer.ok and b"ignature" in answer.content:
                raise ChannelError(
                    "eBay wants calls about this seller's money signed, or signed otherwise; set signing_key and signing_jwe."
                )
            answer.raise_for_status()
            page, total = cut(answer.content, name), int(member(answer.content, "total") or 0)
            if length is not None and total != length and restart < RESTARTS - 1:
                break
            yield page
            length, offset = total, int(member(answer.content, "offset") or 0) + len(page)
            if not page or offset >= total:
                return


def _with_parcels(session: Session, order: bytes) -> Record:
    """The order with its parcels, which are lists of their own."""
    value = plain(order)
    parcels = b"[]"
    if value.get("orderFulfillmentStatus") != UNSHIPPED and value.get("fulfillmentHrefs"):
        answer = session.client.get(f"{ORDERS}/{value.get('orderId')}/shipping_fulfillment")
        answer.raise_for_status()
        parcels = member(answer.content, "fulfillments") or b"[]"
    whole = b'{"shippingFulfillments":' + parcels + b"," + order.strip()[1:]
    return Record(str(value.get("orderId") or ""), str(value.get("lastModifiedDate") or ""), _fingerprint(value), whole)


def _fingerprint(order: Mapping[str, Any]) -> str:
    """Modified time, states, parcels and refunds, as far as an order names them."""
    paid = order.get("paymentSummary")
    refunds = paid.get("refunds") if isinstance(paid, dict) else None
    parcels = order.get("fulfillmentHrefs")
    counts = f"{len(parcels) if isinstance(parcels, list) else 0} {len(refunds) if isinstance(refunds, list) else 0}"
    return f"{order.get('lastModifiedDate')} {order.get('orderFulfillmentStatus')} {order.get('orderPaymentStatus')} {counts}"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
