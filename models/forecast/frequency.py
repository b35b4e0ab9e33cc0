"""How far apart periods lie, and what repeats. Here: the one translation of `--freq`. Not here: any series."""

import re
from dataclasses import dataclass

from models.forecast.problem import Problem

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
ALIASES = {"D": "1d", "MS": "1mo", "QS": "1q", "YS": "1y", "H": "1h", "h": "1h"}


@dataclass(frozen=True)
class Frequency:
    """every: Polars duration between periods; season and year: periods after which demand repeats; level: periods that say how
    much is sold now, a whole number of seasons where those are short; smooth: neighbours on each side that a year-old period is
    averaged with; keep: periods of history that are looked at."""

    name: str
    every: str
    season: int
    year: int
    level: int
    smooth: int
    keep: int
    weekday: int | None = None
    is_month_start: bool = False

    @property
    def is_within_day(self) -> bool:
        """True where periods are shorter than a day."""
        return self.every[-1] in "mh"


# unit → season, year, level, smooth, keep: five to ten years, three of days
UNITS = {
    "m": (60, 60 * 24 * 7, 120, 0, 60 * 24 * 28),
    "h": (24, 24 * 7, 24 * 7, 0, 24 * 7 * 26),
    "d": (7, 364, 28, 3, 364 * 3),
    "w": (52, 52, 13, 1, 52 * 5),
    "mo": (12, 12, 12, 0, 12 * 10),
    "q": (4, 4, 4, 0, 4 * 15),
    "y": (1, 1, 3, 0, 60),
}


def frequency(name: str) -> Frequency:
    """The frequency that `name` means: W-MON … W-SUN, MS, D, or a Polars offset such as 1d, 2w, 1mo.

    Of several periods at once, such as 2w, seasons are as many times shorter. Anything else is refused with a sentence.
    """
    weekday = None
    text = ALIASES.get(name, name)
    if re.fullmatch(r"W(-[A-Z]{3})?", name):
        day = name[2:] or "SUN"
        if day not in WEEKDAYS:
            raise Problem(f"--freq {name} is not known: weeks begin on one of {', '.join('W-' + d for d in WEEKDAYS)}.")
        weekday, text = WEEKDAYS.index(day) + 1, "1w"
    match = re.fullmatch(r"([1-9]\d*)(m|h|d|w|mo|q|y)", text)
    if not match:
        raise Problem(f"--freq {name} is not known: use W-MON, MS, D or a Polars offset such as 1d, 1w, 1mo.")
    count, unit = int(match[1]), match[2]
    season, year, level, smooth, keep = UNITS[unit]
    season, year, level = (max(1, round(periods / count)) for periods in (season, year, level))
    return Frequency(name, text, season, year, level, smooth // count, max(keep // count, 24), weekday, name == "MS")
