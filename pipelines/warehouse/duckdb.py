"""The warehouse file. The only place that opens it, under a lock, for the length of a load or a save and never while computing."""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import polars as pl

from pipelines.contracts import Table, all_tables, table
from pipelines.errors import InputError
from pipelines.warehouse.rules import repeated_keys

LOCK_PATIENCE_SECONDS = 600.0
CHECKPOINT_AFTER = "256MB"  # of log; a back-fill would otherwise rewrite its tables with every payload
_SQL_TYPES = {
    pl.String: "VARCHAR",
    pl.Int64: "BIGINT",
    pl.Float64: "DOUBLE",
    pl.Boolean: "BOOLEAN",
    pl.Date: "DATE",
    pl.Datetime: "TIMESTAMPTZ",
}


REMADE = (
    "marts",
    "demand",
    "selection",
    "forecast",
    "spreads",
    "accuracy",
    "alerts",
    "decisions",
    "insights",
)  # every night makes their tables anew: new columns need no rebuild
NOTES = ("touched_days", "touched_due_dates")  # what such tables are made by
MEMORY = "6GB"  # of DuckDB; beyond it works on disk


Derived = tuple[Callable[..., nw.LazyFrame[Any]], tuple[str, ...], dict[str, Any]]  # a mart, its sources, its further arguments


def sql_type(dtype: pl.DataType) -> str:
    """DuckDB's name of a contract type."""
    return f"DECIMAL({dtype.precision}, {dtype.scale})" if isinstance(dtype, pl.Decimal) else _SQL_TYPES[type(dtype)]


def connect(path: Path | str, *, read_only: bool = False, **config: Any) -> duckdb.DuckDBPyConnection:
    """A connection whose clock is UTC."""
    connection = duckdb.connect(str(path), read_only=read_only, config=config)
    connection.execute("SET GLOBAL TimeZone = 'UTC'").fetchall()
    connection.execute(f"SET memory_limit = '{MEMORY}'").fetchall()
    connection.execute(f"SET checkpoint_threshold = '{CHECKPOINT_AFTER}'").fetchall()
    return connection


class Warehouse:
    """The merchant's tables in one DuckDB file, with one process at a time."""

    def __init__(self, path: Path, say: Callable[[str], None] = lambda sentence: None) -> None:
        self.path = path
        self._say = say

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse under its lock; waits for another process and names it.

        Raises InputError when the lock isn't free in ten minutes, or the file was made by an incompatible version.
        """
        with self._locked(), self._connected() as connection:
            yield connection

    def copy_to(self, target: Path) -> None:
        """Copies the file as it stands between two loads."""
        with self._locked():
            with self._connected():
                pass
            shutil.copyfile(self.path, target)

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        """DuckDB without a file: starting it takes longer than opening one, which it does for the length of a load or a save alone."""
        return connect(":memory:", temp_directory=f"{self.path}.tmp")

    @contextmanager
    def _connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the file; what is not committed when it ends is not kept."""
        file = str(self.path).replace("'", "''")
        self._execute(f"ATTACH '{file}' AS warehouse")
        try:
            with self._engine.cursor() as connection:
                connection.execute("USE warehouse").fetchall()
                _create_missing(connection)
                yield connection
                connection.execute("CHECKPOINT").fetchall()  # detaching would do it too, but stop every thread meanwhile
        finally:
            self._execute("DETACH warehouse")

    def _execute(self, statement: str) -> None:
        with self._engine.cursor() as connection:
            connection.execute(statement).fetchall()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("a+") as lock:
            self._acquire(lock)
            lock.seek(0)
            lock.truncate()
            lock.write(f"process {os.getpid()}")
            lock.flush()
            yield

    def _acquire(self, lock: Any) -> None:
        until = time.monotonic() + LOCK_PATIENCE_SECONDS
        has_spoken = False
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read() or "another process"
                if time.monotonic() > until:
                    raise InputError(f"The warehouse is in use by {holder} for ten minutes; stop it and run again.") from None
                if not has_spoken:
                    self._say(f"Waiting for the warehouse, which {holder} is using.")
                    has_spoken = True
                time.sleep(0.05)

    def read(self, *names: str) -> dict[str, pl.DataFrame]:
        """The named tables as frames of their contracts' types."""
        with self.open() as connection:
            return {name: read_table(connection, name) for name in names}

    def query(self, sql: str) -> pl.DataFrame:
        """The answer to a query as a frame."""
        with self.open() as connection:
            return connection.sql(sql).pl()

    def save(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Replaces the named tables, all or none; each frame is checked against its contract's key and rules first.

        Raises InputError naming the table and the rule when a frame breaks its contract.
        """
        for name, frame in frames.items():
            require_contract(table(name), frame)
        with self.open() as connection:
            connection.begin()
            for name, frame in frames.items():
                connection.execute(f"DELETE FROM {name}").fetchall()
                insert(connection, name, frame)
            connection.commit()

    def derive(
        self, marts: Mapping[str, Derived], where: str | None = None, say: Callable[[str], None] = lambda name: None
    ) -> None:
        """Runs marts over their source tables inside DuckDB, one after the other, and replaces each one's table, or the part of it
        that `where` names."""
        with self.open() as connection:
            for name, (transform, sources, arguments) in marts.items():
                frames = [nw.from_native(connection.table(source)) for source in sources]
                replace_rows(connection, table(name), transform(*frames, **arguments).to_native(), where)
                say(name)


def replace_rows(
    connection: duckdb.DuckDBPyConnection,
    contract: Table,
    relation: duckdb.DuckDBPyRelation,
    where: str | None,
    *,
    is_part: bool = False,
) -> None:
    """Puts a relation in the place of a mart's rows, or of those that `where` names.

    Made whole, the rows of orders are stored in the orders' order, so that those of a few orders lie in few places. A relation that
    `is_part` has the rows of `where` alone, else they are taken out of it. Raises InputError when a key stands twice.
    """
    columns = ", ".join(f'"{c}"::{sql_type(d)} AS "{c}"' for c, d in contract.dtypes.items())
    relation.to_view("derived_mart")
    wanted = "true" if is_part else where or "true"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE derived AS SELECT {columns} FROM derived_mart WHERE {wanted}").fetchall()
    _require_unique_key(connection, contract)
    connection.begin()
    connection.execute(f"DELETE FROM {contract.name} WHERE {where or 'true'}").fetchall()
    is_sorted = where is None and {"channel", "order_id"} <= set(contract.key)
    connection.execute(
        f"INSERT INTO {contract.name} BY NAME SELECT * FROM derived{' ORDER BY channel, order_id' if is_sorted else ''}"
    ).fetchall()
    connection.commit()
    connection.execute("DROP VIEW derived_mart").fetchall()


@cache
def _every_column() -> str:
    return ",".join(sorted(f"{contract.name}.{column}" for contract in all_tables() for column in contract.columns))


def _create_missing(connection: duckdb.DuckDBPyConnection) -> None:
    held = "SELECT string_agg(name, ',' ORDER BY name) FROM (SELECT table_name || '.' || column_name AS name FROM duckdb_columns() WHERE NOT internal)"
    if connection.sql(held).fetchall()[0][0] == _every_column():
        return
    present: dict[str, list[str]] = {}
    for name, column in connection.sql("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal").fetchall():
        present.setdefault(name, []).append(column)
    for contract in (*all_tables("loads"), *(t for t in all_tables() if t.step != "loads")):
        if contract.name not in present:
            _create(connection, contract)
        elif set(present[contract.name]) == set(contract.columns):
            continue
        elif contract.step in REMADE or contract.name in NOTES:
            connection.execute(f"DROP TABLE {contract.name}; DELETE FROM fact_states; DELETE FROM step_inputs").fetchall()
            _create(connection, contract)
        else:
            raise InputError(
                f"The warehouse's table {contract.name} has another version's columns; run `fulcast rebuild` to make it anew from landing."
            )


def _create(connection: duckdb.DuckDBPyConnection, contract: Table) -> None:
    columns = ", ".join(f'"{name}" {sql_type(dtype)}' for name, dtype in contract.dtypes.items())
    connection.execute(f"CREATE TABLE {contract.name} ({columns})").fetchall()


def read_table(connection: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    """A table of an open connection as a frame."""
    return table(name).conform(connection.sql(f"SELECT * FROM {name}").pl())


def insert(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    """Appends `frame` to the table, column by name."""
    connection.register("incoming_frame", frame.to_arrow())
    connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM incoming_frame").fetchall()
    connection.unregister("incoming_frame")


def require_contract(contract: Table, frame: pl.DataFrame) -> None:
    """Raises InputError naming the rule that `frame` breaks."""
    _, failure = contract.schema.filter(contract.conform(frame))
    if len(failure):
        rule, rows = next(iter(failure.counts().items()))
        raise InputError(
            f"Table {contract.name} breaks its contract in {rows} rows ({rule}); this is a fault of Fulcast, please report it."
        )


def _require_unique_key(connection: duckdb.DuckDBPyConnection, contract: Table) -> None:
    blank = " OR ".join(f"{name} IS NULL" for name in contract.key)
    repeated = repeated_keys(connection, contract, "derived")
    blanks = connection.sql(f"SELECT count(*) FROM derived WHERE {blank}").fetchall()[0][0]
    if repeated or blanks:
        raise InputError(
            f"Table {contract.name}: {repeated} keys stand twice and {blanks} are blank ({', '.join(contract.key)}); "
            "this is a fault of Fulcast, please report it."
        )
