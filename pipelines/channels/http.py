"""Asking a platform's API: trying again, tokens that expire, records cut out of answers. Here: over dlt's REST client. Not here: any platform."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from dlt.sources.helpers.requests import Client
from dlt.sources.helpers.rest_client.auth import AuthConfigBase
from dlt.sources.helpers.rest_client.client import RESTClient
from requests import HTTPError, PreparedRequest, Response

from pipelines.channels.base import ChannelError
from pipelines.channels.patience import Patience

THROTTLED = b'"THROTTLED"'
BUSY = (THROTTLED, b'"code":36009002', b'"code":36009003')  # how platforms say in a good answer that they are too busy for one
REFUSED = (400, 401, 403)  # answers to a token's request that no repetition mends
RENEWALS = 3  # of a token for one request
EARLY_SECONDS = 60  # a token is renewed this long before it expires


def rest_client(base_url: str, patience: Patience, auth: Any = None, headers: dict[str, str] | None = None) -> RESTClient:
    """dlt's client that tries again on 429 (as long as Retry-After says), 5xx, time-outs, broken connections, answers that say
    so themselves and answers that are cut off."""
    session = Client(
        request_timeout=patience.timeout,
        raise_for_status=False,
        request_max_attempts=patience.attempts,
        request_backoff_factor=patience.first_pause,
        request_max_retry_delay=patience.longest_pause,
        retry_condition=_is_worth_another_try,
    ).session
    return RESTClient(base_url=base_url, headers=headers, auth=auth, session=session)


def _is_worth_another_try(response: Response | None, problem: BaseException | None) -> bool:
    if response is None or not response.ok:
        return False
    is_json = (
        response.headers.get("Content-Type", "").startswith("application/json")
        and "jsonl" not in response.headers["Content-Type"]
    )
    return (is_json and _is_cut_off(response.content)) or any(mark in response.content[:4000] for mark in BUSY)


def _is_cut_off(content: bytes) -> bool:
    """True for JSON that ends early. Bad text inside a whole answer is for the parser, not for another try."""
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except msgspec.DecodeError:
        return True
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        return not content.rstrip().endswith((b"}", b"]", b'"', b"e", b"l")) and not content.strip().isdigit()
    return False


class ExpiringToken(AuthConfigBase):
    """A token in a header, asked for when it is first needed, renewed before it expires and once more when it is refused."""

    def __init__(
        self,
        header: str,
        ask: Callable[[], tuple[str, float]],
        prefix: str = "",
        is_refused: Callable[[Response], bool] = lambda response: response.status_code == 401,
    ) -> None:
        self._header, self._ask, self._prefix, self._is_refused = header, ask, prefix, is_refused
        self._token, self._until = "", 0.0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if time.monotonic() >= self._until:
            self._renew()
        request.headers[self._header] = self._prefix + self._token
        request.register_hook("response", self._again_if_refused)
        return request

    def _renew(self) -> None:
        """Raises ChannelError where what buys tokens is refused itself: the seller has withdrawn it, or it has expired."""
        try:
            self._token, seconds = self._ask()
        except HTTPError as problem:
            if problem.response is None or problem.response.status_code not in REFUSED:
                raise
            raise ChannelError(
                f"No access token is given any more ({problem.response.status_code}); authorise the application anew and set its new secrets."
            ) from problem
        self._until = time.monotonic() + max(seconds - EARLY_SECONDS, 1)

    def _again_if_refused(self, response: Response, **options: Any) -> Response:
        tries = getattr(response.request, "tries", 1)
        if tries > RENEWALS or not self._is_refused(response):
            return response
        response.content  # noqa: B018  (reads it to the end, so that the connection can be used again)
        self._renew()
        request = response.request.copy()
        request.tries = tries + 1  # type: ignore[attr-defined]
        request.headers[self._header] = self._prefix + self._token
        again: Response = response.connection.send(request, **options)  # type: ignore[attr-defined]
        return self._again_if_refused(again, **options)


def cut(content: bytes, *path: str) -> list[bytes]:
    """The records of a page, each as its own bytes, not one of them rewritten; `path` leads to their list.

    Raises ChannelError when the page holds no such list.
    """
    try:
        for key in path:
            content = bytes(msgspec.json.decode(content, type=dict[str, msgspec.Raw])[key])
        return [bytes(record) for record in msgspec.json.decode(content, type=list[msgspec.Raw])]
    except (KeyError, msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise ChannelError(f"An answer holds no list {'.'.join(path)} ({problem}).") from problem


def member(content: bytes, *path: str) -> bytes | None:
    """One member of a JSON object as its own bytes; None where there is none."""
    try:
        for key in path:
            content = bytes(msgspec.json.decode(content, type=dict[str, msgspec.Raw])[key])
    except (KeyError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return content


def plain(record: bytes) -> dict[str, Any]:
    """A record as Python values; empty where it is not an object that can be read."""
    try:
        value = msgspec.json.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        with suppress(ValueError, RecursionError):
            value = json.loads(record.decode("utf-8", errors="replace"))
            return value if isinstance(value, dict) else {}
        return {}
    return value if isinstance(value, dict) else {}


def instant(value: object) -> datetime | None:
    """An ISO 8601 instant of an answer; None where it is none."""
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


def amount(record: Mapping[str, Any], *path: str) -> Decimal | None:
    """An amount deep inside a record; None where there is none that can be read."""
    value: Any = record
    try:
        for name in path:
            value = value[name]
        return Decimal(str(value))
    except (KeyError, TypeError, InvalidOperation):
        return None


def digest(record: bytes) -> str:
    """A short fingerprint of a record that shows none of its own."""
    return hashlib.sha256(record).hexdigest()[:16]
