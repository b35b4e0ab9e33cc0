"""What rests on the forecast: how healthy stock is, what each product is. Here: columns. Not here: their arithmetic (pipelines/marts)."""

import dataframely as dy

from pipelines.contracts.base import code, count, date, flag, instant, key, money, number, register, text, units


@register("insights", "Every shelf: stock against what is wanted, what it is worth, what stands too long")
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
    in_transit_units = units("Of them, sent by the supplier; blank where that is not told", nullable=True)
    last_received_at = instant("When goods last arrived; how old the stock is at least in part")
    demand_28d_units = units("Wanted in the last 28 days, as far as seen")
    censored_28d_days = count("Days of them that were not fully seen: sold out")
    lost_28d_units = number(
        "Estimate of what was not sold on those days: the rate of the days seen; blank where none was", "units"
    )
    last_demand_date = date("Last day that anything was wanted", nullable=True)
    forecast_90d_units = number("Expected demand of the next 90 days", "units")
    excess_units = number("On hand beyond that", "units")
    is_dead = flag("In stock, and nothing wanted for 180 days")
    stock_value_amount = money("On hand at cost, reporting currency; blank where the cost is unknown", nullable=True)
    excess_value_amount = money("Excess at cost", nullable=True)


@register("insights", "What each product is: its classes, how it moves, whether its sizes are complete")
class ProductClasses(dy.Schema):
    sku = key("Stock keeping unit as sold")
    description = text("Name")
    category = text("Category")
    brand = text("Brand")
    style_id = text("Parent style of variants")
    supplier_id = text("First supplier")
    abc_class = code("A: the first 80 % of value, B: until 95 %, C: the rest", ("A", "B", "C"))
    abc_value_amount = money("Value it is ranked by, of 52 weeks: margin or net sales", nullable=True)
    cumulative_rate = number("Share of all value up to and with it", "rate")
    xyz_class = code("X: steady, Y: varying, Z: erratic, after season and promotions", ("X", "Y", "Z"), nullable=True)
    demand_cv = number("Coefficient of variation of weekly units after season and promotions", "rate")
    sold_units = units("Units of 52 weeks, less returned")
    net_sales_amount = money("Net sales of 52 weeks, reporting currency", nullable=True)
    units_now = units("Units of the last four weeks", nullable=True)
    units_before = units("Units of the four weeks before", nullable=True)
    z_score = number("How many standard deviations of noise the change is", "rate")
    p_value = number("Chance of such a change by noise alone", "rate")
    is_significant = flag("More than noise, with at most one in ten of those shown by chance")
    is_new = flag("Launched, or first sold, in the last 90 days")
    is_dying = flag("Discontinued, or nothing sold for eight weeks")
    is_size_run_broken = flag("Some variants of its style are sold out and others not")
    on_hand_units = units("On hand at all locations", nullable=True)
    in_stock_days_rate = number("Share of the last 28 days that it was on the shelves where it is wanted", "rate")


@register("insights", "What each channel has been selling, and whether it can be had from the locations that serve the channel")
class ChannelAvailability(dy.Schema):
    channel = key("Sales channel")
    sku = key("Stock keeping unit as consumed")
    as_of_date = date("Day of the run")
    demand_91d_units = units("Wanted on the channel in the last 91 days, as far as seen")
    available_units = units("Available at the locations that serve it; blank where stock is unknown", nullable=True)
    is_available = flag("Some can be had; blank where stock is unknown", nullable=True)


@register("insights", "Returns so far and where they will end, by SKU, category, channel and month of the order")
class ReturnOutlook(dy.Schema):
    group_kind = key("What is looked at: sku, category, channel, month")
    group_value = key("Which one")
    sold_units = units("Units sold in the last year")
    returned_units = units("Of them, those that came back so far")
    return_rate = number("returned ÷ sold: what has come back so far", "rate", nullable=False, min=0, max=1)
    mature_units = number("Units sold, each counted by the share of returns that its age has seen", "units", nullable=False)
    expected_return_rate = number("returned ÷ mature units: where the rate will end", "rate", min=0, max=1)
    usual_rate = number("Expected rate of its category, for a SKU; of everything, for others", "rate", min=0, max=1)
    p_value = number("Chance of so many returns at the usual rate", "rate", min=0, max=1)
    is_return_prone = flag("More than the usual, with at most one in ten of those flagged by chance")
