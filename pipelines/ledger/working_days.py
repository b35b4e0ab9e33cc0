"""When each location ships: working days, holidays, cut-offs. Here: windows of ordering and what they promise. Not here: what was promised by a channel."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import polars as pl

from pipelines.channels.merchant import Location
from pipelines.contracts import table

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ONE_DAY = timedelta(days=1)
SEARCHED_DAYS = 60  # a location that works on none of them ships never


def ship_by_windows(locations: Sequence[Location], first: date, last: date) -> pl.DataFrame:
    """Per location and UTC date, the spans of ordering (after from_at, up to until_at) and by when what is ordered in them leaves.

    What is ordered up to the cut-off of a working day leaves on it, or `handling_days` working days later, by its closing time.
    With a cut-off at 15:00, closing at 18:00 and no handling days: ordered on Friday at 15:01, it leaves on Monday by 18:00.
    """
    rows = [row for location in locations for row in _windows(location, first, last)]
    return table("ship_by_windows").conform(
        pl.DataFrame(rows, infer_schema_length=None) if rows else table("ship_by_windows").empty()
    )


def _windows(location: Location, first: date, last: date) -> Iterator[dict[str, object]]:
    days = list(_working_days(location, first - timedelta(days=SEARCHED_DAYS), last + timedelta(days=SEARCHED_DAYS)))
    zone = ZoneInfo(location.time_zone)
    for number in range(1, len(days) - location.handling_days):
        from_at, until_at = (_at(days[n], location.cutoff, zone) for n in (number - 1, number))
        promise = _at(days[number + location.handling_days], location.closes, zone)
        day = from_at.date()
        while day <= until_at.date():
            if first <= day <= last:
                yield {
                    "location_id": location.name,
                    "utc_date": day,
                    "from_at": from_at,
                    "until_at": until_at,
                    "promised_at": promise,
                }
            day += ONE_DAY


def _working_days(location: Location, first: date, last: date) -> Iterator[date]:
    closed: set[date] = set(location.closed_days)
    if location.country:
        years = range(first.year, last.year + 1)
        closed |= set(holidays.country_holidays(location.country, subdiv=location.subdivision, years=years))
    day = first
    while day <= last:
        if DAYS[day.weekday()] in location.working_days and day not in closed:
            yield day
        day += ONE_DAY


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)
