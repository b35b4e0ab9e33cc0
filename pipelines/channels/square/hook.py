"""Square's webhooks: their signature, and the records that they tell of. Not here: reading these."""

from collections.abc import Mapping

from pipelines.channels.base import Delivery, Session
from pipelines.channels.hooks import header, inner, require_signature, told

STREAMS = {"order": "orders", "payment": "payments", "refund": "refunds"}


def verify(delivery: Delivery, settings: Mapping[str, str], now: float, session: Session) -> None:
    """The address that Square was given and the body, signed with the subscription's key.

    Raises ChannelError otherwise.
    """
    given = header(delivery, "x-square-hmacsha256-signature")
    require_signature(given, settings.get("webhook_url", "").encode(), delivery.body, secret=settings["webhook_secret"])


def named(body: bytes) -> list[tuple[str, str]]:
    """The order, payment or refund that changed."""
    value = told(body)
    stream = STREAMS.get(str(value.get("type") or "").partition(".")[0])
    source_id = inner(value, "data", "id")
    return [(stream, str(source_id))] if stream and source_id else []
