"""What a channel is made of: the bones that every platform's own folder fills. Not here: any platform, HTTP, storing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import polars as pl

from pipelines.errors import InputError

ENTRY_POINTS = "fulcast.channels"
CURSOR_AT_MOST = "cursor at most"  # note of a session: an answer that was made over some time is complete up to then only
EXPEDITED = r"(?i)express|expedited|next.?day|same.?day|overnight|second.?day"


class ChannelError(InputError):
    """A channel that can't be asked just now; the sentence names the channel and the mend. Other channels go on."""


@dataclass(frozen=True)
class Setting:
    """Something a channel needs to be connected; what is secret comes from the environment alone."""

    name: str
    prompt: str
    example: str = ""
    is_secret: bool = False
    is_required: bool = True
    is_asked: bool = True  # by `fulcast connect`; else the environment alone tells it


@dataclass(frozen=True)
class Record:
    """One record as the channel gave it. `fingerprint` changes whenever the record does, as far as a listing shows it."""

    source_id: str
    version: str
    fingerprint: str
    payload: bytes


@dataclass(frozen=True)
class Listed:
    """A record as a listing names it: enough to tell whether landing holds it in this state, and on which day it counts."""

    source_id: str
    fingerprint: str
    created_at: datetime
    total: Decimal | None = None


@dataclass(frozen=True)
class Report:
    """A whole document that a channel hands out: a file like any other."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Context:
    """What parsing may know beside the records: what the merchant says of the channel, and how customers become pseudonyms.

    `locations`: the merchant's name of a place by the platform's. `expedited`: a pattern of the names of fast services.
    `orders_of`: the channel whose orders it works for, where it sells nothing itself: a payment provider, a carrier.
    """

    channel: str
    time_zone: str
    pseudonym: Callable[[pl.Series], pl.Series]
    currency: str | None = None
    location: str | None = None
    locations: Mapping[str, str] = field(default_factory=dict)
    ship_within_hours: float | None = None
    deliver_within_days: float | None = None
    expedited: str = EXPEDITED
    orders_of: str | None = None

    @property
    def shop(self) -> str:
        """The channel that its records are about: its own, or the one that it works for."""
        return self.orders_of or self.channel


@dataclass(frozen=True)
class Rows:
    """Raw rows of one ledger table, values as text where the contract wants another type: `record` is the record's number,
    `place` says where in it a row stands, such as lineItems.nodes[2].

    A row that leaves one of the `required` fields blank can't be kept; another field that can't be read is left blank.
    """

    table: str
    frame: pl.DataFrame
    place: pl.Expr = field(default_factory=lambda: pl.lit(""))
    required: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordStream:
    """Records that are asked for by the time they changed, and again by id where that time does not tell everything.

    `lag`: how long the channel may take to show a change. `overlap`: how far each poll reaches back behind the newest change
    that it saw. `restatement`: for how long records still change; a nightly reconciliation lists these days anew, and asks by
    id for what was missed. `uncovered`: what the channel's modified date does not move for, in words; empty where it covers all.
    """

    name: str
    table: str
    lag: timedelta
    overlap: timedelta
    restatement: timedelta
    uncovered: str
    changed: Callable[["Session", datetime | None], Iterator[list[Record]]]
    parse: Callable[[pl.Series, pl.DataFrame, Context], "Tables"]
    by_id: Callable[["Session", Sequence[str]], Iterator[list[Record]]] | None = None
    listing: Callable[["Session", date, date], Iterator[list[Listed]]] | None = None
    personal: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportStream:
    """Documents that the channel makes on demand; each is read by a mapping like a merchant's own file."""

    name: str
    mappings: tuple[Mapping[str, Any], ...]
    lag: timedelta
    restatement: timedelta
    uncovered: str
    reports: Callable[["Session", datetime, datetime], Iterator[Report]]


@dataclass(frozen=True)
class Tables:
    """Everything that a batch of records says: the table of the documents first. `broken` are whole records that can't be read."""

    rows: tuple[Rows, ...]
    finish: Callable[[dict[str, pl.DataFrame]], dict[str, pl.DataFrame]]
    faults: pl.DataFrame


@dataclass
class Session:
    """An open connection to a channel: its HTTP client, its settings, the clock of its merchant, the longest pause (seconds)."""

    channel: str
    settings: Mapping[str, str]
    time_zone: str
    client: Any
    longest_pause: float = 60.0
    note: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """What a platform sent of its own accord; names of headers are in lower case."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Hook:
    """How a platform's deliveries are checked. `secret`: the setting that this takes. `verify` raises ChannelError for what is
    forged, too old or for another shop; it `asks` the platform where it can't tell alone. `named`: stream and id of the records
    that a body tells of, which are then asked for. `answer`: to the question by which a platform tries an address."""

    secret: str
    verify: Callable[[Delivery, Mapping[str, str], float, Session], None]
    named: Callable[[bytes], list[tuple[str, str]]]
    asks: bool = False
    answer: Callable[[str, Mapping[str, str]], str] | None = None


@dataclass(frozen=True)
class Kind:
    """A platform: what it needs to be connected and the streams it gives."""

    name: str
    title: str
    settings: tuple[Setting, ...]
    open: Callable[[str, Mapping[str, str], str, Any], Session]
    check: Callable[[Session], str]
    streams: tuple[RecordStream | ReportStream, ...]
    hook: Hook | None = None
    about: Callable[[Session], dict[str, str]] | None = (
        None  # the shop's own time_zone and currency, as far as the platform tells
    )
    edition: str = "1"  # another one where records are read in another way: the ledger is then made anew from landing


@cache
def kinds() -> dict[str, Kind]:
    """Every platform by name: Fulcast's own, which are the folders beside this file, and those of other packages, by their entry points.

    Raises InputError naming the package whose channel can't be loaded.
    """
    own = [module.name for module in iter_modules([str(Path(__file__).parent)]) if module.ispkg]
    found: dict[str, Kind] = {name: import_module(f"{__package__}.{name}").KIND for name in own}
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        try:
            kind = point.load()
        except Exception as problem:
            raise InputError(
                f"The channel '{point.name}' of {point.value} can't be loaded ({problem}); mend or remove that package."
            ) from problem
        if not isinstance(kind, Kind):
            raise InputError(f"The channel '{point.name}' of {point.value} is not a Kind; see docs/add-a-channel.md.")
        found[kind.name] = kind
    return found


def kind_of(name: str) -> Kind:
    """The platform called `name`.

    Raises InputError with those that there are.
    """
    known = kinds()
    if name not in known:
        raise InputError(f"'{name}' is not a kind of channel; there are {', '.join(sorted(known))}.")
    return known[name]
