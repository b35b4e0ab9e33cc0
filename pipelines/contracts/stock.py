"""How healthy stock is. Here: columns of marts that rest on the forecast. Not here: their arithmetic (pipelines/marts)."""

import dataframely as dy

from pipelines.contracts.base import count, date, flag, instant, key, money, number, register, text, units


@register("marts", "Every shelf: stock against what is wanted, what it is worth, what stands too long")
class InventoryHealth(dy.Schema):
    location_id = key("Location")
    sku = key("Stock keeping unit")
    as_of_date = date("Day of the run")
    description = text("Name")
    category = text("Category")
    brand = text("Brand")
    observed_at = instant("When stock was last observed")
    on_hand_units = units("Physical and sellable; blank where stock is unknown", nullable=True)
    available_units = units("on hand − allocated, never negative", nullable=True)
    backordered_units = units("Open demand beyond what is on hand")
    on_order_units = units("Ordered from suppliers and not received")
    last_received_at = instant("When goods last arrived; how old the stock is at least in part")
    demand_28d_units = units("Wanted in the last 28 days, as far as seen")
    censored_28d_days = count("Days of them that were not fully seen: sold out")
    lost_28d_units = number("Estimate of what was not sold on those days: the rate of the days seen", "units")
    last_demand_date = date("Last day that anything was wanted", nullable=True)
    forecast_90d_units = number("Expected demand of the next 90 days", "units")
    excess_units = number("On hand beyond that", "units")
    is_dead = flag("In stock, and nothing wanted for 180 days")
    stock_value_amount = money("On hand at cost, reporting currency; blank where the cost is unknown", nullable=True)
    excess_value_amount = money("Excess at cost", nullable=True)
