"""Deliveries of platforms, landed as they come. Here: checking, landing, answering. Not here: what they say; a refresh fetches that.

Deliveries that come together land in one file with one write to the disk, so that a rush is answered as fast as a single one.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from requests import RequestException
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pipelines.channels.base import ChannelError, Delivery, Hook, Record, Session, kind_of
from pipelines.channels.mapping import Config
from pipelines.channels.patience import Patience, in_words
from pipelines.intake.connection import feed_name, open_channel, secret_variable, settings_of
from pipelines.intake.index import Index, Writer
from pipelines.intake.notices import WEBHOOKS
from pipelines.intake.tally import Tallies
from pipelines.warehouse.landing import Landing, Shelf

LARGEST = 5_000_000  # bytes of one delivery; the largest order of a platform is a tenth of it
TALLY_PAUSE = 1.0  # seconds between two writes of what was counted
GATHERING, GATHERING_PAUSE = 10, 0.002  # looks for more deliveries before a write, and seconds between two
PATIENCE = Patience(attempts=2, longest_pause=1, timeout=5)
Waiting = tuple[str, Record, "asyncio.Future[bool]"]


@dataclass(frozen=True)
class Endpoint:
    """A channel that takes deliveries; `secret` is the variable that is missing, where it can't take any yet."""

    channel: str
    hook: Hook
    settings: Mapping[str, str]
    session: Session
    missing: str = ""


class Letterbox:
    """Lands deliveries of all channels: those that wait are written together, and each is answered when it is on the disk."""

    def __init__(self, landing: Landing) -> None:
        self._landing = landing
        self._writers: dict[str, Writer] = {}
        self._known: dict[str, set[str]] = {}
        self._waiting: list[Waiting] = []
        self._wake = asyncio.Event()

    async def land(self, channel: str, body: bytes) -> bool:
        """True when the delivery is new, False when the same one is here already; either way it is safe."""
        digest = hashlib.sha256(body).hexdigest()
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        record = Record(digest, datetime.now(UTC).isoformat(), "", body)
        self._waiting.append((channel, record, done))
        self._wake.set()
        return await done

    async def write_forever(self) -> None:
        """Writes what waits, as long as the application runs."""
        while True:
            await self._wake.wait()
            await self._gathered()
            self._wake.clear()
            waiting, self._waiting = self._waiting, []
            try:
                fresh = await run_in_threadpool(self._write, waiting)
            except Exception as problem:  # noqa: BLE001  (whatever it is, each that waits must be told)
                for _, _, done in waiting:
                    done.set_exception(problem)
                continue
            for (_, _, done), is_new in zip(waiting, fresh, strict=True):
                if not done.done():
                    done.set_result(is_new)

    async def _gathered(self) -> None:
        """Returns when no more deliveries come at once, or after a moment: one write for a hundred beats two."""
        for _ in range(GATHERING):
            before = len(self._waiting)
            await asyncio.sleep(GATHERING_PAUSE)
            if len(self._waiting) == before:
                return

    def _write(self, waiting: list[Waiting]) -> list[bool]:
        fresh: list[bool] = []
        new: dict[str, dict[str, Record]] = {}
        for channel, record, _ in waiting:
            known = self._known_of(channel)
            of_channel = new.setdefault(channel, {})
            fresh.append(record.source_id not in known and record.source_id not in of_channel)
            if fresh[-1]:
                of_channel[record.source_id] = record
        for channel, records in new.items():
            self._writers[channel].add(list(records.values()), datetime.now(UTC))
            self._known[channel] |= set(records)
        return fresh

    def _known_of(self, channel: str) -> set[str]:
        if channel not in self._known:
            shelf = shelf_of(channel)
            self._writers[channel] = Writer(self._landing, shelf)
            self._known[channel] = set(Index(self._landing, shelf).newest["source_id"])
        return self._known[channel]


def shelf_of(channel: str) -> Shelf:
    """Where a channel's deliveries stand in landing."""
    return Shelf(feed_name(channel, WEBHOOKS), channel, WEBHOOKS)


def endpoints(config: Config) -> dict[str, Endpoint]:
    """Every channel whose platform delivers.

    Raises ChannelError when a channel is not connected.
    """
    found = {}
    for channel in config.fetched:
        kind = kind_of(channel.kind or "")
        if kind.hook:
            settings = settings_of(channel, kind)
            missing = "" if settings.get(kind.hook.secret) else secret_variable(channel.name, kind.hook.secret)
            found[channel.name] = Endpoint(channel.name, kind.hook, settings, open_channel(channel, PATIENCE), missing)
    return found


def application(known: Mapping[str, Endpoint], landing: Landing) -> Starlette:
    """The ASGI application over `endpoints`: POST /<channel> takes a delivery, GET /<channel>?challenge_code= answers eBay's question."""
    box, tallies = Letterbox(landing), Tallies(landing.folder)

    async def take(request: Request) -> Response:
        try:
            endpoint = _endpoint(known, request.path_params["channel"])
            if request.method == "GET":
                return _challenge(endpoint, request)
            body = await _body(request)
            delivery = Delivery({name.lower(): value for name, value in request.headers.items()}, body)
            await _verify(endpoint, delivery)
        except Refused as problem:
            if request.path_params["channel"] in known and request.method == "POST":
                tallies.refuse(request.path_params["channel"], str(problem), datetime.now(UTC))
            return PlainTextResponse(str(problem), problem.status)
        is_new = await box.land(endpoint.channel, body)
        tallies.take(endpoint.channel, int(is_new))
        return PlainTextResponse("Landed." if is_new else "This delivery is here already; it adds nothing.")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(box.write_forever()), asyncio.create_task(_count_forever(tallies))]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        tallies.write(datetime.now(UTC))

    return Starlette(routes=[Route("/{channel}", take, methods=["GET", "POST"])], lifespan=lifespan)


async def _count_forever(tallies: Tallies) -> None:
    """Writes counts once in a while, apart from the answers, so that nobody waits for them."""
    while True:
        await asyncio.sleep(TALLY_PAUSE)
        if tallies.is_noted:
            await run_in_threadpool(tallies.write, datetime.now(UTC))


class Refused(Exception):
    """A delivery that is not taken, in one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def _endpoint(known: Mapping[str, Endpoint], channel: str) -> Endpoint:
    if channel not in known:
        raise Refused(404, f"No shop '{channel}' takes deliveries here; there are {', '.join(known) or 'none'}.")
    if known[channel].missing:
        raise Refused(503, f"{channel} takes no deliveries until {known[channel].missing} is set where `fulcast webhooks` runs.")
    return known[channel]


async def _body(request: Request) -> bytes:
    """The body, as long as it is not too large; the rest of one that is too large is not read."""
    sentence = f"The delivery is larger than {LARGEST // 1_000_000} MB; no order is, and it is not read."
    if int(request.headers.get("content-length") or 0) > LARGEST:
        raise Refused(413, sentence)
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            raise Refused(413, sentence)
    return b"".join(parts)


async def _verify(endpoint: Endpoint, delivery: Delivery) -> None:
    arguments = (delivery, endpoint.settings, time.time(), endpoint.session)
    try:
        if endpoint.hook.asks:
            await run_in_threadpool(endpoint.hook.verify, *arguments)
        else:
            endpoint.hook.verify(*arguments)
    except ChannelError as problem:
        raise Refused(401, f"{endpoint.channel}: {problem}") from problem
    except RequestException as problem:
        raise Refused(503, str(in_words(endpoint.channel, problem))) from problem


def _challenge(endpoint: Endpoint, request: Request) -> Response:
    code = request.query_params.get("challenge_code")
    if endpoint.hook.answer is None or not code:
        raise Refused(405, f"{endpoint.channel} takes deliveries by POST.")
    return JSONResponse({"challengeResponse": endpoint.hook.answer(code, endpoint.settings)})
