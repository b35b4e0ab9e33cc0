"""Stripe's webhooks: their signature and its age. Not here: what they tell of, which the next poll asks for."""

from collections.abc import Mapping
from contextlib import suppress

from pipelines.channels.base import Delivery, Session
from pipelines.channels.hooks import header, require_hex_signature, require_recent


def verify(delivery: Delivery, settings: Mapping[str, str], now: float, session: Session) -> None:
    """The body and the time of signing, signed with the endpoint's secret, a few minutes ago at most.

    Raises ChannelError otherwise.
    """
    parts = [part.partition("=") for part in header(delivery, "stripe-signature").split(",")]
    stamp = next((value for name, _, value in parts if name.strip() == "t"), "")
    signatures = [value for name, _, value in parts if name.strip() == "v1"]
    require_hex_signature(signatures, stamp.encode(), b".", delivery.body, secret=settings["webhook_secret"])
    sent = 0.0
    with suppress(ValueError):
        sent = float(stamp)
    require_recent(sent, now)


def named(body: bytes) -> list[tuple[str, str]]:
    """Nothing by its id: the poll that follows reads the balance."""
    return []
