"""Dagster's own records of runs and events, in SQLite files that stay open. Here: how they are opened. Not here: what stands in them."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import (
    DagsterSqliteStorage,
    _event_logs_directory,
    _runs_directory,
    _schedule_directory,
)
from dagster._serdes import ConfigurableClassData

FILES_OPEN = 8  # of runs, of which Dagster's page looks at many


class Files:
    """The files last used, each with one engine, which keeps its connections and what it has compiled.

    They are in SQLite's write-ahead log and written without a wait for the disk at each of some thousand entries: a killed process
    loses none of them, a power cut the last ones.
    """

    def __init__(self) -> None:
        self._engines: OrderedDict[str, sqlalchemy.Engine] = OrderedDict()

    def engine(self, url: str) -> sqlalchemy.Engine:
        """The engine of a file."""
        if url not in self._engines:
            self._engines[url] = sqlalchemy.create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
            sqlalchemy.event.listen(self._engines[url], "connect", _without_waiting)
        self._engines.move_to_end(url)
        while len(self._engines) > FILES_OPEN:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[url]

    def close(self) -> None:
        """Closes every file."""
        while self._engines:
            self._engines.popitem()[1].dispose()


def _without_waiting(connection: Any, record: object) -> None:  # noqa: ARG001  (as SQLAlchemy calls it)
    connection.execute("PRAGMA synchronous = NORMAL")


class EventLog(SqliteEventLogStorage):
    """Dagster's event log, which opens a file and looks at its tables anew for every entry that it reads or writes, without that."""

    def __init__(self, base_dir: str) -> None:
        self._files = Files()
        self._present: set[tuple[str, str]] = set()
        super().__init__(base_dir)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        with self._db_lock:
            engine = self._files.engine(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _is_present(self, kind: str, name: str, ask: Callable[[], bool]) -> bool:
        """Whether the tables have something; what they have once they keep."""
        if (kind, name) not in self._present and ask():
            self._present.add((kind, name))
        return (kind, name) in self._present

    def has_table(self, table_name: str) -> bool:
        ask = super().has_table
        return self._is_present("table", table_name, lambda: ask(table_name))

    def has_secondary_index(self, name: str) -> bool:
        ask = super().has_secondary_index
        return self._is_present("index", name, lambda: ask(name))

    def has_asset_key_col(self, column_name: str) -> bool:
        ask = super().has_asset_key_col
        return self._is_present("column", column_name, lambda: ask(column_name))

    def _has_asset_key_col_on_connection(self, conn: sqlalchemy.Connection, column_name: str) -> bool:
        ask = super()._has_asset_key_col_on_connection
        return self._is_present("column", column_name, lambda: ask(conn, column_name))

    def dispose(self) -> None:
        super().dispose()
        self._files.close()


class Runs(SqliteRunStorage):
    """Dagster's list of runs."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._files = Files()
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Iterator[sqlalchemy.Connection]:
        with self._files.engine(self._conn_string).begin() as connection:
            yield connection

    def dispose(self) -> None:
        super().dispose()
        self._files.close()


class Records(DagsterSqliteStorage):
    """All of Dagster's records in one folder, laid out as Dagster does it."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        self._run_storage = Runs.from_local(_runs_directory(base_dir))
        self._event_log_storage = EventLog(_event_logs_directory(base_dir))
        self._schedule_storage = SqliteScheduleStorage.from_local(_schedule_directory(base_dir))
        self._inst_data = inst_data
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> "Records":
        return cls.from_local(inst_data=inst_data, **config_value)
