"""What was sold. Net sales by the house's definition, and what follows from it."""

import narwhals as nw

from pipelines.marts.sales_entries import COUNTED
from pipelines.metrics.registry import Distinct, Metric, Ratio, Shared, Total, column

_ENTRIES: Shared = {
    "subject": "sales", "fact": "sales_entries", "grain": "an order line or a returned line", "dated_by": "business_date",
    "clock": "local date of the channel: lines on the day of the order, returns on the day they came back",
    "open_items": "an order counts when it is placed; what is cancelled before shipping is taken off that day again",
}  # fmt: skip


def _counted(_as_of: object) -> nw.Expr:
    return nw.col("entry_kind").is_in(COUNTED)


def _goods(as_of: object) -> nw.Expr:
    return _counted(as_of) & nw.col("is_goods")


def _costed(as_of: object) -> nw.Expr:
    return _goods(as_of) & (~nw.col("reporting_cost_amount").is_null()) & (~nw.col("reporting_net_sales_amount").is_null())


def _of_known_cost(name: str) -> nw.Expr:
    return nw.when(~nw.col("reporting_cost_amount").is_null()).then(nw.col(name)).otherwise(nw.col(name) * 0)


METRICS = (
    Metric(
        name="net_sales", title="Net sales", unit="money", better="higher", only=_counted,
        meaning="What customers bought less what they gave back, without tax and shipping, in the reporting currency.",
        formula="gross sales − discounts − returns + adjustments, each at the rate of its day",
        measure=Total(column("reporting_net_sales_amount")), **_ENTRIES,
    ),
    Metric(
        name="sold_units", title="Units sold", unit="units", better="higher", only=_counted,
        meaning="Units sold less units credited and returned.",
        formula="ordered − cancelled − returned units",
        measure=Total(column("sold_units")), **_ENTRIES,
    ),
    Metric(
        name="orders", title="Orders", unit="rows", better="higher", only=lambda as_of: _counted(as_of) & (nw.col("source") == "order_lines"),
        meaning="Orders with at least one line that counts.",
        formula="distinct orders among counted order lines; the same number on two channels is two orders",
        measure=Distinct("order_id"), **_ENTRIES,
    ),
    Metric(
        name="gross_margin", title="Margin", unit="money", better="higher", only=_costed,
        meaning="Net sales less the cost of the goods, where that cost is known; see margin_coverage_rate.",
        formula="net sales − units × unit cost of the day, lines of unknown cost left out",
        measure=Total(lambda as_of: nw.col("reporting_net_sales_amount") - nw.col("reporting_cost_amount")), **_ENTRIES,
    ),
    Metric(
        name="gross_margin_rate", title="Margin rate", unit="rate", better="higher", only=_costed,
        meaning="Margin as a share of the net sales whose cost is known.",
        formula="(net sales − cost) ÷ net sales, lines of unknown cost left out of both",
        measure=Ratio(lambda as_of: nw.col("reporting_net_sales_amount") - nw.col("reporting_cost_amount"), column("reporting_net_sales_amount")),
        **_ENTRIES,
    ),
    Metric(
        name="margin_coverage_rate", title="Margin coverage", unit="rate", better="higher", only=_goods,
        meaning="How much of net sales the margin speaks of.",
        formula="net sales of lines whose unit cost is known ÷ net sales of goods",
        measure=Ratio(lambda as_of: _of_known_cost("reporting_net_sales_amount"), column("reporting_net_sales_amount")),
        **_ENTRIES,
    ),
    Metric(
        name="discount_rate", title="Discounts", unit="rate", better="lower", only=_counted,
        meaning="Discounts given as a share of what goods would have cost; amounts in the channels' own currencies.",
        formula="discounts ÷ gross sales",
        measure=Ratio(column("discount_amount"), column("gross_sales_amount")), **_ENTRIES,
    ),
)  # fmt: skip
