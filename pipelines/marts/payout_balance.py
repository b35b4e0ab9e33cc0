"""What was paid out against the entries behind it, per payout. Here: what they leave unexplained. Not here: orders (payment_balance)."""

from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import at_rate

Frame = nw.LazyFrame[Any]
SOURCES = ("payouts", "payout_entries", "fx_rates")
KEYS = ("channel", "payout_id")
KINDS = ("charge", "refund", "fee", "chargeback")


def payout_balance(payouts: Frame, payout_entries: Frame, fx_rates: Frame) -> Frame:
    """Every payout with its entries by kind; residual = paid out − entries' net amounts, of which less than a cent is agreement.

    Transfers to the bank are the payout itself.
    """
    own = payout_entries.filter((~nw.col("payout_id").is_null()) & (nw.col("entry_kind") != "transfer"))
    zero = nw.col("amount") * 0
    own = own.with_columns(
        **{f"{kind}s_amount": nw.when(nw.col("entry_kind") == kind).then(nw.col("amount")).otherwise(zero) for kind in KINDS}
    )
    sums = own.group_by(*KEYS).agg(
        nw.col(*(f"{kind}s_amount" for kind in KINDS)).sum(),
        entry_fees_amount=nw.col("fee_amount").sum(), entries_amount=nw.col("net_amount").sum(), entries=nw.len(),
    )  # fmt: skip
    paid = payouts.select(*KEYS, "payout_status", "currency_code", "net_amount", paid_date=nw.col("paid_at").dt.date())
    rates = fx_rates.select("currency_code", "reporting_rate", paid_date="rate_date")
    balance = paid.join(sums, on=list(KEYS), how="left").join(rates, on=["currency_code", "paid_date"], how="left")
    amounts = (*(f"{kind}s_amount" for kind in KINDS), "entry_fees_amount", "entries_amount", "entries")
    balance = balance.with_columns(nw.col(*amounts).fill_null(0))
    residual = nw.col("net_amount") - nw.col("entries_amount")
    balance = balance.with_columns(fees_amount=nw.col("fees_amount") + nw.col("entry_fees_amount"), residual_amount=residual)
    is_explained = nw.col("residual_amount").abs() < 0.01
    unexplained = nw.when(~is_explained).then(nw.col("residual_amount").abs()).otherwise(nw.col("residual_amount") * 0)
    return (
        balance.with_columns(is_explained=is_explained, reporting_residual_amount=at_rate(unexplained, nw.col("reporting_rate")))
        .with_columns(reporting_chargebacks_amount=at_rate(nw.col("chargebacks_amount").abs(), nw.col("reporting_rate")))
        .drop("entry_fees_amount", "reporting_rate")
    )
