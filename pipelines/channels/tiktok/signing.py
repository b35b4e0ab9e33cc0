"""How TikTok Shop wants its requests signed. Here: signature and token of a request. Not here: what is asked."""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from requests import PreparedRequest

from pipelines.channels.http import ExpiringToken

HEADER = "x-tts-access-token"
UNSIGNED = ("sign", "access_token")


def signature(secret: str, path: str, asked: Mapping[str, str], body: bytes) -> str:
    """HMAC-SHA256 in hexadecimal of secret + path + parameters by name, each with its value, + body + secret.

    `/x` asked with b=2 and a=1 under the secret `s` signs `s/xa1b2s` (TikTok Shop Partner Center, "Sign your API request").
    """
    told = "".join(f"{name}{asked[name]}" for name in sorted(asked) if name not in UNSIGNED)
    return hmac.digest(secret.encode(), f"{secret}{path}{told}".encode() + body + secret.encode(), hashlib.sha256).hex()


class SignedToken(ExpiringToken):
    """A token in its header, and the request's address with application, time and signature."""

    def __init__(self, app_key: str, secret: str, ask: Callable[[], tuple[str, float]]) -> None:
        super().__init__(HEADER, ask)
        self._app_key, self._secret = app_key, secret

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request = super().__call__(request)
        split = urlsplit(str(request.url))
        asked = dict(parse_qsl(split.query, keep_blank_values=True))
        asked |= {"app_key": self._app_key, "timestamp": f"{time.time():.0f}"}
        asked["sign"] = signature(self._secret, split.path, asked, _bytes(request.body))
        request.url = urlunsplit(split._replace(query=urlencode(asked)))
        return request


def _bytes(body: object) -> bytes:
    return body if isinstance(body, bytes) else str(body or "").encode()
