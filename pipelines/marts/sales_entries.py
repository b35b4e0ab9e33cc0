"""What moves sales. Here: which line counts as what, in its own and the reporting currency. Not here: sums per day or SKU."""

from typing import Any

import narwhals as nw

from pipelines.marts.arithmetic import at_rate

Frame = nw.LazyFrame[Any]
SOURCES = ("order_lines", "orders", "returns", "fx_rates", "cost_spans")
COUNTED = ("sale", "credit", "adjustment", "return")
AMOUNTS = ("gross_sales_amount", "discount_amount", "returns_amount", "adjustment_amount")


def sales_entries(order_lines: Frame, orders: Frame, returns: Frame, fx_rates: Frame, cost_spans: Frame) -> Frame:
    """One row per order line and returned line, with what it counts as.

    Gross sales are lines at positive quantity and price that are not credits, less what was cancelled before shipping.
    Test orders, failed payments and gift cards (a liability, not sales) keep their rows with amounts of 0, so that every
    ledger line is accounted for.
    """
    entries = nw.concat([_order_entries(order_lines, orders), _return_entries(returns, orders)], how="diagonal")
    net = nw.col("gross_sales_amount") - nw.col("discount_amount") - nw.col("returns_amount") + nw.col("adjustment_amount")
    entries = entries.with_columns(net_sales_amount=net)
    rates = fx_rates.rename({"rate_date": "business_date"})
    converted = _costed(entries, cost_spans, fx_rates).join(rates, on=["currency_code", "business_date"], how="left")
    return converted.with_columns(
        reporting_net_sales_amount=at_rate(nw.col("net_sales_amount"), nw.col("reporting_rate")),
        is_rate_provisional=nw.col("is_rate_provisional").fill_null(True),
    ).drop("reporting_rate")


def _costed(entries: Frame, cost_spans: Frame, fx_rates: Frame) -> Frame:
    """Entries with their units at the cost of the day; blank where the cost, or its currency's rate, is unknown."""
    rates = fx_rates.select("rate_date", cost_rate="reporting_rate", cost_currency="currency_code")
    spans = cost_spans.select("sku", "valid_from_date", "valid_before_date", "unit_cost_amount", cost_currency="currency_code")
    dated = entries.join(spans, on="sku", how="left")
    is_the_days = (nw.col("business_date") >= nw.col("valid_from_date")) & (nw.col("business_date") < nw.col("valid_before_date"))
    dated = dated.filter(nw.col("valid_from_date").is_null() | is_the_days)
    costed = dated.join(rates, left_on=["cost_currency", "business_date"], right_on=["cost_currency", "rate_date"], how="left")
    return costed.with_columns(
        reporting_cost_amount=at_rate(nw.col("unit_cost_amount") * nw.col("sold_units"), nw.col("cost_rate"))
    ).drop("valid_from_date", "valid_before_date", "unit_cost_amount", "cost_currency", "cost_rate")


def _order_entries(order_lines: Frame, orders: Frame) -> Frame:
    facts = orders.select(
        "channel",
        "order_id",
        "order_kind",
        "business_date",
        "ship_to_country_code",
        "is_test",
        "is_cancelled",
        "payment_status",
        "location_id",
    )
    lines = order_lines.join(facts, on=["channel", "order_id"], how="inner").with_columns(entry_kind=_kind())
    is_sale, is_credit = nw.col("entry_kind") == "sale", nw.col("entry_kind") == "credit"
    zero = nw.col("gross_amount") * 0
    gross = nw.col("gross_amount") - nw.col("cancelled_gross_amount")
    discount = nw.col("discount_amount") - nw.col("cancelled_discount_amount")
    is_counted = nw.col("entry_kind").is_in(COUNTED)
    return lines.select(
        "channel", "entry_kind", "line_number", "business_date", "order_id", "sku", "description", "is_goods", "ship_to_country_code", "location_id",
        "currency_code",
        source=nw.lit("order_lines"),
        document_id=nw.col("order_id"),
        sold_units=nw.when(is_counted).then(nw.col("ordered_units") - nw.col("cancelled_units")).otherwise(0),
        gross_sales_amount=nw.when(is_sale).then(gross).otherwise(zero),
        discount_amount=nw.when(is_sale).then(discount).otherwise(zero),
        returns_amount=nw.when(is_credit).then(zero - nw.col("net_amount")).otherwise(zero),
        adjustment_amount=nw.when(nw.col("entry_kind") == "adjustment").then(nw.col("net_amount")).otherwise(zero),
    ).select(*_columns())  # fmt: skip


def _kind() -> nw.Expr:
    is_positive = (nw.col("ordered_units") > 0) & (nw.col("unit_price_amount") > 0)
    return (
        nw.when(nw.col("is_test")).then(nw.lit("test"))
        .otherwise(nw.when(nw.col("payment_status") == "failed").then(nw.lit("unpaid"))
        .otherwise(nw.when(nw.col("is_gift_card")).then(nw.lit("gift_card"))
        .otherwise(nw.when(nw.col("order_kind") == "credit").then(nw.lit("credit"))
        .otherwise(nw.when(nw.col("is_cancelled") & (nw.col("cancelled_units") >= nw.col("ordered_units"))).then(nw.lit("cancelled"))
        .otherwise(nw.when(is_positive).then(nw.lit("sale")).otherwise(nw.lit("adjustment")))))))
    )  # fmt: skip


def _return_entries(returns: Frame, orders: Frame) -> Frame:
    """What came back; of an order that was cancelled as a whole nothing had been sold, so that its refund takes nothing off."""
    facts = orders.select("channel", "order_id", "ship_to_country_code", "location_id", "is_cancelled")
    zero = nw.col("refund_amount") * 0
    was_sold = ~nw.col("is_cancelled").fill_null(False)
    return returns.join(facts, on=["channel", "order_id"], how="left").select(
        "channel", "line_number", "business_date", "order_id", "sku", "ship_to_country_code", "location_id", "currency_code",
        source=nw.lit("returns"),
        entry_kind=nw.lit("return"),
        document_id=nw.col("return_id"),
        description=nw.lit(None, nw.String),
        is_goods=nw.lit(True),
        sold_units=nw.when(was_sold).then(0 - nw.col("returned_units")).otherwise(0),
        gross_sales_amount=zero,
        discount_amount=zero,
        returns_amount=nw.when(was_sold).then(nw.col("refund_amount")).otherwise(zero),
        adjustment_amount=zero,
    ).select(*_columns())  # fmt: skip


def _columns() -> tuple[str, ...]:
    return ("source", "channel", "document_id", "entry_kind", "line_number", "business_date", "order_id", "sku", "description", "is_goods",
            "ship_to_country_code", "location_id", "sold_units", "currency_code", *AMOUNTS)  # fmt: skip
