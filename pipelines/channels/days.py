"""A channel's own days as instants. Not here: anything that happens on them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day_bounds(first: date, last: date, time_zone: str) -> tuple[datetime, datetime]:
    """The instants (UTC) at which the local day `first` begins and the day after `last` begins."""
    zone = ZoneInfo(time_zone)
    start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, last + timedelta(days=1)))
    return start, end


def local_day(at: datetime, time_zone: str) -> date:
    """The local day of an instant."""
    return at.astimezone(ZoneInfo(time_zone)).date()
