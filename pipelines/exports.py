"""Files for planners, from one snapshot. Here: which tables go out, in which order. Not here: how a file is written (operations)."""

from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import table
from pipelines.operations import write_csv, write_xlsx
from pipelines.warehouse.duckdb import read_table
from pipelines.warehouse.snapshots import Snapshot, open_snapshot

KEPT = 5
CSV_TABLES = ("transfer_suggestions", "allocations", "channel_offers", "best_sellers")


def write_exports(snapshot: Snapshot, folder: Path) -> list[Path]:
    """Writes reorder-<version>.xlsx and .csv, and a CSV each of transfers, allocations, offers and best sellers; keeps the last five runs'."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"reorder-{snapshot.version}.xlsx", folder / f"reorder-{snapshot.version}.csv"]
    with open_snapshot(snapshot) as connection:
        reorder = reorder_list(connection)
        meanings = {name: column.description or "" for name, column in table("reorder_suggestions").columns.items()}
        write_xlsx({"Reorder": reorder}, files[0], snapshot.version, meanings)
        write_csv(reorder, files[1])
        for name in CSV_TABLES:
            files.append(folder / f"{name}-{snapshot.version}.csv")
            write_csv(read_table(connection, name), files[-1])
    _prune(folder)
    return files


def reorder_list(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Suggested orders, the soonest stock-out and the greatest value first; then series of unknown stock, with their levels."""
    rows = read_table(connection, "reorder_suggestions").filter(
        (pl.col("order_quantity_units") > 0) | pl.col("order_quantity_units").is_null()
    )
    return rows.sort(
        pl.col("order_quantity_units").is_null(),
        "stock_out_date",
        pl.col("order_amount"),
        "sku",
        descending=[False, False, True, False],
        nulls_last=True,
    )


def _prune(folder: Path) -> None:
    for pattern in ("reorder-*.xlsx", "reorder-*.csv", *(f"{name}-*.csv" for name in CSV_TABLES)):
        for old in sorted(folder.glob(pattern), reverse=True)[KEPT:]:
            old.unlink(missing_ok=True)
