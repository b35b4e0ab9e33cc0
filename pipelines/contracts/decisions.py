"""Decisions: each row carries every input of its calculation. Here: columns. Not here: the rules (models/)."""

import dataframely as dy

from pipelines.contracts.base import count, date, flag, instant, key, money, number, register, text, units


@register("decisions", "Safety stock and levels per SKU and location")
class SafetyStock(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    supplier_id = text("Supplier tried first")
    lead_time_days = number("Mean lead time, after what the supplier's orders took", "days", nullable=False)
    lead_time_std_days = number("Its standard deviation", "days", nullable=False)
    stated_lead_time_days = number("The supplier's own figure, or the one assumed", "days", nullable=False)
    lead_time_orders = count(
        "The supplier's purchase orders that the lead time rests on; at 0 it is as stated, or as other suppliers keep theirs"
    )
    review_period_days = number("Time between two orders", "days", nullable=False)
    protection_interval_days = number("Lead time + review period", "days", nullable=False)
    cycle_service_level = number("P(no stock-out per cycle) aimed at", "rate", nullable=False)
    mean_demand_units = number("Mean demand over the protection interval", "units", nullable=False)
    safety_stock_units = number("Reorder point − mean demand over the protection interval", "units", nullable=False)
    reorder_point_units = units("Order when the position is at or below it")
    order_up_to_level_units = units("Reorder point + mean demand of one review period, rounded")
    assumptions = text("Figures assumed because the merchant gave none; empty when none were", nullable=False)


@register("decisions", "What to order from suppliers")
class ReorderSuggestions(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    supplier_id = text("Supplier")
    description = text("Name")
    category = text("Category")
    on_hand_units = units("Physical and sellable; blank where unknown", nullable=True)
    available_units = units("on hand − allocated", nullable=True)
    on_order_units = units("Ordered and not received")
    backordered_units = units("Open demand beyond what is on hand")
    decided_units = units("Approved or sent decisions that the ERP does not show yet")
    transfer_units = units("Net units of this run's transfers")
    inventory_position_units = units("available + on order + decided + transfers − backordered", nullable=True)
    lead_time_days = number("Mean lead time, after what the supplier's orders took", "days", nullable=False)
    lead_time_std_days = number("Its standard deviation", "days", nullable=False)
    stated_lead_time_days = number("The supplier's own figure, or the one assumed", "days", nullable=False)
    lead_time_orders = count(
        "The supplier's purchase orders that the lead time rests on; at 0 it is as stated, or as other suppliers keep theirs"
    )
    review_period_days = number("Time between two orders", "days", nullable=False)
    cycle_service_level = number("P(no stock-out per cycle) aimed at", "rate", nullable=False)
    mean_demand_units = number("Mean demand over the protection interval", "units", nullable=False)
    safety_stock_units = number("Reorder point − that mean", "units", nullable=False)
    reorder_point_units = units("Order when the position is at or below it")
    order_up_to_level_units = units("Target position")
    needed_units = units("order-up-to − position, before rounding; blank where stock is unknown", nullable=True)
    moq_units = units("Least order quantity")
    case_pack_units = units("Multiples ordered")
    order_quantity_units = units("After MOQ and case pack; blank where stock is unknown", nullable=True)
    rounding_rule = text(
        "Rules that changed the quantity, joined by and: moq, case_pack, pallet, price_break, shelf_life, storage; none",
        nullable=False,
    )
    order_exception = text("Why nothing is ordered until a person decides; empty where nothing is in the way", nullable=False)
    unit_cost_amount = money("Cost of one unit, reporting currency", nullable=True)
    order_amount = money("Quantity × cost", nullable=True)
    currency_code = text("Reporting currency", nullable=False)
    days_of_cover = number("Days until forecast demand exhausts available stock; capped at the horizon", "days")
    stock_out_date = date(
        "Projected first day without stock, if nothing more is ordered; blank when beyond the horizon", nullable=True
    )
    assumptions = text("Figures assumed because the merchant gave none", nullable=False)
    forecast_model = text("Model behind the demand", nullable=False)
    snapshot_version = text("Snapshot it stands in", nullable=False)
    reason = text("The suggestion in a sentence", nullable=False)


@register("decisions", "Stock to move between locations before buying more")
class TransferSuggestions(dy.Schema):
    sku = key("Stock keeping unit")
    from_location_id = key("Where it leaves")
    location_id = key("Where it goes")
    transfer_units = units("Units to move", min=1)
    surplus_units = units("What the sender has on the shelf beyond its order-up-to level, less what decisions take away")
    shortage_units = units("What the receiver lacks to its reorder point")
    snapshot_version = text("Snapshot it stands in", nullable=False)
    reason = text("The suggestion in a sentence", nullable=False)


@register("decisions", "Which location serves each open order line")
class Allocations(dy.Schema):
    channel = key("Sales channel")
    order_id = key("Order")
    sku = key("Stock keeping unit as consumed")
    location_id = key("Location that serves it; 'backorder' where none can")
    ordered_at = instant("When it was ordered", nullable=False)
    is_expedited = flag("Served first")
    ship_to_country_code = text("Country of delivery")
    open_units = units("Open units of the line")
    allocated_units = units("Units served from this location")
    distance_km = number("Great-circle distance to the country's centre", "km")
    runner_up_location_id = text("Next best location")
    reason = text("Why this one", nullable=False)
    snapshot_version = text("Snapshot it stands in", nullable=False)


@register("decisions", "How much each channel may sell")
class ChannelOffers(dy.Schema):
    channel = key("Sales channel")
    sku = key("Stock keeping unit")
    location_id = text("Location that serves the channel", nullable=False)
    available_units = units("on hand − allocated")
    buffer_units = units("Held back")
    offered_units = units("available − buffer, not below 0")
    snapshot_version = text("Snapshot it stands in", nullable=False)


@register("decisions", "About the run that made this snapshot")
class RunInfo(dy.Schema):
    snapshot_version = key("Version of the snapshot")
    merchant = text("Merchant", nullable=False)
    reporting_currency = text("Currency of every total", nullable=False)
    as_of = instant("Instant that everything is judged at", nullable=False)
    made_at = instant("When the run made it", nullable=False)
    ledger_orders = count("Orders in the ledger")
