"""What came back. Rates are by cohort: a return counts on the day its order was placed."""

import narwhals as nw

from pipelines.metrics.registry import Metric, Quantiles, Ratio, Shared, Total, column

_LINES: Shared = {
    "subject": "returns", "fact": "return_lines", "grain": "an order and a SKU that was sold", "dated_by": "business_date",
    "clock": "local date of the channel when the order was placed, whenever it came back",
    "open_items": "young orders can still come back: compare cohorts of like age, or see the corrected rate on the page",
}  # fmt: skip

METRICS = (
    Metric(
        name="return_rate", title="Returned", unit="rate", better="lower",
        meaning="Of the units sold, the share that has come back so far.", formula="units returned so far ÷ units sold, by day of order",
        measure=Ratio(column("returned_units"), column("sold_units")), not_by=("reason",), **_LINES,
    ),
    Metric(
        name="returned_units", title="Units returned", unit="units", better="lower",
        meaning="Units that have come back so far of what was sold.", formula="units returned, never more than the order had",
        measure=Total(column("returned_units")), **_LINES,
    ),
    Metric(
        name="excess_returned_units", title="Returned beyond sold", unit="units", better="lower",
        meaning="Units that came back beyond what their order had: another order's goods, or a record that stands twice.",
        formula="units returned − units sold, where that is positive",
        measure=Total(column("excess_units")), **_LINES,
    ),
    Metric(
        name="days_to_return", title="Days to return", unit="days",
        meaning="How long after ordering goods come back.", formula="median, 90th and 95th percentile of days from ordering to the first return",
        measure=Quantiles("days_to_return"), only=lambda as_of: nw.col("returned_units") > 0, **_LINES,
    ),
)  # fmt: skip
