"""One column as written → the contract's type, row by row. Here: what text means as a number, a time, a yes. Not here: which column it is."""

from dataclasses import dataclass
from datetime import date

import dataframely as dy
import polars as pl

from pipelines.contracts.base import MONEY_SCALE

YES = ("true", "yes", "y", "1", "ja", "j", "si", "oui", "x")
NO = ("false", "no", "n", "0", "nein", "nee", "non", "")
ISO_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z", "%Y-%m-%d %H:%M:%S%.f%#z")
ISO_NAIVE_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
LARGEST = 10**14  # what a money column holds
FIRST, LAST = date(1900, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True)
class Reading:
    """How a feed writes its values."""

    time_zone: str
    datetime_format: str | None = None
    decimal_comma: bool = False


def convert(raw: pl.Expr, raw_type: pl.DataType, column: dy.Column, reading: Reading) -> pl.Expr:
    """`raw` in the type of the contract's `column`; null where it can't be read."""
    target = column.dtype
    if target.is_numeric() and (raw_type.is_temporal() or raw_type == pl.Boolean):
        raw, raw_type = raw.cast(pl.String), pl.String()  # a date or a yes is no number
    if target == pl.String:
        value = _text(raw, raw_type)
        pattern = _pattern(column)
        return pl.when(value.str.contains(pattern)).then(value) if pattern else value
    if target == pl.Boolean:
        return _yes_or_no(raw, raw_type)
    if isinstance(target, pl.Datetime):
        return _possible(_instant(raw, raw_type, reading), target)
    if target == pl.Date:
        return _possible(_date(raw, raw_type, reading), target)
    if isinstance(target, pl.Decimal):
        return _decimal(raw, raw_type, reading)
    numeric = _number_text(raw, reading).cast(pl.Float64, strict=False) if raw_type == pl.String else raw.cast(pl.Float64)
    finite = pl.when(numeric.is_finite()).then(numeric)
    if target.is_integer():
        return pl.when((finite == finite.round()) & (finite.abs() < 2**53)).then(finite).cast(target, strict=False)
    return finite.cast(target, strict=False)


def kind_of(column: dy.Column) -> str:
    """What a value of the column should look like, in words for the person who mends it."""
    dtype = column.dtype
    if example := (column.metadata or {}).get("example"):
        return f"text such as {example}"
    if dtype == pl.String:
        pattern = _pattern(column) or ""
        choices = pattern.strip("^$()").split("|")
        return f"one of {', '.join(choices)}" if len(choices) > 1 else "a three-letter currency code" if pattern else "text"
    if isinstance(dtype, pl.Datetime):
        return "a time"
    if isinstance(dtype, pl.Decimal):
        return "an amount"
    return {pl.Date: "a date", pl.Boolean: "yes or no"}.get(type(dtype), "a whole number" if dtype.is_integer() else "a number")


def is_given(raw: pl.Expr, raw_type: pl.DataType) -> pl.Expr:
    """True where the file holds something for the field: not null, not blank."""
    return raw.is_not_null() & (raw.str.strip_chars() != "") if raw_type == pl.String else raw.is_not_null()


def _pattern(column: dy.Column) -> str | None:
    return column.regex if isinstance(column, dy.String) else None


def _text(raw: pl.Expr, raw_type: pl.DataType) -> pl.Expr:
    written = raw.cast(pl.String)
    if raw_type.is_float():  # a number that other files write without its .0
        is_whole = (raw == raw.round()) & (raw.abs() < 2**53)
        written = pl.when(is_whole).then(raw.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(written)
    stripped = written.str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _yes_or_no(raw: pl.Expr, raw_type: pl.DataType) -> pl.Expr:
    if raw_type == pl.Boolean:
        return raw
    word = raw.cast(pl.String).str.strip_chars().str.to_lowercase()
    return pl.when(word.is_in(YES)).then(True).when(word.is_in(NO)).then(False)


def _number_text(raw: pl.Expr, reading: Reading) -> pl.Expr:
    """Number as plain text; a thousands separator is dropped only where it stands between groups of three digits."""
    decimal, thousands = (",", r"\.") if reading.decimal_comma else (r"\.", ",")
    written = raw.str.strip_chars()
    plain = rf"^[+-]?\d+(?:{decimal}\d*)?$|^[+-]?{decimal}\d+$"
    grouped = rf"^[+-]?\d{{1,3}}(?:{thousands}\d{{3}})+(?:{decimal}\d*)?$"
    scientific = r"^[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,2}$"
    kept = (
        pl.when(written.str.contains(plain))
        .then(written)
        .when(written.str.contains(grouped))
        .then(written.str.replace_all(thousands, ""))
    )
    number = kept.str.replace(",", ".", literal=True) if reading.decimal_comma else kept
    return pl.when(written.str.contains(scientific)).then(written).otherwise(number)


def _decimal(raw: pl.Expr, raw_type: pl.DataType, reading: Reading) -> pl.Expr:
    """Money, rounded once to four places; text never passes through a binary float."""
    money = pl.Decimal(18, MONEY_SCALE)
    if raw_type == pl.String:
        return _number_text(raw, reading).cast(money, strict=False)
    fitting = pl.when(raw.is_between(-LARGEST, LARGEST, closed="none")).then(raw)
    return (fitting.round(MONEY_SCALE) if raw_type.is_float() else fitting).cast(money, strict=False)


def _instant(raw: pl.Expr, raw_type: pl.DataType, reading: Reading) -> pl.Expr:
    if raw_type == pl.Date:
        return _localise(_possible(raw, pl.Date()).cast(pl.Datetime("us")), reading.time_zone)
    if isinstance(raw_type, pl.Datetime):
        raw = _possible(raw, raw_type)
        if raw_type.time_zone:
            return raw.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
        return _localise(raw.cast(pl.Datetime("us")), reading.time_zone)
    written = raw.cast(pl.String).str.strip_chars()
    if reading.datetime_format and "%z" in reading.datetime_format:
        return _aware(written, reading.datetime_format)
    if reading.datetime_format:
        return _localise(written.str.strptime(pl.Datetime("us"), reading.datetime_format, strict=False), reading.time_zone)
    utc = written.str.replace(r"(?i)(\s*utc|z)$", "+00:00")
    aware = pl.coalesce(_aware(utc, form) for form in ISO_FORMATS)
    naive = pl.coalesce(written.str.strptime(pl.Datetime("us"), form, strict=False) for form in ISO_NAIVE_FORMATS)
    return pl.coalesce(aware, _localise(naive, reading.time_zone))


def _possible(time: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """`time` where its year can be meant: 24 for 2024 and the noise of a damaged file can't."""
    per_day = 1 if dtype == pl.Date else 86_400 * {"ms": 10**3, "us": 10**6, "ns": 10**9}[dtype.time_unit]  # type: ignore[attr-defined]
    first, last = (max(-(2**63), min((day - date(1970, 1, 1)).days * per_day, 2**63 - 1)) for day in (FIRST, LAST))
    return pl.when(time.to_physical().is_between(first, last)).then(time)


def _aware(written: pl.Expr, form: str) -> pl.Expr:
    return written.str.strptime(pl.Datetime("us", "UTC"), form, strict=False).dt.convert_time_zone("UTC")


def _localise(naive: pl.Expr, zone: str) -> pl.Expr:
    """A local time as an instant: the first of two when clocks go back, an hour on when they jumped over it."""
    local = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    jumped = naive.dt.offset_by("1h").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return pl.coalesce(local, jumped).dt.convert_time_zone("UTC")


def _date(raw: pl.Expr, raw_type: pl.DataType, reading: Reading) -> pl.Expr:
    if raw_type == pl.Date or isinstance(raw_type, pl.Datetime):
        return _possible(raw, raw_type).cast(pl.Date)
    written = raw.cast(pl.String).str.strip_chars()
    if reading.datetime_format:
        return written.str.strptime(pl.Date, reading.datetime_format, strict=False)
    return written.str.slice(0, 10).str.strptime(pl.Date, "%Y-%m-%d", strict=False)
