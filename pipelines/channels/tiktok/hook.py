"""TikTok Shop's webhooks: their signature, their shop, and the records that they tell of. Not here: reading these."""

from collections.abc import Mapping

from pipelines.channels.base import ChannelError, Delivery, Session
from pipelines.channels.hooks import header, inner, require_hex_signature, told

NAMES = {"order_id": "orders", "return_id": "returns", "cancel_id": "cancellations", "cancellation_id": "cancellations"}


def verify(delivery: Delivery, settings: Mapping[str, str], now: float, session: Session) -> None:
    """The app's key and the body, signed with the app's secret, for this shop.

    Raises ChannelError otherwise.
    """
    given = header(delivery, "authorization")
    require_hex_signature([given], settings["app_key"].encode(), delivery.body, secret=settings["app_secret"])
    shop = told(delivery.body).get("shop_id")
    if str(shop) != settings["shop_id"]:
        raise ChannelError(
            f"The delivery is for the shop {shop}, not for {settings['shop_id']}; an app's webhooks tell of all its shops."
        )


def named(body: bytes) -> list[tuple[str, str]]:
    """The order, and the return or cancellation of it; of a parcel, all orders that are in it."""
    data = inner(told(body), "data")
    if not isinstance(data, dict):
        return []
    found = [(stream, str(data[name])) for name, stream in NAMES.items() if data.get(name)]
    packages = data.get("package_list")
    for package in packages if isinstance(packages, list) else ():
        ids = inner(package, "order_id_list")
        found += [("orders", str(order_id)) for order_id in ids] if isinstance(ids, list) else []
    return found
