"""What suppliers promise and keep."""

from datetime import UTC, datetime

import narwhals as nw

from pipelines.metrics.registry import Metric, Quantiles, Ratio, Shared, column, rows, when

_LINES: Shared = {
    "subject": "suppliers", "fact": "purchase_lines", "grain": "a purchase order, SKU and location", "dated_by": "expected_date",
    "calendar": "UTC date of the expected day", "tolerance": "goods that arrive on the expected day are in time", "better": "higher",
    "clock": "the day of the receipt against the expected day, as the purchase order now gives it",
    "open_items": "units that have not arrived by the end of the expected day fail; a line whose day is not over does not count yet",
}  # fmt: skip


def _expected_by_now(as_of: datetime) -> nw.Expr:
    """Of days that are over: goods may arrive until the end of the expected day."""
    return (nw.col("expected_date") < nw.lit(as_of.astimezone(UTC).date())) & (nw.col("ordered_units") > 0)


METRICS = (
    Metric(
        name="supplier_otif_rate", title="Suppliers on time in full", unit="rate",
        meaning="Of the purchase order lines expected by now, the share that arrived complete by the expected day.",
        formula="lines received complete by the expected day ÷ lines expected",
        measure=Ratio(when(lambda as_of: nw.col("in_time_units") >= nw.col("ordered_units")), rows()), only=_expected_by_now, **_LINES,
    ),
    Metric(
        name="supplier_fill_rate", title="Supplier fill rate", unit="rate",
        meaning="Of the units expected by now, the share that has arrived, late ones included.",
        formula="units received, at most those ordered ÷ units ordered, of lines expected by now",
        measure=Ratio(lambda as_of: nw.min_horizontal(nw.col("received_units"), nw.col("ordered_units")), column("ordered_units")),
        only=_expected_by_now, **_LINES,
    ),
    Metric(
        name="supplier_lead_time_days", title="Supplier lead time", unit="days",
        meaning="How long suppliers take from order to the last receipt.", formula="median, 90th and 95th percentile of days from ordering to the last receipt",
        measure=Quantiles("lead_time_days"), **(_LINES | {"better": "lower", "open_items": "lines still lacking units do not count", "tolerance": "none"}),
    ),
)  # fmt: skip
