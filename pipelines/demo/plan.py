"""When things happen: the days of the simulation, the monthly exports and the clock of each channel. Not here: what happens."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

NEVER = 2**60
HOUR, DAY = 3600, 86_400
OVERLAP_DAYS = 3
HORIZON_DAYS = 140
EXPORT_HOUR = 6


@dataclass(frozen=True)
class Export:
    """One monthly export: it runs at `cutoff` (epoch seconds), 06:00 UTC on the morning after its last day."""

    number: int
    first_day: int
    last_day: int
    date: date
    cutoff: int
    previous_cutoff: int

    @property
    def window_day(self) -> int:
        """First business day that is exported whether it changed or not."""
        return self.first_day - OVERLAP_DAYS


@dataclass(frozen=True)
class Plan:
    orders: int
    days: int
    seed: int
    end: date

    @property
    def start(self) -> date:
        return self.end - timedelta(days=self.days - 1)

    @property
    def final(self) -> int:
        """The last instant (epoch seconds) that any export has seen."""
        return epoch(self.end + timedelta(days=1)) + EXPORT_HOUR * HOUR

    def date_of(self, day: int) -> date:
        return self.start + timedelta(days=int(day))

    def midnight(self, day: int) -> int:
        return epoch(self.start) + int(day) * DAY

    def day_of(self, instants: np.ndarray) -> np.ndarray:
        """UTC day number of epoch seconds."""
        return (instants - epoch(self.start)) // DAY

    def rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *stream])

    def exports(self) -> list[Export]:
        return list(self._exports())

    def _exports(self) -> Iterator[Export]:
        number, first, previous = 0, 0, -NEVER
        for day in range(self.days):
            today = self.date_of(day)
            if today != self.end and (today + timedelta(days=1)).day != 1:
                continue
            cutoff = self.midnight(day + 1) + EXPORT_HOUR * HOUR
            yield Export(number, first, day, today, cutoff, previous)
            number, first, previous = number + 1, day + 1, cutoff


def epoch(day: date) -> int:
    """Epoch seconds of the UTC midnight that begins `day`."""
    return int(datetime.combine(day, time(), UTC).timestamp())


def offsets(plan: Plan, time_zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Per day: seconds that local time is ahead of UTC at noon, and whether the clock changes that day."""
    zone = ZoneInfo(time_zone)
    ahead, changes = np.zeros(plan.days, np.int64), np.zeros(plan.days, bool)
    for day in range(plan.days):
        noon = datetime.combine(plan.date_of(day), time(12), zone)
        ahead[day] = int((noon.utcoffset() or timedelta()).total_seconds())
        changes[day] = noon.replace(hour=0).utcoffset() != noon.utcoffset()
    return ahead, changes
