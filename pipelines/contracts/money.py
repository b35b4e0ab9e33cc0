"""Facts about payments, payouts, customers. Here: their columns. Not here: their arithmetic (pipelines/marts)."""

import dataframely as dy

from pipelines.contracts.base import code, count, date, flag, instant, key, money, number, register, text

PAYMENT_STATES = ("agrees", "overpaid", "underpaid", "unpaid", "paid_without_order")


@register("marts", "What was ordered against what was paid, per order, on channels whose payments are loaded")
class PaymentBalance(dy.Schema):
    channel = key("Sales channel")
    order_id = key("Order")
    business_date = date("Local date of the order; of a payment without one, the UTC date it was made", nullable=True)
    currency_code = text("Currency of the amounts", nullable=False)
    ordered_amount = money("Total of the order with tax and shipping; 0 where only payments are known")
    captured_amount = money("Captured")
    refunded_amount = money("Refunded")
    difference_amount = money("captured − ordered")
    payment_state = code("Agreement to the cent", PAYMENT_STATES)
    is_shipped = flag("It left the building whole")
    is_open = flag("It has to leave a building and has not left whole")
    reporting_unexplained_amount = money("|captured − ordered| where they differ, reporting currency", nullable=True)
    reporting_refund_excess_amount = money("Refunded beyond captured, reporting currency", nullable=True)


@register("marts", "What was paid out against the entries behind it, per payout")
class PayoutBalance(dy.Schema):
    channel = key("Sales channel")
    payout_id = key("Payout")
    paid_date = date("UTC date it was or will be paid")
    payout_status = text("What the channel says of it")
    currency_code = text("Currency of the amounts", nullable=False)
    charges_amount = money("Charged to customers")
    refunds_amount = money("Refunded to customers; negative")
    chargebacks_amount = money("Taken back by customers' banks; negative")
    fees_amount = money("Fees; negative")
    entries_amount = money("Net of all entries")
    entries = count("Entries behind it")
    net_amount = money("Paid out")
    residual_amount = money("paid out − entries: what nobody can explain yet")
    is_explained = flag("The residual is less than a cent")
    reporting_residual_amount = money("|residual| of a cent or more, reporting currency", nullable=True)


@register("marts", "The orders of each known customer, numbered")
class CustomerOrders(dy.Schema):
    channel = key("Sales channel")
    order_id = key("Order")
    customer_key = text("Keyed pseudonym of the customer", nullable=False)
    business_date = date("Local date of the channel when it was placed")
    placed_at = instant("When it was placed", nullable=False)
    ship_to_country_code = text("Country of delivery")
    reporting_total_amount = money("Total of the order in the reporting currency", nullable=True)
    customer_order_number = count("1 is the customer's first, over all channels")
    days_since_previous = number("Days since the customer's order before", "days")
