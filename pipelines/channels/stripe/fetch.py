"""Stripe's API: payouts and balance transactions. Here: requests and pages. Not here: what records mean.

A balance transaction does not name its payout: each automatic payout is asked for its transactions, and they are given its id.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pipelines.channels.base import Record, Session
from pipelines.channels.http import cut, digest, member, plain, rest_client
from pipelines.channels.patience import Patience

ADDRESS = "https://api.stripe.com"
VERSION = "2024-06-20"
PAYOUTS, TRANSACTIONS = "v1/payouts", "v1/balance_transactions"
PAGE = 100


def open_session(channel: str, settings: Mapping[str, str], time_zone: str, patience: Patience) -> Session:
    """A session with the account that the key is of."""
    headers = {"Authorization": f"Bearer {settings['secret_key']}", "Stripe-Version": VERSION}
    client = rest_client(settings.get("address", ADDRESS), patience, headers=headers)
    return Session(channel, settings, time_zone, client, patience.longest_pause)


def check(session: Session) -> str:
    """The account's currencies, in a sentence."""
    answer = session.client.get("v1/balance")
    answer.raise_for_status()
    currencies = sorted({part["currency"].upper() for part in answer.json()["pending"]})
    return f"Stripe answers: balance in {', '.join(currencies) or 'no currency yet'}."


def payouts(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Payouts created since an instant, newest first: the cursor moves only when all were read."""
    for page in _pages(session, PAYOUTS, _created(since)):
        yield [_record(record) for record in page]


def entries(session: Session, since: datetime | None) -> Iterator[list[Record]]:
    """Balance transactions created since an instant, and all of the payouts created since then.

    A payout is younger than everything in it: one of these transactions without a payout here has none yet.
    """
    asked = {"expand[]": "data.source"}
    paid_out: set[str] = set()
    for page in _pages(session, PAYOUTS, _created(since)):
        for payout in map(plain, page):
            if payout.get("automatic") is not True:  # Stripe does not say what is in a payout that was made by hand
                continue
            for inner in _pages(session, TRANSACTIONS, {"payout": payout["id"], **asked}):
                records = [_record(_of_payout(record, payout["id"])) for record in inner]
                paid_out |= {record.source_id for record in records}
                yield records
    for page in _pages(session, TRANSACTIONS, _created(since) | asked):
        yield [record for record in map(_record, page) if record.source_id not in paid_out]


def _pages(session: Session, path: str, asked: Mapping[str, Any]) -> Iterator[list[bytes]]:
    """Pages from the newest record on; what comes meanwhile stands before the first and is for the next poll."""
    after: dict[str, str] = {}
    while True:
        answer = session.client.get(path, params={**asked, **after, "limit": PAGE})
        answer.raise_for_status()
        page = cut(answer.content, "data")
        yield page
        if not page or member(answer.content, "has_more") != b"true":
            return
        after = {"starting_after": str(plain(page[-1])["id"])}


def _created(since: datetime | None) -> dict[str, Any]:
    return {"created[gte]": int(since.timestamp())} if since else {}


def _of_payout(record: bytes, payout_id: str) -> bytes:
    """The transaction with the payout that it was listed under, in front of its own fields."""
    return b'{"payout":"%s",' % payout_id.encode() + record.strip()[1:]


def _record(record: bytes) -> Record:
    value = plain(record)
    created = value.get("created")
    version = datetime.fromtimestamp(created, UTC).isoformat() if isinstance(created, int) and 0 < created < 2**33 else ""
    return Record(str(value.get("id") or ""), version, digest(record), record)
