"""Files that can't be used as a whole: one sentence each, naming file, field and mend; and damage to single rows. Not here: values."""

import io
import json
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from pipelines.channels.mapping import load_config
from pipelines.errors import InputError
from tests.channels.conftest import Parse, configure, problems

HEAD = "order,sku,qty,price,at\n"
ROWS = HEAD + "1,A,2,3.50,2026-01-05 10:00\n2,B,1,4.00,2026-01-05 11:00\n"


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def workbook(rows: list[list[object]], sheet: str = "S") -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    written = book.add_worksheet(sheet)
    for number, row in enumerate(rows):
        written.write_row(number, 0, row)
    book.close()
    return buffer.getvalue()


TABLE = [line.split(",") for line in ROWS.splitlines()]
RECORDS = "".join(json.dumps(dict(zip(TABLE[0], row, strict=True))) + "\n" for row in TABLE[1:])
PARQUET = parquet(pl.read_csv(ROWS.encode(), infer_schema=False))
XLSX = workbook(TABLE)  # type: ignore[arg-type]
FORMATS = {
    "o.csv": ROWS.encode(),
    "o.tsv": ROWS.replace(",", "\t").encode(),
    "o.jsonl": RECORDS.encode(),
    "o.parquet": PARQUET,
    "o.xlsx": XLSX,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_ledger(parse: Parse, name: str) -> None:
    parsed = parse(FORMATS[name], name)
    assert parsed.frames["order_lines"]["net_amount"].to_list() == [7, 4]
    assert parsed.frames["orders"]["business_date"].cast(str).to_list() == ["2026-01-05"] * 2
    assert parsed.frames["orders"]["ordered_at"].dt.hour().to_list() == [9, 10]


SENTENCES = {
    "empty": ("o.csv", b"", "", "o.csv is empty; export it again or remove it."),
    "no ending": (
        "o.data", ROWS.encode(), "",
        "o.data has no known ending; state format = \"csv\", \"tsv\", \"jsonl\", \"parquet\" or \"xlsx\" in feed 'f'.",
    ),
    "delimiter": (
        "o.csv", ROWS.replace(",", ";").encode(), "",
        "o.csv is separated by ';', not ','; set delimiter = \";\" in feed 'f'.",
    ),
    "cp1252": (
        "o.csv", HEAD.encode() + "1,é,2,3.50,2026-01-05".encode("cp1252"), "",
        "o.csv is not utf-8 at byte 25; set encoding = \"cp1252\" (or what it is) in feed 'f'.",
    ),
    "utf-16": ("o.csv", ROWS.encode("utf-16"), "", "o.csv is not utf-8 at byte 0; set encoding = \"utf-16\" (or what it is) in feed 'f'."),
    "not ascii": (
        "o.csv", (HEAD + "1,é,2,3.50,2026-01-05").encode(), 'encoding = "ascii"',
        "o.csv is not ascii at byte 25; set encoding = \"cp1252\" (or what it is) in feed 'f'.",
    ),
    "missing column": (
        "o.csv", b"order,skus,qty,price,at\n", "", "o.csv has no column 'sku', which feed 'f' maps to sku; did you mean 'skus'?",
    ),
    "no such column": (
        "o.csv", b"order,sku,qty,price\n", "",
        "o.csv has no column 'at', which feed 'f' maps to ordered_at; map one that it has: order, sku, qty, price.",
    ),
    "repeated column": (
        "o.csv", b"order,sku,qty,price,at,sku\n", "", "o.csv has 2 columns 'sku', which feed 'f' maps to sku; rename all but one.",
    ),
    "cut csv": ("o.csv", ROWS.encode()[:-20], "", "o.csv is cut off in its last row, '2,B,1,4.'; export it again."),
    "cut in quotes": (
        "o.csv", HEAD.encode() + b'1,"A', "", "o.csv is cut off or has a quotation mark that is never closed; export it again.",
    ),
    "cut after quotes": ("o.csv", HEAD.encode() + b'"1","A",2', "", "o.csv is cut off in its last row, '\"1\",\"A\",2'; export it again."),
    "cut jsonl": ("o.jsonl", RECORDS.encode()[:-9], "", "o.jsonl is cut off in its last line; export it again."),
    "cut parquet": ("o.parquet", PARQUET[:-9], "", "o.parquet is not a whole Parquet file; export it again."),
    "cut xlsx": ("o.xlsx", XLSX[:-30], "", "o.xlsx is not a whole XLSX file; save it again."),
    "csv called parquet": ("o.parquet", ROWS.encode(), "", "o.parquet is not a whole Parquet file; export it again."),
    "sheet": ("o.xlsx", XLSX, 'sheet = "Orders"', "o.xlsx has no sheet 'Orders', which feed 'f' names; it has S."),
    "missing in jsonl": (
        "o.jsonl", RECORDS.replace('"qty"', '"qtty"').encode(), "",
        "o.jsonl has no column 'qty', which feed 'f' maps to ordered_units; did you mean 'qtty'?",
    ),
    "missing in parquet": (
        "o.parquet", parquet(pl.DataFrame({"order": ["1"]})), "",
        "o.parquet has no column 'sku', which feed 'f' maps to sku; map one that it has: order.",
    ),
    "fill_down": (
        "o.csv", ROWS.encode(), 'fill_down = ["orders"]', "o.csv has no column 'orders', which feed 'f' maps to fill_down; did you mean 'order'?",
    ),
    "version": (
        "o.csv", ROWS.encode(), 'version = { column = "updated" }',
        "o.csv has no column 'updated', which feed 'f' maps to version; map one that it has: order, sku, qty, price, at.",
    ),
    "file name": (
        "o.csv", ROWS.encode(), "version = { file_name = '(\\d{4})' }",
        "o.csv does not match version.file_name = '(\\d{4})' of feed 'f'; rename the file or mend the pattern.",
    ),
    "explode": (
        "o.jsonl", RECORDS.encode(), 'explode = "skus"', "o.jsonl has no list 'skus', which feed 'f' names under explode; did you mean 'sku'?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SENTENCES)
def test_a_file_that_cant_be_used_says_why(parse: Parse, case: str) -> None:
    name, content, options, sentence = SENTENCES[case]
    with pytest.raises(InputError) as refused:
        parse(content, name, options=options)
    assert str(refused.value) == sentence


def test_unknown_encoding(parse: Parse) -> None:
    with pytest.raises(InputError) as refused:
        parse(ROWS, options='encoding = "utf-9"')
    assert str(refused.value) == "Feed 'f' names the unknown encoding 'utf-9'; use utf-8, cp1252 or the like."


def test_sql_that_fails_on_the_file(parse: Parse) -> None:
    columns = (
        'order_id = "order"\nsku = "sku"\nordered_units = { sql = "qty + price" }\ngross_amount = "price"\nordered_at = "at"'
    )
    frame = pl.DataFrame({"order": ["1"], "sku": ["A"], "qty": [[1]], "price": [True], "at": ["2026-01-05"]})
    with pytest.raises(InputError, match=r"^Feed 'f' can't compute ordered_units from o.parquet: .*; mend its sql"):
        parse(parquet(frame), "o.parquet", columns=columns)


def test_a_column_of_lists(parse: Parse) -> None:
    frame = pl.DataFrame({"order": ["1"], "sku": [["A"]], "qty": [1], "price": [1.0], "at": ["2026-01-05"]})
    with pytest.raises(InputError, match=r"^Feed 'f' can't compute sku from o.parquet: .*; map a column of plain values\.$"):
        parse(parquet(frame), "o.parquet")


def test_a_required_field_that_nothing_supplies(parse: Parse) -> None:
    with pytest.raises(InputError) as refused:
        parse(ROWS, columns='order_id = "order"\nsku = "sku"\nunit_price_amount = "price"\nordered_at = "at"')
    assert str(refused.value) == (
        "Feed 'f' does not say where ordered_units comes from (Units ordered; negative on a credit); map it under [feed.columns]."
    )


@pytest.mark.parametrize("name", ["o.csv", "o.tsv", "o.xlsx", "o.parquet"])
def test_only_a_heading_is_a_load_of_no_rows(parse: Parse, name: str) -> None:
    empty = {"o.csv": HEAD.encode(), "o.tsv": HEAD.replace(",", "\t").encode(), "o.xlsx": workbook(TABLE[:1])}  # type: ignore[arg-type]
    parsed = parse(empty.get(name, parquet(pl.DataFrame(schema=dict.fromkeys(TABLE[0], pl.String)))), name)
    assert (parsed.rows_in, parsed.documents.height, parsed.quarantine.height) == (0, 0, 0)


def test_no_rows_in_a_table_with_a_business_date(parse: Parse) -> None:
    columns = "\n".join(f'{c} = "{c}"' for c in ("return_id", "order_id", "sku", "returned_units", "returned_at"))
    parsed = parse("return_id,order_id,sku,returned_units,returned_at\nR,1,A,x,2026-01-05\n", table="returns", columns=columns)
    assert (parsed.rows_in, parsed.quarantine.height) == (1, 1)


def test_bom_crlf_quotes_and_lines_within_cells(parse: Parse) -> None:
    content = '\ufeff"order","sku",qty,price,at\r\n1,"A, ""B""\r\nC",2,3.50,2026-01-05\r\n'
    assert parse(content).frames["order_lines"]["sku"].to_list() == ['A, "B"\r\nC']


def test_ragged_rows(parse: Parse) -> None:
    """A longer row is set aside, a shorter one lacks its last cells; blank lines are counted, as an editor counts them, and are no rows."""
    content = HEAD + "1,A,2,3.50,2026-01-05\n\n2,B,1,4.00,2026-01-05,7\n3,C,1,4.00\n3,C,1,4.00,2026-01-05\n"
    parsed = parse(content)
    assert parsed.rows_in == 4
    assert parsed.frames["order_lines"]["order_id"].to_list() == ["1", "3", "3"]
    assert problems(parsed) == [(3, None, "(whole row, see the file)", "it has 6 fields where the heading has 5")]


def test_a_row_number_is_the_same_whichever_way_the_file_is_read(parse: Parse) -> None:
    rows = HEAD + "1,A,2,3.50,2026-01-05\n\n,,,,\n2,B,one,4.00,2026-01-05\n"
    ragged = rows + "3,C,1,1,2026-01-05,9\n"
    assert problems(parse(rows)) == problems(parse(ragged))[:1] == [(4, "qty", "one", "qty can't be read as a whole number")]


def test_inch_marks_are_text(parse: Parse) -> None:
    content = HEAD + '1,5" pipe,2,3.50,2026-01-05\n2,6" x 7" pipe,1,4.00,2026-01-05\n'
    assert parse(content).frames["order_lines"]["sku"].to_list() == ['5" pipe', '6" x 7" pipe']


def test_quoted_blanks_are_blank_either_way(parse: Parse) -> None:
    columns = 'order_id = "order"\nordered_units = "qty"\nunit_price_amount = "price"\nordered_at = "at"\nhas_note = { sql = "sku IS NOT NULL" }'
    for more in ("", "2,B,1,1,2026-01-05,9\n"):
        assert parse(HEAD + '1,"",2,3.50,2026-01-05\n' + more, columns=columns).frames["orders"]["has_note"].to_list() == [False]


def test_unmapped_columns_may_repeat_and_have_odd_names(parse: Parse) -> None:
    content = "order,sku,qty,price,at,,,__row,problem\n1,A,2,3.50,2026-01-05,x,y,z,w\n2,B,1,4.00,2026-01-05,,,,,,,\n"
    parsed = parse(content)
    assert parsed.frames["orders"].height == 1
    assert parsed.rows_in == 2


def test_a_broken_line_among_json_lines(parse: Parse) -> None:
    parsed = parse(RECORDS.replace('{"order": "1"', '{"order": "1\\ud800"') + '{"half\n[1]\n' + RECORDS, "o.jsonl")
    assert [(row, reason) for row, _, _, reason in problems(parsed)] == [(n, "it is not a whole JSON object") for n in (1, 3, 4)]
    assert parsed.rows_in == 6


def mapping(tmp_path: Path, text: str) -> str:
    """What `load_config` says to a folder whose feeds.toml is `text`."""
    (tmp_path / "merchant.toml").write_text('[merchant]\nname = "m"\n')
    (tmp_path / "feeds.toml").write_text(text)
    with pytest.raises(InputError) as refused:
        load_config(tmp_path)
    return str(refused.value).removeprefix(f"{tmp_path}/")


FEED = '[[feed]]\nname = "f"\ntable = "orders"\nfiles = "*.csv"\n'
BAD_MAPPINGS = {
    FEED + 'delimeter = ";"\n[feed.columns]\n': "feeds.toml: feed 'f', delimeter: it is not a setting; did you mean 'delimiter'?",
    FEED + '[feed.columns]\nordered_unit = "q"': "feeds.toml: feed 'f': 'ordered_unit' is not a field of orders; did you mean 'ordered_units'?",
    FEED + '[feed.columns]\nsku = { colunm = "q" }': "feeds.toml: feed 'f', columns, sku, colunm: it is not a setting; did you mean 'column'?",
    FEED + '[feed.columns]\nsku = { column = "q", value = 1 }': "feeds.toml: feed 'f', columns, sku: give exactly one of column, sql or value.",
    FEED + 'time_zone = "Europe/Amstrdam"\n[feed.columns]\n':
        "feeds.toml: feed 'f', time_zone: time zone 'Europe/Amstrdam' is not known; use a name such as Europe/Amsterdam.",
    FEED + 'datetime_format = "dd-mm-yyyy"\n[feed.columns]\n':
        "feeds.toml: feed 'f', datetime_format: 'dd-mm-yyyy' is not a strptime format; write one such as %d.%m.%Y %H:%M:%S.",
    FEED + 'currency = "eur"\n[feed.columns]\n': "feeds.toml: feed 'f', currency: 'eur' is not a currency; write its ISO 4217 code, such as EUR.",
    FEED + 'delimiter = ""\n[feed.columns]\n': "feeds.toml: feed 'f', delimiter: '' can't separate columns; give one character, such as ;.",
    FEED + "version = { file_name = 'x' }\n[feed.columns]\n":
        "feeds.toml: feed 'f', version, file_name: 'x' has no group; put the sortable date in (…).",
    FEED.replace("*.csv", "/x/*.csv") + "[feed.columns]\n":
        "feeds.toml: feed 'f', files: '/x/*.csv' must be a pattern below the merchant's input folder, such as orders_*.csv.",
    FEED.replace('"f"', '"../f"') + "[feed.columns]\n": "feeds.toml: feed '../f', name: '../f' can't name a feed; use letters, digits, _ and -.",
    FEED.replace('"f"', '"f"\nchannel = 3') + "[feed.columns]\n": "feeds.toml: feed 'f', channel: Input should be a valid string.",
    FEED: "feeds.toml: feed 'f', columns: it is missing; add it.",
    FEED.replace("[[feed]]", "[feed]"): "feeds.toml: feed is not written as a section; write [[feed]].",
    'title = "x"\n': "feeds.toml: title is not written as a section; write [title].",
    "[marchant]\n": "feeds.toml: marchant: it is not a setting; did you mean 'merchant'?",
    (FEED + "[feed.columns]\n") * 2: ".: feed 'f' is declared twice.",
    FEED + "[feed.columns": "feeds.toml is not valid TOML: Expected ']' at the end of a table declaration (at end of document); mend that line.",
}  # fmt: skip


@pytest.mark.parametrize("text", BAD_MAPPINGS)
def test_a_bad_mapping_says_where_and_how(tmp_path: Path, text: str) -> None:
    expected = BAD_MAPPINGS[text]
    said = mapping(tmp_path, text)
    assert said == (expected if not expected.startswith(".:") else f"{tmp_path}{expected[1:]}")


def test_sql_that_is_no_expression(tmp_path: Path) -> None:
    said = mapping(tmp_path, FEED + '[feed.columns]\nsku = { sql = "qty +" }')
    assert said.startswith("feeds.toml: feed 'f', columns, sku: the sql qty + can't be understood (")
    assert said.endswith("); write one expression over columns.")


def test_a_table_that_no_mapping_fills(tmp_path: Path) -> None:
    said = mapping(tmp_path, FEED.replace("orders", "order_lines") + "[feed.columns]\n")
    assert said.startswith("feeds.toml: feed 'f': table 'order_lines' is not one of account_health, bundles, customers, ")


def test_configure_is_what_a_merchant_writes() -> None:
    assert configure().feeds[0].is_order_feed
