"""Facts and key figures: one file per mart, each a pure function LazyFrame -> LazyFrame of the ledger and `as_of`."""
