"""The German marketplace's workbook of market_de: one row per line, postage on an order's first row, dates as text.

Not here: other XLSX files.
"""

from datetime import datetime
from pathlib import Path

import polars as pl
import xlsxwriter

from pipelines.demo.damage import locate, spoil
from pipelines.demo.days import SELLER_CANCELLED
from pipelines.demo.exports.common import Desk, instant, joined, lookup, money
from pipelines.demo.pool import Batch
from pipelines.demo.world import CHANNELS, MARKET_DE

SHEET = "Bestellungen"
MOST_ROWS = 1_000_000
FIELDS = {"order_id": "Bestellnummer", "quantity": "Menge", "date": "Bestelldatum", "price": "Einzelpreis"}
_NUMBERS = ("Menge", "Einzelpreis", "Rabatt", "Versandkosten")
_LOCAL = "%d.%m.%Y %H:%M:%S"


def write(batch: Batch, desk: Desk) -> None:
    """Writes one export as one workbook, or as numbered ones if it is too long for a sheet."""
    rows = spoil(joined(batch).select("bad", "copy", **_columns(desk)), FIELDS, desk.damages)
    parts = _parts(rows)
    for number, part in enumerate(parts, 1):
        suffix = f"_{number}" if len(parts) > 1 else ""
        name = f"market_de/bestellungen_{desk.export.date}{suffix}.xlsx"
        desk.found += locate(part, name, FIELDS, desk.damages)
        _write_workbook(part.drop("bad", "copy"), desk.file(name), desk.export.date)


def _columns(desk: Desk) -> dict[str, pl.Expr]:
    zone = CHANNELS[MARKET_DE].time_zone
    refused = pl.col("fate") == SELLER_CANCELLED
    cancelled = pl.when(refused).then(pl.lit("storniert (nicht lieferbar)")).otherwise(pl.lit("storniert"))
    return {
        "Bestellnummer": pl.col("order_id"),
        "Bestelldatum": instant("ordered_at", _LOCAL, zone),
        "SKU": lookup("sku", desk.world.sku),
        "Artikel": lookup("sku", desk.world.description),
        "Menge": pl.col("qty").cast(pl.String),
        "Einzelpreis": money("price"),
        "Rabatt": money("discount"),
        "Versandkosten": money(pl.when("is_first").then("shipping").otherwise(0)),
        "Status": pl.when("is_cancelled").then(cancelled).when("is_shipped").then(pl.lit("versendet")).otherwise(pl.lit("offen")),
        "Storniert am": pl.when("is_cancelled").then(instant("cancel_at", _LOCAL, zone)),
        "PLZ": lookup("place", desk.world.places.postal_code),
        "Land": lookup("place", desk.world.places.country),
        "Express": pl.when("is_expedited").then(pl.lit("ja")).otherwise(pl.lit("nein")),
        "Lieferart": pl.lit("Paket"),
    }


def _parts(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows of one workbook each, cut between two orders."""
    parts = []
    while len(rows) > MOST_ROWS:
        cut = rows["copy"].search_sorted(rows["copy"][MOST_ROWS])
        parts.append(rows[:cut])
        rows = rows[cut:]
    return [*parts, rows]


def _write_workbook(rows: pl.DataFrame, path: Path, exported: object) -> None:
    """Writes a sheet of text cells and number cells; a number that is none stays text."""
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    book.set_properties({"created": datetime(2000, 1, 1), "author": "Marktplatz", "title": f"{SHEET} {exported}"})
    sheet = book.add_worksheet(SHEET)
    sheet.write_row(0, 0, rows.columns)
    numeric = [column in _NUMBERS for column in rows.columns]
    for at, row in enumerate(rows.iter_rows(), 1):
        for column, (value, is_number) in enumerate(zip(row, numeric, strict=True)):
            if value is None or value == "":
                continue
            number = _number(value) if is_number else None
            if number is None:
                sheet.write_string(at, column, value)
            else:
                sheet.write_number(at, column, number)
    book.close()


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
