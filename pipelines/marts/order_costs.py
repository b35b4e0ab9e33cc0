"""What it cost to serve an order. Here: carriers' charges and fees per order that left. Not here: cost of goods (sales_entries)."""

from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import at_rate

Frame = nw.LazyFrame[Any]
SOURCES = ("order_lives", "shipments", "payout_entries", "fx_rates")
ORDER = ("channel", "order_id")


def order_costs(order_lives: Frame, shipments: Frame, payout_entries: Frame, fx_rates: Frame) -> Frame:
    """Orders of which a parcel left, with what carriers charged and what channel and payment provider kept, at the order day's rate.

    Shipping cost is blank until every parcel's charge is known, so that an order half known does not look cheap; a parcel that
    only an event tells of has no known charge. Fees are the fees of the order's payout entries. Where payouts tell nothing of the
    order they are blank, and the cost to serve is the shipping cost alone; where they tell of fees without a rate, both are blank.
    """
    left = order_lives.filter(nw.col("parcels") > 0)
    days = left.select(*ORDER, "business_date", "parcels")
    charged = _labels(shipments.join(days, on=list(ORDER), how="inner"), fx_rates)
    kept = _fees(payout_entries.join(days, on=list(ORDER), how="inner"), fx_rates)
    costs = left.select(
        *ORDER, "business_date", "location_id", "carrier_code", "service_level", "ship_to_country_code", "reporting_total_amount"
    )
    costs = costs.join(charged, on=list(ORDER), how="left").join(kept, on=list(ORDER), how="left")
    return costs.with_columns(
        cost_to_serve_amount=nw.col("shipping_cost_amount")
        + nw.when(nw.col("entries").is_null()).then(nw.col("shipping_cost_amount") * 0).otherwise(nw.col("fees_amount"))
    ).drop("entries")


def _labels(shipments: Frame, fx_rates: Frame) -> Frame:
    rates = fx_rates.select("reporting_rate", label_currency_code="currency_code", business_date="rate_date")
    dated = shipments.join(rates, on=["label_currency_code", "business_date"], how="left")
    costs = dated.with_columns(cost=at_rate(nw.col("label_cost_amount"), nw.col("reporting_rate")))
    sums = costs.group_by(*ORDER).agg(
        cost=nw.col("cost").sum(), known=nw.col("cost").count(), rows=nw.len(), charged=nw.col("shipment_id").n_unique(), parcels=nw.col("parcels").max()
    )  # fmt: skip
    is_whole = (nw.col("known") == nw.col("rows")) & (nw.col("charged") == nw.col("parcels"))
    whole = nw.when(is_whole).then(nw.col("cost"))
    return sums.with_columns(shipping_cost_amount=whole).select(*ORDER, "shipping_cost_amount")


def _fees(payout_entries: Frame, fx_rates: Frame) -> Frame:
    rates = fx_rates.select("currency_code", "reporting_rate", business_date="rate_date")
    dated = payout_entries.join(rates, on=["currency_code", "business_date"], how="left")
    own = nw.when(nw.col("entry_kind") == "fee").then(nw.col("amount")).otherwise(nw.col("amount") * 0)
    kept = dated.with_columns(fee=at_rate(nw.col("amount") * 0 - own - nw.col("fee_amount"), nw.col("reporting_rate")))
    sums = kept.group_by(*ORDER).agg(fees=nw.col("fee").sum(), known=nw.col("fee").count(), entries=nw.len())
    return sums.select(*ORDER, "entries", fees_amount=nw.when(nw.col("known") == nw.col("entries")).then(nw.col("fees")))
