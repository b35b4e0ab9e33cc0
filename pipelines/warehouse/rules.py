"""A contract's rules asked in SQL, so that a stored table of any size is checked where it lies. Here: which rules, how many rows break them."""

from collections.abc import Iterator

import dataframely as dy
import duckdb

from pipelines.contracts import Table

COMPARED = {"min": "<", "min_exclusive": "<=", "max": ">", "max_exclusive": ">="}


def broken_rules(connection: duckdb.DuckDBPyConnection, contract: Table, rows: str | None = None) -> tuple[int, dict[str, int]]:
    """How many rows the table has, or the relation `rows` of its columns, and how many of them break which rule.

    Types hold by the table itself; a blank breaks no rule but that it may not be blank.
    """
    conditions = dict(_conditions(contract))
    counted = ", ".join(["count(*)", *(f"count(*) FILTER ({condition})" for condition in conditions.values())])
    total, *found = connection.sql(f"SELECT {counted} FROM {rows or contract.name}").fetchall()[0]
    broken = {rule: int(times) for rule, times in zip(conditions, found, strict=True) if times}
    repeated = repeated_keys(connection, contract, rows or contract.name)
    return int(total), broken | ({"primary_key": repeated} if repeated else {})


def _conditions(contract: Table) -> Iterator[tuple[str, str]]:
    """Each rule's name and the SQL that is true of a row that breaks it."""
    for name, column in contract.columns.items():
        if not column.nullable or column.primary_key:
            yield f"{name}|nullability", f'"{name}" IS NULL'
        for rule, comparison in COMPARED.items():
            bound = getattr(column, rule, None)
            if bound is not None:
                yield f"{name}|{rule}", f'"{name}" {comparison} {bound}'
        if isinstance(column, dy.String) and column.regex:
            yield f"{name}|regex", f"NOT regexp_matches(\"{name}\", '{column.regex}')"


def repeated_keys(connection: duckdb.DuckDBPyConnection, contract: Table, rows: str) -> int:
    """How many keys of the contract stand more than once in the relation `rows`."""
    if not contract.key:
        return 0
    key = ", ".join(f'"{name}"' for name in contract.key)
    return int(connection.sql(f"SELECT count(*) FROM (SELECT 1 FROM {rows} GROUP BY {key} HAVING count(*) > 1)").fetchall()[0][0])
