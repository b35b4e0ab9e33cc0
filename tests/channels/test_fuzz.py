"""Garbage: whatever stands in the cells or the bytes, parsing ends in a balanced account or in InputError. Not here: what is right."""

import contextlib
import csv
import io
import json
import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.channels.mapping import Config
from pipelines.errors import InputError
from tests.channels.conftest import COLUMNS, configure, parse_file
from tests.channels.test_bad_files import FORMATS, parquet, workbook

COLUMNS_ALL = (
    COLUMNS
    + """
cancelled_units = "gone"
order_discount_amount = "off"
is_gift_card = "gift"
customer_key = "who"
currency_code = "money"
cancelled_at = { sql = "CASE WHEN gift = 'yes' THEN at END" }
"""
)
NAMES = ("order", "sku", "qty", "price", "at", "gone", "off", "gift", "who", "money", "v")
OPTIONS = 'version = { column = "v" }\nship_within_hours = 48'
PLAUSIBLE = st.sampled_from(
    ["", "1", "2", "-1", "1e30", "99999999999999", "0.00005", "9007199254740993", "NaN", "yes", "EUR", "eur", "2026-01-05", "9999-12-31T23:59:59",
     "2026-03-29 02:30", "0001-01-01", '"', "\r\n", "\x00", "\u2028", "x" * 200]
)  # fmt: skip
CELL = st.one_of(PLAUSIBLE, st.text(max_size=6))
ROWS = st.lists(st.lists(CELL, min_size=len(NAMES), max_size=len(NAMES)), max_size=6)


def survives(path: Path, content: bytes, name: str, config: Config) -> None:
    path.write_bytes(content)
    with contextlib.suppress(InputError):
        parse_file(path, name, config)


def written(name: str, rows: list[list[str]]) -> bytes:
    """The rows in the format that the name's ending says."""
    if name.endswith("jsonl"):
        return "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in rows).encode() or b"\n"
    if name.endswith("parquet"):
        return parquet(pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.String), orient="row"))
    if name.endswith("xlsx"):
        return workbook([list(NAMES), *rows])  # type: ignore[list-item]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter="\t" if name.endswith("tsv") else ",").writerows([NAMES, *rows])
    return text.getvalue().encode("utf-8", "replace")


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS)
def test_any_cells_are_accounted_for(tmp_path_factory: pytest.TempPathFactory, name: str, rows: list[list[str]]) -> None:
    path = tmp_path_factory.getbasetemp() / f"cells.{name}"
    path.write_bytes(written(name, rows))
    parsed = parse_file(path, name, configure(OPTIONS, COLUMNS_ALL))
    if name.endswith(("jsonl", "parquet")):
        assert parsed.rows_in == len(rows)


NUMBERS = st.lists(st.tuples(st.floats(), st.integers(-(2**63), 2**63 - 1), st.booleans()), max_size=5)


@settings(max_examples=20, deadline=None)
@given(rows=NUMBERS)
def test_any_typed_parquet_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, int, bool]]
) -> None:
    given_ = pl.DataFrame(rows, schema={"f": pl.Float64, "i": pl.Int64, "b": pl.Boolean}, orient="row")
    frame = given_.select(
        order="i", sku="f", qty="i", price="f", at=pl.col("i").cast(pl.Datetime("ns", "UTC")), gone="f", off="f",
        gift="b", who="f", money=pl.lit("EUR"), v=pl.col("i").cast(pl.Datetime("us")),
    )  # fmt: skip
    columns = COLUMNS_ALL.replace("gift = 'yes'", "gift")
    path = tmp_path_factory.getbasetemp() / "typed.parquet"
    path.write_bytes(parquet(frame))
    assert parse_file(path, "o.parquet", configure(OPTIONS, columns)).rows_in == len(rows)


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_bytes(tmp_path: Path, name: str) -> None:
    chance = random.Random(name)
    whole, config = FORMATS[name], configure()
    for _ in range(40):
        content = bytearray(whole[: chance.randint(1, len(whole))] if chance.random() < 0.3 else whole)
        for _ in range(chance.randint(0, 4)):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        survives(tmp_path / "damaged", bytes(content), name, config)


@pytest.mark.parametrize("name", FORMATS)
def test_noise(tmp_path: Path, name: str) -> None:
    chance = random.Random(name)
    for size in (1, 2, 10, 1000, 300_000):
        survives(tmp_path / "noise", chance.randbytes(size), name, configure('encoding = "latin-1"'))


def test_json_that_is_very_deep(tmp_path: Path) -> None:
    for depth in (50, 500, 100_000):
        deep = '{"order": ' + "[" * depth + "]" * depth + "}\n"
        survives(tmp_path / "deep", (deep + FORMATS["o.jsonl"].decode()).encode(), "o.jsonl", configure('explode = "order"'))
