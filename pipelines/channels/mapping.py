"""What a mapping file may say. Here: the shape of the TOML, checked. Not here: reading the files it speaks of."""

import difflib
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Literal

import polars as pl
from pydantic import Field, ValidationError, field_validator, model_validator

from pipelines.channels.merchant import (
    Channel,
    Classes,
    Currency,
    History,
    Location,
    Merchant,
    Planning,
    Scorecard,
    Strict,
    TimeFormat,
    TimeZone,
)
from pipelines.contracts import table
from pipelines.contracts.base import all_tables
from pipelines.errors import InputError

PROVENANCE = ("feed", "document_id", "source_version", "payload_version", "payload_hash")
COMPUTED = {
    "orders": ("business_date", "processed_date", "gross_amount", "total_amount", "is_balanced", "is_incomplete"),
    "order_lines": ("line_number", "listed_sku", "net_amount", "cancelled_gross_amount", "cancelled_discount_amount"),
    "shipments": ("delivery_tracker_id", "label_id"),
    "returns": ("business_date",),
    "refunds": ("business_date",),
}
NOT_BY_FILE = ("order_lines", "fx_rates", "channel_days", "retail_calendar", "ship_by_windows", "loads", "quarantine")
ROW = "__row"  # number of the row, which a mapping's sql may use
REQUIRED = {"shipments": ("sku",), "returns": ("sku",)}  # a file has nothing else to tell the article by
# Order-level amounts that a mapping may give beside the line's own.
ORDER_AMOUNTS = ("order_discount_amount", "order_shipping_amount", "order_tax_amount", "order_duty_amount")


class Source(Strict):
    """Where one field comes from: a column, an SQL expression over columns, or a constant."""

    column: str | None = None
    sql: str | None = None
    value: str | int | float | bool | None = None
    format: TimeFormat | None = Field(None, description="strptime format of a date or time")
    time_zone: TimeZone | None = Field(None, description="zone of a time without one; else the feed's")

    @model_validator(mode="before")
    @classmethod
    def _plain_text_is_a_column(cls, given: Any) -> Any:
        return {"column": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_origin(self) -> "Source":
        if sum(origin is not None for origin in (self.column, self.sql, self.value)) != 1:
            raise ValueError("give exactly one of column, sql or value")
        try:
            self.columns()
        except pl.exceptions.PolarsError as problem:
            reason = str(problem).splitlines()[0]
            raise ValueError(f"the sql {self.sql} can't be understood ({reason}); write one expression over columns") from problem
        return self

    def expression(self) -> pl.Expr:
        """The field as a Polars expression over the file's columns."""
        if self.sql is not None:
            return pl.sql_expr(self.sql)
        return pl.col(self.column) if self.column is not None else pl.lit(self.value)

    def columns(self) -> set[str]:
        """Names of the file's columns that it reads."""
        return set(self.expression().meta.root_names())


class Version(Strict):
    """How to tell a newer version of a record: by a column of the record, by the file's name, or by the newest date in the file."""

    column: str | None = None
    kind: Literal["instant", "number", "text"] = "instant"
    format: TimeFormat | None = None
    file_name: str | None = Field(None, description="regular expression whose first group is a sortable date in the file's name")

    @field_validator("file_name")
    @classmethod
    def _has_a_group(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern or "()").groups
        except re.error as problem:
            raise ValueError(f"'{pattern}' is not a regular expression ({problem}); mend it") from problem
        if not groups:
            raise ValueError(f"'{pattern}' has no group; put the sortable date in (…)")
        return pattern


class Feed(Strict):
    """One kind of file and the ledger table it fills."""

    name: str
    channel: str = ""
    table: str
    files: str
    format: Literal["csv", "tsv", "jsonl", "parquet", "xlsx"] | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str | None = None
    explode: str | None = None
    fill_down: tuple[str, ...] = ()
    time_zone: TimeZone | None = None
    datetime_format: TimeFormat | None = None
    decimal_comma: bool = False
    currency: Currency | None = None
    ship_within_hours: float | None = Field(None, gt=0, lt=10_000)
    deliver_within_days: float | None = Field(None, gt=0, lt=1_000)
    where: str | None = Field(None, description="SQL condition on columns: rows that are of this table; others belong to another")
    version: Version = Version()
    whole: bool = Field(False, description="each file is the whole list: what a newer one leaves out is no more")
    columns: dict[str, Source]

    @model_validator(mode="after")
    def _known_names(self) -> "Feed":
        tables = {t.name for t in all_tables("ledger")} - set(NOT_BY_FILE)
        if self.table not in tables:
            raise ValueError(f"table '{self.table}' is not one of {', '.join(sorted(tables))}")
        if self.whole and any(isinstance(column.dtype, pl.Datetime) for column in table(self.table).columns.values()):
            raise ValueError(f"{self.table} tell what happened, which no later file undoes; leave `whole` out")
        unknown = sorted(set(self.columns) - set(self.fields()))
        if unknown:
            raise ValueError(f"'{unknown[0]}' is not a field of {self.table}; {_suggestion(unknown[0], self.fields(), 'fields')}")
        return self

    @field_validator("where")
    @classmethod
    def _is_a_condition(cls, where: str | None) -> str | None:
        try:
            pl.sql_expr(where or "true")
        except pl.exceptions.PolarsError as problem:
            raise ValueError(f"'{where}' can't be understood; write an SQL condition over columns") from problem
        return where

    @field_validator("name")
    @classmethod
    def _is_a_folder_name(cls, name: str) -> str:
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise ValueError(f"'{name}' can't name a feed; use letters, digits, _ and -")
        return name

    @field_validator("files")
    @classmethod
    def _is_below_the_input_folder(cls, pattern: str) -> str:
        if not pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise ValueError(f"'{pattern}' must be a pattern below the merchant's input folder, such as orders_*.csv")
        return pattern

    @field_validator("delimiter")
    @classmethod
    def _is_one_character(cls, delimiter: str) -> str:
        if len(delimiter.encode()) != 1 or delimiter in '"\r\n':
            raise ValueError(f"{delimiter!r} can't separate columns; give one character, such as ;")
        return delimiter

    def fields(self) -> dict[str, Any]:
        """Fields that a mapping may fill, with their contract columns."""
        return _fields_of(self.table)

    def needs(self, field: str) -> bool:
        """True where a row without the field can't be used."""
        return not self.fields()[field].nullable or field in REQUIRED.get(self.table, ())

    @property
    def is_order_feed(self) -> bool:
        return self.table == "orders"

    def source_columns(self) -> dict[str, str]:
        """Column of the file → the field that needs it."""
        needed = {column: field for field, source in self.columns.items() for column in source.columns()}
        if self.version.column:
            needed.setdefault(self.version.column, "version")
        for column in self.fill_down:
            needed.setdefault(column, "fill_down")
        for column in pl.sql_expr(self.where).meta.root_names() if self.where else ():
            needed.setdefault(column, "where")
        needed.pop(ROW, None)
        return needed


def _suggestion(wrong: str, known: Iterable[str], what: str) -> str:
    near = difflib.get_close_matches(wrong, sorted(known), 1)
    return f"did you mean '{near[0]}'?" if near else f"{what} are {', '.join(sorted(known))}."


@cache
def _fields_of(name: str) -> dict[str, Any]:
    skip = (*PROVENANCE, *COMPUTED.get(name, ()))
    own = {column: spec for column, spec in table(name).columns.items() if column not in skip}
    if name != "orders":
        return own
    return _fields_of("order_lines") | own | {amount: table("orders").columns["discount_amount"] for amount in ORDER_AMOUNTS}


class Config(Strict):
    """A merchant's whole configuration: one TOML file, or a folder of them."""

    merchant: Merchant
    channels: tuple[Channel, ...] = Field((), alias="channel")
    locations: tuple[Location, ...] = Field((), alias="location")
    scorecards: tuple[Scorecard, ...] = Field((), alias="scorecard")
    planning: Planning = Planning()
    history: History = History()
    classes: Classes = Classes()
    feeds: tuple[Feed, ...] = Field((), alias="feed")

    @property
    def fetched(self) -> tuple[Channel, ...]:
        """Channels that are fetched from a platform."""
        return tuple(channel for channel in self.channels if channel.kind)

    @model_validator(mode="after")
    def _has_a_source(self) -> "Config":
        if not self.feeds and not self.fetched:
            raise ValueError("nothing is read; add a [[feed]] for files, or a [[channel]] with a kind")
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Config":
        for what, given in (
            ("feed", self.feeds),
            ("channel", self.channels),
            ("location", self.locations),
            ("scorecard", self.scorecards),
        ):
            names = [one.name for one in given]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} '{twice[0]}' is declared twice")
        return self

    @model_validator(mode="after")
    def _works_for_a_channel(self) -> "Config":
        names = {channel.name for channel in self.channels} | {feed.channel for feed in self.feeds}
        for channel in self.channels:
            if channel.orders_of and channel.orders_of not in names - {channel.name}:
                raise ValueError(
                    f"channel '{channel.name}' works for the orders of '{channel.orders_of}', which is no other channel"
                )
        return self

    def channel(self, name: str) -> Channel:
        """The channel called `name`, or one with defaults where none is declared."""
        return next((c for c in self.channels if c.name == name), Channel(name=name))


def load_config(path: Path) -> Config:
    """Reads a mapping file, or every `*.toml` of a folder as one configuration.

    Raises InputError that names the file, the field and the mend.
    """
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise InputError(f"{path} is not a mapping file or a folder of them; give --config a .toml file.")
    merged: dict[str, Any] = {}
    origins: dict[str, list[Path]] = {}
    for file in files:
        for section, content in _read_toml(file).items():
            is_list = section in ("feed", "channel", "location", "scorecard")
            if not isinstance(content, list if is_list else dict):
                raise InputError(
                    f"{file}: {section} is not written as a section; write {f'[[{section}]]' if is_list else f'[{section}]'}."
                )
            if is_list:
                merged.setdefault(section, []).extend(content)
            else:
                merged.setdefault(section, {}).update(content)
            origins.setdefault(section, []).extend([file] * (len(content) if is_list else 1))
    try:
        return Config.model_validate(merged)
    except ValidationError as problem:
        raise InputError(_first_sentence(problem, merged, origins, path)) from problem


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise InputError(f"{file} is not valid TOML: {problem}; mend that line.") from problem


def _first_sentence(problem: ValidationError, given: dict[str, Any], origins: dict[str, list[Path]], path: Path) -> str:
    """The first mistake, with the file, the feed and the setting that it stands in."""
    first = min(
        problem.errors(), key=lambda error: error["type"] != "extra_forbidden"
    )  # a name mistyped is why another is missing
    place = list(first["loc"])
    section = str(place[0]) if place else ""
    files = origins.get(section, [path])
    file = files[-1]
    if len(place) > 1 and isinstance(place[1], int):
        file = files[place[1]]
        entry = given[section][place[1]]
        name = entry.get("name", place[1] + 1) if isinstance(entry, dict) else place[1] + 1
        place[:2] = [f"{section} '{name}'"]
    where = ", ".join(str(part) for part in place)
    message = _mend(first, section if len(place) > 1 else "", place)
    return f"{file}: {where}: {message}" if where else f"{file}: {message}"


def _mend(error: Any, section: str, place: list[Any]) -> str:
    """What is wrong and what to do, in words; pydantic's own where they say it."""
    if error["type"] == "missing":
        return "it is missing; add it."
    if error["type"] != "extra_forbidden":
        message = error["msg"].removeprefix("Value error, ")
        return message if message.endswith(("?", ".")) else f"{message}."
    model = Version if "version" in place else Source if "columns" in place else SECTIONS.get(section, Config)
    known = [info.alias or field for field, info in model.model_fields.items()]
    return f"it is not a setting; {_suggestion(str(place[-1]), known, 'settings')}"


SECTIONS: dict[str, type[Strict]] = {
    "merchant": Merchant, "channel": Channel, "location": Location, "scorecard": Scorecard, "planning": Planning, "history": History,
    "classes": Classes, "feed": Feed,
}  # fmt: skip
