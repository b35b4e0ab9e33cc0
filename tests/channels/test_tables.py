"""Every table but orders, nested lists, and the templates that show a mapping of each. Not here: order arithmetic."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.channels.mapping import Feed, load_config
from pipelines.contracts.base import all_tables
from tests.channels.conftest import Parse, problems

NOT_BY_FILE = {"order_lines", "fx_rates", "channel_days", "retail_calendar", "ship_by_windows", "loads", "quarantine"}
TEMPLATES = Path(__file__).parents[2] / "data" / "mappings" / "templates"
RETURNS = "\n".join(f'{c} = "{c}"' for c in ("return_id", "order_id", "sku", "returned_units", "returned_at", "reason"))
NESTED = """
order_id = "id"
sku = "lines.sku"
ordered_units = "lines.qty"
unit_price_amount = "lines.price"
ordered_at = "at"
service_level = "ship.0.title"
ship_to_country_code = "address.country"
"""


def nested(**changed: object) -> str:
    order = {"id": 1, "at": "2026-01-05", "ship": [{"title": "Express"}], "address": {"country": "NL"}}
    order["lines"] = [{"sku": "A", "qty": 1, "price": 0.1}, {"sku": "B", "qty": 2, "price": "1.00005"}]
    return json.dumps(order | changed) + "\n"


def test_nested_lists(parse: Parse) -> None:
    content = (
        nested() + nested(id="2", ship=[], address=None, lines=[{"sku": "C", "qty": 1, "price": 5}]) + nested(id=3, lines=[])
    )
    parsed = parse(content, "o.jsonl", columns=NESTED, options='explode = "lines"')
    lines = parsed.frames["order_lines"].select("order_id", "sku", "net_amount").rows()
    assert lines == [("1", "A", Decimal("0.1")), ("1", "B", Decimal(2)), ("2", "C", 5)]
    assert parsed.frames["orders"].select("service_level", "ship_to_country_code").rows() == [("Express", "NL"), (None, None)]
    assert problems(parsed) == [(3, "lines.qty", None, "lines.qty is blank")]


@pytest.mark.parametrize("changed", [{"ship": []}, {"lines": []}, {"address": None}, {"lines": None}])
def test_what_is_empty_throughout_is_no_missing_column(parse: Parse, changed: dict[str, object]) -> None:
    parsed = parse(nested(**changed), "o.jsonl", columns=NESTED, options='explode = "lines"')
    assert parsed.rows_in == (1 if "lines" in changed else 2)


def test_a_mistyped_path_below_a_list(parse: Parse) -> None:
    sentence = r"^o.jsonl has no column 'ship.0.titel', which feed 'f' maps to service_level; did you mean 'ship.0.title'\?$"
    with pytest.raises(Exception, match=sentence):
        parse(nested(), "o.jsonl", columns=NESTED.replace("0.title", "0.titel"), options='explode = "lines"')


def test_a_return_keeps_its_reason(parse: Parse) -> None:
    content = "return_id,order_id,sku,returned_units,returned_at,reason\nR,1,A,1,2026-01-05,too small\nR,1,A,-1,2026-01-05,\n"
    parsed = parse(content, table="returns", columns=RETURNS)
    assert parsed.frames["returns"].select("line_number", "reason", "currency_code").rows() == [(1, "too small", "EUR")]
    assert problems(parsed) == [(2, None, None, "returned_units breaks the rule 'min' of returns")]


STOCK = 'location_id = "where"\nsku = "sku"\nobserved_at = "at"\non_hand_units = "units"'


def test_stock_without_a_channel_is_read_in_utc_unless_it_says_otherwise(parse: Parse) -> None:
    content = "where,sku,at,units\nAMS,A,2026-01-05 10:00,3\n"
    for options, hour in (("", 10), ('time_zone = "Europe/Amsterdam"', 9)):
        parsed = parse(content, table="stock_levels", columns=STOCK, channel="", options=options)
        assert parsed.frames["stock_levels"]["observed_at"].item().hour == hour


def test_a_row_that_stands_twice(parse: Parse) -> None:
    """Said twice in the same words it counts once; said differently, the first is kept and the other set aside."""
    content = "where,sku,at,units\n" + "AMS,A,2026-01-05,3\n" * 3 + "AMS,A,2026-01-05,4\nAMS,B,2026-01-05,3\n"
    parsed = parse(content, table="stock_levels", columns=STOCK, channel="")
    assert parsed.superseded_rows == 2
    assert parsed.frames["stock_levels"]["on_hand_units"].to_list() == [3, 3]
    assert problems(parsed) == [(4, None, None, "location_id, sku, observed_at stands twice in the file with different rows")]


def test_a_component_that_stands_twice_in_a_bundle(parse: Parse) -> None:
    columns = "\n".join(f'{c} = "{c}"' for c in ("bundle_sku", "component_sku", "component_units"))
    parsed = parse(
        "bundle_sku,component_sku,component_units\nX,A,1\nX,A,2\nX,B,1\n", table="bundles", columns=columns, channel=""
    )
    assert parsed.frames["bundles"]["component_units"].to_list() == [1, 1]
    assert [row for row, *_ in problems(parsed)] == [2]


def test_lines_of_a_shipment_are_numbered_when_the_file_does_not(parse: Parse) -> None:
    columns = "\n".join(f'{c} = "{c}"' for c in ("shipment_id", "order_id", "sku", "shipped_units", "shipped_at"))
    parsed = parse(
        "shipment_id,order_id,sku,shipped_units,shipped_at\n" + "S,1,A,1,2026-01-05\n" * 2, table="shipments", columns=columns
    )
    assert parsed.frames["shipments"]["line_number"].to_list() == [1, 2]


def test_a_table_without_any_time_has_the_files_name_for_a_version(parse: Parse) -> None:
    parsed = parse("sku\nA\n", "products.csv", table="suppliers", columns='supplier_id = "sku"', channel="")
    assert parsed.frames["suppliers"]["payload_version"].to_list() == [" products.csv  f"]


def templates() -> tuple[Feed, ...]:
    return load_config(TEMPLATES).feeds


def test_there_is_a_template_of_every_table_that_a_mapping_may_fill() -> None:
    fillable = {t.name for t in all_tables("ledger")} - NOT_BY_FILE
    assert {feed.table for feed in templates()} == fillable


@pytest.mark.parametrize("table", sorted({t.name for t in all_tables("ledger")} - NOT_BY_FILE))
def test_a_template_mentions_every_field(table: str) -> None:
    text = (TEMPLATES / f"{table}.toml").read_text()
    feed = next(feed for feed in templates() if feed.table == table)
    missing = [name for name in feed.fields() if not any(line.lstrip("# ").startswith(f"{name} ") for line in text.splitlines())]
    assert missing == []


def test_the_sections_of_the_docs_are_understood(tmp_path: Path) -> None:
    """What docs/mappings.md shows of merchant, channel, location, classes and planning."""
    text = (TEMPLATES.parents[2] / "docs" / "mappings.md").read_text(encoding="utf-8")
    shown = text.split("```toml", 1)[1].split("```", 1)[0]
    feed = '[[feed]]\nname = "f"\ntable = "products"\nfiles = "p.csv"\n[feed.columns]\nsku = "sku"\n'
    (tmp_path / "shop.toml").write_text(shown + feed, encoding="utf-8")
    config = load_config(tmp_path / "shop.toml")
    (location,) = config.locations
    assert (location.name, location.cutoff.hour, location.country, config.classes.abc_by) == ("AMS", 15, "NL", "net_sales")
    assert (config.merchant.calendar, config.channels[0].scorecard) == ("ISO", "amazon")


def test_what_suppliers_ask_is_read_and_a_calendar_that_cannot_be_meant_is_set_aside(parse: Parse) -> None:
    """A whole day of the week misspelt, an hour that no clock has, a month that no year has: each names its field, and the rest loads."""
    columns = "\n".join(
        f'{c} = "{c}"' for c in ("supplier_id", "order_days", "order_cutoff_time", "closed_days", "order_minimum_units")
    )
    content = (
        "supplier_id,order_days,order_cutoff_time,closed_days,order_minimum_units\n"
        "A,Mon Thu,9:30,2026-12-24 2027-02-05/2027-02-20,200\nB,monday,,,\nC,,25:00,,\nD,,,2026-13-01,\nE,,,,\n"
    )
    parsed = parse(content, "s.csv", table="suppliers", columns=columns, channel="")
    assert parsed.frames["suppliers"]["supplier_id"].to_list() == ["A", "E"]
    assert parsed.frames["suppliers"]["order_minimum_units"].to_list() == [200, None]
    assert problems(parsed) == [
        (2, "order_days", "monday", "order_days can't be read as text such as mon thu"),
        (3, "order_cutoff_time", "25:00", "order_cutoff_time can't be read as text such as 14:00"),
        (4, "closed_days", "2026-13-01", "closed_days can't be read as text such as 2026-12-24 2027-02-05/2027-02-20"),
    ]


def test_a_currency_without_rates_costs_its_row_alone(parse: Parse) -> None:
    columns = "\n".join(f'{c} = "{c}"' for c in ("supplier_id", "sku", "unit_cost_amount", "currency_code"))
    content = "supplier_id,sku,unit_cost_amount,currency_code\nS,A,1.00,XXX\nS,B,2.00,CNY\nS,C,3.00,EUR\n"
    parsed = parse(content, "t.csv", table="supplier_terms", columns=columns, channel="")
    assert parsed.frames["supplier_terms"]["sku"].to_list() == ["B", "C"]
    (problem,) = problems(parsed)
    assert problem[:3] == (1, "currency_code", "XXX")
    assert problem[3].startswith("no exchange rates are known for XXX")


def test_terms_that_cannot_be_meant_are_kept_as_they_were_said(parse: Parse) -> None:
    """They are no reason to lose the supplier; the page Reorder lists them."""
    columns = "\n".join(f'{c} = "{c}"' for c in ("supplier_id", "sku", "lead_time_days", "moq_units", "unit_volume_m3"))
    content = "supplier_id,sku,lead_time_days,moq_units,unit_volume_m3\nS,A,0,-5,0.004\nS,B,12,6,\n"
    parsed = parse(content, "t.csv", table="supplier_terms", columns=columns, channel="")
    assert parsed.quarantine.is_empty()
    assert parsed.frames["supplier_terms"].select("lead_time_days", "moq_units", "unit_volume_m3").rows() == [
        (0, -5, 0.004),
        (12, 6, None),
    ]
