"""When each location ships: working days, holidays, cut-offs. Here: windows of ordering and what they promise. Not here: what was promised by a channel."""

from collections.abc import Iterable, Iterator, Sequence, Set
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
    first_searched, last_searched = first - timedelta(days=SEARCHED_DAYS), last + timedelta(days=SEARCHED_DAYS)
    closed = set(location.closed_days) | public_holidays(location.country, location.subdivision, first_searched, last_searched)
    days = list(open_days(location.working_days, closed, first_searched, last_searched))
    zone = ZoneInfo(location.time_zone)
    for number in range(1, len(days) - location.handling_days):
        from_at, until_at = (clock_on(days[n], location.cutoff, zone) for n in (number - 1, number))
        promise = clock_on(days[number + location.handling_days], location.closes, zone)
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


def public_holidays(country: str | None, subdivision: str | None, first: date, last: date) -> set[date]:
    """Public holidays from `first` to `last`; none where no country is given or nothing is known of it."""
    if not country or country not in holidays.list_supported_countries():
        return set()
    days = holidays.country_holidays(country, subdiv=subdivision, years=range(first.year, last.year + 1))
    return {day for day in days if first <= day <= last}


def open_days(weekdays: Iterable[str], closed: Set[date], first: date, last: date) -> Iterator[date]:
    """Days from `first` to `last` that are one of the weekdays (mon … sun) and not closed."""
    day = first
    while day <= last:
        if DAYS[day.weekday()] in weekdays and day not in closed:
            yield day
        day += ONE_DAY


def clock_on(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """What the clock of a zone shows that day, as an instant."""
    return datetime.combine(day, clock, zone).astimezone(UTC)
