"""Sales: what counts as what, sums per day, best sellers. Hand-built lines with stated answers, and a plain loop beside them."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.marts.best_sellers import best_sellers
from pipelines.marts.daily_sales import daily_sales
from pipelines.marts.sales_entries import sales_entries
from pipelines.marts.sku_days import sku_days
from tests.marts.ledgers import DAY, derive, rows

TODAY = DAY.date()
EUR = rows("fx_rates", {"currency_code": "EUR", "reporting_rate": Decimal(1)})


def entries(
    lines: list[dict], orders: list[dict], returns: list[dict] = (), rates: pl.DataFrame = EUR, costs: list[dict] = ()
) -> pl.DataFrame:
    return derive(
        "sales_entries",
        sales_entries,
        rows("order_lines", *lines),
        rows("orders", *orders),
        rows("returns", *returns),
        rates,
        rows("cost_spans", *costs),
    )


def daily(found: pl.DataFrame) -> dict:
    mart = derive("daily_sales", daily_sales, found)
    assert mart.height == 1
    return mart.row(0, named=True)


def test_a_sale_with_discount_counts_net() -> None:
    found = entries([{"order_id": "1", "ordered_units": 3, "discount_amount": 5}], [{"order_id": "1"}])
    day = daily(found)
    assert (day["gross_sales_amount"], day["discount_amount"], day["net_sales_amount"]) == (30, 5, 25)
    assert (day["orders"], day["order_lines"], day["sold_units"]) == (1, 1, 3)


def test_a_partly_cancelled_line_counts_what_is_left() -> None:
    found = entries([{"order_id": "1", "ordered_units": 4, "cancelled_units": 1, "discount_amount": 8}], [{"order_id": "1"}])
    day = daily(found)
    assert (day["gross_sales_amount"], day["discount_amount"], day["net_sales_amount"], day["sold_units"]) == (30, 6, 24, 3)


def test_credits_returns_and_adjustments_lower_net_sales() -> None:
    found = entries(
        [
            {"order_id": "1", "ordered_units": 5},
            {"order_id": "C2", "ordered_units": -2},
            {"order_id": "A3", "ordered_units": 1, "unit_price_amount": -7},
            {"order_id": "4", "ordered_units": -3, "unit_price_amount": 0},
        ],
        [
            {"order_id": "1"},
            {"order_id": "C2", "order_kind": "credit"},
            {"order_id": "A3", "order_kind": "adjustment"},
            {"order_id": "4"},
        ],
        [{"order_id": "1", "return_id": "R", "returned_units": 1, "refund_amount": 10}],
    )
    day = daily(found)
    assert day["gross_sales_amount"] == 50
    assert day["returns_amount"] == 30, "20 credited, 10 refunded"
    assert day["adjustment_amount"] == -7
    assert day["net_sales_amount"] == 13
    assert (day["order_lines"], day["credit_lines"], day["sold_units"]) == (4, 1, 0)


def test_tests_failed_payments_gift_cards_and_cancelled_orders_are_not_sales_but_keep_their_rows() -> None:
    found = entries(
        [
            {"order_id": "test"},
            {"order_id": "failed"},
            {"order_id": "card", "is_gift_card": True},
            {"order_id": "gone", "cancelled_units": 1},
            {"order_id": "real"},
        ],
        [
            {"order_id": "test", "is_test": True},
            {"order_id": "failed", "payment_status": "failed"},
            {"order_id": "card"},
            {"order_id": "gone", "is_cancelled": True},
            {"order_id": "real"},
        ],
    )
    kinds = dict(found.select("order_id", "entry_kind").rows())
    assert kinds == {"test": "test", "failed": "unpaid", "card": "gift_card", "gone": "cancelled", "real": "sale"}
    assert daily(found)["net_sales_amount"] == 10


def test_amounts_are_converted_at_the_days_rate_and_an_unknown_rate_stays_blank() -> None:
    rates = rows("fx_rates", {"currency_code": "USD", "reporting_rate": Decimal("0.8000000001")})
    dollars = [{"order_id": "1", "currency_code": "USD", "unit_price_amount": "100.01"}]
    found = entries(dollars, [{"order_id": "1", "currency_code": "USD"}], rates=rates)
    assert found["reporting_net_sales_amount"].item() == Decimal("80.0080")
    unknown = entries([{"order_id": "1", "currency_code": "SEK"}], [{"order_id": "1", "currency_code": "SEK"}], rates=rates)
    assert unknown["reporting_net_sales_amount"].item() is None
    assert unknown["is_rate_provisional"].item()


def test_returns_count_on_the_return_date() -> None:
    later = TODAY + timedelta(days=9)
    found = entries(
        [{"order_id": "1"}],
        [{"order_id": "1"}],
        [{"order_id": "1", "return_id": "R", "returned_units": 1, "refund_amount": 10, "business_date": later}],
    )
    mart = derive("daily_sales", daily_sales, found)
    assert mart.select("business_date", "net_sales_amount").rows() == [(TODAY, 10), (later, -10)]
    assert mart["orders"].to_list() == [1, 0]


def test_orders_of_a_day_are_those_placed_that_day_and_count_once() -> None:
    later = TODAY + timedelta(days=1)
    rates = rows(
        "fx_rates", *({"currency_code": "EUR", "reporting_rate": Decimal(1), "rate_date": day} for day in (TODAY, later))
    )
    lines = [{"order_id": "1"}, {"order_id": "1", "line_number": 2}, {"order_id": "2"}]
    back = {"order_id": "1", "return_id": "R", "returned_units": 1, "refund_amount": 10, "business_date": later}
    found = entries(lines, [{"order_id": "1"}, {"order_id": "2"}], [back], rates)
    days = derive("sku_days", sku_days, found).sort("business_date")
    shown = days.select("orders", "sold_units", "wanted_units", "net_sales_amount", "lines", "costed_lines")
    assert shown.rows() == [(2, 3, 3, 30, 3, 0), (0, -1, 0, -10, 1, 0)]


def test_best_sellers_rank_by_net_sales_of_the_period_that_ended_yesterday() -> None:
    def sold(order: str, sku: str, days_ago: int, units: int) -> tuple[dict, dict]:
        day = TODAY - timedelta(days=days_ago)
        return {"order_id": order, "sku": sku, "ordered_units": units, "description": f"Thing {sku}"}, {
            "order_id": order,
            "business_date": day,
        }

    pairs = [sold("1", "A", 1, 2), sold("2", "B", 7, 5), sold("3", "A", 8, 9), sold("4", "C", 0, 99), sold("5", "A", 3, 1)]
    rates = rows(
        "fx_rates",
        *({"currency_code": "EUR", "reporting_rate": Decimal(1), "rate_date": TODAY - timedelta(days=n)} for n in range(20)),
    )
    found = entries([line for line, _ in pairs], [order for _, order in pairs], rates=rates)
    named = rows("sku_attributes", *({"sku": sku, "description": f"Thing {sku}", "category": "Kitchen"} for sku in "ABC"))
    days = derive("sku_days", sku_days, found)
    week = derive("best_sellers", best_sellers, days, named, as_of_date=TODAY).filter(pl.col("period_days") == 7)
    shown = (
        week.sort("sales_rank")
        .select("sku", "description", "sold_units", "orders", "net_sales_amount", "previous_sold_units")
        .rows()
    )
    assert shown == [("B", "Thing B", 5, 1, 50, 0), ("A", "Thing A", 3, 2, 30, 9)]


LINES = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3", "4"]),
        st.integers(-3, 5),
        st.integers(-2, 9),
        st.booleans(),
        st.booleans(),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=12,
)
KINDS = st.fixed_dictionaries({o: st.sampled_from(["sale", "credit", "adjustment", "test", "failed"]) for o in "1234"})


@settings(max_examples=15, deadline=None, derandomize=True)
@given(LINES, KINDS)
def test_daily_sales_equal_a_plain_loop(lines: list[tuple], kinds: dict[str, str]) -> None:
    built, numbers = [], dict.fromkeys("1234", 0)
    for order, ordered, price, goods, card, cancelled in lines:
        numbers[order] += 1
        built.append(
            {"order_id": order, "line_number": numbers[order], "ordered_units": ordered, "unit_price_amount": price, "is_goods": goods,
             "is_gift_card": card, "cancelled_units": min(cancelled, max(ordered, 0))}
        )  # fmt: skip
    orders = [
        {"order_id": o, "order_kind": k if k in ("credit", "adjustment") else "sale", "is_test": k == "test",
         "payment_status": "failed" if k == "failed" else "paid", "business_date": date(2026, 3, 1 + i % 2)}
        for i, (o, k) in enumerate(kinds.items())
    ]  # fmt: skip
    expected: dict[date, Decimal] = {}
    for line in built:
        order = next(o for o in orders if o["order_id"] == line["order_id"])
        if order["is_test"] or order["payment_status"] == "failed" or line["is_gift_card"]:
            continue
        units, price = line["ordered_units"], Decimal(line["unit_price_amount"])
        is_sale = order["order_kind"] != "credit" and units > 0 and price > 0
        amount = (units - line["cancelled_units"]) * price if is_sale else units * price
        expected[order["business_date"]] = expected.get(order["business_date"], Decimal(0)) + amount
    rates = rows(
        "fx_rates", *({"currency_code": "EUR", "reporting_rate": Decimal(1), "rate_date": date(2026, 3, d)} for d in (1, 2))
    )
    found = entries(built, orders, rates=rates)
    assert found.height == len(built), "every ledger line has its entry"
    mart = derive("daily_sales", daily_sales, found)
    assert dict(mart.select("business_date", "net_sales_amount").rows()) == expected
    assert dict(mart.select("business_date", "reporting_net_sales_amount").rows()) == expected
