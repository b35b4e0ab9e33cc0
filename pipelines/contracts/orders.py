"""The canonical record of orders: what was placed, paid, shipped, returned, refunded, paid out. Not here: goods and stock (contracts/ledger.py)."""

import dataframely as dy

from pipelines.contracts.base import code, count, date, flag, instant, key, money, register, text, units

ORDER_KINDS = ("sale", "credit", "adjustment")
PAYMENT_STATUSES = ("paid", "partially_paid", "pending", "failed", "refunded", "unknown")
PAYMENT_KINDS = ("authorisation", "capture", "refund", "failed", "void", "pending")
EVENT_KINDS = (
    "placed", "paid", "changed", "allocated", "picked", "packed", "labelled", "shipped", "first_scan", "delivered", "cancelled",
    "return_requested", "returned", "refunded", "order_confirmed", "shipping_confirmed", "delivery_confirmed", "refund_confirmed",
)  # fmt: skip
RESTOCKS = ("returned", "cancelled", "kept", "unknown")
ENTRY_KINDS = ("charge", "refund", "fee", "adjustment", "chargeback", "reserve", "transfer", "other")


class Sourced(dy.Schema):
    """Where a row came from; the newest (source_version, payload_version, payload_hash) of an identity wins.

    Rows that a record of another table tells beside its own, such as the parcels of an order, name it in `document_id`: its
    versions and payload stand on the record's own row.
    """

    feed = text("Feed that it came by", nullable=False)
    document_id = text("Record of the feed that told it, where one record fills several tables")
    source_version = text("Version that the source itself gives, as sortable text; empty where it gives none")
    payload_version = text("Version of the payload it came in, as sortable text")
    payload_hash = text("Content hash of the payload in landing")


@register("ledger", "One row per order, as its newest version says", identity=("channel", "order_id"))
class Orders(Sourced):
    channel = key("Sales channel")
    order_id = key("The channel's own order number")
    order_number = text("What people call the order, where that is not its id")
    order_kind = code("What the document is", ORDER_KINDS)
    ordered_at = instant("When the customer placed it", nullable=False)
    business_date = date("Local date of the channel when it was placed")
    processed_at = instant("When the channel processed it, where that differs from placing: imports, tills that were offline")
    processed_date = date("Local date of the channel when it was processed", nullable=True)
    currency_code = text("ISO 4217 currency of every amount of the order", nullable=False, regex="^[A-Z]{3}$")
    customer_key = text("Keyed pseudonym of the customer")
    email_key = text("Keyed pseudonym of the e-mail address")
    phone_key = text("Keyed pseudonym of the telephone number")
    is_test = flag("A test order: not sales, not demand")
    is_expedited = flag("Bought with a faster service")
    is_gift = flag("Sent as a gift")
    is_customised = flag("Made or changed to the customer's wish")
    has_note = flag("The customer left a note for operations")
    is_changed = flag("Changed after it was placed")
    is_cancelled = flag("Cancelled as a whole")
    cancelled_at = instant("When it was cancelled")
    cancelled_by = code("Who cancelled", ("customer", "seller", "fraud"), nullable=True)
    cancel_reason = text("Why, in the channel's own word")
    payment_status = code("State of the payment, as the channel says", PAYMENT_STATUSES)
    paid_at = instant("When it was paid")
    ship_by_at = instant("Promised to leave the building by")
    deliver_by_at = instant("Promised to the customer to arrive by")
    ship_to_country_code = text("ISO 3166-1 alpha-2 country of delivery")
    ship_to_postal_code = text("Postal code of delivery")
    location_id = text("Location the channel assigned")
    service_level = text("Shipping service the customer chose")
    gross_amount = money("Lines at their price, without tax and shipping")
    discount_amount = money("Discounts on lines and order")
    shipping_amount = money("Shipping charged")
    tax_amount = money("Tax charged on top of prices")
    duty_amount = money("Import duty charged")
    total_amount = money("Gross less discounts plus shipping plus tax plus duty")
    stated_total_amount = money("Total that the channel states", nullable=True)
    is_balanced = flag("Stated total equals computed total to the cent; true where none is stated")
    presentment_currency_code = text("ISO 4217 currency that the customer paid in, where it is another")
    presentment_total_amount = money("Total in that currency", nullable=True)
    is_incomplete = flag("Some part of this version is in quarantine")


@register("ledger", "One row per line of an order; identical lines of one order stay", identity=("channel", "order_id"))
class OrderLines(Sourced):
    channel = key("Sales channel")
    order_id = key("The channel's own order number")
    line_number = key("Position within the order, from 1", dtype=dy.Int64)
    line_id = text("The channel's own id of the line")
    listing_id = text("The channel's own id of what was bought")
    listed_sku = text("SKU as the channel says it")
    sku = text("Stock keeping unit by the crosswalk, else as the channel says it; blank where neither knows")
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
    duty_amount = money("Import duty charged on the line")
    currency_code = text("ISO 4217 currency of the amounts", nullable=False)
    is_goods = flag("A stocked article; not postage, fees or adjustments")
    is_gift_card = flag("Sale of a gift card: a liability, not sales")


@register(
    "ledger",
    "What happened to an order and no other table tells, with its moment; the mart order_timeline holds all stages",
    identity=("channel", "order_id", "event_kind", "event_number"),
)
class OrderEvents(Sourced):
    channel = key("Sales channel")
    order_id = key("Order")
    event_kind = dy.String(
        primary_key=True, regex=f"^({'|'.join(EVENT_KINDS)})$", description=f"What happened: {', '.join(EVENT_KINDS)}"
    )
    event_number = key("Which of its kind: its shipment, refund or other reference, else its position")
    occurred_at = instant("When it happened", nullable=False)
    recorded_at = instant("When the source recorded it, where it says so")
    event_units = units("Units concerned, where the source says so", nullable=True)
    location_id = text("Location concerned")


@register("ledger", "One row per payment event of an order", identity=("channel", "payment_id"))
class Payments(Sourced):
    channel = key("Sales channel")
    payment_id = key("Id of the payment event")
    order_id = text("Order paid for", nullable=False)
    payment_kind = code("What happened", PAYMENT_KINDS)
    method = text("Means of payment")
    amount = money("Amount of the event; positive for refunds too")
    currency_code = text("ISO 4217 currency", nullable=False, regex="^[A-Z]{3}$")
    paid_at = instant("When it happened")


@register("ledger", "One row per SKU of a shipment", identity=("channel", "shipment_id"))
class Shipments(Sourced):
    channel = key("Sales channel")
    shipment_id = key("Id of the parcel or delivery")
    line_number = key("Position within the shipment, from 1", dtype=dy.Int64)
    order_id = text("Order shipped", nullable=False)
    line_id = text("The channel's own id of the order line")
    sku = text("Stock keeping unit")
    shipped_units = units("Units in the shipment", min=1)
    shipped_at = instant("When it left", nullable=False)
    delivered_at = instant("When it arrived")
    location_id = text("Location it left from")
    carrier_code = text("Carrier")
    tracking_number = text("The carrier's number of the parcel")
    label_cost_amount = money("What the carrier charged for it, or its share of the parcel's charge", nullable=True)
    label_currency_code = text("ISO 4217 currency of the charge")
    service_level = text("Service of the carrier")
    delivery_tracker_id = text("Tracked parcel that told when it arrived, where the shipment's own record does not")
    label_id = text("Label that told what it cost, where the shipment's own record does not")


@register("ledger", "One row per SKU of a return", identity=("channel", "return_id"))
class Returns(Sourced):
    channel = key("Sales channel")
    return_id = key("Id of the return")
    line_number = key("Position within the return, from 1", dtype=dy.Int64)
    order_id = text("Order returned", nullable=False)
    line_id = text("The channel's own id of the order line")
    sku = text("Stock keeping unit")
    returned_units = units("Units that came back", min=0)
    refund_amount = money("Refunded for them, without tax and shipping")
    currency_code = text("ISO 4217 currency", nullable=False, regex="^[A-Z]{3}$")
    returned_at = instant("When they came back", nullable=False)
    business_date = date("Local date of the channel when they came back")
    reason = text("Reason given")


@register("ledger", "One row per line of a refund, and one for what no line bears", identity=("channel", "refund_id"))
class Refunds(Sourced):
    channel = key("Sales channel")
    refund_id = key("Id of the refund")
    line_number = key("Position within the refund, from 1", dtype=dy.Int64)
    order_id = text("Order refunded", nullable=False)
    line_id = text("The channel's own id of the order line; blank where no line bears it")
    sku = text("Stock keeping unit")
    refunded_units = units("Units refunded")
    goods_amount = money("For goods, without tax")
    shipping_amount = money("For shipping, without tax")
    tax_amount = money("Tax")
    duty_amount = money("Import duty")
    adjustment_amount = money("What is neither: goodwill, restocking fees, rounding")
    total_amount = money("All of it")
    currency_code = text("ISO 4217 currency", nullable=False, regex="^[A-Z]{3}$")
    refunded_at = instant("When it was refunded", nullable=False)
    business_date = date("Local date of the channel when it was refunded")
    restock_kind = code("What became of the goods", RESTOCKS)
    reason = text("Reason given")


@register("ledger", "One row per payout of a channel or payment provider to the merchant", identity=("channel", "payout_id"))
class Payouts(Sourced):
    channel = key("Sales channel")
    payout_id = key("Id of the payout")
    paid_at = instant("When it was or will be paid", nullable=False)
    payout_status = text("What the channel says of it")
    currency_code = text("ISO 4217 currency", nullable=False, regex="^[A-Z]{3}$")
    charges_amount = money("Charged to customers", nullable=True)
    refunds_amount = money("Refunded to customers; negative", nullable=True)
    fees_amount = money("Fees; negative", nullable=True)
    adjustments_amount = money("Everything else, with its sign", nullable=True)
    net_amount = money("Paid out")


@register("ledger", "One row per entry behind a payout", identity=("channel", "entry_id"))
class PayoutEntries(Sourced):
    channel = key("Sales channel")
    entry_id = key("Id of the entry")
    payout_id = text("Payout that it belongs to, once that is known")
    order_id = text("Order concerned")
    entry_kind = code("What it is for", ENTRY_KINDS)
    description = text("What the channel calls it")
    sku = text("Stock keeping unit, where the entry is for one")
    amount = money("Before fees, with its sign")
    fee_amount = money("Fee; negative")
    net_amount = money("amount + fee")
    currency_code = text("ISO 4217 currency", nullable=False, regex="^[A-Z]{3}$")
    occurred_at = instant("When it happened", nullable=False)


@register("ledger", "What a channel said of one of its days when it was asked again; the record is held against it")
class ChannelDays(Sourced):
    channel = key("Sales channel")
    stream = key("Kind of record")
    channel_date = date("Local date of the channel", primary_key=True)
    reconciled_at = dy.Datetime(primary_key=True, time_zone="UTC", time_unit="us", description="When the channel was asked")
    channel_records = count("Records that the channel has of the day")
    channel_total_amount = money("Sum of their stated totals", nullable=True)
    missed_records = count("Of them, those that no poll had brought")
    stale_records = count("Of them, those that had changed unseen")
