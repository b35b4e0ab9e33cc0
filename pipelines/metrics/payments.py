"""What was paid against what was ordered, and what payouts leave unexplained."""

import narwhals as nw

from pipelines.metrics.registry import Expression, Metric, Ratio, Shared, Total, column, rows, when

_BALANCE: Shared = {
    "subject": "payments", "fact": "payment_balance", "grain": "an order on a channel whose payments are loaded", "dated_by": "business_date",
    "clock": "local date of the channel when the order was placed; of a payment without an order, the UTC date it was made",
    "open_items": "an order that is not paid yet counts as unpaid", "tolerance": "less than a cent is agreement",
}  # fmt: skip


def _is(*states: str) -> Expression:
    return lambda as_of: nw.col("payment_state").is_in(states)


METRICS = (
    Metric(
        name="payment_agreement_rate", title="Paid to the cent", unit="rate", better="higher",
        meaning="Of the orders on channels whose payments are loaded, the share that was paid exactly what it came to.",
        formula="orders whose captures equal their total ÷ orders", measure=Ratio(when(_is("agrees")), rows()),
        only=lambda as_of: nw.col("payment_state") != "paid_without_order", **_BALANCE,
    ),
    Metric(
        name="unexplained_payment_amount", title="Payments unexplained", unit="money", better="lower",
        meaning="What was captured beyond, or less than, what orders came to, in the reporting currency; every cent of it is an order to look at.",
        formula="|captured − ordered| summed over orders paid otherwise than they came to",
        measure=Total(column("reporting_unexplained_amount")), only=_is("overpaid", "underpaid", "paid_without_order"), **_BALANCE,
    ),
    Metric(
        name="shipped_unpaid_orders", title="Shipped, not paid", unit="rows", better="lower",
        meaning="Orders that left the building whole without a capture.", formula="count of orders shipped and unpaid",
        measure=Total(when(lambda as_of: nw.col("is_shipped"))), only=_is("unpaid"), **_BALANCE,
    ),
    Metric(
        name="paid_unshipped_orders", title="Paid, not shipped", unit="rows",
        meaning="Orders that are paid, have to leave a building and have not left whole.", formula="count of orders paid and open",
        measure=Total(when(lambda as_of: nw.col("is_open"))), only=_is("agrees", "overpaid", "underpaid"), **_BALANCE,
    ),
    Metric(
        name="refund_excess_amount", title="Refunded beyond paid", unit="money", better="lower",
        meaning="What was refunded beyond what had been captured, in the reporting currency.", formula="refunded − captured, where that is positive",
        measure=Total(column("reporting_refund_excess_amount")), **_BALANCE,
    ),
    Metric(
        name="chargeback_amount", title="Chargebacks", unit="money", better="lower", subject="payments", fact="payout_balance",
        grain="a payout", dated_by="paid_date", clock="UTC date of the payout", open_items="a chargeback counts with the payout that it lowers",
        meaning="What customers' banks took back, in the reporting currency.", formula="chargebacks summed over payouts, whatever becomes of the disputes",
        measure=Total(column("reporting_chargebacks_amount")),
    ),
    Metric(
        name="payout_residual_amount", title="Payouts unexplained", unit="money", better="lower", subject="payments", fact="payout_balance",
        grain="a payout", dated_by="paid_date", clock="UTC date of the payout",
        open_items="a payout without entries is wholly unexplained", tolerance="less than a cent is agreement",
        meaning="What payouts paid beyond, or less than, the entries behind them, in the reporting currency.",
        formula="|paid out − sum of entries' net amounts| per payout", measure=Total(column("reporting_residual_amount")),
    ),
)  # fmt: skip
