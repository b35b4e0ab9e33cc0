"""Where in a network safety stock is best held. Here: products and locations as stages of guaranteed service. Not here: the optimiser (models/textbook)."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from scipy import special

from models.demand import SERIES
from models.textbook.guaranteed_service import Placement, Stage, place_safety_stock
from pipelines.contracts import table
from pipelines.decisions.network import Network

MOST_SKUS = 2_000  # those of most demand in value; a tree takes some milliseconds
OWN = "\x1fown customers"  # a source's customers are a stage of their own: their promise is kept at once
SURE = (0.5, 0.999)  # service levels that safety stock is placed for


def stock_placements(levels: pl.DataFrame, network: Network) -> pl.DataFrame:
    """Rows of stock_placements, without the snapshot's version: for each SKU of a network what each location holds best, by guaranteed service.

    levels: rows of safety_stock with unit_cost_amount and downstream_days. Each location promises a time in which it delivers to the next; customers wait for
    nothing. A stage that waits SI days, works T (lead time and review period) and promises S holds z·σ·√(SI + T − S); the promises that cost
    least are found (Graves & Willems 2000). Beside it: what each would hold alone, as if its source never had stock.
    """
    rows = _stages(levels, network)
    worth = (pl.col("mean_demand_units") * pl.col("held_amount")).sum()
    chosen = rows.group_by("sku").agg(worth=worth).sort("worth", "sku", descending=[True, False]).head(MOST_SKUS).select("sku")
    trees = rows.join(chosen, on="sku", how="semi").sort("sku", "location_id")
    found = [row for _, tree in trees.group_by("sku", "source_location_id", maintain_order=True) for row in _placed(tree)]
    return table("stock_placements").conform(pl.DataFrame(found)) if found else table("stock_placements").empty()


def _stages(levels: pl.DataFrame, network: Network) -> pl.DataFrame:
    """Every location of every network with days (whole, of its own stage), daily_std of the demand it faces itself, held_amount of a unit a year."""
    rows = levels.join(network.members, on=SERIES).join(network.own, on=SERIES, how="left")
    interval = rows["protection_interval_days"].to_numpy()
    mean, served = rows["mean_demand_units"].to_numpy(), (rows["mean_demand_units"] - rows["expected_lost_units"]).to_numpy()
    answered = interval * np.divide(served, mean, out=np.ones_like(mean), where=mean > 0).clip(
        1e-3
    )  # days that the level answers for
    std = rows["demand_std_units"].to_numpy() / np.sqrt(answered)
    weekly = mean / interval * 7
    own = np.clip(rows["own_weekly_units"].fill_null(np.inf).to_numpy() / np.maximum(weekly, 1e-9), 0, 1)
    return rows.with_columns(
        days=(pl.col("protection_interval_days") - pl.col("downstream_days")).clip(1).round().cast(pl.Int64),
        daily_std=pl.Series(std * np.sqrt(own)), is_source=pl.col("location_id") == pl.col("source_location_id"),
        held_amount=pl.col("unit_cost_amount").cast(pl.Float64).fill_null(1.0) * pl.col("holding_rate"),
    )  # fmt: skip


def _placed(tree: pl.DataFrame) -> Iterator[dict[str, object]]:
    """One SKU's network: each location's promise and stock, with what it would hold alone."""
    rows = {row["location_id"]: row for row in tree.iter_rows(named=True)}
    source = next(row for row in rows.values() if row["is_source"])
    stages = {place: Stage(row["held_amount"], row["days"], row["daily_std"], outbound_time=0) for place, row in rows.items()}
    name = source["location_id"]
    stages |= {name: Stage(source["held_amount"], source["days"]), OWN: stages[name]._replace(processing_time=0)}
    z = float(special.ndtri(np.clip(source["level_quantile"], *SURE)))
    best = place_safety_stock(stages, [(name, place) for place in stages if place != name], z)
    for place, row in rows.items():
        held, alone = (
            _held(place, row, best, stages, z),
            z * row["daily_std"] * np.sqrt(source["days"] + (0 if place == name else row["days"])),
        )
        yield {
            "sku": row["sku"], "location_id": place, "source_location_id": name, "promised_days": best.service_times[place],
            "safety_stock_units": held, "alone_safety_stock_units": alone, "holding_amount": row["held_amount"] * held,
            "alone_holding_amount": row["held_amount"] * alone,
        }  # fmt: skip


def _held(place: str, row: dict, best: Placement, stages: dict[str, Stage], z: float) -> float:  # type: ignore[type-arg]
    """Safety stock of a location; a source's is for all behind it, and for its own customers."""
    if not row["is_source"]:
        return float(z * row["daily_std"] * np.sqrt(best.covered_periods[place]))
    pooled = np.sqrt(sum(stage.demand_std**2 for stage in stages.values()))
    return float(z * (pooled * np.sqrt(best.covered_periods[place]) + row["daily_std"] * np.sqrt(best.covered_periods[OWN])))
