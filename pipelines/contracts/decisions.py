"""Decisions: each row carries every input of its calculation. Here: columns. Not here: the rules (models/)."""

import dataframely as dy

from models.levels import AIMS
from pipelines.contracts.base import code, count, date, flag, instant, key, money, number, register, text, units

POLICIES = ("R,S", "R,s,S", "newsvendor", "run-down")


class StockLevel(dy.Schema):
    """What sets a level, and the level: what both tables say of a SKU at a location."""

    sku = key("Stock keeping unit")
    location_id = key("Location")
    supplier_id = text("Supplier that it is ordered from")
    lead_time_days = number("Mean lead time, after what the supplier's orders took", "days", nullable=False)
    lead_time_std_days = number("Its standard deviation", "days", nullable=False)
    stated_lead_time_days = number("The supplier's own figure, or the one assumed", "days", nullable=False)
    lead_time_orders = count(
        "The supplier's purchase orders that the lead time rests on; at 0 it is as stated, or as other suppliers keep theirs"
    )
    review_period_days = number("Time between two orders", "days", nullable=False)
    order_wait_days = number(
        "Days until the supplier's next order closes, a part of the review period in which nothing is ordered; 0 where it has no calendar",
        "days", nullable=False,
    )  # fmt: skip
    policy = code("How it is ordered", POLICIES)
    aim = code("What the level is set by", AIMS)
    target_rate = number("The service aimed at; blank where costs decide", "rate")
    abc_class = text("Class by sales")
    xyz_class = text("Class by steadiness")
    is_lost = flag("A missing unit is a lost sale; else it is owed")
    holding_rate = number("Cost of holding stock for a year ÷ its value", "rate", nullable=False)
    price_amount = number(
        "Net sales ÷ units of the last 91 days, of all days where nothing sold in them; reporting currency", "currency"
    )
    shortage_amount = number(
        "Cost of a missing unit, reporting currency; where no cost is known, per unit of cost", "currency", nullable=False
    )
    left_amount = number("What a unit left over loses where no later order follows, else 0", "currency", nullable=False)
    eoq_units = units("Economic order quantity; 1 where placing a line costs nothing")
    dispersion_rate = number(
        "Variance ÷ mean of demand over the interval, learnt from past forecasts; blank where their own width counts", "rate"
    )
    width = number(
        "By what the standard deviation of demand is multiplied to decide by costs; 1 for a service", "rate", nullable=False
    )
    level_quantile = number("P(demand over the protection interval ≤ the level)", "rate", nullable=False)
    cycle_service_level = number(
        "Cycles that begin with an order and end without a shortage ÷ all that begin with one, at the level",
        "rate",
        nullable=False,
    )
    unit_fill_rate = number("Units expected to be served at once ÷ wanted, at the level", "rate", nullable=False)
    mean_demand_units = number("Mean demand over the protection interval", "units", nullable=False)
    demand_std_units = number("Standard deviation of what the level answers for of it", "units", nullable=False)
    expected_lost_units = number(
        "Of that mean, what stock and supply are too little for before this order arrives; the level doesn't answer for it",
        "units", nullable=False,
    )  # fmt: skip
    safety_stock_units = number(
        "What the level holds beyond the mean that it answers for (mean − expected lost), before MOQ and packs",
        "units", nullable=False,
    )  # fmt: skip
    textbook_safety_stock_units = number(
        "z·√((L + R)·σ_e² + d̄²·σ_L²) at the level's quantile, to compare", "units", nullable=False
    )
    reorder_point_units = units("Order when the position is at or below it")
    order_up_to_level_units = units("Target position")
    most_level_units = units(
        "Two years' demand less what an order lifts the position beyond its level: no service is worth a level above it"
    )
    is_level_bounded = flag("The service aimed at takes a level above that, and is held there")
    demand_from = code("What the distribution of demand was taken from", ("sampled futures", "moments"))
    assumptions = text("Figures assumed because the merchant gave none; empty when none were", nullable=False)


@register("decisions", "Safety stock and levels per SKU and location")
class SafetyStock(StockLevel):
    protection_interval_days = number("Lead time + review period", "days", nullable=False)
    capital_dearer_rate = number(
        "By how much the budget makes capital dearer; 1 where there is none or it suffices", "rate", nullable=False
    )
    mean_stock_units = number("Mean stock that the level leads to", "units", nullable=False)


@register("decisions", "The inventory position by the day on which each part of it is there, as levels follow it")
class PositionSchedule(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location")
    part = key("available, backordered, on_order, decided, transfer (between places of which none supplies the other), redirect")
    due_days = key("Days until it is there; 0 is today, and what is overdue", dtype=dy.Int64)
    units = units("Units; below 0 what is owed or leaves")
    snapshot_version = text("Snapshot it stands in", nullable=False)


@register("decisions", "What to order from suppliers")
class ReorderSuggestions(StockLevel):
    description = text("Name")
    category = text("Category")
    on_hand_units = units("Physical and sellable; blank where unknown", nullable=True)
    available_units = units("on hand − allocated", nullable=True)
    on_order_units = units("Ordered and not received")
    backordered_units = units("Open demand beyond what is on hand")
    decided_units = units("Approved or sent decisions that the ERP does not show yet")
    transfer_units = units("Net units of this run's transfers")
    redirect_units = units("Net units of open orders that are to come here instead of elsewhere; below 0 what is to go elsewhere")
    redirected = text("Which orders these are; empty where none", nullable=False)
    downstream_units = units("Position of the places that it supplies; 0 where it supplies none")
    downstream_days = number(
        "Days from its shelf to those of the places that it supplies; a part of its lead time", "days", nullable=False
    )
    supplied_by_location_id = text("Location that it is replenished from; blank where suppliers deliver to it")
    inventory_position_units = units(
        "available + on order + decided + transfers + redirected + downstream − backordered", nullable=True
    )
    late_units = units("Of it, what comes after lead time and review, too late for what this order is for")
    yearly_demand_units = number("Forecast demand of a year, by which price breaks are weighed", "units")
    needed_units = units("order-up-to − position, before rounding; blank where stock is unknown", nullable=True)
    moq_units = units("Least order quantity")
    case_pack_units = units("Multiples ordered")
    pallet_units = units("Units on a full pallet or layer", nullable=True)
    price_break_units = units("Quantity from which all units are cheaper", nullable=True)
    price_break_cost_amount = money("Cost of one unit then, reporting currency", nullable=True)
    unit_volume_m3 = number("Volume of one unit as packed", "m³")
    unit_weight_kg = number("Weight of one unit as packed", "kg")
    shelf_life_days = number("How long it can be sold after receipt", "days")
    storage_limit_units = units("Most units that the location has room for", nullable=True)
    shelf_life_units = units("What still sells before it expires, beyond the position", nullable=True)
    storage_units = units("What there is room for beyond the position", nullable=True)
    order_by_at = instant("When the supplier's next order closes; blank where it has no calendar")
    order_by = text("The same on the supplier's clock")
    arrival_date = date("When the goods arrive: order day + mean lead time", nullable=True)
    order_quantity_units = units("After MOQ and case pack; blank where stock is unknown", nullable=True)
    rounding_rule = text(
        "Rules that changed the quantity, joined by and: moq, case_pack, pallet, price_break, shelf_life, storage; none",
        nullable=False,
    )
    sku_quantity_units = units("What the SKU would be ordered alone; blank where stock is unknown", nullable=True)
    basket_effect = text("What the supplier's basket changed about it; empty where nothing", nullable=False)
    order_exception = text("Why nothing is ordered until a person decides; empty where nothing is in the way", nullable=False)
    now_amount = money(
        "Expected cost, holding and shortage, of the turn that this order (alone, where its basket holds it back) answers for; blank where stock or "
        "cost is unknown",
        nullable=True,
    )
    waiting_amount = money("The same if nothing is ordered until the next review", nullable=True)
    last_quantity_units = units("What the run before suggested; blank where it said nothing", nullable=True)
    changed_since = text("What changed since the run before", nullable=False)
    at_risk_amount = number(
        "Net sales that stock-outs over lead time and review would cost on average if nothing is ordered; without what no order can serve any more; "
        "blank where stock or both price and cost are unknown",
        "currency",
    )
    data_exception = text("What about its data a person has to mend; empty where nothing", nullable=False)
    unit_cost_amount = money("Cost of one unit, reporting currency", nullable=True)
    order_amount = money("Quantity × cost", nullable=True)
    currency_code = text("Reporting currency", nullable=False)
    days_of_cover = number("Days until forecast demand exhausts available stock; capped at the horizon", "days")
    stock_out_date = date(
        "Projected first day without stock, if nothing more arrives; blank when beyond the horizon", nullable=True
    )
    position_out_date = date(
        "When forecast demand has used up the position, what is on its way included: by then this order is needed; blank when beyond the horizon",
        nullable=True,
    )
    forecast_model = text("Model behind the demand", nullable=False)
    snapshot_version = text("Snapshot it stands in", nullable=False)
    reason = text("The suggestion in a sentence", nullable=False)


@register("decisions", "What each supplier asks of an order, in the reporting currency")
class SupplierLimits(dy.Schema):
    supplier_id = key("Supplier")
    supplier_name = text("Name")
    order_minimum_amount = money("Least value of an order", nullable=True)
    order_minimum_units = units("Least units of an order", nullable=True)
    order_budget_amount = money("Most to spend on an order", nullable=True)
    order_fixed_amount = money("What placing and receiving an order costs", nullable=True)
    container_volume_m3 = number("Room of a container", "m³")
    container_weight_kg = number("What it may weigh", "kg")
    container_amount = money("What one costs", nullable=True)
    container_fill_rate = number("Least share of the containers' room that an order must fill", "rate")


@register(
    "decisions",
    "One order per supplier, and per location where goods come in containers: together against alone, and against the limits",
)
class SupplierBaskets(dy.Schema):
    supplier_id = key("Supplier")
    location_id = key("Where it goes; 'all' where one order serves every location")
    lines = count("SKUs and locations ordered")
    units = units("Units ordered")
    amount = money("What they cost, without freight and duty; lines of unknown cost count as 0")
    volume_m3 = number("Volume as packed; SKUs of unknown size count as 0", "m³", nullable=False)
    weight_kg = number("Weight as packed", "kg", nullable=False)
    containers = count("Containers that they take; blank where the supplier has none", nullable=True)
    alone_lines = count("SKUs and locations that would be ordered each for itself")
    alone_amount = money("What those would cost")
    is_joint = flag("The lines were decided together, because the limits or costs of an order say so")
    value_amount = number("What the order saves beyond ordering nothing, after its fixed costs", "currency_code")
    bound_amount = number("More than which no order could save", "currency_code")
    gap_rate = number("(bound − value) ÷ bound: how far it may lie below the best", "rate")
    binding = text("Limits that it stands at; empty where none", nullable=False)
    snapshot_version = text("Snapshot it stands in", nullable=False)


@register("decisions", "What a person has to mend before an order can be right, and what was done instead")
class OrderExceptions(dy.Schema):
    sku = key("Stock keeping unit; 'all' where it is about no one product")
    location_id = key("Location; 'all' likewise")
    kind = key(
        "no supplier terms, lead time, lead time spread, review period, quantity, cost, stock below zero, unit mismatch, same priority, "
        "unmatched decision, supplied by, budget, supplier limit, supplier clock, category"
    )
    about = key("The supplier or decision that it is about; empty where the product alone")
    reason = text("What is wrong", nullable=False)
    treatment = text("What was done instead", nullable=False)
    supplier_id = text("Supplier of the suggestion")
    order_quantity_units = units("What is suggested all the same; blank where stock is unknown", nullable=True)
    order_amount = money("What it costs", nullable=True)
    snapshot_version = text("Snapshot it stands in", nullable=False)


@register("decisions", "Stock to move between locations before buying more")
class TransferSuggestions(dy.Schema):
    sku = key("Stock keeping unit")
    from_location_id = key("Where it leaves")
    location_id = key("Where it goes")
    kind = text(
        "restock: a source ships to a place that it supplies; balance: one has too much of what another lacks", nullable=False
    )
    transfer_units = units("Units to move", min=1)
    surplus_units = units("What the sender has to give: its free stock, for a balance what lies beyond its order-up-to level")
    shortage_units = units("What the receiver lacks: to its level in whole packs, for a balance to be above its reorder point")
    lead_time_days = number("Mean time of the way, where it is known", "days")
    arrival_date = date("When the goods arrive, where that is known", nullable=True)
    snapshot_version = text("Snapshot it stands in", nullable=False)
    reason = text("The suggestion in a sentence", nullable=False)


@register("decisions", "Where in a network of locations safety stock is best held")
class StockPlacements(dy.Schema):
    sku = key("Stock keeping unit")
    location_id = key("Location of the network")
    source_location_id = text("Location that supplies it; itself for a source", nullable=False)
    promised_days = count("Days in which it promises to deliver; 0 to customers")
    safety_stock_units = number("Safety stock that it holds then", "units", nullable=False)
    alone_safety_stock_units = number("What it would hold if its source never had stock", "units", nullable=False)
    holding_amount = money("What that safety stock costs a year, reporting currency; of a unit of 1 where its cost is unknown")
    alone_holding_amount = money("What the other would")
    snapshot_version = text("Snapshot it stands in", nullable=False)


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
