"""One parsed payload into the ledger, in one transaction. Here: which version wins, and the account of rows. Not here: parsing."""

from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

from pipelines.channels.files import Parsed, Payload
from pipelines.channels.mapping import PROVENANCE, Feed
from pipelines.contracts import Table, table
from pipelines.warehouse.duckdb import insert

RANK = "({0}.source_version, {0}.payload_version, {0}.payload_hash)"


@dataclass(frozen=True)
class Balance:
    """The account of a load: rows_in = accepted + duplicate + superseded + quarantined."""

    rows_in: int
    accepted_rows: int
    duplicate_rows: int
    superseded_rows: int
    quarantined_rows: int
    replaced_rows: int

    def require(self, what: str) -> None:
        """Raises AssertionError naming the load when a row has disappeared."""
        accounted = self.accepted_rows + self.duplicate_rows + self.superseded_rows + self.quarantined_rows
        if accounted != self.rows_in:
            raise AssertionError(f"{what}: {self.rows_in} rows in, {accounted} accounted for")


def merge(
    connection: duckdb.DuckDBPyConnection, feed: Feed, mapping_hash: str, payload: Payload, parsed: Parsed, at: datetime
) -> Balance:
    """Merges a payload and stores its account; newest (source_version, payload_version, payload_hash) of each document wins.

    The comparison is a maximum, so that any order of arrival gives the same ledger. All or nothing.
    """
    contract = table(feed.table)
    names = ("orders", "order_lines") if feed.is_order_feed else (feed.table,)
    connection.begin()
    try:
        _stage(connection, parsed, names)
        counts = _decide(connection, contract, names)
        replaced = _apply(connection, contract, names)
        balance = Balance(
            parsed.rows_in,
            counts["accepted"],
            counts["duplicate"],
            parsed.superseded_rows + counts["superseded"],
            parsed.quarantine.height,
            replaced,
        )
        balance.require(f"{payload.name} (feed {feed.name})")
        insert(connection, "quarantine", parsed.quarantine)
        insert(connection, "loads", _account(feed, mapping_hash, payload, balance, at))
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return balance


def _stage(connection: duckdb.DuckDBPyConnection, parsed: Parsed, names: tuple[str, ...]) -> None:
    for name in names:
        connection.register("staged_frame", parsed.frames[name].to_arrow())
        connection.execute(f"CREATE OR REPLACE TEMP TABLE staged_{name} AS SELECT * FROM staged_frame").fetchall()
        connection.unregister("staged_frame")
    connection.register("staged_frame", parsed.documents.to_arrow())
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE staged_documents AS SELECT * EXCLUDE (source_version) FROM staged_frame"
    ).fetchall()
    connection.unregister("staged_frame")


def _decide(connection: duckdb.DuckDBPyConnection, contract: Table, names: tuple[str, ...]) -> dict[str, int]:
    """Gives each staged document its verdict: accepted, duplicate (same content) or superseded; `wins` says whose provenance stays."""
    identity = ", ".join(contract.identity)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE known_documents AS
        SELECT {identity}, max({RANK.format(contract.name)}) AS rank FROM {contract.name} SEMI JOIN staged_documents USING ({identity}) GROUP BY ALL
    """).fetchall()
    if connection.sql("SELECT count(*) FROM known_documents").fetchall()[0][0]:
        _judge(connection, contract, names)
    else:
        accepted = "SELECT *, false AS is_known, true AS wins, 'accepted' AS verdict FROM staged_documents"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE verdicts AS {accepted}").fetchall()
    counted = dict(connection.sql("SELECT verdict, sum(source_rows)::BIGINT FROM verdicts GROUP BY ALL").fetchall())
    return {verdict: counted.get(verdict, 0) for verdict in ("accepted", "duplicate", "superseded")}


def _judge(connection: duckdb.DuckDBPyConnection, contract: Table, names: tuple[str, ...]) -> None:
    """Compares staged documents with those of the same identity that the ledger knows."""
    identity = ", ".join(contract.identity)
    staged = f"SELECT {identity}, max({RANK.format(f'staged_{contract.name}')}) AS rank FROM staged_{contract.name} GROUP BY ALL"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE verdicts AS
        WITH ranked AS (
            SELECT d.*, known.rank IS NOT NULL AS is_known, coalesce(staged.rank > known.rank, true) AS wins
            FROM staged_documents d JOIN ({staged}) staged USING ({identity}) LEFT JOIN known_documents known USING ({identity})
        ), differing AS ({" UNION ".join(_differing(table(name), contract) for name in names)})
        SELECT r.*, CASE WHEN NOT is_known THEN 'accepted' WHEN f.differs IS NULL THEN 'duplicate' WHEN wins THEN 'accepted' ELSE 'superseded' END AS verdict
        FROM ranked r LEFT JOIN (SELECT DISTINCT {identity}, true AS differs FROM differing) f USING ({identity})
    """).fetchall()


def _differing(contract: Table, document: Table) -> str:
    """Identities of known documents whose staged rows of this table are not exactly the ledger's."""
    identity, columns = ", ".join(document.identity), ", ".join(c for c in contract.columns if c not in PROVENANCE)
    ledger, staged = (
        f"SELECT {columns} FROM {rows} SEMI JOIN known_documents USING ({identity})"
        for rows in (contract.name, f"staged_{contract.name}")
    )
    return f"SELECT {identity} FROM (({ledger}) EXCEPT ALL ({staged})) UNION SELECT {identity} FROM (({staged}) EXCEPT ALL ({ledger}))"


def _apply(connection: duckdb.DuckDBPyConnection, contract: Table, names: tuple[str, ...]) -> int:
    """Puts the winners in place; returns how many earlier rows accepted ones replaced."""
    identity = ", ".join(contract.identity)
    lines = names[-1]
    replaced = connection.sql(
        f"SELECT count(*) FROM {lines} SEMI JOIN (SELECT * FROM verdicts WHERE wins AND verdict = 'accepted') USING ({identity})"
    ).fetchall()
    for name in names:
        columns = list(table(name).columns)
        match = " AND ".join(f"{name}.{column} = v.{column}" for column in contract.identity)
        connection.execute(f"DELETE FROM {name} USING verdicts v WHERE v.wins AND v.is_known AND {match}").fetchall()
        selected = ", ".join(f's."{column}"' for column in columns)
        connection.execute(
            f"INSERT INTO {name} BY NAME SELECT {selected} FROM staged_{name} s SEMI JOIN (SELECT * FROM verdicts WHERE wins) v USING ({identity})"
        ).fetchall()
    return int(replaced[0][0])


def _account(feed: Feed, mapping_hash: str, payload: Payload, balance: Balance, at: datetime) -> pl.DataFrame:
    row = {
        "feed": feed.name, "payload_hash": payload.hash, "file_name": payload.name, "mapping_hash": mapping_hash,
        "channel": feed.channel or None, "table_name": feed.table, "loaded_at": at, **vars(balance),
    }  # fmt: skip
    return table("loads").conform(pl.DataFrame([row], infer_schema_length=None))
