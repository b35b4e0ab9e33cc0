"""Moves between locations. Here: shipments of a network, then surplus to shortage elsewhere, their reasons. Not here: mathematics (models), buying."""

from datetime import date, timedelta

import polars as pl

from models import availability
from models.demand import SERIES
from pipelines.channels.merchant import Planning
from pipelines.decisions.network import Network, restocks, with_downstream
from pipelines.decisions.orders import decided_units


def all_transfers(position: pl.DataFrame, network: Network, planning: Planning) -> pl.DataFrame:
    """Rows of transfer_suggestions: what sources ship to the places behind them, then what else has too much and lacks.

    A place behind a source is replenished from there alone; the source's surplus is what its echelon has beyond its level.
    """
    shipped = restocks(position, network).with_columns(kind=pl.lit("restock"))
    return with_balances(shipped, position, network, planning)


def with_balances(made: pl.DataFrame, position: pl.DataFrame, network: Network, planning: Planning) -> pl.DataFrame:
    """`made` and the moves that surplus to shortage asks for beside them; one row per way. position: levels as they are after `made`."""
    moved = decided_units(made.rename({"transfer_units": "quantity_units"})).rename(
        {"decided_units": "moved_units", "leaving_units": "sent_units"}
    )
    left = position.join(moved, on=SERIES, how="left", maintain_order="left")
    left = left.with_columns(
        decided_units=pl.col("decided_units") + pl.col("moved_units").fill_null(0),
        leaving_units=pl.col("leaving_units") + pl.col("sent_units").fill_null(0),
    ).drop("moved_units", "sent_units")
    free = with_downstream(left, network).join(network.behind, on=SERIES, how="anti")
    costs = availability.TransferCosts(planning.transfer_line_amount, planning.transfer_unit_amount, planning.holding_rate)
    balanced = availability.suggest_transfers(free, costs).with_columns(kind=pl.lit("balance"))
    way = ["sku", "from_location_id", "location_id", "kind"]
    sums = [pl.col("transfer_units", "shortage_units").sum(), pl.exclude(*way, "transfer_units", "shortage_units").first()]
    both = pl.concat([made, balanced], how="diagonal_relaxed")
    return both.group_by(way, maintain_order=True).agg(*sums).select(both.columns)


def with_transfer_reasons(transfers: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    """Moves with a sentence each, and when they arrive where the way's lead time is known."""
    balance = pl.format(
        "{} has {} beyond its own order-up-to level; {} lacks {} to be above its reorder point.",
        "from_location_id", "surplus_units", "location_id", "shortage_units",
    )  # fmt: skip
    restock = pl.format(
        "{} supplies {}, which lacks {} to its level; {} stand at {}.",
        "from_location_id", "location_id", "shortage_units", "surplus_units", "from_location_id",
    )  # fmt: skip
    today = pl.lit(cutoff + timedelta(days=1))
    return transfers.with_columns(
        reason=pl.when(pl.col("kind") == "restock").then(restock).otherwise(balance),
        arrival_date=today + pl.duration(days=pl.col("lead_time_days").ceil().cast(pl.Int64)),
    )
