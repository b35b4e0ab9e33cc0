"""What stands on the shelves, as of the run. A state, not a flow: periods don't apply."""

import narwhals as nw

from pipelines.metrics.registry import Metric, Ratio, Shared, Total, column, when

_HEALTH: Shared = {
    "subject": "stock", "fact": "inventory_health", "grain": "a SKU at a location", "dated_by": "as_of_date",
    "clock": "the last observation of stock before the run", "open_items": "stock that was never observed is unknown and does not count",
    "calendar": "the day of the run",
}  # fmt: skip

METRICS = (
    Metric(
        name="on_hand_units", title="On hand", unit="units", meaning="Units on the shelves, physical and sellable.",
        formula="units on hand as last observed", measure=Total(column("on_hand_units")), **_HEALTH,
    ),
    Metric(
        name="stock_value", title="Stock at cost", unit="money", meaning="Units on hand at today's unit cost, where that is known.",
        formula="units on hand × unit cost", measure=Total(column("stock_value_amount")), **_HEALTH,
    ),
    Metric(
        name="excess_value", title="Excess stock", unit="money", better="lower",
        meaning="What stands beyond the next 90 days' forecast, at cost.", formula="(on hand − forecast of 90 days, where positive) × unit cost",
        measure=Total(column("excess_value_amount")), **_HEALTH,
    ),
    Metric(
        name="dead_stock_value", title="Dead stock", unit="money", better="lower",
        meaning="Stock at cost of which nothing was wanted for 180 days.", formula="value of SKUs and locations in stock without demand for 180 days",
        measure=Total(column("stock_value_amount")), only=lambda as_of: nw.col("is_dead"), **_HEALTH,
    ),
    Metric(
        name="stocked_out_positions", title="Sold out", unit="rows", better="lower",
        meaning="SKUs and locations with demand in the last 28 days and an empty shelf.", formula="count of those with nothing on hand",
        measure=Total(when(lambda as_of: (nw.col("on_hand_units") <= 0) & (nw.col("demand_28d_units") > 0))), **_HEALTH,
    ),
    Metric(
        name="in_transit_units", title="In transit", unit="units", meaning="Of what is ordered from suppliers, what they have sent and has not arrived.",
        formula="units sent less units received, where purchase orders tell when they were sent", measure=Total(column("in_transit_units")),
        **(_HEALTH | {"clock": "what suppliers and receipts had told by the run",
                      "open_items": "orders of which nobody tells when they were sent do not count"}),
    ),
    Metric(
        name="estimated_unit_fill_rate", title="Unit fill rate, estimated", unit="rate", better="higher",
        meaning="Of what was wanted in the last 28 days, lost demand included, the share that could be ordered; an estimate, unlike the fill rate of orders.",
        formula="demand seen ÷ (demand seen + estimate of what was lost on days that were sold out), last 28 days",
        measure=Ratio(column("demand_28d_units"), lambda as_of: nw.col("demand_28d_units") + nw.col("lost_28d_units")),
        only=lambda as_of: ~(nw.col("on_hand_units").is_null() | nw.col("lost_28d_units").is_null()), **_HEALTH,
    ),
    Metric(
        name="availability_rate", title="Available on channels", unit="rate", better="higher", subject="stock", fact="channel_availability",
        grain="a SKU on a channel", dated_by="as_of_date", calendar="the day of the run", clock="the last observation of stock before the run",
        open_items="SKUs whose stock is unknown don't count",
        meaning="Of what was wanted on a channel in 91 days, the share that its customers can have today.",
        formula="demand of SKUs available at the locations that serve the channel ÷ demand of all, last 91 days",
        measure=Ratio(
            lambda as_of: nw.when(nw.col("is_available")).then(nw.col("demand_91d_units")).otherwise(0), column("demand_91d_units")
        ),
        only=lambda as_of: ~nw.col("is_available").is_null(),
    ),
    Metric(
        name="in_stock_rate", title="In stock", unit="rate", better="higher",
        meaning="Share of what was wanted in the last 28 days that is on a shelf today.",
        formula="demand of SKUs and locations in stock ÷ demand of all, last 28 days",
        measure=Ratio(
            lambda as_of: nw.when(nw.col("on_hand_units") > 0).then(nw.col("demand_28d_units")).otherwise(0), column("demand_28d_units")
        ),
        only=lambda as_of: ~nw.col("on_hand_units").is_null(), **_HEALTH,
    ),
)  # fmt: skip
