"""Every table, declared once: columns, types, units, meaning, keys. Everything else is derived from here."""

from importlib import import_module

from pipelines.contracts.base import Table, all_tables, table

for _step in (
    "orders",
    "carriers",
    "ledger",
    "loads",
    "marts",
    "fulfilment",
    "money",
    "insights",
    "planning",
    "knowledge",
    "accuracy",
    "decisions",
    "stock",
):  # tables are registered in the order of the flow
    import_module(f"pipelines.contracts.{_step}")

__all__ = ["Table", "all_tables", "table"]
