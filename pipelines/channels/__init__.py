"""Where orders come from: fetch and parse to ledger frames. Knows no Dagster and no warehouse."""
