"""Missed records, unmapped listings, timelines and sales as consumed, by hand and against plain loops. Not here: whole runs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import table
from pipelines.marts.component_sales import component_sales
from pipelines.marts.missed_records import missed_records
from pipelines.marts.order_timeline import order_timeline
from pipelines.marts.sales_entries import sales_entries
from pipelines.marts.unmapped_listings import unmapped_listings
from tests.marts.ledgers import DAY, derive, rows

NIGHT = datetime(2026, 3, 3, 1, tzinfo=UTC)


def asked(day: date, records: int, total: str, missed: int = 0, stale: int = 0, night: datetime = NIGHT) -> dict[str, Any]:
    return {
        "channel": "shop", "stream": "orders", "channel_date": day, "reconciled_at": night, "channel_records": records,
        "channel_total_amount": total, "missed_records": missed, "stale_records": stale,
    }  # fmt: skip


def test_what_was_missed_adds_up_over_nights_and_what_is_missing_is_of_the_last() -> None:
    """Three orders at the channel: one was caught the first night, one changed unseen by the second, and one is in no ledger yet."""
    days = rows(
        "channel_days", asked(DAY.date(), 2, "20", missed=1), asked(DAY.date(), 3, "35", stale=1, night=NIGHT + timedelta(days=1))
    )
    orders = rows("orders", {"order_id": "1", "stated_total_amount": 10}, {"order_id": "2", "stated_total_amount": 12})
    found = derive("missed_records", missed_records, days, orders, rows("refunds")).row(0, named=True)
    assert (found["channel_records"], found["ledger_records"], found["missing_records"]) == (3, 2, 1)
    assert (found["missed_records"], found["stale_records"]) == (1, 1)
    assert (found["channel_total_amount"], found["ledger_total_amount"], found["difference_amount"]) == (35, 22, 13)
    assert found["reconciled_at"] == NIGHT + timedelta(days=1)


def test_a_day_that_the_ledger_lacks_altogether_is_missing() -> None:
    days = rows("channel_days", asked(DAY.date() - timedelta(days=1), 4, "40"))
    found = derive("missed_records", missed_records, days, rows("orders", {"order_id": "1"}), rows("refunds")).row(0, named=True)
    assert (found["ledger_records"], found["missing_records"], found["difference_amount"]) == (0, 4, 40)


def test_only_goods_that_nobody_knows_are_unmapped() -> None:
    lines = rows(
        "order_lines",
        {"order_id": "1", "line_number": 1, "sku": "CUP"},
        {"order_id": "1", "line_number": 2, "sku": "SET"},
        {
            "order_id": "1",
            "line_number": 3,
            "sku": "OLD",
            "listed_sku": "OLD",
            "listing_id": "L9",
            "ordered_units": 3,
            "cancelled_units": 1,
        },
        {"order_id": "1", "line_number": 4, "sku": None, "listing_id": "L7", "description": "Tin"},
        {"order_id": "1", "line_number": 5, "sku": None, "is_goods": False},
        {"order_id": "2", "line_number": 1, "sku": "OLD", "listed_sku": "OLD", "listing_id": "L9"},
    )
    orders = rows("orders", {"order_id": "1"}, {"order_id": "2", "is_test": True})
    products = rows("products", {"sku": "CUP"})
    bundles = rows("bundles", {"bundle_sku": "SET", "component_sku": "CUP", "component_units": 2})
    entries = derive("sales_entries", sales_entries, lines, orders, rows("returns"), rows("fx_rates"), rows("cost_spans"))
    found = derive("unmapped_listings", unmapped_listings, lines, entries, products, bundles)
    assert found.select("listing", "sold_units", "net_amount").rows() == [("L7", 1, 10), ("OLD", 2, 30)]
    assert derive("unmapped_listings", unmapped_listings, lines, entries, rows("products"), bundles).is_empty()


def test_every_stage_stands_once_and_at_its_first_telling() -> None:
    orders = rows("orders", {"order_id": "1", "cancelled_at": DAY + timedelta(hours=9)})
    payments = rows(
        "payments",
        {"payment_id": "p", "order_id": "1", "amount": 1, "paid_at": DAY},
        {"payment_id": "q", "order_id": "1", "amount": 1, "payment_kind": "authorisation", "paid_at": DAY},
    )
    parcels = [
        {"shipment_id": "s", "order_id": "1", "line_number": n, "shipped_at": DAY + timedelta(hours=n), "delivered_at": None}
        for n in (1, 2)
    ]
    event = {
        "channel": "shop",
        "order_id": "1",
        "event_kind": "shipped",
        "event_number": "s",
        "occurred_at": DAY + timedelta(minutes=30),
    }
    found = derive(
        "order_timeline",
        order_timeline,
        orders,
        payments,
        rows("shipments", *parcels),
        rows("returns"),
        rows("refunds"),
        rows("order_events", event),
    )
    assert found.select("event_kind", "event_number", "occurred_at").rows() == [
        ("cancelled", "1", DAY + timedelta(hours=9)), ("paid", "p", DAY), ("placed", "1", DAY), ("shipped", "s", DAY + timedelta(minutes=30)),
    ]  # fmt: skip


PART = st.tuples(st.sampled_from("ABCD"), st.integers(1, 4))
BUNDLES = st.dictionaries(
    st.sampled_from(("X", "Y")), st.lists(PART, min_size=1, max_size=3, unique_by=lambda part: part[0]), max_size=2
)
ENTRIES = st.lists(
    st.tuples(st.sampled_from(("X", "Y", "A")), st.integers(-5, 5), st.integers(-9_999_999, 9_999_999)), max_size=6
)
COSTS = st.dictionaries(st.sampled_from("ABCD"), st.integers(1, 500))


@settings(max_examples=25, deadline=None)
@given(bundles=BUNDLES, entries=ENTRIES, costs=COSTS)
def test_revenue_is_spread_once_whatever_the_bundles(
    bundles: dict[str, list[tuple[str, int]]], entries: list[tuple[str, int, int]], costs: dict[str, int]
) -> None:
    """Against a plain loop: shares by cost where all are known, else by units, and their sum is the entry's net to the last ten-thousandth."""
    contract = table("sales_entries")
    blank = {name: 0 for name, dtype in contract.dtypes.items() if isinstance(dtype, pl.Decimal)}
    given_rows = [
        blank | {"source": "order_lines", "channel": "shop", "document_id": "1", "entry_kind": "sale", "line_number": n, "business_date": DAY.date(), "order_id": "1",  # noqa: E501
                 "sku": sku, "is_goods": True, "sold_units": units, "currency_code": "EUR", "net_sales_amount": Decimal(net) / 10_000, "is_rate_provisional": False}  # noqa: E501
        for n, (sku, units, net) in enumerate(entries, 1)
    ]  # fmt: skip
    sales = contract.conform(pl.DataFrame(given_rows, infer_schema_length=None)) if given_rows else contract.empty()
    parts = rows(
        "bundles", *({"bundle_sku": b, "component_sku": c, "component_units": u} for b, told in bundles.items() for c, u in told)
    )
    unit_costs = [
        {"sku": sku, "unit_cost_amount": Decimal(cents) / 100, "origin": "product_costs"} for sku, cents in costs.items()
    ]
    known = table("unit_costs").conform(pl.DataFrame(unit_costs)) if unit_costs else table("unit_costs").empty()
    found = derive("component_sales", component_sales, sales, parts, known)
    expected = []
    for n, (sku, units, net) in enumerate(entries, 1):
        told = sorted(bundles.get(sku, [(sku, 1)]))
        weights = [costs[c] * u for c, u in told] if sku in bundles and all(c in costs for c, _ in told) else [u for _, u in told]
        reached = 0
        for (component, per_bundle), weight in zip(told, weights, strict=True):
            share = net * (reached + weight) // sum(weights) - net * reached // sum(weights)
            reached += weight
            expected.append((n, component, units * per_bundle, Decimal(share) / 10_000))
    assert found.select("line_number", "component_sku", "consumed_units", "net_sales_amount").rows() == sorted(expected)
    for n, (_, _, net) in enumerate(entries, 1):
        assert found.filter(pl.col("line_number") == n)["net_sales_amount"].sum() == Decimal(net) / 10_000
