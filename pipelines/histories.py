"""The demand history from the ledger. Here: tables to the models' frames and back. Not here: what counts (models), assets (defs)."""

from datetime import date

import polars as pl

from models import demand, in_stock, knowledge
from models.layers import Switches, kept_days, layered, layers, returned, uplifts
from pipelines.channels.mapping import Config
from pipelines.nightly import in_force

TABLES = (
    "order_lines",
    "orders",
    "bundles",
    "stock_levels",
    "receipts",
    "promotions",
    "products",
    "purchase_orders",
    "return_lines",
    "listings",
    "listing_states",
)
Frames = dict[str, pl.DataFrame]


def made(t: Frames, known: pl.DataFrame, config: Config, cutoff: date) -> Frames:
    """The tables demand, demand_layers, promotion_uplifts and demand_series from the ledger's and from what people know."""
    place, entries = config.merchant.default_location, in_force(known)
    lines = demand.wanted_lines(t["order_lines"], t["orders"], t["bundles"], place)
    promotions = knowledge.with_promotions(t["promotions"], entries)
    launches = [
        t["products"].select("sku", "launched_date"),
        entries.filter(kind="launch").select("sku", launched_date="start_date"),
    ]
    selling = demand.selling_since(lines, t["stock_levels"], pl.concat(launches))
    daily = demand.daily_demand(lines, selling, unseen(t, lines, selling, config, cutoff), promotions, cutoff)
    orders = lines.group_by(*demand.DAYS, "order_id").agg(order_units=pl.col("demand_units").sum())
    back = returned(t["return_lines"], t["orders"], t["bundles"], place)
    switches = Switches(**config.history.model_dump())
    above = layers(daily, orders, promotions, back, kept_days(entries), switches, cutoff)
    weekly = demand.weekly_history(knowledge.with_inherited(layered(daily, above), entries), cutoff)
    facts = demand.series_facts(knowledge.with_inherited(daily, entries), weekly, t["stock_levels"])
    stocked = pl.concat([t[name].select(*demand.SERIES).unique() for name in ("stock_levels", "purchase_orders")])
    unsold = demand.unsold_series(t["products"], stocked, facts, cutoff, config.planning.horizon_weeks)
    return {
        "demand": daily, "demand_layers": above, "promotion_uplifts": uplifts(daily, promotions, cutoff),
        "demand_series": pl.concat([facts, unsold]),
    }  # fmt: skip


def unseen(t: Frames, lines: pl.DataFrame, selling: pl.DataFrame, config: Config, cutoff: date) -> pl.DataFrame:
    """Days not fully seen: an empty shelf hides those of channels that stop selling, a paused listing those of its channel."""
    hours = in_stock.selling_hours(lines)
    backorders = [channel.name for channel in config.channels if channel.backorders]
    stops = selling.filter(~pl.col("channel").is_in(backorders))
    out = in_stock.without_ended(in_stock.out_spells(t["stock_levels"], lines, t["receipts"]), t["purchase_orders"])
    paused = in_stock.paused_spells(t["listing_states"], t["listings"])
    parts = [in_stock.unseen_days(out, stops, hours, cutoff), in_stock.unseen_days(paused, selling, hours, cutoff)]
    return pl.concat(parts).group_by(demand.DAYS).agg(pl.col("hidden_rate").max())
