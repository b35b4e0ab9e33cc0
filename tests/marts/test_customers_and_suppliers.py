"""Costs to serve, suppliers, sell-through, availability, customers: rows made by hand with stated answers."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.ledger.calendar import retail_calendar
from pipelines.marts.channel_availability import channel_availability
from pipelines.marts.customer_cohorts import customer_cohorts
from pipelines.marts.customer_values import customer_values
from pipelines.marts.inventory_position import inventory_position
from pipelines.marts.order_costs import order_costs
from pipelines.marts.purchase_lines import purchase_lines
from pipelines.marts.sell_through import sell_through
from tests.marts.ledgers import DAY, derive, rows

TODAY = DAY.date()
ONE_DAY = timedelta(days=1)


def rates(**currencies: str) -> pl.DataFrame:
    given = ({"currency_code": code, "reporting_rate": Decimal(rate), "rate_date": TODAY} for code, rate in currencies.items())
    return rows("fx_rates", *given)


def costs(shipments: list[dict[str, Any]], entries: list[dict[str, Any]], parcels: int = 2) -> dict[str, Any]:
    life = {"channel": "shop", "order_id": "1", "business_date": TODAY, "parcels": parcels, "reporting_total_amount": 100}
    sources = (
        rows("order_lives", life),
        rows("shipments", *shipments),
        rows("payout_entries", *entries),
        rates(EUR="1", USD="0.8"),
    )
    return derive("order_costs", order_costs, *sources).row(0, named=True)


def parcel(number: str, cents: str | None, currency: str = "EUR") -> dict[str, Any]:
    return {"order_id": "1", "shipment_id": number, "label_cost_amount": cents, "label_currency_code": currency}


def test_cost_to_serve_is_what_carriers_charged_and_what_the_channel_kept() -> None:
    """4.00 and 5.00 USD at 0.8; fees of 3 beside a charge and 1 as an entry of its own."""
    entries = [
        {"channel": "shop", "entry_id": "a", "order_id": "1", "entry_kind": "charge", "amount": 100, "fee_amount": -3, "net_amount": 97,
         "currency_code": "EUR"},
        {"channel": "shop", "entry_id": "b", "order_id": "1", "entry_kind": "fee", "amount": -1, "fee_amount": 0, "net_amount": -1,
         "currency_code": "EUR"},
    ]  # fmt: skip
    found = costs([parcel("1", "4"), parcel("2", "5", "USD")], entries)
    assert (found["shipping_cost_amount"], found["fees_amount"], found["cost_to_serve_amount"]) == (8, 4, 12)


def test_a_parcel_whose_charge_is_unknown_leaves_the_order_without_a_cost() -> None:
    found = costs([parcel("1", "4"), parcel("2", None)], [])
    assert (found["shipping_cost_amount"], found["fees_amount"], found["cost_to_serve_amount"]) == (None, None, None)
    assert costs([parcel("1", "4"), parcel("2", "5")], [])["cost_to_serve_amount"] == 9


def test_a_parcel_that_only_an_event_tells_of_leaves_the_order_without_a_cost() -> None:
    assert costs([parcel("1", "4"), parcel("2", "5")], [], parcels=3)["shipping_cost_amount"] is None


def test_fees_without_a_rate_are_not_taken_for_no_fees() -> None:
    """1 EUR and 1 CHF were kept, and nobody knows what a franc was worth."""
    entry = {"channel": "shop", "order_id": "1", "entry_kind": "fee", "amount": -1, "fee_amount": 0, "net_amount": -1}
    entries = [entry | {"entry_id": code, "currency_code": code} for code in ("EUR", "CHF")]
    for told in (entries, entries[1:]):
        found = costs([parcel("1", "4"), parcel("2", "5")], told)
        assert (found["shipping_cost_amount"], found["fees_amount"], found["cost_to_serve_amount"]) == (9, None, None)


def test_a_supplier_is_in_time_on_the_expected_day_and_late_the_day_after() -> None:
    order = {"purchase_order_id": "P", "ordered_units": 10, "expected_at": DAY + 5 * ONE_DAY}
    receipts = [
        {
            "receipt_id": "1",
            "purchase_order_id": "P",
            "received_units": 6,
            "received_at": DAY + 5 * ONE_DAY + timedelta(hours=11),
        },
        {"receipt_id": "2", "purchase_order_id": "P", "received_units": 4, "received_at": DAY + 6 * ONE_DAY},
        {"receipt_id": "3", "purchase_order_id": "another", "received_units": 4, "received_at": DAY},
    ]
    line = derive("purchase_lines", purchase_lines, rows("purchase_orders", order), rows("receipts", *receipts)).row(
        0, named=True
    )
    assert (line["ordered_units"], line["received_units"], line["in_time_units"], line["lead_time_days"]) == (10, 10, 6, 6.0)
    short = derive("purchase_lines", purchase_lines, rows("purchase_orders", order), rows("receipts", receipts[0])).row(
        0, named=True
    )
    assert (short["received_units"], short["lead_time_days"]) == (6, None)


def test_in_transit_is_what_was_sent_and_is_unknown_where_nobody_tells() -> None:
    orders = [
        {"purchase_order_id": "P", "sku": "A", "ordered_units": 10, "shipped_at": DAY - ONE_DAY},
        {"purchase_order_id": "Q", "sku": "A", "ordered_units": 5, "shipped_at": DAY + ONE_DAY},
        {"purchase_order_id": "R", "sku": "B", "ordered_units": 7},
    ]
    received = {"receipt_id": "1", "purchase_order_id": "P", "sku": "A", "received_units": 4}
    sources = (rows(name) for name in ("stock_levels", "fulfilment_lines", "bundles"))
    found = derive(
        "inventory_position",
        inventory_position,
        *sources,
        rows("purchase_orders", *orders),
        rows("receipts", received),
        as_of=DAY,
    )
    assert found.select("sku", "on_order_units", "in_transit_units").rows() == [("A", 11, 6), ("B", 7, None)]


def test_sell_through_divides_what_was_sold_by_what_could_be() -> None:
    """60 on hand when the 28 days began, 40 received, 30 sold and 5 returned: 25 of 100; without stock figures it is unknown."""
    began = DAY - 28 * ONE_DAY
    stock = [
        {"observed_at": began - ONE_DAY, "on_hand_units": 60, "location_id": "W"},
        {"observed_at": began + ONE_DAY, "on_hand_units": 1, "location_id": "W"},
    ]
    sold = [
        {"source": "order_lines", "channel": "shop", "document_id": d, "entry_kind": "sale", "line_number": 1, "component_sku": sku, "order_id": d,
         "business_date": TODAY - days * ONE_DAY, "consumed_units": units}
        for d, sku, days, units in (("1", "A", 3, 30), ("2", "A", 2, -5), ("3", "A", 29, 9), ("4", "B", 1, 2))
    ]  # fmt: skip
    received = {"receipt_id": "1", "received_units": 40, "received_at": DAY - 10 * ONE_DAY}
    found = derive(
        "sell_through", sell_through, rows("component_sales", *sold), rows("stock_levels", *stock), rows("receipts", received), as_of_date=TODAY
    ).filter(pl.col("period_days") == 28)  # fmt: skip
    assert found.select("sku", "opening_units", "received_units", "net_units", "sell_through_rate").rows() == [
        ("A", 60, 40, 25, 0.25),
        ("B", None, 0, 2, None),
    ]


def test_a_channel_has_what_the_locations_that_serve_it_have() -> None:
    wanted = [
        {
            "channel": channel,
            "sku": sku,
            "location_id": place,
            "demand_date": TODAY - ONE_DAY,
            "demand_units": 3,
            "is_censored": False,
        }
        for channel, sku, place in (("shop", "A", "W"), ("shop", "A", "X"), ("mart", "A", "X"), ("shop", "B", "Y"))
    ]
    shelves = [{"location_id": place, "sku": "A", "available_units": units} for place, units in (("W", 2), ("X", 0))]
    found = derive(
        "channel_availability",
        channel_availability,
        rows("demand", *wanted),
        rows("inventory_position", *shelves),
        as_of_date=TODAY,
    )
    assert found.select("channel", "sku", "demand_91d_units", "available_units", "is_available").rows() == [
        ("mart", "A", 3, 0, False),
        ("shop", "A", 6, 2, True),
        ("shop", "B", 3, None, None),
    ]


def bought(customer: str, *days: date, amount: int = 10) -> list[dict[str, Any]]:
    return [
        {
            "channel": "shop",
            "order_id": f"{customer}{n}",
            "customer_key": customer,
            "business_date": day,
            "reporting_total_amount": amount,
        }
        for n, day in enumerate(days)
    ]


def test_customers_are_scored_in_fifths_and_named() -> None:
    orders = [
        *bought("old", TODAY - 300 * ONE_DAY),
        *bought("often then", *(TODAY - n * ONE_DAY for n in (200, 201, 202, 203))),
        *bought("once", TODAY - 100 * ONE_DAY),
        *bought("new", TODAY - 2 * ONE_DAY),
        *bought("best", *(TODAY - n * ONE_DAY for n in (1, 50, 90)), amount=100),
    ]
    found = derive("customer_values", customer_values, rows("customer_orders", *orders), as_of_date=TODAY)
    shown = found.select(
        "customer_key", "orders", "order_amount", "recency_days", "recency_score", "frequency_score", "segment"
    ).rows()
    assert sorted(shown) == [
        ("best", 3, 300, 1, 5, 4, "champion"),
        ("new", 1, 10, 2, 4, 1, "new"),
        ("often then", 4, 40, 200, 2, 5, "at risk"),
        ("old", 1, 10, 300, 1, 1, "lost"),
        ("once", 1, 10, 100, 3, 1, "regular"),
    ]


def test_a_cohort_is_followed_month_by_month() -> None:
    orders = [
        *bought("ann", date(2026, 1, 5), date(2026, 1, 20), date(2026, 3, 1)),
        *bought("bob", date(2026, 1, 31)),
        *bought("cid", date(2025, 12, 31), date(2026, 1, 1)),
    ]
    calendar = retail_calendar("ISO", date(2025, 12, 1), date(2026, 3, 31))
    found = derive("customer_cohorts", customer_cohorts, rows("customer_orders", *orders), calendar, as_of_date=date(2026, 3, 2))
    assert found.select(
        "cohort_month_date", "months_since", "cohort_customers", "customers", "orders", "retention_rate"
    ).rows() == [
        (date(2025, 12, 1), 0, 1, 1, 1, 1.0),
        (date(2025, 12, 1), 1, 1, 1, 1, 1.0),
        (date(2026, 1, 1), 0, 2, 2, 3, 1.0),
        (date(2026, 1, 1), 2, 2, 1, 1, 0.5),
    ]
