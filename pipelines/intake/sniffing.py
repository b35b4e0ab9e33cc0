"""A file that nobody has described yet → a proposal of how to read it. Here: guesses, which a person sees. Not here: reading it (channels/files.py)."""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import polars as pl

from pipelines.channels.mapping import Feed, load_config
from pipelines.channels.readers import FORMATS, sheet_of
from pipelines.errors import InputError
from pipelines.settings import PROJECT

KNOWN = ("demo", "online_retail_ii.toml", "olist.toml")  # mappings of exports that are recognised by their columns
LEAST_COLUMNS = 4  # that a file has to share with a known export
LOOKED_AT = 500
TIMES = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M",
         "%d.%m.%Y", "%d-%m-%Y %H:%M", "%d-%m-%Y", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d")  # fmt: skip
# How exports call a field, without case, blanks and signs; the first that the file has is taken.
CALLED = {
    "orders": {
        "order_id": ("orderid", "ordernumber", "orderno", "order", "invoiceno", "invoice", "id", "name"),
        "sku": ("sku", "itemsku", "lineitemsku", "productsku", "stockcode", "article", "articlenumber", "itemcode", "item", "productid", "product"),
        "ordered_units": ("quantity", "qty", "units", "lineitemquantity", "amount", "pieces"),
        "unit_price_amount": ("unitprice", "price", "itemprice", "lineitemprice", "priceperunit"),
        "ordered_at": ("orderedat", "orderdate", "createdat", "date", "invoicedate", "purchasedate", "placed", "placedat", "datetime", "time"),
        "currency_code": ("currency", "currencycode"),
        "ship_to_country_code": ("shippingcountry", "shipcountry", "countrycode", "country"),
        "customer_key": ("customerid", "customer", "email", "emailaddress"),
        "description": ("description", "productname", "itemname", "title", "lineitemname"),
    },
    "stock_levels": {
        "sku": ("sku", "article", "itemcode", "item", "stockcode", "productid", "product"),
        "on_hand_units": ("onhand", "onhandunits", "stock", "quantity", "qty", "available", "units"),
        "observed_at": ("countedat", "observedat", "date", "asof", "updatedat", "time"),
        "location_id": ("location", "locationid", "warehouse", "store", "site"),
    },
    "products": {
        "sku": ("sku", "article", "itemcode", "item", "stockcode", "productid"),
        "description": ("description", "name", "productname", "title"),
        "category": ("category", "productcategory", "type", "group"),
        "brand": ("brand", "vendor", "manufacturer"),
    },
    "shipments": {
        "shipment_id": ("shipmentid", "parcel", "parcelid", "trackingnumber", "tracking"),
        "order_id": ("orderid", "ordernumber", "order"),
        "sku": ("sku", "article", "itemcode", "item"),
        "shipped_units": ("quantity", "qty", "units", "shippedunits"),
        "shipped_at": ("shippedat", "shipdate", "dispatched", "sentat", "date"),
        "delivered_at": ("deliveredat", "deliverydate", "arrived"),
        "carrier_code": ("carrier", "courier"),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Sniffed:
    """What a look at a file tells: its columns, its first rows as text, how it is written, the known export that it looks like."""

    name: str
    columns: list[str]
    rows: pl.DataFrame
    written: dict[str, str] = field(default_factory=dict)
    like: Feed | None = None


def sniff(content: bytes, name: str) -> Sniffed:
    """Looks at the heading and the first rows.

    Raises InputError when the file is of no kind that is read, or is none.
    """
    kind = FORMATS.get(Path(name).suffix.lower())
    if kind is None:
        raise InputError(f"{name} is of no kind that is read; export it as CSV, TSV, XLSX, Parquet or JSON lines.")
    if not content:
        raise InputError(f"{name} is empty; export it again.")
    rows, written = _looked_at(content, name, kind)
    known = [
        feed
        for feed in _known_exports()
        if len(feed.source_columns()) >= LEAST_COLUMNS and set(feed.source_columns()) <= set(rows.columns)
    ]
    return Sniffed(name, rows.columns, rows, written, max(known, key=lambda feed: len(feed.source_columns()), default=None))


def table_of(sniffed: Sniffed) -> str:
    """The table of which the file has the most fields, orders where it is a draw."""
    return max(CALLED, key=lambda table: len(guessed(sniffed, table)) / len(CALLED[table]) + (table == "orders") / 100)


def guessed(sniffed: Sniffed, table: str) -> dict[str, str]:
    """Which column each field of a table comes from, by the columns' names; a column serves one field."""
    plain = {re.sub(r"[^a-z0-9]", "", column.lower()): column for column in reversed(sniffed.columns)}
    found: dict[str, str] = {}
    for name, words in CALLED[table].items():
        column = next((plain[word] for word in words if word in plain and plain[word] not in found.values()), None)
        if column:
            found[name] = column
    return found


def drafted(sniffed: Sniffed, channel: str, table: str, columns: Mapping[str, str]) -> Feed:
    """The feed that reads files like this one.

    Raises InputError when a field comes from no column that it could.
    """
    if sniffed.like:
        return sniffed.like.model_copy(
            update={"name": f"{channel}_{sniffed.like.table}", "channel": channel, "files": _pattern(sniffed.name)}
        )
    more: dict[str, object] = dict(sniffed.written)
    times = [column for name, column in columns.items() if name.endswith("_at")]
    form = next((form for column in times if (form := time_format(sniffed.rows[column]))), None)
    if form:
        more["datetime_format"] = form
    if any(_has_decimal_comma(sniffed.rows[column]) for name, column in columns.items() if name.endswith(("_amount", "_units"))):
        more["decimal_comma"] = True
    return Feed(
        name=f"{channel}_{table}", channel=channel, table=table, files=_pattern(sniffed.name), columns=dict(columns), **more
    )  # type: ignore[arg-type]


def time_format(values: pl.Series) -> str | None:
    """The first form in which every value can be read; none where they are ISO 8601, or no form fits. Days stand before months."""
    told = (
        values.cast(pl.String).str.strip_chars().drop_nulls().filter(values.drop_nulls().cast(pl.String).str.strip_chars() != "")
    )
    if told.is_empty() or told.str.contains(r"^\d{4}-\d{2}-\d{2}").all():
        return None
    return next((form for form in TIMES if not told.str.strptime(pl.Datetime("us"), form, strict=False).has_nulls()), None)


def _has_decimal_comma(values: pl.Series) -> bool:
    return (
        values.cast(pl.String).str.contains(r",\d{1,2}$").any() and not values.cast(pl.String).str.contains(r"\.\d{1,2}$").any()
    )


def _pattern(name: str) -> str:
    """The files that are called alike: what is a date or number in the name may differ."""
    return re.sub(r"\d[\d_-]*", "*", Path(name).name)


def _looked_at(content: bytes, name: str, kind: str) -> tuple[pl.DataFrame, dict[str, str]]:
    try:
        if kind == "parquet":
            return pl.read_parquet(io.BytesIO(content)).head(LOOKED_AT), {}
        if kind == "xlsx":
            return sheet_of(content, name).head(LOOKED_AT), {}
        encoding = "utf-8" if _is_utf8(content) else "cp1252"
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="replace")
        written = {} if encoding == "utf-8" else {"encoding": encoding}
        if kind == "jsonl":
            return pl.DataFrame(
                [_flat(json.loads(line)) for line in text.splitlines()[:LOOKED_AT] if line.strip()], infer_schema_length=None
            ), written
        heading = text.splitlines()[0]
        separator = "\t" if kind == "tsv" else max(",;\t|", key=heading.count)
        rows = pl.read_csv(
            io.StringIO(text), separator=separator, infer_schema=False, n_rows=LOOKED_AT, truncate_ragged_lines=True
        )
        return rows, written | ({} if separator == "," or kind == "tsv" else {"delimiter": separator})
    except (pl.exceptions.PolarsError, ValueError, IndexError, csv.Error, OSError) as problem:
        raise InputError(f"{name} can't be read ({str(problem).splitlines()[0][:120]}); export it again.") from problem


def _flat(record: object) -> dict[str, str]:
    if not isinstance(record, dict):
        raise ValueError("a line is not a JSON object")
    return {name: str(value) for name, value in record.items() if not isinstance(value, (dict, list))}


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@cache
def _known_exports() -> tuple[Feed, ...]:
    return tuple(feed for name in KNOWN for feed in load_config(PROJECT / "data" / "mappings" / name).feeds)
