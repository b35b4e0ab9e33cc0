"""What a unit costs now, in the reporting currency. Here: the cost of today. Not here: earlier costs (cost_spans), margins."""

from datetime import date
from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import at_rate

Frame = nw.LazyFrame[Any]
SOURCES = ("cost_spans", "fx_rates")


def unit_costs(cost_spans: Frame, fx_rates: Frame, as_of_date: date) -> Frame:
    """The cost that holds on `as_of_date`; SKUs of which none is known are not here."""
    day = nw.lit(as_of_date)
    known = cost_spans.filter(
        (nw.col("valid_from_date") <= day) & (nw.col("valid_before_date") > day) & (~nw.col("unit_cost_amount").is_null())
    )
    rates = fx_rates.filter(nw.col("rate_date") == as_of_date).select("currency_code", "reporting_rate")
    converted = known.join(rates, on="currency_code", how="inner")
    return converted.select("sku", "origin", unit_cost_amount=at_rate(nw.col("unit_cost_amount"), nw.col("reporting_rate")))
