"""Retail weeks, days held against last year, working days and cut-offs: dates that are known."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from pipelines.channels.merchant import Location
from pipelines.ledger.calendar import nrf_year_start, retail_calendar
from pipelines.ledger.working_days import ship_by_windows


def day_of(kind: str, day: date) -> dict:
    return retail_calendar(kind, day, day).row(0, named=True)


@pytest.mark.parametrize(
    ("year", "start"),
    [
        (2022, date(2022, 1, 30)),
        (2023, date(2023, 1, 29)),
        (2024, date(2024, 2, 4)),
        (2025, date(2025, 2, 2)),
        (2026, date(2026, 2, 1)),
    ],
)
def test_nrf_years_begin_where_the_federation_says(year: int, start: date) -> None:
    assert nrf_year_start(year) == start


def test_nrf_2023_has_53_weeks_and_periods_of_4_5_4_weeks() -> None:
    last = day_of("NRF", date(2024, 2, 3))
    assert (last["retail_year"], last["retail_week"], last["retail_period"]) == (2023, 53, 12)
    weeks = [day_of("NRF", nrf_year_start(2025) + timedelta(weeks=n))["retail_period"] for n in range(52)]
    assert [weeks.count(period) for period in range(1, 13)] == [4, 5, 4] * 4


def test_iso_weeks_belong_to_the_year_of_their_thursday() -> None:
    day = day_of("ISO", date(2027, 1, 1))
    assert (day["retail_year"], day["retail_week"], day["week_start_date"]) == (2026, 53, date(2026, 12, 28))


def test_a_day_is_held_against_the_same_weekday_and_a_movable_feast_against_itself() -> None:
    assert day_of("ISO", date(2026, 9, 16))["same_day_last_year_date"] == date(2025, 9, 17)
    assert day_of("ISO", date(2026, 4, 5))["same_day_last_year_date"] == date(2025, 4, 20), "Easter Sundays"
    assert day_of("ISO", date(2026, 4, 4))["same_day_last_year_date"] == date(2025, 4, 19)
    assert day_of("ISO", date(2026, 11, 27))["same_day_last_year_date"] == date(2025, 11, 28), "Black Fridays"


def test_no_day_of_last_year_is_counted_twice() -> None:
    calendar = retail_calendar("ISO", date(2020, 1, 1), date(2030, 12, 31))
    assert calendar["same_day_last_year_date"].n_unique() == calendar.height
    weekdays = calendar["calendar_date"].dt.weekday() == calendar["same_day_last_year_date"].dt.weekday()
    assert weekdays.mean() > 0.98, "few days change places with others for a feast"


AMSTERDAM = Location(name="AMS", time_zone="Europe/Amsterdam", cutoff=time(15), closes=time(18), country="NL")


def promise(location: Location, ordered_at: datetime) -> datetime:
    rows = ship_by_windows([location], ordered_at.date(), ordered_at.date()).to_dicts()
    (fitting,) = [row for row in rows if row["from_at"] < ordered_at <= row["until_at"]]
    return fitting["promised_at"]


@pytest.mark.parametrize(
    ("ordered", "leaves"),
    [
        (datetime(2026, 9, 18, 13, 0, tzinfo=UTC), datetime(2026, 9, 18, 16, tzinfo=UTC)),  # Friday 15:00 in Amsterdam: today
        (datetime(2026, 9, 18, 13, 0, 1, tzinfo=UTC), datetime(2026, 9, 21, 16, tzinfo=UTC)),  # a second later: Monday
        (datetime(2026, 12, 24, 15, 0, tzinfo=UTC), datetime(2026, 12, 28, 17, tzinfo=UTC)),  # after the cut-off on Christmas Eve
        (datetime(2026, 4, 26, 10, 0, tzinfo=UTC), datetime(2026, 4, 28, 16, tzinfo=UTC)),  # Sunday before King's Day, a Monday
        (datetime(2026, 10, 23, 15, 0, tzinfo=UTC), datetime(2026, 10, 26, 17, tzinfo=UTC)),  # the clock goes back in between
    ],
)
def test_what_is_ordered_leaves_by_the_next_cutoff_of_a_working_day(ordered: datetime, leaves: datetime) -> None:
    assert promise(AMSTERDAM, ordered) == leaves


def test_handling_days_are_working_days() -> None:
    slow = AMSTERDAM.model_copy(update={"handling_days": 2})
    assert promise(slow, datetime(2026, 9, 18, 12, tzinfo=UTC)) == datetime(2026, 9, 22, 16, tzinfo=UTC)


def test_windows_leave_no_gap_and_no_overlap() -> None:
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    windows = ship_by_windows([AMSTERDAM], first, last).unique(["from_at"]).sort("from_at")
    assert (windows["until_at"].head(-1) == windows["from_at"].tail(-1)).all()
    moment = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    while moment.date() <= last:
        promise(AMSTERDAM, moment)
        moment += timedelta(hours=31)


def test_an_unknown_country_is_named() -> None:
    with pytest.raises(ValueError, match="no holidays are known of 'XX'"):
        Location(name="X", country="XX")
