"""What models make of the marts: classes of products, lines at risk, scorecards. Here: their columns. Not here: their arithmetic."""

import dataframely as dy

from models.open_orders import ACTIONS
from pipelines.contracts.base import code, count, date, flag, instant, key, money, number, register, text, units


@register("marts", "What each SKU sold in each whole week of the last two years, as sold")
class SkuWeeks(dy.Schema):
    sku = key("Stock keeping unit as sold")
    week_start_date = date("First day of the week", primary_key=True)
    sold_units = units("Units sold less returned")
    wanted_units = units("Units sold, returns not taken off")
    net_sales_amount = money("Net sales in the reporting currency", nullable=True)
    margin_amount = money("Net sales less cost; blank where the cost of a line is unknown", nullable=True)
    is_promoted = flag("A promotion ran on a day of it")


@register("marts", "Pairs of SKUs that are bought in one order, over 365 days")
class SoldTogether(dy.Schema):
    sku = key("Stock keeping unit, the first in the alphabet")
    other_sku = key("The other one")
    orders_together = count("Orders with both")
    orders = count("Orders with the first")
    other_orders = count("Orders with the other")
    lift = number("How many times more often than by chance", "rate", nullable=False, min=0)


@register("marts", "What a SKU sold for on each channel over 28 days")
class ChannelPrices(dy.Schema):
    sku = key("Stock keeping unit as sold")
    channel = key("Sales channel")
    sold_units = units("Units sold")
    unit_price_amount = money("Net sales per unit, reporting currency")
    channels = count("Channels that sold it")
    above_lowest_rate = number("How far above the lowest channel's price", "rate", nullable=False)
    is_parity_broken = flag("More than 5 % above the lowest")


@register("marts", "Open lines by how they stand against their promise to ship")
class ShipRisk(dy.Schema):
    channel = key("Sales channel")
    order_id = key("Order")
    sku = key("Stock keeping unit as sold")
    ship_by_bucket = code("How it stands", ("late", "at risk", "on track"))
    late_probability = number("Chance that it leaves after its promise", "rate", nullable=False, min=0, max=1)
    location_id = text("Location it leaves from", nullable=False)
    ship_by_at = instant("Promised to leave by")
    ordered_at = instant("When it was ordered", nullable=False)
    age_hours = number("Hours since it was ordered", "hours")
    hours_left = number("Hours until its promise; negative when it has passed", "hours")
    open_units = units("Units that have not left")
    at_risk_amount = money("Net sales of the line in the reporting currency", nullable=True)
    is_expedited = flag("Bought with a faster service")
    is_gift = flag("Sent as a gift")
    is_customised = flag("Made or changed to the customer's wish")
    has_note = flag("The customer left a note for operations")
    is_changed = flag("Changed after it was placed")


@register("marts", "Marketplaces' judgements of the seller: computed as if judged today, and as reported")
class ChannelScorecards(dy.Schema):
    channel = key("Sales channel")
    component = key("What is judged")
    platform = text("Whose rules", nullable=False)
    meaning = text("What it divides", nullable=False)
    window_days = count("Days that count")
    bound_rate = number("The platform's bound", "rate", nullable=False)
    is_floor = flag("The rate must not fall below the bound; otherwise it must not rise above")
    bad = count("Orders, parcels or units that hurt it", nullable=True)
    counted = count("What they are divided by", nullable=True)
    rate = number("As if judged today", "rate")
    mature_rate = number("Without the days whose orders can still turn bad", "rate")
    reported_rate = number("What the platform's own report says", "rate")
    reported_date = date("When it said so", nullable=True)
    difference_rate = number("computed − reported", "rate")
    days_to_breach = count(
        "Days until the bound is broken if it goes on as in the last two weeks; blank if it is not within 60", nullable=True
    )
    standing = text("good, heading there, broken, no orders, reported only", nullable=False)


@register("insights", "What a channel does that a person must look at: one sentence each, with what to do")
class ChannelNotes(dy.Schema):
    channel = key("Channel, or the feed of files that waits")
    note_number = key("Position among its notes, from 1", dtype=dy.Int64)
    sentence = text("What it is, and what to do", nullable=False)


@register("decisions", "What to tell suppliers about what is still to come, per purchase order, SKU and location")
class OpenOrderMessages(dy.Schema):
    purchase_order_id = key("Purchase order")
    sku = key("Stock keeping unit")
    location_id = key("Where it goes")
    supplier_id = text("Supplier", nullable=False)
    expected_at = instant("When it is expected; blank where nobody said")
    due_in_days = dy.Int64(nullable=True, description="Days until then, below 0 when overdue", metadata={"unit": "days"})
    open_units = units("Units still to come", min=1)
    is_shipped = flag("The supplier has sent it")
    needed_in_days = dy.Int64(
        nullable=True,
        description="Days until stock before it falls to the safety stock; blank beyond the horizon",
        metadata={"unit": "days"},
    )
    needed_units = units(
        "Of the open units, those that demand of the horizon and the order-up-to level take; blank where stock is unknown",
        nullable=True,
    )
    runs_out_in_days = dy.Int64(nullable=True, description="Days until stock before it runs out", metadata={"unit": "days"})
    at_risk_units = units("Expected demand that finds no stock before it arrives; blank where stock is unknown", nullable=True)
    action = code("What to ask for", ACTIONS)
    message_units = units("Units that are asked for in place of the open ones, redirected ones among them")
    redirect_units = units(
        "Of these, what is to go to locations that need it of the same supplier, where this run orders so many less"
    )
    redirect_to = text("Those by location; empty where none are", nullable=False)
    cash_effect_amount = money(
        "Value not bought, or holding cost saved by another date (below 0: added); blank where cost is unknown", nullable=True
    )
    currency_code = text("Reporting currency", nullable=False)
    reason = text("The message in a sentence", nullable=False)
