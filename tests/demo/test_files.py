"""The simulated merchant's order files against the truth, read by a careful reader in plain Python."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl  # type: ignore[import-untyped, unused-ignore]
import polars as pl
import pytest

from pipelines.demo import generate
from pipelines.demo.exports import marketplace

END = date(2026, 1, 20)
ORDERS, DAYS = 2000, 120

Row = dict[str, str]


@dataclass
class Order:
    ordered_at: datetime
    lines: list[tuple[str, int, Decimal]]  # sku, units, gross
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal | None
    is_cancelled: bool
    cancelled_by: str | None = None
    is_test: bool = False
    is_failed: bool = False
    is_expedited: bool = False
    is_customised: bool = False
    version: str = field(default="", compare=False)

    @property
    def gross(self) -> Decimal:
        return sum((gross for _, _, gross in self.lines), Decimal(0))


def read_orders(inbox: Path, bad: set[tuple[str, int]]) -> dict[tuple[str, str], Order]:
    """Every order by channel and number; `bad` are the rows to leave out, by file and row number."""
    found: dict[tuple[str, str], Order] = {}
    for channel, reader in READERS.items():
        for path in sorted((inbox / channel).iterdir()):
            name = f"{channel}/{path.name}"
            for order_id, order in reader(path, {row for file, row in bad if file == name}):
                known = found.get((channel, order_id))
                if known is None or order.version >= known.version:
                    found[channel, order_id] = order
    return found


def _rows(path: Path, bad: set[int], delimiter: str = ",") -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file, delimiter=delimiter), 1):
            if number not in bad:
                yield row


def _units(rows: list[Row], sku: str, quantity: str, price: str) -> list[tuple[str, int, Decimal]]:
    return [(r[sku], int(r[quantity]), int(r[quantity]) * Decimal(r[price].replace(",", "."))) for r in rows]


def _sum(rows: list[Row], column: str) -> Decimal:
    return sum((Decimal(r[column].replace(",", ".")) for r in rows), Decimal(0))


def read_shop_eu(path: Path, bad: set[int]) -> Iterator[tuple[str, Order]]:
    for order_id, group in groupby(_rows(path, bad), lambda r: r["Name"]):
        rows = list(group)
        head = rows[0]
        assert all(not r["Total"] for r in rows[1:])
        yield (
            order_id,
            Order(
                datetime.strptime(head["Created at"], "%Y-%m-%d %H:%M:%S %z").astimezone(UTC),
                _units(rows, "Lineitem sku", "Lineitem quantity", "Lineitem price"),
                Decimal(head["Discount Amount"]),
                Decimal(head["Shipping"]),
                Decimal(head["Taxes"]),
                Decimal(head["Total"]),
                bool(head["Cancelled at"]),
                _by(bool(head["Cancelled at"]), "out-of-stock" in head["Tags"]),
                is_test="test" in head["Tags"].split(","),
                is_failed=head["Financial Status"] == "voided",
                is_expedited=head["Shipping Method"] == "Express",
                is_customised=bool(head["Note Attributes"]),
            ),
        )


def read_amazon_us(path: Path, bad: set[int]) -> Iterator[tuple[str, Order]]:
    for (order_id, version), group in groupby(_rows(path, bad, "\t"), lambda r: (r["amazon-order-id"], r["last-updated-date"])):
        rows = list(group)
        cancelled = rows[0]["order-status"] == "Cancelled"
        yield (
            order_id,
            Order(
                datetime.fromisoformat(rows[0]["purchase-date"]),
                [(r["sku"], int(r["quantity"]), Decimal(r["item-price"])) for r in rows],
                _sum(rows, "item-promotion-discount"),
                _sum(rows, "shipping-price"),
                _sum(rows, "item-tax") + _sum(rows, "shipping-tax"),
                None,
                cancelled,
                _by(cancelled, False),
                is_expedited=rows[0]["ship-service-level"] == "Expedited",
                version=version,
            ),
        )


def read_shop_uk(path: Path, bad: set[int]) -> Iterator[tuple[str, Order]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if number in bad:
            continue
        order = json.loads(line)
        cancelled = order["status"] == "cancelled"
        yield (
            order["number"],
            Order(
                datetime.fromisoformat(order["date_created_gmt"]).replace(tzinfo=UTC),
                [(item["sku"], item["quantity"], Decimal(item["subtotal"])) for item in order["line_items"]],
                Decimal(order["discount_total"]),
                Decimal(order["shipping_total"]),
                Decimal(order["total_tax"]),
                Decimal(order["total"]),
                cancelled,
                _by(cancelled, any(m["value"] == "out_of_stock" for m in order["meta_data"])),
                is_failed=order["status"] == "failed",
                is_expedited=any(s["method_title"] == "Express" for s in order["shipping_lines"]),
                is_customised=order["customer_note"].startswith("Engraving:"),
                version=order["date_modified_gmt"],
            ),
        )


def read_stores(path: Path, bad: set[int]) -> Iterator[tuple[str, Order]]:
    for order_id, group in groupby(_rows(path, bad, ";"), lambda r: r["receipt_no"]):
        rows = list(group)
        at = datetime.strptime(rows[0]["sold_at"], "%d/%m/%Y %H:%M:%S").replace(tzinfo=ZoneInfo("Europe/Amsterdam"))
        lines, discount = _units(rows, "sku", "qty", "unit_price"), _sum(rows, "line_discount")
        yield order_id, Order(at.astimezone(UTC), lines, discount, Decimal(0), Decimal(0), None, False)


def read_market_de(path: Path, bad: set[int]) -> Iterator[tuple[str, Order]]:
    header, *sheet = openpyxl.load_workbook(path)["Bestellungen"].iter_rows(values_only=True)
    cells = ({str(h): "" if v is None else str(v) for h, v in zip(header, row, strict=True)} for row in sheet)
    rows_ = [row for number, row in enumerate(cells, 1) if number not in bad]
    for order_id, group in groupby(rows_, lambda r: r["Bestellnummer"]):
        rows = list(group)
        at = datetime.strptime(rows[0]["Bestelldatum"], "%d.%m.%Y %H:%M:%S").replace(tzinfo=ZoneInfo("Europe/Berlin"))
        status = rows[0]["Status"]
        assert status.startswith("storniert") == bool(rows[0]["Storniert am"])
        yield (
            order_id,
            Order(
                at.astimezone(UTC),
                _units(rows, "SKU", "Menge", "Einzelpreis"),
                _sum(rows, "Rabatt"),
                _sum(rows, "Versandkosten"),
                Decimal(0),
                None,
                status.startswith("storniert"),
                _by(status.startswith("storniert"), "nicht lieferbar" in status),
                is_expedited=rows[0]["Express"] == "ja",
            ),
        )


def _by(cancelled: bool, out_of_stock: bool) -> str | None:
    return None if not cancelled else "seller" if out_of_stock else "customer"


READERS = {
    "shop_eu": read_shop_eu,
    "amazon_us": read_amazon_us,
    "shop_uk": read_shop_uk,
    "stores": read_stores,
    "market_de": read_market_de,
}


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "merchant"
    generate(folder, orders=ORDERS, days=DAYS, end=END)
    return folder


@pytest.fixture(scope="module")
def read(merchant: Path) -> dict[tuple[str, str], Order]:
    return read_orders(merchant / "inbox", bad_rows(merchant))


def truth(merchant: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(merchant / "truth" / name / "*.parquet")


def bad_rows(merchant: Path) -> set[tuple[str, int]]:
    return set(pl.read_parquet(merchant / "truth/malformed.parquet").select("file", "row_number").iter_rows())


def test_the_files_tell_exactly_the_true_orders(merchant: Path, read: dict[tuple[str, str], Order]) -> None:
    orders, lines = truth(merchant, "orders"), truth(merchant, "order_lines")
    by_order: dict[tuple[str, str], list[tuple[str, int, Decimal]]] = {}
    for line in lines.sort("channel", "order_id", "line_number").iter_rows(named=True):
        key = (line["channel"], line["order_id"])
        by_order.setdefault(key, []).append((line["sku"], line["ordered_units"], line["gross_amount"]))
        assert line["gross_amount"] == line["ordered_units"] * line["unit_price_amount"]
    assert set(read) == set(by_order) == set(orders.select("channel", "order_id").iter_rows())
    for t in orders.iter_rows(named=True):
        key = (t["channel"], t["order_id"])
        said = read[key]
        assert said.total in (None, t["total_amount"])
        assert said.gross == t["gross_amount"]
        money = (t["discount_amount"], t["shipping_amount"], t["tax_amount"])
        names = ("is_cancelled", "cancelled_by", "is_test", "is_payment_failed", "is_expedited", "is_customised")
        assert said == Order(t["ordered_at"], by_order[key], *money, said.total, *(t[n] for n in names))
        assert t["total_amount"] == t["gross_amount"] - t["discount_amount"] + t["shipping_amount"] + t["tax_amount"]


def test_malformed_rows_stand_where_the_truth_says(merchant: Path, read: dict[tuple[str, str], Order]) -> None:
    bad = pl.read_parquet(merchant / "truth/malformed.parquet")
    assert 20 <= len(bad) <= 25
    texts = {"two", "2025-13-45", "12,3.4x"}
    for file, row, order_id, column in bad.iter_rows():
        path = merchant / "inbox" / file
        if path.suffix == ".jsonl":
            value = path.read_text(encoding="utf-8").splitlines()[row - 1]
            assert column or not value.endswith("}")
            good = not column or any(f'"{t}"' in value for t in texts) or '"id":""' in value
        elif path.suffix == ".xlsx":
            good = pl.read_excel(path, infer_schema_length=0)[row - 1, column] in {*texts, None}
        else:
            delimiter = {"stores": ";", "amazon_us": "\t"}.get(file.split("/")[0], ",")
            with path.open(encoding="utf-8", newline="") as opened:
                good = list(csv.DictReader(opened, delimiter=delimiter))[row - 1][column] in {*texts, ""}
        assert good, (file, row, column)
        junk = order_id is None or order_id.startswith("JUNK-")
        assert junk or (file.split("/")[0], order_id) in read


def test_versions_repeat_and_arrive_out_of_order(merchant: Path) -> None:
    """One order twice within a file, and an older version in a later file."""
    seen: dict[str, list[tuple[str, str]]] = {}
    for path in sorted((merchant / "inbox/shop_uk").iterdir()):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.endswith("}"):
                order = json.loads(line)
                seen.setdefault(order["number"], []).append((path.name, order["date_modified_gmt"]))
    assert any(len(v) > len({name for name, _ in v}) for v in seen.values())
    assert any(a < b and x > y for v in seen.values() for a, x in v for b, y in v)


def test_a_full_workbook_is_cut_between_two_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marketplace, "MOST_ROWS", 4)
    rows = pl.DataFrame({"copy": [0, 0, 0, 1, 1, 2, 2, 3]})
    assert [p["copy"].to_list() for p in marketplace._parts(rows)] == [[0, 0, 0], [1, 1, 2, 2], [3]]
