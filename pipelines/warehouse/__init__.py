"""Where tables are kept: landing, the DuckDB warehouse, published snapshots."""
