"""The `files` channel: one landed file and its mapping → ledger frames. Here: rows to documents. Not here: reading formats, orders' arithmetic."""

import re
from dataclasses import dataclass, replace

import polars as pl

from pipelines.channels import orders
from pipelines.channels.currencies import without_rates
from pipelines.channels.documents import pseudonyms
from pipelines.channels.fields import Reading, convert, is_given, kind_of
from pipelines.channels.mapping import ROW, Config, Feed, Source
from pipelines.channels.payloads import Parsed, Payload
from pipelines.channels.readers import BadRow, read
from pipelines.contracts import Table, table
from pipelines.errors import InputError

Constant = str | int | float | bool
DEFAULTS: dict[str, Constant] = {
    "order_kind": "sale", "payment_status": "unknown", "cancelled_units": 0, "discount_amount": 0, "shipping_amount": 0,
    "tax_amount": 0, "duty_amount": 0, "is_changed": False, "is_test": False, "is_expedited": False, "is_gift": False, "is_customised": False, "has_note": False,  # noqa: E501
    "is_cancelled": False, "is_goods": True, "is_gift_card": False, "is_closed": False, "unsellable_units": 0, "priority": 1,
    "location_kind": "warehouse", "refund_amount": 0, "discount_rate": 0.0, "order_discount_amount": 0, "order_shipping_amount": 0,
    "order_tax_amount": 0, "order_duty_amount": 0, "adjustment_amount": 0, "goods_amount": 0, "fee_amount": 0, "refunded_units": 0,
    "restock_kind": "unknown",
}  # fmt: skip
PERSONAL = ("customer_key", "email_key", "phone_key")
VERSION = "source_version"
PRICED_IN_REPORTING = ("supplier_terms", "suppliers")  # where their files name no currency
VERSION_KINDS = {"instant": "a time", "number": "a number from 0", "text": "text"}


@dataclass(frozen=True)
class Fault:
    """What may be wrong with one field of a row, and how to say it."""

    field: str
    origin: str
    is_stated: pl.Expr
    kind: str
    is_required: bool = False
    is_personal: bool = False


def parse(feed: Feed, config: Config, payload: Payload, pseudonym_key: bytes) -> Parsed:
    """Reads the payload through its feed's mapping.

    Raises InputError when the file as a whole can't be used; rows that can't be read are in `quarantine`, each with its reason.
    """
    raw, bad_rows = read(feed, payload.content(), payload.name)
    raw = raw.with_columns(pl.col(column).forward_fill() for column in feed.fill_down)
    if feed.where:
        raw = raw.filter(pl.sql_expr(feed.where))
    rows = _in_known_currencies(_typed(feed, config, raw, payload.name, pseudonym_key), feed, config)
    repeated = 0
    if feed.is_order_feed:
        frames, late = orders.build(rows, feed, config)
    else:
        frames, late, repeated = _flat(rows.filter(pl.col("problem").is_null()), feed, config)
    quarantine = pl.concat(
        [_rejects(rows, feed, payload), _bad_row_frame(bad_rows, feed, payload), _late_rejects(late, feed, payload)]
    )
    frames, documents, superseded = _newest_versions(frames, feed)
    version = _payload_version(feed, rows, documents, payload)
    stamped = {name: _stamp(frame, table(name), feed.name, version, payload.hash) for name, frame in frames.items()}
    return Parsed(stamped, documents, quarantine, raw.height + len(bad_rows), superseded + repeated)


def _typed(feed: Feed, config: Config, raw: pl.DataFrame, name: str, pseudonym_key: bytes) -> pl.DataFrame:
    """Every mapped field in its contract's type, plus `problem`, `problem_field` and `problem_value` of rows that can't be read."""
    sources = sources_of(feed, config)
    given = _given(feed, sources, raw, name)
    fields = feed.fields()
    typed, faults = [], []
    for field, source in sources.items():
        column, dtype = fields[field], given.schema[f"raw.{field}"]
        is_stated = is_given(pl.col(f"raw.{field}"), dtype)
        value = _converted(feed, config, field, source, dtype)
        if field in DEFAULTS:
            value = pl.when(is_stated).then(value).otherwise(pl.lit(DEFAULTS[field]).cast(column.dtype))
        typed.append(value.alias(field))
        is_required = feed.needs(field) and field not in _stated_once(feed)
        faults.append(Fault(field, source.column or field, is_stated, kind_of(column), is_required, _is_personal(feed, field)))
    version, dtype = feed.version.column, given.schema[f"raw.{VERSION}"]
    typed.append(_version(feed, config, dtype).alias(VERSION))
    faults.append(Fault(VERSION, version or VERSION, is_given(pl.col(f"raw.{VERSION}"), dtype), VERSION_KINDS[feed.version.kind]))
    try:
        rows = given.with_columns(typed).with_columns(_first_problem(faults)).select(pl.exclude(r"^raw\..*$"))
    except pl.exceptions.PolarsError as problem:
        raise InputError(
            f"{name} can't be read with feed '{feed.name}': {str(problem).splitlines()[0]}; mend its columns."
        ) from problem
    if feed.is_order_feed and "cancelled_units" in feed.columns:
        rows = orders.refuse_contradictions(rows)
    pseudonym = pseudonyms(pseudonym_key)
    rows = rows.with_columns(pseudonym(rows[name]).alias(name) for name in PERSONAL if name in rows.columns)
    return _with_version_of_the_document(rows, feed)


def _in_known_currencies(rows: pl.DataFrame, feed: Feed, config: Config) -> pl.DataFrame:
    """Rows with the problem of those whose money could never be converted."""
    if "currency_code" not in feed.columns:
        return rows
    stated = {config.merchant.reporting_currency, *(channel.currency for channel in config.channels)}
    unknown = without_rates(rows["currency_code"].drop_nulls().unique(), [code for code in stated if code])
    if not unknown:
        return rows
    is_new = pl.col("problem").is_null() & pl.col("currency_code").is_in(sorted(unknown))
    name = feed.columns["currency_code"].column or "currency_code"
    said = pl.format(
        "no exchange rates are known for {}; write a currency that the ECB fixes, or the amount in one", "currency_code"
    )
    return rows.with_columns(
        problem=pl.when(is_new).then(said).otherwise("problem"),
        problem_field=pl.when(is_new).then(pl.lit(name)).otherwise("problem_field"),
        problem_value=pl.when(is_new).then("currency_code").otherwise("problem_value"),
    )


def _given(feed: Feed, sources: dict[str, Source], raw: pl.DataFrame, name: str) -> pl.DataFrame:
    """What the file holds for each field, as `raw.<field>`, and for the version; columns are known by fields from here on."""
    version = Source(column=feed.version.column) if feed.version.column else Source(value="")
    given = [_evaluate(feed, field, source, raw, name) for field, source in (sources | {VERSION: version}).items()]
    return pl.DataFrame([raw[ROW], *given])


def _converted(feed: Feed, config: Config, field: str, source: Source, dtype: pl.DataType) -> pl.Expr:
    """The field in its contract's type; a local time on the clock of its row's channel where the mapping states no zone."""
    given, column = pl.col(f"raw.{field}"), feed.fields()[field]
    value = convert(given, dtype, column, _reading(feed, config, source))
    if "channel" in feed.columns and isinstance(column.dtype, pl.Datetime) and not (source.time_zone or feed.time_zone):
        of_row = pl.col("raw.channel").cast(pl.String).str.strip_chars()
        for channel in config.channels:
            reading = replace(_reading(feed, config, source), time_zone=channel.time_zone)
            value = pl.when(of_row == channel.name).then(convert(given, dtype, column, reading)).otherwise(value)
    return value


def _is_personal(feed: Feed, field: str) -> bool:
    """True where the field, or a column that it reads, tells who the customer is."""
    personal = {column for name in PERSONAL if name in feed.columns for column in feed.columns[name].columns()}
    return field in PERSONAL or (field in feed.columns and bool(feed.columns[field].columns() & personal))


def sources_of(feed: Feed, config: Config) -> dict[str, Source]:
    """The feed's sources, and constants for what the feed or the contract supplies.

    Raises InputError naming a required field that the feed doesn't map.
    """
    fields, channel = feed.fields(), config.channel(feed.channel)
    implied: dict[str, Constant | None] = {"channel": feed.channel or None, "location_id": channel.location, **DEFAULTS}
    currency = (
        feed.currency or channel.currency or (config.merchant.reporting_currency if feed.table in PRICED_IN_REPORTING else None)
    )
    implied |= {"currency_code": currency}
    constants = {name: Source(value=value) for name, value in implied.items() if name in fields and value is not None}
    for name, column in fields.items():
        is_supplied = name in feed.columns or name in constants or orders.can_derive(name, feed)
        if feed.needs(name) and not is_supplied:
            raise InputError(
                f"Feed '{feed.name}' does not say where {name} comes from ({column.description}); map it under [feed.columns]."
            )
    return constants | dict(feed.columns)


def _evaluate(feed: Feed, field: str, source: Source, raw: pl.DataFrame, name: str) -> pl.Series:
    """The source over every row of the file, in a type that `convert` knows."""
    try:
        value = raw.select(pl.repeat(None, pl.len()).alias("_"), source.expression().alias(f"raw.{field}"))[f"raw.{field}"]
        is_plain = value.dtype.is_numeric() or value.dtype in (pl.String, pl.Boolean, pl.Date, pl.Datetime)
        return value if is_plain else value.cast(pl.String)
    except pl.exceptions.PolarsError as problem:
        reason = str(problem).splitlines()[0]
        mend = "mend its sql (TRY_CAST reads text as a number)" if source.sql else "map a column of plain values"
        raise InputError(f"Feed '{feed.name}' can't compute {field} from {name}: {reason}; {mend}.") from problem


def _reading(feed: Feed, config: Config, source: Source) -> Reading:
    zone = source.time_zone or feed.time_zone or config.channel(feed.channel).time_zone
    return Reading(zone, source.format or feed.datetime_format, feed.decimal_comma)


def _stated_once(feed: Feed) -> frozenset[str]:
    """Fields that an order states once, or that its lines take from it, so that a line may leave them blank."""
    if not feed.is_order_feed:
        return frozenset()
    return frozenset(table("orders").columns) - set(table("order_lines").columns) | {"currency_code", "line_at"}


def _first_problem(faults: list[Fault]) -> list[pl.Expr]:
    """Reason, field and value of the first fault of each row; null where it has none."""
    reason, field, value = pl.lit(None, pl.String), pl.lit(None, pl.String), pl.lit(None, pl.String)
    for fault in reversed(faults):
        written = pl.lit("(masked)") if fault.is_personal else pl.col(f"raw.{fault.field}").cast(pl.String).str.slice(0, 80)
        is_missing = pl.col(fault.field).is_null()
        unreadable = fault.is_stated & is_missing
        wrong = unreadable | (is_missing if fault.is_required else pl.lit(False))
        sentence = pl.when(unreadable).then(pl.lit(f"{fault.origin} can't be read as {fault.kind}"))
        reason = pl.when(wrong).then(sentence.otherwise(pl.lit(f"{fault.origin} is blank"))).otherwise(reason)
        field = pl.when(wrong).then(pl.lit(fault.origin)).otherwise(field)
        value = pl.when(wrong).then(written).otherwise(value)
    return [reason.alias("problem"), field.alias("problem_field"), value.alias("problem_value")]


def _version(feed: Feed, config: Config, dtype: pl.DataType) -> pl.Expr:
    """The record's own version as text that sorts; null where it is blank or can't be read, empty where the feed has none."""
    given = pl.col(f"raw.{VERSION}")
    if feed.version.column is None:
        return pl.lit("")
    if feed.version.kind == "text":
        return convert(given, dtype, table("orders").columns[VERSION], Reading("UTC"))
    if feed.version.kind == "number":
        number = given.cast(pl.String).str.strip_chars().cast(pl.Decimal(38, 6), strict=False)
        return pl.when(number >= 0).then(number.cast(pl.String).str.zfill(40))
    reading = replace(_reading(feed, config, Source(column="-")), datetime_format=feed.version.format or feed.datetime_format)
    instant = convert(given, dtype, table("orders").columns["ordered_at"], reading)
    return instant.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")


def _with_version_of_the_document(rows: pl.DataFrame, feed: Feed) -> pl.DataFrame:
    """A row that leaves the version blank has the one stated above it for the same document, else below it, else none."""
    if rows[VERSION].null_count():
        stated = pl.col(VERSION).forward_fill().backward_fill().over(*table(feed.table).identity)
        rows = rows.with_columns(stated)
    return rows.with_columns(pl.col(VERSION).fill_null(""))


def _flat(rows: pl.DataFrame, feed: Feed, config: Config) -> tuple[dict[str, pl.DataFrame], pl.DataFrame, int]:
    """Rows of any table but orders, checked against its contract; rows that break a rule; how many repeated another exactly."""
    contract = table(feed.table)
    if "line_number" in contract.columns and "line_number" not in feed.columns:
        rows = rows.with_columns(line_number=pl.int_range(1, pl.len() + 1).over(*contract.identity, VERSION))
    if "business_date" in contract.columns:
        rows = rows.with_columns(business_date=orders.business_date(rows, f"{feed.table.removesuffix('s')}ed_at", config))
    distinct = rows.unique([name for name in contract.columns if name in rows.columns], keep="first", maintain_order=True)
    return *split_by_contract(distinct, contract), rows.height - distinct.height


def split_by_contract(rows: pl.DataFrame, contract: Table) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """`rows` that keep the contract's rules, and those that break one, with `rejection`."""
    rows = rows.with_columns(feed=pl.lit(""), payload_version=pl.lit(""), payload_hash=pl.lit(""))
    reasons = []
    for name, column in contract.columns.items():
        typed = (pl.col(name) if name in rows.columns else pl.lit(None)).cast(column.dtype)
        for rule, holds in column.validation_rules(typed).items():
            sentence = f"{name} is blank" if rule == "nullability" else f"{name} breaks the rule '{rule}' of {contract.name}"
            reasons.append(pl.when(~holds.fill_null(True)).then(pl.lit(sentence)))
    repeated = ~pl.struct(*contract.key, VERSION).is_first_distinct()
    reasons.append(pl.when(repeated).then(pl.lit(f"{', '.join(contract.key)} stands twice in the file with different rows")))
    judged = rows.with_columns(rejection=pl.coalesce(reasons))
    return {contract.name: judged.filter(pl.col("rejection").is_null())}, judged.filter(pl.col("rejection").is_not_null())


def _newest_versions(frames: dict[str, pl.DataFrame], feed: Feed) -> tuple[dict[str, pl.DataFrame], pl.DataFrame, int]:
    """Keeps the newest version of each document in the file; returns the documents and the number of rows that were older."""
    contract = table(feed.table)
    rows = frames["order_lines" if feed.is_order_feed else feed.table]
    versions = rows.group_by(*contract.identity, VERSION).agg(source_rows=pl.len())
    newest = versions.filter(pl.col(VERSION) == pl.col(VERSION).max().over(*contract.identity))
    if newest.height < versions.height:
        frames = {name: frame.join(newest, on=[*contract.identity, VERSION], how="semi") for name, frame in frames.items()}
    newest = newest.with_columns(document_id=pl.lit(None, pl.String))
    return frames, newest, int(versions["source_rows"].sum()) - int(newest["source_rows"].sum())


def _payload_version(feed: Feed, rows: pl.DataFrame, documents: pl.DataFrame, payload: Payload) -> str:
    """The date in the file's name where the feed gives a pattern, else the newest instant in its rows that count; then the name, 9 before 10,
    and when it landed. Dates are no instants: those of master data tell what it says, not when it was said."""
    name = re.sub(r"\d+", lambda digits: digits[0].zfill(12), payload.name)
    if feed.version.file_name:
        found = re.search(feed.version.file_name, payload.name)
        if not found or not found.groups():
            raise InputError(
                f"{payload.name} does not match version.file_name = '{feed.version.file_name}' of feed '{feed.name}'; rename the file or mend the pattern."
            )
        return f"{found[1]} {name} {payload.landed_at} {feed.name}"
    counted = rows.filter(pl.col("problem").is_null()).join(documents, on=[*table(feed.table).identity, VERSION], how="semi")
    times = [
        pl.col(name).max().cast(pl.Datetime("us")) for name, dtype in counted.schema.items() if isinstance(dtype, pl.Datetime)
    ]
    newest = counted.select(pl.max_horizontal(times).cast(pl.String)).item() if times else None
    return f"{newest or ''} {name} {payload.landed_at} {feed.name}"


def _stamp(frame: pl.DataFrame, contract: Table, feed: str, version: str, payload_hash: str) -> pl.DataFrame:
    provenance = {"feed": pl.lit(feed), "payload_version": pl.lit(version), "payload_hash": pl.lit(payload_hash)}
    return contract.conform(frame.with_columns(**provenance))


def _rejects(rows: pl.DataFrame, feed: Feed, payload: Payload) -> pl.DataFrame:
    bad = rows.filter(pl.col("problem").is_not_null())
    return _quarantine(bad, feed, payload, field=pl.col("problem_field"), value=pl.col("problem_value"), reason=pl.col("problem"))


def _late_rejects(rows: pl.DataFrame, feed: Feed, payload: Payload) -> pl.DataFrame:
    return _quarantine(
        rows, feed, payload, field=pl.lit(None, pl.String), value=pl.lit(None, pl.String), reason=pl.col("rejection")
    )


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
            part=pl.lit(""),
            document=document, field=field, value=value, reason=reason,
        )
    )  # fmt: skip
