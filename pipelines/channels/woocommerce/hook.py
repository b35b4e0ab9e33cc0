"""WooCommerce's webhooks: their signature, and the orders that they tell of. Not here: reading orders."""

from collections.abc import Mapping

from pipelines.channels.base import ChannelError, Delivery, Session
from pipelines.channels.hooks import header, host, require_signature, told


def verify(delivery: Delivery, settings: Mapping[str, str], now: float, session: Session) -> None:
    """The body signed with the webhook's own secret, from this shop.

    Raises ChannelError otherwise.
    """
    require_signature(header(delivery, "x-wc-webhook-signature"), delivery.body, secret=settings["webhook_secret"])
    source = header(delivery, "x-wc-webhook-source")
    if host(source) != host(settings["shop"]):
        raise ChannelError(
            f"The delivery is from {source}, not from {settings['shop']}; mend the address of that shop's webhook."
        )


def named(body: bytes) -> list[tuple[str, str]]:
    """The order; products and customers are no orders."""
    value = told(body)
    return [("orders", str(value["id"]))] if value.get("id") and "line_items" in value else []
