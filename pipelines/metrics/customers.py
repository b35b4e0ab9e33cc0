"""Who comes back. On pseudonyms: no figure here knows a name."""

import narwhals as nw

from pipelines.metrics.registry import Distinct, Metric, Quantiles, Ratio, Shared, rows, when

_ORDERS: Shared = {
    "subject": "customers", "fact": "customer_orders", "grain": "an order whose customer is known by a pseudonym", "dated_by": "business_date",
    "clock": "local date of the channel when the order was placed", "open_items": "cancelled orders don't count",
}  # fmt: skip

METRICS = (
    Metric(
        name="repeat_order_rate", title="Repeat orders", unit="rate", better="higher",
        meaning="Of the orders of known customers, the share that was not their first.", formula="orders after a customer's first ÷ orders",
        measure=Ratio(when(lambda as_of: nw.col("customer_order_number") > 1), rows()), **_ORDERS,
    ),
    Metric(
        name="customers", title="Customers", unit="rows", better="higher",
        meaning="Known customers who ordered.", formula="distinct pseudonyms among orders", measure=Distinct("customer_key"), **_ORDERS,
    ),
    Metric(
        name="new_customers", title="New customers", unit="rows", better="higher",
        meaning="Known customers who ordered for the first time.", formula="distinct pseudonyms among first orders",
        measure=Distinct("customer_key"), only=lambda as_of: nw.col("customer_order_number") == 1, **_ORDERS,
    ),
    Metric(
        name="days_between_orders", title="Days between orders", unit="days", better="lower",
        meaning="How long known customers wait until they order again.", formula="median, 90th and 95th percentile of the days since the order before",
        measure=Quantiles("days_since_previous"), **_ORDERS,
    ),
)  # fmt: skip
