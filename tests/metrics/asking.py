"""Many questions to one small ledger at a time. Here: a metric's figures by group, without planning its question again. Not here: what they should be."""

from datetime import date
from typing import Any

import duckdb

from pipelines.metrics import Metric
from pipelines.metrics.ask import Question, explain
from pipelines.metrics.registry import Quantiles

ASKED: dict[tuple[Any, ...], str] = {}  # the SQL of a question is the same for every ledger


def figures(
    connection: duckdb.DuckDBPyConnection, one: Metric, by: str = "", since: date | None = None, until: date | None = None
) -> dict[Any, Any]:
    """Per group (or "all") the figure; of a distribution its three percentiles, None where nothing counts."""
    key = (one.name, one.version, by, since, until)
    if key not in ASKED:
        ASKED[key] = explain(connection, Question(one, (by,) if by else (), since, until))
    found = {}
    for row in connection.execute(ASKED[key]).fetchall():
        group, values = (row[0], row[1:-1]) if by else ("all", row[:-1])
        found[group] = (None if None in values else values) if isinstance(one.measure, Quantiles) else values[0]
    return found
