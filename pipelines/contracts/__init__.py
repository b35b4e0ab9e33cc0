"""Every table, declared once: columns, types, units, meaning, keys. Everything else is derived from here."""

from pipelines.contracts.base import Table, all_tables, table
from pipelines.contracts import decisions, ledger, loads, marts, planning  # noqa: F401  (registers the tables)

__all__ = ["Table", "all_tables", "table"]
