"""The retail calendar: weeks, periods, and which day of last year a day is held against. Here: dates. Not here: working days of a location."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

import holidays
import polars as pl

from pipelines.contracts import table

Kind = Literal["ISO", "NRF"]
YEAR = timedelta(days=364)  # 52 whole weeks: the same weekday of the same week
BEFORE, AFTER = 7, 1  # days around a movable feast that belong to it


def retail_calendar(kind: Kind, first: date, last: date, country: str | None = None) -> pl.DataFrame:
    """One row per day from `first` to `last`.

    ISO weeks begin on Monday and belong to the year of their Thursday. NRF's 4-5-4 weeks begin on Sunday; the year ends on the
    Saturday nearest to 31 January, so that 2023 had 53 weeks. A day is held against the one 52 weeks before, which restates the
    year after a 53-week year by a week, as NRF does; the week before a movable feast is held against the week before the same
    feast of last year.

    >>> retail_calendar("NRF", date(2024, 2, 4), date(2024, 2, 4)).row(0, named=True)["same_day_last_year_date"]
    datetime.date(2023, 2, 5)
    """
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    week = _iso if kind == "ISO" else _nrf
    feasts = _movable(country, first.year - 2, last.year + 1)
    moved = _moved(feasts)
    named = {
        feast + timedelta(days=n): name
        for name, dates in reversed(feasts.items())
        for feast in dates.values()
        for n in range(-BEFORE, AFTER + 1)
    }
    rows = [
        {
            "calendar_date": day, "month_start_date": day.replace(day=1), "quarter_start_date": day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1),
            "year_start_date": day.replace(month=1, day=1), **week(day), "same_day_last_year_date": moved.get(day, day - YEAR),
            "feast": named.get(day),
        }
        for day in days
    ]  # fmt: skip
    return table("retail_calendar").conform(pl.DataFrame(rows, infer_schema_length=None))


def _iso(day: date) -> dict[str, date | int]:
    year, week, weekday = day.isocalendar()
    return {
        "week_start_date": day - timedelta(days=weekday - 1),
        "retail_year": year,
        "retail_week": week,
        "retail_period": min((week - 1) // 4 + 1, 13),
    }


def _nrf(day: date) -> dict[str, date | int]:
    year = day.year if day >= nrf_year_start(day.year) else day.year - 1
    week = (day - nrf_year_start(year)).days // 7 + 1
    quarter, within = divmod(min(week, 52) - 1, 13)
    period = 3 * quarter + (1 if within < 4 else 2 if within < 9 else 3)
    start = day - timedelta(days=(day.weekday() + 1) % 7)
    return {"week_start_date": start, "retail_year": year, "retail_week": week, "retail_period": period}


def nrf_year_start(year: int) -> date:
    """The Sunday after the Saturday nearest to 31 January; 2023 began on 29 January, 2024 on 4 February."""
    end = date(year, 1, 31)
    past = (end.weekday() - 5) % 7  # days since the last Saturday
    saturday = end - timedelta(days=past) if past <= 3 else end + timedelta(days=7 - past)
    return saturday + timedelta(days=1)


def _movable(country: str | None, first: int, last: int) -> dict[str, dict[int, date]]:
    """Feasts that fall on another date of the 52-week year each year: Easter, and what the country moves; by name and year."""
    from dateutil.easter import easter

    found = {"Easter": {year: easter(year) for year in range(first, last + 1)},
             "Black Friday": {year: _thanksgiving(year) + timedelta(days=1) for year in range(first, last + 1)}}  # fmt: skip
    if country:
        for day, name in holidays.country_holidays(country, years=range(first, last + 1)).items():
            if any(word in name for word in ("Lunar", "Chinese New Year", "Eid al-Fitr", "Diwali")):
                found.setdefault(name.split(" (")[0], {}).setdefault(day.year, day)
    return found


def _thanksgiving(year: int) -> date:
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 21)


def _moved(feasts: dict[str, dict[int, date]]) -> dict[date, date]:
    """Days around a feast → those around the same feast of last year; the days that these displace change places with them."""
    moved: dict[date, date] = {}
    shift: Callable[[date], date] = lambda day: moved.get(day, day - YEAR)  # noqa: E731
    for dates in feasts.values():
        for year, feast in dates.items():
            if year - 1 not in dates:
                continue
            window = [feast + timedelta(days=n) for n in range(-BEFORE, AFTER + 1)]
            wanted = [dates[year - 1] + timedelta(days=n) for n in range(-BEFORE, AFTER + 1)]
            given = {shift(day): day for day in window}
            losers = [target for target in wanted if target not in given]
            spare = iter(sorted(target for target in given if target not in wanted))
            by_target = {day - YEAR: day for day in (target + YEAR for target in losers)}
            for day, target in zip(window, wanted, strict=True):
                moved[day] = target
            for target in losers:
                moved[by_target[target]] = next(spare)
    return moved
