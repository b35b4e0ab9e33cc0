"""The platforms that the demo merchant's servers speak for, by kind. Here: which is which. Not here: any of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from pipelines.demo.servers.faults import Weather
from pipelines.demo.servers.server import Clock, Platform
from pipelines.demo.servers.shop import Shop

MARKETPLACE, TIKTOK_SHOP = "ATVPDKIKX0DER", "7494049642642441621"


@dataclass(frozen=True)
class Served:
    """A platform over one of the demo merchant's channels: its class, the setting that holds its address, what else connects it.

    `name`: what the demo's configuration calls it, where it works for the channel's orders and is none itself.
    """

    platform: str
    channel: str
    time_zone: str
    address: str
    secrets: tuple[str, ...]
    others: Mapping[str, str] | None = None
    name: str = ""


SERVED = {
    "shopify": Served("shopify.ShopifyPlatform", "shop_eu", "Europe/Amsterdam", "shop", ("client_secret",), {"client_id": "demo"}),
    "woocommerce": Served("woocommerce.WooCommercePlatform", "shop_uk", "Europe/London", "shop", ("consumer_key", "consumer_secret")),
    "amazon": Served("amazon.AmazonPlatform", "amazon_us", "America/New_York", "region", ("client_secret", "refresh_token"),
                     {"marketplace_id": MARKETPLACE, "client_id": "demo"}),
    "stripe": Served("stripe.StripePlatform", "shop_uk", "Europe/London", "address", ("secret_key",), name="stripe"),
    "square": Served("square.SquarePlatform", "stores", "Europe/Amsterdam", "address", ("access_token",)),
    "ebay": Served("ebay.EbayPlatform", "market_de", "Europe/Berlin", "address", ("client_secret", "refresh_token"), {"client_id": "demo"}),
    "tiktok": Served("tiktok.TiktokPlatform", "amazon_us", "America/New_York", "address", ("app_secret", "refresh_token"),
                     {"app_key": "demo", "shop_id": TIKTOK_SHOP}, name="tiktok_us"),
    "vendure": Served("vendure.VendurePlatform", "shop_uk", "Europe/London", "shop", ("password",), {"username": "demo"}, name="vendure"),
    "easypost": Served("easypost.EasypostPlatform", "market_de", "Europe/Berlin", "address", ("api_key",), name="easypost"),
}  # fmt: skip


def platform(
    kind: str, shop: Shop, clock: Clock, weather: Weather | None = None, seed: int = 0, inner_page: int = 250
) -> Platform:
    """A platform of a kind over one of the demo merchant's channels."""
    module, made = SERVED[kind].platform.split(".")
    options = {"inner_page": inner_page} if kind == "shopify" else {}
    speaker: Platform = getattr(import_module(f"pipelines.demo.servers.{module}"), made)(shop, clock, weather, seed, **options)
    return speaker


def connection(kind: str, url: str) -> dict[str, str]:
    """What a channel of the kind is configured with to reach a server here."""
    return {SERVED[kind].address: url, **(SERVED[kind].others or {})}


def secrets(kind: str, channel: str) -> dict[str, str]:
    """The environment that such a channel needs; servers here take any secret."""
    return {f"FULCAST_{channel.upper()}_{name.upper()}": "demo" for name in SERVED[kind].secrets}
