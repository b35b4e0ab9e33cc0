"""EasyPost's webhooks: their signature and its age, and the records that they tell of. Not here: reading these."""

import unicodedata
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from pipelines.channels.base import Delivery, Session
from pipelines.channels.hooks import header, inner, require_hex_signature, require_recent, told

STREAMS = {"Tracker": "trackers", "Shipment": "labels"}
PREFIX = "hmac-sha256-hex="


def verify(delivery: Delivery, settings: Mapping[str, str], now: float, session: Session) -> None:
    """Time, method, path and body, signed with the webhook's secret a few minutes ago at most; a webhook of the older scheme signs
    the body alone.

    Raises ChannelError otherwise.
    """
    secret = unicodedata.normalize("NFKD", settings["webhook_secret"])
    if "x-hmac-signature-v2" not in delivery.headers:
        require_hex_signature([_hex(header(delivery, "x-hmac-signature"))], delivery.body, secret=secret)
        return
    stamp, path = header(delivery, "x-timestamp"), header(delivery, "x-path")
    given = _hex(header(delivery, "x-hmac-signature-v2"))
    require_hex_signature([given], f"{stamp}POST{path}".encode(), delivery.body, secret=secret)
    try:
        sent = parsedate_to_datetime(stamp).timestamp()
    except ValueError:
        sent = 0.0
    require_recent(sent, now)


def named(body: bytes) -> list[tuple[str, str]]:
    """The parcel or the label that an event is about."""
    result = inner(told(body), "result")
    stream, source_id = STREAMS.get(str(inner(result, "object"))), inner(result, "id")
    return [(stream, str(source_id))] if stream and source_id else []


def _hex(signature: str) -> str:
    return signature.strip().lower().removeprefix(PREFIX)
