"""The `files` channel: one landed file and its mapping → ledger frames. Here: rows to documents. Not here: reading formats, orders' arithmetic."""

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from pipelines.channels import orders
from pipelines.channels.fields import Reading, convert, is_given, kind_of
from pipelines.channels.mapping import Config, Feed, Source
from pipelines.channels.readers import ROW, BadRow, read
from pipelines.contracts import Table, table
from pipelines.errors import InputError

Constant = str | int | float | bool
DEFAULTS: dict[str, Constant] = {
    "order_kind": "sale", "payment_status": "unknown", "cancelled_units": 0, "discount_amount": 0, "shipping_amount": 0,
    "tax_amount": 0, "is_test": False, "is_expedited": False, "is_gift": False, "is_customised": False, "has_note": False,
    "is_cancelled": False, "is_goods": True, "is_gift_card": False, "is_closed": False, "unsellable_units": 0, "priority": 1,
    "location_kind": "warehouse", "refund_amount": 0, "discount_rate": 0.0, "order_discount_amount": 0, "order_shipping_amount": 0,
    "order_tax_amount": 0,
}  # fmt: skip
PERSONAL = ("customer_key",)
VERSION = "source_version"


@dataclass(frozen=True)
class Payload:
    """A file in landing."""

    path: Path
    name: str
    hash: str


@dataclass(frozen=True)
class Parsed:
    """What one file holds, ready to merge.

    `documents` has one row per real-world thing: its identity, its source_version and `source_rows`, the rows it came from.
    rows_in = sum(source_rows) + superseded_rows + quarantine.height.
    """

    frames: dict[str, pl.DataFrame]
    documents: pl.DataFrame
    quarantine: pl.DataFrame
    rows_in: int
    superseded_rows: int


def parse(feed: Feed, config: Config, payload: Payload, pseudonym_key: bytes) -> Parsed:
    """Reads the payload through its feed's mapping.

    Raises InputError when the file as a whole can't be used; rows that can't be read are in `quarantine`, each with its reason.
    """
    raw, bad_rows = read(feed, payload.path, payload.name)
    rows = _typed(feed, config, raw, payload.name, pseudonym_key)
    rejected = [_rejects(rows, feed, payload), _bad_row_frame(bad_rows, feed, payload)]
    if feed.is_order_feed:
        frames, late = orders.build(rows, feed, config)
        rejected.append(_late_rejects(late, feed, payload))
    else:
        frames, late = _flat(rows.filter(pl.col("problem").is_null()), feed, config)
        rejected.append(_late_rejects(late, feed, payload))
    frames, documents, superseded = _newest_versions(frames, feed)
    version = _payload_version(feed, frames, payload)
    stamped = {name: _stamp(frame, table(name), version, payload.hash) for name, frame in frames.items()}
    return Parsed(stamped, documents, pl.concat(rejected), raw.height + len(bad_rows), superseded)


def _typed(feed: Feed, config: Config, raw: pl.DataFrame, name: str, pseudonym_key: bytes) -> pl.DataFrame:
    """Every mapped field in its contract's type, plus `problem`, `problem_field` and `problem_value` of rows that can't be read."""
    sources = _with_defaults(feed, config)
    raw = raw.with_columns(_evaluate(feed, field, source, raw, name) for field, source in sources.items())
    fields = feed.fields()
    typed, faults = [], []
    for field, source in sources.items():
        reading = _reading(feed, config, source)
        given, column = pl.col(f"raw.{field}"), fields[field]
        dtype = raw.schema[f"raw.{field}"]
        value = convert(given, dtype, column, reading)
        if field in DEFAULTS:
            value = pl.when(is_given(given, dtype)).then(value).otherwise(pl.lit(DEFAULTS[field]).cast(column.dtype))
        typed.append(value.alias(field))
        faults.append((field, source, is_given(given, dtype), column))
    rows = raw.with_columns(typed).with_columns(_version_column(feed, config).alias(VERSION))
    rows = rows.with_columns(_first_problem(faults, order_level=_order_level(feed)))
    if "customer_key" in rows.columns:
        rows = rows.with_columns(_pseudonyms(rows["customer_key"], pseudonym_key))
    return rows


def _with_defaults(feed: Feed, config: Config) -> dict[str, Source]:
    """The feed's sources, and constants for what the feed or the contract supplies."""
    fields, channel = feed.fields(), config.channel(feed.channel)
    implied: dict[str, Constant | None] = {"channel": feed.channel or None, "location_id": channel.location, **DEFAULTS}
    currency = feed.currency or channel.currency
    implied |= {"currency_code": currency}
    constants = {name: Source(value=value) for name, value in implied.items() if name in fields and value is not None}
    missing = [
        name for name, column in fields.items() if not column.nullable and name not in feed.columns and name not in constants
    ]
    missing = [name for name in missing if not orders.can_derive(name, feed)]
    if missing and missing != ["line_number"]:
        needed = next(name for name in missing if name != "line_number")
        raise InputError(
            f"Feed '{feed.name}' does not say where {needed} comes from ({fields[needed].description}); map it under [feed.columns]."
        )
    return constants | dict(feed.columns)


def _evaluate(feed: Feed, field: str, source: Source, raw: pl.DataFrame, name: str) -> pl.Series:
    down = [pl.col(column).forward_fill() for column in feed.fill_down if column in raw.columns]
    try:
        return raw.with_columns(down).select(pl.repeat(None, pl.len()).alias("_"), source.expression().alias(f"raw.{field}"))[
            f"raw.{field}"
        ]
    except pl.exceptions.PolarsError as problem:
        reason = str(problem).splitlines()[0]
        raise InputError(
            f"Feed '{feed.name}' can't compute {field} from {name}: {reason}; mend its sql (TRY_CAST reads text as a number)."
        ) from problem


def _reading(feed: Feed, config: Config, source: Source) -> Reading:
    zone = source.time_zone or feed.time_zone or config.channel(feed.channel).time_zone
    return Reading(zone, source.format or feed.datetime_format, feed.decimal_comma)


def _order_level(feed: Feed) -> frozenset[str]:
    """Fields that an order states once, so that a line may leave them blank."""
    return frozenset(table("orders").columns) - {"order_id", "channel"} if feed.is_order_feed else frozenset()


def _first_problem(faults: list, order_level: frozenset[str]) -> list[pl.Expr]:  # type: ignore[type-arg]
    reason, field_name, value = pl.lit(None, pl.String), pl.lit(None, pl.String), pl.lit(None, pl.String)
    for field, source, given, column in reversed(faults):
        origin = source.column or field
        written = pl.lit("(masked)") if field in PERSONAL else pl.col(f"raw.{field}").cast(pl.String).str.slice(0, 80)
        unreadable = given & pl.col(field).is_null()
        blank = ~given & pl.col(field).is_null() if not column.nullable and field not in order_level else pl.lit(False)
        kind = kind_of(column)
        reason = (
            pl.when(unreadable)
            .then(pl.lit(f"{origin} can't be read as {kind}"))
            .when(blank)
            .then(pl.lit(f"{origin} is blank"))
            .otherwise(reason)
        )
        field_name = pl.when(unreadable | blank).then(pl.lit(origin)).otherwise(field_name)
        value = pl.when(unreadable | blank).then(written).otherwise(value)
    return [reason.alias("problem"), field_name.alias("problem_field"), value.alias("problem_value")]


def _version_column(feed: Feed, config: Config) -> pl.Expr:
    """The record's own version as text that sorts; empty where the feed has none."""
    if feed.version.column is None:
        return pl.lit("")
    written = pl.col(feed.version.column)
    if feed.version.kind == "number":
        return (
            written.cast(pl.String)
            .cast(pl.Float64, strict=False)
            .cast(pl.Int64, strict=False)
            .cast(pl.String)
            .str.zfill(20)
            .fill_null("")
        )
    if feed.version.kind == "text":
        return written.cast(pl.String).fill_null("")
    reading = replace(_reading(feed, config, Source(column="-")), datetime_format=feed.version.format or feed.datetime_format)
    instant = convert(written, pl.String(), table("orders").columns["ordered_at"], reading)
    return instant.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f").fill_null("")


def _pseudonyms(customers: pl.Series, key: bytes) -> pl.Series:
    known = customers.drop_nulls().unique()
    keyed = [hmac.new(key, customer.encode(), hashlib.sha256).hexdigest()[:24] for customer in known]
    return customers.replace_strict(known, keyed, default=None, return_dtype=pl.String) if keyed else customers


def _flat(rows: pl.DataFrame, feed: Feed, config: Config) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Rows of any table but orders, checked against its contract; the second frame holds rows that break a rule."""
    contract = table(feed.table)
    if "line_number" in contract.columns and "line_number" not in feed.columns:
        rows = rows.with_columns(line_number=pl.int_range(1, pl.len() + 1).over(*contract.identity, VERSION))
    if "business_date" in contract.columns:
        rows = rows.with_columns(business_date=orders.business_date(rows, "returned_at", config))
    return split_by_contract(rows, contract)


def split_by_contract(rows: pl.DataFrame, contract: Table) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """`rows` that keep the contract's rules, and those that break one, with `reason`."""
    rows = rows.with_columns(payload_version=pl.lit(""), payload_hash=pl.lit(""))
    reasons = []
    for name, column in contract.columns.items():
        typed = (pl.col(name) if name in rows.columns else pl.lit(None)).cast(column.dtype)
        for rule, holds in column.validation_rules(typed).items():
            sentence = f"{name} is blank" if rule == "nullability" else f"{name} breaks the rule '{rule}' of {contract.name}"
            reasons.append(pl.when(~holds.fill_null(True)).then(pl.lit(sentence)))
    if contract.key == contract.identity:
        repeated = ~pl.struct(*contract.key, VERSION).is_first_distinct()
        reasons.append(pl.when(repeated).then(pl.lit(f"{', '.join(contract.key)} stands twice in the file with different rows")))
    judged = rows.with_columns(reason=pl.coalesce(reasons))
    return {contract.name: judged.filter(pl.col("reason").is_null())}, judged.filter(pl.col("reason").is_not_null())


def _newest_versions(frames: dict[str, pl.DataFrame], feed: Feed) -> tuple[dict[str, pl.DataFrame], pl.DataFrame, int]:
    """Keeps the newest version of each document in the file; returns the documents and the number of rows that were older."""
    contract = table(feed.table)
    rows = frames["order_lines" if feed.is_order_feed else feed.table]
    versions = rows.group_by(*contract.identity, VERSION).agg(source_rows=pl.len())
    newest = versions.filter(pl.col(VERSION) == pl.col(VERSION).max().over(*contract.identity))
    if newest.height < versions.height:
        frames = {name: frame.join(newest, on=[*contract.identity, VERSION], how="semi") for name, frame in frames.items()}
    return frames, newest, int(versions["source_rows"].sum()) - int(newest["source_rows"].sum())


def _payload_version(feed: Feed, frames: dict[str, pl.DataFrame], payload: Payload) -> str:
    """The date in the file's name where the feed gives a pattern, else the newest time in the file; then the name."""
    if feed.version.file_name:
        found = re.search(feed.version.file_name, payload.name)
        if not found or not found.groups():
            raise InputError(
                f"{payload.name} does not match version.file_name = '{feed.version.file_name}' of feed '{feed.name}'; rename the file or mend the pattern."
            )
        return f"{found[1]} {payload.name}"
    rows = frames[feed.table]
    times = [rows[name].cast(pl.Datetime("us")).max() for name, dtype in rows.schema.items() if dtype.is_temporal()]
    newest = max((str(time) for time in times if time is not None), default="")
    return f"{newest} {payload.name}"


def _stamp(frame: pl.DataFrame, contract: Table, version: str, payload_hash: str) -> pl.DataFrame:
    return contract.conform(frame.with_columns(payload_version=pl.lit(version), payload_hash=pl.lit(payload_hash)))


def _rejects(rows: pl.DataFrame, feed: Feed, payload: Payload) -> pl.DataFrame:
    bad = rows.filter(pl.col("problem").is_not_null())
    return _quarantine(bad, feed, payload, field=pl.col("problem_field"), value=pl.col("problem_value"), reason=pl.col("problem"))


def _late_rejects(rows: pl.DataFrame, feed: Feed, payload: Payload) -> pl.DataFrame:
    return _quarantine(rows, feed, payload, field=pl.lit(None, pl.String), value=pl.lit(None, pl.String), reason=pl.col("reason"))


def _bad_row_frame(bad: list[BadRow], feed: Feed, payload: Payload) -> pl.DataFrame:
    schema = {ROW: pl.UInt32, "reason": pl.String, "value": pl.String}
    frame = pl.DataFrame([(b.row_number, b.reason, b.value) for b in bad], schema=schema, orient="row")
    return _quarantine(
        frame, feed, payload, field=pl.lit(None, pl.String), value=pl.lit("(whole row, see the file)"), reason=pl.col("reason")
    )


def _quarantine(
    rows: pl.DataFrame, feed: Feed, payload: Payload, *, field: pl.Expr, value: pl.Expr, reason: pl.Expr
) -> pl.DataFrame:
    identity = [name for name in table(feed.table).identity if name in rows.columns and name != "channel"]
    document = (
        pl.concat_str([pl.col(name).cast(pl.String) for name in identity], separator=" ") if identity else pl.lit(None, pl.String)
    )
    return table("quarantine").conform(
        rows.select(
            feed=pl.lit(feed.name), file_name=pl.lit(payload.name), payload_hash=pl.lit(payload.hash), row_number=pl.col(ROW),
            document=document, field=field, value=value, reason=reason,
        )
    )  # fmt: skip
