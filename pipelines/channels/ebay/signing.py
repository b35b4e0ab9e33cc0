"""Signed requests, which eBay wants of calls about the money of sellers in the EU and the UK. Here: RFC 9421 as eBay asks for it."""

import base64
import hashlib
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key
from dlt.sources.helpers.rest_client.auth import AuthConfigBase
from requests import PreparedRequest

from pipelines.channels.base import ChannelError

KEY_HEADER = "x-ebay-signature-key"


class Signed(AuthConfigBase):
    """Authorises a request and then signs it with the key pair of eBay's Key Management API.

    private_key: as eBay gives it, base64 with or without the lines of a PEM file, Ed25519 or RSA; jwe: the public key, as eBay sealed it.
    Raises ChannelError when the private key can't be read.
    """

    def __init__(self, authorise: Callable[[PreparedRequest], PreparedRequest], private_key: str, jwe: str) -> None:
        self._authorise, self._key, self._jwe = authorise, key_of(private_key), jwe

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request = self._authorise(request)
        request.headers.update(signature(self._key, self._jwe, request, int(time.time())))
        return request


def signature(key: Ed25519PrivateKey | RSAPrivateKey, jwe: str, request: PreparedRequest, created: int) -> dict[str, str]:
    """The headers of a signed request: x-ebay-signature-key, Signature-Input, Signature and, where there is a body, Content-Digest.

    Signed is the "signature base" of RFC 9421, 2.5, over eBay's components in their order: content-digest, x-ebay-signature-key, @method,
    @path, @authority. `created`: seconds since 1970.
    """
    place = urlsplit(str(request.url))
    told = {KEY_HEADER: jwe, "@method": str(request.method), "@path": place.path, "@authority": place.netloc.lower()}
    headers = {KEY_HEADER: jwe}
    body = request.body.encode() if isinstance(request.body, str) else request.body
    if isinstance(body, bytes):
        headers["Content-Digest"] = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        told = {"content-digest": headers["Content-Digest"]} | told
    quoted = " ".join(f'"{name}"' for name in told)
    names = f"({quoted});created={created}"
    base = "\n".join(f'"{name}": {value}' for name, value in (told | {"@signature-params": names}).items()).encode()
    signed = key.sign(base) if isinstance(key, Ed25519PrivateKey) else key.sign(base, PKCS1v15(), SHA256())
    return headers | {"Signature-Input": f"sig1={names}", "Signature": f"sig1=:{base64.b64encode(signed).decode()}:"}


def key_of(text: str) -> Ed25519PrivateKey | RSAPrivateKey:
    """The private key that a setting holds, base64 with or without the lines of a PEM file.

    Raises ChannelError when it can't be read, or is of another kind.
    """
    lines = [line.strip() for line in text.replace("\\n", "\n").splitlines() if not line.startswith("-----")]
    try:
        key = load_der_private_key(base64.b64decode("".join(lines), validate=True), None)
    except ValueError as problem:
        raise ChannelError(
            "signing_key is no private key; set it to the privateKey that eBay's Key Management API gave."
        ) from problem
    if not isinstance(key, Ed25519PrivateKey | RSAPrivateKey):
        raise ChannelError("signing_key is neither an Ed25519 nor an RSA key; ask eBay's Key Management API for one of these.")
    return key
