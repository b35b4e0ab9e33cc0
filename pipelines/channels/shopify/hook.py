"""Shopify's webhooks: their signature, and the orders that they tell of. Not here: reading orders."""

from collections.abc import Mapping

from pipelines.channels.base import ChannelError, Delivery, Session
from pipelines.channels.hooks import header, host, require_signature, told

GID = "gid://shopify/Order/"


def verify(delivery: Delivery, settings: Mapping[str, str], now: float, session: Session) -> None:
    """The body signed with the app's client secret, for this shop.

    Raises ChannelError otherwise.
    """
    require_signature(header(delivery, "x-shopify-hmac-sha256"), delivery.body, secret=settings["client_secret"])
    shop = header(delivery, "x-shopify-shop-domain")
    if shop != host(settings["shop"]):
        raise ChannelError(
            f"The delivery is for the shop {shop}, not for {settings['shop']}; mend the address of that shop's subscription."
        )


def named(body: bytes) -> list[tuple[str, str]]:
    """The order itself, or the one that a parcel, a refund or a payment is of."""
    value = told(body)
    own = str(value.get("admin_graphql_api_id") or "")
    if own.startswith(GID):
        return [("orders", own)]
    return [("orders", f"{GID}{value['order_id']}")] if value.get("order_id") else []
