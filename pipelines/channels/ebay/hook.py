"""eBay's notifications: their signature by eBay's key, its challenge, and the orders that they tell of. Not here: reading orders."""

import base64
import hashlib
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from pipelines.channels.base import ChannelError, Delivery, Session
from pipelines.channels.hooks import header, inner, require_equal, told

KEYS = "commerce/notification/v1/public_key"


def verify(delivery: Delivery, settings: Mapping[str, str], now: float, session: Session) -> None:
    """The body signed with the key that eBay publishes under the id in the header.

    Raises ChannelError otherwise.
    """
    try:
        signed = told(base64.b64decode(header(delivery, "x-ebay-signature")))
        signature = base64.b64decode(str(signed.get("signature")))
        _key(session, str(signed.get("kid"))).verify(signature, delivery.body, ec.ECDSA(SHA1()))  # noqa: S303  (eBay's choice)
    except (ValueError, TypeError, InvalidSignature):
        require_equal("forged", "signed")


def answer(code: str, settings: Mapping[str, str]) -> str:
    """What eBay wants to hear before it delivers: the hash of its code, the token and the address that it was given."""
    return hashlib.sha256(f"{code}{settings['webhook_secret']}{settings.get('webhook_url', '')}".encode()).hexdigest()


def named(body: bytes) -> list[tuple[str, str]]:
    """The order that a notification is about."""
    data = inner(told(body), "notification", "data")
    order_id = inner(data, "orderId") or inner(data, "order", "orderId")
    return [("orders", str(order_id))] if order_id else []


def _key(session: Session, kid: str) -> ec.EllipticCurvePublicKey:
    """eBay's public key; asked for once."""
    keys: dict[str, ec.EllipticCurvePublicKey] = session.note.setdefault("public_keys", {})
    if kid not in keys:
        reply = session.client.get(f"{KEYS}/{kid}")
        if reply.status_code == 404:
            raise ChannelError(f"eBay knows no key {kid}; the delivery is forged.")
        reply.raise_for_status()
        text = str(reply.json()["key"])
        body = text.removeprefix("-----BEGIN PUBLIC KEY-----").removesuffix("-----END PUBLIC KEY-----").strip()
        pem = f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"
        key = load_pem_public_key(pem.encode())
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise ChannelError(f"eBay's key {kid} is of another kind than its signatures.")
        keys[kid] = key
    return keys[kid]
