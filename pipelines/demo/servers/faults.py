"""What goes wrong between a platform and who asks it, by a seed. Here: which fault, when. Not here: how a server carries it out."""

import random
from dataclasses import dataclass
from datetime import timedelta

KINDS = ("throttled", "server_error", "timeout", "cut_off", "cut_off_quietly", "duplicate_page", "expired_token")
MOST_IN_A_ROW = 4
SLOW = {"timeout": 0.04}  # how much rarer than the others, since waiting costs


@dataclass(frozen=True)
class Weather:
    """How bad it is: the share of requests that go wrong, which ways, and how far the platform's own views lag and its clock is off.

    `lag`: a change shows in lists only after so long, sometimes longer than any overlap. `staleness`: a list may show an order
    as it was so long ago. `skew`: the platform's clock against ours.
    """

    rate: float = 0.0
    kinds: tuple[str, ...] = KINDS
    lag: timedelta = timedelta(0)
    staleness: timedelta = timedelta(0)
    skew: timedelta = timedelta(0)

    @staticmethod
    def storm(seed: int) -> "Weather":
        """Every fault at once, each run in other proportions."""
        rng = random.Random(f"weather {seed}")
        return Weather(
            rate=rng.uniform(0.05, 0.35),
            lag=timedelta(seconds=rng.choice([0, 20, 120, 3_600])),
            staleness=timedelta(seconds=rng.choice([0, 30, 900])),
            skew=timedelta(seconds=rng.choice([-300, 0, 45, 600])),
        )


class Faults:
    """Draws a fault, or none, for each request; never so many in a row that patience must end."""

    def __init__(self, weather: Weather, seed: int = 0) -> None:
        self.weather = weather
        self._rng = random.Random(seed)
        self._in_a_row = 0
        self.drawn: dict[str, int] = dict.fromkeys(KINDS, 0)

    def draw(self) -> str | None:
        """The fault that befalls this request."""
        if self._in_a_row >= MOST_IN_A_ROW or self._rng.random() >= self.weather.rate:
            self._in_a_row = 0
            return None
        self._in_a_row += 1
        kinds = self.weather.kinds
        fault = self._rng.choices(kinds, [SLOW.get(kind, 1.0) for kind in kinds])[0]
        self.drawn[fault] += 1
        return fault

    def is_hit(self, share: float) -> bool:
        """True by chance, in a `share` of cases."""
        return self.weather.rate > 0 and self._rng.random() < share
