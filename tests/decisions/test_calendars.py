"""Order days, cut-offs, holidays and closed days: dates that are known."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from pipelines.contracts import table
from pipelines.decisions.calendars import days_of, with_calendar

TUESDAY = datetime(2026, 12, 1, 12, tzinfo=UTC)


def told(at: datetime = TUESDAY, review: float | None = None, **supplier: str) -> dict:
    suppliers = table("suppliers").conform(pl.DataFrame([{"supplier_id": "S", **supplier}]))
    terms = pl.DataFrame(
        {"supplier_id": ["S"], "sku": ["A"], "review_period_days": [review]}, schema_overrides={"review_period_days": pl.Float64}
    )
    return with_calendar(terms, suppliers, at).row(0, named=True)


def test_the_docstrings_example() -> None:
    row = told(order_days="mon", order_cutoff_time="14:00")
    assert row["order_by_at"] == datetime(2026, 12, 7, 14, tzinfo=UTC)
    assert row["order_by"] == "Monday 7 December 14:00 (UTC)"
    assert row["review_period_days"] == pytest.approx(13 + 2 / 24)


def test_an_order_day_counts_until_its_cutoff_on_the_suppliers_clock() -> None:
    supplier = {"order_days": "Tue, thu", "order_cutoff_time": "14:00", "time_zone": "Europe/Lisbon"}
    assert told(datetime(2026, 7, 7, 12, 59, tzinfo=UTC), **supplier)["order_by"] == "Tuesday 7 July 14:00 (Europe/Lisbon)"
    assert told(datetime(2026, 7, 7, 13, 1, tzinfo=UTC), **supplier)["order_by"] == "Thursday 9 July 14:00 (Europe/Lisbon)"


def test_holidays_of_the_country_and_closed_spans_are_no_order_days() -> None:
    assert told(order_days="fri", country_code="NL")["order_by_at"].date() == date(2026, 12, 4)
    assert told(datetime(2026, 12, 21, tzinfo=UTC), order_days="fri", country_code="NL")["order_by_at"].date() == date(2027, 1, 8)
    assert told(closed_days="2026-12-01/2026-12-04")["order_by_at"].date() == date(2026, 12, 7), "weekdays where none are named"


def test_a_stated_review_period_is_kept_in_whole_order_days() -> None:
    assert told(review=7, order_days="mon thu", order_cutoff_time="12:00")["review_period_days"] == pytest.approx(9)
    assert told(review=10, order_days="mon thu", order_cutoff_time="12:00")["review_period_days"] == pytest.approx(13)


def test_suppliers_without_a_calendar_keep_their_terms() -> None:
    row = told(review=7, country_code="NL", time_zone="Europe/Amsterdam")
    assert (row["review_period_days"], row["order_by_at"], row["order_by"]) == (7, None, None)


def test_what_can_not_be_a_calendar_does_no_harm() -> None:
    closed = told(review=7, order_days="mon", closed_days="2026-01-01/2028-12-31")
    assert (closed["review_period_days"], closed["order_by"]) == (7, None)
    assert told(order_days="mon", time_zone="Atlantis/Capital", country_code="XX")["order_by"].endswith("(UTC)")
    assert days_of("2026-02-30 2026-12-24;2026-12-24") == {date(2026, 12, 24)}
