"""Goods, stock, suppliers and reference data of the record. Here: what is known. Not here: orders (contracts/orders.py), anything computed."""

import dataframely as dy

from pipelines.contracts.base import RATE_SCALE, code, date, flag, instant, key, money, number, pattern, register, text, units
from pipelines.contracts.orders import Sourced

_DAY, _DATE = "(mon|tue|wed|thu|fri|sat|sun)", r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
ORDER_DAYS = rf"(?i)^{_DAY}([ ,;/]+{_DAY})*$"
CLOCK = r"^([01]?\d|2[0-3]):[0-5]\d$"
CLOSED_DAYS = rf"^{_DATE}(/{_DATE})?([ ,;]+{_DATE}(/{_DATE})?)*$"


@register("ledger", "Stock of a SKU at a location when it was observed; it holds until the next observation")
class StockLevels(Sourced):
    location_id = key("Location")
    sku = key("Stock keeping unit")
    observed_at = dy.Datetime(primary_key=True, time_zone="UTC", time_unit="us", description="When it was counted or reported")
    on_hand_units = units("Physical and sellable")
    unsellable_units = units("Damaged, in inspection or held")
    available_units = units("On hand less reserved, where the source reports it", nullable=True)


@register("ledger", "One row per line of a purchase order", identity=("purchase_order_id",))
class PurchaseOrders(Sourced):
    purchase_order_id = key("Number of the purchase order")
    line_number = key("Position within it, from 1", dtype=dy.Int64)
    supplier_id = text("Supplier", nullable=False)
    sku = text("Stock keeping unit", nullable=False)
    location_id = text("Where it goes", nullable=False)
    ordered_units = units("Units ordered", min=0)
    unit_cost_amount = money("Agreed cost of one unit", nullable=True)
    currency_code = text("ISO 4217 currency of the cost")
    ordered_at = instant("When it was ordered", nullable=False)
    confirmed_at = instant("When the supplier confirmed it")
    shipped_at = instant("When the supplier sent it")
    expected_at = instant("When it is expected")
    is_closed = flag("No more receipts are expected")
    decision_id = text("Reference to the decision it came from")


@register("ledger", "One row per line of a goods receipt", identity=("receipt_id",))
class Receipts(Sourced):
    receipt_id = key("Number of the receipt")
    line_number = key("Position within it, from 1", dtype=dy.Int64)
    purchase_order_id = text("Purchase order received against")
    sku = text("Stock keeping unit", nullable=False)
    location_id = text("Where it arrived", nullable=False)
    received_units = units("Units received", min=0)
    received_at = instant("When they arrived", nullable=False)


@register("ledger", "Suppliers")
class Suppliers(Sourced):
    supplier_id = key("Supplier")
    supplier_name = text("Name")
    country_code = text("ISO 3166-1 alpha-2 country")
    postal_code = text("Postal code")
    order_minimum_amount = money("Least value of an order", nullable=True)
    order_minimum_units = units("Least units of an order", nullable=True, min=0)
    order_budget_amount = money("Most to spend on an order", nullable=True)
    order_fixed_amount = money("What placing and receiving an order costs, however large it is", nullable=True)
    currency_code = text("ISO 4217 currency of the supplier's amounts")
    container_volume_m3 = number("Room of a container, truck or pallet that the supplier's goods come in", "m³", min_exclusive=0)
    container_weight_kg = number("What it may weigh", "kg", min_exclusive=0)
    container_amount = money("What one costs, however full", nullable=True)
    container_fill_rate = number("Least share of the containers' room that an order must fill, 0 to 1", "rate", min=0, max=1)
    order_days = pattern("Weekdays on which orders go out", ORDER_DAYS, "mon thu")
    order_cutoff_time = pattern("Until when on such a day", CLOCK, "14:00")
    time_zone = text("Clock of the cut-off, such as Europe/Lisbon; UTC where none is given")
    closed_days = pattern(
        "Days and spans on which no order goes out, beside the country's public holidays",
        CLOSED_DAYS,
        "2026-12-24 2027-02-05/2027-02-20",
    )


@register("ledger", "What a supplier asks for a SKU")
class SupplierTerms(Sourced):
    supplier_id = key("Supplier")
    sku = key("Stock keeping unit")
    priority = dy.Int64(description="1 is tried first")
    lead_time_days = number(
        "Mean time from order to receipt; zero and below, and more than a year, can't be meant and are not used", "days"
    )
    lead_time_std_days = number("Its standard deviation", "days")
    review_period_days = number("Time between two orders", "days")
    moq_units = units("Least order quantity", nullable=True)
    case_pack_units = units("Orders are multiples of it", nullable=True)
    pallet_units = units("Units on a full pallet or layer; taken where it is near", nullable=True)
    unit_cost_amount = money("Cost of one unit", nullable=True)
    price_break_units = units("From this quantity on all units are cheaper", nullable=True)
    price_break_cost_amount = money("Cost of one unit then", nullable=True)
    currency_code = text("ISO 4217 currency of the costs")
    unit_volume_m3 = number("Volume of one unit as packed", "m³", min=0)
    unit_weight_kg = number("Weight of one unit as packed", "kg", min=0)
    shelf_life_days = number("How long it can be sold after receipt", "days", min_exclusive=0)
    storage_limit_units = units("Most units that a location has room for", nullable=True, min=0)


@register("ledger", "Products")
class Products(Sourced):
    sku = key("Stock keeping unit")
    description = text("Name")
    category = text("Category")
    brand = text("Brand")
    style_id = text("Parent style of variants")
    launched_date = date("First day on sale", nullable=True)
    discontinued_date = date("Last day on sale", nullable=True)


@register("ledger", "Unit cost of a SKU from a date on")
class ProductCosts(Sourced):
    sku = key("Stock keeping unit")
    valid_from_date = date("First day it holds", primary_key=True)
    unit_cost_amount = money("Cost of one unit", min_exclusive=0)
    currency_code = text("ISO 4217 currency", nullable=False)


@register("ledger", "Components of a bundle", identity=("bundle_sku",))
class Bundles(Sourced):
    bundle_sku = key("What is sold")
    component_sku = key("What is taken from stock")
    component_units = units("Units of the component in one bundle", min=1)


@register("ledger", "Which SKU a channel's listing is, from a day on; the crosswalk", identity=("channel", "listing_id"))
class Listings(Sourced):
    channel = key("Sales channel")
    listing_id = key("The channel's own id of what it offers: variant, ASIN, product or its own SKU")
    valid_from_date = date("First day it holds", primary_key=True)
    valid_to_date = date("Last day it holds; blank while it does", nullable=True)
    sku = text("Stock keeping unit", nullable=False)


@register("ledger", "Whether a channel sells a listing; what was told holds until the next telling")
class ListingStates(Sourced):
    channel = key("Sales channel")
    listing_id = key("The channel's own id of what it offers, as in listings; or the SKU")
    observed_at = dy.Datetime(primary_key=True, time_zone="UTC", time_unit="us", description="When it was told or changed")
    is_selling = flag("It can be bought, as far as stock allows; false: paused, ended or blocked")


@register("ledger", "Places that hold stock")
class Locations(Sourced):
    location_id = key("Location")
    location_name = text("Name")
    location_kind = code("Kind", ("warehouse", "store", "3pl", "fba"))
    country_code = text("ISO 3166-1 alpha-2 country")
    latitude = number("Latitude", "degrees")
    longitude = number("Longitude", "degrees")
    supplied_by_location_id = text("Location that it is replenished from; blank where suppliers deliver to it")
    supply_lead_time_days = number("Mean time from there to the shelf", "days", min=0)
    supply_lead_time_std_days = number("Its standard deviation", "days", min=0)
    supply_review_period_days = number("Time between two shipments from there", "days", min_exclusive=0)
    supply_pack_units = units("Shipments are multiples of it", nullable=True, min=1)
    stock_limit_units = units(
        "Most units of all SKUs on its shelves and on their way to it, such as a restock limit", nullable=True, min=0
    )


@register("ledger", "Promotions, planned and past")
class Promotions(Sourced):
    promotion_id = key("Promotion")
    sku = key("Stock keeping unit")
    start_date = date("First day")
    end_date = date("Last day")
    discount_rate = number("Price cut, 0 to 1", "rate", min=0, max=1)


@register("ledger", "What a marketplace says of the seller, by its own account-health report")
class AccountHealth(Sourced):
    channel = key("Sales channel")
    component = key("Component of its scorecard, as channel_scorecards calls it")
    reported_date = date("Day of the report", primary_key=True)
    reported_rate = number("Rate that it states, 0 to 1", "rate", nullable=False, min=0, max=1)


@register("ledger", "Net sales that the merchant plans per category and week")
class SalesPlans(Sourced):
    category = key("Category")
    week_start_date = date("First day of the week", primary_key=True)
    planned_net_sales_amount = money("Planned net sales, reporting currency")
    planned_receipts_amount = money("Planned purchases at cost, reporting currency", nullable=True)


@register("ledger", "Customers as pseudonyms")
class Customers(Sourced):
    channel = key("Sales channel")
    customer_key = key("Keyed pseudonym of the customer")
    country_code = text("ISO 3166-1 alpha-2 country")
    postal_code = text("Postal code or its prefix")


@register("ledger", "Days of the merchant's retail calendar")
class RetailCalendar(dy.Schema):
    calendar_date = date("Day", primary_key=True)
    week_start_date = date("First day of its week: Monday in ISO's calendar, Sunday in NRF's")
    month_start_date = date("First day of its month")
    quarter_start_date = date("First day of its quarter")
    year_start_date = date("First day of its year")
    retail_year = dy.Int64(description="Year that the week belongs to")
    retail_week = dy.Int64(description="Week of that year, from 1")
    retail_period = dy.Int64(description="Period of that year: NRF's 4-5-4 months, else four weeks")
    same_day_last_year_date = date(
        "Day of last year that it is held against: the same weekday of the same week, movable feasts aligned"
    )
    feast = text("Movable feast whose days these are")


@register("ledger", "When what is ordered has to leave a location, by its working days, holidays and cut-offs")
class ShipByWindows(dy.Schema):
    location_id = key("Location")
    utc_date = date("UTC date that the span touches", primary_key=True)
    from_at = dy.Datetime(primary_key=True, time_zone="UTC", time_unit="us", description="Cut-off before; ordered after it")
    until_at = instant("Cut-off; ordered up to it", nullable=False)
    promised_at = instant("By when it leaves", nullable=False)


@register("ledger", "Value of a currency on a day, carried over days without a fixing")
class FxRates(dy.Schema):
    currency_code = key("ISO 4217 currency")
    rate_date = date("Day", primary_key=True)
    reporting_rate = dy.Decimal(
        18, RATE_SCALE, description="Reporting currency for one unit of the currency", metadata={"unit": "rate"}
    )
    is_rate_provisional = flag("No fixing of that day or the few before was known; restated when it arrives")
