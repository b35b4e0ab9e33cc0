"""What is remembered of a stream between polls: how far it was read, when it last answered, what went wrong. Not here: records."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipelines.operations.files import written_aside


@dataclass(frozen=True)
class StreamState:
    """`cursor`: newest change seen by a poll that ended well, as the channel writes it. Instants are ISO 8601 in UTC."""

    cursor: str = ""
    last_success_at: str = ""
    last_error: str = ""
    landed_records: int = 0
    reconciled_at: str = ""
    missed_records: int = 0


class States:
    """The state of each stream, in a small file beside its payloads; written whole or not at all."""

    def __init__(self, landing: Path) -> None:
        self._landing = landing

    def read(self, feed: str) -> StreamState:
        """State of a stream; blank where it was never asked."""
        path = self._path(feed)
        return StreamState(**json.loads(path.read_text())) if path.exists() else StreamState()

    def change(self, feed: str, **changes: object) -> StreamState:
        """Writes some of its facts anew."""
        state = replace(self.read(feed), **changes)  # type: ignore[arg-type]
        path = self._path(feed)
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_aside(path) as aside:
            aside.write_text(json.dumps(asdict(state), indent=1))
        return state

    def _path(self, feed: str) -> Path:
        return self._landing / feed / "state.json"
