"""How many deliveries each channel sent, and which were refused and why. Here: counting. Not here: taking them (webhooks.py)."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pipelines.operations.files import written_aside

FOLDER = ".deliveries"  # beside the payloads: a refused delivery must start no refresh


@dataclass
class Tally:
    """Counts since the first delivery; instants are ISO 8601 in UTC. `taken`: those that landed, without repetitions."""

    taken: int = 0
    refused: int = 0
    last_taken_at: str = ""
    last_refused_at: str = ""
    last_refusal: str = ""


class Tallies:
    """The tally of each channel in a small file; what is noted is written later, many at once."""

    def __init__(self, landing: Path) -> None:
        self._folder = landing / FOLDER
        self._taken: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._last: dict[str, tuple[str, str]] = {}

    def read(self, channel: str) -> Tally:
        """The tally of a channel as it was written last."""
        path = self._folder / f"{channel}.json"
        return Tally(**json.loads(path.read_text())) if path.exists() else Tally()

    def take(self, channel: str, deliveries: int) -> None:
        """Notes deliveries that landed."""
        if deliveries:
            self._taken[channel] += deliveries

    def refuse(self, channel: str, sentence: str, at: datetime) -> None:
        """Notes a delivery that was refused, and why."""
        self._refused[channel] += 1
        self._last[channel] = (at.isoformat(timespec="seconds"), sentence)

    @property
    def is_noted(self) -> bool:
        """True where something waits to be written."""
        return bool(self._taken or self._refused)

    def write(self, at: datetime) -> None:
        """Adds what was noted to the files."""
        taken, refused, last = self._taken, self._refused, self._last
        self._taken, self._refused, self._last = Counter(), Counter(), {}
        for channel in set(taken) | set(refused):
            tally = self.read(channel)
            tally.taken += taken[channel]
            tally.refused += refused[channel]
            if taken[channel]:
                tally.last_taken_at = at.isoformat(timespec="seconds")
            tally.last_refused_at, tally.last_refusal = last.get(channel, (tally.last_refused_at, tally.last_refusal))
            self._folder.mkdir(parents=True, exist_ok=True)
            with written_aside(self._folder / f"{channel}.json") as aside:
                aside.write_text(json.dumps(asdict(tally), indent=1))
