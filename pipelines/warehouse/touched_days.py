"""Which days facts have changed on, so that sums over the other days stand. Here: telling and asking. Not here: any sum."""

import duckdb

from pipelines.contracts import table

EVERY_DAY = "1900-01-01"
NOTES = {"sales_entries": "touched_days", "fulfilment_lines": "touched_due_dates"}  # of each fact that sums rest on


def keys(fact: str) -> tuple[str, ...]:
    """The columns by which changes of a fact are told: its day first, and what else tells sums apart."""
    return tuple(table(NOTES[fact]).columns)


def tell(connection: duckdb.DuckDBPyConnection, fact: str, rows: str | None) -> None:
    """Notes the days of a query of the fact's rows, those without a day left out; None for every day."""
    day, *others = keys(fact)
    named = ", ".join([day, *(f"coalesce({name}, '')" for name in others)])
    days = f"SELECT DISTINCT {named} FROM ({rows}) WHERE {day} IS NOT NULL"
    every = ", ".join([f"DATE '{EVERY_DAY}'", *("''" for _ in others)])
    noted = f"SELECT * FROM {NOTES[fact]}"
    connection.execute(
        f"INSERT INTO {NOTES[fact]} SELECT * FROM ({days if rows else f'SELECT {every}'}) EXCEPT {noted}"
    ).fetchall()


def is_every_day(connection: duckdb.DuckDBPyConnection, fact: str) -> bool:
    """Whether all days count as touched since they were forgotten last."""
    day = keys(fact)[0]
    return bool(connection.sql(f"SELECT count(*) FROM {NOTES[fact]} WHERE {day} = '{EVERY_DAY}'").fetchall()[0][0])


def forget(connection: duckdb.DuckDBPyConnection, fact: str) -> None:
    """Drops the days, when the sums of them are made."""
    connection.execute(f"DELETE FROM {NOTES[fact]}").fetchall()
