"""One parsed payload into the ledger, in one transaction. Here: which version wins, and the account of rows. Not here: parsing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

import duckdb
import polars as pl

from pipelines.channels.mapping import PROVENANCE
from pipelines.channels.payloads import Parsed, Payload
from pipelines.contracts import Table, table
from pipelines.warehouse import touched
from pipelines.warehouse.duckdb import insert

RANK = "({0}.source_version, {0}.payload_version, {0}.payload_hash)"
# What the crosswalk and carriers fill in later is no part of a document's content.
_BY_LINE = {"sku": "CASE WHEN line_id IS NULL THEN sku END"}
RESOLVED: dict[str, dict[str, str]] = {
    "order_lines": {"sku": "NULL"}, "returns": _BY_LINE, "refunds": _BY_LINE,
    "shipments": _BY_LINE | {
        "delivered_at": "CASE WHEN delivery_tracker_id IS NULL THEN delivered_at END", "delivery_tracker_id": "NULL",
        "label_cost_amount": "CASE WHEN label_id IS NULL THEN label_cost_amount END",
        "label_currency_code": "CASE WHEN label_id IS NULL THEN label_currency_code END", "label_id": "NULL",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """What a payload came by: a mapping's feed or a channel's stream, the hash of how it is read, and whether each is the whole list."""

    feed: str
    channel: str
    table: str
    mapping_hash: str
    is_whole: bool = False


@dataclass(frozen=True)
class Balance:
    """The account of a load: rows_in = accepted + duplicate + superseded + quarantined."""

    rows_in: int
    accepted_rows: int
    duplicate_rows: int
    superseded_rows: int
    quarantined_rows: int
    stored_rows: int
    replaced_rows: int

    def require(self, what: str) -> None:
        """Raises AssertionError naming the load when a row has disappeared."""
        accounted = self.accepted_rows + self.duplicate_rows + self.superseded_rows + self.quarantined_rows
        if accounted != self.rows_in:
            raise AssertionError(f"{what}: {self.rows_in} rows in, {accounted} accounted for")


def merge(connection: duckdb.DuckDBPyConnection, origin: Origin, payload: Payload, parsed: Parsed, at: datetime) -> Balance:
    """Merges a payload and stores its account; newest (source_version, payload_version, payload_hash) of each document wins.

    A document may fill several tables: the origin's, whose identity is the document's, and others of which it owns the rows
    that came by the same feed. The comparison is a maximum, so that any order of arrival gives the same ledger. All or nothing.
    """
    contract = table(origin.table)
    names = tuple(parsed.frames)
    connection.begin()
    try:
        with _staged(connection, parsed):
            counts = _decide(connection, origin, contract, names)
            stored, replaced = _apply(connection, contract, names)
            if origin.is_whole and parsed.documents.height:
                replaced += _withdraw(connection, origin, contract, parsed)
        balance = Balance(
            parsed.rows_in,
            counts["accepted"],
            counts["duplicate"],
            parsed.superseded_rows + counts["superseded"],
            parsed.quarantine.filter(pl.col("part") == "").height,
            stored,
            replaced,
        )
        balance.require(f"{payload.name} (feed {origin.feed})")
        earlier = _forget(connection, origin, payload)
        insert(connection, "quarantine", parsed.quarantine)
        insert(connection, "loads", _account(origin, payload, balance, earlier, at))
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return balance


@contextmanager
def _staged(connection: duckdb.DuckDBPyConnection, parsed: Parsed) -> Iterator[None]:
    """The payload's frames as `staged_<table>` and its documents as `staged_documents`, where they stand: nothing is copied."""
    frames = {**parsed.frames, "documents": parsed.documents.drop("source_version")}
    for name, frame in frames.items():
        connection.register(f"staged_{name}", frame.to_arrow(compat_level=pl.CompatLevel.newest()))
    try:
        yield
    finally:
        for name in frames:
            connection.unregister(f"staged_{name}")


def _decide(connection: duckdb.DuckDBPyConnection, origin: Origin, contract: Table, names: tuple[str, ...]) -> dict[str, int]:
    """Gives each staged document its verdict: accepted, duplicate (same content) or superseded; `wins` says whose provenance stays."""
    identity = ", ".join(contract.identity)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE known_documents AS
        SELECT {identity}, any_value(d.document_id) AS document_id, max({RANK.format(contract.name)}) AS rank
        FROM {contract.name} JOIN staged_documents d USING ({identity}) GROUP BY {identity}
    """).fetchall()
    if connection.sql("SELECT count(*) FROM known_documents").fetchall()[0][0]:
        _judge(connection, origin, contract, names)
    else:
        accepted = "SELECT *, false AS is_known, true AS wins, 'accepted' AS verdict FROM staged_documents"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE verdicts AS {accepted}").fetchall()
    if origin.is_whole:
        _keep_out(connection, origin, contract)
    counted = dict(connection.sql("SELECT verdict, sum(source_rows)::BIGINT FROM verdicts GROUP BY ALL").fetchall())
    return {verdict: counted.get(verdict, 0) for verdict in ("accepted", "duplicate", "superseded")}


def _keep_out(connection: duckdb.DuckDBPyConnection, origin: Origin, contract: Table) -> None:
    """Documents that a newer file of the feed has left out are superseded by it, whenever theirs comes."""
    newer = f"""SELECT count(*) > 0 FROM {contract.name} WHERE feed = '{origin.feed}'
        AND payload_version > (SELECT max(payload_version) FROM staged_{contract.name})"""
    if connection.sql(newer).fetchall()[0][0]:
        connection.execute("UPDATE verdicts SET wins = false, verdict = 'superseded' WHERE NOT is_known").fetchall()


def _judge(connection: duckdb.DuckDBPyConnection, origin: Origin, contract: Table, names: tuple[str, ...]) -> None:
    """Compares staged documents with those of the same identity that the ledger knows; each table is looked through once."""
    identity = ", ".join(contract.identity)
    for name in names:
        key, owned = ", ".join(_key(table(name), contract)), _owned(table(name), contract, origin)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE known_{name} AS SELECT *, rowid AS place FROM {name} SEMI JOIN known_documents USING ({key}) WHERE {owned}"
        ).fetchall()
    staged = f"SELECT {identity}, max({RANK.format(f'staged_{contract.name}')}) AS rank FROM staged_{contract.name} GROUP BY ALL"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE verdicts AS
        WITH ranked AS (
            SELECT d.*, known.rank IS NOT NULL AS is_known, coalesce(staged.rank > known.rank, true) AS wins
            FROM staged_documents d JOIN ({staged}) staged USING ({identity})
            LEFT JOIN (SELECT * EXCLUDE (document_id) FROM known_documents) known USING ({identity})
        ), differing AS ({" UNION ".join(_differing(table(name), contract) for name in names)})
        SELECT r.*, CASE WHEN NOT is_known THEN 'accepted' WHEN f.differs IS NULL THEN 'duplicate' WHEN wins THEN 'accepted' ELSE 'superseded' END AS verdict
        FROM ranked r LEFT JOIN (SELECT DISTINCT {identity}, true AS differs FROM differing) f USING ({identity})
    """).fetchall()


def _differing(contract: Table, document: Table) -> str:
    """Identities of known documents whose staged rows of this table are not exactly the ledger's."""
    identity, key = ", ".join(document.identity), ", ".join(_key(contract, document))
    filled = RESOLVED.get(contract.name, {})
    columns = ", ".join(
        f"{filled[c]} AS {c}" if c in filled else c
        for c in contract.columns
        if c not in PROVENANCE or c in _key(contract, document)
    )
    ledger = f"SELECT {columns} FROM known_{contract.name}"
    staged = f"SELECT {columns} FROM staged_{contract.name} SEMI JOIN known_documents USING ({key})"
    differing = f"(({ledger}) EXCEPT ALL ({staged})) UNION ALL (({staged}) EXCEPT ALL ({ledger}))"
    return f"SELECT {identity} FROM known_documents SEMI JOIN ({differing}) USING ({key})"


def _key(contract: Table, document: Table) -> tuple[str, ...]:
    """How a table's rows are found that a document fills: by its identity where they bear it, else by the record that told them."""
    bears_it = contract.name in (document.name, "order_lines")
    return document.identity if bears_it else ("document_id",)


def _owned(contract: Table, document: Table, origin: Origin) -> str:
    """The condition on rows of a table beside the document's own: other feeds may tell of the same order."""
    return "true" if _key(contract, document) == document.identity else f"{contract.name}.feed = '{origin.feed}'"


def _apply(connection: duckdb.DuckDBPyConnection, contract: Table, names: tuple[str, ...]) -> tuple[int, int]:
    """Puts the winners in place; returns how many rows accepted ones stored, and how many earlier ones they replaced."""
    counted = "order_lines" if "order_lines" in names else contract.name
    accepted = f"SEMI JOIN (SELECT * FROM verdicts WHERE wins AND verdict = 'accepted') USING ({', '.join(contract.identity)})"
    known, losing = connection.sql("SELECT count(*) FILTER (is_known), count(*) FILTER (NOT wins) FROM verdicts").fetchall()[0]
    stored = connection.sql(f"SELECT count(*) FROM staged_{counted} {accepted}").fetchall()[0][0]
    replaced = connection.sql(f"SELECT count(*) FROM known_{counted} {accepted}").fetchall()[0][0] if known else 0
    _tell(connection, contract, names, known, losing)
    for name in names:
        key = ", ".join(_key(table(name), contract))
        if known:
            beaten = f"SELECT place FROM known_{name} SEMI JOIN (SELECT * FROM verdicts WHERE wins AND is_known) v USING ({key})"
            connection.execute(f"DELETE FROM {name} WHERE rowid IN ({beaten})").fetchall()
        winners = f"SEMI JOIN (SELECT * FROM verdicts WHERE wins) v USING ({key})" if losing else ""
        connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM staged_{name} {winners}").fetchall()
    return int(stored), int(replaced)


def _withdraw(connection: duckdb.DuckDBPyConnection, origin: Origin, contract: Table, parsed: Parsed) -> int:
    """Takes out what earlier files of the feed held and this one leaves out; returns how many rows.

    A document of which a row can't be read stays as it was, and all of them do where that row can't be told.
    """
    unreadable = parsed.quarantine["document"]
    if unreadable.null_count():
        return 0
    identity, named = ", ".join(contract.identity), ", ".join(name for name in contract.identity if name != "channel")
    left_out = f"""feed = ? AND payload_version < (SELECT max(payload_version) FROM staged_{contract.name})
        AND ({identity}) NOT IN (SELECT ({identity}) FROM staged_documents) AND NOT list_contains(?, concat_ws(' ', {named}))"""
    gone = connection.execute(f"DELETE FROM {contract.name} WHERE {left_out}", [origin.feed, unreadable.to_list()]).fetchall()
    return int(gone[0][0])


def _forget(connection: duckdb.DuckDBPyConnection, origin: Origin, payload: Payload) -> tuple[int, int]:
    """Drops the account of an earlier load of a file that has come back; returns the rows that it stored and replaced."""
    where, values = "WHERE feed = ? AND payload_hash = ? AND file_name = ?", [origin.feed, payload.hash, payload.name]
    counts = f"SELECT coalesce(sum(stored_rows), 0)::BIGINT, coalesce(sum(replaced_rows), 0)::BIGINT FROM loads {where}"
    stored, replaced = connection.execute(counts, values).fetchall()[0]
    for name in ("quarantine", "loads"):
        connection.execute(f"DELETE FROM {name} {where}", values).fetchall()
    return stored, replaced


def _tell(connection: duckdb.DuckDBPyConnection, contract: Table, names: tuple[str, ...], known: int, losing: int) -> None:
    """Notes the orders of the rows that come and of those that go, before they do."""
    parts = []
    for name in names:
        if not set(touched.ORDER) <= set(table(name).columns):
            continue
        key = ", ".join(_key(table(name), contract))
        winners = f"SEMI JOIN (SELECT * FROM verdicts WHERE wins) v USING ({key})" if losing else ""
        parts.append(f"SELECT channel, order_id FROM staged_{name} {winners}")
        if known:
            parts.append(
                f"SELECT channel, order_id FROM known_{name} SEMI JOIN (SELECT * FROM verdicts WHERE wins AND is_known) v USING ({key})"
            )
    if parts:
        documents = connection.sql("SELECT count(*) FROM staged_documents").fetchall()[0][0]
        touched.tell(connection, " UNION ALL ".join(parts), documents)


def _account(origin: Origin, payload: Payload, balance: Balance, earlier: tuple[int, int], at: datetime) -> pl.DataFrame:
    row = {
        **asdict(balance), "stored_rows": balance.stored_rows + earlier[0], "replaced_rows": balance.replaced_rows + earlier[1],
        "landed_at": datetime.fromisoformat(payload.landed_at),
        "feed": origin.feed, "payload_hash": payload.hash, "file_name": payload.name, "mapping_hash": origin.mapping_hash,
        "channel": origin.channel or None, "table_name": origin.table, "loaded_at": at,
    }  # fmt: skip
    return table("loads").conform(pl.DataFrame([row], infer_schema_length=None))
