"""What goes from landing to the ledger: a payload, and what parsing makes of it. Not here: fetching, parsing, storing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl


def _as_it_is(content: bytes) -> bytes:
    return content


@dataclass(frozen=True)
class Payload:
    """A file in landing; `unseal` turns what stands on disk into what was received.

    landed_at: when it was last put where the merchant keeps it, as text that sorts.
    """

    path: Path
    name: str
    hash: str
    unseal: Callable[[bytes], bytes] = _as_it_is
    landed_at: str = ""

    def content(self) -> bytes:
        """What was received.

        Raises FileNotFoundError when it has left landing meanwhile.
        """
        return self.unseal(self.path.read_bytes())


@dataclass(frozen=True)
class Parsed:
    """What one payload holds, ready to merge.

    `frames` holds the table of the documents first, then others that the documents fill too. `documents` has one row per
    real-world thing: its identity, its source_version and `source_rows`, the rows it came from.
    rows_in = sum(source_rows) + superseded_rows + rows of quarantine whose `part` is empty.
    """

    frames: dict[str, pl.DataFrame]
    documents: pl.DataFrame
    quarantine: pl.DataFrame
    rows_in: int
    superseded_rows: int
