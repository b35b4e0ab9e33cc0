"""From stock, terms and forecasts to decisions. Here: the order of the steps. Not here: each step, its mathematics (models), saving."""

from datetime import date

import polars as pl

from models import availability
from pipelines.channels.mapping import Config
from pipelines.contracts import table
from pipelines.decisions.baskets import supplier_limits, with_baskets
from pipelines.decisions.explanation import weighed
from pipelines.decisions.inputs import Inputs
from pipelines.decisions.levels import decided_levels
from pipelines.decisions.offers import allocations, channel_offers, with_transfer_reasons
from pipelines.decisions.orders import explained, inventory_position, suggested_orders


def decide(inputs: Inputs, config: Config, version: str, cutoff: date) -> dict[str, pl.DataFrame]:
    """safety_stock, reorder_suggestions, supplier_limits, supplier_baskets, transfer_suggestions, allocations and channel_offers of one run."""
    known, levels = decided_levels(inputs, config)
    position = inventory_position(levels, inputs)
    planning = config.planning
    transfers = availability.suggest_transfers(
        position, availability.TransferCosts(planning.transfer_line_amount, planning.transfer_unit_amount, planning.holding_rate)
    )
    alone = suggested_orders(position, transfers, inputs, config, version, cutoff)
    limits = supplier_limits(inputs.suppliers, inputs.fx_rates, config.merchant.reporting_currency)
    suggestions, baskets = with_baskets(alone, limits)
    frames = {
        "safety_stock": levels,
        "reorder_suggestions": explained(weighed(suggestions, known, inputs.previous)),
        "supplier_limits": limits,
        "supplier_baskets": baskets.with_columns(snapshot_version=pl.lit(version)),
        "transfer_suggestions": with_transfer_reasons(transfers).with_columns(snapshot_version=pl.lit(version)),
        "allocations": allocations(inputs).with_columns(snapshot_version=pl.lit(version)),
        "channel_offers": channel_offers(inputs, config).with_columns(snapshot_version=pl.lit(version)),
    }
    return {name: table(name).conform(frame) for name, frame in frames.items()}
