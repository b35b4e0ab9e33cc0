"""From stock, terms and forecasts to decisions. Here: the order of the steps. Not here: each step, its mathematics (models), saving."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from models.open_orders import NOTHING_REDIRECTED
from models.safety_stock import Wanted
from pipelines.channels.mapping import Config
from pipelines.contracts import table
from pipelines.decisions.baskets import supplier_limits, with_baskets
from pipelines.decisions.common_exceptions import common_exceptions
from pipelines.decisions.exceptions import order_exceptions, with_data_exceptions
from pipelines.decisions.explanation import weighed
from pipelines.decisions.inputs import Inputs, of_known_series
from pipelines.decisions.levels import decided_levels, decided_terms, levels_after
from pipelines.decisions.network import Network, network_of, with_echelons
from pipelines.decisions.offers import allocations, channel_offers
from pipelines.decisions.open_orders import both, lines_under_way, open_order_messages, redirects
from pipelines.decisions.orders import ONE_DAY, explained, inventory_position, suggested_orders
from pipelines.decisions.placement import stock_placements
from pipelines.decisions.schedule import position_schedule, with_late
from pipelines.decisions.transfers import all_transfers, with_balances, with_transfer_reasons
from pipelines.decisions.widths import decides_by_costs, learnt_widths

MOVED_TIMES = 3  # what a transfer saves from being lost raises the level that it serves
REDIRECTED_TIMES = 3  # what a redirect saves from being lost raises the level that it serves


def widths(inputs: Inputs, history: pl.DataFrame, config: Config, cutoff: date) -> pl.DataFrame:
    """decision_widths, learnt anew; none where nothing aims at costs. history: forecast_history."""
    if not decides_by_costs(config.planning):
        return table("decision_widths").empty()
    inputs = of_known_series(inputs)
    network = network_of(inputs, config.planning)
    inputs = with_echelons(inputs, network)
    return learnt_widths(decided_terms(inputs, network, config), inputs.means, history, cutoff)


def decide(inputs: Inputs, config: Config, version: str, cutoff: date) -> dict[str, pl.DataFrame]:
    """All tables of decisions of one run, by name."""
    planning, inputs = config.planning, of_known_series(inputs)
    network = network_of(inputs, planning)
    inputs = with_echelons(inputs, network)
    alone = _alone(inputs, network, config, version, cutoff)
    currency = config.merchant.reporting_currency
    limits = supplier_limits(inputs.suppliers, inputs.fx_rates, currency)
    suggestions, baskets = with_baskets(alone.suggestions, limits)
    exceptions = order_exceptions(suggestions, inputs, network, planning.unmatched_after_days)
    exceptions = pl.concat([exceptions, common_exceptions(alone.levels, inputs, config)], how="diagonal")
    frames = {
        "safety_stock": alone.levels,
        "position_schedule": alone.schedule.with_columns(snapshot_version=pl.lit(version)),
        "reorder_suggestions": explained(weighed(with_data_exceptions(suggestions, exceptions), alone.known, inputs.previous)),
        "open_order_messages": open_order_messages(alone.lines, alone.redirected, suggestions, planning, currency),
        "order_exceptions": exceptions.with_columns(snapshot_version=pl.lit(version)),
        "stock_placements": stock_placements(alone.levels, network).with_columns(snapshot_version=pl.lit(version)),
        "supplier_limits": limits,
        "supplier_baskets": baskets.with_columns(snapshot_version=pl.lit(version)),
        "transfer_suggestions": with_transfer_reasons(alone.transfers, cutoff).with_columns(snapshot_version=pl.lit(version)),
        "allocations": allocations(inputs).with_columns(snapshot_version=pl.lit(version)),
        "channel_offers": channel_offers(inputs, config).with_columns(snapshot_version=pl.lit(version)),
    }
    return {name: table(name).conform(frame) for name, frame in frames.items()}


@dataclass(frozen=True)
class _Alone:
    """Each series by itself, before baskets: its demand and levels, the stock they follow, moves, open lines, what of these goes elsewhere, orders."""

    known: Wanted
    levels: pl.DataFrame
    schedule: pl.DataFrame
    transfers: pl.DataFrame
    lines: pl.DataFrame
    redirected: pl.DataFrame
    suggestions: pl.DataFrame


def _alone(inputs: Inputs, network: Network, config: Config, version: str, cutoff: date) -> _Alone:
    """Transfers before purchases, and what is under way before what is new: levels follow what either brings and takes away."""
    planning, terms = config.planning, decided_terms(inputs, network, config)
    schedule = position_schedule(terms, inputs)
    known, levels = decided_levels(terms, schedule, inputs, planning)
    transfers = all_transfers(inventory_position(levels, inputs), network, planning)
    for _ in range(MOVED_TIMES):
        if (moves := transfers.filter(pl.col("kind") == "balance")).is_empty():
            break
        schedule, made = position_schedule(terms, inputs, moves), transfers
        known, levels = levels_after(known, terms, schedule, inputs, planning)
        transfers = with_balances(made, inventory_position(levels, inputs), network, planning)
        if transfers["transfer_units"].sum() == made["transfer_units"].sum():
            break
    else:
        transfers = made  # what the last levels asked for beside them is left to the next run
    redirected = NOTHING_REDIRECTED
    suggestions = suggested_orders(
        inventory_position(levels, inputs), redirected, transfers, network, inputs, config, version, cutoff
    )
    lines = lines_under_way(suggestions, inputs, planning)
    for _ in range(REDIRECTED_TIMES):
        more = redirects(lines, redirected, suggestions, network, cutoff + ONE_DAY)
        if more.is_empty():
            break
        redirected = both(redirected, more)
        schedule = position_schedule(terms, inputs, moves, redirected)
        known, levels = levels_after(known, terms, schedule, inputs, planning)
        suggestions = suggested_orders(
            inventory_position(levels, inputs), redirected, transfers, network, inputs, config, version, cutoff
        )
    return _Alone(known, levels, schedule, transfers, lines, redirected, with_late(suggestions, schedule))
