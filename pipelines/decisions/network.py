"""Locations that other locations supply. Here: who supplies whom, terms of the way, demand and stock of an echelon, shipments. Not here: mathematics."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from models import echelon
from models.demand import SERIES
from pipelines.channels.merchant import Planning
from pipelines.decisions.inputs import Inputs
from pipelines.decisions.terms import LONGEST_DAYS

WAY = (
    "supply_lead_time_days",
    "supply_lead_time_std_days",
    "supply_review_period_days",
    "supply_pack_units",
    "stock_limit_units",
)
ON_THE_WAY = {"lead_time_days": "supply_lead_time_days", "lead_time_std_days": "supply_lead_time_std_days",
              "review_period_days": "supply_review_period_days", "case_pack_units": "supply_pack_units"}  # fmt: skip
OF_SUPPLIERS = ("supplier_id", "pallet_units", "price_break_units", "price_break_cost_amount", "shelf_life_days", "storage_limit_units", "order_by",
                "order_by_at")  # fmt: skip


@dataclass(frozen=True)
class Network:
    """links: location_id, source_location_id and what holds of the way (`WAY`); members: sku, location_id, source_location_id of each echelon,
    the source itself among them; own: sku, location_id, own_weekly_units: what a source's own customers want, mean of a week; unused:
    location_id, supplied_by_location_id of links that make no two echelons."""

    links: pl.DataFrame
    members: pl.DataFrame
    own: pl.DataFrame
    unused: pl.DataFrame

    @property
    def behind(self) -> pl.DataFrame:
        """The places that a source supplies, without the source."""
        return self.members.filter(pl.col("location_id") != pl.col("source_location_id"))


def network_of(inputs: Inputs, planning: Planning) -> Network:
    """The network that `locations` declare, for every SKU that is wanted behind a source.

    There are two echelons: a location that supplies others buys from suppliers, whatever is said of its own source. Places whose stock of a
    SKU is unknown are left out of its echelon, with their demand. Ways without terms, or with more than LONGEST_DAYS, have planning's review
    period and half of its lead time and spread.
    """
    declared = inputs.locations.filter(pl.col("supplied_by_location_id").is_not_null())
    is_source = pl.col("location_id").is_in(declared["supplied_by_location_id"].unique().implode())
    links = declared.filter(~is_source).select(
        "location_id", _days("supply_lead_time_days").fill_null(planning.lead_time_days / 2),
        _days("supply_lead_time_std_days").fill_null(planning.lead_time_std_days / 2),
        _days("supply_review_period_days").fill_null(planning.review_period_days), pl.col("supply_pack_units").fill_null(1), "stock_limit_units",
        source_location_id="supplied_by_location_id",
    )  # fmt: skip
    known = inputs.position.filter(pl.col("available_units").is_not_null()).select(*SERIES)
    wanted = inputs.means.select(*SERIES).unique().join(known, on=SERIES, how="semi")
    behind = wanted.join(links.select("location_id", "source_location_id"), on="location_id")
    heads = behind.select("sku", location_id="source_location_id", source_location_id="source_location_id").unique()
    members = pl.concat([behind.select(*SERIES, "source_location_id"), heads])
    weekly = inputs.means.group_by(*SERIES).agg(own_weekly_units=pl.col("mean_units").mean())
    own = heads.select(*SERIES).join(weekly, on=SERIES, how="left").with_columns(pl.col("own_weekly_units").fill_null(0.0))
    return Network(links, members, own, declared.filter(is_source).select("location_id", "supplied_by_location_id"))


def _days(name: str) -> pl.Expr:
    return pl.when(pl.col(name) <= LONGEST_DAYS).then(name)


def with_echelons(inputs: Inputs, network: Network) -> Inputs:
    """Inputs in which each source has the demand of its whole echelon, also where it sells nothing itself."""
    if network.members.is_empty():
        return inputs
    new = network.own.select(*SERIES).join(inputs.series, on=SERIES, how="anti").with_columns(has_stock_figures=pl.lit(True))
    return replace(
        inputs, series=pl.concat([inputs.series, new], how="diagonal_relaxed"), means=echelon.echelon_means(inputs.means, network.members),
        quantiles=echelon.echelon_quantiles(inputs.quantiles, inputs.means, network.members),
        spreads=echelon.echelon_dispersions(inputs.spreads, inputs.means, network.members),
    )  # fmt: skip


def with_ways(terms: pl.DataFrame, network: Network) -> pl.DataFrame:
    """Terms in which a supplied place has those of its way, and a source's lead time goes as far as its customers.

    What a source orders has to last until the order after it has come and been shipped on: to its supplier's time are added downstream_days,
    the mean of its places' lead times and review periods. Adds supplied_by_location_id and downstream_days (0 where nothing is supplied).
    """
    ways = terms.join(network.links, on="location_id", how="left", maintain_order="left")
    ways = ways.join(_downstream_days(network), on=SERIES, how="left", maintain_order="left")
    inside = pl.col("source_location_id").is_not_null()
    own = [pl.when(inside).then(supply).otherwise(name).alias(name) for name, supply in ON_THE_WAY.items()]
    blank = [pl.when(~inside).then(name).alias(name) for name in OF_SUPPLIERS]
    ways = ways.with_columns(
        *own, *blank, pl.col("downstream_days").fill_null(0.0), moq_units=pl.when(inside).then(1).otherwise("moq_units")
    )
    return ways.with_columns(
        order_wait_days=pl.when(inside).then(0.0).otherwise("order_wait_days"),
        lead_time_days=pl.col("lead_time_days") + pl.col("downstream_days"),
        supplied_by_location_id="source_location_id",
    ).drop("source_location_id", *WAY)


def _downstream_days(network: Network) -> pl.DataFrame:
    days = network.links.select("location_id", days=pl.col("supply_lead_time_days") + pl.col("supply_review_period_days"))
    reached = network.behind.join(days, on="location_id")
    return reached.group_by("sku", location_id="source_location_id").agg(downstream_days=pl.col("days").mean())


def with_downstream(position: pl.DataFrame, network: Network) -> pl.DataFrame:
    """Positions with downstream_units: what stands, comes and is owed behind a source, this run's transfers among it; 0 elsewhere."""
    coming = [pl.col(name) for name in ("on_order_units", "decided_units", "transfer_units") if name in position.columns]
    net = pl.sum_horizontal("available_units", *coming) - pl.col("backordered_units")
    held = (
        position.join(network.behind, on=SERIES).group_by("sku", location_id="source_location_id").agg(downstream_units=net.sum())
    )
    return position.join(held, on=SERIES, how="left", maintain_order="left").with_columns(pl.col("downstream_units").fill_null(0))


def restocks(position: pl.DataFrame, network: Network) -> pl.DataFrame:
    """This run's shipments from sources to the places behind them; rows of transfer_suggestions with lead_time_days."""
    behind = position.join(network.behind, on=SERIES).with_columns(
        position_units=pl.col("available_units")
        + pl.col("on_order_units")
        + pl.col("decided_units")
        - pl.col("backordered_units"),
        unit_value=pl.col("unit_cost_amount").cast(pl.Float64).fill_null(1.0),
    )
    sources = position.join(network.own, on=SERIES).filter(pl.col("available_units").is_not_null())
    free = pl.col("available_units") - pl.col("backordered_units") - pl.col("leaving_units")
    days = sources["protection_interval_days"] - sources["downstream_days"]
    mean = (sources["own_weekly_units"] / 7 * days).to_numpy()
    whole = np.maximum(sources["mean_demand_units"].to_numpy(), 1e-9)
    std = sources["demand_std_units"].to_numpy() * np.sqrt(mean / whole)
    stock = sources.select(*SERIES, free_units=free.clip(0)).with_columns(
        own_mean_units=pl.Series(mean), own_std_units=pl.Series(std)
    )
    moves = echelon.restocks(behind, stock, _rooms(position, network))
    return moves.join(network.links.select("location_id", lead_time_days="supply_lead_time_days"), on="location_id", how="left")


def _rooms(position: pl.DataFrame, network: Network) -> dict[str, int]:
    """Units of all SKUs that each limited location still takes."""
    limited = network.links.filter(pl.col("stock_limit_units").is_not_null())
    there = (pl.col("available_units").fill_null(0) + pl.col("on_order_units") + pl.col("decided_units")).sum()
    held = position.group_by("location_id").agg(there=there)
    rows = limited.join(held, on="location_id", how="left").select(
        "location_id", pl.col("stock_limit_units") - pl.col("there").fill_null(0)
    )
    return dict(rows.rows())
