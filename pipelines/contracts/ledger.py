"""The canonical record: one row per real-world thing. Here: what happened. Not here: anything computed from several things."""

import dataframely as dy

from pipelines.contracts.base import RATE_SCALE, code, date, flag, instant, key, money, number, register, text, units

ORDER_KINDS = ("sale", "credit", "adjustment")
PAYMENT_STATUSES = ("paid", "partially_paid", "pending", "failed", "refunded", "unknown")


class _Sourced(dy.Schema):
    """Where a row came from; the newest (source_version, payload_version, payload_hash) of an identity wins."""

    source_version = text("Version that the source itself gives, as sortable text; empty where it gives none", nullable=False)
    payload_version = text("Version of the payload it came in, as sortable text", nullable=False)
    payload_hash = text("Content hash of the payload in landing", nullable=False)


@register("ledger", "One row per order, as its newest version says", identity=("channel", "order_id"))
class Orders(_Sourced):
    channel = key("Sales channel")
    order_id = key("The channel's own order number")
    order_kind = code("What the document is", ORDER_KINDS)
    ordered_at = instant("When the customer placed it", nullable=False)
    business_date = date("Local date of the channel when it was placed")
    currency_code = text("ISO 4217 currency of every amount of the order", nullable=False, regex="^[A-Z]{3}$")
    customer_key = text("Keyed pseudonym of the customer")
    is_test = flag("A test order: not sales, not demand")
    is_expedited = flag("Bought with a faster service")
    is_gift = flag("Sent as a gift")
    is_customised = flag("Made or changed to the customer's wish")
    has_note = flag("The customer left a note for operations")
    is_cancelled = flag("Cancelled as a whole")
    cancelled_at = instant("When it was cancelled")
    cancelled_by = code("Who cancelled", ("customer", "seller"), nullable=True)
    payment_status = code("State of the payment, as the channel says", PAYMENT_STATUSES)
    paid_at = instant("When it was paid")
    ship_by_at = instant("Promised to leave the building by")
    ship_to_country_code = text("ISO 3166-1 alpha-2 country of delivery")
    ship_to_postal_code = text("Postal code of delivery")
    location_id = text("Location the channel assigned")
    service_level = text("Shipping service the customer chose")
    gross_amount = money("Lines at their price, without tax and shipping")
    discount_amount = money("Discounts on lines and order")
    shipping_amount = money("Shipping charged")
    tax_amount = money("Tax charged on top of prices")
    total_amount = money("Gross less discounts plus shipping plus tax")
    stated_total_amount = money("Total that the channel states", nullable=True)
    is_balanced = flag("Stated total equals computed total to the cent; true where none is stated")
    is_incomplete = flag("Some line of this version is in quarantine")


@register("ledger", "One row per line of an order; identical lines of one order stay", identity=("channel", "order_id"))
class OrderLines(_Sourced):
    channel = key("Sales channel")
    order_id = key("The channel's own order number")
    line_number = key("Position within the order, from 1", dtype=dy.Int64)
    sku = text("Stock keeping unit; blank where the listing is not mapped")
    description = text("What the channel calls it")
    line_at = instant("Time on the line itself, where lines carry one", nullable=False)
    ordered_units = units("Units ordered; negative on a credit")
    cancelled_units = units("Units cancelled before shipping")
    unit_price_amount = money("Price of one unit before discount")
    gross_amount = money("ordered_units × unit_price_amount")
    discount_amount = money("Line discount plus its share of the order's")
    net_amount = money("Gross less discount")
    cancelled_gross_amount = money("Part of the gross that was cancelled")
    cancelled_discount_amount = money("Part of the discount that was cancelled")
    shipping_amount = money("Shipping charged on the line")
    tax_amount = money("Tax charged on the line")
    currency_code = text("ISO 4217 currency of the amounts", nullable=False)
    is_goods = flag("A stocked article; not postage, fees or adjustments")
    is_gift_card = flag("Sale of a gift card: a liability, not sales")


@register("ledger", "One row per payment event of an order", identity=("channel", "payment_id"))
class Payments(_Sourced):
    channel = key("Sales channel")
    payment_id = key("Id of the payment event")
    order_id = text("Order paid for", nullable=False)
    payment_kind = code("What happened", ("authorisation", "capture", "refund", "failed"))
    method = text("Means of payment")
    amount = money("Amount of the event; positive for refunds too")
    currency_code = text("ISO 4217 currency", nullable=False, regex="^[A-Z]{3}$")
    paid_at = instant("When it happened")


@register("ledger", "One row per SKU of a shipment", identity=("channel", "shipment_id"))
class Shipments(_Sourced):
    channel = key("Sales channel")
    shipment_id = key("Id of the parcel or delivery")
    line_number = key("Position within the shipment, from 1", dtype=dy.Int64)
    order_id = text("Order shipped", nullable=False)
    sku = text("Stock keeping unit", nullable=False)
    shipped_units = units("Units in the shipment", min=1)
    shipped_at = instant("When it left", nullable=False)
    delivered_at = instant("When it arrived")
    location_id = text("Location it left from")
    carrier_code = text("Carrier")
    service_level = text("Service of the carrier")


@register("ledger", "One row per SKU of a return", identity=("channel", "return_id"))
class Returns(_Sourced):
    channel = key("Sales channel")
    return_id = key("Id of the return")
    line_number = key("Position within the return, from 1", dtype=dy.Int64)
    order_id = text("Order returned", nullable=False)
    sku = text("Stock keeping unit", nullable=False)
    returned_units = units("Units that came back", min=0)
    refund_amount = money("Refunded for them, without tax and shipping")
    currency_code = text("ISO 4217 currency", nullable=False, regex="^[A-Z]{3}$")
    returned_at = instant("When they came back", nullable=False)
    business_date = date("Local date of the channel when they came back")
    reason = text("Reason given")


@register("ledger", "Stock of a SKU at a location when it was observed; it holds until the next observation")
class StockLevels(_Sourced):
    location_id = key("Location")
    sku = key("Stock keeping unit")
    observed_at = dy.Datetime(primary_key=True, time_zone="UTC", time_unit="us", description="When it was counted or reported")
    on_hand_units = units("Physical and sellable")
    unsellable_units = units("Damaged, in inspection or held")
    available_units = units("On hand less reserved, where the source reports it", nullable=True)


@register("ledger", "One row per line of a purchase order", identity=("purchase_order_id",))
class PurchaseOrders(_Sourced):
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
    expected_at = instant("When it is expected")
    is_closed = flag("No more receipts are expected")
    decision_id = text("Reference to the decision it came from")


@register("ledger", "One row per line of a goods receipt", identity=("receipt_id",))
class Receipts(_Sourced):
    receipt_id = key("Number of the receipt")
    line_number = key("Position within it, from 1", dtype=dy.Int64)
    purchase_order_id = text("Purchase order received against")
    sku = text("Stock keeping unit", nullable=False)
    location_id = text("Where it arrived", nullable=False)
    received_units = units("Units received", min=0)
    received_at = instant("When they arrived", nullable=False)


@register("ledger", "Suppliers")
class Suppliers(_Sourced):
    supplier_id = key("Supplier")
    supplier_name = text("Name")
    country_code = text("ISO 3166-1 alpha-2 country")
    postal_code = text("Postal code")
    order_minimum_amount = money("Least value of an order", nullable=True)
    currency_code = text("ISO 4217 currency of the minimum")


@register("ledger", "What a supplier asks for a SKU")
class SupplierTerms(_Sourced):
    supplier_id = key("Supplier")
    sku = key("Stock keeping unit")
    priority = dy.Int64(description="1 is tried first")
    lead_time_days = number("Mean time from order to receipt", "days", min_exclusive=0)
    lead_time_std_days = number("Its standard deviation", "days", min=0)
    review_period_days = number("Time between two orders", "days", min_exclusive=0)
    moq_units = units("Least order quantity", nullable=True, min=1)
    case_pack_units = units("Orders are multiples of it", nullable=True, min=1)
    unit_cost_amount = money("Cost of one unit", nullable=True)
    currency_code = text("ISO 4217 currency of the cost")


@register("ledger", "Products")
class Products(_Sourced):
    sku = key("Stock keeping unit")
    description = text("Name")
    category = text("Category")
    brand = text("Brand")
    style_id = text("Parent style of variants")
    launched_date = date("First day on sale", nullable=True)
    discontinued_date = date("Last day on sale", nullable=True)


@register("ledger", "Unit cost of a SKU from a date on")
class ProductCosts(_Sourced):
    sku = key("Stock keeping unit")
    valid_from_date = date("First day it holds", primary_key=True)
    unit_cost_amount = money("Cost of one unit", min_exclusive=0)
    currency_code = text("ISO 4217 currency", nullable=False)


@register("ledger", "Components of a bundle", identity=("bundle_sku",))
class Bundles(_Sourced):
    bundle_sku = key("What is sold")
    component_sku = key("What is taken from stock")
    component_units = units("Units of the component in one bundle", min=1)


@register("ledger", "Places that hold stock")
class Locations(_Sourced):
    location_id = key("Location")
    location_name = text("Name")
    location_kind = code("Kind", ("warehouse", "store", "3pl", "fba"))
    country_code = text("ISO 3166-1 alpha-2 country")
    latitude = number("Latitude", "degrees")
    longitude = number("Longitude", "degrees")


@register("ledger", "Promotions, planned and past")
class Promotions(_Sourced):
    promotion_id = key("Promotion")
    sku = key("Stock keeping unit")
    start_date = date("First day")
    end_date = date("Last day")
    discount_rate = number("Price cut, 0 to 1", "rate", min=0, max=1)


@register("ledger", "Customers as pseudonyms")
class Customers(_Sourced):
    channel = key("Sales channel")
    customer_key = key("Keyed pseudonym of the customer")
    country_code = text("ISO 3166-1 alpha-2 country")
    postal_code = text("Postal code or its prefix")


@register("ledger", "Value of a currency on a day, carried over days without a fixing")
class FxRates(dy.Schema):
    currency_code = key("ISO 4217 currency")
    rate_date = date("Day", primary_key=True)
    reporting_rate = dy.Decimal(
        18, RATE_SCALE, description="Reporting currency for one unit of the currency", metadata={"unit": "rate"}
    )
    is_rate_provisional = flag("No fixing of that day or the few before was known; restated when it arrives")
