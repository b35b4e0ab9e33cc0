"""Fulfilment, payments, stock, costs: hand-built rows with stated answers, and a plain loop beside them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.marts.channel_records import channel_records
from pipelines.marts.channel_summary import channel_summary
from pipelines.marts.cost_spans import cost_spans
from pipelines.marts.daily_fulfilment import daily_fulfilment
from pipelines.marts.daily_sales import daily_sales
from pipelines.marts.fulfilment_lines import fulfilment_lines
from pipelines.marts.inventory_position import inventory_position
from pipelines.marts.payment_balance import payment_balance
from pipelines.marts.sales_entries import sales_entries
from pipelines.marts.unit_costs import unit_costs
from tests.marts.ledgers import DAY, derive, rows

HOUR = timedelta(hours=1)
AS_OF = DAY + 100 * HOUR
NO_WINDOWS = rows("ship_by_windows")
EUR = rows("fx_rates", {"currency_code": "EUR", "reporting_rate": Decimal(1)})


def records(shipments: pl.DataFrame, payments: pl.DataFrame | None = None) -> pl.DataFrame:
    return derive("channel_records", channel_records, shipments, rows("payments") if payments is None else payments)


def lines_of(
    lines: list[dict], orders: list[dict], shipments: list[dict], as_of: datetime = AS_OF, windows: list[dict] = ()
) -> pl.DataFrame:
    earlier = {"order_id": "earlier", "shipment_id": "0", "shipped_at": DAY - HOUR}
    sources = (
        rows("order_lines", *lines),
        rows("orders", *orders),
        rows("shipments", earlier, *shipments),
        rows("ship_by_windows", *windows),
    )
    return derive("fulfilment_lines", fulfilment_lines, *sources, records(sources[2]), as_of=as_of, default_location="W")


def test_one_early_one_late_one_open_one_not_due_yet() -> None:
    orders = [
        {"order_id": o, "ship_by_at": DAY + hours * HOUR}
        for o, hours in (("early", 48), ("late", 48), ("open", 48), ("future", 200))
    ]
    shipments = [
        {"order_id": "early", "shipment_id": "1", "shipped_at": DAY + 47 * HOUR},
        {"order_id": "late", "shipment_id": "2", "shipped_at": DAY + 49 * HOUR},
    ]
    found = lines_of([{"order_id": o["order_id"]} for o in orders], orders, shipments)
    day = derive("daily_fulfilment", daily_fulfilment, found, as_of=AS_OF).row(0, named=True)
    assert (day["due_lines"], day["on_time_lines"], day["late_lines"], day["open_late_lines"]) == (3, 1, 2, 1)


def test_the_locations_cutoff_promises_where_the_channel_does_not() -> None:
    """Ordered up to the cut-off it leaves the same day, a second later the next; a promise of the channel's own goes before."""
    cutoff, closing = DAY, DAY + 3 * HOUR
    windows = [
        {"location_id": "W", "utc_date": DAY.date(), "from_at": cutoff - 24 * HOUR, "until_at": cutoff, "promised_at": closing},
        {
            "location_id": "W",
            "utc_date": DAY.date(),
            "from_at": cutoff,
            "until_at": cutoff + 24 * HOUR,
            "promised_at": closing + 24 * HOUR,
        },
    ]
    second = timedelta(seconds=1)
    orders = [
        {"order_id": "in time", "ordered_at": DAY}, {"order_id": "too late", "ordered_at": DAY + second},
        {"order_id": "own", "ordered_at": DAY, "ship_by_at": DAY + 48 * HOUR}, {"order_id": "elsewhere", "ordered_at": DAY, "location_id": "X"},
    ]  # fmt: skip
    found = lines_of([{"order_id": o["order_id"]} for o in orders], orders, [], windows=windows)
    assert dict(found.select("order_id", "ship_by_at").rows()) == {
        "in time": closing, "too late": closing + 24 * HOUR, "own": DAY + 48 * HOUR,
    }  # fmt: skip


def test_a_line_is_shipped_when_its_last_unit_left() -> None:
    shipments = [
        {"order_id": "1", "shipment_id": "a", "shipped_units": 2, "shipped_at": DAY + HOUR, "location_id": "X"},
        {"order_id": "1", "shipment_id": "b", "shipped_units": 1, "shipped_at": DAY + 60 * HOUR, "location_id": "X"},
    ]
    found = lines_of([{"order_id": "1", "ordered_units": 3}], [{"order_id": "1", "ship_by_at": DAY + 48 * HOUR}], shipments).row(
        0, named=True
    )
    assert (found["shipped_at"], found["is_split"], found["open_units"], found["location_id"]) == (DAY + 60 * HOUR, True, 0, "X")
    before = lines_of([{"order_id": "1", "ordered_units": 3}], [{"order_id": "1"}], shipments, as_of=DAY + 2 * HOUR).row(
        0, named=True
    )
    assert (before["shipped_at"], before["open_units"]) == (None, 1), "what happens after as_of is not known yet"


def test_without_a_record_of_shipments_nothing_is_known_to_be_open() -> None:
    orders = [{"order_id": "1", "ship_by_at": DAY}, {"order_id": "2", "ship_by_at": DAY, "ordered_at": DAY + 9 * HOUR}]
    frames = rows("order_lines", {"order_id": "1"}, {"order_id": "2"}), rows("orders", *orders)
    options = {"as_of": AS_OF, "default_location": "W"}
    assert derive(
        "fulfilment_lines", fulfilment_lines, *frames, rows("shipments"), NO_WINDOWS, records(rows("shipments")), **options
    ).is_empty()
    later = rows("shipments", {"order_id": "x", "shipment_id": "x", "shipped_at": DAY + HOUR})
    assert derive("fulfilment_lines", fulfilment_lines, *frames, later, NO_WINDOWS, records(later), **options)[
        "order_id"
    ].to_list() == ["2"]


def test_what_has_not_to_leave_is_not_there() -> None:
    promise = {"ship_by_at": DAY}
    orders = [
        {"order_id": "test", "is_test": True, **promise},
        {"order_id": "failed", "payment_status": "failed", **promise},
        {"order_id": "store"},
        {"order_id": "cancelled", **promise},
        {"order_id": "card", **promise},
        {"order_id": "postage", **promise},
    ]
    lines = [
        {"order_id": "test"},
        {"order_id": "failed"},
        {"order_id": "store"},
        {"order_id": "cancelled", "cancelled_units": 1},
        {"order_id": "card", "is_gift_card": True},
        {"order_id": "postage", "is_goods": False},
    ]
    assert lines_of(lines, orders, []).is_empty()


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, 4), st.lists(st.tuples(st.integers(1, 3), st.integers(0, 90)), max_size=3)),
        min_size=1,
        max_size=6,
    )
)
def test_late_lines_equal_a_plain_loop(cases: list[tuple[int, int, list[tuple[int, int]]]]) -> None:
    orders, lines, shipments, due, on_time = [], [], [], 0, 0
    for number, (ordered, wanted_off, parcels) in enumerate(cases):
        order, cancelled = str(number), min(wanted_off, ordered)
        orders.append({"order_id": order, "ship_by_at": DAY + 48 * HOUR})
        lines.append({"order_id": order, "ordered_units": ordered, "cancelled_units": cancelled})
        shipments += [
            {"order_id": order, "shipment_id": f"{order}-{i}", "shipped_units": units, "shipped_at": DAY + hours * HOUR}
            for i, (units, hours) in enumerate(parcels)
        ]
        if ordered > cancelled:
            due += 1
            is_whole = sum(units for units, _ in parcels) >= ordered - cancelled
            on_time += is_whole and max(hours for _, hours in parcels) <= 48
    mart = derive("daily_fulfilment", daily_fulfilment, lines_of(lines, orders, shipments), as_of=AS_OF)
    assert (mart["due_lines"].sum(), mart["on_time_lines"].sum()) == (due, on_time)


def test_payments_against_orders_to_the_cent() -> None:
    orders = [
        {"order_id": o, "total_amount": a}
        for o, a in (("agrees", "10.00"), ("under", "10.01"), ("over", "9.99"), ("unpaid", "5"))
    ]
    payments = [
        {"order_id": "agrees", "payment_id": "1", "amount": "4"},
        {"order_id": "agrees", "payment_id": "2", "amount": "6.004"},
        {"order_id": "under", "payment_id": "3", "amount": "10"},
        {"order_id": "over", "payment_id": "4", "amount": "10"},
        {"order_id": "unpaid", "payment_id": "5", "amount": "5", "payment_kind": "failed"},
        {"order_id": "nowhere", "payment_id": "6", "amount": "7"},
        {"order_id": "agrees", "payment_id": "7", "amount": "1", "payment_kind": "refund"},
    ]
    other = {"order_id": "elsewhere", "channel": "till", "total_amount": "3"}
    paid = rows("payments", *payments)
    sources = rows("orders", *orders, other), paid, rows("order_lives"), EUR, records(rows("shipments"), paid)
    found = derive("payment_balance", payment_balance, *sources)
    states = dict(found.select("order_id", "payment_state").rows())
    assert states == {
        "agrees": "agrees",
        "under": "underpaid",
        "over": "overpaid",
        "unpaid": "unpaid",
        "nowhere": "paid_without_order",
    }
    assert found.filter(pl.col("order_id") == "nowhere").select("ordered_amount", "difference_amount").row(0) == (0, 7)
    assert found.filter(pl.col("order_id") == "agrees")["refunded_amount"].item() == 1


def position(
    stock: list[dict], open_lines: pl.DataFrame, bundles: list[dict] = (), purchases: list[dict] = (), received: list[dict] = ()
) -> dict:
    sources = (
        rows("stock_levels", *stock),
        open_lines,
        rows("bundles", *bundles),
        rows("purchase_orders", *purchases),
        rows("receipts", *received),
    )
    found = derive("inventory_position", inventory_position, *sources, as_of=AS_OF)
    return {(row["location_id"], row["sku"]): row for row in found.iter_rows(named=True)}


def open_line(sku: str, units: int) -> pl.DataFrame:
    return lines_of(
        [{"order_id": "1", "sku": sku, "ordered_units": units}], [{"order_id": "1", "ship_by_at": DAY, "location_id": "W"}], []
    )


def test_the_newest_observation_holds_and_allocation_never_exceeds_it() -> None:
    stock = [
        {"observed_at": DAY, "on_hand_units": 9},
        {"observed_at": DAY + HOUR, "on_hand_units": 4},
        {"observed_at": AS_OF + HOUR, "on_hand_units": 99},
    ]
    found = position(stock, open_line("A", 6))["W", "A"]
    assert (found["on_hand_units"], found["allocated_units"], found["available_units"], found["backordered_units"]) == (
        4,
        4,
        0,
        2,
    )


def test_unknown_stock_stays_unknown_and_negative_stock_holds_nothing() -> None:
    found = position([], open_line("A", 6))["W", "A"]
    assert (found["on_hand_units"], found["available_units"], found["backordered_units"]) == (None, None, 6)
    negative = position([{"on_hand_units": -3}], open_line("A", 2))["W", "A"]
    assert (negative["allocated_units"], negative["available_units"], negative["backordered_units"]) == (0, 0, 2)


def test_bundles_reserve_their_components() -> None:
    stock = [{"sku": "CUP", "on_hand_units": 10}, {"sku": "BOX", "on_hand_units": 1}]
    bundles = [
        {"bundle_sku": "SET", "component_sku": "CUP", "component_units": 3},
        {"bundle_sku": "SET", "component_sku": "BOX", "component_units": 1},
    ]
    found = position(stock, open_line("SET", 2), bundles)
    assert (found["W", "CUP"]["available_units"], found["W", "BOX"]["backordered_units"]) == (4, 1)
    assert ("W", "SET") not in found


def test_on_order_is_what_open_purchase_orders_still_lack() -> None:
    purchases = [
        {"purchase_order_id": "P1", "ordered_units": 10},
        {"purchase_order_id": "P2", "ordered_units": 5, "is_closed": True},
        {"purchase_order_id": "P3", "ordered_units": 4},
    ]
    received = [
        {"receipt_id": "R1", "purchase_order_id": "P1", "received_units": 3},
        {"receipt_id": "R2", "purchase_order_id": "P3", "received_units": 6},
    ]
    nothing_open = open_line("B", 1).clear()
    assert position([], nothing_open, purchases=purchases, received=received)["W", "A"]["on_order_units"] == 7


def test_the_cost_that_holds_today_in_the_reporting_currency() -> None:
    today = DAY.date()
    costs = [
        {"sku": "A", "valid_from_date": today - timedelta(days=9), "unit_cost_amount": 4, "currency_code": "EUR"},
        {"sku": "A", "valid_from_date": today, "unit_cost_amount": 5, "currency_code": "USD"},
        {"sku": "A", "valid_from_date": today + timedelta(days=1), "unit_cost_amount": 6, "currency_code": "EUR"},
    ]
    terms = [
        {"sku": "A", "supplier_id": "S1", "unit_cost_amount": 1, "currency_code": "EUR"},
        {"sku": "B", "supplier_id": "S1", "priority": 2, "unit_cost_amount": 2, "currency_code": "EUR"},
        {"sku": "B", "supplier_id": "S2", "priority": 1, "unit_cost_amount": 3, "currency_code": "EUR"},
        {"sku": "C", "supplier_id": "S2", "priority": 1, "unit_cost_amount": None, "currency_code": None},
    ]
    rates = rows("fx_rates", *({"currency_code": c, "reporting_rate": Decimal(r)} for c, r in (("EUR", "1"), ("USD", "0.9"))))
    spans = derive("cost_spans", cost_spans, rows("product_costs", *costs), rows("supplier_terms", *terms))
    found = derive("unit_costs", unit_costs, spans, rates, as_of_date=today)
    assert found.select("sku", "unit_cost_amount", "origin").rows() == [
        ("A", Decimal("4.5"), "product_costs"),
        ("B", 3, "supplier_terms"),
    ]


def test_the_summary_of_a_channel_divides_by_what_was_due() -> None:
    orders = rows("orders", {"order_id": "1", "ship_by_at": DAY}, {"order_id": "2", "ship_by_at": DAY})
    lines = rows("order_lines", {"order_id": "1"}, {"order_id": "2"})
    shipments = rows("shipments", {"order_id": "1", "shipment_id": "s", "shipped_at": DAY - HOUR})
    due = derive(
        "fulfilment_lines",
        fulfilment_lines,
        lines,
        orders,
        shipments,
        NO_WINDOWS,
        records(shipments),
        as_of=AS_OF,
        default_location="W",
    )
    rate = rows("fx_rates", {"currency_code": "EUR", "reporting_rate": Decimal(1)})
    sales = derive(
        "daily_sales",
        daily_sales,
        derive("sales_entries", sales_entries, lines, orders, rows("returns"), rate, rows("cost_spans")),
    )
    days = derive("daily_fulfilment", daily_fulfilment, due, as_of=AS_OF)
    found = derive("channel_summary", channel_summary, orders, lines, sales, days, as_of_date=AS_OF.date()).row(0, named=True)
    assert (found["orders"], found["order_lines"], found["net_sales_28d_amount"]) == (2, 2, 20)
    assert (found["due_lines_28d"], found["late_lines_28d"], found["late_rate_28d"]) == (2, 1, 0.5)
    assert datetime(2026, 3, 2, 12, tzinfo=UTC) == found["last_ordered_at"] and found["last_ordered_at"].date() == date(
        2026, 3, 2
    )
