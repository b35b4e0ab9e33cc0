"""Every table, declared once: columns, types, units, meaning, keys. Everything else is derived from here."""

from pipelines.contracts.base import Table, all_tables, table
from pipelines.contracts import ledger, loads, marts, planning, decisions  # noqa: F401, I001  (registers the tables in the order of the flow)

__all__ = ["Table", "all_tables", "table"]
