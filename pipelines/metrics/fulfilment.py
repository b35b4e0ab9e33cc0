"""How orders leave and arrive. Every deadline rate divides by what was due, not by what was done."""

import narwhals as nw

from pipelines.marts.fulfilment_lines import in_full_on_time
from pipelines.metrics.registry import Metric, Quantiles, Ratio, Shared, Total, column, rows, when

_LINES: Shared = {"subject": "fulfilment", "fact": "fulfilment_lines", "grain": "an order and a SKU that had to leave a building"}
_SHIP: Shared = _LINES | {
    "dated_by": "ship_by_date", "calendar": "UTC date of the promise to ship",
    "clock": "the last due unit's leaving against the promise to ship (ship_by_at)",
    "open_items": "a line still open past its promise is late; one whose promise lies ahead does not count yet",
}  # fmt: skip
_DELIVER: Shared = _LINES | {
    "dated_by": "deliver_by_date", "calendar": "UTC date of the promise to the customer",
    "clock": "the carrier's delivery scan against the promise to the customer (deliver_by_at)",
    "open_items": "a line that has not arrived past its promise is late; where parcels carry no scans it is unknown and does not count",
}  # fmt: skip
_LIVES: Shared = {
    "subject": "fulfilment", "fact": "order_lives", "grain": "an order", "dated_by": "business_date", "unit": "hours", "better": "lower",
    "open_items": "an order that has not reached the stage does not count: read it beside the ageing of open orders",
    "calendar": "hours of the clock, nights and weekends included; by the day the order was placed",
}  # fmt: skip


def _due_to_ship(as_of: object) -> nw.Expr:
    return (nw.col("ship_by_at") <= as_of) & (nw.col("due_units") > 0)


def _due_or_refused(as_of: object) -> nw.Expr:
    return nw.col("ship_by_at") <= as_of


def _due_to_arrive(as_of: object) -> nw.Expr:
    return (nw.col("deliver_by_at") <= as_of) & (nw.col("due_units") > 0) & nw.col("is_delivery_known")


def _first_promise_passed(as_of: object) -> nw.Expr:
    return (nw.col("deliver_by_at") <= as_of) & nw.col("is_delivery_known")


def _wanted(_as_of: object) -> nw.Expr:
    return nw.col("due_units") + nw.col("seller_cancelled_units")


_ON_TIME_SHIP: Shared = _SHIP | {
    "name": "on_time_ship_rate", "title": "On time to ship", "unit": "rate", "better": "higher",
    "meaning": "Of the lines promised to leave by now, the share that left whole by their promise.",
}  # fmt: skip
_IN_TIME = when(lambda as_of: nw.col("shipped_at") <= nw.col("ship_by_at"))

_COSTS: Shared = {
    "subject": "fulfilment", "fact": "order_costs", "grain": "an order of which a parcel left", "dated_by": "business_date",
    "clock": "none: charges are summed whenever they are told", "open_items": "parcels still to leave bring their charge later",
}  # fmt: skip

METRICS = (
    Metric(
        formula="lines shipped whole by the promise ÷ lines due",
        measure=Ratio(_IN_TIME, rows()), only=_due_to_ship, **_ON_TIME_SHIP,
    ),
    Metric(
        formula="lines shipped whole by the promise ÷ lines due and lines that the seller cancelled",
        measure=Ratio(_IN_TIME, rows()), only=_due_or_refused, version=2,
        changed="a line that the seller cancelled was wanted and did not leave: it counts as late; before it did not count at all",
        **_ON_TIME_SHIP,
    ),
    Metric(
        name="late_open_lines", title="Late and open", unit="rows", better="lower",
        meaning="Lines past their promise that have not left whole.", formula="count of lines due, open and past their promise",
        measure=Total(when(lambda as_of: nw.col("open_units") > 0)), only=_due_to_ship, **_SHIP,
    ),
    Metric(
        name="on_time_delivery_rate", title="Delivered on time", unit="rate", better="higher",
        meaning="Of the lines promised to arrive by now on channels with delivery scans, the share that arrived whole by the promise.",
        formula="lines delivered whole by the promise ÷ lines due to arrive",
        measure=Ratio(when(lambda as_of: nw.col("delivered_in_time_units") >= nw.col("due_units")), rows()), only=_due_to_arrive, **_DELIVER,
    ),
    Metric(
        name="delivery_coverage_rate", title="Delivery scans", unit="rate", better="higher",
        meaning="Of the lines promised to arrive by now that left whole, the share whose arrival a scan tells; what delivery figures rest on.",
        formula="lines with every unit's delivery known ÷ lines shipped whole",
        measure=Ratio(when(lambda as_of: nw.col("delivered_units") >= nw.col("due_units")), rows()),
        only=lambda as_of: (nw.col("deliver_by_at") <= as_of) & (nw.col("due_units") > 0) & (nw.col("open_units") == 0), **_DELIVER,
    ),
    Metric(
        name="otif_rate", title="OTIF, lines", unit="rate", better="higher",
        meaning="Of the lines promised to the customer by now, the share that arrived complete by the first promise.",
        formula="lines delivered complete by the promise ÷ lines promised; open, late and seller-cancelled lines fail",
        measure=Ratio(when(lambda as_of: in_full_on_time()), rows()), only=_first_promise_passed, **_DELIVER,
    ),
    Metric(
        name="otif_order_rate", title="OTIF, orders", unit="rate", better="higher", subject="fulfilment", fact="order_lives", grain="an order",
        dated_by="deliver_by_date", calendar="UTC date of the promise to the customer", clock=_DELIVER["clock"], open_items=_DELIVER["open_items"],
        meaning="Of the orders promised to the customer by now, the share of which every line arrived complete by the first promise.",
        formula="orders with all lines delivered complete by the promise ÷ orders promised; open, late and seller-cancelled lines fail their order",
        measure=Ratio(when(lambda as_of: nw.col("is_otif")), rows()), only=_first_promise_passed,
    ),
    Metric(
        name="unit_fill_rate", title="Unit fill rate", unit="rate", better="higher",
        meaning="Of the units ordered and promised by now, the share that left by the promise; orders that were taken, not demand that was lost.",
        formula="units shipped by the promise ÷ (units due + units the seller cancelled)",
        measure=Ratio(lambda as_of: nw.min_horizontal(nw.col("in_time_units"), nw.col("due_units")), _wanted), only=_due_or_refused, **_SHIP,
    ),
    Metric(
        name="line_fill_rate", title="Line fill rate", unit="rate", better="higher",
        meaning="Of the lines promised by now, the share whose every unit left by the promise.",
        formula="lines with all wanted units shipped by the promise ÷ lines promised",
        measure=Ratio(when(lambda as_of: nw.col("in_time_units") >= _wanted(as_of)), rows()), only=_due_or_refused, **_SHIP,
    ),
    Metric(
        name="split_shipment_rate", title="Split shipments",
        meaning="Of the orders that left, the share that left in more than one parcel.",
        formula="orders with two or more shipments ÷ orders shipped",
        measure=Ratio(when(lambda as_of: nw.col("parcels") > 1), rows()), only=lambda as_of: nw.col("parcels") > 0,
        clock="none: parcels are counted", **(_LIVES | {"unit": "rate"}),
    ),
    Metric(
        name="cancellation_rate", title="Cancelled orders",
        meaning="Of the orders placed, the share cancelled whole; by cancelled_by and cancel_reason it tells who did it and why.",
        formula="orders cancelled ÷ orders placed",
        measure=Ratio(when(lambda as_of: nw.col("order_state") == "cancelled"), rows()),
        clock="none: the order's newest version says whether it was cancelled",
        **(_LIVES | {"unit": "rate", "open_items": "an open order is not cancelled; the rate of young orders still grows"}),
    ),
    Metric(
        name="open_orders", title="Open orders",
        meaning="Orders that have to leave a building and have not left whole.", formula="count of open orders",
        measure=Total(when(lambda as_of: nw.col("is_open"))), clock="none: state of the newest version",
        **(_LIVES | {"unit": "rows", "open_items": "they are what it counts"}),
    ),
    Metric(
        name="cost_to_serve", title="Cost to serve", unit="money", better="lower", measure=Ratio(column("cost_to_serve_amount"), rows()),
        meaning="What carriers charged for an order and what channel and payment provider kept of it, on average.",
        formula="(shipping cost + fees) of orders of which both are known, or no fee is told ÷ those orders, reporting currency",
        only=lambda as_of: ~nw.col("cost_to_serve_amount").is_null(), **_COSTS,
    ),
    Metric(
        name="cost_to_serve_coverage_rate", title="Shipping cost known", unit="rate", better="higher",
        meaning="Of the orders of which a parcel left, the share whose shipping cost is known; what the cost to serve rests on.",
        formula="orders with every parcel's charge known ÷ orders of which a parcel left",
        measure=Ratio(when(lambda as_of: ~nw.col("shipping_cost_amount").is_null()), rows()), **_COSTS,
    ),
    *(
        Metric(
            name=name, title=title, meaning=f"How long orders take {words}.", formula=f"median, 90th and 95th percentile of the hours {words}",
            measure=Quantiles(name), clock=words, **_LIVES,
        )
        for name, title, words in (
            ("to_paid_hours", "To payment", "from placing to the first payment"),
            ("to_allocated_hours", "To allocation", "from payment, else placing, to allocation"),
            ("to_picked_hours", "To picking", "from allocation, else payment, to picking"),
            ("to_packed_hours", "To packing", "from picking to packing"),
            ("to_shipped_hours", "To shipping", "from the last stage known before it to leaving the building"),
            ("to_first_scan_hours", "To first scan", "from leaving to the carrier's first scan"),
            ("to_delivered_hours", "In transit", "from leaving to arriving"),
            ("placed_to_shipped_hours", "Order to shipped", "from placing to leaving whole"),
            ("placed_to_delivered_hours", "Order to delivered", "from placing to arriving whole"),
            ("order_confirmed_hours", "To order confirmation", "from placing to the confirmation to the customer"),
            ("shipping_confirmed_hours", "To shipping confirmation", "from leaving to its confirmation to the customer"),
            ("to_refunded_hours", "To refund", "from the first goods that came back to the first refund"),
            ("delivery_confirmed_hours", "To delivery confirmation", "from arriving to its confirmation to the customer"),
        )
    ),
)  # fmt: skip
