"""Facts about payments, payouts, customers. Here: their columns. Not here: their arithmetic (pipelines/marts)."""

import dataframely as dy

from pipelines.contracts.base import code, count, date, flag, instant, key, money, number, register, text
from pipelines.contracts.fulfilment import ORDER_STATES

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
    reporting_chargebacks_amount = money("Taken back by customers' banks, reporting currency; positive", nullable=True)


@register("marts", "The orders of each known customer, numbered")
class CustomerOrders(dy.Schema):
    channel = key("Sales channel")
    order_id = key("Order")
    customer_key = text("Keyed pseudonym of the customer", nullable=False)
    order_state = code("The last stage it is known to have reached", ORDER_STATES)
    business_date = date("Local date of the channel when it was placed")
    placed_at = instant("When it was placed", nullable=False)
    ship_to_country_code = text("Country of delivery")
    reporting_total_amount = money("Total of the order in the reporting currency", nullable=True)
    customer_order_number = count("1 is the customer's first, over all channels")
    days_since_previous = number("Days since the customer's order before", "days")


@register("marts", "What it cost to serve each order that left: carriers, channel and payment provider")
class OrderCosts(dy.Schema):
    channel = key("Sales channel")
    order_id = key("Order")
    business_date = date("Local date of the channel when it was placed")
    location_id = text("Location it left from, as far as known")
    carrier_code = text("Carrier of its first parcel")
    service_level = text("Service of the carrier, else the one that the customer chose")
    ship_to_country_code = text("Country of delivery")
    reporting_total_amount = money("Total of the order in the reporting currency", nullable=True)
    shipping_cost_amount = money(
        "What carriers charged for its parcels, reporting currency; blank until all are known", nullable=True
    )
    fees_amount = money(
        "What channel and payment provider kept of it, reporting currency; blank where payouts or rates don't tell", nullable=True
    )
    cost_to_serve_amount = money(
        "Shipping cost and fees; blank where the shipping cost, or a fee's rate, is unknown", nullable=True
    )


@register("marts", "Every known customer: how recently, how often and for how much they buy")
class CustomerValues(dy.Schema):
    customer_key = key("Keyed pseudonym of the customer")
    first_date = date("Day of the first order")
    last_date = date("Day of the last order")
    orders = count("Orders that were not cancelled")
    order_amount = money("Their totals in the reporting currency", nullable=True)
    recency_days = count("Days since the last order")
    recency_score = count("5: the fifth of customers who ordered last, to 1")
    frequency_score = count("5: the fifth who ordered most often, to 1; customers alike share the lower score")
    value_score = count("5: the fifth who spent most, to 1")
    segment = code("What the scores say", ("champion", "loyal", "new", "at risk", "lost", "regular"))


@register("marts", "Cohorts of customers by the month of their first order: who ordered again, month by month")
class CustomerCohorts(dy.Schema):
    cohort_month_date = date("First day of the month of their first order", primary_key=True)
    months_since = key("Months since then; 0 is the first month", dtype=dy.Int64)
    cohort_customers = count("Customers of the cohort")
    customers = count("Of them, those who ordered in that month")
    orders = count("Orders of that month")
    order_amount = money("Their totals in the reporting currency", nullable=True)
    retention_rate = number("customers ÷ cohort customers", "rate", nullable=False, min=0, max=1)
