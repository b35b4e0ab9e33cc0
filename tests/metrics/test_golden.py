"""Definitions with a calendar or a tolerance, by examples worked by hand. Here: literal dates and numbers. Not here: random ledgers."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from pipelines.channels.merchant import Location
from pipelines.ledger.calendar import retail_calendar
from pipelines.ledger.working_days import ship_by_windows
from pipelines.metrics import all_metrics
from tests.marts.ledgers import rows
from tests.metrics.ledger import AS_OF, TODAY, Ledger, ask, holding, snapshot, value

ANY = retail_calendar("ISO", date(2023, 1, 1), date(2027, 1, 31))
NRF = retail_calendar("NRF", date(2023, 1, 1), date(2024, 12, 31))
SECOND = timedelta(seconds=1)


def sold_on(units: dict[date, int]) -> Ledger:
    """One order per day with so many units."""
    return Ledger(
        orders=[{"order_id": str(day), "business_date": day} for day in units],
        order_lines=[{"order_id": str(day), "ordered_units": count} for day, count in units.items()],
    )


def utc(day: int, hour: int, minute: int = 0, month: int = 3, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_iso_weeks_begin_on_monday_also_over_new_year() -> None:
    """28 December 2026 is a Monday; its week ends on Sunday, 3 January 2027. Months, quarters and years are the calendar's."""
    ledger = sold_on({date(2026, 12, 28): 2, date(2027, 1, 1): 3, date(2027, 1, 3): 4, date(2027, 1, 4): 5})
    with snapshot(ledger, ANY) as connection:
        assert ask(connection, "sold_units", by=("week",)).rows() == [(date(2026, 12, 28), 9, 3), (date(2027, 1, 4), 5, 1)]
        assert ask(connection, "sold_units", by=("year",)).rows() == [(date(2026, 1, 1), 2, 1), (date(2027, 1, 1), 12, 3)]
        assert ask(connection, "sold_units", by=("quarter",)).rows() == [(date(2026, 10, 1), 2, 1), (date(2027, 1, 1), 12, 3)]


def test_nrf_weeks_begin_on_sunday_and_the_53rd_restates_last_year_by_a_week() -> None:
    """2023 had a 53rd week, 28 January to 3 February 2024. Week 1 of 2024 is held against week 2 of 2023, 5 to 11 February."""
    ledger = sold_on({
        date(2024, 2, 3): 1, date(2024, 2, 4): 2, date(2024, 2, 10): 4,
        date(2023, 1, 29): 8, date(2023, 2, 5): 16, date(2023, 2, 11): 32, date(2023, 2, 12): 64,
    })  # fmt: skip
    first, last_of_53, last = date(2024, 1, 28), date(2024, 2, 3), date(2024, 2, 10)
    with snapshot(ledger, NRF) as connection:
        weeks = ask(connection, "sold_units", by=("week",), since=first, until=last)
        assert weeks.rows() == [(date(2024, 1, 28), 1, 1), (date(2024, 2, 4), 6, 2)]
        assert value(connection, "sold_units", since=date(2024, 2, 4), until=last, is_last_year=True) == 16 + 32
        assert value(connection, "sold_units", since=first, until=last_of_53, is_last_year=True) == 8


@pytest.mark.parametrize(
    ("day", "then", "otherwise"),
    [
        (date(2026, 9, 16), date(2025, 9, 17), date(2025, 9, 16)),  # a Wednesday against the Wednesday
        (date(2026, 4, 4), date(2025, 4, 19), date(2025, 4, 5)),  # the day before Easter Sunday
        (date(2026, 4, 18), date(2025, 4, 5), date(2025, 4, 19)),  # two weeks later: the day that Easter displaced
        (date(2024, 11, 29), date(2023, 11, 24), date(2023, 12, 1)),  # Black Friday, a week earlier the year before
    ],
)
def test_a_day_is_held_against_the_same_weekday_and_a_movable_feast_against_itself(
    day: date, then: date, otherwise: date
) -> None:
    with snapshot(sold_on({day: 1, then: 5, otherwise: 7}), ANY) as connection:
        assert value(connection, "sold_units", since=day, until=day, is_last_year=True) == 5


PAR = Location(name="PAR", time_zone="Europe/Paris", cutoff=time(15), closes=time(18), country="FR")
BHX = Location(
    name="BHX", time_zone="Europe/London", cutoff=time(12), closes=time(17), handling_days=1, country="GB", subdivision="ENG"
)


def test_a_location_promises_by_its_cutoff_its_weekend_and_its_holidays() -> None:
    """Easter 2025: Good Friday, 18 April, is a holiday in England and not in France, Easter Monday, the 21st, in both; both close at 16:00 UTC."""
    cases = [
        ("at the cut-off", "PAR", utc(17, 13, 0, 4, 2025), utc(17, 16, 0, 4, 2025)),  # leaves by Thursday 18:00: in time
        ("a second later", "PAR", utc(17, 13, 0, 4, 2025) + SECOND, utc(18, 16, 0, 4, 2025) + SECOND),  # by Friday: a second late
        ("on Friday", "PAR", utc(18, 14, 0, 4, 2025), utc(22, 16, 0, 4, 2025)),  # by Tuesday, weekend and Monday don't count
        ("at noon", "BHX", utc(17, 11, 0, 4, 2025), utc(22, 16, 0, 4, 2025)),  # one further working day: by Tuesday
        ("after noon", "BHX", utc(17, 11, 0, 4, 2025) + SECOND, utc(23, 16, 0, 4, 2025) + SECOND),  # by Wednesday: a second late
    ]
    ledger = Ledger(
        orders=[{"order_id": name, "location_id": place, "ordered_at": at} for name, place, at, _ in cases],
        order_lines=[{"order_id": name} for name, *_ in cases],
        shipments=[
            {"order_id": "before", "shipment_id": "0", "shipped_at": utc(1, 9, 0, 4, 2025)},
            *({"order_id": name, "shipment_id": name, "shipped_at": left} for name, _, _, left in cases),
        ],
        others={"ship_by_windows": ship_by_windows([PAR, BHX], date(2025, 4, 10), date(2025, 4, 30)).to_dicts()},
    )
    with snapshot(ledger) as connection:
        by_day = ask(connection, "on_time_ship_rate", by=("day",))
        assert by_day.rows() == [
            (date(2025, 4, 17), 1.0, 1), (date(2025, 4, 18), 0.0, 1), (date(2025, 4, 22), 1.0, 2), (date(2025, 4, 23), 0.0, 1),
        ]  # fmt: skip
        assert ask(connection, "on_time_ship_rate", by=("warehouse",)).rows() == [
            ("BHX", 0.5, 2),
            ("PAR", pytest.approx(2 / 3), 3),
        ]


def test_what_is_due_counts_on_the_utc_date_of_its_promise() -> None:
    """Promised for 23:30 UTC of the 5th, which is the 6th in Amsterdam; kept to the second, broken by one, open, and not due yet."""
    promise = utc(5, 23, 30)
    ends = {"kept": promise, "broken": promise + SECOND, "open": None, "ahead": None}
    ledger = Ledger(
        orders=[{"order_id": name, "ship_by_at": AS_OF + SECOND if name == "ahead" else promise,
                 "deliver_by_at": AS_OF + SECOND if name == "ahead" else promise} for name in ends],
        order_lines=[{"order_id": name} for name in ends],
        shipments=[{"order_id": "before", "shipment_id": "0", "shipped_at": utc(1, 9)},
                   *({"order_id": name, "shipment_id": name, "shipped_at": at, "delivered_at": at} for name, at in ends.items() if at)],
    )  # fmt: skip
    with snapshot(ledger) as connection:
        for name in ("on_time_ship_rate", "line_fill_rate", "on_time_delivery_rate", "otif_rate", "otif_order_rate"):
            assert ask(connection, name, by=("day",)).rows() == [(date(2026, 3, 5), pytest.approx(1 / 3), 3)], name
        assert value(connection, "late_open_lines") == 1


def test_hours_run_at_night_and_over_the_weekend_and_count_on_the_day_of_the_order() -> None:
    """Placed on Friday, 6 March at 17:00, gone on Monday at 9:00: 64 hours, of Friday."""
    ledger = Ledger(
        orders=[{"order_id": "1", "ordered_at": utc(6, 17), "business_date": date(2026, 3, 6), "ship_by_at": utc(9, 17)}],
        order_lines=[{"order_id": "1"}],
        shipments=[{"order_id": "1", "shipment_id": "1", "shipped_at": utc(9, 9)}],
    )
    with snapshot(ledger) as connection:
        assert ask(connection, "placed_to_shipped_hours", by=("day",)).rows() == [(date(2026, 3, 6), 64.0, 64.0, 64.0, 1)]


def test_percentiles_are_linear_between_observations() -> None:
    """Of 1, 2, 3 and 4 hours the 90th percentile stands at place 0.9 × 3 = 2.7: 3 + 0.7 × (4 − 3). What was not paid is left out."""
    ledger = Ledger(
        orders=[{"order_id": str(n), "ordered_at": utc(2, 12), "paid_at": utc(2, 12 + n) if n else None} for n in range(5)],
        order_lines=[{"order_id": str(n)} for n in range(5)],
    )
    with snapshot(ledger) as connection:
        (found,) = ask(connection, "to_paid_hours").rows()
        assert found == (2.5, pytest.approx(3.7), pytest.approx(3.85), 4)


def test_less_than_a_cent_is_agreement_between_orders_and_payments() -> None:
    """Of five orders of 10.00 two agree; 0.01 lacks, 0.01 is too much, one is unpaid; 7.00 came without an order, on the 4th by UTC."""
    paid = {"exact": "10", "nearly": "9.9901", "under": "9.99", "over": "10.01", "unpaid": None}
    ledger = Ledger(
        orders=[{"order_id": name, "total_amount": 10} for name in paid],
        order_lines=[{"order_id": name} for name in paid],
        payments=[
            *({"order_id": name, "payment_id": name, "amount": amount} for name, amount in paid.items() if amount),
            {"order_id": "nowhere", "payment_id": "7", "amount": 7, "paid_at": utc(4, 23, 30)},
        ],
        others={"fx_rates": [{"currency_code": "EUR", "rate_date": date(2026, 3, n), "reporting_rate": 1} for n in (2, 4)]},
    )
    with snapshot(ledger) as connection:
        assert ask(connection, "payment_agreement_rate").row(0) == (0.4, 5)
        unexplained = ask(connection, "unexplained_payment_amount", by=("day",)).rows()
        assert [(day, float(amount)) for day, amount, _ in unexplained] == [(date(2026, 3, 2), 0.02), (date(2026, 3, 4), 7.0)]


def test_less_than_a_cent_is_agreement_between_payouts_and_entries() -> None:
    """Entries of 5.00 each; paid out 5.0099, 4.99 and 5.00 in dollars at 0.9: one cent, nine tenths of a euro cent, is unexplained."""
    paid_out = {"nearly": "5.0099", "under": "4.99", "exact": "5"}
    entry = {"channel": "shop", "entry_kind": "charge", "amount": 5, "fee_amount": 0, "net_amount": 5, "currency_code": "USD"}
    ledger = Ledger(others={
        "payouts": [{"channel": "shop", "payout_id": name, "paid_at": utc(2, 9), "currency_code": "USD", "net_amount": amount}
                    for name, amount in paid_out.items()],
        "payout_entries": [entry | {"entry_id": name, "payout_id": name, "occurred_at": utc(1, 9)} for name in paid_out],
        "fx_rates": [{"currency_code": "USD", "rate_date": date(2026, 3, 2), "reporting_rate": 0.9}],
    })  # fmt: skip
    with snapshot(ledger) as connection:
        assert float(value(connection, "payout_residual_amount")) == 0.009


def test_returns_lower_net_sales_when_they_come_back_and_count_for_the_day_of_their_order() -> None:
    """Five units of 10.00 in the week of 2 March, one of them back for 8.00 the week after; a day is the channel's own."""
    ledger = Ledger(
        orders=[{"order_id": "1", "ordered_at": utc(1, 23, 30), "business_date": date(2026, 3, 2)}],
        order_lines=[{"order_id": "1", "ordered_units": 5}],
        returns=[{"order_id": "1", "return_id": "r", "returned_units": 1, "refund_amount": 8, "returned_at": utc(10, 23, 30),
                  "business_date": date(2026, 3, 11)}],
    )  # fmt: skip
    with snapshot(ledger) as connection:
        assert ask(connection, "net_sales", by=("week",)).rows() == [(date(2026, 3, 2), 50, 1), (date(2026, 3, 9), -8, 1)]
        assert ask(connection, "sold_units", by=("day",)).rows() == [(date(2026, 3, 2), 5, 1), (date(2026, 3, 11), -1, 1)]
        assert ask(connection, "return_rate", by=("week",)).rows() == [(date(2026, 3, 2), 0.2, 5)]
        assert ask(connection, "days_to_return").row(0) == (9.0, 9.0, 9.0, 1)


def test_a_total_of_unknown_amounts_is_unknown_and_that_of_nothing_is_zero() -> None:
    ledger = Ledger(orders=[{"order_id": "1"}], order_lines=[{"order_id": "1"}], others={"fx_rates": []})
    with snapshot(ledger) as connection:
        assert ask(connection, "net_sales").row(0) == (None, 0)
        assert ask(connection, "net_sales", until=date(2026, 3, 1)).row(0) == (0, 0)


def test_stock_is_of_the_day_of_the_run() -> None:
    shelf = {"location_id": "W", "sku": "A", "as_of_date": TODAY, "on_hand_units": 7, "demand_28d_units": 1, "is_dead": False,
             "censored_28d_days": 0, "backordered_units": 0, "on_order_units": 0}  # fmt: skip
    with holding({"inventory_health": rows("inventory_health", shelf)}) as connection:
        assert ask(connection, "on_hand_units", by=("day",)).rows() == [(TODAY, 7, 1)]
        assert value(connection, "on_hand_units", until=TODAY - timedelta(days=1)) == 0


def test_what_arrives_on_the_expected_day_is_in_time_and_a_day_that_is_not_over_does_not_count() -> None:
    """Ten units each, expected for 9:00 UTC of the 5th: here in its last second, a second later, in two parts over midnight, never. Today lies open."""
    expected, last = utc(5, 9), utc(5, 23, 59) + 59 * SECOND
    arrivals = {
        "kept": [(10, last)],
        "broken": [(10, last + SECOND)],
        "partly": [(6, last), (3, last + SECOND)],
        "never": [],
        "today": [],
    }
    ledger = Ledger(others={
        "purchase_orders": [{"purchase_order_id": name, "ordered_units": 10, "ordered_at": utc(1, 0), "expected_at": AS_OF if name == "today" else expected}
                            for name in arrivals],
        "receipts": [{"receipt_id": f"{name} {units}", "purchase_order_id": name, "received_units": units, "received_at": at}
                     for name, receipts in arrivals.items() for units, at in receipts],
    })  # fmt: skip
    with snapshot(ledger) as connection:
        assert ask(connection, "supplier_otif_rate", by=("day",)).rows() == [(date(2026, 3, 5), 0.25, 4)]
        assert ask(connection, "supplier_fill_rate", by=("day",)).rows() == [(date(2026, 3, 5), 0.725, 40)]  # 10 + 10 + 9
        assert ask(connection, "supplier_lead_time_days").row(0)[-1] == 2


def test_a_forecast_week_counts_on_its_last_day_and_not_before_it_is_over() -> None:
    """Of 10 and 8 forecast 8 and 10 were wanted: 4 of 18 were missed; the last week would have missed 2 and 4. The third week isn't over."""
    quantiles = {f"q{level}_units": 5 for level in ("05", "10", "25", "50")} | {
        f"q{level}_units": 9 for level in ("75", "90", "95", "975", "99")
    }
    week = {"sku": "A", "location_id": "W", "cutoff_date": date(2026, 2, 22), "is_backtest": False, "model": "own", "demand_class": "smooth",
            "seasonal_naive_units": 6, "own_units": 9, "statistical_units": 9, **quantiles}  # fmt: skip
    past = [
        week | {"horizon": 1, "week_end_date": date(2026, 3, 1), "naive_units": 6, "mean_units": 10, "actual_units": 8},
        week | {"horizon": 2, "week_end_date": date(2026, 3, 8), "naive_units": 6, "mean_units": 8, "actual_units": 10},
        week | {"horizon": 3, "week_end_date": date(2026, 3, 15), "naive_units": 6, "mean_units": 8, "actual_units": None},
    ]
    with holding({"forecast_history": rows("forecast_history", *past)}) as connection:
        assert ask(connection, "forecast_wape", by=("day",)).rows() == [(date(2026, 3, 1), 0.25, 8), (date(2026, 3, 8), 0.2, 10)]
        assert value(connection, "forecast_bias") == 0
        assert value(connection, "forecast_value_added") == pytest.approx(1 - 4 / 6)
        assert value(connection, "forecast_coverage_80_rate") == 0.5


OF_CALENDARS: dict[str, Callable[..., Any]] = {
    "every day counts; dates are the channel's own": test_returns_lower_net_sales_when_they_come_back_and_count_for_the_day_of_their_order,
    "UTC date of the promise to ship": test_what_is_due_counts_on_the_utc_date_of_its_promise,
    "UTC date of the promise to the customer": test_what_is_due_counts_on_the_utc_date_of_its_promise,
    "hours of the clock, nights and weekends included; by the day the order was placed":
        test_hours_run_at_night_and_over_the_weekend_and_count_on_the_day_of_the_order,
    "the day of the run": test_stock_is_of_the_day_of_the_run,
    "weeks count on their last day": test_a_forecast_week_counts_on_its_last_day_and_not_before_it_is_over,
    "UTC date of the expected day": test_what_arrives_on_the_expected_day_is_in_time_and_a_day_that_is_not_over_does_not_count,
}  # fmt: skip
OF_TOLERANCES = {
    ("payment_balance", "less than a cent is agreement"): test_less_than_a_cent_is_agreement_between_orders_and_payments,
    ("payout_balance", "less than a cent is agreement"): test_less_than_a_cent_is_agreement_between_payouts_and_entries,
    ("purchase_lines", "goods that arrive on the expected day are in time"):
        test_what_arrives_on_the_expected_day_is_in_time_and_a_day_that_is_not_over_does_not_count,
}  # fmt: skip


def test_no_calendar_and_no_tolerance_is_without_an_example() -> None:
    metrics = list(all_metrics(every_version=True))
    assert {one.calendar for one in metrics} == set(OF_CALENDARS)
    assert {(one.fact, one.tolerance) for one in metrics if one.tolerance != "none"} == set(OF_TOLERANCES)
