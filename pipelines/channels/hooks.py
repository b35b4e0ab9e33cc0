"""Checking that a delivery comes from its platform. Here: signatures and ages. Not here: which header a platform uses, landing."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pipelines.channels.base import ChannelError, Delivery

TOLERANCE_SECONDS = 300


def header(delivery: Delivery, name: str) -> str:
    """A header that must be there.

    Raises ChannelError where it is not.
    """
    value = delivery.headers.get(name)
    if not value:
        raise ChannelError(f"The delivery bears no {name}; only the platform itself may deliver here.")
    return value


def require_signature(given: str, *parts: bytes, secret: str) -> None:
    """Holds a base64 signature against the HMAC-SHA256 of the parts under the secret.

    Raises ChannelError when it is another one.
    """
    require_equal(given, base64.b64encode(_digest(secret, *parts)).decode())


def require_hex_signature(given: list[str], *parts: bytes, secret: str) -> None:
    """The same for signatures in hexadecimal, of which one must fit: a platform sends two while a secret is changed.

    Raises ChannelError when none does.
    """
    expected = _digest(secret, *parts).hex()
    require_equal(next((one for one in given if hmac.compare_digest(one.encode(), expected.encode())), ""), expected)


def require_equal(given: str, expected: str) -> None:
    """Compares in constant time.

    Raises ChannelError when they differ.
    """
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise ChannelError(
            "The signature is not the shop's; the delivery is forged, or the secret here is not the one of the subscription."
        )


def require_recent(sent: float, now: float) -> None:
    """Refuses a delivery (seconds since 1970) that is older than the tolerance, or from the future.

    Raises ChannelError.
    """
    if abs(now - sent) > TOLERANCE_SECONDS:
        raise ChannelError(
            f"The delivery was signed {abs(now - sent):,.0f} s away from now, more than {TOLERANCE_SECONDS} s; it is a replay or a clock is off."
        )


def host(address: str) -> str:
    """The host of a shop's address, with or without its scheme."""
    return urlsplit(address if "://" in address else f"https://{address}").netloc


def told(body: bytes) -> dict[str, Any]:
    """The body as an object; empty where it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def inner(value: Any, *path: str) -> Any:
    """A member deep inside; None where the way there ends."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _digest(secret: str, *parts: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"".join(parts), hashlib.sha256)
