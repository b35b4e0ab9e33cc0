"""Which orders loads have touched, so that facts about the others need not be made again. Here: telling and asking. Not here: making facts."""

import duckdb

ORDER = ("channel", "order_id")
MOST = 50_000  # orders of one load that are told one by one; beyond it everything counts as touched
SHARE = 0.2  # of all orders, beyond which making everything anew is no dearer


def tell(connection: duckdb.DuckDBPyConnection, orders: str, documents: int) -> None:
    """Notes the orders that a query of (channel, order_id) names; of a load of many `documents`, that all may be touched.

    Nothing is noted where facts have to be made whole anyway.
    """
    if not connection.sql("SELECT count(*) FROM fact_states").fetchall()[0][0] or _everything(connection, "fact_states"):
        return
    next_change = (
        "SELECT coalesce(max(change), 0) + 1 FROM (SELECT change FROM touched_orders UNION ALL SELECT change FROM fact_states)"
    )
    told = "SELECT '', ''" if documents > MOST else f"SELECT DISTINCT channel, order_id FROM ({orders})"
    connection.execute(f"INSERT INTO touched_orders SELECT ({next_change}), * FROM ({told})").fetchall()


def last_change(connection: duckdb.DuckDBPyConnection) -> int:
    """Number of the last load that touched an order."""
    return int(
        connection.sql(
            "SELECT coalesce(max(change), 0) FROM (SELECT change FROM touched_orders UNION ALL SELECT change FROM fact_states)"
        ).fetchall()[0][0]
    )


def collect(connection: duckdb.DuckDBPyConnection, since: int, further: list[str]) -> int | None:
    """Makes the temporary table `touched` of orders touched by loads after `since` and by `further` queries; None when everything is."""
    if _everything(connection, f"(SELECT {since} AS change)"):
        return None
    parts = [f"SELECT channel, order_id FROM touched_orders WHERE change > {since}", *further]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE touched AS SELECT DISTINCT channel, order_id FROM ({' UNION ALL '.join(parts)})"
    ).fetchall()
    touched, orders = connection.sql("SELECT (SELECT count(*) FROM touched), (SELECT count(*) FROM orders)").fetchall()[0]
    return None if touched > SHARE * max(orders, 1) else int(touched)


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Drops what every step has taken in."""
    connection.execute("DELETE FROM touched_orders WHERE change <= (SELECT min(change) FROM fact_states)").fetchall()


def _everything(connection: duckdb.DuckDBPyConnection, states: str) -> bool:
    sql = f"SELECT count(*) FROM touched_orders WHERE channel = '' AND order_id = '' AND change > (SELECT max(change) FROM {states})"
    return bool(connection.sql(sql).fetchall()[0][0])
