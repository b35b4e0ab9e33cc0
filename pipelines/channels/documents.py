"""Raw rows of records → ledger frames, what can't be read named. Here: types, rules, provenance. Not here: any platform's fields."""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import dataframely as dy
import polars as pl

from pipelines.channels.base import Context, RecordStream, Rows
from pipelines.channels.decode import faults
from pipelines.channels.fields import kind_of
from pipelines.channels.mapping import PROVENANCE
from pipelines.channels.payloads import Parsed, Payload
from pipelines.contracts import Table, table

ISO_PLAIN, ISO_AWARE, ISO_NAIVE = "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f"
EPOCH = r"^[1-9]\d{0,10}$"
INSTANT = pl.Datetime("us", "UTC")
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
LARGEST = 10**11  # of one amount or count, so that sums of a thousand still fit the ledger's types
INHERITED = ("channel", "order_id", "currency_code", "ordered_at")
PERSONAL = ("customer_key", "email_key", "phone_key")


def parse_records(stream: RecordStream, feed: str, payload: Payload, records: pl.DataFrame, context: Context) -> Parsed:
    """Everything that landed records say, ready to merge; of a record that is broken in part, the rest is kept.

    `records` has source_id, source_version, fetched_at and payload, one row per record.
    """
    told = stream.parse(records["payload"], records, context)
    typed: dict[str, pl.DataFrame] = {}
    found = [told.faults]
    for rows in told.rows:
        frame, wrong = type_rows(rows, INHERITED if typed else ())
        typed[rows.table] = pl.concat([typed[rows.table], frame], how="diagonal") if rows.table in typed else frame
        found.append(wrong)
    wrong = pl.concat(found)
    head, *others = dict.fromkeys(rows.table for rows in told.rows)
    kept = typed[head]["record"]
    for name in others:
        typed[name] = typed[name].filter(pl.col("record").is_in(kept.implode()))
    if "is_incomplete" in table(head).columns:
        partly = wrong.filter(pl.col("part") != "")["record"].unique()
        typed[head] = typed[head].with_columns(is_incomplete=pl.col("record").is_in(partly.implode()))
    frames, broken = _without_blanks(told.finish(typed))
    wrong, kept = pl.concat([wrong, broken]), frames[head]["record"]
    frames, documents, superseded = _newest(frames, table(stream.table), records)
    stamped = {
        name: _stamped(frames[name], table(name), feed, payload.hash if name == stream.table else None)
        for name in (stream.table, *sorted(set(frames) - {stream.table}))
    }
    lost = set(range(records.height)) - set(kept)
    quarantine = _quarantine(wrong, lost, records, feed, payload)
    return Parsed(stamped, documents, quarantine, records.height, superseded)


def type_rows(rows: Rows, inherited: tuple[str, ...] = ()) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows in their contract's types, without those that lack a required field, and the faults of all.

    Fields that rows `inherited` from the record's own row are what that one says, and fall with it.
    """
    contract = table(rows.table)
    columns = [name for name in rows.frame.columns if name in contract.columns and name not in inherited]
    raw = rows.frame
    texts = [name for name in columns if raw.schema[name] == pl.String]
    typed = raw.with_columns(_converted(name, contract.columns[name]) for name in texts)
    found, is_lost = [], pl.lit(False)
    for name in columns:
        if not typed[name].null_count():
            continue
        is_blank = typed[name].is_null()
        is_given = raw[name].is_not_null() & (raw[name] != "") if raw.schema[name] == pl.String else raw[name].is_not_null()
        wrong = is_given & is_blank
        missing = is_blank if name in rows.required else wrong
        if missing.any():
            found.append(_unread(rows, name, wrong, missing))
        if name in rows.required:
            is_lost = is_lost | pl.col(name).is_null()
    kept = typed.filter(~is_lost)
    filled = [
        pl.col(name).fill_null(pl.lit(value).cast(kept.schema[name]))
        for name, value in rows.defaults.items()
        if name in kept.columns
    ]
    return kept.with_columns(filled), pl.concat([faults([]), *found])


def _unread(rows: Rows, name: str, wrong: pl.Series, missing: pl.Series) -> pl.DataFrame:
    """The faults of one field: `missing` of the rows lack it, and those that are `wrong` give something else."""
    value = pl.lit("(masked)") if name in PERSONAL else pl.col(name).cast(pl.String).str.slice(0, 80)
    sentence = pl.lit(f"{name} can't be read as {kind_of(table(rows.table).columns[name])}")
    bad = rows.frame.with_columns(_wrong=wrong).filter(missing).rechunk().select(
        "record", part=rows.place, field=pl.lit(name), value=value,
        reason=pl.when("_wrong").then(sentence).otherwise(pl.lit(f"{name} is blank")),
    )  # fmt: skip
    return bad.with_columns(part=pl.when(pl.col("part") == "").then(pl.lit(name)).otherwise("part"))


def _without_blanks(frames: dict[str, pl.DataFrame]) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Frames without rows that lack what the contract demands, and the faults that say so: the last look before the ledger."""
    found = [faults([])]
    for name, frame in frames.items():
        demanded = [
            c for c, column in table(name).columns.items() if not column.nullable and c not in PROVENANCE and c in frame.columns
        ]
        for column in demanded:
            if frame[column].null_count():
                bad = frame.filter(pl.col(column).is_null())
                found.append(faults([(record, name, column, None, f"{column} of {name} is blank") for record in bad["record"]]))
                frame = frame.filter(pl.col(column).is_not_null())  # noqa: PLW2901
        frames = frames | {name: frame}
    return frames, pl.concat(found)


def _converted(name: str, column: dy.Column) -> pl.Expr:
    raw, dtype = pl.col(name), column.dtype
    if dtype == pl.String:
        text = pl.when(raw.str.strip_chars().str.len_bytes() > 0).then(raw.str.strip_chars())
        pattern = column.regex if isinstance(column, dy.String) else None
        return (pl.when(text.str.contains(pattern)).then(text) if pattern else text).alias(name)
    if isinstance(dtype, pl.Datetime):
        return instant(raw).alias(name)
    if dtype == pl.Boolean:
        return pl.when(raw == "true").then(True).when(raw == "false").then(False).alias(name)
    if dtype == pl.Date:
        return raw.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).alias(name)
    number = raw.cast(dtype, strict=False)
    return pl.when(number.is_between(-LARGEST, LARGEST)).then(number).alias(name)


def instant(raw: pl.Expr) -> pl.Expr:
    """ISO 8601 text as a UTC instant; without a zone it is UTC. Years before 1900 and after 9999 are null."""
    return raw.map_batches(_instants, return_dtype=INSTANT)


def _instants(texts: pl.Series) -> pl.Series:
    """Nearly all are written alike, to the second and in UTC, and read at a tenth of the cost; the others one way after the other."""
    name = texts.name
    times = texts.str.to_datetime(ISO_PLAIN, time_unit="us", strict=False, cache=False).dt.replace_time_zone("UTC")
    if times.null_count() > texts.null_count():
        aware = texts.str.to_datetime(ISO_AWARE, time_unit="us", time_zone="UTC", strict=False)
        naive = texts.str.to_datetime(ISO_NAIVE, time_unit="us", strict=False).dt.replace_time_zone("UTC")
        times = pl.select(pl.coalesce(times, aware, naive)).to_series()
    return pl.select(pl.when(times.is_between(FIRST, LAST)).then(times)).to_series().rename(name)


def epoch(raw: pl.Expr) -> pl.Expr:
    """Seconds since 1970 (text) as ISO 8601 text; what is no such number stays as written, so that it is refused and named."""
    seconds = pl.when(raw.str.contains(EPOCH)).then(raw).cast(pl.Int64, strict=False)
    return pl.coalesce(pl.from_epoch(seconds, "s").dt.strftime(ISO_PLAIN), pl.format("{} s", raw))


def money(raw: pl.Expr) -> pl.Expr:
    """Text as an amount, null where it can't be read as one."""
    amount = raw.cast(pl.Decimal(18, 4), strict=False)
    return pl.when(amount.is_between(-LARGEST, LARGEST)).then(amount)


def coded(raw: pl.Expr, words: Mapping[str, str]) -> pl.Expr:
    """A platform's word in the ledger's; one that is not known stays as it is, so that the contract refuses it and names it."""
    return raw.replace_strict(list(words), list(words.values()), default=raw, return_dtype=pl.String)


def summed(amounts: pl.Expr, inner: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """The sum of the amounts (text) in a list of objects; null where one can't be read or there is no list."""
    read = money(inner(pl.element()))
    is_whole = ~amounts.list.agg(read.is_null().any())
    return pl.when(is_whole).then(amounts.list.agg(read.sum())).cast(pl.Decimal(18, 4))


def exploded(frame: pl.DataFrame, keep: Sequence[str], nested: pl.Expr, position: str) -> pl.DataFrame:
    """One row per element of a list of objects, its fields as columns beside those to `keep` and its `position` in the list."""
    rows = frame.select(*keep, _of=nested).with_columns(pl.int_ranges(pl.col("_of").list.len().fill_null(0)).alias(position))
    return rows.explode("_of", position, empty_as_null=False, keep_nulls=False).unnest("_of")


def local_date(time: pl.Expr, context: Context) -> pl.Expr:
    """The channel's business date of an instant."""
    return time.dt.convert_time_zone(context.time_zone).dt.date()


def pseudonyms(key: bytes) -> Callable[[pl.Series], pl.Series]:
    """A function that turns customers' ids, addresses and numbers into keyed pseudonyms: equal ones stay equal."""

    def keyed(values: pl.Series) -> pl.Series:
        known = values.drop_nulls().unique()
        names = [hmac.digest(key, value.strip().lower().encode("utf-8", "replace"), hashlib.sha256).hex()[:24] for value in known]
        return values.replace_strict(known, names, default=None, return_dtype=pl.String) if names else values.cast(pl.String)

    return keyed


def numbered(frame: pl.DataFrame, *document: str) -> pl.DataFrame:
    """`frame` with line_number: the position of each row within its document, from 1."""
    return frame.with_columns(line_number=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(*document))


def unchanged(frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """For streams whose typed rows are the ledger's."""
    return frames


def _newest(
    frames: dict[str, pl.DataFrame], contract: Table, records: pl.DataFrame
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame, int]:
    """Keeps the newest version of each document of the batch; its version and time of fetching go to all its rows."""
    origin = records.select("source_version", payload_version=pl.col("fetched_at")).with_row_index("record")
    origin = origin.with_columns(pl.col("record").cast(pl.Int64))
    head = first_of(frames[contract.name].select(*contract.identity, "record"), (*contract.identity, "record")).join(
        origin, on="record", maintain_order="left"
    )
    newest = head
    if not is_unique(head, contract.identity):
        newest = head.sort("source_version", "payload_version", "record").unique([*contract.identity], keep="last")
    newest = newest.with_columns(
        document_id=pl.concat_str([name for name in contract.identity if name != "channel"], separator=" ")
    )
    chosen = newest.select("record", "document_id", "source_version", "payload_version")
    of_others = chosen.select("record", "document_id")
    kept = {
        name: frame.join(chosen if name == contract.name else of_others, on="record", how="inner", maintain_order="left")
        for name, frame in frames.items()
    }
    documents = newest.select(*contract.identity, "source_version", "document_id", source_rows=pl.lit(1, pl.Int64))
    return kept, documents, head.height - newest.height


def is_unique(frame: pl.DataFrame, key: Sequence[str]) -> bool:
    """Whether no key stands twice; two keys of one hash are taken for a repetition, so that False asks for a closer look."""
    return frame.select(key).hash_rows().n_unique() == frame.height


def first_of(frame: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The first row of each key, in order; nearly always every row, which costs a fifth of removing repetitions to find out."""
    return frame if is_unique(frame, key) else frame.unique([*key], keep="first", maintain_order=True)


def _stamped(frame: pl.DataFrame, contract: Table, feed: str, payload_hash: str | None) -> pl.DataFrame:
    unique = first_of(frame, contract.key)
    return contract.conform(unique.with_columns(feed=pl.lit(feed), payload_hash=pl.lit(payload_hash, pl.String)))


def _quarantine(wrong: pl.DataFrame, lost: set[int], records: pl.DataFrame, feed: str, payload: Payload) -> pl.DataFrame:
    """The first fault of each record that is lost, and the first fault of each part that others lack."""
    silent = lost - set(wrong["record"])
    wrong = pl.concat([wrong, faults([(record, "", None, None, "it can't be read") for record in sorted(silent)])])
    gone = pl.col("record").is_in(sorted(lost))
    of_lost = wrong.filter(gone).unique("record", keep="first", maintain_order=True).with_columns(part=pl.lit(""))
    of_parts = wrong.filter(~gone).unique(["record", "part"], keep="first", maintain_order=True)
    named = pl.concat([of_lost, of_parts]).join(
        records.select(document="source_id").with_row_index("record").with_columns(pl.col("record").cast(pl.Int64)), on="record"
    )
    return table("quarantine").conform(
        named.select(
            "part", "document", "field", "value", "reason", feed=pl.lit(feed), payload_hash=pl.lit(payload.hash),
            file_name=pl.lit(payload.name), row_number=pl.col("record") + 1,
        )
    )  # fmt: skip
