"""How the outbox reaches its database: engine, transactions, exact column types. Not here: tables and what they mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, Numeric, String, TypeDecorator, create_engine, event, func, select
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeEngine

MONEY_PRECISION, MONEY_SCALE = 18, 4
BUSY_TIMEOUT_MS = 10_000
ADVISORY_LOCK = 20_261_123


class UnfitValue(ValueError, DontWrapMixin):
    """A value that the outbox does not store: a local instant, or an amount that is not a number of its size."""


def rounded(amount: Decimal) -> Decimal:
    """`amount` to 4 places, halves away from zero.

    Raises UnfitValue when it is not a number or has more than 14 digits before the point.
    """
    if not amount.is_finite() or abs(amount) >= 10 ** (MONEY_PRECISION - MONEY_SCALE):
        raise UnfitValue(f"{amount} is not an amount of at most {MONEY_PRECISION - MONEY_SCALE} digits before the point")
    return amount.quantize(Decimal(1).scaleb(-MONEY_SCALE), ROUND_HALF_UP)


class Money(TypeDecorator[Decimal]):
    """Numeric(18, 4) that stays exact on SQLite too, where it is kept as text."""

    impl = Numeric(MONEY_PRECISION, MONEY_SCALE)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(24) if dialect.name == "sqlite" else Numeric(MONEY_PRECISION, MONEY_SCALE))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return str(rounded(value)) if dialect.name == "sqlite" else rounded(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class UtcInstant(TypeDecorator[datetime]):
    """An instant with its time zone, stored and returned in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise UnfitValue(f"{value} has no time zone; the outbox stores UTC instants")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """Transactions for reading, and for writing one at a time across all processes."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        if self._engine.dialect.name == "sqlite":
            _prepare_sqlite(self._engine)
        self._writer = self._engine.execution_options(is_writing=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that waits for every other one of its kind, so that what it reads still holds when it writes.

        Raises sqlalchemy.exc.OperationalError when SQLite's file stays busy for more than 10 seconds.
        """
        with self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(ADVISORY_LOCK)))
            yield connection

    def close(self) -> None:
        self._engine.dispose()


def _prepare_sqlite(engine: Engine) -> None:
    if engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _configure_sqlite(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None  # the driver starts no transactions of its own
    for pragma in (f"busy_timeout = {BUSY_TIMEOUT_MS}", "journal_mode = WAL", "foreign_keys = ON"):
        dbapi_connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
