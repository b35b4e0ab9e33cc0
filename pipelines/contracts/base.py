"""What a table is: a dataframely schema with its step, its identity and a few derived views. Not here: the tables themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dataframely as dy
import polars as pl

MONEY_PRECISION, MONEY_SCALE = 18, 4
RATE_SCALE = 10

_REGISTRY: dict[str, "Table"] = {}


@dataclass(frozen=True)
class Table:
    """One table of the warehouse.

    `identity` names the real-world thing that a newer source version replaces as a whole (an order with all its
    lines); it is a prefix of, or equal to, the primary key.
    """

    name: str
    step: str
    meaning: str
    schema: type[dy.Schema]
    identity: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> dict[str, dy.Column]:
        return self.schema.columns()

    @cached_property
    def key(self) -> tuple[str, ...]:
        return tuple(self.schema.primary_key())

    @cached_property
    def dtypes(self) -> dict[str, pl.DataType]:
        return {name: column.dtype for name, column in self.columns.items()}

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with exactly this table's columns and types; a column it lacks is filled with null."""
        missing = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in self.dtypes.items() if name not in frame.columns]
        return frame.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in self.dtypes.items())

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.dtypes)


def register(step: str, meaning: str, identity: tuple[str, ...] = ()) -> Any:
    """Class decorator: `class OrderLines(dy.Schema)` becomes the table `order_lines` of `step`."""

    def wrap(schema: type[dy.Schema]) -> type[dy.Schema]:
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in schema.__name__).lstrip("_")
        _REGISTRY[name] = Table(name, step, meaning, schema, identity or tuple(schema.primary_key()))
        return schema

    return wrap


def table(name: str) -> Table:
    """The table called `name`.

    Raises KeyError when no contract declares it.
    """
    return _REGISTRY[name]


def all_tables(step: str | None = None) -> Iterator[Table]:
    """Declared tables in the order of the flow, of one step or of all."""
    return (t for t in _REGISTRY.values() if step in (None, t.step))


def key(meaning: str, dtype: type[dy.Column] = dy.String, **options: Any) -> Any:
    """Part of the primary key."""
    return dtype(primary_key=True, description=meaning, **options)


def text(meaning: str, nullable: bool = True, **options: Any) -> Any:
    """Free text."""
    return dy.String(nullable=nullable, description=meaning, **options)


def code(meaning: str, choices: tuple[str, ...], nullable: bool = False) -> Any:
    """One of a short list of words, kept as text so that every engine can compare it."""
    return dy.String(nullable=nullable, description=f"{meaning}: {', '.join(choices)}", regex=f"^({'|'.join(choices)})$")


def pattern(meaning: str, regex: str, example: str) -> Any:
    """Text that is written in a fixed way, or left blank; `example` shows it to whoever has to mend it."""
    return dy.String(nullable=True, description=f"{meaning}, such as {example}", regex=regex, metadata={"example": example})


def flag(meaning: str, nullable: bool = False) -> Any:
    """True or false."""
    return dy.Bool(nullable=nullable, description=meaning)


def units(meaning: str, nullable: bool = False, **options: Any) -> Any:
    """Pieces of goods."""
    return dy.Int64(nullable=nullable, description=meaning, metadata={"unit": "units"}, **options)


def count(meaning: str, nullable: bool = False) -> Any:
    """How many rows or things."""
    return dy.Int64(nullable=nullable, description=meaning, metadata={"unit": "rows"})


def number(meaning: str, unit: str, nullable: bool = True, **options: Any) -> Any:
    """A figure that may be broken, with its unit."""
    return dy.Float64(nullable=nullable, description=meaning, metadata={"unit": unit}, **options)


def money(meaning: str, nullable: bool = False, **options: Any) -> Any:
    """An amount in the currency that the row names."""
    return dy.Decimal(
        MONEY_PRECISION, MONEY_SCALE, nullable=nullable, description=meaning, metadata={"unit": "currency_code"}, **options
    )


def instant(meaning: str, nullable: bool = True) -> Any:
    """A moment, in UTC."""
    return dy.Datetime(time_zone="UTC", time_unit="us", nullable=nullable, description=meaning, metadata={"unit": "UTC"})


def date(meaning: str, nullable: bool = False, primary_key: bool = False) -> Any:
    """A calendar day."""
    return dy.Date(nullable=nullable and not primary_key, primary_key=primary_key, description=meaning)
