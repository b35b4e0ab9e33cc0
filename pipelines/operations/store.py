"""What every part of operations shares: a database that is opened, ready to be used, and closed. Not here: any part's rules."""

from types import TracebackType
from typing import Self

from pipelines.operations.database import Database
from pipelines.operations.tables import create_missing


class Store:
    """A part of the database of operations; as a context manager it closes every connection at its end."""

    def __init__(self, url: str) -> None:
        """Opens the database at a SQLAlchemy `url` and creates its tables when they are not there."""
        self._database = Database(url)
        create_missing(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes every connection."""
        self._database.close()
