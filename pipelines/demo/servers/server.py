"""An HTTP server around one platform: requests in, replies out, faults on the way. Here: HTTP. Not here: any API."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import msgspec

from pipelines.demo.servers.faults import Faults, Weather

HANG_SECONDS = 2.0
PAGE_NAMES = {"page", "paginationToken", "page_token"}
FOLLOWING = PAGE_NAMES | {"starting_after", "before_id", "offset", "cursor"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_first_page(self) -> bool:
        """True where it begins a list: only a later page can come as the page before."""
        return not FOLLOWING & set(self.query) and b'"cursor"' not in self.body and b'"after"' not in self.body

    @property
    def asked(self) -> str:
        """The list that it asks for, of which pages are asked for by other values of the same names."""
        return f"{self.method} {self.path} {sorted(set(self.query) - PAGE_NAMES)}"


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @staticmethod
    def json(value: Any, status: int = 200, **headers: str) -> "Reply":
        body = msgspec.json.encode(value)
        return Reply(status, body, {name.replace("_", "-"): told for name, told in headers.items()})


class Clock:
    """The platform's time; it goes on a little with every request, so that records change between two pages."""

    def __init__(self, now: datetime, step: timedelta = timedelta(seconds=0)) -> None:
        self.now, self.step = now, step

    def tick(self) -> datetime:
        self.now += self.step
        return self.now


class Platform(Protocol):
    """What a server speaks for."""

    faults: Faults
    clock: Clock

    def answer(self, request: Request) -> Reply: ...

    def throttled(self) -> Reply: ...

    def forget_tokens(self) -> None: ...

    def list_of(self, request: Request) -> str:
        """What the pages of one list have in common; empty where it is no page."""
        ...

    def records(self, stream: str) -> list[dict[str, Any]]:
        """Every record of a stream as it stands now."""
        ...


class PlatformServer:
    """Serves a platform on a loopback port of its own until it is closed."""

    def __init__(self, platform: Platform, port: int = 0, hang_seconds: float = HANG_SECONDS) -> None:
        self.platform, self.hang_seconds = platform, hang_seconds
        self._lock = Lock()
        self._last: tuple[str, Reply] | None = None  # the page before, if this is the next one of the same list
        self._http = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._http.daemon_threads = True
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        platform.base = self.url  # type: ignore[attr-defined]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> "PlatformServer":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def set_weather(self, weather: Weather, seed: int = 0) -> None:
        """Other faults from now on."""
        self.platform.faults = Faults(weather, seed)

    def reply(self, request: Request) -> tuple[Reply, str | None]:
        """The reply to a request, and how it is to be broken on its way."""
        with self._lock:
            self.platform.clock.tick()
            fault = self.platform.faults.draw()
            if fault == "throttled":
                return self.platform.throttled(), None
            if fault == "server_error":
                return Reply(503, b"<html>Service Unavailable</html>", content_type="text/html"), None
            if fault == "expired_token":
                self.platform.forget_tokens()
            paging = self.platform.list_of(request)
            before, self._last = self._last, None
            if fault == "duplicate_page" and before and before[0] == paging and not request.is_first_page:
                self._last = before
                return before[1], None
            answer = self.platform.answer(request)
            if paging and answer.status == 200:
                self._last = (paging, answer)
            return answer, fault if fault in ("timeout", "cut_off", "cut_off_quietly") else None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # a reply leaves in one piece
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                split = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(split.query, keep_blank_values=True).items()}
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                reply, damage = server.reply(Request(self.command, split.path, query, dict(self.headers.items()), body))
                _send(self, reply, damage, server.hang_seconds)

            do_GET = do_POST = _serve  # noqa: N815

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
                """Silence."""

        return Handler


def _send(handler: BaseHTTPRequestHandler, reply: Reply, damage: str | None, hang_seconds: float) -> None:
    body, length = reply.body, len(reply.body)
    if damage == "timeout":
        time.sleep(hang_seconds)
    if damage == "cut_off":  # fewer bytes than announced
        body = body[: length // 2]
    if damage == "cut_off_quietly" and reply.content_type == "application/json":
        body = body[: length * 2 // 3]
        length = len(body)
    try:
        handler.send_response(reply.status)
        handler.send_header("Content-Type", reply.content_type)
        handler.send_header("Content-Length", str(length))
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()
    except (BrokenPipeError, ConnectionResetError):
        handler.close_connection = True  # who asked has given up
    if damage in ("cut_off", "timeout"):
        handler.close_connection = True
