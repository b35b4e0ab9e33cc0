"""Facts and key figures: pure functions of the ledger and `as_of`. Here: their columns. Not here: their arithmetic."""

import dataframely as dy

from pipelines.contracts.base import code, count, date, flag, instant, key, money, number, register, text, units

ENTRY_KINDS = ("sale", "credit", "adjustment", "return", "cancelled", "test", "unpaid", "gift_card")


@register("marts", "One row per thing that moves, or could have moved, sales: an order line or a returned line")
class SalesEntries(dy.Schema):
    source = code("Table it stands for", ("order_lines", "returns"))
    channel = key("Sales channel")
    document_id = key("Order or return")
    entry_kind = dy.String(
        primary_key=True, regex=f"^({'|'.join(ENTRY_KINDS)})$", description=f"What it counts as: {', '.join(ENTRY_KINDS)}"
    )
    line_number = key("Line of the document", dtype=dy.Int64)
    business_date = date("Day it counts on: order date for lines, return date for returns")
    order_id = text("Order it belongs to", nullable=False)
    sku = text("Stock keeping unit as sold")
    description = text("What the channel calls it")
    is_goods = flag("A stocked article")
    ship_to_country_code = text("Country of delivery")
    location_id = text("Location that serves the order, as far as the channel says")
    sold_units = units("Units sold; negative for credits and returns")
    currency_code = text("Currency of the amounts", nullable=False)
    gross_sales_amount = money("Sold at positive price and quantity, without tax and shipping, less what was cancelled")
    discount_amount = money("Discounts on it")
    returns_amount = money("Credited or refunded for goods; positive")
    adjustment_amount = money("Corrections that are neither sale nor credit")
    net_sales_amount = money("gross − discount − returns + adjustment")
    reporting_net_sales_amount = money("Net sales in the reporting currency at the day's rate", nullable=True)
    is_rate_provisional = flag("The day's rate is not final")
    reporting_cost_amount = money(
        "Units sold at their cost that day, reporting currency; blank where it is unknown", nullable=True
    )


@register("marts", "Sales per business date and channel; returns count on the return date")
class DailySales(dy.Schema):
    business_date = date("Local date of the channel", primary_key=True)
    channel = key("Sales channel")
    currency_code = key("Currency of the amounts")
    orders = count("Orders with a counted line that day")
    order_lines = count("Counted order lines: sales, credits and adjustments")
    credit_lines = count("Lines on credits")
    sold_units = units("Units sold less units credited and returned")
    gross_sales_amount = money("Sold at positive price and quantity, without tax and shipping")
    discount_amount = money("Discounts")
    returns_amount = money("Credits and returns; positive")
    adjustment_amount = money("Corrections")
    net_sales_amount = money("gross − discount − returns + adjustment")
    reporting_net_sales_amount = money("Net sales in the reporting currency", nullable=True)


@register("marts", "Goods sold per business date and SKU, over all channels; returns on the return date")
class SkuDays(dy.Schema):
    business_date = date("Local date of the channel", primary_key=True)
    sku = key("Stock keeping unit as sold")
    orders = count("Orders with it that were placed that day")
    sold_units = units("Units sold less returned")
    wanted_units = units("Units sold, whatever came back")
    net_sales_amount = money("Net sales in the reporting currency", nullable=True)
    cost_amount = money("Units at their cost of the day, as far as it is known", nullable=True)
    lines = count("Entries summed")
    costed_lines = count("Of them, those whose cost is known")


@register("marts", "Best sellers by net sales over trailing periods, against the period before")
class BestSellers(dy.Schema):
    period_days = key("Length of the period, ending yesterday", dtype=dy.Int64)
    sku = key("Stock keeping unit as sold")
    description = text("Name")
    category = text("Category")
    sales_rank = count("1 sells most by net sales in the reporting currency; ties share a rank")
    sold_units = units("Units sold less returned")
    orders = count("Orders with it")
    net_sales_amount = money("Net sales in the reporting currency")
    previous_sold_units = units("Units of the period before")
    previous_net_sales_amount = money("Net sales of the period before, reporting currency")


@register("marts", "Stock of each SKU and location, as last observed, and what is promised and on its way")
class InventoryPosition(dy.Schema):
    location_id = key("Location")
    sku = key("Stock keeping unit")
    observed_at = instant("When stock was last observed; blank where it never was")
    on_hand_units = units("Physical and sellable; blank where stock is unknown", nullable=True)
    allocated_units = units("Reserved for open lines, never more than on hand", nullable=True)
    available_units = units("on hand − allocated, never negative", nullable=True)
    backordered_units = units("Open demand beyond what is on hand")
    on_order_units = units("Ordered from suppliers and not received")
    in_transit_units = units("Of them, sent by the supplier; blank where no purchase order tells when it was sent", nullable=True)


@register("marts", "Purchase orders against what arrived, per order, SKU and location")
class PurchaseLines(dy.Schema):
    purchase_order_id = key("Purchase order")
    sku = key("Stock keeping unit")
    location_id = key("Where it goes")
    supplier_id = text("Supplier", nullable=False)
    ordered_at = instant("When it was ordered", nullable=False)
    expected_at = instant("When it was expected; the last day that any of its lines gives")
    expected_date = date("UTC date of that; goods of that day are in time", nullable=True)
    ordered_units = units("Units ordered")
    received_units = units("Units received so far")
    in_time_units = units("Of them, received by the expected day")
    last_received_at = instant("When the last of them arrived")
    lead_time_days = number("Days from ordering to the last receipt; blank while units are lacking", "days")
    is_closed = flag("No more receipts are expected")


@register("marts", "How much of what could be sold was sold, per SKU over trailing periods")
class SellThrough(dy.Schema):
    period_days = key("Length of the period, ending yesterday", dtype=dy.Int64)
    sku = key("Stock keeping unit as consumed")
    opening_units = units("On hand at all locations when the period began; blank where stock is unknown", nullable=True)
    received_units = units("Received from suppliers within it")
    net_units = units("Sold less returned within it, as consumed")
    sell_through_rate = number("net units ÷ (opening + received units); blank where stock is unknown or there was none", "rate")


@register("marts", "What each SKU is: the product file, its first supplier, else what channels call it")
class SkuAttributes(dy.Schema):
    sku = key("Stock keeping unit")
    description = text("Name")
    category = text("Category")
    brand = text("Brand")
    style_id = text("Parent style of variants")
    supplier_id = text("First supplier")
    launched_date = date("First day on sale", nullable=True)
    discontinued_date = date("Last day on sale", nullable=True)


@register("marts", "Unit cost of a SKU from a day until a day; spans of a SKU leave no gap")
class CostSpans(dy.Schema):
    sku = key("Stock keeping unit")
    valid_from_date = date("First day it holds", primary_key=True)
    valid_before_date = date("First day it holds no more")
    unit_cost_amount = money("Cost of one unit; blank where it is unknown", nullable=True)
    currency_code = text("ISO 4217 currency", nullable=False)
    origin = code("Where it comes from", ("product_costs", "supplier_terms"))


@register("marts", "Unit cost in the reporting currency as of now")
class UnitCosts(dy.Schema):
    sku = key("Stock keeping unit")
    unit_cost_amount = money("Cost of one unit in the reporting currency")
    origin = code("Where it comes from", ("product_costs", "supplier_terms"))


@register("marts", "Key figures of the record as a whole, for the summary and the overview page")
class ChannelSummary(dy.Schema):
    channel = key("Sales channel")
    orders = count("Orders in the ledger")
    order_lines = count("Order lines in the ledger")
    last_ordered_at = instant("Newest order")
    net_sales_amount = money("Net sales of the whole record, reporting currency", nullable=True)
    net_sales_28d_amount = money("Net sales of the last 28 days, reporting currency", nullable=True)
    due_lines_28d = count("Lines due in the last 28 days")
    late_lines_28d = count("Of them, not shipped in time")
    late_rate_28d = number("late ÷ due", "rate", min=0, max=1)


@register("marts", "Sales per stocked SKU as consumed: bundles taken apart, their revenue spread once")
class ComponentSales(dy.Schema):
    source = key("Table of the sales entry: order_lines or returns")
    channel = key("Sales channel")
    document_id = key("Order or return")
    entry_kind = key("What the entry counts as")
    line_number = key("Line of the document", dtype=dy.Int64)
    component_sku = key("Stock keeping unit as consumed; empty where none is known")
    order_id = text("Order it belongs to", nullable=False)
    sku_as_sold = text("Stock keeping unit as sold")
    is_component = flag("It was sold as a part of a bundle")
    business_date = date("Day it counts on")
    consumed_units = units("Units taken from stock; negative for what came back")
    currency_code = text("Currency of the amount", nullable=False)
    net_sales_amount = money("Its share of the entry's net sales")


@register("marts", "Every stage of every order's life, with its moment")
class OrderTimeline(dy.Schema):
    channel = key("Sales channel")
    order_id = key("Order")
    event_kind = key(
        "Stage: placed, paid, allocated, picked, packed, labelled, shipped, first_scan, delivered, cancelled, returned, refunded, confirmations"
    )
    event_number = key("Which of its kind: its parcel, payment, refund or position")
    occurred_at = instant("When it happened", nullable=False)


@register("marts", "What polls missed and what the record lacks, per channel and day, by the channels' own account")
class MissedRecords(dy.Schema):
    channel = key("Sales channel")
    stream = key("Kind of record")
    channel_date = date("Local date of the channel", primary_key=True)
    channel_records = count("Records that the channel had when it was asked last")
    ledger_records = count("Of the same day in the ledger")
    missing_records = count("Records that the channel has and the ledger lacks, in quarantine or not there at all")
    missed_records = count("Records that no poll had brought and the reconciliation did")
    stale_records = count("Records that had changed without a poll seeing it, and that the reconciliation brought anew")
    channel_total_amount = money("Sum of stated totals at the channel", nullable=True)
    ledger_total_amount = money("Sum of stated totals in the ledger", nullable=True)
    difference_amount = money("channel − ledger", nullable=True)
    reconciled_at = instant("When the channel was asked last", nullable=False)


@register("marts", "Listings for which no SKU is known, with what they sold")
class UnmappedListings(dy.Schema):
    channel = key("Sales channel")
    listing = key("SKU that the channel states, else its id of the listing, else its name")
    listing_id = text("The channel's own id")
    description = text("What the channel calls it")
    currency_code = text("Currency of the amount", nullable=False)
    sold_units = units("Units sold")
    net_amount = money("Net of discounts")
    order_lines = count("Lines that name it")
    first_date = date("First day it sold")
    last_date = date("Last day it sold")


@register("marts", "SKUs that an unmapped listing may be, the likeliest first")
class ListingSuggestions(dy.Schema):
    channel = key("Sales channel")
    listing = key("The unmapped listing")
    sku = key("Stock keeping unit that it may be")
    confidence = number("How sure: 1 is the same", "rate", nullable=False, min=0, max=1)
    reason = text("Why", nullable=False)
