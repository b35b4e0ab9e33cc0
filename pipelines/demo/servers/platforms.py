"""The platforms that the demo merchant's servers speak for, by kind. Here: which is which. Not here: any of them."""

from collections.abc import Callable
from typing import Any

from pipelines.demo.servers.faults import Weather
from pipelines.demo.servers.server import Clock, Platform
from pipelines.demo.servers.shop import Shop

TIME_ZONES = {"shopify": "Europe/Amsterdam", "woocommerce": "Europe/London", "amazon": "America/New_York"}
DEMO_CHANNELS = {"shopify": "shop_eu", "woocommerce": "shop_uk", "amazon": "amazon_us"}
MARKETPLACE = "ATVPDKIKX0DER"


def platform(
    kind: str, shop: Shop, clock: Clock, weather: Weather | None = None, seed: int = 0, inner_page: int = 250
) -> Platform:
    """A platform of a kind over one of the demo merchant's channels."""
    if kind == "shopify":
        from pipelines.demo.servers.shopify import ShopifyPlatform

        return ShopifyPlatform(shop, clock, weather, seed, inner_page)
    from pipelines.demo.servers.amazon import AmazonPlatform
    from pipelines.demo.servers.woocommerce import WooCommercePlatform

    made: Callable[..., Any] = {"woocommerce": WooCommercePlatform, "amazon": AmazonPlatform}[kind]
    return made(shop, clock, weather, seed)  # type: ignore[no-any-return]


def connection(kind: str, url: str) -> dict[str, str]:
    """What a channel of the kind is configured with to reach a server here."""
    return {
        "shopify": {"shop": url, "client_id": "demo"},
        "woocommerce": {"shop": url},
        "amazon": {"region": url, "marketplace_id": MARKETPLACE, "client_id": "demo"},
    }[kind]


def secrets(kind: str, channel: str) -> dict[str, str]:
    """The environment that such a channel needs; servers here take any secret."""
    names = {
        "shopify": ("client_secret",),
        "woocommerce": ("consumer_key", "consumer_secret"),
        "amazon": ("client_secret", "refresh_token"),
    }
    return {f"FULCAST_{channel.upper()}_{name.upper()}": "demo" for name in names[kind]}
