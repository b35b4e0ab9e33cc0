"""Vendure's Admin GraphQL: signing in, pages, ids. Here: sending queries. Not here: their text, what records mean.

An order's modified date stands still while it is paid, fulfilled, delivered and refunded; only the dates of its payments, parcels
and refunds move. So a poll looks at all of them, over the orders that may still change.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from requests import Response

from pipelines.channels.base import ChannelError, Listed, Record, Session
from pipelines.channels.days import day_bounds
from pipelines.channels.graphql import first_error
from pipelines.channels.http import ExpiringToken, cut, digest, instant, plain, rest_client
from pipelines.channels.patience import Patience
from pipelines.channels.vendure import queries

PATH = "admin-api"
PAGE, LISTING_PAGE, IDS = 50, 250, 50
SAME_ANSWER = 3  # looks at a page that brings nothing new before it is believed
YEAR_SECONDS = 365 * 86_400.0
BEGINNING = datetime(2017, 1, 1, tzinfo=UTC)  # Vendure's first year
WATCHED = timedelta(days=14)  # orders placed since are looked at by each poll, whatever their state
OPEN_FOR = timedelta(days=90)  # and those that are not finished, for so long
FINISHED = ["Delivered", "Cancelled"]
DECIMALS = 2  # of the shop's money
REFUSED = "Vendure refused the credentials ({}); set those of an administrator who may read orders, the catalogue and settings"


def open_session(channel: str, settings: Mapping[str, str], time_zone: str, patience: Patience) -> Session:
    """A session with the shop: by an API key, or signed in with an administrator's name and password."""
    shop = settings["shop"]
    base = shop if "://" in shop else f"https://{shop}"
    headers = {"vendure-token": settings["channel_token"]} if settings.get("channel_token") else {}
    if settings.get("api_key"):
        client = rest_client(base, patience, headers=headers | {"vendure-api-key": settings["api_key"]})
        return Session(channel, settings, time_zone, client, patience.longest_pause)
    visitor = rest_client(base, patience)

    def sign_in() -> tuple[str, float]:
        named = {name: settings.get(name, "") for name in ("username", "password")}
        answer = visitor.post(PATH, json={"query": queries.LOGIN, "variables": named})
        answer.raise_for_status()
        told = ((plain(answer.content).get("data") or {}).get("login")) or {}
        if told.get("__typename") != "CurrentUser":
            raise ChannelError(REFUSED.format(told.get("message") or "no answer to signing in") + ".")
        if "vendure-auth-token" not in answer.headers:
            raise ChannelError(
                "Vendure hands out no token; add 'bearer' to authOptions.tokenMethod of the shop, or set an api_key."
            )
        return answer.headers["vendure-auth-token"], YEAR_SECONDS

    token = ExpiringToken("Authorization", sign_in, "Bearer ", _is_signed_out)
    return Session(channel, settings, time_zone, rest_client(base, patience, token, headers), patience.longest_pause)


def check(session: Session) -> str:
    """Who answers, in a sentence."""
    shop = _shop(session)
    places = ", ".join(f"{place['name']} ({place['id']})" for place in shop["stockLocations"]["items"])
    told = shop["activeChannel"]
    taxes = "with" if told["pricesIncludeTax"] else "without"
    return (
        f"Vendure answers: channel {told['code']}, currency {told['defaultCurrencyCode']}, prices {taxes} tax, stock in {places}."
    )


def about(session: Session) -> dict[str, str]:
    """The shop's own currency; Vendure has no clock of its own."""
    return {"currency": _shop(session)["activeChannel"]["defaultCurrencyCode"]}


def changed(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Orders of which anything changed since an instant; all of them where that is None."""
    _shop(session)
    if since is None:
        for page in _pages(session, queries.ORDERS, "orders", "orderPlacedAt", BEGINNING, {}, PAGE):
            yield [_record(order) for order in page]
        return
    watched = {"_or": [{"updatedAt": {"after": _stamp(since)}}, {"orderPlacedAt": {"after": _stamp(since - WATCHED)}},
                       {"_and": [{"state": {"notIn": FINISHED}}, {"orderPlacedAt": {"after": _stamp(since - OPEN_FOR)}}]}]}  # fmt: skip
    for page in _pages(session, queries.LISTING, "orders", "orderPlacedAt", BEGINNING, watched, LISTING_PAGE):
        moved = [order for order in map(plain, page) if (instant(_version(order)) or since) >= since]
        yield from by_id(session, [str(order.get("id")) for order in moved])


def by_id(session: Session, ids: Sequence[str]) -> Iterator[list[Record]]:
    """Orders by their ids; one that is gone is left out."""
    for start in range(0, len(ids), IDS):
        options = {"take": IDS, "filter": {"id": {"in": list(ids[start : start + IDS])}}}
        yield [_record(order) for order in cut(_ask(session, queries.ORDERS, options), "data", "orders", "items")]


def listing(session: Session, first: date, last: date) -> Iterator[list[Listed]]:
    """Every order that was placed on the shop's days from `first` to `last`."""
    start, end = day_bounds(first, last, session.time_zone)
    before = {"_and": [{"orderPlacedAt": {"before": _stamp(end)}}]}
    for page in _pages(
        session, queries.LISTING, "orders", "orderPlacedAt", start - timedelta(milliseconds=1), before, LISTING_PAGE
    ):
        yield [_listed(plain(order)) for order in page]


def products(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """The catalogue as a whole: a variant's modified date stands still when its product is renamed or filed elsewhere."""
    for page in _pages(session, queries.PRODUCTS, "productVariants", "createdAt", BEGINNING, {}, LISTING_PAGE):
        yield [_product(record) for record in page]


def stock(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Every level of every variant: a variant's modified date stands still when its stock moves."""
    for page in _pages(session, queries.STOCK, "productVariants", "createdAt", BEGINNING, {}, LISTING_PAGE):
        yield [level for record in page for level in _levels(record)]


def _shop(session: Session) -> dict[str, Any]:
    """The shop's own settings, asked for once per session.

    Raises ChannelError for a shop that counts money otherwise than in hundredths.
    """
    if "shop" not in session.note:
        answer = session.client.post(PATH, json={"query": queries.SHOP})
        answer.raise_for_status()
        _raise_named(answer.content)
        session.note["shop"] = plain(answer.content)["data"]
    told: dict[str, Any] = session.note["shop"]
    decimals = told["globalSettings"]["serverConfig"]["moneyStrategyPrecision"]
    if decimals != DECIMALS:
        raise ChannelError(
            f"The shop keeps money with {decimals} decimals; Fulcast reads shops with {DECIMALS}, Vendure's own choice."
        )
    return told


def _ask(session: Session, query: str, options: Mapping[str, Any]) -> bytes:
    answer = session.client.post(PATH, json={"query": query, "variables": {"options": options}})
    answer.raise_for_status()
    _raise_named(answer.content)
    content: bytes = answer.content
    return content


def _pages(
    session: Session, query: str, name: str, field: str, since: datetime, wanted: Mapping[str, Any], size: int
) -> Iterator[list[bytes]]:
    """Pages of a list by a date that never moves: each goes on from the last one's last date, so that none can be skipped."""
    start, skip, seen, again = since, 0, set[str](), 0
    active = {"active": {"eq": False}} if name == "orders" else {}
    while True:
        after = {field: {"after": _stamp(start - timedelta(milliseconds=1))}}
        options = {"take": size, "skip": skip, "sort": {field: "ASC"}, "filter": {**active, **after, **wanted}}
        page = cut(_ask(session, query, options), "data", name, "items")
        values = [plain(record) for record in page]
        ids = {str(value.get("id")) for value in values}
        if len(page) >= size and ids <= seen and again < SAME_ANSWER:
            again += 1  # a page sent twice; asking again is cheaper than losing one
            continue
        yield [record for record, value in zip(page, values, strict=True) if str(value.get("id")) not in seen]
        seen |= ids
        again = 0
        if len(page) < size:
            return
        last = max((at for value in values if (at := instant(value.get(field)))), default=start)
        start, skip = (last, 0) if last > start else (start, skip + size)


def _is_signed_out(answer: Response) -> bool:
    """Vendure says it within an answer whose status is 200."""
    return answer.status_code == 401 or (
        b'"FORBIDDEN"' in answer.content and (first_error(answer.content) or ("", ""))[1] == "FORBIDDEN"
    )


def _raise_named(content: bytes) -> None:
    named = first_error(content)
    if named:
        message, code = named
        raise ChannelError(REFUSED.format(message.rstrip(".")) + "." if code == "FORBIDDEN" else f"Vendure says: {message}")


def _record(order: bytes) -> Record:
    value = plain(order)
    return Record(str(value.get("id") or ""), _version(value), _fingerprint(value), order)


def _product(record: bytes) -> Record:
    value = plain(record)
    version = max(str(value.get("updatedAt") or ""), str((value.get("product") or {}).get("updatedAt") or ""))
    return Record(str(value.get("id") or ""), version, digest(record), record)


def _levels(record: bytes) -> Iterator[Record]:
    """A level per place of a variant, each with the variant's SKU."""
    value = plain(record)
    for level in value.get("stockLevels") or []:
        payload = json.dumps({"sku": value.get("sku"), **level}, separators=(",", ":")).encode()
        yield Record(str(level.get("id") or ""), str(level.get("updatedAt") or ""), digest(payload), payload)


def _parts(order: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Payments, refunds and parcels of an order."""
    payments = order.get("payments") or []
    return [
        *payments,
        *(refund for payment in payments for refund in payment.get("refunds") or []),
        *(order.get("fulfillments") or []),
    ]


def _version(order: Mapping[str, Any]) -> str:
    """The newest date of the order and everything in it."""
    return max(str(part.get("updatedAt") or "") for part in (order, *_parts(order)))


def _fingerprint(order: Mapping[str, Any]) -> str:
    own = f"{order.get('updatedAt')} {order.get('state')} {order.get('totalQuantity')} {order.get('totalWithTax')}"
    parts = sorted(f"{part.get('id')}{part.get('state')}{part.get('updatedAt')}" for part in _parts(order))
    return f"{own} {digest(' '.join(parts).encode())}"


def _listed(order: Mapping[str, Any]) -> Listed:
    placed = instant(order.get("orderPlacedAt")) or BEGINNING
    return Listed(
        str(order.get("id")), _fingerprint(order), placed, Decimal(int(order.get("totalWithTax") or 0)).scaleb(-DECIMALS)
    )


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
