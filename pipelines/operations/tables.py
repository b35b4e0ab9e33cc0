"""The tables of operations and a typed frame of any query on them. Not here: the rules by which their rows change."""

from typing import Any

import polars as pl
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    inspect,
)
from sqlalchemy.types import TypeEngine

from pipelines.operations.database import MONEY_PRECISION, MONEY_SCALE, Database, Money, UtcInstant

METADATA = MetaData()

BATCHES = Table(
    "batches",
    METADATA,
    Column("batch_id", String(40), primary_key=True),
    Column("claimed_at", UtcInstant, nullable=False),
    Column("sent_at", UtcInstant),
)

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("decision_id", String(40), primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("sku", Text, nullable=False),
    Column("location_id", Text, nullable=False),
    Column("supplier_id", Text),
    Column("from_location_id", Text),
    Column("quantity_units", BigInteger, nullable=False),
    Column("suggested_quantity_units", BigInteger, nullable=False),
    Column("previous_quantity_units", BigInteger),
    Column("received_units", BigInteger),
    Column("unit_cost_amount", Money),
    Column("amount", Money),
    Column("currency_code", String(3)),
    Column("needed_by", Date),
    Column("explanation", Text, nullable=False),
    Column("run_version", Text, nullable=False),
    Column("idempotency_key", String(64), nullable=False, unique=True),
    Column("suggested_at", UtcInstant, nullable=False),
    Column("changed_at", UtcInstant, nullable=False),
    Column("superseded_by", String(40), ForeignKey("decisions.decision_id")),
    Column("batch_id", String(40), ForeignKey("batches.batch_id")),
    Column("reference", Text),
    Index("decisions_by_state", "state", "kind"),
    Index("decisions_by_run", "run_version", "kind"),
    Index("decisions_by_batch", "batch_id"),
)

DECISION_EVENTS = Table(
    "decision_events",
    METADATA,
    Column("event_number", Integer, primary_key=True),
    Column("decision_id", String(40), ForeignKey("decisions.decision_id"), nullable=False, index=True),
    Column("at", UtcInstant, nullable=False),
    Column("from_state", String(20)),
    Column("to_state", String(20), nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

DRAFTS = Table(
    "drafts",
    METADATA,
    Column("kind", String(20), primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("location_id", Text, primary_key=True),
    Column("supplier_id", Text, primary_key=True),
    Column("decision_id", String(40), ForeignKey("decisions.decision_id"), nullable=False),
    Column("suggested_quantity_units", BigInteger, nullable=False),
    Column("quantity_units", BigInteger),
    Column("needed_by", Date),
    Column("author", Text, nullable=False),
    Column("saved_at", UtcInstant, nullable=False),
    Index("drafts_by_decision", "decision_id"),
)

KNOWLEDGE = Table(
    "knowledge",
    METADATA,
    Column("entry_id", String(40), primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("sku", Text, nullable=False),
    Column("location_id", Text),
    Column("other_sku", Text),
    Column("start_date", Date),
    Column("end_date", Date),
    Column("weekly_units", Double),
    Column("change_rate", Double),
    Column("discount_rate", Double),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("expires_date", Date, nullable=False),
    Column("entered_at", UtcInstant, nullable=False),
    Index("knowledge_by_sku", "sku"),
)

KNOWLEDGE_WITHDRAWALS = Table(
    "knowledge_withdrawals",
    METADATA,
    Column("entry_id", String(40), ForeignKey("knowledge.entry_id"), primary_key=True),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("withdrawn_at", UtcInstant, nullable=False),
)

_DTYPES: dict[type[TypeEngine[Any]], pl.DataType] = {
    String: pl.String(),
    Text: pl.String(),
    Integer: pl.Int64(),
    BigInteger: pl.Int64(),
    Date: pl.Date(),
    Double: pl.Float64(),
    Money: pl.Decimal(MONEY_PRECISION, MONEY_SCALE),
    UtcInstant: pl.Datetime("us", "UTC"),
}


def create_missing(database: Database) -> None:
    """Creates the tables that are not there yet; an older database keeps its rows."""
    with database.reading() as connection:
        is_ready = set(METADATA.tables) <= set(inspect(connection).get_table_names())
    if not is_ready:
        with database.writing() as connection:
            METADATA.create_all(connection)


def frame(connection: Connection, query: Select[Any]) -> pl.DataFrame:
    """The rows of `query`, with its columns' types even when there are none."""
    schema = {column.name: _DTYPES[type(column.type)] for column in query.selected_columns}
    return pl.DataFrame([tuple(row) for row in connection.execute(query)], schema=schema, orient="row")
